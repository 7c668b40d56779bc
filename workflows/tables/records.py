"""Numbers of documents, notices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity


class Book(Base):
    """The counter of one register of documents in one year; numbers start at 01 (NĐ 30/2020 Đ15)."""

    __tablename__ = "book"
    __table_args__ = (UniqueConstraint("symbol", "year"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    symbol: Mapped[str]
    year: Mapped[int]
    last_number: Mapped[int]


class Notice(Base):
    """A message to a group, in both languages."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("group_name", "kind", "about"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    group_name: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    about: Mapped[str]  # what it is about; one notice of a kind per group and subject
    vi: Mapped[str]
    en: Mapped[str]
    at: Mapped[datetime] = mapped_column(index=True)
    instance_id: Mapped[int | None]
