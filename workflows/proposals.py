"""Proposals: what one office proposes in one month, from its list to its results."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    awards,
    calendar,
    calls,
    criteria,
    movements,
    nominations,
    nominees,
    organisation,
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
    proposal = Proposal(
        key=key,
        movement_code=movement.code,
        office=office.code,
        center=office.parent_code,
        period=period,
        report_kind="proposal",
        status="draft",
        version=0,
        instance_id=call.instance_id,
        report_due_at=report.due_at,
        report_late_from=report.late_from,
        return_reason="",
        returned_by="",
        late=False,
        supplement_late=False,
    )
    session.add(proposal)
    session.flush()
    return {
        "proposal": proposal.id,
        "proposal_key": key,
        "office": office.code,
        "office_name": office.name,
        "period_label": show_period(period),
        "center": office.parent_code,
        "report_due_at": report.due_at.isoformat(),
        "report_reminder_at": report.reminder_at.isoformat(),
    }


def read_start(session: Session, call: ServiceCall) -> tuple[Movement, Unit, str]:
    """Return movement, office and period of a start; the office is the starter's when none is given."""
    messages: dict[str, list[Text]] = {}
    movement, period = movements.read_month(session, call, messages)
    code = calls.read_text(call, "office") or _own_office(call)
    office = session.scalar(select(Unit).where(Unit.code == code, Unit.kind == "office"))
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
        nomination.precheck = _findings(in_force, nomination, answers)
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
        claims = [awards.claim_of(entry) for entry in _sendable(proposal)]
        awards.ensure_single_award(session, claims)
        awards.ensure_initiatives_free(session, claims)
    for nomination in nominees.editable(proposal):
        nominations.add_step(
            nomination, call, "head_signed" if decision == "sign" else "head_returned", reason
        )
    proposal.status = "signed" if decision == "sign" else "draft"
    proposal.return_reason = "" if decision == "sign" else reason
    proposal.returned_by = "" if decision == "sign" else "head"
    session.flush()
    return {"decision": decision}


def submit(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Send the eligible nominees to the centre as the next version, in time or marked late (section IV)."""
    proposal = find(session, call)
    proposal.version += 1
    if proposal.submitted_at is None:
        proposal.submitted_at = call.now
        proposal.late = call.now >= proposal.report_late_from
    else:
        proposal.resubmitted_at = call.now
        proposal.supplement_late = (
            proposal.supplement_due_at is not None and call.now > proposal.supplement_due_at
        )
    holder = organisation.route(session, proposal.center).holders()["center"]
    for nomination in _sendable(proposal):
        nominations.keep_version(nomination, call, proposal.version)
        nominations.add_step(nomination, call, "submitted", nominations.describe_lateness(proposal))
        nominations.move(nomination, call, "open", "center", holder)
    for nomination in nominees.editable(proposal):
        nominations.move(nomination, call, nomination.status, "office", "")  # left out: nobody has it
    proposal.status = "submitted"
    session.flush()
    return {"open_count": len(nominations.pending(proposal.nominations)), "version": proposal.version}


def supplement(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the supplement of a returned dossier: the rows change only what they carry, the note is kept."""
    proposal = find(session, call)
    returned = {
        nomination.id: nomination for nomination in proposal.nominations if nomination.status == "returned"
    }
    given = nominations.parse_ids(calls.read_rows(call, "nominees"))
    rows: dict[int, dict[str, Any]] = {
        key: nominees.complete({**nominees.form_row(returned[key]), **_written(entry)})
        for key, (_, entry) in given.items()
        if key in returned
    }
    nominees.check(call, list(rows.values()), "nominees")
    claims = [nominees.claim(row) for row in rows.values()]
    awards.ensure_single_award(session, claims)
    awards.ensure_initiatives_free(session, claims)
    for key, nomination in returned.items():
        if key in rows:
            nominees.change(nomination, rows[key])
        note = str(given[key][1].get("note") or "").strip() if key in given else ""
        nominations.add_step(nomination, call, "supplemented", note)
    proposal.status = "prepared"
    session.flush()
    return {}


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
    return {**heading(session, proposal, units), "report_kind": proposal.report_kind, "nominees": rows}


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the list with the result of the check (form source of `head_review`)."""
    proposal, units = find(session, call), organisation.unit_names(session)
    listed = nominees.editable(proposal)
    return {
        **heading(session, proposal, units),
        "rows": nominations.rows(listed, units),
        "nominee_count": len(listed),
    }


def returned_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominations the centre returned, with what was written (form source of `supplement`)."""
    proposal, units = find(session, call), organisation.unit_names(session)
    found: list[Json] = [
        {
            **nominations.row(nomination, units),
            **nominees.form_row(nomination),
            "reason": nominations.describe_reason(nomination).vi,
            "note": "",
        }
        for nomination in proposal.nominations
        if nomination.status == "returned"
    ]
    return {**heading(session, proposal, units), "nominees": found, "rows": found}


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
    last = calendar.last_working_day_before(calendar.load(session), local(proposal.report_due_at).date())
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
        "report_due_at": show_date(local(proposal.report_due_at).date()),
        "report_last_day": show_date(last),
        "supplement_due_at": show_date(due and local(due).date()),
        "return_reason": proposal.return_reason,
        "late": nominations.describe_lateness(proposal).vi,
        "version": proposal.version,
    }


def find(session: Session, call: ServiceCall) -> Proposal:
    """Return the proposal a call is about; raises NotFound."""
    proposal_id = calls.read_integer(call, "proposal")
    found = session.get(Proposal, proposal_id)
    if found is None:
        raise NotFound(kind="proposal", key=proposal_id)
    return found


def return_to_office(proposal: Proposal, reason: str, due_at: datetime) -> None:
    """Return a dossier for supplement: the new date stands beside the original one."""
    proposal.status = "returned"
    proposal.returned_by = "center"
    proposal.return_reason = reason
    proposal.supplement_due_at = due_at


def _own_office(call: ServiceCall) -> str:
    offices = sorted(name.removesuffix(".staff") for name in call.actor.groups if name.endswith(".staff"))
    return offices[0] if len(offices) == 1 else ""


def _violated(nomination: Nomination) -> bool:
    return nomination.subject_kind == "individual" and nomination.answers.get("complied") is False


def _written(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in entry.items() if value is not None and name not in ("reason", "note")
    }


def _findings(
    in_force: Any, nomination: Nomination, answers: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    findings = criteria.evaluate(in_force, nomination.subject_kind, answers)
    influence = criteria.check_influence(nomination.form, nomination.influence)
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
    return findings


def _sendable(proposal: Proposal) -> list[Nomination]:
    return [nomination for nomination in nominees.editable(proposal) if nomination.status != "ineligible"]


def _ensure_month_open(session: Session, proposal: Proposal) -> None:
    status = session.scalar(
        select(Consolidation.status).where(
            Consolidation.center == proposal.center, Consolidation.period == proposal.period
        )
    )
    if _sendable(proposal) and status in ("closed", "sent"):
        raise Refused(
            vi=f"Trung tâm đã chốt danh sách {show_period(proposal.period)}. Hãy trả lại để phòng báo cáo "
            "không có đề xuất kỳ này và đề nghị ở kỳ sau.",
            en=f"The centre has closed its list for {proposal.period}. Return it, report nothing this month "
            "and nominate next month.",
            source=movements.MONTHLY,
        )
