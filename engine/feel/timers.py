"""Compute when timers are due: dates, durations and cycles of ISO 8601, as text or as FEEL values.

Times without a zone are those of the people (Asia/Ho_Chi_Minh). Months follow the calendar: one month after
31 January is the last day of February, and each occurrence of a cycle is counted from its first, so that
a cycle on the 31st comes back to the 31st.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from engine.clock import ZONE
from engine.feel.chronology import add_months, from_python, to_python
from engine.feel.conversion import to_text
from engine.feel.errors import FeelError, shorten
from engine.feel.expressions import resolve_value
from engine.feel.limits import Run
from engine.feel.temporal import read_date_time, write_days
from engine.feel.values import Date, DateTime, Days, Json, Months, Time, Value

_DURATION = re.compile(
    r"(-)?P(?=\d|T\d)(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})(?:\.(\d{1,6})\d*)?S)?)?\Z",
    re.A,
)
_CYCLE = re.compile(r"R(\d{1,9}|-1)?/(?:([^/P][^/]*)/)?(-?P[^/]+)\Z", re.A)
_ZONE_NAME = re.compile(r"\[([\w/+-]+)\]\Z", re.A)
_SHORT_TIME = re.compile(r"(T\d\d:\d\d)(?=\Z|[Z+\-@])", re.A)


# first due moment, repetitions after it, interval
Due: TypeAlias = tuple[datetime, int | None, str | None]


@dataclass(frozen=True, slots=True)
class Interval:
    """A length of time: whole months by the calendar and the rest."""

    months: int
    rest: timedelta

    def after(self, start: datetime, times: int = 1) -> datetime:
        """Return the moment so many intervals after a start, in the zone of the start."""
        try:
            moved = add_months(Date(start.year, start.month, start.day), self.months * times)
            return start.replace(moved.year, moved.month, moved.day) + self.rest * times
        except (ValueError, OverflowError) as error:
            raise FeelError("far_moment", self.text()) from error

    def text(self) -> str:
        """Write the interval as ISO 8601."""
        if not self.months:
            return _write_rest(self.rest)
        months = f"P{self.months}M"
        return months + _write_rest(self.rest)[1:] if self.rest else months


def moment(value: Value, zone: ZoneInfo = ZONE) -> datetime | None:
    """Return the aware UTC moment of a date, a date and time or their ISO text; None for anything else."""
    local = _read_moment(value) if isinstance(value, str) else _local(from_python(value))
    if local is None:
        return None
    try:
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def _local(value: Value) -> datetime | None:
    if type(value) is Date:
        value = DateTime(value, Time(0))
    return to_python(value) if type(value) is DateTime else None


def _read_moment(text: str) -> datetime | None:
    named = _ZONE_NAME.sub(r"@\1", text.strip())
    found = read_date_time(_SHORT_TIME.sub(r"\1:00", named))
    return None if found is None else to_python(found)


def _write_rest(rest: timedelta) -> str:
    return write_days(Days(rest // timedelta(microseconds=1) * 1000))


def duration(value: Value) -> Interval | None:
    """Return the interval of a FEEL duration or its ISO text, such as `P1M10D`; None for anything else."""
    if type(value) is Months:
        return Interval(value.months, timedelta())
    value = from_python(value)
    if type(value) is Days:
        return _days_interval(value)
    return _read_duration(value.strip()) if isinstance(value, str) else None


def _days_interval(length: Days) -> Interval | None:
    try:
        return Interval(0, timedelta(microseconds=length.nanos // 1000))
    except OverflowError:
        return None


def _read_duration(text: str) -> Interval | None:
    found = _DURATION.match(text)
    if not found:
        return None
    years, months, weeks, days, hours, minutes, seconds = (int(found[part] or 0) for part in range(2, 9))
    try:
        rest = timedelta(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=seconds,
            microseconds=int((found[9] or "").ljust(6, "0")),
        )
        sign = -1 if found[1] else 1
        return Interval(sign * (years * 12 + months), sign * rest)
    except OverflowError:
        return None


def timer_due(
    kind: str, attribute: str, variables: Mapping[str, Json], now: datetime
) -> tuple[datetime, int | None, str | None]:
    """Return when a timer is first due (aware UTC), how often it repeats after that, and its interval.

    `kind` is date, duration or cycle; `attribute` a text or, after `=`, an expression. `R5/PT1H` fires five
    times, so it repeats four times more; None is without end. The interval, None unless a cycle, is for
    `next_cycle`. Occurrences of `R…/start/…` before `now` are skipped, and counted; when all are past, the
    last is due at once. Raises FeelError when the value is none of the kind.
    """
    if kind not in _DUE:
        raise FeelError("timer_kind", attribute, found=kind)
    run = Run(now)
    value = resolve_value(attribute, variables, run)
    answer = _DUE[kind](value, now)
    if answer is None:
        raise FeelError(
            f"not_{_WANTED[kind]}", attribute, found=shorten(to_text(value)), because=tuple(run.warnings[:3])
        )
    return answer


def _date_due(value: Value, _now: datetime) -> Due | None:
    due = moment(value)
    return None if due is None else (due, 0, None)


def _duration_due(value: Value, now: datetime) -> Due | None:
    length = duration(value)
    return None if length is None else (length.after(now.astimezone(ZONE)).astimezone(UTC), 0, None)


def _cycle_due(value: Value, now: datetime) -> Due | None:
    """Return the first firing of `R5/PT1H`, `R/start/P1M`, or of a duration that repeats without end."""
    found = _CYCLE.match(value.strip()) if isinstance(value, str) else None
    length = duration(found[3]) if found else duration(value)
    left = int(found[1]) - 1 if found and found[1] not in (None, "-1") else None
    if length is None or not _is_ahead(length) or left == -1:
        return None
    if not found or not found[2]:
        begin = now.astimezone(ZONE)
        # months are counted from where the cycle begins: from 31 January, 28 February, 31 March
        origin = f"{begin.isoformat()}/" if length.months else ""
        return length.after(begin).astimezone(UTC), left, origin + length.text()
    start = _read_moment(found[2])
    if start is None:
        return None
    start = start if start.tzinfo else start.replace(tzinfo=ZONE)
    skipped = _ordinal(start, length, now)
    if left is not None:
        skipped = min(skipped, left)
        left -= skipped
    return length.after(start, skipped).astimezone(UTC), left, f"{start.isoformat()}/{length.text()}"


def _is_ahead(length: Interval) -> bool:
    """Return whether the interval leads forward, so that a cycle does not stand still."""
    return length.months >= 0 and length.rest >= timedelta() and bool(length.months or length.rest)


def _ordinal(start: datetime, length: Interval, earliest: datetime) -> int:
    """Return the number of the first occurrence that is not before a moment."""
    if start >= earliest:
        return 0
    # A month has at most 31 days: the guess is never too late, and close enough to step from.
    longest = length.rest + timedelta(days=31) * length.months
    number = max(0, (earliest - start) // longest - 1)
    while length.after(start, number) < earliest:
        number += 1
    return number


def next_cycle(start: datetime, interval: str, ordinal: int) -> datetime:
    """Return the due moment (aware UTC) of a cycle so many occurrences after its first.

    `start` is the first due moment and `interval` what `timer_due` gave: `P1M`, or `origin/P1M` when the
    cycle names its own origin. Each occurrence is counted from the start or the origin, so months of
    different length do not add up to a drift. Raises FeelError when the interval is damaged or the moment
    lies after the year 9999.
    """
    origin_text, _, length_text = interval.rpartition("/")
    length = _read_duration(length_text)
    if length is None or not _is_ahead(length):
        raise FeelError("not_cycle", interval, found=interval, because=())
    origin = datetime.fromisoformat(origin_text) if origin_text else start.astimezone(ZONE)
    return length.after(origin, _ordinal(origin, length, start) + ordinal).astimezone(UTC)


_DUE: dict[str, Callable[[Value, datetime], Due | None]] = {
    "date": _date_due,
    "duration": _duration_due,
    "cycle": _cycle_due,
}
_WANTED = {"date": "moment", "duration": "duration", "cycle": "cycle"}
