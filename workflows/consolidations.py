"""Consolidations: what a centre receives from its offices in one month, reviews and reports upward."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from engine.clock import local
from engine.errors import Conflict, FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import calendar, calls, movements, nominations, notices, organisation, proposals, submissions
from workflows.tables import Consolidation, Movement, Nomination, Proposal, Unit
from workflows.vocabulary import REASONS, show_date, show_period

RULES = Path(__file__).parent / "data" / "rules.json"
DECISIONS = ("accept", "return", "set_aside", "later")
REASON_FOR = ("return", "set_aside")
STILL_LATER = Text(
    "Chốt danh sách thì mọi đề nghị phải được xử lý.",
    "Every nomination must be decided before the list closes.",
)
STILL_RETURNED = Text(
    "Có hồ sơ vừa trả lại; hãy chờ bổ sung hoặc để lại trước khi chốt.",
    "A dossier is being returned; await its supplement or set it aside before closing.",
)
STILL_SUPPLEMENTING = Text(
    "Phòng đang bổ sung hồ sơ này; chờ nhận lại rồi mới trả tiếp.",
    "The office is still supplementing this dossier; await it before returning more.",
)


def open_period(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open the month of a centre: one per centre and month; return its four moments in local time."""
    period, movement = _read_start(session, call)
    center = calls.read_text(call, "center") or movement.center or ""
    unit = organisation.unit(session, center)
    query = select(Consolidation).where(Consolidation.center == center, Consolidation.period == period)
    if session.scalar(query) is not None:
        raise Refused(
            vi=f"Đã có tổng hợp {show_period(period)} của {center}; mỗi tháng Trung tâm tổng hợp một lần.",
            en=f"{center} already has a consolidation for {period}; there is one for each month.",
            source=movements.MONTHLY,
        )
    report, upward = movements.deadlines(session, movement, period)
    consolidation = Consolidation(
        key=call.business_key or f"{center}/{period}",
        movement_code=movement.code,
        center=center,
        period=period,
        status="open",
        instance_id=call.instance_id,
        report_due_at=report.due_at,
        report_late_from=report.late_from,
        report_reminder_at=report.reminder_at,
        center_due_at=upward.due_at,
        center_late_from=upward.late_from,
        center_reminder_at=upward.reminder_at,
        late=False,
    )
    session.add(consolidation)
    session.flush()
    return {
        "consolidation": consolidation.id,
        "center": center,
        "center_name": unit.name,
        "period_label": show_period(period),
        "report_reminder_at": report.reminder_at.isoformat(),
        "report_due_at": report.due_at.isoformat(),
        "center_reminder_at": upward.reminder_at.isoformat(),
        "center_due_at": upward.due_at.isoformat(),
    }


def record_receipt(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that the centre received a proposal, in time or late, and tell the coordinating office."""
    consolidation, proposal = find(session, call), proposals.find(session, call)
    proposal.received_at = call.now
    late = nominations.describe_lateness(proposal)
    for nomination in proposal.nominations:
        if (
            nomination.level == "center"
            and nomination.status == "open"
            and nomination.version == proposal.version
        ):
            nominations.add_step(nomination, call, "received", late)
    letter = notices.Letter(
        kind="proposal.received",
        about=f"{proposal.key}/{proposal.version}",
        vi=f"Đã nhận đề xuất {proposal.key}, lần {proposal.version}: {late.vi}.",
        en=f"Proposal {proposal.key} arrived, version {proposal.version}: {late.en}.",
    )
    notices.send(session, call, [f"{_coordination(session, consolidation)}.staff"], letter)
    return {}


def review(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take one round of decisions per nominee; return what goes back and whether the list is closed."""
    consolidation = find(session, call)
    closed = call.variables.get("closed") is True
    came = received(session, consolidation)
    listed = {nomination.id: nomination for nomination in reviewable(came)}
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    _check_round(listed, given, closed)
    due_at = supplement_due(session, call.now)
    coordination = _coordination(session, consolidation)
    returned: dict[str, list[str]] = {}
    for key, (_, entry) in given.items():
        reason = str(entry.get("reason") or "").strip()
        _apply(listed[key], call, entry["decision"], reason, coordination)
        if entry["decision"] == "return":
            returned.setdefault(listed[key].proposal.key, []).append(f"{listed[key].subject}: {reason}")
            proposals.return_to_office(
                listed[key].proposal, "; ".join(returned[listed[key].proposal.key]), due_at
            )
    if closed:
        _close(call, consolidation, came)
    session.flush()
    items: list[Json] = [
        {"proposal_key": key, "supplement_due_at": local(due_at).isoformat(), "reason": "; ".join(reasons)}
        for key, reasons in returned.items()
    ]
    return {"returned": items, "closed": closed}


def draft_submission(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Write the tờ trình of the month from the accepted nominations and the report on the offices."""
    consolidation = find(session, call)
    came = received(session, consolidation)
    report: dict[str, Json] = {
        "missing": [unit.code for unit in missing_offices(session, consolidation, came)],
        "late": [proposal.office for proposal in came if proposal.late],
        "nothing": [proposal.office for proposal in came if proposal.report_kind == "nothing_to_report"],
    }
    accepted = [nomination for nomination in in_month(came) if nomination.status == "accepted"]
    submission = submissions.draft(session, call, consolidation, accepted, report)
    return {
        "submission": submission.id,
        "submission_key": submission.key,
        "nominee_count": len(accepted),
    }


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the centre has to review (form source of `review_proposals`)."""
    consolidation, units = find(session, call), organisation.unit_names(session)
    came = received(session, consolidation)
    found: list[Json] = [
        {
            **nominations.row(nomination, units),
            "decision": "accept" if nomination.status == "accepted" else "",
        }
        for nomination in reviewable(came)
    ]
    return {**heading(session, consolidation, units, came), "rows": found, "closed": False}


def missing(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the offices that have not reported (form source of `urge_offices`)."""
    consolidation, units = find(session, call), organisation.unit_names(session)
    came = received(session, consolidation)
    found: list[Json] = [
        {"id": unit.code, "unit": unit.name, "holder": f"{unit.code}.head"}
        for unit in missing_offices(session, consolidation, came)
    ]
    return {**heading(session, consolidation, units, came), "rows": found}


def heading(
    session: Session, consolidation: Consolidation, units: Mapping[str, str], came: Sequence[Proposal]
) -> dict[str, Json]:
    """Return what stands above the rows: both dates, and which offices are missing, late or empty-handed."""

    def names(codes: Sequence[str]) -> str:
        return ", ".join(units.get(code, code) for code in codes)

    return {
        "period": consolidation.period,
        "period_label": show_period(consolidation.period),
        "center": consolidation.center,
        "center_name": units.get(consolidation.center, consolidation.center),
        "movement_code": consolidation.movement_code,
        "report_due_at": show_date(local(consolidation.report_due_at).date()),
        "center_due_at": show_date(local(consolidation.center_due_at).date()),
        "missing_offices": names([unit.code for unit in missing_offices(session, consolidation, came)]),
        "late_offices": names([proposal.office for proposal in came if proposal.late]),
        "nothing_offices": names(
            [proposal.office for proposal in came if proposal.report_kind == "nothing_to_report"]
        ),
        "supplementing_offices": names(
            [proposal.office for proposal in came if proposal.status != "submitted"]
        ),
        "late": "Trung tâm báo cáo muộn" if consolidation.late else "",
    }


def find(session: Session, call: ServiceCall) -> Consolidation:
    """Return the consolidation a call is about; raises NotFound."""
    consolidation_id = calls.read_integer(call, "consolidation")
    found = session.get(Consolidation, consolidation_id)
    if found is None:
        raise NotFound(kind="consolidation", key=consolidation_id)
    return found


def received(session: Session, consolidation: Consolidation) -> Sequence[Proposal]:
    """Return the proposals sent for the month, by office, with their nominations; one with nothing counts."""
    return session.scalars(
        select(Proposal)
        .where(
            Proposal.center == consolidation.center,
            Proposal.period == consolidation.period,
            Proposal.submitted_at.is_not(None),
        )
        .options(selectinload(Proposal.nominations).joinedload(Nomination.award))
        .order_by(Proposal.office)
    ).all()


def missing_offices(session: Session, consolidation: Consolidation, came: Sequence[Proposal]) -> list[Unit]:
    """Return the offices of the centre without a report among those that came for the month."""
    reported = {proposal.office for proposal in came}
    return [unit for unit in organisation.offices(session, consolidation.center) if unit.code not in reported]


def in_month(came: Sequence[Proposal]) -> list[Nomination]:
    """Return all nominations of the month, in the order of offices."""
    return [nomination for proposal in came for nomination in proposal.nominations]


def reviewable(came: Sequence[Proposal]) -> list[Nomination]:
    """Return the nominations the centre may decide on: those open, and those accepted in an earlier round."""
    return [
        nomination
        for nomination in in_month(came)
        if nomination.level == "center" and nomination.status in ("open", "accepted")
    ]


def supplement_due(session: Session, now: datetime) -> datetime:
    """Return when a supplement is due, by the dated rule in data/rules.json and the working calendar."""
    today = local(now).date()
    table = json.loads(RULES.read_text(encoding="utf-8"))["supplement"]
    rule = max((entry for entry in table if date.fromisoformat(entry["valid_from"]) <= today), key=_since)
    return calendar.due_after(session, now, rule["working_days"])


def _since(entry: Mapping[str, Any]) -> str:
    return str(entry["valid_from"])


def _read_start(session: Session, call: ServiceCall) -> tuple[str, Movement]:
    messages: dict[str, list[Text]] = {}
    movement, period = movements.read_month(session, call, messages)
    if movement is None or messages:
        raise FormInvalid(messages)
    return period, movement


def _coordination(session: Session, consolidation: Consolidation) -> str:
    return organisation.route(session, consolidation.center).coordination


def _check_round(
    listed: Mapping[int, Nomination], given: Mapping[int, tuple[int, Mapping[str, Any]]], closed: bool
) -> None:
    gone = [key for key in given if key not in listed]
    unseen = [nomination for key, nomination in listed.items() if key not in given]
    if gone or (closed and unseen):
        names = ", ".join(nomination.subject for nomination in unseen) or "…"
        raise Conflict(
            expected="the list as it stood when the page was opened",
            found=f"it changed: {names}",
            found_vi=f"danh sách đã thay đổi sau khi mở trang: {names}",
        )
    messages: dict[str, list[Text]] = {}
    for key, (index, entry) in given.items():
        messages.update(calls.check_row(entry, f"rows.{index}", DECISIONS, REASON_FOR))
        decision = entry.get("decision")
        if closed and decision == "later":
            messages[f"rows.{index}.decision"] = [STILL_LATER]
        if closed and decision == "return":
            messages["closed"] = [STILL_RETURNED]
        if decision == "return" and listed[key].proposal.status != "submitted":
            messages[f"rows.{index}.decision"] = [STILL_SUPPLEMENTING]
    calls.refuse_wrong(messages)


def _apply(nomination: Nomination, call: ServiceCall, decision: str, reason: str, coordination: str) -> None:
    office = nomination.proposal.office
    status, level, holder = {
        "accept": ("accepted", "center", f"{coordination}.staff"),
        "return": ("returned", "office", f"{office}.staff"),
        "set_aside": ("set_aside", "center", ""),
        "later": ("open", "center", f"{coordination}.staff"),
    }[decision]
    if decision == "later" or (decision == "accept" and nomination.status == "accepted"):
        nominations.move(nomination, call, status, level, holder)
        return
    outcome = {"accept": "accepted", "return": "returned", "set_aside": "set_aside"}[decision]
    nominations.add_step(nomination, call, outcome, REASONS.get(reason, reason))
    nominations.move(nomination, call, status, level, holder)
    nomination.reason = reason


def _close(call: ServiceCall, consolidation: Consolidation, came: Sequence[Proposal]) -> None:
    consolidation.status = "closed"
    consolidation.closed_at = call.now
    for nomination in in_month(came):
        if nomination.status == "returned":
            _apply(nomination, call, "set_aside", "not_supplemented", "")
