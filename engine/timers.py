"""Timers: due moments of tokens and of start events, fired by the worker when they are still wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, index, instances, queue, task_alerts
from engine.actors import SYSTEM
from engine.errors import EngineError
from engine.handlers import Json
from engine.operations import holds
from engine.spiff import stepping, waits
from engine.spiff.game import Game
from engine.tables import ProcessDefinition, ProcessInstance, Timer

START_PAUSE = timedelta(minutes=30)  # before a start event or a reminder whose timer failed is tried again


class TimerFailed(EngineError):
    """Expected the timer of '{element}' to fire, but it failed: {error}."""

    vi = "Hẹn giờ “{element}” không chạy được: {error}"
    en = "Timer '{element}' could not fire: {error}"


def fire(session: Session, timer_id: int) -> bool:
    """Fire a timer that is due and still wanted; False when there was nothing to do."""
    instance = _lock_instance(session, timer_id)
    timer = session.get(Timer, timer_id, populate_existing=True, with_for_update=instance is None)
    if timer is None or timer.status != "waiting":
        return False
    if timer.due_at > clock.now():
        # a clock that was held and let go again may be behind the job that asked
        queue.defer_timer(session, timer.id, timer.due_at)
        return False
    if instance is None:
        return _fire_start(session, timer)
    if instance.suspended_at is not None:
        return False  # a held instance is asked again when it goes on
    if timer.task_id is not None:
        return task_alerts.fire(session, instance, timer)
    timer.status = "fired"
    due = timer.due_at.isoformat()
    history.record(session, instance, "timer.fired", SYSTEM, {"due": due}, timer.element)

    def pass_on(game: Game) -> None:
        token = game.token(timer.token) if timer.token is not None else None
        if token is not None:
            stepping.finish(game, token, {})

    instances.advance(session, instance, SYSTEM, pass_on)
    return True


def _lock_instance(session: Session, timer_id: int) -> ProcessInstance | None:
    """Return the instance a timer belongs to, locked, so that the timer is read as it stays; else None."""
    owner = select(Timer.instance_id).where(Timer.id == timer_id).scalar_subquery()
    query = select(ProcessInstance).where(ProcessInstance.id == owner).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).first()


def fail(session: Session, timer_id: int, error: str) -> None:
    """Make an incident of a timer that failed again and again; it goes on waiting, its activity too.

    The timer of a start event has no instance to show an incident in, a reminder stops nobody: both are tried
    again later.
    """
    timer = session.get(Timer, timer_id)
    if timer is None or timer.status != "waiting":
        return
    if timer.instance_id is None or timer.task_id is not None:
        queue.defer_timer(session, timer.id, clock.now() + START_PAUSE)
        return
    instance = instances.locked(session, timer.instance_id)
    session.refresh(timer)
    if timer.status != "waiting" or instance.suspended_at is not None:
        return

    def stop(game: Game) -> None:
        token = game.token(timer.token) if timer.token is not None else None
        if token is not None:
            stepping.hold(token, TimerFailed(element=timer.element, error=error), "timer")

    instances.advance(session, instance, SYSTEM, stop)


def _fire_start(session: Session, timer: Timer) -> bool:
    definition = session.get_one(ProcessDefinition, timer.definition_id)
    if holds.is_suspended(session, definition):
        return False
    timer.status = "fired"
    instance = instances.start_at(session, definition, timer.element, {}, SYSTEM, business_key="")
    again, missed = waits.next_wait(_wait_of(timer), clock.now())
    if missed:
        data: dict[str, Json] = {"count": missed}
        history.record(session, instance, "timer.skipped", SYSTEM, data, timer.element)
        session.flush()
        history.write(session)
    if again is None:
        return True
    planned = Timer(
        definition_id=definition.id,
        element=timer.element,
        due_at=datetime.fromisoformat(again["due"]),
        repetitions=again["left"],
        interval=timer.interval,
        started_at=timer.started_at,
        occurrence=again["occurrence"],
        status="waiting",
    )
    index.plan(session, planned)
    return True


def _wait_of(timer: Timer) -> dict[str, Any]:
    """Return the wait that a timer row stands for, as a token would hold it."""
    return {
        "kind": "timer",
        "start": timer.started_at.isoformat(),
        "left": timer.repetitions,
        "interval": timer.interval,
        "occurrence": timer.occurrence,
    }


def due(session: Session, until: datetime) -> Sequence[Timer]:
    """Return the waiting timers due until a moment, in the order they fall due; those held are left out."""
    query = select(Timer).where(Timer.status == "waiting", Timer.due_at <= until, holds.is_awake(Timer))
    return session.scalars(query.order_by(Timer.due_at, Timer.id)).all()
