"""Rules of law and of the house as dated rows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity, Json


class Rule(Base):
    """One rule in force from a day on, with where it stands and whether that was read in the original.

    `valid_until` is the first day on which it is no longer in force; nothing means it still is.
    """

    __tablename__ = "rule"
    __table_args__ = (UniqueConstraint("topic", "key", "valid_from"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    topic: Mapped[str] = mapped_column(index=True)  # see workflows.rules.schemas
    key: Mapped[str]  # within the topic: an award form, a name of a limit …
    values: Mapped[Any] = mapped_column("content", Json)
    valid_from: Mapped[date] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str]
    verified: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")
    note_en: Mapped[str] = mapped_column(default="")  # nothing: the note as it was written stands for both
    added_by: Mapped[str] = mapped_column(default="")  # nobody: carried with the software
    added_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
    ended_at: Mapped[datetime | None]
