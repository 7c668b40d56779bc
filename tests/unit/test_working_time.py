"""Working days under both counting rules and working minutes inside office hours."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from engine import working_days
from engine.clock import ZONE
from tests.unit.test_calendar import at, carried
from workflows import working_time
from workflows.working_time import NobodyWorks, Shift, WorkingCalendar

SIX_DAYS = WorkingCalendar(frozenset({2026}), frozenset(), frozenset(), frozenset({6}))


@pytest.mark.parametrize("culture_day", [False, True])
def test_a_council_on_10_september_is_announced_on_the_worked_saturday(culture_day: bool) -> None:
    calendar = carried(culture_day=culture_day)
    council = date(2026, 9, 10)

    clear = working_time.latest_day_before(calendar, council, 10)
    counting_itself = working_time.latest_day_before(calendar, council, 10, counts_own=True)

    # 24/8 to 9/9 are ten clear working days; Saturday 22/8 is worked (TB 9441/TB-BNV)
    assert (clear, counting_itself) == (date(2026, 8, 22), date(2026, 8, 24))
    assert working_time.working_days_between(calendar, clear, date(2026, 9, 9)) == 10


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2025, 11, 20), date(2025, 12, 3), 10),  # CT 157: "10 ngày làm việc (từ … đến …)"
        (date(2025, 12, 8), date(2025, 12, 10), 3),
        (date(2025, 12, 10), date(2025, 12, 8), 0),
    ],
)
def test_a_text_that_names_both_ends_counts_both(first: date, last: date, days: int) -> None:
    assert working_time.working_days_including(carried(), first, last) == days


@pytest.mark.parametrize(
    ("posted", "clear"), [(date(2026, 8, 28), 5), (date(2026, 8, 21), 11), (date(2026, 8, 22), 10)]
)
def test_clear_days_before_a_council_are_those_between(posted: date, clear: int) -> None:
    before_council = date(2026, 9, 9)

    assert working_time.working_days_between(carried(), posted, before_council) == clear
    assert working_time.working_days_between(carried(), before_council, posted) == -clear


@pytest.mark.parametrize("count", [0, 1, 7, 50])
def test_going_back_undoes_going_forward_from_a_working_day(count: int) -> None:
    start = date(2026, 8, 21)
    there = working_time.add_working_days(carried(), start, count)

    assert working_time.add_working_days(carried(), there, -count) == start
    assert working_days.between(carried().is_working_day, start, there) == count


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        (at(2026, 10, 5, 8), 60, at(2026, 10, 5, 9)),
        (at(2026, 10, 5, 11), 60, at(2026, 10, 5, 14)),  # over the lunch break
        (at(2026, 10, 5, 11), 30, at(2026, 10, 5, 11, 30)),  # over at its beginning
        (at(2026, 10, 5, 6), 30, at(2026, 10, 5, 8)),  # begins with the shift
        (at(2026, 10, 9, 17), 60, at(2026, 10, 12, 8)),  # over the weekend
        (at(2026, 8, 28, 17), 60, at(2026, 9, 3, 8)),  # over 31/8 to 2/9
        (at(2026, 8, 21, 17), 60, at(2026, 8, 22, 8)),  # into the worked Saturday
        (at(2026, 10, 5, 8), 0, at(2026, 10, 5, 8)),
        (at(2026, 10, 5, 7, 30), 5 * 480, at(2026, 10, 9, 17, 30)),
    ],
)
def test_minutes_run_only_inside_the_hours(start: datetime, minutes: int, end: datetime) -> None:
    assert working_time.add_minutes(carried(), start, minutes) == end
    assert working_time.minutes_between(carried(), start, end) == minutes


def test_a_moment_outside_the_hours_moves_to_the_next_shift() -> None:
    assert working_time.into_hours(carried(), at(2026, 10, 5, 12)) == at(2026, 10, 5, 13, 30)
    assert working_time.into_hours(carried(), at(2026, 10, 10, 9)) == at(2026, 10, 12, 7, 30)
    assert working_time.shift_days(carried(), at(2026, 10, 9, 9), 1) == at(2026, 10, 12, 9)


def test_an_office_may_work_on_saturday_and_has_hours_of_its_own() -> None:
    calendar = WorkingCalendar(
        frozenset({2026}), frozenset(), frozenset(), frozenset({6}), (Shift(time(7), time(11)),)
    )

    assert working_time.add_working_days(calendar, date(2026, 10, 9), 1) == date(2026, 10, 10)
    assert working_time.hours_per_day(calendar) == 4
    assert working_time.hours_per_day(SIX_DAYS) == 8


def test_a_calendar_without_any_hours_is_refused_and_not_searched_for_ever() -> None:
    idle = WorkingCalendar(frozenset({2026, 2027}), frozenset(), frozenset(), shifts=())

    with pytest.raises(NobodyWorks):
        working_time.add_minutes(idle, datetime(2026, 1, 5, 8, tzinfo=ZONE), 1)
    with pytest.raises(ValueError, match="no working day"):
        working_days.next_day(lambda _day: False, date(2026, 1, 1))
