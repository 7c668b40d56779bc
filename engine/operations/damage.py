"""Instances whose saved state cannot be read: told by an incident, held still, everybody else unharmed."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, index, steps
from engine.actors import SYSTEM, Actor
from engine.errors import StateUnreadable
from engine.handlers import Json
from engine.operations import holds
from engine.tables import Incident, ProcessInstance

KIND = "state"


def report(session: Session, error: StateUnreadable) -> Incident | None:
    """Raise the incident of an instance whose state cannot be read and hold it; the open one when there is.

    None for one that has ended: nothing waits for it. Reads nothing of the state. Whoever catches the error
    calls this in a transaction of its own.
    """
    instance = steps.locked(session, error.instance)
    if instance.status != "active":
        return None
    known = select(Incident).where(
        Incident.instance_id == instance.id, Incident.kind == KIND, Incident.status == "open"
    )
    found = session.scalars(known).first()
    if found is not None:
        return found
    vi, en = error.text("vi"), error.text("en")
    incident = Incident(
        instance_id=instance.id,
        token=index.NO_TOKEN,
        element=instance.process_id,
        kind=KIND,
        vi=vi,
        en=en,
        status="open",
        created_at=clock.now(),
    )
    with steps.guarded(instance.id):
        session.add(incident)
        holds.place(session, instance, SYSTEM, str(error.values["cause_vi"]), holds.DAMAGE)
        data: dict[str, Json] = {"kind": KIND, "vi": vi, "en": en, "token": index.NO_TOKEN, "flows": []}
        history.record(session, instance, "incident.raised", SYSTEM, data, instance.process_id)
        session.flush()
        history.write(session)
    return incident


def close(session: Session, instance: ProcessInstance, actor: Actor, reason: str | None) -> None:
    """Cancel a locked instance by its rows alone, because its state cannot say what waits."""
    with steps.guarded(instance.id):
        index.close_all(session, instance, actor)
        instance.status, instance.ended_at = "cancelled", clock.now()
        data: dict[str, Json] = {} if reason is None else {"reason": reason}
        history.record(session, instance, "instance.cancelled", actor, data)
        session.flush()
        history.write(session)


def find(session: Session) -> list[StateUnreadable]:
    """Return what is wrong with every running instance whose state cannot be read; changes nothing."""
    found: list[StateUnreadable] = []
    query = select(ProcessInstance).where(ProcessInstance.status == "active").order_by(ProcessInstance.id)
    for instance in session.scalars(query.execution_options(yield_per=100)):
        try:
            steps.load(session, instance, SYSTEM)
        except StateUnreadable as error:
            found.append(error)
    return found
