"""The request for a sum-up: registered, sent to each sở, its answers collected, consolidated and signed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, movements, organisation, routes, validity
from workflows.summaries import drafts, figures, reports
from workflows.tables import SummaryReport, SummaryRequest, Unit
from workflows.vocabulary import show_date, show_moment
from workflows.working_time import end_of_day

ORDER = Text("Ngày cuối phải sau ngày đầu.", "The last day must come after the first.")
PAST = Text("Hạn báo cáo phải từ hôm nay trở đi.", "The due day must be today or later.")
NEEDED = Text("Cần một ngày.", "A day is needed.")
DAYS = ("issued_on", "since", "until", "due_on")


def find(session: Session, call: ServiceCall) -> SummaryRequest:
    """Return the request a case is about; raises NotFound."""
    key = calls.read_text(call, "request_key")
    found = session.scalar(select(SummaryRequest).where(SummaryRequest.key == key))
    if found is None:
        raise NotFound(kind="summary request", key=key)
    return found


def open_request(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Register the công văn and begin one report for every sở below the committee of who asks.

    Raises FormInvalid for days that do not fit, Refused when the công văn is registered already.
    """
    unit = organisation.unit(session, calls.read_text(call, "office"))
    number = calls.read_text(call, "number")
    days = _read_days(call)
    known = select(SummaryRequest).where(
        SummaryRequest.unit_code == unit.code, SummaryRequest.number == number
    )
    if session.scalar(known) is not None:
        raise Refused(
            vi=f"Công văn {number} đã được đăng ký.",
            en=f"Letter {number} is registered already.",
            source="Nghị định 30/2020/NĐ-CP Đ15",
        )
    request = SummaryRequest(
        key=call.business_key or f"{unit.code}/TK/{number}",
        movement_code=movements.find(session, calls.read_text(call, "movement")).code,
        unit_code=unit.code,
        number=number,
        issued_on=days["issued_on"],
        since=days["since"],
        until=days["until"],
        due_at=end_of_day(days["due_on"]),
        status="open",
        remarks="",
        instance_id=call.instance_id,
    )
    request.reports = [_begin(request, asked) for asked in _asked(session, unit)]
    session.add(request)
    session.flush()
    here = routes.stop(session, unit.code)
    return {
        "request_key": request.key,
        "unit": unit.code,
        "unit_name": unit.name,
        "desk_group": here.desk,
        "signer_groups": reports.list_signers(session, unit.code, call.now),
        "movement_title": movements.find(session, request.movement_code).title,
        "report_due_at": request.due_at.isoformat(),
        "reports": [{"report_key": report.key} for report in request.reports],
        "open_reports": len(request.reports),
    }


def _read_days(call: ServiceCall) -> dict[str, date]:
    days = {
        name: calls.read_day(call.variables.get(name)) for name in ("issued_on", "since", "until", "due_on")
    }
    given = {name: day for name, day in days.items() if day is not None}
    calls.refuse_wrong({name: [NEEDED] for name in days if name not in given})
    if given["until"] < given["since"]:
        raise FormInvalid({"until": [ORDER]})
    if end_of_day(given["due_on"]) < call.now:
        raise FormInvalid({"due_on": [PAST]})
    return given


def _asked(session: Session, unit: Unit) -> list[str]:
    """Return the sở that stand beside who asks, under the same committee."""
    there = validity.in_force(Unit, organisation.today())
    query = select(Unit.code).where(Unit.parent_code == unit.parent_code, Unit.kind == "department", there)
    return list(session.scalars(query.order_by(Unit.code)))


def _begin(request: SummaryRequest, unit_code: str) -> SummaryReport:
    return SummaryReport(
        key=f"{request.key}/{unit_code}",
        unit_code=unit_code,
        status="asked",
        content={},
        warnings=[],
        return_reason="",
        signed_by="",
        late=False,
    )


def record_report(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Count the reports that are still awaited after one came."""
    request = find(session, call)
    return {"open_reports": sum(report.status != "submitted" for report in request.reports)}


def mark_missing(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Tell every sở whose report is not there when it is due; one that comes later is still counted."""
    request = find(session, call)
    for report in request.reports:
        if report.status != "submitted":
            reports.tell_missing(session, call, report)
    return {}


def request_values(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Give the forms of consolidating and signing what came in, added up."""
    request = find(session, call)
    names, counted = organisation.unit_names(session), count(session, request)
    missing = [names[report.unit_code] for report in request.reports if report.status != "submitted"]
    return {
        "request_number": request.number,
        "request_day": show_date(request.issued_on),
        "movement_title": movements.find(session, request.movement_code).title,
        "due": show_moment(request.due_at),
        "missing_units": ", ".join(missing),
        "reports_received": [
            {
                "unit": names[report.unit_code],
                "at": show_moment(report.submitted_at),
                "late": "Muộn / late" if report.late else "Đúng hạn / on time",
                "warnings": "; ".join(entry["vi"] for entry in report.warnings),
            }
            for report in request.reports
            if report.status == "submitted"
        ],
        "awards": counted["awards"],
        "units": counted["units"],
        "money_total": counted["money_total"],
        "issues": "; ".join(counted["issues"]),
        "remarks": request.remarks,
        "draft_text": "\n".join(drafts.write(_content(session, request), counted)),
    }


def count(session: Session, request: SummaryRequest) -> figures.Figures:
    """Return what the sở reported, added up; what they were signed with is not counted again."""
    if request.figures is not None:
        return dict(request.figures)
    names = organisation.unit_names(session)
    came = [report for report in request.reports if report.status == "submitted"]
    return figures.add([(names[report.unit_code], report.figures or {}) for report in came])


def _content(session: Session, request: SummaryRequest) -> dict[str, Any]:
    """Return the texts of all sở under each heading, each with the name of its sở, and the remarks last."""
    names = organisation.unit_names(session)
    came = [report for report in request.reports if report.status == "submitted"]
    content = {
        field: "\n".join(
            f"{names[report.unit_code]}: {report.content[field]}" for report in came if report.content[field]
        )
        for field in drafts.FIELDS
        if field != "results"
    }
    results = [
        f"{names[report.unit_code]}: {line}"
        for report in came
        for line in drafts.split_lines(report.content["results"])
    ]
    return {**content, "results": "\n".join([*results, *drafts.split_lines(request.remarks)])}


def write(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the remarks of Sở Nội vụ on what came in."""
    request = find(session, call)
    request.remarks, request.status = calls.read_text(call, "remarks"), "written"
    session.flush()
    return {}


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Sign the consolidated report or return it; signing numbers it and freezes its figures."""
    request = find(session, call)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    if decision == "return":
        return {"decision": decision, "return_reason": reason}
    counted = count(session, request)
    content = _content(session, request)
    document = reports.issue(session, call, request.unit_code, request, content, counted)
    request.figures, request.document_id = counted, document.id
    request.status, request.signed_at = "signed", call.now
    session.flush()
    return {"decision": decision}
