"""Operations on running cases, chosen at random: whatever people do to a case, it stays whole."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import tasks
from engine.actors import Actor
from engine.errors import EngineError
from engine.operations import corrections, modification, returning, suspension
from engine.tables import ProcessInstance, Timer, UserTask
from tests.property.blocks import Model
from tests.property.walking_rows import NORA, Place

MIA = Actor("mia", frozenset({"staff"}))
REASON = "thử nghiệm"


def operate(session: Session, chance: random.Random, places: list[Place], model: Model) -> str:
    """Do one thing to one case; a refusal leaves everything as it was. Return what was done."""
    instance, wait = chance.choice(places)
    number, before = instance.id, instance.state
    name = chance.choice(sorted(_OPERATIONS))
    try:
        _OPERATIONS[name](session, chance, instance, wait.token, model)
    except EngineError:
        session.rollback()
        assert session.get_one(ProcessInstance, number).state == before
        return f"{name} refused"
    return name


def _hold(session: Session, _: random.Random, instance: ProcessInstance, token: int, _m: Model) -> None:
    """Nothing can be completed while a case is suspended; afterwards it goes on as before."""
    before = instance.state
    suspension.suspend(session, instance.id, MIA, REASON)
    task = _task(session, instance, token)
    if task is not None:
        with pytest.raises(EngineError), session.begin_nested():
            tasks.complete(session, task.id, {}, NORA)
    suspension.resume(session, instance.id, MIA, REASON)
    assert session.get_one(ProcessInstance, instance.id).state == before


def _correct(
    session: Session, chance: random.Random, instance: ProcessInstance, _t: int, model: Model
) -> None:
    corrections.set_variables(session, instance.id, model.values(chance), MIA, REASON)


def _date(session: Session, chance: random.Random, instance: ProcessInstance, token: int, _m: Model) -> None:
    task = _task(session, instance, token)
    if task is not None:
        due = task.created_at + timedelta(days=chance.randint(1, 9))
        corrections.set_due(session, task.id, due, MIA, REASON)


def _postpone(
    session: Session, chance: random.Random, instance: ProcessInstance, token: int, _m: Model
) -> None:
    query = select(Timer).where(Timer.instance_id == instance.id, Timer.token == token)
    timer = session.scalars(query.where(Timer.status == "waiting")).first()
    if timer is not None:
        moved = timer.due_at + timedelta(days=chance.randint(1, 9))
        corrections.move_timer(session, timer.id, moved, MIA, REASON)


def _send_back(
    session: Session, chance: random.Random, instance: ProcessInstance, token: int, _m: Model
) -> None:
    task = _task(session, instance, token)
    if task is not None and (targets := returning.targets(session, task.id, NORA)):
        returning.send_back(session, task.id, chance.choice(targets).element, NORA, REASON)


def _recall(session: Session, chance: random.Random, instance: ProcessInstance, _t: int, _m: Model) -> None:
    query = select(UserTask.id).where(UserTask.instance_id == instance.id, UserTask.status == "completed")
    done = session.scalars(query.order_by(UserTask.id)).all()
    if done:
        returning.recall(session, done[-1], NORA, REASON)


def _again(session: Session, _: random.Random, instance: ProcessInstance, token: int, _m: Model) -> None:
    """Move a token to where it stands: what it waited for begins anew."""
    task = _task(session, instance, token)
    if task is not None:
        move = modification.Move(task.element, token=token)
        shown = modification.preview(session, instance.id, [move], MIA)
        modification.apply(session, instance.id, [move], MIA, REASON, version=shown.version)


def _claim(session: Session, chance: random.Random, instance: ProcessInstance, token: int, _m: Model) -> None:
    task = _task(session, instance, token)
    if task is not None:
        tasks.claim(session, task.id, NORA)
        if chance.random() < 0.5:
            tasks.release(session, task.id, NORA)


def _task(session: Session, instance: ProcessInstance, token: int) -> UserTask | None:
    query = select(UserTask).where(UserTask.instance_id == instance.id, UserTask.token == token)
    return session.scalars(query.where(UserTask.status == "open")).first()


_OPERATIONS = {
    "hold": _hold,
    "correct": _correct,
    "date": _date,
    "postpone": _postpone,
    "send back": _send_back,
    "recall": _recall,
    "again": _again,
    "claim": _claim,
}
