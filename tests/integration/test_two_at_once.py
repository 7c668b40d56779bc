"""Two people, or a person and a timer, at the same moment: one of them wins, the other one is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, messages, tasks, timers
from engine.actors import Actor
from engine.errors import Conflict, EngineError, NotAllowed, StaleInstance, TaskNotOpen
from engine.spiff import state, stepping
from engine.tables import Base, HistoryEvent, ProcessInstance, Subscription, Timer, UserTask
from tests.builders import a_process
from tests.integration import queue_places
from web import sqlite

NORA = Actor("nora", frozenset({"staff"}))
MIA = Actor("mia", frozenset({"staff"}))
Command = Callable[[Session], object]


@dataclass(frozen=True)
class Case:
    """A started instance: one task, a timer that interrupts it, a message that goes beside it."""

    instance: int
    task: int
    timer: int


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a database with the recipe of the pages: an SQLite file, and PostgreSQL where there is one."""
    with queue_places.open_place(request.param, tmp_path) as opened:
        yield sqlite.writing(opened.engine)


def start(place: Engine) -> Case:
    process = a_process("raced")
    process.start().user_task("a").user_task("b").end()
    process.boundary("late", "a", process.timer("timeDuration", "PT0S")).user_task("after").end("e2")
    process.boundary("news", "a", process.message("news", '="K"'), interrupting=False).end("e3")
    with Session(place) as session:
        deployments.deploy(session, [process.file()], NORA)
        instance = instances.start(session, "raced", {}, NORA)
        task = session.scalars(select(UserTask).where(UserTask.instance_id == instance.id)).one()
        timer = session.scalars(select(Timer).where(Timer.instance_id == instance.id)).one()
        case = Case(instance.id, task.id, timer.id)
        session.commit()
    return case


def race(place: Engine, *commands: Command) -> list[object]:
    """Run each command in a thread and a transaction of its own, all at once; return results or refusals."""
    barrier, results = threading.Barrier(len(commands)), [None] * len(commands)

    def run(number: int) -> None:
        barrier.wait()
        with Session(place) as session:
            try:
                results[number] = commands[number](session)
                session.commit()
            except EngineError as error:
                results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(commands))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def open_elements(session: Session, case: Case) -> list[str]:
    query = select(UserTask.element).where(UserTask.instance_id == case.instance, UserTask.status == "open")
    return sorted(session.scalars(query))


@pytest.mark.parametrize("turn", range(5))
def test_of_two_who_complete_one_is_refused(place: Engine, turn: int) -> None:
    case = start(place)

    results = race(
        place,
        lambda session: tasks.complete(session, case.task, {"by": "nora"}, NORA).id,
        lambda session: tasks.complete(session, case.task, {"by": "mia"}, MIA).id,
    )

    assert sorted(type(result).__name__ for result in results) == ["TaskNotOpen", "int"]
    with Session(place) as session:
        assert open_elements(session, case) == ["b"]
        kinds = [event.kind for event in history.of_instance(session, case.instance)]
        assert kinds.count("task.completed") == 1


@pytest.mark.parametrize("turn", range(5))
def test_of_two_who_claim_one_is_told_who_was_first(place: Engine, turn: int) -> None:
    case = start(place)

    results = race(
        place,
        lambda session: tasks.claim(session, case.task, NORA).id,
        lambda session: tasks.claim(session, case.task, MIA).id,
    )

    assert sorted(type(result).__name__ for result in results) == ["Conflict", "int"]


@pytest.mark.parametrize("turn", range(5))
def test_a_person_and_a_timer_never_both_end_a_task(place: Engine, turn: int) -> None:
    case = start(place)

    completed, fired = race(
        place,
        lambda session: tasks.complete(session, case.task, {}, NORA).id,
        lambda session: timers.fire(session, case.timer),
    )

    with Session(place) as session:
        if fired is True:
            assert isinstance(completed, TaskNotOpen)
            assert open_elements(session, case) == ["after"]
        else:
            assert completed == case.task
            assert open_elements(session, case) == ["b"]


def test_a_message_and_who_waits_for_it_never_miss_each_other(place: Engine) -> None:
    process = a_process("waiting")
    process.start().catch("wait", process.message("reply", "=key")).end()
    with Session(place) as session:
        deployments.deploy(session, [process.file()], NORA)
        session.commit()

    for number in range(20):
        key = f"K{number}"
        race(
            place,
            partial(instances.start, process_id="waiting", variables={"key": key}, actor=NORA),
            partial(
                messages.publish,
                name="reply",
                correlation_key=key,
                variables={},
                time_to_live=timedelta(days=1),
            ),
        )

    with Session(place) as session:
        assert set(session.scalars(select(ProcessInstance.status))) == {"completed"}
        assert session.scalars(select(Subscription)).all() == []


def test_a_session_that_read_before_another_one_committed_is_stale(tmp_path: Path) -> None:
    # without the recipe nothing keeps two transactions apart but the version
    plain = create_engine(f"sqlite:///{tmp_path}/plain.db")
    Base.metadata.create_all(plain)
    case = start(plain)
    with Session(plain) as first, Session(plain) as second:
        read = instances.locked(first, case.instance)
        tasks.complete(second, case.task, {}, MIA)
        second.commit()

        with pytest.raises(StaleInstance):
            instances.advance(first, read, NORA, stepping.cancel)
        first.rollback()
        stale = instances.locked(first, case.instance)
        tasks.claim(second, second.scalars(select(UserTask.id).where(UserTask.element == "b")).one(), MIA)
        second.commit()
        stale.events += 1
        with pytest.raises(StaleInstance), instances.guarded(case.instance):
            first.flush()
    plain.dispose()


def _commands(case: Case) -> dict[str, Command]:
    return {
        "complete": lambda session: tasks.complete(session, case.task, {}, NORA).id,
        "complete_too": lambda session: tasks.complete(session, case.task, {}, MIA).id,
        "claim": lambda session: tasks.claim(session, case.task, MIA).id,
        "release": lambda session: tasks.release(session, case.task, MIA).id,
        "fire": lambda session: timers.fire(session, case.timer),
        "publish": lambda session: messages.publish(session, "news", "K", {}).id,
        "cancel": lambda session: instances.cancel(session, case.instance, NORA, reason="lập nhầm").id,
    }


@settings(max_examples=15, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(*[st.sampled_from(sorted(_commands(Case(0, 0, 0))))] * 2), min_size=1, max_size=4))
def test_whatever_two_do_at_once_rows_state_and_history_agree(
    place: Engine, pairs: list[tuple[str, str]]
) -> None:
    case = start(place)

    for pair in pairs:
        results = race(place, *[_commands(case)[name] for name in pair])
        refusals = [result for result in results if isinstance(result, EngineError)]
        assert all(isinstance(refusal, (Conflict, NotAllowed, TaskNotOpen)) for refusal in refusals)

    with Session(place) as session:
        instance = session.get_one(ProcessInstance, case.instance)
        waits = state.waits(instances.load(session, instance, NORA)).values()
        assert sorted(wait.element for wait in waits if wait.kind == "task") == open_elements(session, case)
        numbers = session.scalars(
            select(HistoryEvent.sequence)
            .where(HistoryEvent.instance_id == case.instance)
            .order_by(HistoryEvent.id)
        ).all()
        assert list(numbers) == list(range(1, instance.events + 1))
        if instance.status == "active":
            # the next example publishes the same message: nobody may wait for it any more
            instances.cancel(session, case.instance, NORA, reason="lập nhầm")
        session.commit()
