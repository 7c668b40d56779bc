"""Walk a drawn model on a real database by the commands of people and worker; what rows and history say."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cache

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import (
    clock,
    deployments,
    history,
    incidents,
    instances,
    jobs,
    messages,
    signals,
    tasks,
    timers,
)
from engine.actors import SYSTEM, Actor
from engine.audit import replay
from engine.handlers import Json, Registration, ServiceCall
from engine.operations import migration
from engine.spiff import state
from engine.tables import (
    Base,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)
from tests.property.blocks import ASIDE, Model

NORA = Actor("nora", frozenset({"staff"}))
STEPS = 300
TIRED = 12
FAILING = 0.1
MIGRATE = 0.15  # how often an instance is brought to a version that differs by nothing but its number
FORGET = 0.1  # how often another process goes on: with nothing in its memory but what the database says
Place = tuple[ProcessInstance, state.Wait]
Operate = Callable[[Session, random.Random, list[Place], Model], object]


def serve(_session: Session, _call: ServiceCall) -> Mapping[str, Json]:
    """Serve every job."""
    return {"served": True}


HANDLERS = {"inside": Registration(serve), "outside": Registration(serve, outside=True)}


@cache
def _engine() -> Engine:
    return create_engine("sqlite://", poolclass=StaticPool)


@contextmanager
def database() -> Iterator[Engine]:
    """Give an empty database in memory, always the same one: its statements are compiled already."""
    engine = _engine()
    Base.metadata.drop_all(engine)  # history is append-only: its rows go with their table only
    Base.metadata.create_all(engine)
    yield engine


def open_session(engine: Engine) -> Session:
    """Open a session with the handlers of the models."""
    return Session(engine, info={"handlers": HANDLERS})


def walk(engine: Engine, model: Model, chance: random.Random, operate: Operate | None = None) -> None:
    """Walk one path to its end, each step in a transaction; from time to time in a new process.

    Before each step `operate` may do something else to a case; a version that differs by nothing but its
    number takes it over from time to time.
    """
    session = open_session(engine)
    with clock.pinned(clock.now()):
        for name in ("bản một", "bản hai"):
            for process in (*model.called, model.process):
                process.node.set("name", name)
            files = [process.file() for process in (*model.called, model.process)]
            deployments.deploy(session, files, NORA)
        first = instances.start(session, model.process.id, {"key": "K", **model.values(chance)}, NORA)
        number = first.id
        for step in range(STEPS):
            session.commit()
            if chance.random() < FORGET:
                session.close()
                deployments._CACHE.clear()
                session = open_session(engine)
            if step < TIRED:
                around(session, chance, model, operate)
            waits = assert_rows(session)
            if not waits:
                break
            finish(session, chance, waits, model, tired=step > TIRED)
        assert_ended(session, number)
    session.close()


def around(session: Session, chance: random.Random, model: Model, operate: Operate | None) -> None:
    """Do something to one case that is not the next step of its path."""
    waits = assert_rows(session)
    if waits and chance.random() < MIGRATE:
        migrate(session, chance.choice(waits)[0])
    elif waits and operate is not None:
        operate(session, chance, waits, model)
    session.commit()


def migrate(session: Session, instance: ProcessInstance) -> None:
    """Bring an instance to the other version of its process: nothing changes but the version."""
    query = select(ProcessDefinition.id).where(
        ProcessDefinition.process_id == instance.process_id, ProcessDefinition.id != instance.definition_id
    )
    target = session.scalars(query).one()
    before, waits = instance.state, state.waits(instances.load(session, instance, NORA))
    migration.migrate(session, instance.id, migration.Plan(target), NORA, "cùng một sơ đồ")
    assert instance.definition_id == target
    assert instance.state == before
    assert state.waits(instances.load(session, instance, NORA)) == waits


def assert_ended(session: Session, number: int) -> None:
    """The started instance has completed, what it called has ended, history has no gaps."""
    rows = session.scalars(select(ProcessInstance)).all()
    assert {row.id: row.status for row in rows}[number] == "completed"
    assert all(row.status != "active" for row in rows)
    for row in rows:
        numbers = [event.sequence for event in history.of_instance(session, row.id)]
        assert numbers == list(range(1, row.events + 1))
        assert replay.differences(session, row) == []


def assert_rows(session: Session) -> list[Place]:
    """The rows of every instance say what its state says; return everything that waits."""
    found: list[Place] = []
    active = select(ProcessInstance).where(ProcessInstance.status == "active")
    for instance in session.scalars(active.order_by(ProcessInstance.id)).all():
        waits = list(state.waits(instances.load(session, instance, NORA)).values())
        assert waits, f"instance {instance.id} of {instance.process_id} is stuck"
        _assert_rows_of(session, instance, waits)
        assert replay.differences(session, instance) == []
        found += [(instance, wait) for wait in waits]
    return found


def _assert_rows_of(session: Session, instance: ProcessInstance, waits: list[state.Wait]) -> None:
    rows: list[tuple[str, int | None, str]] = []
    for kind, table, status in (
        ("task", UserTask, UserTask.status == "open"),
        ("job", Job, Job.status.in_(("open", "failed"))),
        ("timer", Timer, Timer.status == "waiting"),
        ("subscription", Subscription, Subscription.instance_id == instance.id),
        ("incident", Incident, Incident.status == "open"),
    ):
        query = select(table).where(table.instance_id == instance.id, status)  # type: ignore[attr-defined]
        rows += [
            (row.kind if kind == "subscription" else kind, row.token, row.element)
            for row in session.scalars(query)
        ]
    shown = [(wait.kind, wait.token, wait.element) for wait in waits if wait.kind != "call"]
    assert sorted(rows, key=repr) == sorted(shown, key=repr)
    due = select(Timer.due_at).where(Timer.status == "waiting", Timer.instance_id == instance.id)
    planned = [wait.details["due"] for wait in waits if wait.kind == "timer"]
    assert sorted(moment.isoformat() for moment in session.scalars(due)) == sorted(planned)


def finish(session: Session, chance: random.Random, places: list[Place], model: Model, tired: bool) -> None:
    """Finish one random wait by the command that belongs to it."""
    places = [place for place in places if place[1].kind not in ("call", "conditional")]
    if tired:
        places = [place for place in places if not place[1].element.endswith(ASIDE)]
    instance, wait = chance.choice(places)
    _FINISH[wait.kind](session, instance.id, wait, model.values(chance, tired), chance)


Values = dict[str, Json]


def _finish_task(session: Session, instance: int, wait: state.Wait, values: Values, _: random.Random) -> None:
    query = select(UserTask.id).where(UserTask.instance_id == instance, UserTask.token == wait.token)
    tasks.complete(session, session.scalars(query.where(UserTask.status == "open")).one(), values, NORA)


def _finish_job(session: Session, instance: int, wait: state.Wait, values: Values, _: random.Random) -> None:
    query = select(Job).where(Job.instance_id == instance, Job.token == wait.token, Job.status == "open")
    job = session.scalars(query).one()
    if job.type in HANDLERS:
        jobs.run(session, job.id)
    else:
        jobs.complete(session, job.id, values, NORA)


def _fire(session: Session, instance: int, wait: state.Wait, _: Values, chance: random.Random) -> None:
    query = select(Timer).where(Timer.instance_id == instance, Timer.token == wait.token)
    timer = session.scalars(query.where(Timer.status == "waiting")).one()
    if chance.random() < FAILING:
        timers.fail(session, timer.id, "no way on")
        return
    with clock.pinned(max(timer.due_at, clock.now())):
        timers.fire(session, timer.id)


def _publish(session: Session, _: int, wait: state.Wait, values: Values, _c: random.Random) -> None:
    key, name = str(wait.details["key"]), str(wait.details["name"])
    messages.publish(session, name, key, values, actor=SYSTEM, time_to_live=timedelta(days=1))


def _broadcast(session: Session, _: int, wait: state.Wait, values: Values, _c: random.Random) -> None:
    signals.broadcast(session, str(wait.details["name"]), values)


def _retry(session: Session, instance: int, wait: state.Wait, _: Values, _c: random.Random) -> None:
    query = select(Incident.id).where(Incident.instance_id == instance, Incident.token == wait.token)
    incidents.retry(session, session.scalars(query.where(Incident.status == "open")).one(), NORA)


_FINISH = {
    "task": _finish_task,
    "job": _finish_job,
    "timer": _fire,
    "message": _publish,
    "signal": _broadcast,
    "incident": _retry,
}
