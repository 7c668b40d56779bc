"""FEEL timers: when they are due, how often they repeat, by the calendar of the people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from engine import feel
from engine.clock import ZONE
from engine.feel import FeelError

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 10, 15, 17, 0, tzinfo=UTC)  # of 16 October in Vietnam


@pytest.mark.parametrize(
    ("attribute", "variables"),
    [
        ("2026-10-16T00:00:00+07:00", {}),
        ("2026-10-15T17:00:00Z", {}),
        ("2026-10-16T00:00:00", {}),
        ("2026-10-16T00:00", {}),
        ("2026-10-16", {}),
        ("2026-10-16T00:00:00[Asia/Ho_Chi_Minh]", {}),
        ("=due", {"due": "2026-10-16T00:00:00+07:00"}),
        ("=date and time(due)", {"due": "2026-10-16T00:00:00+07:00"}),
        ('=date("2026-10-16")', {}),
        ('=date and time(date("2026-10-16"), time("00:00:00@Asia/Ho_Chi_Minh"))', {}),
    ],
)
def test_a_date_timer_takes_iso_text_and_feel_values(attribute: str, variables: dict[str, str]) -> None:
    assert feel.timer_due("date", attribute, variables, NOW) == (MIDNIGHT, 0, None)


@pytest.mark.parametrize(
    ("attribute", "wait"),
    [
        ("P3D", timedelta(days=3)),
        ("PT1H30M", timedelta(minutes=90)),
        ("P1W", timedelta(weeks=1)),
        ('=duration("P3D")', timedelta(days=3)),
        ('="PT" + string(2 * 3) + "H"', timedelta(hours=6)),
        ("P1M", timedelta(days=31)),
        ('=duration("P1M")', timedelta(days=31)),
        ("P1M10DT4H", timedelta(days=41, hours=4)),
    ],
)
def test_a_duration_timer_counts_from_now(attribute: str, wait: timedelta) -> None:
    due, left, interval = feel.timer_due("duration", attribute, {}, NOW)

    assert due == NOW + wait
    assert (left, interval) == (0, None)


def test_a_cycle_without_a_start_fires_first_after_one_interval() -> None:
    due, left, interval = feel.timer_due("cycle", "R5/PT1H", {}, NOW)

    assert due == NOW + timedelta(hours=1)
    assert left == 4  # after this one
    assert feel.next_cycle(due, str(interval), 4) == NOW + timedelta(hours=5)


def test_a_cycle_without_a_number_has_no_end() -> None:
    assert feel.timer_due("cycle", "R/P1D", {}, NOW)[1] is None
    assert feel.timer_due("cycle", '=duration("P1D")', {}, NOW)[1] is None


def test_a_monthly_cycle_on_the_31st_comes_back_to_the_31st() -> None:
    start = datetime(2027, 1, 31, 8, 0, tzinfo=UTC)

    due, _, interval = feel.timer_due("cycle", "R/2027-01-31T15:00:00+07:00/P1M", {}, NOW)
    days = [feel.next_cycle(due, str(interval), ordinal).day for ordinal in range(1, 5)]

    assert due == start
    assert days == [28, 31, 30, 31]


def test_a_cycle_that_began_in_the_past_goes_on_without_drift() -> None:
    due, left, interval = feel.timer_due("cycle", "R12/2026-01-31T00:00:00+07:00/P1M", {}, NOW)
    following = [feel.next_cycle(due, str(interval), ordinal) for ordinal in range(1, 4)]

    assert due == datetime(2026, 10, 30, 17, tzinfo=UTC)
    assert left == 2  # nine of twelve are past, this is the tenth
    assert [moment.astimezone(ZONE).day for moment in following] == [30, 31, 31]


def test_a_cycle_whose_occurrences_are_all_past_fires_once_at_once() -> None:
    due, left, _ = feel.timer_due("cycle", "R3/2026-01-01T00:00:00+07:00/P1D", {}, NOW)

    assert due < NOW
    assert left == 0


def test_an_old_cycle_is_found_without_counting_up_to_it() -> None:
    due, _, interval = feel.timer_due("cycle", "R/1990-01-01T00:00:00Z/PT1S", {}, NOW)
    dues = [feel.next_cycle(due, str(interval), ordinal) for ordinal in range(3)]

    assert due == NOW
    assert all(later - earlier == timedelta(seconds=1) for earlier, later in pairwise(dues))


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("date", "=missing"),
        ("date", "tomorrow"),
        ("date", "P3D"),
        ("date", "=1"),
        ("duration", "3 days"),
        ("duration", "P"),
        ("duration", "P1DT"),
        ("duration", "2026-10-16"),
        ("duration", "=null"),
        ("cycle", "R/PT0S"),
        ("cycle", "R/-PT1H"),
        ("cycle", "R0/PT1H"),
        ("cycle", "R3"),
        ("cycle", "R3/tomorrow/PT1H"),
        ("cycle", "0 0 9 * * *"),
        ("sundial", "P1D"),
    ],
)
def test_a_timer_that_names_no_time_is_refused(kind: str, attribute: str) -> None:
    with pytest.raises(FeelError) as caught:
        feel.timer_due(kind, attribute, {}, NOW)

    assert attribute in caught.value.text("vi")


def test_a_timer_beyond_the_year_9999_is_refused() -> None:
    with pytest.raises(FeelError, match="years"):
        feel.timer_due("duration", "P999999Y", {}, NOW)
