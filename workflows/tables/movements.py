"""Movements and what they ask for."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Date, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity, Json


class Movement(Base):
    """An emulation movement as its plan describes it; `record` is what movements.read_text gives."""

    __tablename__ = "movement"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    issuing_body: Mapped[str]
    issued_on: Mapped[date | None] = mapped_column(Date)
    center: Mapped[str | None]  # the unit whose offices nominate under it
    deadline_policy: Mapped[str]  # strict, previous_working_day, next_working_day
    record: Mapped[Any] = mapped_column(Json)


class Criterion(Base):
    """One measurable criterion of a movement, in force from a day on."""

    __tablename__ = "criterion"
    __table_args__ = (UniqueConstraint("movement_code", "key", "valid_from"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    subject_kind: Mapped[str]  # individual, collective
    group_number: Mapped[int]
    position: Mapped[int]
    key: Mapped[str]
    kind: Mapped[str]  # boolean, number (at least), count (at most)
    bound: Mapped[int | None]
    mandatory: Mapped[bool]
    veto: Mapped[bool]
    label: Mapped[str]
    text: Mapped[str]
    source: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
