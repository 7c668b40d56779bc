"""The sum-up of one sở: its offices contribute, its office writes, its leaders sign, Sở Nội vụ receives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, NotFound, Text
from engine.handlers import Json, ServiceCall
from workflows import calendar, calls, documents, movements, notices, organisation, routes, signing
from workflows.summaries import drafts, figures
from workflows.tables import Document, SummaryContribution, SummaryReport, SummaryRequest
from workflows.vocabulary import show_date, show_moment
from workflows.working_time import end_of_day, last_working_day_before

CONTRIBUTED = ("advantages", "difficulties", "propaganda", "results")
EMPTY = Text("Ghi ít nhất một nội dung, hoặc “không có”.", "Write at least one thing, or “không có”.")


def find(session: Session, call: ServiceCall) -> SummaryReport:
    """Return the report a case is about; raises NotFound."""
    key = calls.read_text(call, "report_key")
    found = session.scalar(select(SummaryReport).where(SummaryReport.key == key))
    if found is None:
        raise NotFound(kind="summary report", key=key)
    return found


def open_report(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Begin the report of a sở; return who writes, who signs, which offices contribute and until when."""
    report = find(session, call)
    report.instance_id = call.instance_id
    here, request = routes.stop(session, report.unit_code), report.request
    return {
        "request_key": request.key,
        "unit": here.code,
        "unit_name": here.name,
        "desk_group": here.desk,
        "signer_groups": list_signers(session, here.code, call.now),
        "offices": [
            {"code": office.code, "group": routes.stop(session, office.code).desk, "name": office.name}
            for office in organisation.offices(session, here.code)
        ],
        "report_due_at": request.due_at.isoformat(),
        "contributions_due_at": _contributions_due(session, request, call.now).isoformat(),
        "movement_title": movements.find(session, request.movement_code).title,
    }


def list_signers(session: Session, unit_code: str, now: datetime) -> str:
    """Return the groups of those who may sign for a unit, deputies too (KT., NĐ 30/2020 Đ13), by commas."""
    day = local(now).date()
    found = [routes.stop(session, unit_code).signer]
    for block in signing.offers(session, unit_code, day):
        groups = sorted(organisation.groups(session, block.login, day))
        found += [group for group in groups if group.startswith(f"{unit_code}.")]
    return ",".join(dict.fromkeys(found))


def _contributions_due(session: Session, request: SummaryRequest, now: datetime) -> datetime:
    """Return the end of the last working day before the report is due; now when that is over already."""
    day = last_working_day_before(calendar.load(session), local(request.due_at).date())
    return max(end_of_day(day), now)


def contribution_values(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Give the form of a contribution what is asked and what the office wrote before."""
    report, office = find(session, call), calls.read_text(call, "contributing_office")
    known = next((row for row in report.contributions if row.unit_code == office), None)
    written: dict[str, Json] = dict.fromkeys(CONTRIBUTED, "")
    return {**written, **(known.content if known else {}), **_describe(session, report)}


def contribute(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take what an office writes; raises FormInvalid when it says nothing at all."""
    report, office = find(session, call), calls.read_text(call, "contributing_office")
    content = {name: calls.read_text(call, name) for name in CONTRIBUTED}
    if not any(content.values()):
        raise FormInvalid({"results": [EMPTY]})
    session.add(
        SummaryContribution(
            report=report,
            unit_code=office,
            content=content,
            written_by=call.actor.name,
            written_at=call.now,
        )
    )
    session.flush()
    return {}


def draft(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Put the contributions of the offices together, under the headings they belong to."""
    report = find(session, call)
    names = organisation.unit_names(session)
    content = {name: _join(report, name, names) for name in CONTRIBUTED}
    content["results"] = "\n".join(row.content["results"] for row in report.contributions).strip()
    report.content = {**content, "leadership": _say_basis(session, report)}
    report.status = "drafted"
    session.flush()
    return {"missing_offices": _missing(session, report)}


def _join(report: SummaryReport, field: str, names: dict[str, str]) -> str:
    rows = [row for row in report.contributions if row.content[field]]
    return "\n".join(f"{names[row.unit_code]}: {row.content[field]}" for row in rows)


def _say_basis(session: Session, report: SummaryReport) -> str:
    """Say what the movement rests on and by which plan it was launched, as its record has them."""
    movement = movements.find(session, report.request.movement_code)
    basis = [
        f"{entry['kind']} số {entry['number']}{_on(entry['issued_on'])}" for entry in movement.record["basis"]
    ]
    launched = f"đã ban hành Kế hoạch số {movement.code}"
    issued = f" ngày {show_date(movement.issued_on)}" if movement.issued_on else ""
    start = f"Thực hiện {', '.join(basis)}, " if basis else ""
    return f"{start}{movement.issuing_body} {launched}{issued}."


def _on(day: str | None) -> str:
    return f" ngày {show_date(datetime.fromisoformat(day).date())}" if day else ""


def _missing(session: Session, report: SummaryReport) -> str:
    written = {row.unit_code for row in report.contributions}
    offices = organisation.offices(session, report.unit_code)
    return ", ".join(office.name for office in offices if office.code not in written)


def count(session: Session, report: SummaryReport) -> figures.Figures:
    """Return the figures of a report: those it was signed with, else as they stand now."""
    if report.figures is not None:
        return dict(report.figures)
    request = report.request
    scope = figures.Scope(request.movement_code, report.unit_code, request.since, request.until)
    return figures.count(session, scope)


def report_values(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Give the forms of writing and signing the text, the figures and what looks wrong."""
    report = find(session, call)
    counted = count(session, report)
    content: dict[str, Json] = {name: report.content.get(name, "") for name in drafts.FIELDS}
    return {
        **content,
        **_describe(session, report),
        "awards": counted["awards"],
        "units": counted["units"],
        "money_total": counted["money_total"],
        "issues": "; ".join(counted["issues"]),
        "missing_offices": _missing(session, report),
        "draft_text": "\n".join(drafts.write(report.content, counted)),
        "warning_text": "; ".join(entry["vi"] for entry in report.warnings),
        "warnings_confirmed": False,
        "return_reason": report.return_reason,
    }


def _describe(session: Session, report: SummaryReport) -> dict[str, Json]:
    request = report.request
    return {
        "request_number": request.number,
        "request_day": show_date(request.issued_on),
        "asking_unit": organisation.unit(session, request.unit_code).name,
        "unit_name": organisation.unit(session, report.unit_code).name,
        "since": show_date(request.since),
        "until": show_date(request.until),
        "due": show_moment(request.due_at),
        "movement_title": movements.find(session, request.movement_code).title,
    }


def write(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the text of the report; what looks wrong must be corrected, or confirmed as it is.

    Raises FormInvalid naming each pair of numbers for one document and each heading number used twice.
    """
    report = find(session, call)
    content = {name: calls.read_text(call, name) for name in drafts.FIELDS}
    record = movements.find(session, report.request.movement_code).record
    warnings = drafts.find_warnings(list(content.values()), drafts.read_known(record))
    report.content, report.status = content, "written"
    report.warnings = [{"vi": text.vi, "en": text.en} for text in warnings]
    if warnings and call.variables.get("warnings_confirmed") is not True:
        raise FormInvalid({"warnings_confirmed": warnings})
    session.flush()
    return {}


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Sign the report or return it; signing numbers it, freezes its figures and sends it to Sở Nội vụ.

    Raises Refused when the person may not sign for the sở (NĐ 30/2020 Đ13); a deputy signs KT.
    """
    report = find(session, call)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    report.return_reason = reason
    if decision == "return":
        return {"decision": decision}
    counted = count(session, report)
    document = issue(session, call, report.unit_code, report.request, report.content, counted)
    report.figures, report.document_id = counted, document.id
    report.status, report.signed_by, report.submitted_at = "submitted", call.actor.name, call.now
    report.late = call.now > report.request.due_at
    session.flush()
    return {"decision": decision, "report_number": document.number}


def issue(
    session: Session,
    call: ServiceCall,
    unit_code: str,
    request: SummaryRequest,
    content: dict[str, Any],
    counted: figures.Figures,
) -> Document:
    """Issue the report as a document of a unit, to the unit above it that asked."""
    title = movements.find(session, request.movement_code).title
    asking = organisation.unit(session, request.unit_code)
    receiver = asking if unit_code != asking.code else organisation.unit(session, asking.parent_code or "")
    facts = {
        "movement_title": title,
        **{
            name: content.get(name, "") for name in ("advantages", "difficulties", "leadership", "propaganda")
        },
        "results": drafts.split_lines(content.get("results", "")),
        "awards": [{"index": place, **row} for place, row in enumerate(counted["awards"], 1)],
        "units": [{"index": place, **row} for place, row in enumerate(counted["units"], 1)],
        "money_total": str(counted["money_total"]),
        "limits": "; ".join(counted["issues"]),
        "proposals": "",
        "remarks": [],
    }
    about = documents.About(
        unit=unit_code,
        subject_line=f"Tổng kết thực hiện phong trào thi đua “{title}”",
        movement_code=request.movement_code,
        facts=facts,
        recipients=((receiver.name, receiver.code, "report"),),
    )
    return documents.issue(session, call, "summary_report", about)


def tell_missing(session: Session, call: ServiceCall, report: SummaryReport) -> None:
    """Tell the desk and the leaders of a sở whose report is not there that it is overdue."""
    request, here = report.request, routes.stop(session, report.unit_code)
    letter = notices.Letter(
        kind="summary.overdue",
        about=report.key,
        vi=f"Báo cáo tổng kết theo Công văn {request.number} đã quá hạn {show_moment(request.due_at)}.",
        en=f"The sum-up asked for by {request.number} was due {show_moment(request.due_at)}.",
    )
    notices.send(session, call, [here.desk, here.signer], letter)
