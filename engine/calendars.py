"""Lend the calendars of a session to what is evaluated for it.

Whoever opens a session may give it calendars, `session.info["working_days"]`: a function of the session and
a calendar's name ("" for the one of the whole organisation) that returns which days are worked. It is asked
when an expression or a limit needs it, and once per loan: what counts no working days costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Token
from datetime import UTC, date, datetime, time
from typing import TypeAlias

from sqlalchemy.orm import Session

from engine import clock, working_days
from engine.feel.workdays import LENT, Calendars
from engine.working_days import Works

Provider: TypeAlias = Callable[[Session, str], Works]
# given by whoever opens the session, as `session.info["calendar"]`: the end of a period of working days
DueAfter: TypeAlias = Callable[[Session, datetime, int], datetime]
LAST_MINUTE = time(23, 59)  # a period ends with its last day (BLDS 2015 Đ148)


def named(session: Session, name: str = "") -> Works:
    """Return which days are worked by a calendar of the session; Monday to Friday when it has none."""
    provider: Provider | None = session.info.get("working_days")
    return working_days.monday_to_friday if provider is None else provider(session, name)


def due_after(session: Session, start: datetime, count: int, name: str = "") -> datetime:
    """Return the end of a period of working days that begins at a moment, whose own day is not counted."""
    given: DueAfter | None = session.info.get("calendar")
    if given is not None and not name:
        return given(session, start, count)
    return end_of_day(working_days.add(named(session, name), clock.local(start).date(), count))


def end_of_day(day: date) -> datetime:
    """Return the last minute of a local day, in UTC."""
    return datetime.combine(day, LAST_MINUTE, clock.ZONE).astimezone(UTC)


def lend(session: Session) -> Token[Calendars]:
    """Lend the calendars of a session until `give_back`."""
    kept: dict[str, Works] = {}

    def ask(name: str) -> Works:
        if name not in kept:
            kept[name] = named(session, name)
        return kept[name]

    return LENT.set(ask)


def give_back(token: Token[Calendars]) -> None:
    """End a loan."""
    LENT.reset(token)


@contextmanager
def lending(named_ones: Calendars) -> Iterator[None]:
    """Lend calendars that belong to no session inside a `with` block."""
    token = LENT.set(named_ones)
    try:
        yield
    finally:
        give_back(token)


@contextmanager
def lent(session: Session) -> Iterator[None]:
    """Lend the calendars of a session inside a `with` block."""
    token = lend(session)
    try:
        yield
    finally:
        give_back(token)
