"""Two sessions, interleaved at every statement and commit: one effect, a clear refusal, no gap in history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, messages, tasks, timers
from engine.actors import Actor
from engine.audit import checkpoints, replay, verification
from engine.audit import log as audit_log
from engine.errors import Conflict, EngineError, StaleInstance, TaskNotOpen
from engine.operations import migration, suspension
from engine.spiff import state
from engine.tables import (
    AuditCheckpoint,
    AuditLeaf,
    HistoryEvent,
    Message,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)
from tests.builders import ProcessBuilder, a_process
from tests.integration import queue_places
from tests.interleaving import Command, Outcome, interleave, stops
from web import sqlite

NORA = Actor("nora", frozenset({"staff"}))
MIA = Actor("mia", frozenset({"staff"}))
KEYS: dict[Engine, Path] = {}  # the key of the log belongs to its database
STRIDES: dict[Engine, int] = {}  # how many statements lie between two places where somebody comes in


@pytest.fixture(
    params=[
        *((database, 8) for database in queue_places.DATABASES),
        *(pytest.param((database, 1), marks=pytest.mark.soak) for database in queue_places.DATABASES),
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
    scope="module",
)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Give a database with the recipe of the pages: an SQLite file, and PostgreSQL where there is one.

    `make test` lets the second command come in at every eighth statement and around the commit, `make soak`
    at every one.
    """
    folder: Path = tmp_path_factory.mktemp("interleaved")
    database, stride = request.param
    with queue_places.open_place(database, folder) as opened:
        writing = sqlite.writing(opened.engine)
        STRIDES[writing] = stride
        with Session(writing) as session:
            for process in (raced(), joined(), waiting(), choosing()):
                deployments.deploy(session, [process.file()], NORA)
            session.commit()
        yield writing


def raced() -> ProcessBuilder:
    """One task, a timer that interrupts it, a message that goes beside it."""
    process = a_process("raced").start().user_task("a").user_task("b").end()
    process.boundary("late", "a", process.timer("timeDuration", "PT0S")).user_task("after").end("e2")
    process.boundary("news", "a", process.message("news", "=key"), interrupting=False)
    return process.user_task("told").end("e3")


def joined() -> ProcessBuilder:
    process = (
        a_process("joined").start().gateway("split", "parallel").user_task("a").gateway("join", "parallel")
    )
    process.at("split").user_task("b").flow("b", "join")
    return process.at("join").user_task("after").end()


def waiting() -> ProcessBuilder:
    process = a_process("waiting").start().user_task("a")
    return process.catch("wait", process.message("reply", "=key")).user_task("after").end()


def choosing() -> ProcessBuilder:
    process = a_process("choosing").start().gateway("which", "eventBased")
    process.catch("late", process.timer("timeDuration", "PT0S")).user_task("missed").end().at("which")
    return process.catch("heard", process.message("answer", "=key")).user_task("answered").end("e2")


@dataclass
class Case:
    """A started instance with the tasks and the timer that wait in it."""

    instance: int
    key: str
    tasks: dict[str, int]
    timer: int
    notes: dict[str, Any] = field(default_factory=dict)


_keys = iter(f"K{number}" for number in range(1_000_000))


def start(place: Engine, process: str) -> Case:
    key = next(_keys)
    with Session(place) as session:
        instance = instances.start(session, process, {"key": key}, NORA)
        open_tasks = session.scalars(select(UserTask).where(UserTask.instance_id == instance.id))
        planned = session.scalars(select(Timer.id).where(Timer.instance_id == instance.id)).first()
        case = Case(instance.id, key, {task.element: task.id for task in open_tasks}, planned or 0)
        session.commit()
    return case


def every_interleaving(
    place: Engine, process: str, first: Callable[[Case], Command], second: Callable[[Case], Command]
) -> Iterator[tuple[Case, Outcome]]:
    """Give a fresh case and what became of both commands, for every place where the second can come in."""
    cases: list[Case] = []

    def run(stop: int) -> Outcome:
        cases.append(start(place, process))
        return interleave(place, first(cases[-1]), second(cases[-1]), stop)

    for outcome in stops(run, STRIDES[place]):
        assert_whole(place, cases[-1])
        yield cases[-1], outcome


def assert_whole(place: Engine, case: Case) -> None:
    """Rows, state and history agree, and nothing is missing between two events."""
    with Session(place) as session:
        instance = session.get_one(ProcessInstance, case.instance)
        waits = state.waits(instances.load(session, instance, NORA)).values()
        shown = sorted(wait.element for wait in waits if wait.kind == "task")
        assert shown == sorted(element for element, _ in open_tasks(session, case))
        query = select(HistoryEvent.sequence).where(HistoryEvent.instance_id == case.instance)
        numbers = session.scalars(query.order_by(HistoryEvent.id)).all()
        assert list(numbers) == list(range(1, instance.events + 1))
        assert replay.differences(session, instance) == []


def open_tasks(session: Session, case: Case) -> list[tuple[str, int]]:
    query = select(UserTask.element, UserTask.id).where(
        UserTask.instance_id == case.instance, UserTask.status == "open"
    )
    return [(element, number) for element, number in session.execute(query)]


def look(place: Engine, case: Case) -> tuple[list[str], list[str]]:
    """Return the elements of the open tasks, and the kinds of all events."""
    with Session(place) as session:
        kinds = [event.kind for event in history.of_instance(session, case.instance)]
        return sorted(element for element, _ in open_tasks(session, case)), kinds


def complete(element: str, actor: Actor = NORA) -> Callable[[Case], Command]:
    return lambda case: (
        lambda session: tasks.complete(session, case.tasks[element], {"by": actor.name}, actor).id
    )


def fire(case: Case) -> Command:
    return lambda session: timers.fire(session, case.timer)


def test_of_two_who_complete_one_wins(place: Engine) -> None:
    for case, outcome in every_interleaving(place, "raced", complete("a"), complete("a", MIA)):
        results = [outcome.first, outcome.second]
        assert results.count(case.tasks["a"]) == 1
        (refusal,) = [result for result in results if result != case.tasks["a"]]
        assert isinstance(refusal, (TaskNotOpen, StaleInstance))
        elements, kinds = look(place, case)
        assert elements == ["b"]
        assert kinds.count("task.completed") == 1
        with Session(place) as session:
            winner = state.variables(session.get_one(ProcessInstance, case.instance).state)["by"]
        assert winner == ("nora" if outcome.first == case.tasks["a"] else "mia")


def test_of_two_who_claim_one_wins(place: Engine) -> None:
    def claim(actor: Actor) -> Callable[[Case], Command]:
        return lambda case: lambda session: tasks.claim(session, case.tasks["a"], actor).id

    for case, outcome in every_interleaving(place, "raced", claim(NORA), claim(MIA)):
        results = [outcome.first, outcome.second]
        (refusal,) = [result for result in results if result != case.tasks["a"]]
        assert isinstance(refusal, (Conflict, StaleInstance))
        assert look(place, case)[1].count("task.claimed") == 1


@pytest.mark.parametrize("turned", [False, True])
def test_a_person_and_a_timer_never_both_end_a_task(place: Engine, turned: bool) -> None:
    commands = (fire, complete("a")) if turned else (complete("a"), fire)
    for case, outcome in every_interleaving(place, "raced", *commands):
        completed, fired = (outcome.second, outcome.first) if turned else (outcome.first, outcome.second)
        elements, kinds = look(place, case)
        if fired is True:
            assert isinstance(completed, (TaskNotOpen, StaleInstance))
            assert elements == ["after"]
        else:
            assert (completed, elements) == (case.tasks["a"], ["b"])
            assert fired is False or isinstance(
                fired, StaleInstance
            )  # the worker tries again and finds nothing
        assert kinds.count("timer.fired") + kinds.count("task.completed") == 1


@pytest.mark.parametrize("turned", [False, True])
def test_nothing_moves_in_an_instance_after_it_was_suspended(place: Engine, turned: bool) -> None:
    def suspend(case: Case) -> Command:
        return lambda session: suspension.suspend(session, case.instance, MIA, "kiểm tra").id

    commands = (suspend, complete("a")) if turned else (complete("a"), suspend)
    for case, outcome in every_interleaving(place, "raced", *commands):
        completed, suspended = (outcome.second, outcome.first) if turned else (outcome.first, outcome.second)
        elements, kinds = look(place, case)
        if completed == case.tasks["a"]:
            assert elements == ["b"]
        else:
            assert isinstance(completed, EngineError)
            assert elements == ["a"]
        assert suspended == case.instance or isinstance(suspended, StaleInstance)
        if "instance.suspended" in kinds and "task.completed" in kinds:
            assert kinds.index("task.completed") < kinds.index("instance.suspended")


def test_two_branches_that_complete_at_once_are_joined_once(place: Engine) -> None:
    for case, outcome in every_interleaving(place, "joined", complete("a"), complete("b", MIA)):
        # whoever was told to try again does
        for element, result in (("a", outcome.first), ("b", outcome.second)):
            if result != case.tasks[element]:
                assert isinstance(result, StaleInstance)
                with Session(place) as session:
                    tasks.complete(session, case.tasks[element], {}, NORA)
                    session.commit()
        elements, kinds = look(place, case)
        assert elements == ["after"]
        assert kinds.count("task.completed") == 2


@pytest.mark.parametrize("turned", [False, True])
def test_a_task_completed_while_its_instance_migrates_is_completed_in_one_of_the_versions(
    place: Engine, turned: bool
) -> None:
    with Session(place) as session:
        old = deployments.latest(session, "raced").id
        newer = raced()
        newer.find("b").set("name", f"b sau {old} {turned}")
        deployments.deploy(session, [newer.file()], NORA)
        newest = deployments.latest(session, "raced").id
        session.commit()

    def start_old(case: Case) -> None:
        # every case starts on the newest version: it migrates to the one before
        case.notes["target"] = old

    def migrate(case: Case) -> Command:
        start_old(case)
        plan = migration.Plan(case.notes["target"])
        return lambda session: migration.migrate(session, case.instance, plan, MIA, "sơ đồ mới").id

    commands = (migrate, complete("a")) if turned else (complete("a"), migrate)
    for case, outcome in every_interleaving(place, "raced", *commands):
        completed, migrated = (outcome.second, outcome.first) if turned else (outcome.first, outcome.second)
        elements, kinds = look(place, case)
        assert elements == (["b"] if completed == case.tasks["a"] else ["a"])
        assert completed == case.tasks["a"] or isinstance(completed, StaleInstance)
        assert migrated == case.instance or isinstance(migrated, StaleInstance)
        with Session(place) as session:
            version = session.get_one(ProcessInstance, case.instance).definition_id
        assert version == (old if migrated == case.instance else newest)
        assert kinds.count("instance.migrated") == int(migrated == case.instance)


@pytest.mark.parametrize("same", [False, True])
def test_two_deployments_of_one_process_make_versions_one_after_the_other(place: Engine, same: bool) -> None:
    names: list[str] = []

    def run(stop: int) -> Outcome:
        names.append(f"deployed{next(_keys)}")
        texts = ("một", "một" if same else "hai")
        files = [a_process(names[-1], text).start().user_task("a").end().file() for text in texts]
        return interleave(place, deploying(files[0]), deploying(files[1]), stop)

    for outcome in stops(run, STRIDES[place]):
        assert isinstance(outcome.first, int)
        assert isinstance(outcome.second, int)
        with Session(place) as session:
            query = select(ProcessDefinition.version).where(ProcessDefinition.process_id == names[-1])
            versions = session.scalars(query.order_by(ProcessDefinition.version)).all()
        assert list(versions) == ([1] if same else [1, 2])


def deploying(file: tuple[str, bytes]) -> Command:
    return lambda session: deployments.deploy(session, [file], NORA).id


@pytest.mark.parametrize("turned", [False, True])
def test_a_message_and_a_timer_behind_a_gateway_take_one_way(place: Engine, turned: bool) -> None:
    def publish(case: Case) -> Command:
        return lambda session: messages.publish(session, "answer", case.key, {}).id

    commands = (fire, publish) if turned else (publish, fire)
    for case, outcome in every_interleaving(place, "choosing", *commands):
        elements, kinds = look(place, case)
        assert len(elements) == 1
        assert kinds.count("timer.fired") + kinds.count("message.correlated") == 1
        assert elements == (["missed"] if "timer.fired" in kinds else ["answered"])
        assert any(not isinstance(result, EngineError) for result in (outcome.first, outcome.second))


@pytest.mark.parametrize("turned", [False, True])
def test_a_message_and_who_begins_to_wait_for_it_do_not_miss_each_other(place: Engine, turned: bool) -> None:
    def publish(case: Case) -> Command:
        kept = timedelta(days=1)
        return lambda session: messages.publish(session, "reply", case.key, {}, time_to_live=kept).id

    commands = (publish, complete("a")) if turned else (complete("a"), publish)
    for case, outcome in every_interleaving(place, "waiting", *commands):
        assert not isinstance(outcome.first, EngineError)
        assert not isinstance(outcome.second, EngineError)
        assert look(place, case)[0] == ["after"]
        with Session(place) as session:
            sent = session.scalars(select(Message).where(Message.correlation_key == case.key)).one()
            assert sent.status == "correlated"
            left = select(Subscription).where(Subscription.instance_id == case.instance)
            assert session.scalars(left).all() == []


def test_the_same_message_sent_twice_is_one_message(place: Engine) -> None:
    def publish(case: Case) -> Command:
        return lambda session: messages.publish(session, "news", case.key, {}, message_id=case.key).id

    for case, outcome in every_interleaving(place, "raced", publish, publish):
        with Session(place) as session:
            (sent,) = session.scalars(select(Message).where(Message.message_id == case.key)).all()
        assert {outcome.first, outcome.second} <= {sent.id} or isinstance(
            outcome.first if outcome.second == sent.id else outcome.second, StaleInstance
        )
        assert look(place, case)[1].count("message.correlated") == 1


@pytest.mark.parametrize("who", ["keep, complete", "complete, keep", "keep, keep"])
def test_every_event_enters_the_signed_log_once(place: Engine, tmp_path_factory: Any, who: str) -> None:
    def keep(case: Case) -> Command:
        def make(session: Session) -> object:
            session.info["audit_key"] = KEYS.setdefault(place, tmp_path_factory.mktemp("key") / "audit.pem")
            return checkpoints.make(session)

        return make

    commands = {"keep": keep, "complete": complete("a")}
    one, two = (commands[name] for name in who.split(", "))
    for _, outcome in every_interleaving(place, "raced", one, two):
        assert not isinstance(outcome.first, EngineError)
        assert not isinstance(outcome.second, EngineError)

    with Session(place, info={"audit_key": KEYS[place]}) as session:
        while checkpoints.is_behind(session):
            checkpoints.make(session)
            session.commit()
        entered = session.scalars(select(AuditLeaf.event_id)).all()
        assert sorted(entered) == sorted(session.scalars(select(HistoryEvent.id)))
        assert len(session.scalars(select(AuditCheckpoint)).all()) > 1
        assert verification.verify(audit_log.records(session)).findings == []
