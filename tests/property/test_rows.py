"""Random models on a real database: after every command the rows say what the state says."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import clock, deployments, history, incidents, instances, jobs, messages, tasks, timers
from engine.actors import SYSTEM, Actor
from engine.handlers import Json, Registration, ServiceCall
from engine.spiff import state
from engine.tables import Base, Incident, Job, ProcessInstance, Subscription, Timer, UserTask
from tests.property import blocks
from tests.property.blocks import Tree

NORA = Actor("nora", frozenset({"staff"}))
STEPS = 300
TIRED = 12
FAILING = 0.1
Waits = list[state.Wait]


def serve(_session: Session, _call: ServiceCall) -> Mapping[str, Json]:
    return {"served": True}


HANDLERS = {"inside": Registration(serve), "outside": Registration(serve, outside=True)}


@pytest.fixture(scope="module")
def place() -> Iterator[Engine]:
    """Give one empty database; every example is rolled back."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


@settings(
    max_examples=25,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(blocks.trees, blocks.seeds)
def test_rows_follow_the_state_and_history_has_no_gaps(place: Engine, tree: Tree, seed: int) -> None:
    model, chance = blocks.draw(tree), blocks.chance_of(seed)
    with Session(place) as session, clock.pinned(clock.now()):
        session.info["handlers"] = HANDLERS
        deployments.deploy(session, [model.process.file()], NORA)
        instance = instances.start(session, "random", {"key": "K", **model.values(chance)}, NORA)
        for step in range(STEPS):
            waits = assert_rows(session, instance)
            if instance.status != "active":
                break
            finish(session, chance, waits, model, tired=step > TIRED)
        session.flush()
        numbers = [event.sequence for event in history.of_instance(session, instance.id)]
        session.rollback()

    assert instance.status == "completed"
    assert numbers == list(range(1, len(numbers) + 1))


def assert_rows(session: Session, instance: ProcessInstance) -> Waits:
    waits = list(state.waits(instances.load(session, instance, NORA)).values())
    rows: list[tuple[str, int | None, str]] = []
    for kind, table, status in (
        ("task", UserTask, UserTask.status == "open"),
        ("job", Job, Job.status.in_(("open", "failed"))),
        ("timer", Timer, Timer.status == "waiting"),
        ("message", Subscription, Subscription.instance_id == instance.id),
        ("incident", Incident, Incident.status == "open"),
    ):
        found = session.scalars(select(table).where(table.instance_id == instance.id, status))  # type: ignore[attr-defined]
        rows += [(kind, row.token, row.element) for row in found]
    assert sorted(rows) == sorted((wait.kind, wait.token, wait.element) for wait in waits)
    due = session.scalars(select(Timer.due_at).where(Timer.status == "waiting")).all()
    assert sorted(m.isoformat() for m in due) == sorted(w.details["due"] for w in waits if w.kind == "timer")
    return waits


def finish(session: Session, chance: random.Random, waits: Waits, model: blocks.Model, tired: bool) -> None:
    """Finish one random wait by the command that belongs to it."""
    if tired:
        waits = [wait for wait in waits if not wait.element.endswith(("_beside", "_due"))]
    wait, values = chance.choice(sorted(waits, key=lambda one: one.token)), model.values(chance, tired)
    if wait.kind == "task":
        task = select(UserTask.id).where(UserTask.token == wait.token, UserTask.status == "open")
        tasks.complete(session, session.scalars(task).one(), values, NORA)
    elif wait.kind == "job":
        jobs.run(session, session.scalars(select(Job.id).where(Job.token == wait.token)).one())
    elif wait.kind == "timer":
        timer = session.scalars(
            select(Timer).where(Timer.token == wait.token, Timer.status == "waiting")
        ).one()
        if chance.random() < FAILING:
            timers.fail(session, timer.id, "no way on")
            return
        with clock.pinned(max(timer.due_at, clock.now())):
            timers.fire(session, timer.id)
    elif wait.kind == "incident":
        incident = select(Incident.id).where(Incident.token == wait.token, Incident.status == "open")
        incidents.retry(session, session.scalars(incident).one(), NORA)
    else:
        key, name = str(wait.details["key"]), str(wait.details["name"])
        messages.publish(session, name, key, values, actor=SYSTEM, time_to_live=timedelta(days=1))
