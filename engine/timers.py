"""Timers: due moments of tokens and of start events, fired by the worker when they are still wanted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, feel, history, index, instances, queue
from engine.actors import SYSTEM
from engine.errors import EngineError
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import ProcessDefinition, Timer

START_PAUSE = timedelta(minutes=30)  # before a start event whose timer failed is tried again


class TimerFailed(EngineError):
    """Expected the timer of '{element}' to fire, but it failed: {error}."""

    vi = "Hẹn giờ “{element}” không chạy được: {error}"
    en = "Timer '{element}' could not fire: {error}"


def fire(session: Session, timer_id: int) -> bool:
    """Fire a timer that is due and still wanted; False when there was nothing to do."""
    timer = session.get(Timer, timer_id)
    if timer is None or timer.status != "waiting":
        return False
    if timer.due_at > clock.now():
        # a clock that was held and let go again may be behind the job that asked
        queue.defer_timer(session, timer.id, timer.due_at)
        return False
    if timer.instance_id is None:
        session.refresh(timer, with_for_update=True)
        return timer.status == "waiting" and _fire_start(session, timer)
    instance = instances.locked(session, timer.instance_id)
    session.refresh(timer)
    if timer.status != "waiting":
        return False
    timer.status = "fired"
    due = timer.due_at.isoformat()
    history.record(session, instance, "timer.fired", SYSTEM, {"due": due}, timer.element)

    def pass_on(game: Game) -> None:
        token = game.token(timer.token) if timer.token is not None else None
        if token is not None:
            stepping.finish(game, token, {})

    instances.advance(session, instance, SYSTEM, pass_on)
    return True


def fail(session: Session, timer_id: int, error: str) -> None:
    """Make an incident of a timer that failed again and again; it goes on waiting, its activity too.

    The timer of a start event has no instance to show an incident in: it is tried again later.
    """
    timer = session.get(Timer, timer_id)
    if timer is None or timer.status != "waiting":
        return
    if timer.instance_id is None:
        queue.defer_timer(session, timer.id, clock.now() + START_PAUSE)
        return
    instance = instances.locked(session, timer.instance_id)
    session.refresh(timer)
    if timer.status != "waiting":
        return

    def stop(game: Game) -> None:
        token = game.token(timer.token) if timer.token is not None else None
        if token is not None:
            stepping.hold(token, TimerFailed(element=timer.element, error=error), "timer")

    instances.advance(session, instance, SYSTEM, stop)


def _fire_start(session: Session, timer: Timer) -> bool:
    definition = session.get_one(ProcessDefinition, timer.definition_id)
    timer.status = "fired"
    instances.start_at(session, definition, timer.element, {}, SYSTEM, business_key="")
    if timer.interval is not None and timer.repetitions != 0:
        occurrence = timer.occurrence + 1
        left = None if timer.repetitions is None else timer.repetitions - 1
        again = Timer(
            definition_id=definition.id,
            element=timer.element,
            due_at=feel.next_cycle(timer.started_at, timer.interval, occurrence),
            repetitions=left,
            interval=timer.interval,
            started_at=timer.started_at,
            occurrence=occurrence,
            status="waiting",
        )
        index.plan(session, again)
    return True


def due(session: Session, until: datetime) -> Sequence[Timer]:
    """Return the waiting timers due until a moment, in the order they fall due."""
    query = select(Timer).where(Timer.status == "waiting", Timer.due_at <= until)
    return session.scalars(query.order_by(Timer.due_at, Timer.id)).all()
