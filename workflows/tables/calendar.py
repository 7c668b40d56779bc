"""Days that differ from their weekday."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity


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
