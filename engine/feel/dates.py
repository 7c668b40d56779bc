"""The built-in functions on dates, times and durations, and the conversions between types."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

from engine.clock import ZONE
from engine.feel.conversion import to_text
from engine.feel.limits import Run
from engine.feel.numbers import whole
from engine.feel.registry import builtin
from engine.feel.temporal import (
    fixed_zone,
    months_between,
    read_date,
    read_date_time,
    read_duration,
    read_time,
    read_zone,
)
from engine.feel.values import DECIMAL128, Months, Value, equal

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTH_NAMES = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.A)


def _alone(value: Value) -> Value:
    """Return the element of a list of one, anything else as it is."""
    return value[0] if type(value) is list and len(value) == 1 else value


@builtin("date", "from:any", "date:any")
def date_from(_run: Run, value: Value) -> Value:
    """Return the date that a text spells or that a date and time falls on."""
    value = _alone(value)
    if type(value) is str:
        return read_date(value)
    if type(value) is datetime:
        return value.date()
    return value if type(value) is date else None


@builtin("date", "year:number, month:number, day:number")
def date_of(_run: Run, year: Decimal, month: Decimal, day: Decimal) -> Value:
    """Return the date of a year, month and day."""
    return date(int(year), int(month), int(day))


@builtin("time", "from:any")
def time_from(_run: Run, value: Value) -> Value:
    """Return the time that a text spells or a date and time has; a date begins at midnight UTC."""
    value = _alone(value)
    if type(value) is str:
        return read_time(value)
    if type(value) is datetime:
        return value.timetz()
    if type(value) is date:
        return time(tzinfo=UTC)
    return value if type(value) is time else None


@builtin(
    "time",
    "hour:number, minute:number, second:number",
    "hour:number, minute:number, second:number, offset:days and time duration?",
)
def time_of(
    _run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: timedelta | None = None
) -> Value:
    """Return the time of hour, minute, second and offset from UTC."""
    micros = int((second - int(second)) * 10**6)
    zone = None if offset is None else fixed_zone(offset)
    return time(whole(hour), whole(minute), int(second), micros, tzinfo=zone)


@builtin("date and time", "from:any")
def date_time_from(_run: Run, value: Value) -> Value:
    """Return the date and time that a text spells; a date is its midnight."""
    value = _alone(value)
    if type(value) is str:
        return read_date_time(value)
    if type(value) is date:
        return datetime.combine(value, time())
    return value if type(value) is datetime else None


@builtin("date and time", "date:moment, time:time")
def date_time_of(_run: Run, day: date, clock: time) -> Value:
    """Return a date at a time."""
    return datetime.combine(day.date() if isinstance(day, datetime) else day, clock)


@builtin("date and time", "date and time:date and time, timezone:string")
def date_time_in(_run: Run, moment: datetime, name: str) -> Value:
    """Return the same moment on the clock of a zone (Camunda extension)."""
    zone = read_zone("@" + name)
    return None if zone is None or moment.tzinfo is None else moment.astimezone(zone)


@builtin("duration", "from:any")
def duration_from(_run: Run, value: Value) -> Value:
    """Return the duration that a text spells."""
    value = _alone(value)
    if type(value) is str:
        return read_duration(value)
    return value if type(value) in (timedelta, Months) else None


@builtin("years and months duration", "from:any, to:any")
def duration_between(_run: Run, start: Value, end: Value) -> Value:
    """Return the whole months between two dates."""
    return months_between(_alone(start), _alone(end))


@builtin("number", "from:string, grouping separator:string?=, decimal separator:string?=")
def number(_run: Run, text: str, grouping: str | None = None, decimal: str | None = None) -> Value:
    """Return the number that a text spells with these separators."""
    if grouping not in (None, " ", ",", ".") or decimal not in (None, ",", "."):
        return None
    if grouping is not None and grouping == decimal:
        return None
    plain = text.replace(grouping, "") if grouping else text
    plain = plain.replace(",", ".") if decimal == "," else plain
    return DECIMAL128.create_decimal(plain) if _NUMBER.match(plain) else None


@builtin("string", "from:any")
def string(run: Run, value: Value) -> Value:
    """Return the text of a value."""
    if value is None:
        return None
    text = to_text(value)
    run.charge_text(len(text))
    return text


@builtin("not", "negand:boolean")
def negated(_run: Run, value: bool) -> Value:
    """Return the opposite."""
    return not value


@builtin("now")
def now(run: Run) -> Value:
    """Return the moment of the evaluation on the clock of the people."""
    local = run.now.astimezone(ZONE)
    return local.astimezone(timezone(local.utcoffset() or timedelta()))


@builtin("today")
def today(run: Run) -> Value:
    """Return the day of the evaluation on the calendar of the people."""
    return run.now.astimezone(ZONE).date()


@builtin("day of year", "date:moment")
def day_of_year(_run: Run, day: date) -> Value:
    """Return the number of the day in its year."""
    return Decimal(day.timetuple().tm_yday)


@builtin("day of week", "date:moment")
def day_of_week(_run: Run, day: date) -> Value:
    """Return the English name of the weekday."""
    return _DAYS[day.weekday()]


@builtin("month of year", "date:moment")
def month_of_year(_run: Run, day: date) -> Value:
    """Return the English name of the month."""
    return _MONTH_NAMES[day.month - 1]


@builtin("week of year", "date:moment")
def week_of_year(_run: Run, day: date) -> Value:
    """Return the number of the ISO week."""
    return Decimal(day.isocalendar().week)


@builtin("last day of month", "date:moment")
def last_day_of_month(_run: Run, day: date) -> Value:
    """Return the last day of the month of a date (Camunda extension)."""
    return date(day.year, day.month, monthrange(day.year, day.month)[1])


@builtin("is", "value1:any, value2:any")
def same(run: Run, left: Value, right: Value) -> Value:
    """Return whether two values are the same, their zones included."""
    if type(left) is not type(right):
        return False
    if type(left) in (time, datetime):
        return to_text(left) == to_text(right)
    return equal(run, left, right) is True
