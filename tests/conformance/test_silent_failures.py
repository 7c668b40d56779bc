"""What the library does in silence with elements of the standard, and what the engine does with the same.

The first half of each test is the evidence on the library alone, the second what BPMN says, on the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from SpiffWorkflow.bpmn.exceptions import WorkflowDataException, WorkflowTaskException
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, instances, tasks
from engine.actors import Actor
from engine.bpmn import checking
from engine.errors import TaskNotOpen
from engine.handlers import Json
from engine.spiff import state
from engine.tables import ProcessInstance, UserTask
from tests.builders import B, ProcessBuilder, Z, a_process, each
from tests.conformance.plain import Plain
from tests.dialect import check_file
from tests.playing import Play

NORA = Actor("nora", frozenset({"staff"}))
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def started(session: Session, process: ProcessBuilder, **variables: Json) -> ProcessInstance:
    deployments.deploy(session, [process.file()], NORA)
    return instances.start(session, process.id, variables, NORA)


def test_a_condition_on_a_flow_out_of_a_task_is_asked() -> None:
    def conditional() -> ProcessBuilder:
        process = a_process("conditional").start().user_task("work").user_task("never").end("never_end")
        process.find("conditional_flow2").append(condition("=1 = 2"))
        return process.at(None).end().default("work", "end")

    library = Plain(_without_default(conditional()))
    library.complete("work")
    assert library.names() == ["never"]  # 1 == 2 has passed

    ours = Play(conditional())
    ours.go_on("work")

    assert ours.status == "completed"
    assert "never" not in ours.elements


def condition(text: str) -> object:
    expression = B.conditionExpression(text)
    expression.set("{http://www.w3.org/2001/XMLSchema-instance}type", "bpmn:tFormalExpression")
    return expression


def _without_default(process: ProcessBuilder) -> ProcessBuilder:
    """Return the diagram with the conditional flow alone: the library refuses two flows out of a task."""
    default = process.node.xpath("//*[@id=$id]", id=f"{process.id}_default_work")[0]
    process.node.remove(default)
    process.node.remove(process.find("end"))
    del process.find("work").attrib["default"]
    return process


def test_two_flows_out_of_a_task_make_two_branches() -> None:
    def forking() -> ProcessBuilder:
        process = a_process("forking").start().user_task("work").user_task("a").end()
        return process.at("work").user_task("b").end("b_end")

    with pytest.raises(ValidationException):
        Plain(forking())

    ours = Play(forking())
    ours.go_on("work")

    assert ours.waiting == [("task", "a"), ("task", "b")]


def council(boundary: bool = False, loop: bool = False) -> ProcessBuilder:
    votes = each("=members", "member", outputCollection="votes", outputElement="=vote")
    process = a_process("council").start().gateway("in").user_task("decide", votes)
    if boundary:
        process.boundary("late", "decide", process.timer("timeDuration", "P1D")).user_task("count").end(
            "late_end"
        )
    process.at("decide").gateway("agreed")
    if loop:
        process.flow("agreed", "in", "=again")
    return process.at(None).end().default("agreed", "end")


def test_votes_stand_in_the_order_of_the_members() -> None:
    variables = {"members": ["An", "Bình", "Chi"]}
    library, ours = Plain(council(), variables), Play(council(), variables)
    for index, vote in ((2, "c"), (0, "a"), (0, "b")):
        library.complete("decide", index, vote=vote)
        ours.go_on("decide", index, vote=vote)

    assert library.data["votes"] == ["c", "a", "b"]  # the order in which they came in

    assert ours.variables["votes"] == ["a", "b", "c"]


def test_votes_given_before_the_deadline_are_kept() -> None:
    variables = {"members": ["An", "Bình", "Chi"]}
    with time_machine.travel(NEW_YEAR, tick=False) as traveller:
        library = Plain(council(boundary=True), variables)
        library.complete("decide", 1, vote="yes")
        traveller.shift(timedelta(days=2))
        library.settle()
    assert not library.task("count").data.get("votes")  # An's vote is lost

    ours = Play(council(boundary=True), variables)
    ours.go_on("decide", 1, vote="yes")
    ours.go_on("late")

    assert ours.waiting == [("task", "count")]
    assert ours.variables["votes"] == [None, "yes", None]


def test_a_council_may_vote_a_second_time() -> None:
    variables = {"members": ["An", "Bình"], "again": True}
    library, ours = Plain(council(loop=True), variables), Play(council(loop=True), variables)
    library.complete("decide", vote="no")
    with pytest.raises(WorkflowDataException):
        library.complete("decide", vote="no")

    for vote in ("no", "no", "yes", "yes"):
        ours.go_on("decide", vote=vote, again=vote == "no")

    assert ours.variables["votes"] == ["yes", "yes"]
    assert ours.status == "completed"


def test_a_vote_without_a_value_is_a_vote_without_a_value() -> None:
    variables = {"members": ["An", "Bình"]}
    library, ours = Plain(council(), variables), Play(council(), variables)
    with pytest.raises(WorkflowTaskException):
        library.complete("decide")

    done = [task for task in library.workflow.tasks.values() if task.state == TaskState.COMPLETED]
    assert any(task.task_spec.bpmn_id == "decide" for task in done)  # refused after it was completed

    ours.go_on("decide")
    ours.go_on("decide", vote="yes")

    assert ours.variables["votes"] == [None, "yes"]


def booking(inner: str) -> ProcessBuilder:
    """A transaction or a plain process in which two things are done, each with its undoing."""
    process = a_process("booking").start()
    if inner == "transaction":
        process.open_sub_process("part", kind="transaction").start("inner")
    process.service_task("one", "do").compensation("one", "undo_one")
    process.service_task("two", "do").compensation("two", "undo_two")
    return process


def done_and_undone() -> tuple[list[str], Mapping[str, object]]:
    found: list[str] = []

    def noting(name: str) -> object:
        return lambda _variables: found.append(name) or {}

    return found, {name: noting(name) for name in ("do", "undo_one", "undo_two")}


def test_a_cancelled_transaction_is_undone_in_reverse_order() -> None:
    def cancelling(compensated: bool) -> ProcessBuilder:
        if compensated:
            process = booking("transaction")
        else:
            process = a_process("booking").start().open_sub_process("part", kind="transaction").start("inner")
            process.service_task("one", "do")
        process.end("cancelled", B.cancelEventDefinition()).close_sub_process()
        process.boundary("undone", "part", B.cancelEventDefinition()).user_task("told").end("told_end")
        return process.at("part").end()

    with pytest.raises(ValidationException):
        Plain(cancelling(compensated=True))
    assert Plain(cancelling(compensated=False)).names() == ["told"]  # and what was done stays done

    found, handlers = done_and_undone()
    ours = Play(cancelling(compensated=True), handlers=handlers)  # type: ignore[arg-type]

    assert found == ["do", "do", "undo_two", "undo_one"]
    assert ours.waiting == [("task", "told")]


def test_thrown_compensation_undoes_what_was_done() -> None:
    def throwing() -> ProcessBuilder:
        return (
            a_process("throwing")
            .start()
            .throw("undo", B.compensateEventDefinition())
            .user_task("after")
            .end()
        )

    assert Plain(throwing()).names() == ["after"]  # taken, and nothing done

    found, handlers = done_and_undone()
    process = booking("").throw("undo", B.compensateEventDefinition()).user_task("after").end()
    ours = Play(process, handlers=handlers)  # type: ignore[arg-type]

    assert found == ["do", "do", "undo_two", "undo_one"]
    assert ours.waiting == [("task", "after")]


def test_the_parts_of_an_ad_hoc_sub_process_are_open_at_once() -> None:
    def ad_hoc() -> ProcessBuilder:
        process = a_process("ad_hoc").start().open_sub_process("part", kind="adHocSubProcess")
        process.user_task("a").at(None).user_task("b")
        return process.close_sub_process().end()

    with pytest.raises(TypeError):
        Plain(ad_hoc())

    ours = Play(ad_hoc())
    assert ours.waiting == [("task", "a"), ("task", "b")]
    ours.go_on("b")
    ours.go_on("a")

    assert ours.status == "completed"


def test_a_task_is_completed_once(session: Session) -> None:
    def two_steps() -> ProcessBuilder:
        return a_process("two_steps").start().user_task("first").user_task("second").end()

    library = Plain(two_steps())
    first = library.task("first")
    first.data.update(v=1)
    first.run()
    library.settle()
    library.task("second").data.update(v=2)
    first.run()  # nobody hinders it
    assert library.task("second").data["v"] == 1  # the draft of the next step is gone

    instance = started(session, two_steps())
    query = select(UserTask.id).where(UserTask.instance_id == instance.id, UserTask.element == "first")
    task = session.scalars(query).one()
    tasks.complete(session, task, {"v": 1}, NORA)
    with pytest.raises(TaskNotOpen):
        tasks.complete(session, task, {"v": 9}, NORA)

    assert state.variables(instance.state) == {"v": 1}


def test_a_diagram_may_be_as_long_as_it_needs_to_be() -> None:
    def long() -> ProcessBuilder:
        process = a_process("long").start()
        for number in range(900):
            process.add("task", f"step{number}")
        return process.user_task("last").end()

    with pytest.raises((RecursionError, ValidationException)):
        Plain(long())

    assert Play(long()).waiting == [("task", "last")]


def test_no_python_runs_from_a_diagram() -> None:
    def curious(expression: str) -> ProcessBuilder:
        process = a_process("curious").start().gateway("ask").when(expression).user_task("owned").end()
        return process.at(None).end("fine").default("ask", "fine")

    python = "=().__class__.__base__.__subclasses__() and __import__('os').getpid() > 0"
    assert Plain(curious(python)).names() == ["owned"]  # the diagram has run what it wanted

    findings = check_file(curious(python).xml(), "curious.bpmn")

    assert checking.has_errors(findings)


def test_a_called_process_that_is_not_there_is_found_before_anything_runs() -> None:
    process = a_process("calling").start()
    process.add("callActivity", "ask", Z.calledElement(processId="nowhere")).end()

    findings = check_file(process.xml(), "calling.bpmn", processes=["calling"])

    assert [finding.rule for finding in findings if finding.severity == "error"] == ["unknown-process"]
