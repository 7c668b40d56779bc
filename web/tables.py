"""The tables of the web room: how a person signs in. Who belongs to which group lives in `workflows`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity


class Credential(Base):
    """The password and the language of one person; `name` is the person's name in the organisation."""

    __tablename__ = "credential"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    language: Mapped[str]  # vi, en
    active: Mapped[bool]
    failures: Mapped[int]  # wrong passwords since the last good one
    blocked_until: Mapped[datetime | None]
