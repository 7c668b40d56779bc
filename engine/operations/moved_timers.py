"""Count drawn timers anew whose moment rests on working days, after a change of the calendar."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, operations, queue
from engine.actors import Actor
from engine.bpmn.model import Process
from engine.handlers import Json
from engine.spiff import rearming
from engine.spiff.game import Game
from engine.tables import ProcessInstance, Timer

WORDS = "working day"  # every function that counts them has these words in its name


def recount(session: Session, actor: Actor, reason: str) -> int:
    """Move the waiting timers of running cases to where the calendar puts them now; return how many moved.

    Each is counted from the moment when it was planned, with the variables that its step sees. A cycle goes
    on as it was. Raises FeelError when one cannot be counted any more: the change is refused then.
    """
    waits = (Timer.status == "waiting", Timer.token.is_not(None), Timer.interval.is_(None))
    query = select(Timer.instance_id).where(*waits, Timer.instance_id.is_not(None)).distinct()
    total = 0
    for number in session.scalars(query.order_by(Timer.instance_id)).all():
        instance = session.get_one(ProcessInstance, number)
        named = _counting(deployments.compiled(session, instance).process)
        if named:
            total += _recount(session, instances.locked(session, instance.id), named, actor, reason)
    return total


def _counting(process: Process) -> frozenset[str]:
    """Return the elements of a process whose timer counts working days."""
    return frozenset(
        element.id
        for element in process.elements.values()
        if any(one.timer_kind and WORDS in (one.expression or "") for one in element.event_definitions)
    )


def _recount(
    session: Session, instance: ProcessInstance, elements: Collection[str], actor: Actor, reason: str
) -> int:
    query = select(Timer).where(
        Timer.instance_id == instance.id,
        Timer.status == "waiting",
        Timer.element.in_(elements),
        Timer.interval.is_(None),
    )
    timers = {timer.token: timer for timer in session.scalars(query.order_by(Timer.id))}
    planned = (one for one in history.of_instance(session, instance.id) if one.kind == "timer.planned")
    began = {one.data["token"]: one.at for one in planned if one.data["token"] in timers}
    found: dict[int, str] = {}

    def count(game: Game) -> None:
        found.update(rearming.restart_timers(game, elements, began))
        _tell(session, instance, timers, found, actor, reason)

    instances.advance(session, instance, actor, count)
    moved = [timers[token] for token, due in found.items() if _move(timers[token], due)]
    for timer in moved:
        queue.defer_timer(session, timer.id, timer.due_at)
    session.flush()
    return len(moved)


def _tell(
    session: Session,
    instance: ProcessInstance,
    timers: Mapping[int | None, Timer],
    found: Mapping[int, str],
    actor: Actor,
    reason: str,
) -> None:
    for token, due in found.items():
        timer = timers[token]
        if timer.due_at != datetime.fromisoformat(due):
            data: dict[str, Json] = {"timer": timer.id, "before": timer.due_at.isoformat(), "after": due}
            operations.record(session, instance, "timer.moved", actor, reason, data, timer.element)


def _move(timer: Timer, due: str) -> bool:
    moment = datetime.fromisoformat(due)
    if timer.due_at == moment:
        return False
    timer.due_at = timer.started_at = moment
    return True
