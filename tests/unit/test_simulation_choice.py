"""A simulation starts what a reader of the file would start, and tells the variables of what was started."""

from __future__ import annotations

from datetime import datetime

from engine import simulation
from tests.builders import Z, a_process, mappings

START = datetime.fromisoformat("2026-10-01T09:00:00+07:00")


def test_without_a_name_the_process_that_nothing_calls_is_started() -> None:
    child = a_process("child").start("cs").script("double", "=n * 2", "y").end("ce")
    called = Z.calledElement(processId="child", propagateAllChildVariables="false")
    io = mappings(("input", "=a", "n"), ("output", "=y", "result"))
    parent = a_process("parent").start().add("callActivity", "call", called, io).end()
    files = [child.file(), parent.file()]

    outcome = simulation.simulate(simulation.Plan(files, variables={"a": 4}, start=START))

    assert outcome.status == "completed"
    assert outcome.elements[0] == "start"
    # what the child kept to itself is not told as if it were the parent's
    assert outcome.variables == {"a": 4, "result": 8}


def test_an_uncaught_error_is_told_with_its_code() -> None:
    process = a_process("broken")
    process.start().end("end", process.coded("error", "refused"))

    outcome = simulation.simulate(simulation.Plan([process.file()], start=START))

    assert outcome.status == "error"
    assert [(incident["kind"], incident["element"]) for incident in outcome.incidents] == [
        ("error", "broken")
    ]
    assert "refused" in str(outcome.incidents[0]["message"])
