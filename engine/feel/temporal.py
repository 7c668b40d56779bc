"""Dates, times and durations as text, their arithmetic and their properties."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, tzinfo
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from engine.feel.chronology import (
    DAY,
    SECOND,
    add_months,
    date_at,
    day_number,
    fixed_offset,
    fixed_zone,
    instant,
    make_date,
    make_days,
    make_months,
    moment_at,
    second_of,
    time_instant,
    weekday,
    zone_offset,
)
from engine.feel.values import Date, DateTime, Days, Months, Range, Time, Value

_DATE = re.compile(r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)\Z", re.A)
_TIME = re.compile(
    r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d(?::\d\d)?|@[A-Za-z][\w+-]{0,30}(?:/[\w+-]{1,30}){0,2})?\Z",
    re.A,
)
_DAYS = re.compile(
    r"(-)?P(?:(\d{1,18})D)?(?:T(?:(\d{1,18})H)?(?:(\d{1,18})M)?(?:(\d{1,18})(?:\.(\d+))?S)?)?\Z",
    re.A,
)
_MONTHS = re.compile(r"(-)?P(?:(\d{1,12})Y)?(?:(\d{1,12})M)?\Z", re.A)
_HOUR, _MINUTE = 3600 * SECOND, 60 * SECOND
# XML Schema part 2 §3.2.7.3 allows 14:00, FEEL engines and the conformance suite 18:00.
MOST_OFFSET = 18 * _HOUR


@lru_cache(1)
def _zone_names() -> frozenset[str]:
    """Return the names of the IANA time zones, so that no other name is ever looked for among the files."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


@lru_cache(256)
def read_zone(text: str) -> tzinfo | None:
    """Read `Z`, an offset such as `+07:00` or a zone such as `@Asia/Ho_Chi_Minh`; None when there is none."""
    if text == "Z":
        return UTC
    if text.startswith("@"):
        return ZoneInfo(text[1:]) if text[1:] in _zone_names() else None
    hours, minutes, seconds = ([int(part) for part in text[1:].split(":")] + [0])[:3]
    offset = hours * _HOUR + minutes * _MINUTE + seconds * SECOND
    if minutes > 59 or seconds > 59 or offset > MOST_OFFSET:
        return None
    return fixed_zone(-offset if text[0] == "-" else offset)


def read_date(text: str) -> Date | None:
    """Read `2026-10-16`; years have four digits, or up to nine without a zero in front."""
    found = _DATE.match(text)
    if not found:
        return None
    try:
        return make_date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def read_time(text: str) -> Time | None:
    """Read `08:00:00`, with fractions of a second and a zone if given."""
    found = _TIME.match(text)
    if not found:
        return None
    zone = read_zone(found[5]) if found[5] else None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3])
    if (found[5] and zone is None) or hour > 23 or minute > 59 or second > 59:
        return None
    return Time(hour * _HOUR + minute * _MINUTE + second * SECOND + _fraction(found[4]), zone)


def _fraction(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))


def read_date_time(text: str) -> DateTime | None:
    """Read `2026-10-16T08:00:00+07:00`; a date alone is its midnight, 24:00:00 the next one."""
    day_text, separator, time_text = text.partition("T")
    day = read_date(day_text)
    if day is None:
        return None
    if not separator:
        return DateTime(day, Time(0))
    late = re.match(r"24:00:00(?:\.0+)?(?=\Z|[Z+@-])", time_text)
    clock = read_time("00" + time_text[2:] if late else time_text)
    if clock is None:
        return None
    try:
        return DateTime(date_at(day_number(day) + 1) if late else day, clock)
    except ValueError:
        return None


def read_duration(text: str) -> Days | Months | None:
    """Read `P1Y2M` (years and months) or `P3DT4H` (days and time)."""
    try:
        found = _MONTHS.match(text)
        if found and (found[2] or found[3]):
            months = int(found[2] or 0) * 12 + int(found[3] or 0)
            return make_months(-months if found[1] else months)
        found = _DAYS.match(text)
        if not found or text.endswith("T") or not any(found[part] for part in (2, 3, 4, 5)):
            return None
        days, hours, minutes, seconds = (int(found[part] or 0) for part in (2, 3, 4, 5))
        nanos = days * DAY + hours * _HOUR + minutes * _MINUTE + seconds * SECOND + _fraction(found[6])
        return make_days(-nanos if found[1] else nanos)
    except ValueError:
        return None


def read_literal(text: str) -> Value:
    """Read the text of an `@"…"` literal; None when it is none of the temporal values."""
    readers: tuple[Callable[[str], Value], ...] = (read_date, read_date_time, read_time, read_duration)
    for read in readers:
        value = read(text)
        if value is not None:
            return value
    return None


def add_duration(start: Value, length: Value) -> Value:
    """Return a date, time or date and time moved by a duration; None when the types do not fit.

    Raises ValueError outside the years of DMN.
    """
    if type(length) is Months:
        if type(start) is Date:
            return add_months(start, length.months)
        moved = add_months(start.date, length.months) if type(start) is DateTime else None
        return None if moved is None else DateTime(moved, start.time)  # type: ignore[attr-defined]
    return _add_days(start, length.nanos) if type(length) is Days else None


def _add_days(start: Value, nanos: int) -> Value:
    if type(start) is DateTime:
        return moment_at(instant(start) + nanos, start.time.zone)
    if type(start) is Date:
        return date_at((day_number(start) * DAY + nanos) // DAY)
    return Time((start.nanos + nanos) % DAY, start.zone) if type(start) is Time else None


def subtract_moments(left: Value, right: Value) -> Days | None:
    """Return the time between two dates, times or dates and times; None when only one has a zone."""
    if type(left) is Time and type(right) is Time:
        same = (left.zone is None) == (right.zone is None)
        return make_days(time_instant(left) - time_instant(right)) if same else None
    mixed = type(left) is not type(right)
    # A date beside a date and time counts as midnight UTC (DMN 1.4 §10.3.2.3.6).
    first, second = _midnight(left, mixed), _midnight(right, mixed)
    if first is None or second is None or (first.time.zone is None) != (second.time.zone is None):
        return None
    return make_days(instant(first) - instant(second))


def _midnight(value: Value, zoned: bool) -> DateTime | None:
    if type(value) is Date:
        return DateTime(value, Time(0, UTC if zoned else None))
    return value if type(value) is DateTime else None


def months_between(start: Value, end: Value) -> Months | None:
    """Return the whole months from one date or date and time to another."""
    first, last = _midnight(start, False), _midnight(end, False)
    if first is None or last is None:
        return None
    months = (last.date.year - first.date.year) * 12 + last.date.month - first.date.month
    begin, finish = (first.date.day, first.time.nanos), (last.date.day, last.time.nanos)
    if months > 0 and finish < begin:
        months -= 1
    elif months < 0 and finish > begin:
        months += 1
    return make_months(months)


def write_zone(zone: tzinfo | None) -> str:
    """Write a zone as FEEL does: nothing, `Z`, `+07:00` or `@Asia/Ho_Chi_Minh`."""
    if zone is None:
        return ""
    return "@" + zone.key if isinstance(zone, ZoneInfo) else write_offset(fixed_offset(zone) or 0, "Z")


def write_offset(nanos: int, zero: str) -> str:
    """Write an offset from UTC such as `+07:00`; none at all as the text given."""
    if not nanos:
        return zero
    minutes, seconds = divmod(abs(nanos) // SECOND, 60)
    text = f"{'-' if nanos < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return text + (f":{seconds:02}" if seconds else "")


def write_date(value: Date) -> str:
    """Write a date as FEEL does."""
    return f"{'-' if value.year < 0 else ''}{abs(value.year):04}-{value.month:02}-{value.day:02}"


def write_clock(value: Time) -> str:
    """Write a time without its zone."""
    seconds, fraction = divmod(value.nanos, SECOND)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:09}".rstrip("0") if fraction else text


def write_time(value: Time) -> str:
    """Write a time with its zone."""
    return write_clock(value) + write_zone(value.zone)


def write_date_time(value: DateTime) -> str:
    """Write a date and time as FEEL does."""
    return f"{write_date(value.date)}T{write_time(value.time)}"


def write_iso(value: Date | Time | DateTime) -> str:
    """Write a value as ISO 8601: a named zone becomes its offset at that moment."""
    if type(value) is Date:
        return write_date(value)
    if type(value) is DateTime:
        offset = zone_offset(value)
        text = f"{write_date(value.date)}T{write_clock(value.time)}"
    else:
        offset = fixed_offset(value.zone) if value.zone else None  # type: ignore[union-attr]
        text = write_clock(value)  # type: ignore[arg-type]
    return text if offset is None else text + write_offset(offset, "+00:00")


def write_months(value: Months) -> str:
    """Write a years and months duration, such as `P1Y2M`."""
    years, months = divmod(abs(value.months), 12)
    text = (f"{years}Y" if years else "") + (f"{months}M" if months or not years else "")
    return ("-P" if value.months < 0 else "P") + text


def write_days(value: Days) -> str:
    """Write a days and time duration, such as `P3DT4H`."""
    seconds, fraction = divmod(abs(value.nanos), SECOND)
    days, rest = divmod(seconds, 86_400)
    second_text = (
        f"{rest % 60}.{fraction:09}".rstrip("0") if fraction else f"{rest % 60}" if rest % 60 else ""
    )
    hours, minutes = rest // 3600, rest // 60 % 60
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += second_text + "S" if second_text else ""
    if not days and not clock:
        return "PT0S"
    return ("-P" if value.nanos < 0 else "P") + (f"{days}D" if days else "") + ("T" + clock if clock else "")


def _clock_part(divisor: int, modulus: int) -> Callable[[Days], Decimal]:
    def part(value: Days) -> Decimal:
        whole = abs(value.nanos) // SECOND // divisor % modulus
        return Decimal(-whole if value.nanos < 0 else whole)

    return part


def _second_part(value: Days) -> Decimal:
    seconds = second_of(Time(abs(value.nanos)))
    return -seconds if value.nanos < 0 else seconds


def _month_part(divided: bool) -> Callable[[Months], Decimal]:
    def part(value: Months) -> Decimal:
        years, months = divmod(abs(value.months), 12)
        whole = years if divided else months
        return Decimal(-whole if value.months < 0 else whole)

    return part


def _duration(nanos: int | None) -> Days | None:
    return None if nanos is None else Days(nanos)


_DATE_PROPERTIES: dict[str, Callable[[Date], Value]] = {
    "year": lambda value: Decimal(value.year),
    "month": lambda value: Decimal(value.month),
    "day": lambda value: Decimal(value.day),
    "weekday": lambda value: Decimal(weekday(value)),
}
_CLOCK_PROPERTIES: dict[str, Callable[[Time], Value]] = {
    "hour": lambda value: Decimal(value.nanos // _HOUR),
    "minute": lambda value: Decimal(value.nanos // _MINUTE % 60),
    "second": second_of,
    "timezone": lambda value: value.zone.key if isinstance(value.zone, ZoneInfo) else None,
}


def _of_date(read: Callable[[Date], Value]) -> Callable[[DateTime], Value]:
    return lambda value: read(value.date)


def _of_time(read: Callable[[Time], Value]) -> Callable[[DateTime], Value]:
    return lambda value: read(value.time)


# The only attributes that a path can read besides the keys of a context (DMN 1.4 table 65).
PROPERTIES: dict[type, dict[str, Callable[[Any], Value]]] = {
    Date: _DATE_PROPERTIES,
    Time: {
        **_CLOCK_PROPERTIES,
        "time offset": lambda value: _duration(fixed_offset(value.zone)) if value.zone else None,
    },
    DateTime: {
        **{name: _of_date(read) for name, read in _DATE_PROPERTIES.items()},
        **{name: _of_time(read) for name, read in _CLOCK_PROPERTIES.items()},
        "time offset": lambda value: _duration(zone_offset(value)),
    },
    Days: {
        "days": _clock_part(86_400, 10**18),
        "hours": _clock_part(3600, 24),
        "minutes": _clock_part(60, 60),
        "seconds": _second_part,
    },
    Months: {"years": _month_part(divided=True), "months": _month_part(divided=False)},
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_included,
        "end included": lambda value: value.end_included,
    },
}
