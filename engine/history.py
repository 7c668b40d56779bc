"""History: append-only facts of an instance, numbered and chained per instance, in the step's transaction."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import LargeBinary, Text, column, event, insert, select, table
from sqlalchemy.orm import Session, SessionTransaction

from engine import clock
from engine.actors import Actor
from engine.audit import canonical, chain
from engine.handlers import Json
from engine.tables import HistoryEvent, ProcessInstance, UtcDateTime

_UNWRITTEN = "unwritten history"
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # made once: it costs as much
# The JSON is written when an event is recorded: what its hash covers is what is stored, whatever happens to
# the values afterwards. So the columns are plain text here.
_table = table(
    HistoryEvent.__tablename__,
    column("instance_id"),
    column("sequence"),
    column("at", UtcDateTime()),
    column("kind", Text),
    column("element", Text),
    column("actor", Text),
    column("on_behalf_of", Text),
    column("actor_groups", Text),
    column("data", Text),
    column("salts", LargeBinary),
    column("prev", LargeBinary),
    column("hash", LargeBinary),
)
_INSERT = insert(_table)  # built once: building it takes as long as running it


def record(
    session: Session,
    instance: ProcessInstance,
    kind: str,
    actor: Actor,
    data: Mapping[str, Json],
    element: str | None = None,
) -> None:
    """Number one event, chain it to the one before and keep it until `write`; kinds are `noun.past`."""
    at, instance_id, number, previous = clock.now(), instance.id, instance.events + 1, instance.head or b""
    groups = sorted(actor.groups) or None
    kept, covered, salts = _seal(data)
    entry = {
        "inst": instance_id,
        "n": number,
        "prev": previous.hex(),
        "at": say_moment(at),
        "actor": actor.name,
        "on_behalf_of": actor.on_behalf_of,
        "groups": groups,
        "kind": kind,
        "element": element,
    }
    digest = chain.digest(entry, covered)
    instance.events, instance.head = number, digest
    unwritten: list[dict[str, object]] = session.info.setdefault(_UNWRITTEN, [])
    unwritten.append(
        {
            "instance_id": instance_id,
            "sequence": number,
            "at": at,
            "kind": kind,
            "element": element,
            "actor": actor.name,
            "on_behalf_of": actor.on_behalf_of,
            "actor_groups": None if groups is None else write_json(groups),
            "data": kept,
            "salts": salts,
            "prev": previous,
            "hash": digest,
        }
    )


def _seal(data: Mapping[str, Any]) -> tuple[str, str, bytes]:
    """Return data as it is stored, as it is hashed, and its salts; numbers beyond a double become text."""
    try:
        covered, salts = chain.seal(data)
    except canonical.NotCanonical:
        data = canonical.fit(data)
        covered, salts = chain.seal(data)
    return write_json(data), covered, salts


def say_moment(at: datetime) -> str:
    """Return an aware moment as the hash of an event has it: UTC, microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def write_json(value: Any) -> str:
    """Return JSON as the tables keep it."""
    return _encode(value)


def write(session: Session) -> None:
    """Write what was recorded, in one statement; whoever records writes before the transaction ends."""
    unwritten = session.info.pop(_UNWRITTEN, [])
    if unwritten:
        session.connection().execute(_INSERT, unwritten)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, _previous: SessionTransaction) -> None:
    """Forget what was recorded in a transaction that did not happen."""
    if session.get_nested_transaction() is None:
        session.info.pop(_UNWRITTEN, None)


@event.listens_for(Session, "before_commit")
def _refuse_to_lose(session: Session) -> None:
    """Refuse to commit while recorded events are not written: an event is never lost in silence."""
    # a savepoint is not the end: the event is called for it, too
    if session.info.get(_UNWRITTEN) and not session.in_nested_transaction():
        raise RuntimeError("recorded history was not written before the commit")


def of_instance(session: Session, instance_id: int) -> Sequence[HistoryEvent]:
    """Return the events of an instance by sequence number."""
    query = select(HistoryEvent).where(HistoryEvent.instance_id == instance_id)
    return session.scalars(query.order_by(HistoryEvent.sequence)).all()


def completed_elements(events: Sequence[HistoryEvent]) -> list[str]:
    """Return the ids of completed elements in the order they completed."""
    return [found.element for found in events if found.kind == "element.completed" and found.element]


def taken_flows(events: Sequence[HistoryEvent]) -> set[str]:
    """Return the ids of the flows that tokens walked."""
    return {flow for event in events for flow in event.data.get("flows", []) if flow}
