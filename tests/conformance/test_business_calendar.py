"""Rows taken from the tests of other engines' business calendars (jBPM, Kogito): each passes or says why not.

Their calendars: so many days a week and hours a day with a beginning and an end, no lunch break, a weekend,
holidays; a duration counts days first, then hours and minutes. What none of our moments has (milliseconds) is
cut off as their own tests do by the format that they compare in.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.clock import ZONE
from workflows import working_time
from workflows.working_time import Shift, WorkingCalendar

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "business-calendar" / "cases.json"
FORMATS = {"yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S", "yyyy-MM-dd HH:mm": "%Y-%m-%d %H:%M"}
SETTINGS = {"HOURS_PER_DAY", "START_HOUR", "END_HOUR", "DAYS_PER_WEEK", "WEEKEND_DAYS_expr", "HOLIDAYS"}
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
# the rows whose data the collector could not take out of the test method: there is nothing to compare
WITHOUT_DATA = frozenset(
    {
        "testCalculateHoursSimulatedSLAHolidaysAndWeekend",
        "testCalculateHoursSimulatedSLAHolidaysTodayAndWeekendTomorrow",
        "testMissingConfigurationSingleArgConstructor",
        "testCalculateMinutesPassingWeekend",
        "testLoadBadInputStream",
        "calculateBusinessTimeAsDateInsideDailyWorkingHourWithDelay",
        "calculateBusinessTimeAsDateInsideNightlyWorkingHour",
        "calculateBusinessTimeAsDateBeforeWorkingHourWithDelayFineGrained",
        "calculateBusinessTimeAsDateAfterWorkingHour",
        "calculateBusinessTimeAsDateWhenNextDayIsHoliday",
        "rollCalendarToNightlyWorkingHour",
        "rollCalendarAfterHolidaysWithYearRollover",
        "isWorkingDay",
    }
)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    if not CORPUS.is_file():
        pytest.skip(f"the rows of other business calendars are absent: {CORPUS}")
    found: list[dict[str, Any]] = json.loads(CORPUS.read_text("utf-8"))["cases"]
    return found


def read_calendar(config: dict[str, str]) -> WorkingCalendar:
    """Return their calendar as ours; the meaning of each setting is checked against the others."""
    begins, ends = int(config.get("START_HOUR", "9")), int(config.get("END_HOUR", "17"))
    assert ends - begins == int(config.get("HOURS_PER_DAY", "8"))
    named = re.findall(r"Calendar\.(\w+)", config.get("WEEKEND_DAYS_expr", "SATURDAY, SUNDAY"))
    weekend = frozenset(WEEKDAYS.index(name) for name in named) or working_time.WEEKEND
    assert 7 - len(weekend) == int(config.get("DAYS_PER_WEEK", "5"))
    return WorkingCalendar(
        years=frozenset(range(2010, 2021)),
        holidays=read_holidays(config.get("HOLIDAYS", "")),
        make_up_days=frozenset(),
        weekend=weekend,
        shifts=(Shift(time(begins), time(ends)),),
    )


def read_holidays(text: str) -> frozenset[date]:
    """Read `2012-05-07` or the range `2012-12-31:2013-01-01`, both ends off."""
    if not text:
        return frozenset()
    first, _, last = text.partition(":")
    begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    return frozenset(begin + timedelta(days=offset) for offset in range((end - begin).days + 1))


def read_duration(text: str) -> tuple[int, int]:
    """Return the working days and the working minutes of `6d4h80m` or of an ISO duration of hours."""
    parts = {unit: int(number) for number, unit in re.findall(r"(\d+)([wdhm])", text.lower())}
    assert not {"w"} & parts.keys()
    return parts.get("d", 0), parts.get("h", 0) * 60 + parts.get("m", 0)


def calculate(row: dict[str, Any]) -> str:
    calendar = read_calendar(row["config"])
    days, minutes = read_duration(row["duration"])
    # what is smaller than a second is not compared there
    now = datetime.fromisoformat(row["now"]).replace(tzinfo=ZONE, microsecond=0)
    begun = working_time.shift_days(calendar, now, days) if days else working_time.into_hours(calendar, now)
    return f"{working_time.add_minutes(calendar, begun, minutes):{FORMATS[row['compare_format']]}}"


def test_every_row_with_data_has_the_expected_moment(
    rows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [row for row in rows if "NOT_EXTRACTED" not in row]

    assert all(set(row["config"]) <= SETTINGS for row in given)
    assert {row["test"]: calculate(row) for row in given} == {row["test"]: row["expected"] for row in given}
    with capsys.disabled():
        print(f"\n{len(given)} of {len(rows)} rows have data and pass")  # noqa: T201  the report


def test_the_rows_that_are_left_out_are_those_without_data(rows: list[dict[str, Any]]) -> None:
    assert {row["test"] for row in rows if row.get("NOT_EXTRACTED")} == WITHOUT_DATA
