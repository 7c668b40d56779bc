"""Changing the calendars: each change has a source, makes a version, and moves the limits that run.

A day off or a worked Saturday is added, switched on or off, or taken out; a year begins as a whole; a unit
has its own hours, weekend and days. What has ended is never touched (`engine.operations.due_dates`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, time
from itertools import pairwise
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import FormInvalid, Refused, Text
from engine.operations import due_dates, moved_timers
from workflows import calendar, calendar_followers
from workflows.tables import CalendarChange, CalendarDay, UnitCalendar, UnitDay
from workflows.vocabulary import show_date
from workflows.working_time import WEEKEND

KINDS = {
    "holiday": Text("ngày nghỉ", "day off"),
    "make_up": Text("làm bù", "make-up working day"),
}
DAYS_OFF_OF_A_YEAR = 11  # Bộ luật Lao động 2019 Đ112k1: 1 + 5 + 1 + 1 + 2 + 1 days
LABOUR_CODE = "Bộ luật Lao động 2019 Đ112"
MISSING = Text("Cần nhập mục này.", "This is required.")
SOURCE_MISSING = Text(
    "Cần ghi văn bản làm căn cứ (số, ngày).", "Name the document this rests on (number, date)."
)


@dataclass(frozen=True)
class Day:
    """One day that differs from its weekday, as it should be in the table."""

    day: date
    kind: str
    name: str
    source: str
    verified: bool = True
    active: bool = True

    def told(self) -> dict[str, Any]:
        """Return what a version keeps of it."""
        return {**asdict(self), "day": self.day.isoformat()}


@dataclass(frozen=True)
class Hours:
    """The hours of one calendar: of a unit by its code, or of any other name."""

    code: str
    name: str
    weekend: tuple[int, ...]
    shifts: tuple[tuple[str, str], ...]
    source: str


@dataclass(frozen=True)
class _Version:
    """What one version of the calendars keeps."""

    about: str
    source: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def versions(session: Session, limit: int = 50) -> Sequence[CalendarChange]:
    """Return the newest changes of the calendars."""
    return session.scalars(select(CalendarChange).order_by(CalendarChange.id.desc()).limit(limit)).all()


def put_day(session: Session, actor: Actor, wanted: Day, code: str = "") -> CalendarChange:
    """Set one day of the nation's calendar, or of a unit's; raises FormInvalid, CalendarYearMissing."""
    _ensure_day(wanted)
    calendar.load(session).is_working_day(wanted.day)  # a year begins as a whole: `open_year`
    row: CalendarDay | UnitDay | None
    if code:
        calendar.load(session, code)
        query = select(UnitDay).where(UnitDay.calendar_code == code, UnitDay.day == wanted.day)
        row = session.scalars(query).first()
    else:
        row = session.scalars(select(CalendarDay).where(CalendarDay.day == wanted.day)).first()
    before = None if row is None else _told(row)
    values = asdict(wanted)
    if code:
        values = {key: values[key] for key in ("day", "kind", "name", "source")} | {"calendar_code": code}
    if row is None:
        session.add(UnitDay(**values) if code else CalendarDay(**values))
    else:
        for key, value in values.items():
            setattr(row, key, value)
    told = _Version(_about(wanted.day, code), wanted.source, before, wanted.told())
    return _finish(session, actor, told)


def take_out(session: Session, actor: Actor, day: date, source: str, code: str = "") -> CalendarChange:
    """Take a day out of a table: it is worked or not by its weekday again; raises FormInvalid, Refused."""
    _ensure_source(source)
    row: CalendarDay | UnitDay | None
    if code:
        row = session.scalars(
            select(UnitDay).where(UnitDay.calendar_code == code, UnitDay.day == day)
        ).first()
    else:
        row = session.scalars(select(CalendarDay).where(CalendarDay.day == day)).first()
    if row is None:
        raise Refused(
            f"Ngày {show_date(day)} không có trong bảng.", f"{day} is not in the table.", "Lịch làm việc"
        )
    told = _Version(_about(day, code), source, _told(row), None)
    session.delete(row)
    return _finish(session, actor, told)


def open_year(session: Session, actor: Actor, year: int, days: Sequence[Day]) -> CalendarChange:
    """Begin a year with all its days off; raises FormInvalid, and Refused for a year that cannot be whole."""
    for wanted in days:
        _ensure_day(wanted)
    known = session.scalars(select(CalendarDay.day)).all()
    if any(day.year == year for day in known):
        raise Refused(
            f"Năm {year} đã có trong lịch; hãy sửa từng ngày.",
            f"The year {year} is in the calendar already; change its days.",
            "Lịch làm việc",
        )
    off = {one.day for one in days if one.kind == "holiday" and one.active}
    if any(one.day.year != year for one in days) or len(off) < DAYS_OFF_OF_A_YEAR:
        raise Refused(
            f"Cần ít nhất {DAYS_OFF_OF_A_YEAR} ngày nghỉ của đúng năm {year}, nhận được {len(off)}.",
            f"At least {DAYS_OFF_OF_A_YEAR} days off of the year {year} are needed, found {len(off)}.",
            LABOUR_CODE,
        )
    session.add_all(CalendarDay(**asdict(one)) for one in days)
    sources = "; ".join(dict.fromkeys(one.source for one in days))
    told = _Version(str(year), sources, None, {"days": [one.told() for one in days]})
    return _finish(session, actor, told)


def put_hours(session: Session, actor: Actor, wanted: Hours) -> CalendarChange:
    """Set the hours and the weekend of a unit's calendar, making it when it is new; raises FormInvalid."""
    _ensure_hours(wanted)
    row = session.scalars(select(UnitCalendar).where(UnitCalendar.code == wanted.code)).first()
    values = {
        **asdict(wanted),
        "weekend": list(wanted.weekend),
        "shifts": [list(one) for one in wanted.shifts],
    }
    before = None if row is None else {key: getattr(row, key) for key in values}
    if row is None:
        session.add(UnitCalendar(**values))
    else:
        for key, value in values.items():
            setattr(row, key, value)
    told = _Version(wanted.code, wanted.source, before, values)
    return _finish(session, actor, told)


def read_days(text: str) -> list[Day]:
    """Read the days of a year, one per line: `2028-01-26; holiday; Tết Nguyên đán; Thông báo …`.

    Raises FormInvalid at `days` with the number of each line that is not one.
    """
    days: list[Day] = []
    problems: list[Text] = []
    for number, line in enumerate(text.splitlines(), 1):
        parts = [part.strip() for part in line.split(";")]
        try:
            if line.strip():
                day, kind, name, source = parts
                days.append(Day(date.fromisoformat(day), kind, name, source))
        except ValueError:
            problems.append(
                Text(
                    f"Dòng {number}: cần “năm-tháng-ngày; holiday hoặc make_up; tên; văn bản”.",
                    f"Line {number}: write 'year-month-day; holiday or make_up; name; document'.",
                )
            )
    if problems:
        raise FormInvalid({"days": problems})
    return days


def _finish(session: Session, actor: Actor, told: _Version) -> CalendarChange:
    """Keep the version and let every limit that runs follow; the change is named as the cause."""
    change = CalendarChange(at=clock.now(), actor=actor.name, recomputed=0, **asdict(told))
    session.add(change)
    session.flush()
    cause = Text(
        f"Lịch làm việc thay đổi (phiên bản {change.id}): {told.about} – {told.source}",
        f"The working calendar changed (version {change.id}): {told.about} – {told.source}",
    )
    moved = due_dates.recompute(session, cause, actor)
    moved_timers.recount(session, actor, cause.vi)
    moved += calendar_followers.follow(session, actor, cause.vi)
    change.recomputed = moved
    session.flush()
    return change


def _told(row: CalendarDay | UnitDay) -> dict[str, Any]:
    names = ("kind", "name", "source", "verified", "active")
    values = {name: getattr(row, name) for name in names if hasattr(row, name)}
    return {"day": row.day.isoformat(), **values}


def _about(day: date, code: str) -> str:
    return show_date(day) + (f" ({code})" if code else "")


def _ensure_source(source: str) -> None:
    if not source.strip():
        raise FormInvalid({"source": [SOURCE_MISSING]})


def _ensure_day(wanted: Day) -> None:
    problems: dict[str, list[Text]] = {}
    if not wanted.name.strip():
        problems["name"] = [MISSING]
    if not wanted.source.strip():
        problems["source"] = [SOURCE_MISSING]
    if wanted.kind not in KINDS:
        problems["kind"] = [MISSING]
    if wanted.kind == "make_up" and wanted.day.weekday() not in WEEKEND:
        problems["day"] = [
            Text("Ngày làm bù phải là thứ bảy hoặc chủ nhật.", "A make-up day is a Saturday or a Sunday.")
        ]
    if problems:
        raise FormInvalid(problems)


def _ensure_hours(wanted: Hours) -> None:
    problems: dict[str, list[Text]] = {}
    for name in ("code", "name"):
        if not getattr(wanted, name).strip():
            problems[name] = [MISSING]
    if not wanted.source.strip():
        problems["source"] = [SOURCE_MISSING]
    if not set(wanted.weekend) < set(range(7)):
        problems["weekend"] = [Text("Phải còn ít nhất một ngày làm việc.", "One day must be left to work.")]
    if not _are_shifts(wanted.shifts):
        problems["shifts"] = [
            Text(
                "Giờ làm việc phải là một hoặc nhiều ca nối tiếp nhau, ví dụ 07:30–11:30 và 13:30–17:30.",
                "Hours are one or more shifts after one another, such as 07:30–11:30 and 13:30–17:30.",
            )
        ]
    if problems:
        raise FormInvalid(problems)


def _are_shifts(pairs: Sequence[tuple[str, str]]) -> bool:
    read: Callable[[str], time] = time.fromisoformat
    try:
        moments = [read(text) for pair in pairs for text in pair]
    except ValueError:
        return False
    return bool(moments) and all(a < b for a, b in pairwise(moments))
