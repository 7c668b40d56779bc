"""Consolidations: what a centre receives from its offices in one month, reviews and reports upward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, case, select
from sqlalchemy.orm import Session, joinedload

from engine.clock import local
from engine.errors import Conflict, FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    calls,
    long_lists,
    movement_quotas,
    movements,
    nominations,
    notices,
    organisation,
    proposals,
    routes,
    submissions,
    supplements,
)
from workflows.tables import Consolidation, Movement, Nomination, Proposal, Unit
from workflows.vocabulary import REASONS, show_date, show_period

DECISIONS = ("accept", "return", "set_aside", "later")
REASON_FOR = ("return", "set_aside")
RESTS = ("", "accept")
NAMED = 10  # subjects a refusal names
STILL_LATER = Text(
    "Chốt danh sách thì mọi đề nghị phải được xử lý.",
    "Every nomination must be decided before the list closes.",
)
STILL_RETURNED = Text(
    "Có hồ sơ vừa trả lại; hãy chờ bổ sung hoặc để lại trước khi chốt.",
    "A dossier is being returned; await its supplement or set it aside before closing.",
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
    notices.send(session, call, [_desk(session, consolidation)], letter)
    return {}


def review(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take one round of decisions; return what goes back and whether the list is closed.

    Only the rows that are sent are decided. With `rest` = accept the undecided others are accepted, when they
    are as many as the reader was told (`rest_count`); a list with undecided ones does not close.
    """
    consolidation = find(session, call)
    closed = call.variables.get("closed") is True
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    listed = _decidable(session, consolidation, given)
    _check_round(session, call, consolidation, listed, given)
    due_at = supplements.due(session, call.now)
    desk = routes.stop(session, consolidation.center).desk
    returned: dict[Proposal, list[Nomination]] = {}
    for key, (_, entry) in given.items():
        _apply(listed[key], call, entry["decision"], str(entry.get("reason") or "").strip(), desk)
        if entry["decision"] == "return":
            returned.setdefault(listed[key].proposal, []).append(listed[key])
    items = [
        supplements.send_back(session, call, consolidation.center, part, due_at) for part in returned.values()
    ]
    if call.variables.get("rest") == "accept":
        _accept_rest(session, call, consolidation, given)
    if closed:
        _close(session, call, consolidation)
    session.flush()
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
    accepted = in_month(consolidation) & (Nomination.status == "accepted")
    submission = submissions.draft(session, call, consolidation, accepted, report)
    return {
        "submission": submission.id,
        "submission_key": submission.key,
        "nominee_count": long_lists.count(session, submissions.entered(submission)),
    }


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the centre has to review, undecided ones first (form source of `review_proposals`)."""
    consolidation, units = find(session, call), organisation.unit_names(session)
    undecided_first = case((Nomination.status == "open", 0), else_=1)
    chosen = reviewable(consolidation)
    nominees, view = long_lists.read(session, call, chosen, undecided_first)
    found: list[Json] = [
        {
            **nominations.row(nomination, units),
            "decision": "accept" if nomination.status == "accepted" else "",
        }
        for nomination in nominees
    ]
    undecided = long_lists.count(session, chosen & (Nomination.status == "open"))
    came = received(session, consolidation)
    return {
        **heading(session, consolidation, units, came),
        **view,
        "quota_warning": movement_quotas.warn(session, chosen, local(call.now).date()).vi,
        "rows": found,
        "closed": False,
        "rest": "",
        "rest_count": undecided,
        "undecided_count": undecided,
    }


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
    """Return the proposals sent for the month, by office; one with nothing to propose counts."""
    return session.scalars(select(Proposal).where(_sent_in(consolidation)).order_by(Proposal.office)).all()


def missing_offices(session: Session, consolidation: Consolidation, came: Sequence[Proposal]) -> list[Unit]:
    """Return the offices of the centre without a report among those that came for the month."""
    reported = {proposal.office for proposal in came}
    return [unit for unit in organisation.offices(session, consolidation.center) if unit.code not in reported]


def in_month(consolidation: Consolidation) -> ColumnElement[bool]:
    """Return the condition that a nomination belongs to a proposal sent for the month."""
    return Nomination.proposal_id.in_(select(Proposal.id).where(_sent_in(consolidation)))


def reviewable(consolidation: Consolidation) -> ColumnElement[bool]:
    """Return the condition that the centre may decide on a nomination: open, or accepted earlier."""
    here = Nomination.unit_code == consolidation.center
    return in_month(consolidation) & here & Nomination.status.in_(("open", "accepted"))


def _read_start(session: Session, call: ServiceCall) -> tuple[str, Movement]:
    messages: dict[str, list[Text]] = {}
    movement, period = movements.read_month(session, call, messages)
    if movement is None or messages:
        raise FormInvalid(messages)
    return period, movement


def _desk(session: Session, consolidation: Consolidation) -> str:
    return routes.stop(session, consolidation.center).desk


def _decidable(
    session: Session, consolidation: Consolidation, given: Mapping[int, object]
) -> dict[int, Nomination]:
    """Return what the rows of a round are about, by id; raises Conflict for a row that is no longer there."""
    query = select(Nomination).where(reviewable(consolidation), Nomination.id.in_(list(given)))
    listed = {row.id: row for row in session.scalars(query.options(joinedload(Nomination.proposal)))}
    if len(listed) < len(given):
        raise _changed("…")
    return listed


def _check_round(
    session: Session,
    call: ServiceCall,
    consolidation: Consolidation,
    listed: Mapping[int, Nomination],
    given: Mapping[int, tuple[int, Mapping[str, Any]]],
) -> None:
    closed, messages = call.variables.get("closed") is True, _check_rest(session, call, consolidation)
    if closed and call.variables.get("rest") != "accept":
        undecided = reviewable(consolidation) & (Nomination.status == "open") & _unnamed(given)
        unseen = session.scalars(select(Nomination.subject).where(undecided).limit(NAMED)).all()
        if unseen:
            raise _changed(", ".join(unseen))
    for key, (index, entry) in given.items():
        messages.update(calls.check_row(entry, f"rows.{index}", DECISIONS, REASON_FOR))
        decision = entry.get("decision")
        if closed and decision == "later":
            messages[f"rows.{index}.decision"] = [STILL_LATER]
        if closed and decision == "return":
            messages["closed"] = [STILL_RETURNED]
        if decision == "return" and listed[key].proposal.status != "submitted":
            messages[f"rows.{index}.decision"] = [supplements.STILL_SUPPLEMENTING]
    calls.refuse_wrong(messages)


def _check_rest(session: Session, call: ServiceCall, consolidation: Consolidation) -> dict[str, list[Text]]:
    rest = calls.read_text(call, "rest")
    if rest not in RESTS:
        return {"rest": [calls.CHOICE_NEEDED]}
    now = long_lists.count(session, reviewable(consolidation) & (Nomination.status == "open"))
    if rest == "accept" and call.variables.get("rest_count") != now:
        # whoever accepts unseen nominees at least knows how many they are
        text = Text(f"Hiện có {now} đề nghị chưa quyết định.", f"There are {now} undecided nominations now.")
        return {"rest_count": [text]}
    return {}


def _changed(names: str) -> Conflict:
    return Conflict(
        expected="the list as it stood when the page was opened",
        found=f"it changed: {names}",
        found_vi=f"danh sách đã thay đổi sau khi mở trang: {names}",
    )


def _unnamed(given: Mapping[int, object]) -> ColumnElement[bool]:
    return Nomination.id.not_in(list(given))


def _accept_rest(
    session: Session, call: ServiceCall, consolidation: Consolidation, given: Mapping[int, object]
) -> None:
    center = routes.stop(session, consolidation.center)
    rest = reviewable(consolidation) & (Nomination.status == "open") & _unnamed(given)
    nominations.add_steps(session, call, rest, "accepted")
    nominations.move_all(session, call, rest, "accepted", center, center.desk)


def _apply(nomination: Nomination, call: ServiceCall, decision: str, reason: str, desk: str) -> None:
    office = nomination.proposal.office
    center = nomination.proposal.center
    status, level, holder, unit = {
        "accept": ("accepted", "center", desk, center),
        "return": ("returned", "office", f"{office}.staff", office),
        "set_aside": ("set_aside", "center", "", center),
        "later": ("open", "center", desk, center),
    }[decision]
    if decision == "later" or (decision == "accept" and nomination.status == "accepted"):
        nominations.move(nomination, call, status, level, holder, unit)
        return
    outcome = {"accept": "accepted", "return": "returned", "set_aside": "set_aside"}[decision]
    nominations.add_step(nomination, call, outcome, REASONS.get(reason, reason))
    nominations.move(nomination, call, status, level, holder, unit)
    nomination.reason = reason


def _close(session: Session, call: ServiceCall, consolidation: Consolidation) -> None:
    consolidation.status = "closed"
    consolidation.closed_at = call.now
    session.flush()
    query = select(Nomination).where(in_month(consolidation), Nomination.status == "returned")
    for nomination in session.scalars(query.options(joinedload(Nomination.proposal))):
        _apply(nomination, call, "set_aside", "not_supplemented", "")


def _sent_in(consolidation: Consolidation) -> ColumnElement[bool]:
    return and_(
        Proposal.center == consolidation.center,
        Proposal.period == consolidation.period,
        Proposal.submitted_at.is_not(None),
    )
