"""Working time: days and minutes that are worked, counted over a calendar with its hours.

Days are counted as `engine.working_days` says; this module adds hours: a day has one or two shifts, and a
period in minutes runs only inside them. A day added keeps its time of day (what falls outside the shifts
moves to the next one), as business calendars elsewhere do it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from engine import working_days
from engine.clock import ZONE, local
from engine.errors import EngineError
from engine.working_days import DAY

MINUTE = timedelta(minutes=1)
WEEKEND = frozenset({5, 6})  # QĐ 188/1999/QĐ-TTg: Saturday and Sunday
REMINDER_HOUR = time(8, 0)


class CalendarYearMissing(EngineError):
    """Expected the working calendar to hold the year {year}, but it ends with {last}."""

    vi = "Lịch làm việc chưa có năm {year} (mới có đến năm {last}); cần nhập bảng ngày nghỉ của năm đó."
    en = "Expected the working calendar to hold the year {year}, but it ends with {last}; enter its days off."


class NobodyWorks(EngineError):
    """Expected working hours in the calendar, but it has none."""

    vi = "Lịch này không có giờ làm việc nào trong {days} ngày liền."
    en = "Expected working hours in the calendar, but there are none for {days} days in a row."


@dataclass(frozen=True)
class Shift:
    """One stretch of work of a day, from one local time to another."""

    begins: time
    ends: time

    def minutes(self) -> int:
        """Return how long it is."""
        return (self.ends.hour - self.begins.hour) * 60 + self.ends.minute - self.begins.minute


# 8 hours a day; the times differ by province and are a setting of the office (domain rules 4.2)
OFFICE_HOURS = (Shift(time(7, 30), time(11, 30)), Shift(time(13, 30), time(17, 30)))


@dataclass(frozen=True)
class WorkingCalendar:
    """Hold the days off and the worked Saturdays of the years that are known, the weekend and the hours."""

    years: frozenset[int]
    holidays: frozenset[date]
    make_up_days: frozenset[date]
    weekend: frozenset[int] = field(default=WEEKEND)
    shifts: tuple[Shift, ...] = field(default=OFFICE_HOURS)

    def is_working_day(self, day: date) -> bool:
        """Tell whether people work on a day; raises CalendarYearMissing for a year without a table."""
        if day.year not in self.years:
            raise CalendarYearMissing(year=day.year, last=max(self.years, default=0))
        if day in self.make_up_days:
            return True
        return day.weekday() not in self.weekend and day not in self.holidays


@dataclass(frozen=True)
class Deadline:
    """Say when something is due: the reminder, the moment it is due, the moment from which it is late."""

    reminder_at: datetime
    due_at: datetime
    late_from: datetime
    last_working_day: date


def add_working_days(calendar: WorkingCalendar, start: date, days: int) -> date:
    """Return the last day of a period of working days; the event's day is not counted (BLDS 2015 Đ147)."""
    return working_days.add(calendar.is_working_day, start, days)


def next_working_day(calendar: WorkingCalendar, day: date) -> date:
    """Return the first working day after a day."""
    return working_days.next_day(calendar.is_working_day, day)


def last_working_day_before(calendar: WorkingCalendar, day: date) -> date:
    """Return the last working day strictly before a day ("trước ngày …")."""
    return working_days.last_before(calendar.is_working_day, day)


def working_days_between(calendar: WorkingCalendar, start: date, end: date) -> int:
    """Return how many working days lie after one day up to another, the first not counted (BLDS Đ147)."""
    return working_days.between(calendar.is_working_day, start, end)


def working_days_including(calendar: WorkingCalendar, first: date, last: date) -> int:
    """Return how many working days lie between two named days, both ends counted (as CT 157 counts)."""
    return working_days.including(calendar.is_working_day, first, last)


def latest_day_before(
    calendar: WorkingCalendar, event: date, clear_days: int, *, counts_own: bool = False
) -> date:
    """Return the last day to begin so many working days before an event, its own day counted or not."""
    return working_days.latest_before(calendar.is_working_day, event, clear_days, counts_own=counts_own)


def before_day(calendar: WorkingCalendar, named: date, policy: str) -> Deadline:
    """Work out "trước ngày …" for a named day (seed wording; domain rules 4.3).

    strict: due and late at 00:00 of the named day.
    previous_working_day: the same, but when the named day is a public holiday the due moment moves back to
    the end of the last working day: nothing falls due inside the holiday; late only from the named day.
    next_working_day: when the last day (the day before) is no working day, the period ends with the next
    working day (BLDS 2015 Đ148k5).
    """
    late_from = midnight(named)
    due_at = late_from
    if policy == "next_working_day" and not calendar.is_working_day(named - DAY):
        due_at = late_from = midnight(next_working_day(calendar, named - DAY) + DAY)
    elif policy == "previous_working_day" and named in calendar.holidays:
        due_at = midnight(last_working_day_before(calendar, named) + DAY)
    last_day = last_working_day_before(calendar, local(due_at).date())
    return Deadline(
        reminder_at=datetime.combine(last_day, REMINDER_HOUR, ZONE),
        due_at=due_at,
        late_from=late_from,
        last_working_day=last_day,
    )


def shift_days(calendar: WorkingCalendar, start: datetime, days: int) -> datetime:
    """Return the same time of day so many working days later, moved into the shifts where it lies outside."""
    moment = local(start)
    return into_hours(calendar, datetime.combine(
        add_working_days(calendar, moment.date(), days), moment.time(), ZONE
    ))  # fmt: skip


def into_hours(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """Return a moment that is worked: itself, or the next beginning of a shift; raises NobodyWorks."""
    here = local(moment)
    for begins, ends in _shifts_from(calendar, here.date()):
        if here < ends:
            return max(here, begins)
    raise NobodyWorks(days=working_days.LONGEST_REST)


def add_minutes(calendar: WorkingCalendar, start: datetime, minutes: int) -> datetime:
    """Return when so many working minutes after a moment are over; raises NobodyWorks.

    Exactly at the end of a shift the period is over there, not at the beginning of the next one.
    """
    left, here = timedelta(minutes=minutes), local(start)
    for begins, ends in _shifts_from(calendar, here.date()):
        if here >= ends:
            continue
        here = max(here, begins)
        if here + left <= ends:
            return here + left
        left -= ends - here
        here = ends
    raise NobodyWorks(days=working_days.LONGEST_REST)


def minutes_between(calendar: WorkingCalendar, start: datetime, end: datetime) -> int:
    """Return the whole working minutes from one moment to a later one; negative backwards."""
    if end < start:
        return -minutes_between(calendar, end, start)
    first, last = local(start), local(end)
    total = timedelta()
    day = first.date()
    while day <= last.date():
        for begins, ends in _shifts_of(calendar, day):
            total += max(timedelta(), min(ends, last) - max(begins, first))
        day += DAY
    return total // MINUTE


def hours_per_day(calendar: WorkingCalendar) -> float:
    """Return how many hours a working day has."""
    return sum(shift.minutes() for shift in calendar.shifts) / 60


def midnight(day: date) -> datetime:
    """Return the first moment of a local day."""
    return datetime.combine(day, time(0), ZONE)


def end_of_day(day: date) -> datetime:
    """Return the last minute of a day in local time: a period ends with its last day (BLDS 2015 Đ148)."""
    return datetime.combine(day, time(23, 59), ZONE)


def _shifts_from(calendar: WorkingCalendar, day: date) -> Iterator[tuple[datetime, datetime]]:
    """Yield shifts from a day on, for as long as somebody works at least once in a long rest."""
    resting = 0
    while resting < working_days.LONGEST_REST:
        resting += 1
        for shift in _shifts_of(calendar, day):
            resting = 0
            yield shift
        day += DAY


def _shifts_of(calendar: WorkingCalendar, day: date) -> list[tuple[datetime, datetime]]:
    if not calendar.is_working_day(day):
        return []
    return [
        (datetime.combine(day, shift.begins, ZONE), datetime.combine(day, shift.ends, ZONE))
        for shift in calendar.shifts
    ]
