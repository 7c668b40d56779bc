"""The built-in functions on dates, times and durations, and the conversions between types."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone
from decimal import ROUND_DOWN, Decimal

from engine.clock import ZONE
from engine.feel.chronology import (
    SECOND,
    day_of_year,
    fixed_zone,
    from_python,
    instant,
    iso_week,
    make_date,
    moment_at,
    month_length,
    weekday,
)
from engine.feel.conversion import tell, to_text
from engine.feel.equality import equal
from engine.feel.limits import Run
from engine.feel.numbers import whole
from engine.feel.registry import builtin
from engine.feel.temporal import (
    MOST_OFFSET,
    months_between,
    read_date,
    read_date_time,
    read_duration,
    read_time,
    read_zone,
)
from engine.feel.values import DECIMAL128, Date, DateTime, Days, Months, Time, Value

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
_READ_STEPS = 10  # what reading a date and time costs
_NUMBER = re.compile(r"-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\Z", re.A)


def _alone(value: Value) -> Value:
    """Return the element of a list of one, anything else as it is."""
    return value[0] if type(value) is list and len(value) == 1 else value


def _day(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


@builtin("date", "from:any", "date:any")
def date_from(_run: Run, value: Value) -> Value:
    """Return the date that a text spells or that a date and time falls on."""
    value = _alone(value)
    if type(value) is str:
        return read_date(value)
    if type(value) is DateTime:
        return value.date
    return value if type(value) is Date else None


@builtin("date", "year:number, month:number, day:number")
def date_of(_run: Run, year: Decimal, month: Decimal, day: Decimal) -> Value:
    """Return the date of a year, month and day."""
    return make_date(*(whole(part.to_integral_value(ROUND_DOWN)) for part in (year, month, day)))


@builtin("time", "from:any")
def time_from(_run: Run, value: Value) -> Value:
    """Return the time that a text spells or a date and time has; a date begins at midnight UTC."""
    value = _alone(value)
    if type(value) is str:
        return read_time(value)
    if type(value) is DateTime:
        return value.time
    if type(value) is Date:
        return Time(0, UTC)
    return value if type(value) is Time else None


@builtin(
    "time",
    "hour:number, minute:number, second:number",
    "hour:number, minute:number, second:number, offset:days and time duration?",
)
def time_of(_run: Run, hour: Decimal, minute: Decimal, second: Decimal, offset: Days | None = None) -> Value:
    """Return the time of hour, minute, second and offset from UTC."""
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        return None
    if offset is not None and abs(offset.nanos) > MOST_OFFSET:
        return None
    zone = None if offset is None else fixed_zone(offset.nanos)
    return Time((whole(hour) * 3600 + whole(minute) * 60) * SECOND + int(second * SECOND), zone)


@builtin("date and time", "from:any")
def date_time_from(run: Run, value: Value) -> Value:
    """Return the date and time that a text spells; a date is its midnight."""
    run.charge(_READ_STEPS)
    value = _alone(value)
    if type(value) is str:
        return read_date_time(value)
    if type(value) is Date:
        return DateTime(value, Time(0))
    return value if type(value) is DateTime else None


@builtin("date and time", "date:moment, time:time")
def date_time_of(_run: Run, day: Date | DateTime, clock: Time) -> Value:
    """Return a date at a time."""
    return DateTime(_day(day), clock)


@builtin("date and time", "date and time:date and time, timezone:string")
def date_time_in(_run: Run, moment: DateTime, name: str) -> Value:
    """Return the same moment on the clock of a zone (Camunda extension)."""
    zone = read_zone("@" + name)
    return None if zone is None or moment.time.zone is None else moment_at(instant(moment), zone)


@builtin("duration", "from:any")
def duration_from(_run: Run, value: Value) -> Value:
    """Return the duration that a text spells."""
    value = _alone(value)
    if type(value) is str:
        return read_duration(value)
    return value if type(value) in (Days, Months) else None


@builtin("years and months duration", "from:any, to:any")
def duration_between(_run: Run, start: Value, end: Value) -> Value:
    """Return the whole months between two dates."""
    return months_between(_alone(start), _alone(end))


@builtin("number", "from:string, grouping separator:string?=, decimal separator:string?=")
def number(run: Run, text: str, grouping: str | None = None, decimal: str | None = None) -> Value:
    """Return the number that a text spells with these separators."""
    if grouping not in (None, " ", ",", ".") or decimal not in (None, ",", "."):
        return None
    if grouping is not None and grouping == decimal:
        return None
    run.charge_text(len(text))
    plain = text.replace(grouping, "") if grouping else text
    plain = plain.replace(",", ".") if decimal == "," else plain
    return DECIMAL128.create_decimal(plain) if _NUMBER.match(plain) else None


@builtin("string", "from:any")
def string(run: Run, value: Value) -> Value:
    """Return the text of a value."""
    if value is None:
        return None
    text, count = tell(value)
    run.charge_text(len(text))
    run.charge(count)
    return text


@builtin("not", "negand:boolean")
def negated(_run: Run, value: bool) -> Value:
    """Return the opposite."""
    return not value


@builtin("now")
def now(run: Run) -> Value:
    """Return the moment of the evaluation on the clock of the people."""
    local = run.now.astimezone(ZONE)
    return from_python(local.astimezone(timezone(local.utcoffset() or timedelta())))


@builtin("today")
def today(run: Run) -> Value:
    """Return the day of the evaluation on the calendar of the people."""
    return from_python(run.now.astimezone(ZONE).date())


@builtin("day of year", "date:moment")
def number_in_year(_run: Run, day: Date | DateTime) -> Value:
    """Return the number of the day in its year."""
    return Decimal(day_of_year(_day(day)))


@builtin("day of week", "date:moment")
def day_of_week(_run: Run, day: Date | DateTime) -> Value:
    """Return the English name of the weekday."""
    return _DAYS[weekday(_day(day)) - 1]


@builtin("month of year", "date:moment")
def month_of_year(_run: Run, day: Date | DateTime) -> Value:
    """Return the English name of the month."""
    return _MONTH_NAMES[_day(day).month - 1]


@builtin("week of year", "date:moment")
def week_of_year(_run: Run, day: Date | DateTime) -> Value:
    """Return the number of the ISO week."""
    return Decimal(iso_week(_day(day)))


@builtin("last day of month", "date:moment")
def last_day_of_month(_run: Run, day: Date | DateTime) -> Value:
    """Return the last day of the month of a date (Camunda extension)."""
    month = _day(day)
    return Date(month.year, month.month, month_length(month.year, month.month))


@builtin("is", "value1:any, value2:any")
def same(run: Run, left: Value, right: Value) -> Value:
    """Return whether two values are the same, their zones included."""
    if type(left) is not type(right):
        return False
    if type(left) in (Time, DateTime):
        return to_text(left) == to_text(right)
    return equal(run, left, right) is True
