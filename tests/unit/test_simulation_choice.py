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


def test_a_named_process_that_begins_with_a_message_waits_for_it() -> None:
    asking, answering = a_process("asking"), a_process("answering")
    asking.start().throw("ask", asking.message("question")).end()
    answering.start("asked", answering.message("question")).end("answered")
    files = [asking.file(), answering.file()]

    outcome = simulation.simulate(simulation.Plan(files, ["answering", "asking"], start=START))

    assert outcome.status == "completed"
    assert outcome.elements == ["start", "ask", "end", "asked", "answered"]


def test_a_process_whose_message_never_came_is_told_to_wait_for_it() -> None:
    process = a_process("answering")
    process.start("asked", process.message("question")).end("answered")

    outcome = simulation.simulate(simulation.Plan([process.file()], ["answering"], start=START))

    assert (outcome.status, outcome.elements) == ("active", [])
    assert outcome.waiting == [{"element": "asked", "kind": "message", "due": None}]


def test_what_a_process_changed_is_told_before_what_another_left_as_it_was_given() -> None:
    counting = a_process("counting").start().script("count", "=n + 1", "n").end()
    resting = a_process("resting").start("rs").end("re")
    files = [counting.file(), resting.file()]

    plan = simulation.Plan(files, ["counting", "resting"], {"n": 0, "m": 5}, start=START)
    outcome = simulation.simulate(plan)

    assert outcome.variables == {"n": 1, "m": 5}


def test_two_files_with_the_same_process_are_refused_and_the_same_file_twice_is_not() -> None:
    one, other = a_process("same").start().end(), a_process("same").start().user_task("work").end()
    twice = [("one.bpmn", one.xml()), ("again.bpmn", one.xml())]
    different = [("one.bpmn", one.xml()), ("other.bpmn", other.xml())]

    refused = simulation.simulate(simulation.Plan(different, start=START))
    played = simulation.simulate(simulation.Plan(twice, start=START))

    assert refused.status == "refused"
    assert [finding["rule"] for finding in refused.findings] == ["duplicate-process"]
    assert played.status == "completed"


def test_a_file_without_any_process_is_refused() -> None:
    form = ("form.form", b'{"type": "default", "id": "form", "components": []}')

    outcome = simulation.simulate(simulation.Plan([form], start=START))

    assert outcome.status == "refused"
    assert [finding["rule"] for finding in outcome.findings] == ["no-process"]
