"""Event sub-processes hear from the moment their scope opens, whatever other branches do meanwhile."""

from __future__ import annotations

import pytest

from tests.builders import a_process
from tests.playing import Play


def test_an_event_sub_process_hears_what_another_branch_throws_as_its_scope_opens() -> None:
    process = a_process()
    process.start().gateway("split", "parallel").open_sub_process("inside")
    process.start("begins").user_task("work").end("worked")
    process.open_event_sub_process("listening", process.signal("go"), interrupting=False).end("heard")
    process.close_sub_process().close_sub_process().end()
    process.at("split").end("telling", process.signal("go"))

    play = Play(process)

    assert "heard" in play.elements
    assert ("task", "work") in play.waiting


@pytest.mark.parametrize("kind", ["error", "escalation"])
def test_the_code_that_is_thrown_may_be_an_expression(kind: str) -> None:
    process = a_process()
    process.start().open_sub_process("inside").start("begins")
    process.end("thrown", process.coded(kind, "=reason")).close_sub_process().end()
    process.boundary("caught", "inside", process.coded(kind, "late")).end("handled")

    play = Play(process, {"reason": "late"})

    assert play.status == "completed"
    assert play.elements[-2:] == ["caught", "handled"]


def test_a_code_that_is_no_text_stops_the_event_before_anything_is_thrown() -> None:
    process = a_process()
    process.start().open_sub_process("inside").start("begins")
    process.end("thrown", process.coded("error", "=reason")).close_sub_process().end()
    process.boundary("caught", "inside", process.coded("error")).end("handled")

    play = Play(process, {"reason": 5})

    assert play.waiting == [("incident", "thrown")]
