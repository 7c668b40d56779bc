"""Count working days over any calendar: a function that tells of a day whether people work on it.

Two ways of counting stand side by side. A period "from receipt" does not count the day of the event (BLDS
2015 Đ147); a text that names both ends counts both (CT 157 of 2025: "10 ngày làm việc (từ ngày 20 tháng 11
năm 2025 đến ngày 03 tháng 12 năm 2025)").
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeAlias

Works: TypeAlias = Callable[[date], bool]
DAY = timedelta(days=1)
SATURDAY = 5
LONGEST_REST = 400  # days in a row without a working day; more is a calendar without any


def monday_to_friday(day: date) -> bool:
    """Tell whether a day is a weekday: the calendar of whoever was given none."""
    return day.weekday() < SATURDAY


def next_day(works: Works, day: date) -> date:
    """Return the first working day after a day; raises ValueError where nobody ever works."""
    return _seek(works, day, DAY)


def last_before(works: Works, day: date) -> date:
    """Return the last working day strictly before a day ("trước ngày …"); raises ValueError as above."""
    return _seek(works, day, -DAY)


def add(works: Works, start: date, count: int) -> date:
    """Return the last day of a period of working days whose first day, of the event, is not counted.

    A negative count goes back; 0 is the day itself, worked or not.
    """
    day = start
    for _ in range(abs(count)):
        day = next_day(works, day) if count > 0 else last_before(works, day)
    return day


def between(works: Works, start: date, end: date) -> int:
    """Return how many working days lie after one day up to another, included; negative backwards."""
    if end < start:
        return -between(works, end, start)
    return sum(works(start + DAY * offset) for offset in range(1, (end - start).days + 1))


def including(works: Works, first: date, last: date) -> int:
    """Return how many working days lie between two named days, both ends counted; 0 when they are turned."""
    return sum(works(first + DAY * offset) for offset in range((last - first).days + 1))


def latest_before(works: Works, event: date, clear_days: int, *, counts_own: bool = False) -> date:
    """Return the last working day on which something may begin so many working days before an event.

    The days lie between the two, neither counted; with `counts_own` the day of the beginning is one of them
    (NĐ 98/2023 Đ46k2 says "trước khi họp Hội đồng 10 ngày làm việc" without saying which).
    """
    return add(works, event, -clear_days - (0 if counts_own else 1))


def _seek(works: Works, day: date, step: timedelta) -> date:
    for _ in range(LONGEST_REST):
        day += step
        if works(day):
            return day
    raise ValueError(f"no working day within {LONGEST_REST} days")
