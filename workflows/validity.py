"""Rows with dates: the conditions under which they are in force on a day; rows end in one of two ways."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import Mapped

from workflows.tables import (
    CouncilMember,
    CouncilProfile,
    Criterion,
    Membership,
    MovementQuota,
    Rule,
    ScoreLine,
    SigningAuthority,
    Unit,
)

# Papers about units, people and plans name the last day on which they hold.
LastDay = (
    type[Unit]
    | type[Membership]
    | type[SigningAuthority]
    | type[MovementQuota]
    | type[ScoreLine]
    | type[CouncilProfile]
    | type[CouncilMember]
)
# Rules and criteria end on the day on which the next ones begin.
FirstDayAfter = type[Rule] | type[Criterion]


def in_force(table: LastDay, day: date | ColumnElement[date]) -> ColumnElement[bool]:
    """Return the condition that a row is valid on a day; both ends count, an open end is no bound."""
    start: Mapped[date | None] | Mapped[date] = table.valid_from
    end: Mapped[date | None] = table.valid_until
    return and_(or_(start.is_(None), start <= day), or_(end.is_(None), end >= day))


def holds(table: FirstDayAfter, day: date) -> ColumnElement[bool]:
    """Return the condition that a row is in force on a day; on the day of its end it no longer is."""
    end: Mapped[date | None] = table.valid_until
    return and_(table.valid_from <= day, or_(end.is_(None), end > day))
