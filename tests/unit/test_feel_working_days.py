"""The FEEL functions on working days: both counting rules, a calendar by name, null with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from engine import feel
from engine.errors import NotFound
from engine.feel.workdays import LENT
from engine.working_days import Works, monday_to_friday
from tests.unit.test_calendar import carried

NOW = datetime(2026, 8, 14, tzinfo=UTC)


def works(name: str) -> Works:
    """Know the nation's calendar, and an office that works every day."""
    known: dict[str, Works] = {"": carried().is_working_day, "P1": lambda _day: True}
    if name not in known:
        raise NotFound(kind="calendar", key=name)
    return known[name]


@pytest.fixture
def lent() -> Iterator[None]:
    token = LENT.set(works)
    yield
    LENT.reset(token)


def value(text: str) -> object:
    return feel.evaluate(text, {"received": "2026-08-14"}, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('add working days(date("2026-08-14"), 10)', "2026-08-27"),
        ("add working days(date(received), 10)", "2026-08-27"),
        ('add working days(date: @"2026-08-27", n: 5)', "2026-09-08"),
        ('add working days(date and time("2026-08-14T16:30:00+07:00"), 1)', "2026-08-17"),
        ('add working days(@"2026-08-27", -9)', "2026-08-17"),
        ('add working days(@"2026-08-14", 2, "P1")', "2026-08-16"),
        ('add working days(@"2026-08-14", 2, null)', "2026-08-18"),
        ('working days between(@"2026-08-14", @"2026-08-27")', 10),
        ('working days between(@"2026-08-27", @"2026-08-14")', -10),
        ('working days including(@"2025-11-20", @"2025-12-03")', 10),
        ('last working day before(@"2026-02-20")', "2026-02-13"),
        ('next working day(@"2026-08-28")', "2026-09-03"),
        ('is working day(@"2026-08-22")', True),
        ('is working day(@"2026-08-31")', False),
        ('is working day(@"2026-08-31", "P1")', True),
        ('if working days between(@"2026-08-14", today()) > 5 then "late" else "in time"', "in time"),
    ],
)
def test_working_days_are_counted_by_the_calendar_that_was_lent(
    lent: None, text: str, expected: object
) -> None:
    assert value(text) == expected


def test_without_a_calendar_monday_to_friday_are_worked() -> None:
    assert value('add working days(@"2026-08-14", 10)') == "2026-08-28"
    assert value('is working day(@"2026-08-31", "whatever")') is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('add working days("2026-08-14", 1)', "arguments"),
        ('add working days(@"2026-08-14")', "arguments"),
        ('add working days(@"2026-08-14", 1, 2)', "arguments"),
        ('add working days(@"2026-08-14", 1.5)', "failed"),
        ('add working days(@"2026-08-14", 5001)', "failed"),
        ('add working days(@"-0044-03-15", 1)', "failed"),
        ('add working days(@"2026-08-14", 1, "X")', "calendar"),
        ('add working days(@"2027-12-30", 5)', "calendar"),
        ('working days between(@"1999-01-01", @"2099-01-01")', "failed"),
    ],
)
def test_what_cannot_be_counted_is_null_with_the_reason(lent: None, text: str, code: str) -> None:
    run = feel.Run(NOW)

    result = feel.compile_expression(text).run({}, run)

    assert result is None
    assert [warning[0] for warning in run.warnings] == [code]


def test_the_warning_names_what_the_calendar_lacks(lent: None) -> None:
    with pytest.raises(feel.FeelError) as refusal:
        feel.condition('=is working day(@"2030-01-01")', {}, NOW)

    assert "2030" in refusal.value.text("vi")
    assert "2030" in refusal.value.text("en")


def test_many_calls_end_with_the_budget_of_the_evaluation(lent: None) -> None:
    with pytest.raises(feel.FeelLimit):
        value('for i in 1..100 return add working days(@"2020-01-01", 4000, "P1")')


def test_the_check_knows_the_functions() -> None:
    feel.check('add working days(received day, 10, "SXD") < last working day before(meeting day)')
    assert monday_to_friday(date(2026, 8, 14))
