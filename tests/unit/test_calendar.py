"""The working calendar against the counted examples: event day not counted, worked Saturdays, Tết, 24/11."""

from __future__ import annotations

from datetime import date, datetime

import holidays
import pytest

from engine.clock import ZONE
from workflows import calendar


def carried(*, culture_day: bool = False) -> calendar.WorkingCalendar:
    """Build the calendar of the carried table without a database."""
    rows = [
        (date.fromisoformat(day), kind, active or (culture_day and day.endswith("-11-24")))
        for day, kind, _, _, _, active in calendar.read_table()["days"]
    ]
    return calendar.WorkingCalendar(
        years=frozenset(calendar.read_table()["years"]),
        holidays=frozenset(day for day, kind, active in rows if active and kind == "holiday"),
        make_up_days=frozenset(day for day, kind, active in rows if active and kind == "make_up"),
    )


def at(*numbers: int) -> datetime:
    """Return a local moment."""
    return datetime(*numbers, tzinfo=ZONE)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("start", "days", "worked", "off"),
    [
        (date(2026, 8, 14), 10, date(2026, 8, 27), date(2026, 8, 27)),
        (date(2026, 8, 19), 10, date(2026, 9, 4), date(2026, 9, 4)),
        (date(2026, 8, 27), 5, date(2026, 9, 8), date(2026, 9, 8)),
        (date(2026, 2, 10), 5, date(2026, 2, 24), date(2026, 2, 24)),
        (date(2026, 4, 24), 10, date(2026, 5, 13), date(2026, 5, 13)),
        (date(2026, 4, 20), 10, date(2026, 5, 7), date(2026, 5, 7)),
        (date(2026, 11, 2), 20, date(2026, 11, 30), date(2026, 12, 1)),
        (date(2026, 11, 16), 10, date(2026, 11, 30), date(2026, 12, 1)),
    ],
)
def test_a_period_of_working_days_does_not_count_the_day_of_the_event(
    start: date, days: int, worked: date, off: date
) -> None:
    assert calendar.add_working_days(carried(), start, days) == worked
    assert calendar.add_working_days(carried(culture_day=True), start, days) == off


@pytest.mark.parametrize(
    ("month", "report", "center"),
    [
        (1, 15, 19), (2, 13, 13), (3, 13, 19), (4, 15, 17), (5, 15, 19), (6, 15, 19),
        (7, 15, 17), (8, 14, 19), (9, 15, 18), (10, 15, 19), (11, 13, 19), (12, 15, 18),
    ],
)  # fmt: skip
def test_the_last_working_days_before_the_16th_and_the_20th_of_2026(
    month: int, report: int, center: int
) -> None:
    assert calendar.last_working_day_before(carried(), date(2026, month, 16)).day == report
    assert calendar.last_working_day_before(carried(), date(2026, month, 20)).day == center


def test_an_ordinary_month_is_due_at_the_first_minute_of_the_16th() -> None:
    deadline = calendar.before_day(carried(), date(2026, 10, 16), "previous_working_day")

    assert deadline.due_at == deadline.late_from == at(2026, 10, 16)
    assert deadline.reminder_at == at(2026, 10, 15, 8)


def test_a_sunday_16th_reminds_on_friday_and_saturday_still_counts() -> None:
    deadline = calendar.before_day(carried(), date(2026, 8, 16), "previous_working_day")

    assert deadline.reminder_at == at(2026, 8, 14, 8)
    assert at(2026, 8, 15, 17) < deadline.late_from <= at(2026, 8, 17)


def test_the_next_working_day_policy_takes_monday_in() -> None:
    deadline = calendar.before_day(carried(), date(2026, 8, 16), "next_working_day")

    assert at(2026, 8, 17, 16) < deadline.due_at == deadline.late_from == at(2026, 8, 18)
    assert deadline.reminder_at == at(2026, 8, 17, 8)


def test_the_strict_policy_ignores_holidays() -> None:
    assert calendar.before_day(carried(), date(2026, 2, 16), "strict").due_at == at(2026, 2, 16)


def test_nothing_falls_due_inside_tet_and_both_dates_remind_on_one_day() -> None:
    report = calendar.before_day(carried(), date(2026, 2, 16), "previous_working_day")
    center = calendar.before_day(carried(), date(2026, 2, 20), "previous_working_day")

    assert report.reminder_at == center.reminder_at == at(2026, 2, 13, 8)
    assert report.due_at == center.due_at == at(2026, 2, 14)
    assert report.late_from == at(2026, 2, 16)


def test_a_year_without_a_table_is_refused_and_not_guessed() -> None:
    with pytest.raises(calendar.CalendarYearMissing) as refusal:
        calendar.add_working_days(carried(), date(2027, 12, 30), 5)

    assert "2028" in refusal.value.text("vi")


@pytest.mark.parametrize("year", [2025, 2026, 2027])
def test_the_table_agrees_with_the_published_package(year: int) -> None:
    published = holidays.country_holidays("VN", years=year)
    ours = carried(culture_day=True)
    days = [date(year, 1, 1) + calendar.DAY * offset for offset in range(365)]
    expected = [
        day for day in days
        if day in published.weekend_workdays or (day.weekday() < 5 and day not in published)
    ]  # fmt: skip

    assert [day for day in days if ours.is_working_day(day)] == expected
