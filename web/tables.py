"""The tables of the web room: how people and programs sign in, what programs were answered.

Who belongs to which group lives in `workflows`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Identity, Json


class Credential(Base):
    """How a person or a service account signs in, and its language; `name` is the login in the organisation.

    A service account has a secret of 256 random bits, and a password that nobody knows.
    """

    __tablename__ = "credential"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    language: Mapped[str]  # vi, en
    active: Mapped[bool]
    failures: Mapped[int]  # wrong passwords since the last good one
    blocked_until: Mapped[datetime | None]
    kind: Mapped[str] = mapped_column(default="person", server_default="person")  # person, service
    secret_hash: Mapped[str | None]  # SHA-256 of a service account's secret
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)  # issuer and subject since the first time


class IdempotentRequest(Base):
    """What a request of the API with an Idempotency-Key was answered; the same one again changes nothing."""

    __tablename__ = "idempotent_request"
    actor: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]  # of method, address and body
    at: Mapped[datetime] = mapped_column(index=True)
    answer: Mapped[Any | None] = mapped_column(Json)
