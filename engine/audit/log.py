"""The whole history as records, one after the other: what `formats` writes and `verification` proves.

The session should see one moment of the database (on PostgreSQL isolation level REPEATABLE READ).
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Select, column, exists, select, table
from sqlalchemy.orm import Session

from engine import clock, history
from engine.audit import chain, signing
from engine.audit.verification import FORMAT
from engine.tables import AuditCheckpoint, AuditLeaf, HistoryEvent, ProcessInstance

CHUNK = 2_000  # rows in memory at a time
_STORED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")  # a moment as SQLite keeps it, in UTC
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]

# Without types, as the driver gives them: what somebody spoiled is reported and stops nothing.
_EVENTS = table(
    HistoryEvent.__tablename__,
    column("id"),
    column("instance_id"),
    column("sequence"),
    column("prev"),
    column("at"),
    column("actor"),
    column("on_behalf_of"),
    column("actor_groups"),
    column("kind"),
    column("element"),
    column("data"),
    column("salts"),
    column("hash"),
)
_LEAVES = table(
    AuditLeaf.__tablename__,
    column("leaf_index"),
    column("event_id"),
    column("instance_id"),
    column("sequence"),
    column("hash"),
)
_CHECKPOINTS = table(AuditCheckpoint.__tablename__, column("size"), column("body"))
_INSTANCES = table(ProcessInstance.__tablename__, column("id"), column("events"), column("head"))


def records(session: Session) -> Iterator[dict[str, Any]]:
    """Return header, checkpoints, events in the order of the log, events not in it yet, heads, end."""
    yield _header(session)
    for text in session.scalars(select(_CHECKPOINTS.c.body).order_by(_CHECKPOINTS.c.size)):
        body = _json(text)
        yield (
            {"type": "checkpoint", **body} if isinstance(body, dict) else {"type": "unreadable", "line": text}
        )
    count = 0
    for record in events(session):
        count += record["type"] == "event"
        yield record
    yield from _heads(session)
    yield {"type": "end", "events": count}


def events(session: Session) -> Iterator[dict[str, Any]]:
    """Return the events in the order of the log, and in its gaps what the log knows of an event now gone."""
    logged = select(*_LEAVES.c, *_EVENTS.c).join_from(
        _LEAVES, _EVENTS, _EVENTS.c.id == _LEAVES.c.event_id, isouter=True
    )
    for row in _stream(session, logged.order_by(_LEAVES.c.leaf_index)):
        leaf, found = row[: len(_LEAVES.c)], row[len(_LEAVES.c) :]
        yield _missing(leaf) if found[0] is None else _event(found, leaf[0], _hex(leaf[4]))
    entered = exists().where(_LEAVES.c.event_id == _EVENTS.c.id)
    for row in _stream(session, select(*_EVENTS.c).where(~entered).order_by(_EVENTS.c.id)):
        yield _event(row, None, None)


def _stream(session: Session, query: Select[Any]) -> Iterable[Any]:
    return session.execute(query.execution_options(yield_per=CHUNK))


def _header(session: Session) -> dict[str, Any]:
    path: Path | None = session.info.get("audit_key")
    key = signing.public_text(signing.read_key(path)) if path is not None and path.exists() else None
    return {
        "type": "header",
        "format": FORMAT,
        "v": chain.VERSION,
        "at": history.say_moment(clock.now()),
        "key": key,
    }


def _event(row: Any, leaf: int | None, leaf_hash: str | None) -> dict[str, Any]:
    identity, inst, n, prev, at, actor, on_behalf_of, groups, kind, element, data, salts, found = row
    return {
        "type": "event",
        "v": chain.VERSION,
        "id": identity,
        "inst": inst,
        "n": n,
        "prev": _hex(prev),
        "at": _moment(at),
        "actor": actor,
        "on_behalf_of": on_behalf_of,
        "groups": _json(groups),
        "kind": kind,
        "element": element,
        "data": _json(data),
        "salts": _base64(salts),
        "hash": _hex(found),
        "leaf": leaf,
        "leaf_hash": leaf_hash,
    }


def _missing(row: Any) -> dict[str, Any]:
    return {
        "type": "missing",
        "leaf": row[0],
        "id": row[1],
        "inst": row[2],
        "n": row[3],
        "leaf_hash": _hex(row[4]),
    }


def _heads(session: Session) -> Iterator[dict[str, Any]]:
    for inst, n, head in _stream(session, select(*_INSTANCES.c).order_by(_INSTANCES.c.id)):
        yield {"type": "head", "inst": inst, "n": n, "hash": _hex(head)}


def _json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        value, end = _scan(text, 0)  # what `loads` does, without looking for spaces around the value
        return value if end == len(text) else json.loads(text)
    except (StopIteration, ValueError, TypeError, RecursionError):
        return text


def _moment(at: Any) -> str:
    if isinstance(at, str) and _STORED.fullmatch(at):
        return f"{at[:10]}T{at[11:]}+00:00"
    try:
        found = datetime.fromisoformat(at) if isinstance(at, str) else at
    except ValueError:
        return str(at)
    return history.say_moment(found if found.tzinfo else found.replace(tzinfo=UTC))


def _hex(value: Any) -> str:
    if type(value) is bytes:
        return value.hex()
    return bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)


def _base64(value: Any) -> str:
    return b2a_base64(value, newline=False).decode() if isinstance(value, bytes) else str(value)
