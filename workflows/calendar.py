"""The working calendar as rows: the yearly table with its sources, the calendars of units; read and asked.

How days and minutes are counted over it stands in `working_time`; how it is changed in `calendar_changes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import NotFound
from engine.working_days import DAY, Works
from workflows.tables import CalendarDay, UnitCalendar, UnitDay
from workflows.working_time import (
    REMINDER_HOUR,
    CalendarYearMissing,
    Deadline,
    Shift,
    WorkingCalendar,
    add_working_days,
    before_day,
    end_of_day,
    last_working_day_before,
    next_working_day,
)

__all__ = [
    "DAY",
    "REMINDER_HOUR",
    "CalendarYearMissing",
    "Deadline",
    "WorkingCalendar",
    "add_working_days",
    "before_day",
    "carried",
    "due_after",
    "end_of_day",
    "install",
    "last_working_day_before",
    "load",
    "next_working_day",
    "read_table",
    "working_days",
]

DATA = Path(__file__).parent / "data" / "calendar.json"


@cache
def read_table() -> dict[str, Any]:
    """Return the carried yearly table (data/calendar.json)."""
    table: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return table


def install(session: Session) -> None:
    """Add the days of the carried table that are not in the database yet; rows already there stay."""
    table = read_table()
    known = set(session.scalars(select(CalendarDay.day)))
    for day, kind, name, source, verified, active in table["days"]:
        if date.fromisoformat(day) not in known:
            session.add(
                CalendarDay(
                    day=date.fromisoformat(day),
                    kind=kind,
                    name=name,
                    source=table["sources"][source],
                    verified=verified,
                    active=active,
                )
            )
    session.flush()


def load(session: Session, name: str = "") -> WorkingCalendar:
    """Build a calendar from the rows that are switched on: the nation's, or the one of a unit.

    One statement for the nation's. Raises NotFound for a name that no calendar has.
    """
    rows = list(session.execute(select(CalendarDay.day, CalendarDay.kind, CalendarDay.active)))
    kinds = {day: kind for day, kind, active in rows if active}
    nation = WorkingCalendar(
        years=frozenset(day.year for day, _, _ in rows),
        holidays=_of_kind(kinds, "holiday"),
        make_up_days=_of_kind(kinds, "make_up"),
    )
    return _lay_over(session, nation, kinds, name) if name else nation


def _lay_over(
    session: Session, nation: WorkingCalendar, kinds: Mapping[date, str], name: str
) -> WorkingCalendar:
    """Lay the own days of a calendar over the nation's: on such a day only its own row counts."""
    unit = session.scalars(select(UnitCalendar).where(UnitCalendar.code == name)).first()
    if unit is None:
        raise NotFound(kind="calendar", key=name)
    own = select(UnitDay.day, UnitDay.kind).where(UnitDay.calendar_code == name)
    all_kinds = dict(kinds) | {row.day: row.kind for row in session.execute(own)}
    return replace(
        nation,
        holidays=_of_kind(all_kinds, "holiday"),
        make_up_days=_of_kind(all_kinds, "make_up"),
        weekend=frozenset(unit.weekend),
        shifts=read_shifts(unit.shifts),
    )


def _of_kind(kinds: Mapping[date, str], wanted: str) -> frozenset[date]:
    return frozenset(day for day, kind in kinds.items() if kind == wanted)


def read_shifts(pairs: Sequence[Sequence[str]]) -> tuple[Shift, ...]:
    """Return the shifts that a row keeps as pairs of times."""
    return tuple(Shift(time.fromisoformat(begins), time.fromisoformat(ends)) for begins, ends in pairs)


def working_days(session: Session, name: str) -> Works:
    """Return which days are worked by a calendar, for `session.info["working_days"]`."""
    return load(session, name).is_working_day


def carried(_session: Session | None = None, _name: str = "") -> Works:
    """Return which days are worked by the carried table, for who has no database (`bangvang simulate`)."""
    kinds = {date.fromisoformat(row[0]): row[1] for row in read_table()["days"] if row[5]}
    years = frozenset(read_table()["years"])
    return WorkingCalendar(years, _of_kind(kinds, "holiday"), _of_kind(kinds, "make_up")).is_working_day


def due_after(session: Session, start: datetime, working_days: int) -> datetime:
    """Return the end of a period of working days that begins at a moment, whose own day is not counted."""
    return end_of_day(add_working_days(load(session), local(start).date(), working_days))
