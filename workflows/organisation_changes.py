"""What was changed about units, people, memberships and signing: what it was and what it became."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.tables import Base
from workflows.tables import OrganisationChange


def snapshot(row: Base) -> dict[str, Any]:
    """Return the columns of a row as JSON values, days written as 2025-06-30; its key is left out."""
    columns = inspect(type(row)).columns
    values = {column.key: getattr(row, column.key) for column in columns if not column.primary_key}
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in values.items()}


def record(
    session: Session,
    actor: Actor,
    about: tuple[str, str],
    before: dict[str, Any] | None,
    after: dict[str, Any],
) -> None:
    """Write one change of a subject and key, such as ("unit", "P5"); nothing when nothing changed."""
    if before == after:
        return
    subject, key = about
    session.add(
        OrganisationChange(
            at=clock.now(), actor=actor.name, subject=subject, key=key, before=before, after=after
        )
    )


def newest(session: Session, limit: int = 100) -> Sequence[OrganisationChange]:
    """Return the latest changes, the newest first."""
    query = select(OrganisationChange).order_by(OrganisationChange.at.desc(), OrganisationChange.id.desc())
    return session.scalars(query.limit(limit)).all()
