"""Days that differ from their weekday, the hours of units, and every change of both."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity, Json


class CalendarDay(Base):
    """A day that differs from its weekday, with the notice that says so."""

    __tablename__ = "calendar_day"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    day: Mapped[date] = mapped_column(Date, unique=True)
    kind: Mapped[str]  # holiday, make_up (a worked Saturday)
    name: Mapped[str]
    source: Mapped[str]
    verified: Mapped[bool]
    active: Mapped[bool]  # False keeps an undecided day in the table without counting it


class UnitCalendar(Base):
    """The hours and the weekend of a unit, or of another calendar with a name; days off are the nation's."""

    __tablename__ = "unit_calendar"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)  # of the unit, or a name
    name: Mapped[str]
    weekend: Mapped[Any] = mapped_column(Json)  # numbers of weekdays, Monday 0
    shifts: Mapped[Any] = mapped_column(Json)  # [["07:30", "11:30"], ["13:30", "17:30"]]
    source: Mapped[str]


class UnitDay(Base):
    """A day on which one calendar differs from the nation's."""

    __tablename__ = "unit_day"
    __table_args__ = (UniqueConstraint("calendar_code", "day"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    calendar_code: Mapped[str]
    day: Mapped[date] = mapped_column(Date)
    kind: Mapped[str]  # holiday, make_up
    name: Mapped[str]
    source: Mapped[str]


class CalendarChange(Base):
    """One version of the calendars: who changed what, by which source; the newest id is the version."""

    __tablename__ = "calendar_change"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    about: Mapped[str]  # a day, or the code of a calendar
    source: Mapped[str]
    before: Mapped[Any | None] = mapped_column(Json)
    after: Mapped[Any | None] = mapped_column(Json)
    recomputed: Mapped[int]  # how many running tasks got another due date by it


class FeedToken(Base):
    """The secret of one iCalendar feed: only its hash is kept; a revoked one opens nothing."""

    __tablename__ = "feed_token"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]  # person, unit
    subject: Mapped[str]  # login, or code of the unit
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
