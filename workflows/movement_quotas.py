"""Quotas of a movement: how many a unit may nominate for a form, as its plan says (ĐL125 IV; CT157 IV.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from workflows.tables import MovementQuota

DATA = Path(__file__).parent / "data" / "quotas.json"


@dataclass(frozen=True)
class Quota:
    """At most so many collectives and individuals, by number and by percent; None: the plan is silent."""

    collectives: int | None
    individuals: int | None
    collective_percent: int | None
    individual_percent: int | None
    source: str

    def limit(self, subject_kind: str, population: int | None = None) -> int | None:
        """Return how many of a kind of subject may be chosen, None for no limit.

        A share counts of the `population` that took part and is rounded down: "không quá 10 %".
        """
        number, percent = (
            (self.collectives, self.collective_percent)
            if subject_kind == "collective"
            else (self.individuals, self.individual_percent)
        )
        share = None if percent is None or population is None else population * percent // 100
        limits = [one for one in (number, share) if one is not None]
        return min(limits) if limits else None


def install(session: Session) -> None:
    """Add the carried quotas of movements that have none in the database yet."""
    known = set(session.scalars(select(MovementQuota.movement_code)))
    for row in json.loads(DATA.read_text(encoding="utf-8"))["quotas"]:
        if row["movement_code"] not in known:
            session.add(MovementQuota(**{**row, "valid_from": date.fromisoformat(row["valid_from"])}))
    session.flush()


def quota(session: Session, movement: str, unit: str, form: str, day: date) -> Quota | None:
    """Return the quota of a unit for a form under a movement on a day, None when the plan sets none.

    The unit's own row goes before that of all units, a row for the form before that for every form.
    """
    rows = session.scalars(
        select(MovementQuota).where(
            MovementQuota.movement_code == movement,
            MovementQuota.unit_code.in_((unit, "")),
            MovementQuota.form.in_((form, "")),
            MovementQuota.valid_from <= day,
            or_(MovementQuota.valid_until.is_(None), MovementQuota.valid_until >= day),
        )
    ).all()
    if not rows:
        return None
    nearest = max(rows, key=lambda row: (row.unit_code == unit, row.form == form, row.valid_from))
    return Quota(
        nearest.collectives,
        nearest.individuals,
        nearest.collective_percent,
        nearest.individual_percent,
        nearest.source,
    )


def list_all(session: Session, movement: str) -> list[MovementQuota]:
    """Return all quotas of a movement, by unit and form."""
    query = select(MovementQuota).where(MovementQuota.movement_code == movement)
    return list(session.scalars(query.order_by(MovementQuota.unit_code, MovementQuota.form)))
