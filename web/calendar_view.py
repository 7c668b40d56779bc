"""Draw the working calendar: a month as weeks with what is due, a year as twelve small months."""

from __future__ import annotations

import calendar as gregorian
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import Actor
from engine.tables import UserTask
from engine.task_deadlines import due_day
from workflows import calendar
from workflows.tables import CalendarDay, UnitDay
from workflows.working_time import WorkingCalendar

MOST_TASKS = 300


@dataclass(frozen=True)
class Entry:
    """A row of the table: a day that differs, or would if it were decided."""

    id: int
    day: date
    kind: str
    name: str
    source: str
    verified: bool
    active: bool
    own: bool  # of the unit's calendar


@dataclass(frozen=True)
class Cell:
    """One day of a drawn month; `state` is work, rest, holiday, make_up, undecided or unknown."""

    day: date
    inside: bool
    today: bool
    state: str
    entry: Entry | None
    due: tuple[UserTask, ...]


@dataclass(frozen=True)
class Month:
    """A drawn month: its weeks from Monday, the neighbours, how many days are worked."""

    first: date
    weeks: tuple[tuple[Cell, ...], ...]
    before: date
    after: date
    working_days: int


def entries(session: Session, code: str, first: date, last: date) -> dict[date, Entry]:
    """Return the days of a table between two days; of a unit's calendar its own rows win."""
    query = select(CalendarDay).where(CalendarDay.day.between(first, last)).order_by(CalendarDay.day)
    found = {
        row.day: Entry(row.id, row.day, row.kind, row.name, row.source, row.verified, row.active, own=False)
        for row in session.scalars(query)
    }
    if code:
        own = select(UnitDay).where(UnitDay.calendar_code == code, UnitDay.day.between(first, last))
        for row in session.scalars(own):
            found[row.day] = Entry(
                row.id, row.day, row.kind, row.name, row.source, verified=True, active=True, own=True
            )
    return dict(sorted(found.items()))


def due_between(session: Session, actor: Actor, first: date, last: date) -> dict[date, list[UserTask]]:
    """Return what the actor could work on by the day it is due."""
    begin = calendar.end_of_day(first - timedelta(days=1))
    query = tasks.open_for(actor).where(UserTask.due_at > begin, UserTask.due_at <= calendar.end_of_day(last))
    found: dict[date, list[UserTask]] = {}
    for task in session.scalars(query.order_by(UserTask.due_at, UserTask.id).limit(MOST_TASKS)):
        if task.due_at is not None:
            found.setdefault(due_day(task.due_at), []).append(task)
    return found


def draw_month(
    known: WorkingCalendar,
    first: date,
    rows: Mapping[date, Entry],
    due: Mapping[date, Sequence[UserTask]],
) -> Month:
    """Return a month as weeks."""
    today = clock.local(clock.now()).date()
    weeks = tuple(
        tuple(
            Cell(
                day=day,
                inside=day.month == first.month,
                today=day == today,
                state=_state(known, day, rows.get(day)),
                entry=rows.get(day),
                due=tuple(due.get(day, ())),
            )
            for day in week
        )
        for week in gregorian.Calendar().monthdatescalendar(first.year, first.month)
    )
    inside = [cell for week in weeks for cell in week if cell.inside]
    return Month(
        first=first,
        weeks=weeks,
        before=(first - timedelta(days=1)).replace(day=1),
        after=(first + timedelta(days=32)).replace(day=1),
        working_days=_count(known, (cell.day for cell in inside)),
    )


def draw_year(known: WorkingCalendar, year: int, rows: Mapping[date, Entry]) -> list[Month]:
    """Return the twelve months of a year."""
    return [draw_month(known, date(year, month, 1), rows, {}) for month in range(1, 13)]


def around(first: date) -> tuple[date, date]:
    """Return the first and the last day that a drawn month shows, its neighbours' days included."""
    weeks = gregorian.Calendar().monthdatescalendar(first.year, first.month)
    return weeks[0][0], weeks[-1][-1]


def _state(known: WorkingCalendar, day: date, entry: Entry | None) -> str:
    if day.year not in known.years:
        return "unknown"
    if entry is not None:
        return entry.kind if entry.active else "undecided"
    return "work" if known.is_working_day(day) else "rest"


def _count(known: WorkingCalendar, days: Iterable[date]) -> int:
    return sum(day.year in known.years and known.is_working_day(day) for day in days)
