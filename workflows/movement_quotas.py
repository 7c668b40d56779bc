"""Quotas of a movement: how many a unit may nominate for a form, as its plan says (ĐL125 IV; CT157 IV.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from engine.errors import Text
from workflows import awards, organisation, validity
from workflows.tables import MovementQuota, Nomination, Proposal
from workflows.vocabulary import FORMS, SUBJECT_KINDS

DATA = Path(__file__).parent / "data" / "quotas.json"


@dataclass(frozen=True)
class Quota:
    """At most so many collectives and individuals, by number and by percent; None: the plan is silent."""

    collectives: int | None
    individuals: int | None
    collective_percent: int | None
    individual_percent: int | None
    source: str

    def percent(self, subject_kind: str) -> int | None:
        """Return at most which share of a kind of subject may be chosen, None when the plan names none."""
        return self.collective_percent if subject_kind == "collective" else self.individual_percent

    def limit(self, subject_kind: str, population: int | None = None) -> int | None:
        """Return how many of a kind of subject may be chosen, None for no limit.

        A share counts of the `population` that took part and is rounded down: "không quá 10 %".
        """
        number = self.collectives if subject_kind == "collective" else self.individuals
        percent = self.percent(subject_kind)
        share = None if percent is None or population is None else population * percent // 100
        limits = [one for one in (number, share) if one is not None]
        return min(limits) if limits else None


@dataclass(frozen=True)
class Group:
    """Who competes for the same places: subjects of a kind, of one unit, for one form, under one movement."""

    movement: str
    unit: str
    form: str
    subject_kind: str

    def __str__(self) -> str:
        """Return the group as the key by which a council keeps its places."""
        return "|".join((self.movement, self.unit, self.form, self.subject_kind))


def group_of(nominee: Nomination) -> Group:
    """Return the group that a nominee competes in."""
    proposal = nominee.proposal
    return Group(proposal.movement_code, proposal.office, nominee.form, nominee.subject_kind)


def places_left(session: Session, nominees: Sequence[Nomination], day: date) -> dict[Group, int]:
    """Return how many places each group of a list has left; groups without a number are absent.

    What the group was awarded already under the movement has used up its places.
    """
    groups = dict.fromkeys(group_of(nominee) for nominee in nominees)
    plans = _plans(session, groups, day)
    return {
        group: max(limit - _awarded(session, group), 0)
        for group, plan in plans.items()
        if (limit := plan.limit(group.subject_kind)) is not None
    }


def _plans(session: Session, groups: Iterable[Group], day: date) -> dict[Group, Quota]:
    known = set(session.scalars(select(MovementQuota.movement_code)))
    found = {
        group: quota(session, group.movement, group.unit, group.form, day)
        for group in groups
        if group.movement in known
    }
    return {group: plan for group, plan in found.items() if plan is not None}


def _awarded(session: Session, group: Group) -> int:
    query = select(func.count(Nomination.id)).join(Proposal, Proposal.id == Nomination.proposal_id)
    here = query.where(Proposal.movement_code == group.movement, Proposal.office == group.unit)
    same = here.where(Nomination.form == group.form, Nomination.subject_kind == group.subject_kind)
    return session.scalar(same.where(awards.holds_award())) or 0


def _describe(group: Group, units: Mapping[str, str]) -> Text:
    """Return a group as people read it: unit, form, kind of subject."""
    unit, form, kind = units.get(group.unit, group.unit), FORMS[group.form], SUBJECT_KINDS[group.subject_kind]
    return Text(f"{unit}, {form.vi}, {kind.vi}", f"{unit}, {form.en}, {kind.en}")


def warn(session: Session, listed: ColumnElement[bool], day: date) -> Text:
    """Return where the nominations of a list exceed the quotas of their plans, a line for each group, or "".

    A share counts of those who took part, which no record knows: it is called to mind, not judged.
    """
    units, said = organisation.unit_names(session), []
    group_columns = (Proposal.movement_code, Proposal.office, Nomination.form, Nomination.subject_kind)
    query = select(*group_columns, func.count(Nomination.id)).join(Nomination.proposal).where(listed)
    ordered = session.execute(query.group_by(*group_columns).order_by(*group_columns))
    numbers = {Group(*row[:4]): row[4] for row in ordered}
    for group, plan in _plans(session, numbers, day).items():
        limit, share = plan.limit(group.subject_kind), plan.percent(group.subject_kind)
        name, number, source = _describe(group, units), numbers[group], plan.source
        places = None if limit is None else max(limit - _awarded(session, group), 0)
        if places is not None and number > places:
            said.append(
                Text(
                    f"{name.vi}: {number} đề nghị, hạn mức còn {places} ({source}).",
                    f"{name.en}: {number} nominees, {places} places left ({source}).",
                )
            )
        if share is not None:
            said.append(
                Text(
                    f"{name.vi}: {number} đề nghị, không quá {share} % số trực tiếp tham gia ({source}).",
                    f"{name.en}: {number} nominees, at most {share} % of those who took part ({source}).",
                )
            )
    return Text("\n".join(one.vi for one in said), "\n".join(one.en for one in said))


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
            validity.in_force(MovementQuota, day),
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
