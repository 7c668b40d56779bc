"""The built-in functions on working days: over the calendars that the evaluation was lent.

Who lends them is `engine.calendars`; without any, Monday to Friday are worked. Beyond the standard.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from datetime import date
from decimal import Decimal
from typing import TypeAlias

from engine import working_days
from engine.errors import EngineError, Text
from engine.feel.chronology import from_python
from engine.feel.limits import Run
from engine.feel.numbers import whole
from engine.feel.registry import builtin
from engine.feel.values import Date, DateTime, Value
from engine.working_days import Works

MOST_DAYS = 5_000  # working days counted in one call
MOST_SPAN = 20_000  # calendar days between two dates
Calendars: TypeAlias = Callable[[str], Works]  # "" is the calendar of the whole organisation


def _weekdays(_name: str) -> Works:
    return working_days.monday_to_friday


LENT: ContextVar[Calendars] = ContextVar("calendars", default=_weekdays)


def _counted(run: Run, name: Value, steps: int, count: Callable[[Works], Value]) -> Value:
    """Return what is counted over a calendar; null with the reason when it cannot say."""
    run.charge(steps)
    try:
        return count(LENT.get()(str(name or "")))
    except EngineError as error:
        return run.warn("calendar", cause=Text(error.text("vi"), error.text("en")))


def _day(value: Date | DateTime) -> date:
    """Return a day as Python has it; raises ValueError outside the years 1-9999."""
    day = value.date if isinstance(value, DateTime) else value
    return date(day.year, day.month, day.day)


def _steps(days: int, most: int) -> int:
    """Return what counting so many days costs; raises ValueError for too many."""
    if abs(days) > most:
        raise ValueError(days)
    return abs(days) * 2


@builtin("add working days", "date:moment, n:number, calendar:string?=")
def add_working_days(run: Run, start: Date | DateTime, count: Decimal, calendar: Value = None) -> Value:
    """Return the last day of a period of working days; the day of the event is not counted (BLDS Đ147)."""
    days, first = whole(count), _day(start)
    cost = _steps(days, MOST_DAYS)
    return _counted(run, calendar, cost, lambda works: from_python(working_days.add(works, first, days)))


@builtin("working days between", "from:moment, to:moment, calendar:string?=")
def days_between(run: Run, start: Date | DateTime, end: Date | DateTime, calendar: Value = None) -> Value:
    """Return how many working days lie after one day up to another (the first not counted, BLDS Đ147)."""
    first, last = _day(start), _day(end)
    cost = _steps((last - first).days, MOST_SPAN)
    return _counted(run, calendar, cost, lambda works: Decimal(working_days.between(works, first, last)))


@builtin("working days including", "from:moment, to:moment, calendar:string?=")
def days_including(run: Run, start: Date | DateTime, end: Date | DateTime, calendar: Value = None) -> Value:
    """Return how many working days lie between two named days, both ends counted (as CT 157 counts)."""
    first, last = _day(start), _day(end)
    cost = _steps((last - first).days, MOST_SPAN)
    return _counted(run, calendar, cost, lambda works: Decimal(working_days.including(works, first, last)))


@builtin("last working day before", "date:moment, calendar:string?=")
def last_day_before(run: Run, day: Date | DateTime, calendar: Value = None) -> Value:
    """Return the last working day strictly before a day ("trước ngày …")."""
    named = _day(day)
    return _counted(run, calendar, 10, lambda works: from_python(working_days.last_before(works, named)))


@builtin("next working day", "date:moment, calendar:string?=")
def first_day_after(run: Run, day: Date | DateTime, calendar: Value = None) -> Value:
    """Return the first working day after a day."""
    named = _day(day)
    return _counted(run, calendar, 10, lambda works: from_python(working_days.next_day(works, named)))


@builtin("is working day", "date:moment, calendar:string?=")
def is_working_day(run: Run, day: Date | DateTime, calendar: Value = None) -> Value:
    """Tell whether people work on a day."""
    named = _day(day)
    return _counted(run, calendar, 1, lambda works: works(named))
