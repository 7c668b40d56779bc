"""Nominations: their life across levels, the rows forms show, and the questions pages ask about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.errors import NotFound
from engine.handlers import Json, ServiceCall
from workflows import criteria, organisation
from workflows.tables import Nomination, NominationStep, NominationVersion, Proposal
from workflows.vocabulary import (
    FORMS,
    INFLUENCES,
    LEVELS,
    OUTCOMES,
    PENDING,
    RECOMMENDATIONS,
    STATUSES,
    SUBJECT_KINDS,
    TYPES,
    fold,
    label,
    show_date,
    show_moment,
    show_period,
)

PAGE = 50


@dataclass(frozen=True)
class Filter:
    """Narrow a list of nominations; empty fields do not narrow. `units` are office codes a reader may see."""

    units: frozenset[str] | None = None
    unit: str = ""
    status: str = ""
    form: str = ""
    movement: str = ""
    period: str = ""
    text: str = ""
    page: int = 1


@dataclass(frozen=True)
class Page:
    """One page of a list with the count of all."""

    rows: list[dict[str, Any]]
    total: int
    page: int
    pages: int = field(default=1)


def add_step(nomination: Nomination, call: ServiceCall, outcome: str, reason: str = "") -> None:
    """Append one step to the lineage of a nomination, at the level that acts (before it is moved on)."""
    nomination.steps.append(
        NominationStep(
            at=call.now,
            level=nomination.level,
            outcome=outcome,
            reason=reason,
            actor=call.actor.name,
            instance_id=call.instance_id or None,
        )
    )


def move(nomination: Nomination, call: ServiceCall, status: str, level: str, holder: str) -> None:
    """Change where a nomination is and who has it; `since` moves only when one of them changes."""
    if (nomination.status, nomination.level, nomination.holder) != (status, level, holder):
        nomination.since = call.now
    nomination.status = status
    nomination.level = level
    nomination.holder = holder


def keep_version(nomination: Nomination, call: ServiceCall, number: int) -> None:
    """Keep what is sent to the centre as a version that later ones do not change."""
    nomination.version = number
    nomination.versions.append(
        NominationVersion(number=number, content=content(nomination), at=call.now, actor=call.actor.name)
    )


def content(nomination: Nomination) -> dict[str, Json]:
    """Return everything the office wrote about a nominee, as the form has it."""
    return {
        "subject_kind": nomination.subject_kind,
        "subject": nomination.subject,
        "position": nomination.position,
        "type": nomination.type,
        "form": nomination.form,
        "influence": nomination.influence,
        "achievement": nomination.achievement,
        "achieved_on": nomination.achieved_on.isoformat() if nomination.achieved_on else None,
        "achievement_ref": nomination.achievement_ref,
        "initiative_ref": nomination.initiative_ref,
        **nomination.answers,
    }


def pending(nominations: Iterable[Nomination]) -> list[Nomination]:
    """Return those that still wait for an answer."""
    return [nomination for nomination in nominations if nomination.status in PENDING]


def row(nomination: Nomination, units: Mapping[str, str]) -> dict[str, Json]:
    """Return one nomination as a form shows it: Vietnamese texts, `decision` and `reason` still empty."""
    office = nomination.proposal.office
    return {
        "id": str(nomination.id),
        "subject": nomination.subject,
        "subject_kind": label(SUBJECT_KINDS, nomination.subject_kind),
        "subject_kind_code": nomination.subject_kind,
        "position": nomination.position,
        "unit": units.get(office, office),
        "unit_code": office,
        "proposal_key": nomination.proposal.key,
        "type_label": label(TYPES, nomination.type),
        "form_label": label(FORMS, nomination.form),
        "form_code": nomination.form,
        "influence_label": label(INFLUENCES, nomination.influence),
        "achievement": nomination.achievement,
        "achieved_on": show_date(nomination.achieved_on),
        "attestation": "Có xác nhận" if nomination.answers.get("report_attested") else "Chưa có xác nhận",
        "precheck": criteria.describe(nomination.precheck),
        "status_label": label(STATUSES, nomination.status),
        "level_label": label(LEVELS, nomination.level),
        "version": nomination.version,
        "recommendation": describe_recommendation(nomination),
        "result": describe_result(nomination),
        "decision_number": nomination.award.number if nomination.award else "",
        "decision_date": show_date(nomination.award.decided_on if nomination.award else None),
        "earlier_reason": nomination.reason,
        "late": describe_lateness(nomination.proposal),
        "decision": "",
        "reason": "",
    }


def rows(session: Session, nominations: Iterable[Nomination]) -> list[Json]:
    """Return nominations as rows of a form."""
    units = organisation.unit_names(session)
    return [row(nomination, units) for nomination in nominations]


def describe_recommendation(nomination: Nomination) -> str:
    """Write the latest recommendation with its reason."""
    text = label(RECOMMENDATIONS, nomination.recommendation)
    return f"{text}: {nomination.recommendation_reason}" if nomination.recommendation_reason else text


def describe_result(nomination: Nomination) -> str:
    """Write the result: the award with number and date, or the status a nomination stands in."""
    if nomination.award is not None:
        return f"Đã tặng, số {nomination.award.number} ngày {show_date(nomination.award.decided_on)}"
    return label(STATUSES, nomination.status)


def describe_reason(nomination: Nomination) -> str:
    """Write why a nomination stands as it does: the reason given, or the criteria that are not met."""
    return criteria.describe(nomination.precheck) if nomination.status == "ineligible" else nomination.reason


def describe_lateness(proposal: Proposal) -> str:
    """Write whether the office reported in time, and the supplement in time."""
    if proposal.submitted_at is None:
        return ""
    late = f"Nộp muộn lúc {show_moment(proposal.submitted_at)}" if proposal.late else "Đúng hạn"
    return f"{late}; bổ sung muộn" if proposal.supplement_late else late


def find(session: Session, nomination_id: int) -> Nomination:
    """Return a nomination; raises NotFound."""
    found = session.get(Nomination, nomination_id)
    if found is None:
        raise NotFound(kind="nomination", key=nomination_id)
    return found


def list_page(session: Session, wanted: Filter) -> Page:
    """Return one page of nominations, newest first: where each is, with whom, since when."""
    conditions = _conditions(wanted)
    total = (
        session.scalar(select(func.count(Nomination.id)).join(Nomination.proposal).where(*conditions)) or 0
    )
    query = (
        select(Nomination)
        .join(Nomination.proposal)
        .where(*conditions)
        .options(joinedload(Nomination.proposal), joinedload(Nomination.award))
        .order_by(Nomination.since.desc(), Nomination.id.desc())
        .limit(PAGE)
        .offset((max(wanted.page, 1) - 1) * PAGE)
    )
    units = organisation.unit_names(session)
    found = [summary(nomination, units) for nomination in session.scalars(query)]
    return Page(rows=found, total=total, page=max(wanted.page, 1), pages=max(1, -(-total // PAGE)))


def summary(nomination: Nomination, units: Mapping[str, str]) -> dict[str, Any]:
    """Return what a list shows of a nomination, with codes for links and moments as datetimes."""
    return {
        **row(nomination, units),
        "nomination_id": nomination.id,
        "status": nomination.status,
        "level": nomination.level,
        "form": nomination.form,
        "holder": nomination.holder,
        "since": nomination.since,
        "reason": nomination.reason,
        "movement": nomination.proposal.movement_code,
        "period": nomination.proposal.period,
        "period_label": show_period(nomination.proposal.period),
        "instance_id": nomination.proposal.instance_id,
    }


def detail(session: Session, nomination_id: int) -> dict[str, Any]:
    """Return one nomination with its steps, versions and the process instances it passed; raises NotFound."""
    query = (
        select(Nomination)
        .where(Nomination.id == nomination_id)
        .options(selectinload(Nomination.steps), selectinload(Nomination.versions))
    )
    nomination = session.scalar(query)
    if nomination is None:
        raise NotFound(kind="nomination", key=nomination_id)
    proposal = nomination.proposal
    names = organisation.person_names(session)
    return {
        **summary(nomination, organisation.unit_names(session)),
        "content": content(nomination),
        "findings": nomination.precheck,
        "steps": [_step(step, names) for step in nomination.steps],
        "versions": [
            {"number": version.number, "at": version.at, "actor": version.actor, "content": version.content}
            for version in nomination.versions
        ],
        "instance_ids": list(
            dict.fromkeys(
                [proposal.instance_id, *(step.instance_id for step in nomination.steps if step.instance_id)]
            )
        ),
        "report_due_at": proposal.report_due_at,
        "supplement_due_at": proposal.supplement_due_at,
    }


def parse_ids(found: Sequence[Mapping[str, Any]]) -> dict[int, tuple[int, Mapping[str, Any]]]:
    """Return rows of a form by nomination id, each with its index in the form."""
    return {
        int(entry["id"]): (index, entry)
        for index, entry in enumerate(found)
        if str(entry.get("id") or "").isdecimal()
    }


def _step(step: NominationStep, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "at": step.at,
        "level": step.level,
        "level_label": label(LEVELS, step.level),
        "outcome": step.outcome,
        "outcome_label": label(OUTCOMES, step.outcome),
        "reason": step.reason,
        "actor": step.actor,
        "actor_name": names.get(step.actor, step.actor),
        "instance_id": step.instance_id,
    }


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    exact = (
        (Proposal.office, wanted.unit),
        (Nomination.status, wanted.status),
        (Nomination.form, wanted.form),
        (Proposal.movement_code, wanted.movement),
        (Proposal.period, wanted.period),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in exact if value]
    if wanted.units is not None:
        conditions.append(Proposal.office.in_(sorted(wanted.units)))
    conditions.extend(
        Nomination.search_text.contains(word, autoescape=True) for word in fold(wanted.text).split()
    )
    return conditions


def search_text(nomination: Nomination) -> str:
    """Return what a text search looks in: subject, position, achievement, folded."""
    return fold(f"{nomination.subject} {nomination.position} {nomination.achievement}")


def lineage(nomination: Nomination) -> list[tuple[datetime, str, str]]:
    """Return when, where and what happened to a nomination, in order."""
    return [(step.at, step.level, step.outcome) for step in nomination.steps]
