"""Nominations: their life across levels, the rows forms show, and what people are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, insert, literal, select, update
from sqlalchemy.orm import Session, object_session

from engine.errors import NotFound, Text
from engine.handlers import Json, ServiceCall
from workflows import criteria
from workflows.routes import Stop
from workflows.tables import Nomination, NominationStep, NominationVersion, Proposal
from workflows.vocabulary import (
    FORMS,
    INFLUENCES,
    LEVELS,
    PENDING,
    REASONS,
    RECOMMENDATIONS,
    STATUSES,
    SUBJECT_KINDS,
    TYPES,
    fold,
    label,
    show_date,
    show_moment,
)


def add_step(nomination: Nomination, call: ServiceCall, outcome: str, reason: str | Text = "") -> None:
    """Append one step to the lineage of a nomination, at the level that acts (before it is moved on).

    The reason is what a person typed, or a text of the system in both languages.
    """
    step = NominationStep(**_step(nomination, call, outcome, reason))
    session = object_session(nomination)
    if session is None or nomination.id is None or "steps" in nomination.__dict__:
        nomination.steps.append(step)
    else:  # appending would read the whole lineage first
        step.nomination_id = nomination.id
        session.add(step)


def add_each(
    session: Session, call: ServiceCall, steps: Iterable[tuple[Nomination, str, str | Text]]
) -> None:
    """Append one step (nomination, outcome, reason) to each of many lineages by one statement."""
    session.flush()
    rows = [
        {"nomination_id": nomination.id, **_step(nomination, call, outcome, reason)}
        for nomination, outcome, reason in steps
    ]
    if rows:
        session.execute(insert(NominationStep), rows)
    _forget_steps(session)


def move(
    nomination: Nomination,
    call: ServiceCall,
    status: str,
    level: str,
    holder: str,
    unit_code: str | None = None,
) -> None:
    """Change where a nomination is and who has it; `since` moves only when one of them changes.

    unit_code: the unit it comes to; left out when it stays in its unit.
    """
    place = nomination.unit_code if unit_code is None else unit_code
    before = (nomination.status, nomination.level, nomination.holder, nomination.unit_code)
    if before != (status, level, holder, place):
        nomination.since = call.now
    nomination.status = status
    nomination.level = level
    nomination.holder = holder
    nomination.unit_code = place


def add_steps(
    session: Session, call: ServiceCall, chosen: ColumnElement[bool], outcome: str, reason: str | Text = ""
) -> None:
    """Append one step to the lineage of every chosen nomination by one statement, before they move on."""
    said = Text(reason, reason) if isinstance(reason, str) else reason
    session.flush()
    written = {
        "at": literal(call.now, NominationStep.at.expression.type),
        "level": Nomination.level,
        "outcome": literal(outcome),
        "reason": literal(said.vi),
        "reason_en": literal(said.en),
        "actor": literal(call.actor.name),
        "instance_id": literal(call.instance_id or None, NominationStep.instance_id.expression.type),
    }
    found = select(Nomination.id, *written.values()).where(chosen).order_by(Nomination.id)
    session.execute(insert(NominationStep).from_select(["nomination_id", *written], found))
    _forget_steps(session)


def move_all(
    session: Session, call: ServiceCall, chosen: ColumnElement[bool], status: str, stop: Stop, holder: str
) -> None:
    """Change where every chosen nomination is and who has it by one statement; `since` as `move` does."""
    session.flush()
    place = {"status": status, "level": stop.stage, "unit_code": stop.code, "holder": holder}
    same = [getattr(Nomination, name) == value for name, value in place.items()]
    now = literal(call.now, Nomination.since.expression.type)
    since = case((and_(*same), Nomination.since), else_=now)
    session.execute(update(Nomination).where(chosen).values(since=since, **place))


def forget_recommendations(session: Session, chosen: ColumnElement[bool]) -> None:
    """Clear what a lower unit recommended for the chosen nominations."""
    session.execute(update(Nomination).where(chosen).values(recommendation="", recommendation_reason=""))


def keep_version(nomination: Nomination, call: ServiceCall, number: int) -> None:
    """Keep what is sent to the centre as a version that later ones do not change."""
    nomination.version = number
    kept = NominationVersion(number=number, content=content(nomination), at=call.now, actor=call.actor.name)
    session = object_session(nomination)
    if session is None or nomination.id is None or "versions" in nomination.__dict__:
        nomination.versions.append(kept)
    else:  # appending would read all earlier versions first
        kept.nomination_id = nomination.id
        session.add(kept)


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
        "precheck": criteria.describe(nomination.precheck).vi,
        "status_label": label(STATUSES, nomination.status),
        "level_label": units.get(nomination.unit_code) or label(LEVELS, nomination.level),
        "version": nomination.version,
        "recommendation": describe_recommendation(nomination).vi,
        "result": describe_result(nomination).vi,
        "decision_number": nomination.award.number if nomination.award else "",
        "decision_date": show_date(nomination.award.decided_on if nomination.award else None),
        "earlier_reason": label(REASONS, nomination.reason),
        "late": describe_lateness(nomination.proposal).vi,
        "decision": "",
        "reason": "",
    }


def rows(nominations: Iterable[Nomination], units: Mapping[str, str]) -> list[Json]:
    """Return nominations as rows of a form."""
    return [row(nomination, units) for nomination in nominations]


def describe_recommendation(nomination: Nomination) -> Text:
    """Write the latest recommendation with its reason."""
    reason = f": {nomination.recommendation_reason}" if nomination.recommendation_reason else ""
    words = RECOMMENDATIONS[nomination.recommendation]
    return Text(f"{words.vi}{reason}", f"{words.en}{reason}")


def describe_result(nomination: Nomination) -> Text:
    """Write the result: the award with number and date, or the status a nomination stands in."""
    if nomination.award is None:
        return STATUSES[nomination.status]
    number, day = nomination.award.number, show_date(nomination.award.decided_on)
    if nomination.status == "revoked":
        return Text(f"Đã hủy, trước đó tặng theo số {number} ngày {day}", f"Cancelled: {number} of {day}")
    return Text(f"Đã tặng, số {number} ngày {day}", f"Awarded, decision {number} of {day}")


def describe_reason(nomination: Nomination) -> Text:
    """Write why a nomination stands as it does: the reason given, or the criteria that are not met."""
    if nomination.status == "ineligible":
        return criteria.describe(nomination.precheck)
    return REASONS.get(nomination.reason, Text(nomination.reason, nomination.reason))


def describe_lateness(proposal: Proposal) -> Text:
    """Write whether the office reported in time, and the supplement in time."""
    if proposal.submitted_at is None:
        return Text("", "")
    moment = show_moment(proposal.submitted_at)
    said = (
        Text(f"Nộp muộn lúc {moment}", f"Late, at {moment}") if proposal.late else Text("Đúng hạn", "In time")
    )
    if not proposal.supplement_late:
        return said
    return Text(f"{said.vi}; bổ sung muộn", f"{said.en}; supplement late")


def name_decision(number: str) -> Text:
    """Write which decision a step refers to."""
    return Text(f"Quyết định số {number}", f"Decision {number}")


def name_letter(number: str | None) -> Text:
    """Write which submission letter a step refers to."""
    return Text(f"Tờ trình số {number}", f"Submission {number}")


def find(session: Session, nomination_id: int) -> Nomination:
    """Return a nomination; raises NotFound."""
    found = session.get(Nomination, nomination_id)
    if found is None:
        raise NotFound(kind="nomination", key=nomination_id)
    return found


def parse_ids(found: Sequence[Mapping[str, Any]]) -> dict[int, tuple[int, Mapping[str, Any]]]:
    """Return rows of a form by nomination id, each with its index in the form."""
    return {
        int(entry["id"]): (index, entry)
        for index, entry in enumerate(found)
        if str(entry.get("id") or "").isdecimal()
    }


def search_text(nomination: Nomination) -> str:
    """Return what a text search looks in: subject, position, achievement, folded."""
    return fold(f"{nomination.subject} {nomination.position} {nomination.achievement}")


def _step(nomination: Nomination, call: ServiceCall, outcome: str, reason: str | Text) -> dict[str, Any]:
    said = Text(reason, reason) if isinstance(reason, str) else reason
    return {
        "at": call.now,
        "level": nomination.level,
        "outcome": outcome,
        "reason": said.vi,
        "reason_en": said.en,
        "actor": call.actor.name,
        "instance_id": call.instance_id or None,
    }


def _forget_steps(session: Session) -> None:
    """Let lineages that were read be read again: they do not have what was written past them."""
    for known in session.identity_map.values():
        if isinstance(known, Nomination) and "steps" in known.__dict__:
            session.expire(known, ["steps"])
