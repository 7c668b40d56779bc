"""Write down what the front door notices: sign-ins, refusals, acts of administration.

Successes and acts of administration are always kept, in the transaction of the act. What anybody can cause
without limit, refusals and wrong passwords, is thinned out: of one kind from one account and address the
first ten within an hour, then the 16th, 32nd, 64th …, with how often it happened since; over all addresses
together a thousand an hour in each process. In the log every one of them stands.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock

import structlog
from flask import Flask, current_app, g, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine import clock
from web import db
from web.access_tables import SecurityEvent

WINDOW = 3600.0  # seconds
KEPT_EACH = 10  # refusals of one source in a window that are all kept
KEPT_ALL = 1_000  # rows of refusals in a window, whoever causes them
SOURCES = 10_000  # sources counted at a time; the oldest are forgotten first
LONGEST = 200  # letters of a text that a stranger sends

log = structlog.get_logger(__name__)
_lock = Lock()


Source = tuple[str, str, str]  # kind, account, address
ALL: Source = ("", "", "")  # counts the rows that all sources together made


@dataclass(frozen=True)
class _Count:
    began: float
    seen: int = 0
    kept: int = 0  # how many had been seen when the last row was written


def init_app(app: Flask) -> None:
    """Begin to count; each process counts for itself."""
    app.extensions["bangvang.refusals"] = OrderedDict()


def record(session: Session, kind: str, actor: str, detail: str = "", times: int = 1) -> None:
    """Add an event to a transaction, with the address it came from; `actor` is "" for a stranger."""
    inside = has_request_context()
    session.add(
        SecurityEvent(
            at=clock.now(),
            kind=kind,
            actor=_clean(actor),
            address=_clean(request.remote_addr or "") if inside else "",
            path=_clean(f"{request.method} {request.path}") if inside else "",
            detail=_clean(detail),
            times=times,
            correlation_id=_clean(str(g.get("request_id", ""))) if inside else "",
        )
    )


def note(kind: str, actor: str, detail: str = "") -> None:
    """Keep an event that anybody can cause, in a transaction of its own, unless there are too many of them.

    A database that cannot be written does not turn a refusal into another error: the log has it.
    """
    address = request.remote_addr or ""
    log.warning(kind, person=_clean(actor), address=address, path=_clean(request.path), detail=_clean(detail))
    times = _count((kind, actor[:LONGEST], address))
    if not times:
        return
    try:
        with db.aside() as session:
            record(session, kind, actor, detail, times)
    except SQLAlchemyError as error:
        log.error("security_event.lost", kind=kind, error=type(error).__name__)


def _count(source: Source) -> int:
    """Count one more of a source; return how many a row stands for, 0 when none is to be written."""
    counts: OrderedDict[Source, _Count] = current_app.extensions["bangvang.refusals"]
    now = clock.now().timestamp()
    with _lock:
        known, rows = _take(counts, source, now), _take(counts, ALL, now)
        seen = known.seen + 1
        writes = (seen <= KEPT_EACH or seen & (seen - 1) == 0) and rows.seen < KEPT_ALL
        counts[source] = replace(known, seen=seen, kept=seen if writes else known.kept)
        counts[ALL] = replace(rows, seen=rows.seen + writes)
        while len(counts) > SOURCES:
            counts.popitem(last=False)
    return seen - known.kept if writes else 0


def _take(counts: OrderedDict[Source, _Count], source: Source, now: float) -> _Count:
    """Take the count of a source out, or a new one when its hour is over."""
    known = counts.pop(source, _Count(now))
    return known if 0 <= now - known.began < WINDOW else _Count(now)


def _clean(text: str) -> str:
    """Return a stranger's text without what breaks lines, cells or databases (ASVS 5.0 16.4.1)."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:LONGEST])
