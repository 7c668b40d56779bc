"""What auditors read: every case, running or ended, and every event of one. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, String, cast, exists, or_, select
from sqlalchemy.orm import Session, joinedload

from engine import clock
from engine.errors import NotFound
from engine.tables import HistoryEvent, Incident, ProcessDefinition, ProcessInstance, UserTask
from web import listing, moments, names, pictures, timeline
from web.db import db
from web.pages import home
from web.security import ADMINISTRATORS, AUDITORS, open_to
from web.translating import gettext as _

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "key": ProcessInstance.business_key.expression,
    "process": ProcessInstance.process_id.expression,
    "status": ProcessInstance.status.expression,
    "started": ProcessInstance.started_at.expression,
    "ended": ProcessInstance.ended_at.expression,
    "by": ProcessInstance.started_by.expression,
    "events": ProcessInstance.events.expression,
}
FILTERS = ("process", "key", "status", "person", "from", "to", "events")
# Reading every event of every case is slow: only for who asks for it, or among few cases.
NARROW = ("events", "process", "from", "to")
STATUS_WORDS = {
    "active": lazy_gettext("Đang chạy"),
    "completed": lazy_gettext("Đã kết thúc"),
    "error": lazy_gettext("Có sự cố"),
    "cancelled": lazy_gettext("Đã hủy"),
}
YEARS = range(1900, 9999)  # one more day, and the change to UTC, must stay within the calendar
TONES = {"active": "info", "completed": "good", "error": "bad"}


@blueprint.get("/instances")
@open_to(AUDITORS, ADMINISTRATORS)
def choose() -> ResponseReturnValue:
    """List the cases that match the search; as CSV or XLSX when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "-started", FILTERS)
    first, last = _read_day(query.filters["from"]), _read_day(query.filters["to"])
    found = _search(query, first, last + timedelta(days=1) if last else None)
    if listing.wants_file():
        return _export_cases(session, listing.ordered(found, query, SORTS))
    return render_template(
        "audit/list.html",
        page=listing.cut(session, found, query, SORTS),
        query=query,
        filtered=query.text or any(query.filters.values()),
        bad_days=(query.filters["from"] and not first) or (query.filters["to"] and not last),
        processes=names.process_choices(session),
        people=names.people_choices(session),
        statuses=list(STATUS_WORDS.items()),
        status_words=STATUS_WORDS,
        tones=TONES,
    )


@blueprint.get("/instances/<int:instance_id>")
@open_to(AUDITORS, ADMINISTRATORS)
def show(instance_id: int) -> ResponseReturnValue:
    """Show one case: facts, the path on the version that ran, its steps and every event by sequence."""
    session = db.session()
    case = session.get(ProcessInstance, instance_id)
    if case is None:
        raise NotFound(kind="process instance", key=instance_id)
    events = timeline.read(session, case)
    if listing.wants_file():
        return _export_events(case, events)
    tasks = session.scalars(
        select(UserTask).where(UserTask.instance_id == case.id).order_by(UserTask.created_at, UserTask.id)
    ).all()
    incidents = select(Incident).where(Incident.instance_id == case.id, Incident.status == "open")
    return render_template(
        "audit/instance.html",
        case=case,
        events=events,
        steps=[timeline.step(session, task) for task in tasks],
        waiting=[task for task in tasks if task.status == "open"],
        incidents=session.scalars(incidents).all(),
        diagram=pictures.of_instance(session, case),
        may_open=home.may_open,
        status_words=STATUS_WORDS,
        tones=TONES,
    )


def _search(query: listing.Query, first: datetime | None, before: datetime | None) -> Select[ProcessInstance]:
    filters = query.filters
    found = select(ProcessInstance).options(joinedload(ProcessInstance.definition))
    conditions = (
        (filters["process"], ProcessInstance.process_id == filters["process"]),
        (filters["status"], ProcessInstance.status == filters["status"]),
        (filters["key"], ProcessInstance.business_key.icontains(filters["key"], autoescape=True)),
        (filters["person"], ProcessInstance.id.in_(_seen(HistoryEvent.actor == filters["person"]))),
        (first, ProcessInstance.started_at >= (first or clock.now())),
        (before, ProcessInstance.started_at < (before or clock.now())),
        (query.text, or_(*_text_conditions(query))),
    )
    return found.where(*(condition for asked, condition in conditions if asked))


def _text_conditions(query: listing.Query) -> list[ColumnElement[bool]]:
    text = query.text
    named = select(ProcessDefinition.id).where(ProcessDefinition.name.icontains(text, autoescape=True))
    tasks = select(UserTask.instance_id).where(
        or_(UserTask.name.icontains(text, autoescape=True), UserTask.subject.icontains(text, autoescape=True))
    )
    found = [
        ProcessInstance.business_key.icontains(text, autoescape=True),
        ProcessInstance.definition_id.in_(named),
        ProcessInstance.id.in_(tasks),
    ]
    if any(query.filters[name] for name in NARROW):
        told = cast(HistoryEvent.data, String).icontains(text, autoescape=True)
        found.append(exists().where(HistoryEvent.instance_id == ProcessInstance.id, told))
    return found


def _seen(condition: ColumnElement[bool]) -> Select[int]:
    return select(HistoryEvent.instance_id).where(condition)


def _read_day(text: str) -> datetime | None:
    """Return the local start of a day written as day/month/year, None when it is no day of a calendar."""
    try:
        day = datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=clock.ZONE)
    except ValueError:
        return None
    return day if YEARS.start <= day.year < YEARS.stop else None


def _export_cases(session: Session, found: Select[ProcessInstance]) -> ResponseReturnValue:
    header = [
        _("Mã hồ sơ"),
        _("Quy trình"),
        _("Phiên bản"),
        _("Tình trạng"),
        _("Bắt đầu"),
        _("Kết thúc"),
        _("Người bắt đầu"),
        _("Sự kiện"),
    ]
    rows = (
        (
            case.business_key,
            case.definition.name,
            case.definition.version,
            STATUS_WORDS.get(case.status, case.status),
            moments.precise(case.started_at),
            moments.precise(case.ended_at),
            names.person(case.started_by),
            case.events,
        )
        for case in listing.every(session, found)
    )
    return listing.write_file("ho-so", header, rows)


def _export_events(case: ProcessInstance, events: list[timeline.Event]) -> ResponseReturnValue:
    header = [_("Số"), _("Lúc"), _("Ai"), _("Việc gì"), _("Loại"), _("Bước"), _("Trước → sau")]
    rows = (
        (
            event.sequence,
            moments.precise(event.at),
            event.person,
            event.sentence,
            event.kind,
            event.element,
            "; ".join(f"{change.name}: {change.before} → {change.after}" for change in event.changes),
        )
        for event in events
    )
    return listing.write_file(f"dien-bien-{case.id}", header, rows)
