"""A reminder that fires at the moment somebody completes, or somebody else fires it: once, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, tasks, timers
from engine.audit import replay
from engine.errors import EngineError, StaleInstance
from engine.tables import CandidateGroup, ProcessInstance, Timer, UserTask
from tests.builders import Z, a_process
from tests.integration import queue_places
from tests.interleaving import Command, Outcome, interleave, stops
from tests.limited import NORA
from web import sqlite

STRIDE = 6


@pytest.fixture(params=queue_places.DATABASES, scope="module")
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Give a database with a task that is overdue from its beginning and escalates at once."""
    with queue_places.open_place(request.param, tmp_path_factory.mktemp("limited")) as opened:
        writing = sqlite.writing(opened.engine)
        rules = {"bv:escalateAfter": "0", "bv:escalateTo": "bosses", "bv:remindAfter": "1"}
        properties = Z.properties(*(Z.property(name=name, value=text) for name, text in rules.items()))
        overdue = Z.taskSchedule(dueDate='=now() - duration("PT1H")')
        process = a_process("overdue").start().user_task("a", properties, overdue).end()
        with Session(writing) as session:
            deployments.deploy(session, [process.file()], NORA)
            session.commit()
        yield writing


def start(place: Engine) -> tuple[int, int, int]:
    """Start a case; return its number, its task and the timer of its level."""
    with Session(place) as session:
        instance = instances.start(session, "overdue", {}, NORA)
        task = session.scalars(select(UserTask.id).where(UserTask.instance_id == instance.id)).one()
        timer = select(Timer.id).where(Timer.task_id == task).order_by(Timer.due_at)
        found = instance.id, task, session.scalars(timer).first() or 0
        session.commit()
    return found


def every_interleaving(
    place: Engine, first: Callable[[int, int], Command], second: Callable[[int, int], Command]
) -> Iterator[tuple[int, Outcome]]:
    """Give each case and what became of both commands on its task and its timer."""
    cases: list[int] = []

    def run(stop: int) -> Outcome:
        number, task, timer = start(place)
        cases.append(number)
        return interleave(place, first(task, timer), second(task, timer), stop)

    for outcome in stops(run, STRIDE):
        yield cases[-1], outcome


def fire(_task: int, timer: int) -> Command:
    return lambda session: timers.fire(session, timer)


def complete(task: int, _timer: int) -> Command:
    return lambda session: tasks.complete(session, task, {}, NORA).status


def kinds(place: Engine, number: int) -> list[str]:
    """Return the events of a case after checking that state, rows and history agree."""
    with Session(place) as session:
        instance = session.get_one(ProcessInstance, number)
        events = history.of_instance(session, number)
        assert [event.sequence for event in events] == list(range(1, len(events) + 1))
        assert replay.differences(session, instance) == []
        return [event.kind for event in events]


def groups(place: Engine, number: int) -> list[str]:
    with Session(place) as session:
        query = select(CandidateGroup.group_name).join(UserTask).where(UserTask.instance_id == number)
        return sorted(session.scalars(query))


def test_two_workers_that_fire_one_level_escalate_once(place: Engine) -> None:
    for number, outcome in every_interleaving(place, fire, fire):
        assert kinds(place, number).count("escalation.fired") == 1
        assert groups(place, number) == ["bosses", "staff"]
        for result in (outcome.first, outcome.second):
            assert isinstance(result, bool | StaleInstance)


@pytest.mark.parametrize("order", [(fire, complete), (complete, fire)], ids=["fire first", "complete first"])
def test_a_level_that_is_due_when_the_task_is_completed_fires_before_or_never(
    place: Engine, order: tuple[Callable[[int, int], Command], Callable[[int, int], Command]]
) -> None:
    for number, outcome in every_interleaving(place, *order):
        told = kinds(place, number)
        done = "task.completed" in told
        assert done or any(isinstance(one, EngineError) for one in (outcome.first, outcome.second))
        assert told.count("escalation.fired") <= 1
        if done and "escalation.fired" in told:
            assert told.index("escalation.fired") < told.index("task.completed")
        with Session(place) as session:
            waiting = select(Timer.id).where(Timer.instance_id == number, Timer.status == "waiting")
            assert (session.scalars(waiting).first() is None) == done
