"""Proposals: what one office proposes in one month, from its list to its results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.clock import local
from engine.errors import FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    awards,
    calendar,
    calls,
    criteria,
    dissolutions,
    eligibility,
    movements,
    nominations,
    nominees,
    organisation,
    routes,
    rules,
)
from workflows.tables import Consolidation, Movement, Nomination, Proposal, Unit
from workflows.vocabulary import show_date, show_period

REPORT_KINDS = ("proposal", "nothing_to_report")


def open_proposal(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open the proposal of an office for a month: one per office, movement and month; work out its dates."""
    movement, office, period = read_start(session, call)
    key = call.business_key or f"{office.code}/{movement.code.split('/')[0]}/{period}"
    if session.scalar(select(Proposal.id).where(Proposal.key == key)) is not None:
        raise Refused(
            vi=f"{office.name} đã có đề xuất {show_period(period)} ({key}); hãy bổ sung vào đề xuất đó.",
            en=f"{office.code} already has a proposal for {period} ({key}); add to that one.",
            source=movements.MONTHLY,
        )
    report, _ = movements.deadlines(session, movement, period)
    proposal = begin(session, call, (movement, office, period), key)
    proposal.report_due_at, proposal.report_late_from = report.due_at, report.late_from
    session.flush()
    return {
        **name_case(proposal, office),
        "report_due_at": report.due_at.isoformat(),
        "report_reminder_at": report.reminder_at.isoformat(),
    }


def begin(session: Session, call: ServiceCall, start: tuple[Movement, Unit, str], key: str) -> Proposal:
    """Write the empty proposal of a unit, without dates."""
    movement, unit, period = start
    proposal = Proposal(
        key=key,
        movement_code=movement.code,
        office=unit.code,
        center=unit.parent_code,
        period=period,
        report_kind="proposal",
        status="draft",
        version=0,
        instance_id=call.instance_id,
        return_reason="",
        returned_by="",
        late=False,
        supplement_late=False,
    )
    session.add(proposal)
    session.flush()
    return proposal


def name_case(proposal: Proposal, unit: Unit) -> dict[str, Json]:
    """Return what the case of a proposal is about, for routing and for the words people read in lists."""
    return {
        "proposal": proposal.id,
        "proposal_key": proposal.key,
        "office": unit.code,
        "office_name": unit.name,
        "period_label": show_period(proposal.period),
        "center": unit.parent_code,
    }


def read_start(
    session: Session, call: ServiceCall, kinds: tuple[str, ...] = ("office",)
) -> tuple[Movement, Unit, str]:
    """Return movement, unit and period of a start; the unit is the starter's when none is given.

    kinds: what kinds of units may propose; with none any unit that belongs to another.
    """
    messages: dict[str, list[Text]] = {}
    movement, period = movements.read_month(session, call, messages)
    code = calls.read_text(call, "office") or _own_office(call)
    query = select(Unit).where(Unit.code == code, Unit.parent_code.is_not(None))
    office = session.scalar(query.where(Unit.kind.in_(kinds)) if kinds else query)
    if office is None:
        messages["office"] = [Text(f"Không có phòng “{code}”.", f"There is no office '{code}'.")]
    if movement is None or office is None or messages:
        raise FormInvalid(messages)
    return movement, office, period


def prepare(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the office's list, or its report that there is nothing to propose.

    Raises FormInvalid for wrong fields, Refused for a second award of one achievement (Luật 2022 Đ5k2c)
    and for an initiative already used (CV 5007/BNV-TĐKT). Criteria that are not met refuse nothing here.
    """
    proposal = find(session, call)
    kind = calls.read_text(call, "report_kind")
    if kind not in REPORT_KINDS:
        raise FormInvalid({"report_kind": [calls.CHOICE_NEEDED]})
    rows = [nominees.complete(row) for row in calls.read_rows(call, "nominees")] if kind == "proposal" else []
    if kind == "proposal" and not rows and not nominations.pending(proposal.nominations):
        raise FormInvalid({"nominees": [nominees.NONE_NAMED]})
    nominees.check(call, rows, "nominees")
    claims = [nominees.claim(row) for row in rows]
    awards.ensure_single_award(session, claims)
    awards.ensure_initiatives_free(session, claims)
    nominees.write(session, call, proposal, rows)
    # What is already with the centre keeps the month a proposal, even when the rest is withdrawn.
    proposal.report_kind = "proposal" if nominations.pending(proposal.nominations) else kind
    proposal.status = "prepared"
    return {"report_kind": kind}


def check_criteria(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Check every nominee the office may still change; one that fails stays, with the criteria named."""
    proposal = find(session, call)
    in_force = criteria.in_force(session, proposal.movement_code, local(call.now).date())
    checked = nominees.editable(proposal)
    violators = sum(_violated(nomination) for nomination in proposal.nominations)
    for nomination in checked:
        answers = dict(nomination.answers)
        if nomination.subject_kind == "collective":
            # The veto of group 4 is counted from the members, whatever the list itself states (III.1.a).
            stated = answers.get("violations")
            answers["violations"] = max(stated, violators) if isinstance(stated, int) else violators or stated
        nomination.precheck = _findings(session, call, in_force, nomination, answers)
        failed = bool(nomination.precheck["failures"])
        nominations.add_step(
            nomination, call, "ineligible" if failed else "eligible", criteria.describe(nomination.precheck)
        )
        passed = "returned" if nomination.status == "returned" else "draft"
        nominations.move(
            nomination, call, "ineligible" if failed else passed, "office", f"{proposal.office}.head"
        )
    session.flush()
    failed_count = sum(nomination.status == "ineligible" for nomination in checked)
    return {"eligible_count": len(checked) - failed_count, "failed_count": failed_count}


def decide(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the head sign or return the list; a return needs a reason, a month already closed takes no more."""
    proposal = find(session, call)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    if decision == "sign":
        _ensure_month_open(session, proposal)
        # Another office may have sent the same achievement or initiative since this list was checked.
        claims = [awards.claim_of(entry) for entry in sendable(proposal)]
        awards.ensure_single_award(session, claims)
        awards.ensure_initiatives_free(session, claims)
    for nomination in nominees.editable(proposal):
        nominations.add_step(
            nomination, call, "head_signed" if decision == "sign" else "head_returned", reason
        )
    proposal.status = "signed" if decision == "sign" else "draft"
    proposal.return_reason = "" if decision == "sign" else reason
    proposal.returned_by = "" if decision == "sign" else "head"
    return {"decision": decision}


def submit(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Send the eligible nominees to the centre as the next version, in time or marked late (section IV)."""
    proposal = find(session, call)
    count_version(proposal, call.now)
    with session.no_autoflush:  # nothing here changes the way up: what was signed is written once
        there = routes.stop(session, proposal.center)
    for nomination in sendable(proposal):
        nominations.keep_version(nomination, call, proposal.version)
        nominations.add_step(nomination, call, "submitted", nominations.describe_lateness(proposal))
        nominations.move(nomination, call, "open", there.stage, there.desk, there.code)
    leave_out(proposal, call)
    proposal.status = "submitted"
    return {"open_count": len(nominations.pending(proposal.nominations)), "version": proposal.version}


def count_version(proposal: Proposal, now: datetime) -> None:
    """Count one more version as sent, in time or marked late: the first by the month, others by the slip."""
    proposal.version += 1
    if proposal.submitted_at is None:
        proposal.submitted_at = now
        proposal.late = proposal.report_late_from is not None and now >= proposal.report_late_from
    else:
        proposal.resubmitted_at = now
        due_at = proposal.supplement_due_at
        proposal.supplement_late = due_at is not None and now > due_at


def record_results(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Count the nominations of the proposal that still wait for an answer."""
    proposal = find(session, call)
    open_count = len(nominations.pending(proposal.nominations))
    if open_count == 0:
        proposal.status = "answered"
        session.flush()
    return {"open_count": open_count}


def draft(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the list as the office may edit it (form source of `prepare_proposal`)."""
    proposal, units = find(session, call), organisation.unit_names(session)
    rows: list[Json] = [nominees.form_row(nomination) for nomination in nominees.editable(proposal)]
    return {
        **heading(session, proposal, units),
        "report_kind": proposal.report_kind,
        "nominees": rows,
        "award_forms": rules.choices(session, "award_form", local(call.now).date()),
    }


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the list with the result of the check (form source of `head_review`)."""
    proposal, units = find(session, call), organisation.unit_names(session)
    listed = nominees.editable(proposal)
    return {
        **heading(session, proposal, units),
        "rows": nominations.rows(listed, units),
        "nominee_count": len(listed),
    }


def results(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return every nomination with its result and reason (form source of `acknowledge_results`)."""
    proposal, units = find(session, call), organisation.unit_names(session)
    found: list[Json] = [
        {**nominations.row(nomination, units), "reason": nominations.describe_reason(nomination).vi}
        for nomination in proposal.nominations
    ]
    return {**heading(session, proposal, units), "rows": found}


def heading(session: Session, proposal: Proposal, units: Mapping[str, str]) -> dict[str, Json]:
    """Return what stands above the rows: whose list, for when, which dates, why it came back."""
    due = proposal.supplement_due_at
    report_due = proposal.report_due_at and local(proposal.report_due_at).date()
    last = report_due and calendar.last_working_day_before(calendar.load(session), report_due)
    return {
        "proposal_key": proposal.key,
        "office_name": units.get(proposal.office, proposal.office),
        "center_name": units.get(proposal.center, proposal.center),
        "movement_title": movements.find(session, proposal.movement_code).title,
        "movement_code": proposal.movement_code,
        "period_label": show_period(proposal.period),
        "report_kind": proposal.report_kind,
        "report_kind_label": "Có đề xuất" if proposal.report_kind == "proposal" else "Không có đề xuất",
        "office": proposal.office,
        "period": proposal.period,
        "report_due_at": show_date(report_due),
        "report_last_day": show_date(last),
        "supplement_due_at": show_date(due and local(due).date()),
        "return_reason": proposal.return_reason,
        "late": nominations.describe_lateness(proposal).vi,
        "version": proposal.version,
    }


def find(session: Session, call: ServiceCall) -> Proposal:
    """Return the proposal a call is about; raises NotFound."""
    proposal_id = calls.read_integer(call, "proposal")
    found = session.get(Proposal, proposal_id, options=[joinedload(Proposal.nominations)])
    if found is None:
        raise NotFound(kind="proposal", key=proposal_id)
    return found


def sendable(proposal: Proposal) -> list[Nomination]:
    """Return the nominations that go out when the head signs: those that meet the criteria."""
    return [nomination for nomination in nominees.editable(proposal) if nomination.status != "ineligible"]


def leave_out(proposal: Proposal, call: ServiceCall) -> None:
    """Take what was not sent out of everybody's hands."""
    for nomination in nominees.editable(proposal):
        nominations.move(nomination, call, nomination.status, "office", "")


def _own_office(call: ServiceCall) -> str:
    offices = sorted(name.removesuffix(".staff") for name in call.actor.groups if name.endswith(".staff"))
    return offices[0] if len(offices) == 1 else ""


def _violated(nomination: Nomination) -> bool:
    return nomination.subject_kind == "individual" and nomination.answers.get("complied") is False


def _findings(
    session: Session, call: ServiceCall, in_force: Any, nomination: Nomination, answers: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    findings = criteria.evaluate(in_force, nomination.subject_kind, answers)
    form = rules.find(session, "award_form", nomination.form, local(call.now).date())
    influence = criteria.check_influence(form, nomination.influence)
    if influence is not None:
        findings["failures"].append(influence)
    if not answers.get("report_attested"):
        findings["warnings"].append(
            {
                "key": "report_attested",
                "label": "báo cáo thành tích chưa có xác nhận",
                "label_en": "the report of achievements is not attested",
                "text": "Báo cáo thành tích phải có xác nhận của cấp trình.",
                "source": "NĐ 98/2023; Quyết định 311/QĐ-BNV 2025",
                "group": 0,
                "veto": False,
            }
        )
    gone = dissolutions.warn(session, nomination, local(call.now).date())
    findings["warnings"] += [gone] if gone else []
    return eligibility.extend(session, nomination, findings, call.now)


def _ensure_month_open(session: Session, proposal: Proposal) -> None:
    status = session.scalar(
        select(Consolidation.status).where(
            Consolidation.center == proposal.center, Consolidation.period == proposal.period
        )
    )
    if sendable(proposal) and status in ("closed", "sent"):
        raise Refused(
            vi=f"Trung tâm đã chốt danh sách {show_period(proposal.period)}. Hãy trả lại để phòng báo cáo "
            "không có đề xuất kỳ này và đề nghị ở kỳ sau.",
            en=f"The centre has closed its list for {proposal.period}. Return it, report nothing this month "
            "and nominate next month.",
            source=movements.MONTHLY,
        )
