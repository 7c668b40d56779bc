"""The calendar and the clock: dates of any year, times to the nanosecond, zones, durations.

The calendar is the Gregorian one without beginning or end, in the years -999999999 to 999999999 of DMN.
Python's own types know the years 1-9999 and microseconds; here they only tell the offsets of named zones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from engine.feel.values import Date, DateTime, Days, Months, Time, Value

SECOND = 10**9  # nanoseconds
DAY = 86_400 * SECOND
MAX_YEAR = 999_999_999
_MAX_DURATION = 2**63 * SECOND
_MAX_MONTHS = 12 * 2**31
_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097  # after which the Gregorian calendar repeats itself
_EPOCH = date(1970, 1, 1).toordinal()
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 29 if month == 2 and _is_leap(year) else _MONTH_DAYS[month - 1]


def make_date(year: int, month: int, day: int) -> Date:
    """Return a date; raises ValueError when there is none such."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= month_length(year, month):
        raise ValueError((year, month, day))
    return Date(year, month, day)


def make_days(nanos: int) -> Days:
    """Return a days and time duration; raises ValueError when it is too long."""
    if abs(nanos) >= _MAX_DURATION:
        raise ValueError("duration")
    return Days(nanos)


def make_months(months: int) -> Months:
    """Return a years and months duration; raises ValueError when it is too long."""
    if abs(months) >= _MAX_MONTHS:
        raise ValueError("duration")
    return Months(months)


def day_number(day: Date) -> int:
    """Return the number of days since 1 January 1970."""
    cycles, year = divmod(day.year, _CYCLE_YEARS)
    # Year 0 of the cycle is year 400 of Python's calendar, which begins with year 1.
    known = date(year + _CYCLE_YEARS, day.month, day.day).toordinal()
    return known - _EPOCH + (cycles - 1) * _CYCLE_DAYS


def date_at(number: int) -> Date:
    """Return the date so many days after 1 January 1970; raises ValueError outside the years of DMN."""
    cycles, ordinal = divmod(number + _EPOCH, _CYCLE_DAYS)
    known = date.fromordinal(ordinal + _CYCLE_DAYS)
    return make_date(known.year + (cycles - 1) * _CYCLE_YEARS, known.month, known.day)


def _twin(day: Date) -> date:
    """Return a date of Python's whose year has the same days, with room on both sides."""
    year = day.year
    if not 2 <= year <= 9998:
        year = year % _CYCLE_YEARS + (_CYCLE_YEARS if year < 2 else 24 * _CYCLE_YEARS)
    return date(year, day.month, day.day)


def weekday(day: Date) -> int:
    """Return 1 for Monday to 7 for Sunday."""
    return (day_number(day) + 3) % 7 + 1


def day_of_year(day: Date) -> int:
    """Return the number of the day in its year."""
    return day_number(day) - day_number(Date(day.year, 1, 1)) + 1


def iso_week(day: Date) -> int:
    """Return the number of the week of ISO 8601."""
    return _twin(day).isocalendar().week


def add_months(day: Date, months: int) -> Date:
    """Return the same day so many months later, or the last of that month when it is shorter.

    Raises ValueError outside the years of DMN.
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return make_date(year, month + 1, min(day.day, month_length(year, month + 1)))


def zone_offset(moment: DateTime) -> int | None:
    """Return the offset from UTC in nanoseconds at a moment, None without a zone."""
    zone = moment.time.zone
    if zone is None:
        return None
    return _offset(zone, moment) if isinstance(zone, ZoneInfo) else fixed_offset(zone)


def _offset(zone: ZoneInfo, moment: DateTime) -> int:
    seconds = moment.time.nanos // SECOND
    local = datetime.combine(_twin(moment.date), time(), zone) + timedelta(seconds=seconds)
    return _nanos(local.utcoffset())


@lru_cache(256)
def fixed_offset(zone: tzinfo) -> int | None:
    """Return the offset in nanoseconds of a zone that has but one, None for a named zone."""
    return None if isinstance(zone, ZoneInfo) else _nanos(zone.utcoffset(None))


def fixed_zone(nanos: int) -> tzinfo:
    """Return the zone with this offset, UTC itself for none; raises ValueError from a day on."""
    return timezone(timedelta(microseconds=nanos // 1000)) if nanos else UTC


def _nanos(length: timedelta | None) -> int:
    return (length or timedelta()) // timedelta(microseconds=1) * 1000


def instant(moment: DateTime) -> int:
    """Return nanoseconds since 1970 in UTC, or on the local clock when the moment has no zone."""
    return day_number(moment.date) * DAY + moment.time.nanos - (zone_offset(moment) or 0)


def moment_at(nanos: int, zone: tzinfo | None) -> DateTime:
    """Return the moment of an instant on the clock of a zone; raises ValueError outside the years of DMN."""
    number, rest = divmod(nanos, DAY)
    utc = date_at(number)
    if isinstance(zone, ZoneInfo):
        known = datetime.combine(_twin(utc), time(), UTC) + timedelta(seconds=rest // SECOND)
        offset = _nanos(known.astimezone(zone).utcoffset())
    else:
        offset = fixed_offset(zone) or 0 if zone else 0
    number, rest = divmod(nanos + offset, DAY)
    return DateTime(date_at(number), Time(rest, zone))


def time_instant(value: Time) -> int:
    """Return nanoseconds since midnight, in UTC when the time has a zone."""
    if value.zone is None:
        return value.nanos
    offset = fixed_offset(value.zone)
    # A time with a named zone has no offset of its own: the one of a winter day decides.
    return value.nanos - (zone_offset(DateTime(Date(2000, 1, 1), value)) or 0 if offset is None else offset)


def second_of(value: Time) -> Decimal:
    """Return the second of the minute, with its fraction."""
    seconds, fraction = divmod(value.nanos % (60 * SECOND), SECOND)
    return Decimal(seconds) + Decimal(fraction).scaleb(-9) if fraction else Decimal(seconds)


def from_python(value: object) -> Value:
    """Return Python's date, time, datetime or timedelta as the value of FEEL, anything else as it is."""
    if isinstance(value, datetime):
        return DateTime(Date(value.year, value.month, value.day), _clock(value.timetz()))
    if isinstance(value, date):
        return Date(value.year, value.month, value.day)
    if isinstance(value, time):
        return _clock(value)
    return Days(_nanos(value)) if isinstance(value, timedelta) else value


def _clock(value: time) -> Time:
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return Time(seconds * SECOND + value.microsecond * 1000, value.tzinfo)


def to_python(moment: DateTime) -> datetime | None:
    """Return Python's datetime, cut to microseconds; None outside the years 1-9999."""
    day = moment.date
    if not 1 <= day.year <= 9999:
        return None
    start = datetime(day.year, day.month, day.day, tzinfo=moment.time.zone)
    return start + timedelta(microseconds=moment.time.nanos // 1000)
