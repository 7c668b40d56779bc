"""The tables of the front door: tokens of programs, and what the door noticed."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from sqlalchemy import Date, Index, Table
from sqlalchemy.orm import Mapped, mapped_column

from engine.audit import append_only
from engine.tables import Base, Identity


class ApiToken(Base):
    """One token with which a program acts for its owner; the token itself is kept nowhere."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    prefix: Mapped[str] = mapped_column(unique=True)  # by which people tell tokens apart
    secret_hash: Mapped[str] = mapped_column(unique=True)  # SHA-256 of the whole token
    owner: Mapped[str] = mapped_column(index=True)  # login of a person or a service account
    label: Mapped[str]  # what it is for, in its owner's words
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    used_on: Mapped[date | None] = mapped_column(Date)  # a day is enough: no write at every request
    revoked_at: Mapped[datetime | None]


class EndedSession(Base):
    """A session that was signed out: its cookie, which lives in a browser, opens nothing any more."""

    __tablename__ = "ended_session"
    key: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class SecurityEvent(Base):
    """What the front door noticed: a sign-in, a refusal, an act of administration."""

    __tablename__ = "security_event"
    __table_args__ = (Index("ix_security_event_actor", "actor", "at"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(index=True)
    actor: Mapped[str]  # login, "" for a stranger
    address: Mapped[str]  # from where, "" for the command line
    path: Mapped[str]
    detail: Mapped[str]
    times: Mapped[int]  # how often since the row before it of the same kind, actor and address
    correlation_id: Mapped[str]  # of the request, "" outside one


append_only.protect(cast(Table, SecurityEvent.__table__))
