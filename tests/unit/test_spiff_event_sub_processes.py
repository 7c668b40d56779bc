"""Event sub-processes listen while their scope is open, interrupt it or run beside it, and vanish with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest
from lxml import etree

from engine.errors import BpmnError
from engine.handlers import Json
from tests.builders import B, ProcessBuilder, Z, a_process, each, mappings
from tests.playing import Play


def _working(process: ProcessBuilder) -> ProcessBuilder:
    """Begin with one user task, to be followed by listeners."""
    return process.start().user_task("work").end()


def _definition(process: ProcessBuilder, kind: str) -> etree._Element:
    makes = {
        "message": lambda: process.message("stop", "=key"),
        "timer": lambda: process.timer("timeDuration", "P1D"),
        "signal": lambda: process.signal("stop"),
        "conditional": lambda: process.conditional("=stop = true"),
    }
    return makes[kind]()


@pytest.mark.parametrize("kind", ["message", "timer", "signal", "conditional"])
def test_an_interrupting_one_ends_everything_else_in_the_process(kind: str) -> None:
    process = _working(a_process())
    process.open_event_sub_process("stopping", _definition(process, kind)).user_task("tidy").end("tidied")
    process.close_sub_process()
    play = Play(process, {"key": "1"})

    assert (kind, "stopping_start") in play.waiting
    play.go_on("stopping_start")

    assert play.waiting == [("task", "tidy")]
    play.go_on("tidy")
    assert play.status == "completed"
    assert play.elements == ["start", "stopping_start", "tidy", "tidied", "stopping"]


@pytest.mark.parametrize("kind", ["message", "signal"])
def test_one_beside_the_process_is_started_again_and_again(kind: str) -> None:
    process = _working(a_process())
    process.open_event_sub_process("noting", _definition(process, kind), interrupting=False).user_task("note")
    process.end("noted").close_sub_process()
    play = Play(process, {"key": "1"})

    play.go_on("noting_start")
    play.go_on("noting_start")

    assert play.waiting.count(("task", "note")) == 2
    assert (kind, "noting_start") in play.waiting


def test_listeners_do_not_keep_a_process_alive() -> None:
    process = _working(a_process())
    process.open_event_sub_process("stopping", process.message("stop", "=key")).end("stopped")
    process.close_sub_process().open_event_sub_process("late", process.timer("timeDuration", "P1D"), False)
    process.end("told").close_sub_process()
    play = Play(process, {"key": "1"})

    play.go_on("work")

    assert (play.status, play.waiting) == ("completed", [])


def test_a_process_waits_for_an_event_sub_process_that_runs_beside_it() -> None:
    process = _working(a_process())
    process.open_event_sub_process("noting", process.signal("note"), interrupting=False).user_task("note")
    process.end("noted").close_sub_process()
    play = Play(process)

    play.hear("note")
    play.go_on("work")
    assert (play.status, play.waiting[-1]) == ("active", ("task", "note"))
    play.go_on("note")

    assert play.status == "completed"


def test_listeners_of_a_sub_process_vanish_with_it() -> None:
    process = a_process().start().open_sub_process("inner").start("s").user_task("work").end("e")
    process.open_event_sub_process("stopping", process.signal("stop")).end("stopped").close_sub_process()
    process.close_sub_process().user_task("after").end()
    play = Play(process)

    play.go_on("work")

    assert play.waiting == [("task", "after")]
    play.hear("stop")
    assert play.waiting == [("task", "after")]


def test_an_interrupted_sub_process_goes_on_as_if_it_had_ended() -> None:
    process = a_process().start().open_sub_process("inner").start("s").user_task("work").end("e")
    process.open_event_sub_process("stopping", process.signal("stop")).end("stopped").close_sub_process()
    process.close_sub_process().user_task("after").end()
    play = Play(process)

    play.hear("stop")

    assert play.waiting == [("task", "after")]
    assert play.elements == ["start", "s", "stopping_start", "stopped", "stopping", "inner"]
    assert ("element.cancelled", "work") in play.facts


def test_a_nested_one_listens_only_while_the_one_around_it_runs() -> None:
    process = _working(a_process())
    process.open_event_sub_process("outer", process.signal("begin"), interrupting=False).user_task("slow")
    process.end("slow_end").open_event_sub_process("nested", process.signal("hurry")).user_task("fast")
    process.end("fast_end").close_sub_process().close_sub_process()
    play = Play(process)

    play.hear("hurry")
    assert ("task", "fast") not in play.waiting
    play.hear("begin")
    play.hear("hurry")

    assert play.waiting == [("signal", "outer_start"), ("task", "fast"), ("task", "work")]
    play.go_on("fast")
    assert play.waiting == [("signal", "outer_start"), ("task", "work")]


def test_a_timer_cycle_starts_it_as_often_as_it_says() -> None:
    process = _working(a_process())
    process.open_event_sub_process("reminding", process.timer("timeCycle", "R3/P1D"), interrupting=False)
    process.end("reminded").close_sub_process()
    play = Play(process)

    due = []
    while any(kind == "timer" for kind, _ in play.waiting):
        due.append(play.details("reminding_start")[0]["due"][:10])
        play.go_on("reminding_start")

    assert due == ["2026-10-02", "2026-10-03", "2026-10-04"]
    assert play.elements.count("reminded") == 3


def test_occurrences_missed_while_nobody_was_there_are_one_late_firing() -> None:
    # hazard 7: thirty days down are twenty-nine reminders in a burst
    process = _working(a_process())
    process.open_event_sub_process("reminding", process.timer("timeCycle", "R/P1D"), interrupting=False)
    process.end("reminded").close_sub_process()
    play = Play(process)

    play.now += timedelta(days=30, hours=1)
    play.go_on("reminding_start")

    (details,) = play.details("reminding_start")
    assert details["due"][:10] == "2026-11-01"
    assert details["occurrence"] == 30
    assert ("timer.skipped", "reminding_start") in play.facts


def test_a_missed_cycle_with_an_end_does_not_last_longer_than_it_says() -> None:
    process = _working(a_process())
    process.open_event_sub_process("reminding", process.timer("timeCycle", "R4/P1D"), interrupting=False)
    process.end("reminded").close_sub_process()
    play = Play(process)

    play.now += timedelta(days=3, hours=1)
    play.go_on("reminding_start")
    assert [details["left"] for details in play.details("reminding_start")] == [0]
    play.now += timedelta(days=3)
    play.go_on("reminding_start")

    assert play.details("reminding_start") == []


def test_the_payload_of_a_message_reaches_the_variables() -> None:
    process = _working(a_process())
    process.open_event_sub_process("stopping", process.message("stop", "=key")).user_task("tidy").end(
        "tidied"
    )
    process.close_sub_process()
    play = Play(process, {"key": "1"})

    play.go_on("stopping_start", reason="withdrawn")

    assert play.variables["reason"] == "withdrawn"


def test_input_mappings_open_variables_of_its_own_for_each_run() -> None:
    process = _working(a_process())
    process.open_event_sub_process("noting", process.signal("note"), interrupting=False)
    process.script("keep", "=count + 1", "count").user_task("look").end("noted").close_sub_process()
    process.find("noting").insert(0, B.extensionElements(mappings(("input", "=0", "count"))))
    play = Play(process, {"count": 7})

    play.hear("note")
    play.hear("note")

    assert play.variables == {"count": 7}
    assert play.waiting.count(("task", "look")) == 2


def _refuse(_variables: Mapping[str, Json]) -> Mapping[str, Json]:
    raise BpmnError("refused", "no")


def test_an_error_is_caught_in_the_scope_where_it_was_thrown() -> None:
    process = a_process().start().open_sub_process("inner").start("s").service_task("call", "refuse").end("e")
    process.open_event_sub_process("handling", process.coded("error", "refused")).user_task("mend")
    process.end("mended").close_sub_process().close_sub_process().user_task("after").end()
    process.boundary("outside", "inner", process.coded("error", "refused")).end("too_far")
    play = Play(process, handlers={"refuse": _refuse})

    assert play.waiting == [("task", "mend")]
    play.go_on("mend")
    assert play.waiting == [("task", "after")]


def test_an_error_prefers_the_boundary_event_of_its_task_then_the_exact_code() -> None:
    process = a_process().start().service_task("call", "refuse").end()
    process.open_event_sub_process("any", process.coded("error")).end("caught_any").close_sub_process()
    process.open_event_sub_process("exact", process.coded("error", "refused")).end("caught_exactly")
    process.close_sub_process()

    play = Play(process, handlers={"refuse": _refuse})

    assert play.status == "completed"
    assert play.elements == ["start", "exact_start", "caught_exactly", "exact"]


def test_an_error_thrown_while_an_error_is_handled_goes_outwards() -> None:
    process = a_process().start().open_sub_process("inner").start("s").service_task("call", "refuse").end("e")
    process.open_event_sub_process("handling", process.coded("error")).end(
        "worse", process.coded("error", "x")
    )
    process.close_sub_process().close_sub_process().end()
    process.boundary("outside", "inner", process.coded("error", "x")).end("handled")

    play = Play(process, handlers={"refuse": _refuse})

    assert play.elements[-1] == "handled"


def test_an_error_that_only_another_code_catches_ends_the_process() -> None:
    process = a_process().start().service_task("call", "refuse").end()
    process.open_event_sub_process("other", process.coded("error", "other")).end("caught").close_sub_process()

    play = Play(process, handlers={"refuse": _refuse})

    assert (play.status, play.waiting) == ("error", [])


@pytest.mark.parametrize(
    ("interrupting", "left"), [(False, [("task", "look"), ("task", "work")]), (True, [("task", "look")])]
)
def test_an_escalation_is_noticed_beside_the_work_or_ends_it(
    interrupting: bool, left: list[tuple[str, str]]
) -> None:
    process = a_process().start().throw("raise", B.escalationEventDefinition(escalationRef="escalation_late"))
    process.user_task("work").end()
    late = process.coded("escalation", "late")
    process.open_event_sub_process("noticing", late, interrupting).user_task("look").end("looked")
    process.close_sub_process()

    play = Play(process)

    assert play.waiting == left


def test_every_iteration_of_a_loop_has_listeners_of_its_own() -> None:
    process = (
        a_process().start().open_sub_process("inner", each("=[1,2,3]", "n")).start("s").user_task("work")
    )
    process.end("e").open_event_sub_process("stopping", process.message("stop", "=n")).user_task("tidy")
    process.end("tidied").close_sub_process().close_sub_process().end()
    play = Play(process)

    assert [details["key"] for details in play.details("stopping_start")] == ["1", "2", "3"]
    play.go_on("stopping_start", 1)

    assert play.waiting.count(("task", "work")) == 2
    assert play.waiting.count(("task", "tidy")) == 1
    for element in ("work", "work", "tidy"):
        play.go_on(element)
    assert play.status == "completed"


def test_a_listener_that_cannot_listen_is_an_incident_of_its_own() -> None:
    process = _working(a_process())
    process.open_event_sub_process("stopping", process.message("stop", "=key")).end("stopped")
    process.close_sub_process()
    play = Play(process)
    assert play.waiting == [("incident", "stopping_start"), ("task", "work")]

    play.assign(key="1")
    play.retry("stopping_start")
    play.go_on("stopping_start")

    assert play.elements[-1] == "stopping"


def test_an_incident_inside_is_retried_with_what_started_it() -> None:
    process = _working(a_process())
    process.open_event_sub_process("stopping", process.message("stop", "=key"))
    process.service_task("call", "mend").end("stopped").close_sub_process()
    process.find("stopping").insert(
        0, B.extensionElements(Z.ioMapping(Z("input", source="=string join(reason)", target="local")))
    )
    handlers = {"mend": lambda seen: {"told": seen["reason"]}}
    play = Play(process, {"key": "1"}, handlers)

    play.go_on("stopping_start", reason="withdrawn")

    assert play.status == "completed"
    assert play.variables["told"] == "withdrawn"


def test_a_terminate_end_takes_the_listeners_of_its_scope_along() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("work").end()
    process.at("split").user_task("give_up").end("over", B.terminateEventDefinition())
    process.open_event_sub_process("noting", process.signal("note"), interrupting=False).user_task("note")
    process.end("noted").close_sub_process()
    play = Play(process)

    play.hear("note")
    play.go_on("give_up")

    assert (play.status, play.waiting) == ("completed", [])


def test_an_inclusive_join_does_not_wait_for_listeners() -> None:
    process = a_process().start().gateway("split", "inclusive").when("=true").user_task("a")
    process.gateway("join", "inclusive").user_task("after").end()
    process.at("split").when("=true").user_task("b").flow("b", "join")
    process.open_event_sub_process("noting", process.signal("note"), interrupting=False).end("noted")
    process.close_sub_process()
    play = Play(process)

    play.go_on("a")
    play.go_on("b")

    assert play.waiting == [("signal", "noting_start"), ("task", "after")]


def test_an_interrupting_one_ends_what_else_listened_in_its_scope() -> None:
    process = _working(a_process())
    process.open_event_sub_process("stopping", process.signal("stop")).user_task("tidy").end("tidied")
    process.close_sub_process().open_event_sub_process("noting", process.signal("note"), interrupting=False)
    process.end("noted").close_sub_process()
    play = Play(process)

    play.hear("stop")
    play.hear("note")

    assert play.waiting == [("task", "tidy")]
    assert "noted" not in play.elements


def test_a_deadlock_is_told_though_somebody_listens_beside_it() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("a")
    process.gateway("join", "parallel").end()
    process.at("split").user_task("b").gateway("which").flow("which", "join", "=good")
    process.at(None).end("aside").default("which", "aside")
    process.open_event_sub_process("noting", process.signal("note"), interrupting=False).end("noted")
    process.close_sub_process()
    play = Play(process, {"good": False})

    play.go_on("a")
    play.go_on("b")

    assert play.waiting == [("incident", "join"), ("signal", "noting_start")]
