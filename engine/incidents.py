"""Incidents: steps that could not go on, tried again after somebody repaired the cause."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, index, instances, queue
from engine.actors import Actor
from engine.errors import Conflict, NotFound
from engine.handlers import Json
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import Incident, Job, Timer


def retry(session: Session, incident_id: int, actor: Actor) -> None:
    """Try the step of an open incident again: a failed job gets new retries, a failed timer fires anew."""
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(kind="incident", key=incident_id)
    instance = instances.locked(session, incident.instance_id)
    session.refresh(incident)
    if incident.status != "open":
        raise Conflict(
            expected=f"incident {incident_id} open", found="it is resolved", found_vi="sự cố đã được xử lý"
        )
    data: dict[str, Json] = {"kind": incident.kind, "vi": incident.vi, "en": incident.en}
    history.record(session, instance, "incident.retried", actor, data, incident.element)
    reopen = _REOPEN.get(incident.kind)
    if reopen is not None:
        reopen(session, incident)

    def again(game: Game) -> None:
        token = game.token(incident.token)
        if token is None:
            return
        if reopen is not None:
            token.internal_data.pop("incident", None)
        else:
            stepping.retry(game, token)

    instances.advance(session, instance, actor, again)


def _reopen_job(session: Session, incident: Incident) -> None:
    query = select(Job).where(
        Job.instance_id == incident.instance_id, Job.token == incident.token, Job.status == "failed"
    )
    job = session.scalars(query).one()
    job.status, job.retries = "open", index.RETRIES
    index.defer(session, job)


def _plan_again(session: Session, incident: Incident) -> None:
    query = select(Timer).where(
        Timer.instance_id == incident.instance_id, Timer.token == incident.token, Timer.status == "waiting"
    )
    timer = session.scalars(query).one()
    queue.defer_timer(session, timer.id, timer.due_at)


# What goes on waiting while the incident is open, and how it is tried again; any other step runs anew.
_REOPEN: dict[str, Callable[[Session, Incident], None]] = {"job": _reopen_job, "timer": _plan_again}
