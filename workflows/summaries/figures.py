"""What a sum-up counts: awards per form, nominations per unit, money, what is still open.

Everything is read from the rows that finished cases left; a figure is kept only when a report is signed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from workflows import organisation
from workflows.rules import money
from workflows.tables import AwardDecision, Difficulty, Nomination, Proposal, Unit
from workflows.vocabulary import FORMS, label

Figures = dict[str, Any]


@dataclass(frozen=True)
class Scope:
    """What is summed up: one movement, the units below one, and the days of decisions, both included."""

    movement_code: str
    unit_code: str
    since: date
    until: date


def count(session: Session, scope: Scope) -> Figures:
    """Return the figures of a unit under a movement, as JSON.

    awards: form, collectives, individuals, money in đồng; units: code, name, nominated, awarded;
    decisions: number, day, form; issues: texts; money_total in đồng.
    """
    units = list_below(session, scope.unit_code)
    awards = _awards(session, scope, units)
    return {
        "awards": awards,
        "money_total": sum(row["money"] for row in awards),
        "units": _units(session, scope, units),
        "decisions": _decisions(session, scope, units),
        "issues": _issues(session, scope, units),
    }


def add(figures: Sequence[tuple[str, Mapping[str, Any]]]) -> Figures:
    """Return the figures of several units together; a unit becomes one row of its name."""
    awards: dict[str, dict[str, Any]] = {}
    for _, one in figures:
        for row in one["awards"]:
            total = awards.setdefault(row["form"], {**row, "collectives": 0, "individuals": 0, "money": 0})
            for name in ("collectives", "individuals", "money"):
                total[name] += row[name]
    return {
        "awards": list(awards.values()),
        "money_total": sum(row["money"] for row in awards.values()),
        "units": [
            {"name": name, **{key: sum(row[key] for row in one["units"]) for key in ("nominated", "awarded")}}
            for name, one in figures
        ],
        "decisions": [row for _, one in figures for row in one["decisions"]],
        "issues": [f"{name}: {issue}" for name, one in figures for issue in one["issues"]],
    }


def list_below(session: Session, code: str) -> frozenset[str]:
    """Return a unit and every unit below it, those that were dissolved too: their awards stay theirs."""
    parents = session.execute(select(Unit.code, Unit.parent_code)).all()
    reached, size = {code}, 0
    while len(reached) > size:
        size = len(reached)
        reached |= {row.code for row in parents if row.parent_code in reached}
    return frozenset(reached)


def _counted(scope: Scope, units: Collection[str]) -> ColumnElement[bool]:
    """Return the condition of nominations that were awarded within the scope."""
    return (
        (Nomination.status == "awarded")
        & (Proposal.movement_code == scope.movement_code)
        & Proposal.office.in_(units)
        & AwardDecision.decided_on.between(scope.since, scope.until)
    )


def _awards(session: Session, scope: Scope, units: Collection[str]) -> list[dict[str, Any]]:
    query = (
        select(AwardDecision.form, AwardDecision.decided_on, Nomination.subject_kind, func.count())
        .join(Nomination, Nomination.award_decision_id == AwardDecision.id)
        .join(Proposal, Proposal.id == Nomination.proposal_id)
        .where(_counted(scope, units))
        .group_by(AwardDecision.form, AwardDecision.decided_on, Nomination.subject_kind)
        .order_by(AwardDecision.form)
    )
    rows: dict[str, dict[str, Any]] = {}
    for form, day, kind, number in session.execute(query):
        row = rows.setdefault(
            form, {"form": label(FORMS, form), "collectives": 0, "individuals": 0, "money": 0}
        )
        row["collectives" if kind == "collective" else "individuals"] += number
        row["money"] += number * _money(session, form, kind, day)
    return list(rows.values())


def _money(session: Session, form: str, subject_kind: str, day: date) -> int:
    """Return the đồng that come with one award decided on a day; nothing for a form without money."""
    found = money.amount(session, form, subject_kind, day)
    return 0 if found is None else found.dong


def _units(session: Session, scope: Scope, units: Collection[str]) -> list[dict[str, Any]]:
    names = organisation.unit_names(session)
    nominated = select(Proposal.office, func.count()).join(Nomination).group_by(Proposal.office)
    nominated = nominated.where(Proposal.movement_code == scope.movement_code, Proposal.office.in_(units))
    awarded = (
        select(Proposal.office, func.count())
        .join(Nomination, Nomination.proposal_id == Proposal.id)
        .join(AwardDecision, AwardDecision.id == Nomination.award_decision_id)
        .where(_counted(scope, units))
        .group_by(Proposal.office)
    )
    won = {row[0]: row[1] for row in session.execute(awarded)}
    return [
        {
            "code": office,
            "name": names.get(office, office),
            "nominated": number,
            "awarded": won.get(office, 0),
        }
        for office, number in session.execute(nominated.order_by(Proposal.office))
    ]


def _decisions(session: Session, scope: Scope, units: Collection[str]) -> list[dict[str, Any]]:
    query = (
        select(AwardDecision.number, AwardDecision.decided_on, AwardDecision.form)
        .join(Nomination, Nomination.award_decision_id == AwardDecision.id)
        .join(Proposal, Proposal.id == Nomination.proposal_id)
        .where(_counted(scope, units))
        .distinct()
        .order_by(AwardDecision.decided_on, AwardDecision.number)
    )
    return [
        {"number": number, "day": day.isoformat(), "form": label(FORMS, form)}
        for number, day, form in session.execute(query)
    ]


def _issues(session: Session, scope: Scope, units: Collection[str]) -> list[str]:
    """Return what is still open: nominees without an answer, difficulties that nobody has answered."""
    waiting = (
        select(func.count())
        .select_from(Nomination)
        .join(Proposal, Proposal.id == Nomination.proposal_id)
        .where(
            Proposal.movement_code == scope.movement_code,
            Proposal.office.in_(units),
            Nomination.status.in_(("open", "accepted", "suspended")),
        )
    )
    number = session.scalar(waiting) or 0
    found = [f"{number} đề nghị chưa có kết quả"] if number else []
    difficulties = select(Difficulty).where(
        Difficulty.movement_code == scope.movement_code,
        Difficulty.unit_code.in_(units),
        Difficulty.status == "open",
    )
    names = organisation.unit_names(session)
    for row in session.scalars(difficulties.order_by(Difficulty.id)):
        found.append(f"{names.get(row.unit_code, row.unit_code)}: {row.content}")
    return found
