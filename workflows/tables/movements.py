"""Movements and what they ask for."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, UniqueConstraint
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
    __table_args__ = (UniqueConstraint("movement_code", "subject_kind", "key", "valid_from"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    subject_kind: Mapped[str]  # individual, collective, household
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


class MovementVersion(Base):
    """One version of a movement's plan: drafted, signed, numbered, then in force from a month on."""

    __tablename__ = "movement_version"
    __table_args__ = (UniqueConstraint("movement_code", "version"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str]
    version: Mapped[int]
    unit_code: Mapped[str | None] = mapped_column(index=True)  # who issues it
    status: Mapped[str]  # draft, signed, distributed, in_force
    record: Mapped[Any] = mapped_column(Json)
    reason: Mapped[str] = mapped_column(default="", server_default="")  # of an amendment
    number: Mapped[str] = mapped_column(default="", server_default="")  # blank in a draft
    issued_on: Mapped[date | None] = mapped_column(Date)  # blank in a draft
    applies_from: Mapped[str] = mapped_column(default="", server_default="")  # the first month: 2026-11
    signature: Mapped[Any | None] = mapped_column(Json)  # capacity, lines, login, name, position
    instance_id: Mapped[int | None] = mapped_column(index=True)


class MovementRecipient(Base):
    """One line of "Nơi nhận" of a version: a unit or a name, for what, and when the unit acknowledged."""

    __tablename__ = "movement_recipient"
    __table_args__ = (UniqueConstraint("version_id", "name"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("movement_version.id"), index=True)
    name: Mapped[str]
    unit_code: Mapped[str | None] = mapped_column(index=True)
    purpose: Mapped[str]  # report, implement, know, file
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str] = mapped_column(default="", server_default="")


class MovementQuota(Base):
    """How many a unit may nominate for a form under a movement: by number, by share, or both."""

    __tablename__ = "movement_quota"
    __table_args__ = (UniqueConstraint("movement_code", "unit_code", "form", "valid_from"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    unit_code: Mapped[str]  # "" = every unit that has no row of its own
    form: Mapped[str]  # "" = every form
    collectives: Mapped[int | None]  # at most so many; null = the plan names no number
    individuals: Mapped[int | None]
    collective_percent: Mapped[int | None]  # at most so many percent of the collectives
    individual_percent: Mapped[int | None]
    source: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)


class ScoreLine(Base):
    """One line of a movement's points table: how many points it gives and by which formula."""

    __tablename__ = "score_line"
    __table_args__ = (UniqueConstraint("movement_code", "key", "valid_from"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    key: Mapped[str]
    kind: Mapped[str]  # ratio: share × points; graded: points of the band reached; tie_breaker: no points
    bonus: Mapped[bool]
    points: Mapped[int]  # the standard score of the line
    bands: Mapped[Any | None] = mapped_column(Json)  # [[at least, points], …], highest first
    position: Mapped[int]
    label: Mapped[str]
    source: Mapped[str]
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)


class Difficulty(Base):
    """A difficulty an office reports about a plan, and what became of it (598/KH-TTTV IV)."""

    __tablename__ = "difficulty"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    unit_code: Mapped[str] = mapped_column(index=True)
    content: Mapped[str]
    posted_by: Mapped[str]
    posted_at: Mapped[datetime]
    status: Mapped[str]  # open, answered, amendment, amended
    answer: Mapped[str] = mapped_column(default="", server_default="")
    answered_by: Mapped[str] = mapped_column(default="", server_default="")
    answered_at: Mapped[datetime | None]
    version_id: Mapped[int | None] = mapped_column(ForeignKey("movement_version.id"))
    instance_id: Mapped[int | None] = mapped_column(index=True)


class Example(Base):
    """A good deed a unit reports for praise under a movement without an award part (seed 000)."""

    __tablename__ = "movement_example"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    movement_code: Mapped[str] = mapped_column(index=True)
    unit_code: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    deed: Mapped[str]
    reported_by: Mapped[str]
    reported_at: Mapped[datetime]
    status: Mapped[str]  # reported, praised, kept
