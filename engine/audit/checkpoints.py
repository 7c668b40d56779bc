"""Checkpoints over the chains of all instances: events enter one log in batches, each batch is signed.

Writers never wait for this: they insert their events and nothing else. Whoever makes a checkpoint looks for
committed events that are not in the log yet, so one that was committed late is taken by the next checkpoint.

    session.info["audit_key"] = path      # of the private key; without it no checkpoint is made
    checkpoints.make(session)             # now; `bangvang audit checkpoint`
    checkpoints.keep_up(session)          # when it is time; the worker, every ten seconds
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import exists, func, insert, select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.audit import merkle, signing
from engine.tables import AuditCheckpoint, AuditLeaf, HistoryEvent

logger = logging.getLogger(__name__)

EVENTS = 1_000  # waiting for the log: time for a checkpoint
PAUSE = timedelta(minutes=10)  # since the last one, when at least one event waits
BATCH = 5_000  # events of one transaction: on SQLite nobody else writes meanwhile
LOOK_BACK = 20_000  # ids before the last one in the log where late commits are looked for each time
_LOCK = 7_211_621  # any number that nobody else locks: one checkpoint at a time


def keep_up(session: Session) -> AuditCheckpoint | None:
    """Make a checkpoint when enough events wait or the last one is old enough; a lost key is only logged.

    The first one of a day looks for late commits everywhere, the others near the end of the log.
    """
    if session.info.get("audit_key") is None:
        return None
    last = latest(session)
    everything = last is None or _moment(last).date() != clock.now().date()
    waiting = _waiting(session, EVENTS, 0 if everything else _horizon(session))
    due = last is None or clock.now() - _moment(last) >= PAUSE
    if not waiting or (len(waiting) < EVENTS and not due):
        return None
    try:
        return make(session, everything=everything)
    except (signing.KeyMissing, signing.KeyUnreadable) as error:
        logger.error("%s / %s", error.text("vi"), error.text("en"))
        return None


def make(session: Session, *, everything: bool = True) -> AuditCheckpoint | None:
    """Let the next events enter the log and sign it; return the newest checkpoint, None without any event.

    One call takes BATCH events at most: call again, in a transaction of its own, while `is_behind`.
    Raises KeyMissing when the key that signed earlier checkpoints is gone.
    """
    _lock(session)
    last = latest(session)
    rows = _waiting(session, BATCH, 0 if everything else _horizon(session))
    if not rows:
        return last
    key = _key(session, last)
    size = 0 if last is None else last.size
    frontier = [] if last is None else [bytes.fromhex(full) for full in last.frontier]
    session.execute(insert(AuditLeaf), [_leaf(size + number, row) for number, row in enumerate(rows)])
    for row in rows:
        size = merkle.append(frontier, size, row.hash)
    checkpoint = AuditCheckpoint(
        size=size,
        body=signing.sign(_body(size, frontier, last), key),
        frontier=[full.hex() for full in frontier],
    )
    session.add(checkpoint)
    session.flush()
    return checkpoint


def is_behind(session: Session) -> bool:
    """Tell whether events wait for the log."""
    return bool(_waiting(session, 1, 0))


def latest(session: Session) -> AuditCheckpoint | None:
    """Return the newest checkpoint."""
    query = select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)
    return session.scalars(query).first()


def _lock(session: Session) -> None:
    """Let one transaction at a time make a checkpoint; SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _horizon(session: Session) -> int:
    newest = session.scalar(select(func.max(AuditLeaf.event_id)))
    return max(0, (newest or 0) - LOOK_BACK)


def _waiting(session: Session, limit: int, after: int) -> Sequence[Any]:
    """Return events that are not in the log, by id: inside an instance that is their order."""
    entered = exists().where(AuditLeaf.event_id == HistoryEvent.id)
    query = (
        select(HistoryEvent.id, HistoryEvent.instance_id, HistoryEvent.sequence, HistoryEvent.hash)
        .where(HistoryEvent.id > after, ~entered)
        .order_by(HistoryEvent.id)
        .limit(limit)
    )
    return session.execute(query).all()


def _leaf(index: int, row: Any) -> dict[str, object]:
    return {
        "leaf_index": index,
        "event_id": row.id,
        "instance_id": row.instance_id,
        "sequence": row.sequence,
        "hash": row.hash,
    }


def _key(session: Session, last: AuditCheckpoint | None) -> Ed25519PrivateKey:
    """Return the key; only a log without any checkpoint begins with a new one."""
    path: Path = session.info["audit_key"]
    if last is not None or path.exists():
        return signing.read_key(path)
    logger.warning(
        "Đã tạo khóa ký lịch sử %s; hãy sao lưu nó, tách khỏi cơ sở dữ liệu. / "
        "Made the audit key %s; back it up, apart from the database.",
        path,
        path,
    )
    return signing.create_key(path)


def _body(size: int, frontier: list[bytes], last: AuditCheckpoint | None) -> dict[str, Any]:
    return {
        "log": uuid.uuid4().hex if last is None else last.body["log"],
        "size": size,
        "root": merkle.root(frontier).hex(),
        "prev": "" if last is None else signing.fingerprint(last.body),
        "at": history.say_moment(clock.now()),
    }


def _moment(last: AuditCheckpoint) -> datetime:
    return datetime.fromisoformat(last.body["at"])
