"""The events of a case alone say what it is: its tokens, what waits, who holds which task, its variables."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import (
    clock,
    deployments,
    history,
    incidents,
    instances,
    jobs,
    messages,
    tasks,
    timers,
)
from engine.actors import Actor
from engine.audit import erasure, replay
from engine.operations import handovers
from engine.tables import HistoryEvent, Incident, Job, ProcessInstance, Timer, UserTask
from tests.builders import a_process, each, mappings

NORA = Actor("nora", frozenset({"staff"}))
MIA = Actor("mia", frozenset({"staff"}))


def start(session: Session) -> ProcessInstance:
    """Start a case: a fork, a council, a sub-process with a local variable, a timer, a message, a job."""
    process = a_process("whole")
    process.start().gateway("fork", "parallel").user_task("a").gateway("meet", "parallel")
    process.at("fork").user_task("vote", each("=council", "member")).flow("vote", "meet")
    process.at("fork").open_sub_process("inside", mappings(("input", "=council", "own"))).start("inner_start")
    process.service_task("mail", "send.mail").end("inner_end").close_sub_process().flow("inside", "meet")
    process.at("fork").catch("news", process.message("news", '="K"')).flow("news", "meet")
    process.at("meet").user_task("last").end()
    process.boundary("late", "a", process.timer("timeDuration", "P1D"), interrupting=False).end("told")
    deployments.deploy(session, [process.file()], NORA)
    return instances.start(
        session, "whole", {"council": ["x", "y", "z"], "number": 2**70, "none": None}, NORA
    )


def open_task(session: Session, element: str) -> int:
    found = select(UserTask.id).where(UserTask.element == element, UserTask.status == "open")
    return session.scalars(found.order_by(UserTask.id)).first() or 0


def test_after_every_command_history_tells_what_state_and_rows_say(session: Session) -> None:
    case = start(session)
    commands = [
        lambda: tasks.claim(session, open_task(session, "a"), MIA),
        lambda: tasks.release(session, open_task(session, "a"), MIA),
        lambda: handovers.reassign(session, open_task(session, "a"), NORA, "nghỉ phép", assignee="mia"),
        lambda: tasks.complete(session, open_task(session, "vote"), {"said": 1.5}, NORA),
        lambda: jobs.fail(session, session.scalars(select(Job.id)).one(), "no line"),
        lambda: messages.publish(session, "news", "K", {"reply": {"yes": True}}),
        lambda: tasks.complete(session, open_task(session, "a"), {}, MIA),
    ]

    assert replay.differences(session, case) == []
    for command in commands:
        command()
        assert replay.differences(session, case) == []


def test_a_timer_a_failed_job_and_its_repair_are_told(session: Session) -> None:
    case = start(session)
    timer = session.scalars(select(Timer)).one()

    with clock.pinned(timer.due_at):
        timers.fire(session, timer.id)
    for _ in range(3):
        jobs.fail(session, session.scalars(select(Job.id)).one(), "no line")
    assert replay.differences(session, case) == []
    incidents.retry(session, session.scalars(select(Incident.id)).one(), NORA)
    assert replay.differences(session, case) == []
    jobs.complete(session, session.scalars(select(Job.id)).one(), {"sent": True}, NORA)

    assert replay.differences(session, case) == []
    told = replay.replay(history.of_instance(session, case.id))
    assert told.variables["sent"] is True
    assert told.status == "active"


@pytest.mark.parametrize("ending", ["completed", "cancelled"])
def test_the_end_of_a_case_is_told(session: Session, ending: str) -> None:
    process = a_process("short").start().user_task("a").end()
    deployments.deploy(session, [process.file()], NORA)
    case = instances.start(session, "short", {}, NORA)

    if ending == "completed":
        tasks.complete(session, open_task(session, "a"), {}, NORA)
    else:
        instances.cancel(session, case.id, NORA, reason="nhập nhầm")

    told = replay.replay(history.of_instance(session, case.id))
    assert replay.differences(session, case) == []
    assert (told.status, told.tokens, told.tasks) == (ending, {}, {})


def test_an_erased_value_is_told_as_erased(session: Session) -> None:
    case = start(session)
    tasks.complete(session, open_task(session, "a"), {"ten": "Nguyễn Văn An"}, NORA)

    erasure.erase(session, case.id, erasure.find(session, case.id, names=["ten"]), NORA, "đơn số 1")

    (difference,) = replay.differences(session, case)
    assert difference.startswith("variables")
    assert "erased" in difference


def test_a_step_that_history_does_not_tell_is_a_difference(session: Session) -> None:
    case = start(session)
    events = history.of_instance(session, case.id)

    told = replay.replay(event for event in events if event.kind != "task.created")

    assert told.tasks == {}
    assert replay.actual(session, case).tasks != {}


def test_the_first_event_of_a_step_tells_where_its_tokens_went(session: Session) -> None:
    process = a_process("short").start().user_task("a").user_task("b").end()
    deployments.deploy(session, [process.file()], NORA)
    case = instances.start(session, "short", {}, NORA)
    tasks.complete(session, open_task(session, "a"), {}, NORA)

    query = select(HistoryEvent.data).where(HistoryEvent.instance_id == case.id, HistoryEvent.element == "a")
    moves = [data["tokens"] for data in session.scalars(query) if "tokens" in data]
    assert moves == [{"gone": [2], "placed": {"3": "b"}}]
