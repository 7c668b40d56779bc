"""Dates, times and durations: reading them, writing them, calculating with them, their properties.

Years run from 1 to 9999 and seconds have six decimals (the limits of datetime); text outside is no value.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.feel.values import Months, Range, Value

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.A)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z][\w/+-]*)?\Z",
    re.A,
)
_DAYS = re.compile(
    r"(-)?P(?:(\d{1,12})D)?(?:T(?:(\d{1,12})H)?(?:(\d{1,12})M)?(?:(\d{1,12})(\.\d{1,12})?S)?)?\Z",
    re.A,
)
_MONTHS = re.compile(r"(-)?P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?\Z", re.A)

MICROSECOND = timedelta(microseconds=1)
_DAY = 86_400 * 10**6  # microseconds


@lru_cache(256)
def read_zone(text: str) -> tzinfo | None:
    """Read `Z`, an offset such as `+07:00` or a zone such as `@Asia/Ho_Chi_Minh`; None when there is none."""
    if text == "Z":
        return UTC
    if text.startswith("@"):
        try:
            return ZoneInfo(text[1:])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
    hours, minutes, seconds = ([int(part) for part in text[1:].split(":")] + [0])[:3]
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    # XML Schema part 2 §3.2.7.3 allows 14:00, FEEL engines and the conformance suite 18:00.
    if minutes > 59 or seconds > 59 or offset > timedelta(hours=18):
        return None
    return fixed_zone(-offset if text[0] == "-" else offset)


def fixed_zone(offset: timedelta) -> tzinfo:
    """Return the zone with this offset, UTC itself for none."""
    return timezone(offset) if offset else UTC


def read_date(text: str) -> date | None:
    """Read `2026-10-16`."""
    found = _DATE.match(text)
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def read_time(text: str) -> time | None:
    """Read `08:00:00`, with fractions of a second and a zone if given."""
    found = _TIME.match(text)
    if not found:
        return None
    zone = read_zone(found[5]) if found[5] else None
    if found[5] and zone is None:
        return None
    try:
        return time(int(found[1]), int(found[2]), int(found[3]), _micros(found[4]), tzinfo=zone)
    except ValueError:
        return None


def _micros(fraction: str | None) -> int:
    return int((fraction or ".0")[1:7].ljust(6, "0"))


def read_date_time(text: str) -> datetime | None:
    """Read `2026-10-16T08:00:00+07:00`; a date alone is its midnight, 24:00:00 the next one."""
    day_text, separator, time_text = text.partition("T")
    day = read_date(day_text)
    if day is None:
        return None
    if not separator:
        return datetime.combine(day, time())
    late = time_text.startswith("24:00:00")
    clock = read_time("00" + time_text[2:] if late else time_text)
    if clock is None:
        return None
    try:
        return datetime.combine(day, clock) + timedelta(days=1 if late else 0)
    except OverflowError:
        return None


def read_duration(text: str) -> timedelta | Months | None:
    """Read `P1Y2M` (years and months) or `P3DT4H` (days and time)."""
    found = _MONTHS.match(text)
    if found and (found[2] or found[3]):
        months = int(found[2] or 0) * 12 + int(found[3] or 0)
        return Months(-months if found[1] else months)
    found = _DAYS.match(text)
    if not found or text.endswith("T") or not any(found[part] for part in (2, 3, 4, 5)):
        return None
    try:
        length = timedelta(
            days=int(found[2] or 0),
            hours=int(found[3] or 0),
            minutes=int(found[4] or 0),
            seconds=int(found[5] or 0),
            microseconds=_micros(found[6]),
        )
    except OverflowError:
        return None
    return -length if found[1] else length


def read_literal(text: str) -> Value:
    """Read the text of an `@"…"` literal; None when it is none of the temporal values."""
    readers: tuple[Callable[[str], Value], ...] = (read_date, read_date_time, read_time, read_duration)
    for read in readers:
        value = read(text)
        if value is not None:
            return value
    return None


def add_months(start: date, months: int) -> date:
    """Return the same day so many months later, or the last of that month when it is shorter.

    Works on dates and on date and time. Raises ValueError or OverflowError outside the years 1-9999.
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise ValueError(year)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)


def add_duration(start: Value, length: Value) -> Value:
    """Return a date, time or date and time moved by a duration; None when the types do not fit."""
    if type(length) is Months and (type(start) is date or type(start) is datetime):
        return add_months(start, length.months)
    if type(length) is not timedelta:
        return None
    if type(start) is datetime:
        return start + length
    if type(start) is date:
        return (datetime.combine(start, time()) + length).date()
    if type(start) is time:
        return (datetime.combine(date(2000, 1, 1), start) + length % timedelta(days=1)).timetz()
    return None


def subtract_moments(left: Value, right: Value) -> timedelta | None:
    """Return the time between two dates, times or dates and times; None when only one has a zone."""
    if type(left) is time and type(right) is time:
        return _between(datetime.combine(date(2000, 1, 1), left), datetime.combine(date(2000, 1, 1), right))
    mixed = type(left) is not type(right)
    # A date beside a date and time counts as midnight UTC (DMN 1.4 §10.3.2.3.6).
    first, second = _midnight(left, mixed), _midnight(right, mixed)
    return None if first is None or second is None else _between(first, second)


def _midnight(value: Value, mixed: bool) -> datetime | None:
    if type(value) is date:
        return datetime.combine(value, time(tzinfo=UTC if mixed else None))
    return value if type(value) is datetime else None


def _between(left: datetime, right: datetime) -> timedelta | None:
    if (left.tzinfo is None) != (right.tzinfo is None):
        return None
    # Subtracting within one named zone would ignore its summer time.
    return left.astimezone(UTC) - right.astimezone(UTC) if left.tzinfo else left - right


def months_between(start: Value, end: Value) -> Months | None:
    """Return the whole months from one date or date and time to another."""
    if not isinstance(start, date) or not isinstance(end, date):
        return None
    months = (end.year - start.year) * 12 + end.month - start.month
    first = (start.day, start.time() if isinstance(start, datetime) else time())
    last = (end.day, end.time() if isinstance(end, datetime) else time())
    if months > 0 and last < first:
        months -= 1
    elif months < 0 and last > first:
        months += 1
    return Months(months)


def write_zone(zone: tzinfo | None) -> str:
    """Write a zone as FEEL does: nothing, `Z`, `+07:00` or `@Asia/Ho_Chi_Minh`."""
    if zone is None:
        return ""
    if isinstance(zone, ZoneInfo):
        return "@" + zone.key
    offset = zone.utcoffset(None) or timedelta()
    if not offset:
        return "Z"
    seconds = abs(int(offset.total_seconds()))
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    return ("-" if offset < timedelta() else "+") + text + (f":{seconds % 60:02}" if seconds % 60 else "")


def write_time(value: time | datetime) -> str:
    """Write the clock part of a value, with its zone."""
    fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
    return f"{value.hour:02}:{value.minute:02}:{value.second:02}{fraction}{write_zone(value.tzinfo)}"


def write_date_time(value: datetime) -> str:
    """Write a date and time as FEEL does."""
    return f"{value.date().isoformat()}T{write_time(value)}"


def write_months(value: Months) -> str:
    """Write a years and months duration, such as `P1Y2M`."""
    years, months = divmod(abs(value.months), 12)
    text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
    return ("-P" if value.months < 0 else "P") + text


def write_days(value: timedelta) -> str:
    """Write a days and time duration, such as `P3DT4H`."""
    micros = value // MICROSECOND
    days, rest = divmod(abs(micros), _DAY)
    hours, rest = divmod(rest, 3600 * 10**6)
    minutes, rest = divmod(rest, 60 * 10**6)
    seconds, fraction = divmod(rest, 10**6)
    second_text = f"{seconds}.{fraction:06}".rstrip("0") if fraction else f"{seconds}" if seconds else ""
    parts = ((hours, f"{hours}", "H"), (minutes, f"{minutes}", "M"), (second_text, second_text, "S"))
    clock = "".join(text + unit for wanted, text, unit in parts if wanted)
    if not days and not clock:
        return "PT0S"
    return ("-P" if micros < 0 else "P") + (f"{days}D" if days else "") + ("T" + clock if clock else "")


def _clock_part(divisor: int, modulus: int) -> Callable[[timedelta], Decimal]:
    def part(value: timedelta) -> Decimal:
        whole = abs(value) // timedelta(seconds=1) // divisor % modulus
        return Decimal(-whole if value < timedelta() else whole)

    return part


def _signed_months(value: Months, divided: bool) -> Decimal:
    years, months = divmod(abs(value.months), 12)
    part = years if divided else months
    return Decimal(-part if value.months < 0 else part)


def _seconds(value: time | datetime) -> Decimal:
    return (
        Decimal(value.second) + Decimal(value.microsecond).scaleb(-6)
        if value.microsecond
        else Decimal(value.second)
    )


_DATE_PROPERTIES: dict[str, Callable[[Any], Value]] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(value.isoweekday()),
}
_TIME_PROPERTIES: dict[str, Callable[[Any], Value]] = {
    "hour": lambda value: Decimal(value.hour),
    "minute": lambda value: Decimal(value.minute),
    "second": _seconds,
    "time offset": lambda value: value.utcoffset(),
    "timezone": lambda value: value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else None,
}
# The only attributes that a path can read besides the keys of a context (DMN 1.4 table 65).
PROPERTIES: dict[type, dict[str, Callable[[Any], Value]]] = {
    date: _DATE_PROPERTIES,
    time: _TIME_PROPERTIES,
    datetime: _DATE_PROPERTIES | _TIME_PROPERTIES,
    timedelta: {
        "days": _clock_part(86_400, 10**12),
        "hours": _clock_part(3600, 24),
        "minutes": _clock_part(60, 60),
        "seconds": _clock_part(1, 60),
    },
    Months: {
        "years": lambda value: _signed_months(value, divided=True),
        "months": lambda value: _signed_months(value, divided=False),
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}
