"""The working calendar: a yearly table with its sources, and the counting rules over it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import ZONE, local
from engine.errors import EngineError
from workflows.tables import CalendarDay

DATA = Path(__file__).parent / "data" / "calendar.json"
REMINDER_HOUR = time(8, 0)
DAY = timedelta(days=1)


class CalendarYearMissing(EngineError):
    """Expected the working calendar to hold the year {year}, but it ends with {last}."""

    vi = "Lịch làm việc chưa có năm {year} (mới có đến năm {last}); cần nhập bảng ngày nghỉ của năm đó."
    en = "Expected the working calendar to hold the year {year}, but it ends with {last}; enter its days off."


@dataclass(frozen=True)
class WorkingCalendar:
    """Hold the days off and the worked Saturdays of the years that are known."""

    years: frozenset[int]
    holidays: frozenset[date]
    make_up_days: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        """Tell whether people work on a day; raises CalendarYearMissing for a year without a table."""
        if day.year not in self.years:
            raise CalendarYearMissing(year=day.year, last=max(self.years, default=0))
        if day in self.make_up_days:
            return True
        return day.weekday() < 5 and day not in self.holidays


@dataclass(frozen=True)
class Deadline:
    """Say when something is due: the reminder, the moment it is due, the moment from which it is late."""

    reminder_at: datetime
    due_at: datetime
    late_from: datetime
    last_working_day: date


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


def load(session: Session) -> WorkingCalendar:
    """Build the calendar from the rows that are switched on."""
    rows = list(session.execute(select(CalendarDay.day, CalendarDay.kind, CalendarDay.active)))
    return WorkingCalendar(
        years=frozenset(day.year for day, _, _ in rows),
        holidays=frozenset(day for day, kind, active in rows if active and kind == "holiday"),
        make_up_days=frozenset(day for day, kind, active in rows if active and kind == "make_up"),
    )


def add_working_days(calendar: WorkingCalendar, start: date, days: int) -> date:
    """Return the last day of a period of working days; the event's day is not counted (BLDS 2015 Đ147)."""
    day = start
    for _ in range(days):
        day = next_working_day(calendar, day)
    return day


def next_working_day(calendar: WorkingCalendar, day: date) -> date:
    """Return the first working day after a day."""
    day += DAY
    while not calendar.is_working_day(day):
        day += DAY
    return day


def last_working_day_before(calendar: WorkingCalendar, day: date) -> date:
    """Return the last working day strictly before a day ("trước ngày …")."""
    day -= DAY
    while not calendar.is_working_day(day):
        day -= DAY
    return day


def before_day(calendar: WorkingCalendar, named: date, policy: str) -> Deadline:
    """Work out "trước ngày …" for a named day (seed wording; domain rules 4.3).

    strict: due and late at 00:00 of the named day.
    previous_working_day: the same, but when the named day is a public holiday the due moment moves back to
    the end of the last working day: nothing falls due inside the holiday; late only from the named day.
    next_working_day: when the last day (the day before) is no working day, the period ends with the next
    working day (BLDS 2015 Đ148k5).
    """
    late_from = _midnight(named)
    due_at = late_from
    if policy == "next_working_day" and not calendar.is_working_day(named - DAY):
        due_at = late_from = _midnight(next_working_day(calendar, named - DAY) + DAY)
    elif policy == "previous_working_day" and named in calendar.holidays:
        due_at = _midnight(last_working_day_before(calendar, named) + DAY)
    last_day = last_working_day_before(calendar, local(due_at).date())
    return Deadline(
        reminder_at=datetime.combine(last_day, REMINDER_HOUR, ZONE),
        due_at=due_at,
        late_from=late_from,
        last_working_day=last_day,
    )


def due_after(session: Session, start: datetime, working_days: int) -> datetime:
    """Return the end of a period of working days that begins at a moment, whose own day is not counted."""
    return end_of_day(add_working_days(load(session), local(start).date(), working_days))


def end_of_day(day: date) -> datetime:
    """Return the last minute of a day in local time: a period ends with its last day (BLDS 2015 Đ148)."""
    return datetime.combine(day, time(23, 59), ZONE)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), ZONE)
