"""What the library does in silence with events, and what the engine does with the same diagram."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.exceptions import WorkflowException
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, messages, timers
from engine.actors import Actor
from engine.handlers import Json
from engine.tables import ProcessInstance, Timer, UserTask
from tests.builders import B, ProcessBuilder, a_process
from tests.conformance.plain import Plain
from tests.playing import Play

NORA = Actor("nora", frozenset({"staff"}))
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def started(session: Session, process: ProcessBuilder, **variables: Json) -> ProcessInstance:
    deployments.deploy(session, [process.file()], NORA)
    return instances.start(session, process.id, variables, NORA)


def open_elements(session: Session, instance: ProcessInstance) -> list[str]:
    query = select(UserTask.element).where(UserTask.instance_id == instance.id, UserTask.status == "open")
    return sorted(session.scalars(query))


def test_a_signal_end_event_throws_its_signal() -> None:
    def signalling() -> ProcessBuilder:
        process = a_process("signalling").start().gateway("split", "parallel").user_task("work")
        process.boundary("stopped", "work", process.signal("stop")).user_task("after").end()
        process.at("work").end("work_end")
        return process.at("split").user_task("trigger").end("thrown", process.signal("stop"))

    library = Plain(signalling())
    library.complete("trigger")
    assert library.names() == ["work"]  # nobody has heard it
    assert library.thrown() == []  # and it was never thrown

    ours = Play(signalling())
    ours.go_on("trigger")

    assert ours.waiting == [("task", "after")]


def test_a_link_goes_on_at_its_other_half() -> None:
    def linked() -> ProcessBuilder:
        process = a_process("linked").start().throw("out", B.linkEventDefinition(name="A"))
        process.at(None).catch("in", B.linkEventDefinition(name="A"))
        return process.user_task("after").end()

    library = Plain(linked())
    assert library.completed  # the rest has never run
    assert library.names() == []

    assert Play(linked()).waiting == [("task", "after")]


@pytest.mark.parametrize("boundary", [None, "other"])
def test_an_error_that_nobody_catches_ends_the_process_as_an_error(boundary: str | None) -> None:
    def failing() -> ProcessBuilder:
        process = a_process("failing").start().open_sub_process("part").start("inner")
        process.end("failed", process.coded("error", "E1")).close_sub_process().user_task("next").end()
        if boundary is not None:
            process.boundary("caught", "part", process.coded("error", boundary)).end("caught_end")
        return process

    assert Plain(failing()).names() == ["next"]  # as if nothing had happened

    ours = Play(failing())

    assert ours.status == "error"
    assert "next" not in ours.elements


@pytest.mark.parametrize("kind", ["error", "escalation"])
def test_an_event_sub_process_does_not_start_unprovoked(kind: str) -> None:
    def watching() -> ProcessBuilder:
        process = a_process("watching").start().user_task("work").end()
        process.open_event_sub_process("es", process.coded(kind, "E1"))
        return process.user_task("repair").end("es_end").close_sub_process()

    assert Plain(watching()).names() == ["repair", "work"]  # there was no error

    ours = Play(watching())
    assert ("task", "repair") not in ours.waiting
    ours.go_on("work")

    assert ours.status == "completed"


def test_an_error_event_sub_process_takes_the_place_of_its_scope() -> None:
    def watching() -> ProcessBuilder:
        process = a_process("watching").start().gateway("split", "parallel").user_task("work").end()
        process.at("split").user_task("fail").end("failed", process.coded("error", "E1"))
        process.open_event_sub_process("es", process.coded("error", "E1"))
        return process.user_task("repair").end("es_end").close_sub_process()

    library = Plain(watching())
    library.complete("fail")
    assert "work" in library.names()  # what the error should have ended goes on

    ours = Play(watching())
    ours.go_on("fail")

    assert ours.waiting == [("task", "repair")]
    ours.go_on("repair")
    assert ours.status == "completed"


def test_an_interrupting_event_sub_process_interrupts() -> None:
    def stopping(interrupting: bool) -> ProcessBuilder:
        process = a_process("stopping").start().user_task("work").end()
        process.open_event_sub_process("es", process.message("stop", '="K"'), interrupting)
        return process.user_task("instead").end("es_end").close_sub_process()

    library = Plain(stopping(interrupting=True))
    library.send_message("stop")
    assert library.names() == ["instead", "work"]  # nothing was interrupted

    ours, beside = Play(stopping(interrupting=True)), Play(stopping(interrupting=False))
    ours.go_on("es_start")
    beside.go_on("es_start")

    assert ours.waiting == [("task", "instead")]
    assert beside.waiting == [("message", "es_start"), ("task", "instead"), ("task", "work")]


def test_an_event_sub_process_works_inside_a_sub_process() -> None:
    def nested() -> ProcessBuilder:
        process = a_process("nested").start().open_sub_process("part").start("inner").user_task("work")
        process.end("inner_end")
        process.open_event_sub_process("es", process.message("news", '="K"'), interrupting=False)
        process.user_task("look").end("es_end").close_sub_process()
        return process.close_sub_process().end()

    library = Plain(nested())
    with pytest.raises(WorkflowException, match="not waiting for news"):
        library.send_message("news")

    ours = Play(nested())
    ours.go_on("es_start")

    assert ours.waiting == [("message", "es_start"), ("task", "look"), ("task", "work")]
    ours.go_on("work")
    ours.go_on("look")
    assert ours.status == "completed"


def test_a_timer_that_was_never_due_keeps_no_process_open() -> None:
    def limited() -> ProcessBuilder:
        process = a_process("limited").start().user_task("work").end()
        process.open_event_sub_process("es", process.timer("timeDuration", "P10D"), interrupting=False)
        return process.user_task("remind").end("es_end").close_sub_process()

    library = Plain(limited())
    library.complete("work")
    assert not library.completed

    ours = Play(limited())
    ours.go_on("work")

    assert ours.status == "completed"


def test_a_message_beside_an_activity_comes_as_often_as_it_is_sent() -> None:
    def listening() -> ProcessBuilder:
        process = a_process("listening").start().user_task("work")
        process.boundary("news", "work", process.message("news", '="K"'), interrupting=False)
        return process.script("count", "=n + 1", "n").end("news_end").at("work").end()

    library, ours = Plain(listening(), {"n": 0}), Play(listening(), {"n": 0})
    library.send_message("news")
    with pytest.raises(WorkflowException, match="not waiting for news"):
        library.send_message("news")

    for _ in range(3):
        ours.go_on("news")

    assert ours.variables["n"] == 3


def test_one_message_is_for_one_receiver(session: Session) -> None:
    def receivers() -> ProcessBuilder:
        process = a_process("receivers").start().gateway("split", "parallel")
        process.catch("first", process.message("news", '="K"')).user_task("a").end().at("split")
        return process.catch("second", process.message("news", '="K"')).user_task("b").end("b_end")

    library = Plain(receivers())
    library.send_message("news")
    assert library.names() == ["a", "b"]  # one message, two receivers

    instance = started(session, receivers())
    messages.publish(session, "news", "K", {})

    assert open_elements(session, instance) == ["a"]
    messages.publish(session, "news", "K", {})
    assert open_elements(session, instance) == ["a", "b"]


def test_a_failing_script_is_caught_by_the_error_event_on_it() -> None:
    def failing(expression: str) -> ProcessBuilder:
        process = a_process("failing").start().script("sum", expression, "y")
        process.boundary("caught", "sum", process.coded("error")).user_task("repair").end("caught_end")
        return process.at("sum").end()

    with pytest.raises(WorkflowTaskException):
        Plain(failing("=1/0"))

    assert Play(failing("=every n in 1..1000000000 satisfies n > 0")).waiting == [("task", "repair")]


def test_a_condition_sees_what_another_branch_has_changed() -> None:
    def waiting() -> ProcessBuilder:
        process = a_process("waiting").start().gateway("split", "parallel").user_task("work").end()
        process.at("split").catch("ready", process.conditional("=ready = true"))
        return process.user_task("after").end("ready_end")

    library = Plain(_pythonic(waiting()), {"ready": False})
    library.complete("work", ready=True)
    assert library.names() == []  # waits for ever

    ours = Play(waiting(), {"ready": False})
    assert ours.waiting == [("task", "work")] or ("conditional", "ready") in ours.waiting
    ours.go_on("work", ready=True)

    assert ours.waiting == [("task", "after")]


def test_a_timer_start_event_starts_an_instance_each_time(session: Session) -> None:
    def weekly() -> ProcessBuilder:
        process = a_process("weekly")
        cycle = process.timer("timeCycle", "R3/2026-01-05T08:00:00+07:00/P7D")
        return process.start("start", cycle).user_task("work").end()

    with time_machine.travel(NEW_YEAR + timedelta(days=90), tick=False):
        library = Plain(weekly())
        library.settle()
        assert library.names() == ["work"] * 3  # three weeks at once, all in one instance

    with clock.pinned(NEW_YEAR):
        deployments.deploy(session, [weekly().file()], NORA)
    for _ in range(3):
        (due,) = session.scalars(select(Timer).where(Timer.status == "waiting"))
        with clock.pinned(due.due_at):
            timers.fire(session, due.id)

    assert session.scalars(select(ProcessInstance.process_id)).all() == ["weekly"] * 3
    assert session.scalars(select(Timer).where(Timer.status == "waiting")).all() == []


def _pythonic(process: ProcessBuilder) -> ProcessBuilder:
    for found in process.node.iter("{*}condition"):
        found.text = str(found.text).replace("true", "True")
    return process
