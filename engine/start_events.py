"""Start events of the newest version of a process: they wait for their messages, signals and times."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, feel, index
from engine.bpmn import model
from engine.tables import ProcessDefinition, Subscription, Timer


def open_all(session: Session, definition: ProcessDefinition, process: model.Process) -> None:
    """Let the start events of the newest version wait for their messages, signals and times."""
    for start in process.triggers():
        for event in start.event_definitions:
            _open(session, definition, start, event)


def close_all(session: Session, definition: ProcessDefinition) -> None:
    """Let the start events of a version wait for nothing any more."""
    for subscription in session.scalars(
        select(Subscription).where(Subscription.definition_id == definition.id)
    ):
        session.delete(subscription)
    waiting = select(Timer).where(Timer.definition_id == definition.id, Timer.status == "waiting")
    index.cancel_timers(session, session.scalars(waiting).all())


def _open(
    session: Session, definition: ProcessDefinition, start: model.Element, event: model.EventDefinition
) -> None:
    now = clock.now()
    if event.kind == "timer" and event.timer_kind is not None:
        due, left, interval = feel.timer_due(event.timer_kind, event.expression or "", {}, now)
        index.plan(session, _timer(definition, start.id, due, left, interval))
        return
    name = event.code if event.message is None else event.message.name
    if event.kind in ("message", "signal") and name:
        row = Subscription(
            definition_id=definition.id,
            element=start.id,
            kind=event.kind,
            message_name=str(feel.resolve(name, {}, now)),
            created_at=now,
        )
        session.add(row)


def _timer(
    definition: ProcessDefinition, element: str, due: datetime, left: int | None, interval: str | None
) -> Timer:
    return Timer(
        definition_id=definition.id,
        element=element,
        due_at=due,
        repetitions=left,
        interval=interval,
        started_at=due,
        occurrence=0,
        status="waiting",
    )
