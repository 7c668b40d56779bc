"""The one clock: UTC inside, Asia/Ho_Chi_Minh for people; tests and simulations can pin it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class _Pin:
    """The moment the whole process is pinned to, if any."""

    moment: datetime | None = None


# A simulation pins its own context, so that a server thread beside it keeps the real time.
_context: ContextVar[datetime | None] = ContextVar("pinned", default=None)


def now() -> datetime:
    """Return the current moment, aware, in UTC."""
    return _context.get() or _Pin.moment or datetime.now(UTC)


def pin(moment: datetime) -> None:
    """Hold the clock of the whole process at an aware moment."""
    _Pin.moment = moment.astimezone(UTC)


def unpin() -> None:
    """Let the clock of the whole process run again."""
    _Pin.moment = None


@contextmanager
def pinned(moment: datetime) -> Iterator[None]:
    """Hold the clock at an aware moment inside a `with` block, for this context only."""
    token = _context.set(moment.astimezone(UTC))
    try:
        yield
    finally:
        _context.reset(token)


def local(moment: datetime) -> datetime:
    """Return an aware moment in the zone of the people."""
    return moment.astimezone(ZONE)


def written(moment: datetime | None) -> str:
    """Return "16/10/2026 08:00" in the zone of the people, "" for no moment."""
    return "" if moment is None else local(moment).strftime("%d/%m/%Y %H:%M")
