"""What administrators look at to keep cases going: every incident, one case with all that can be done to it.

What they do stands in `web.pages.interventions`; nothing here changes anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, contains_eager

from engine import deployments
from engine.errors import NotFound
from engine.operations import migration, modification
from engine.spiff import state
from engine.tables import Incident, Job, ProcessDefinition, ProcessInstance, Suspension, Timer, UserTask
from web import listing, moments, names, pictures, timeline
from web.accounts import language_now
from web.db import db
from web.pages.audit import STATUS_WORDS, TONES
from web.security import ADMINISTRATORS, open_to
from web.translating import gettext as _

blueprint = Blueprint("operations", __name__, url_prefix="/operations")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "since": Incident.created_at.expression,
    "case": ProcessInstance.business_key.expression,
    "process": ProcessInstance.process_id.expression,
    "step": Incident.element.expression,
    "kind": Incident.kind.expression,
}
FILTERS = ("process", "kind", "status")
KIND_WORDS = {
    "expression": lazy_gettext("Biểu thức"),
    "job": lazy_gettext("Bước tự động"),
    "timer": lazy_gettext("Hẹn giờ"),
    "call": lazy_gettext("Quy trình được gọi"),
    "limit": lazy_gettext("Giới hạn"),
    "deadlock": lazy_gettext("Bế tắc"),
    "state": lazy_gettext("Trạng thái đã lưu"),
}
INCIDENT_WORDS = {"open": lazy_gettext("Đang mở"), "resolved": lazy_gettext("Đã xử lý")}


@dataclass(frozen=True)
class Case:
    """One case as administrators see it: its rows, its variables as JSON, where else it could go on."""

    row: ProcessInstance
    incidents: Sequence[Incident]
    holds: Sequence[Suspension]
    tasks: Sequence[UserTask]
    jobs: Sequence[Job]
    timers: Sequence[Timer]
    variables: Mapping[str, str]
    steps: Sequence[tuple[str, str]]
    versions: Sequence[ProcessDefinition]


@blueprint.get("/incidents")
@open_to(ADMINISTRATORS)
def choose() -> ResponseReturnValue:
    """List the incidents that match, the open ones unless asked otherwise; as CSV or XLSX when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "-since", FILTERS)
    found = _search(query)
    if listing.wants_file():
        return _export(session, listing.ordered(found, query, SORTS))
    return render_template(
        "operations/incidents.html",
        page=listing.cut(session, found, query, SORTS),
        query=query,
        filtered=query.is_narrow,
        processes=names.process_choices(session),
        kinds=list(KIND_WORDS.items()),
        kind_words=KIND_WORDS,
        statuses=list(INCIDENT_WORDS.items()),
        incident_words=INCIDENT_WORDS,
    )


@blueprint.get("/cases/<int:instance_id>")
@open_to(ADMINISTRATORS)
def show(instance_id: int) -> ResponseReturnValue:
    """Show one case with what waits in it and what can be done to it."""
    return page_of(db.session(), instance_id)


def page_of(
    session: Session,
    instance_id: int,
    *,
    moved: modification.Preview | None = None,
    migrated: migration.Preview | None = None,
    sent: Mapping[str, str] | None = None,
) -> str:
    """Return the page of a case; with a preview, what a change would do, and the button that does it.

    `sent` is what was typed to get the preview. Raises NotFound.
    """
    case = read(session, instance_id)
    return render_template(
        "operations/case.html",
        case=case,
        diagram=pictures.of_instance(session, case.row),
        people=names.people_choices(session),
        moved=moved,
        migrated=migrated,
        sent=sent or {},
        status_words=STATUS_WORDS,
        tones=TONES,
        kind_words=KIND_WORDS,
        say_candidate=timeline.name_candidate,
    )


def read(session: Session, instance_id: int) -> Case:
    """Return a case; raises NotFound."""
    row = session.get(ProcessInstance, instance_id)
    if row is None:
        raise NotFound(kind="process instance", key=instance_id)
    drawn = timeline.element_names(session, row)
    damaged = any(incident.kind == "state" for incident in _open(session, Incident, row, "open"))
    known = {} if damaged else state.variables(row.state)
    return Case(
        row,
        _open(session, Incident, row, "open"),
        session.scalars(select(Suspension).where(Suspension.instance_id == row.id)).all(),
        _open(session, UserTask, row, "open"),
        _open(session, Job, row, "open", "failed"),
        _open(session, Timer, row, "waiting"),
        {name: json.dumps(value, ensure_ascii=False) for name, value in sorted(known.items())},
        [(element, drawn.get(element, element)) for element in _placeable(session, row)],
        [one for one in deployments.versions(session, row.process_id) if one.id != row.definition_id],
    )


def _open(session: Session, table: Any, row: ProcessInstance, *statuses: str) -> Sequence[Any]:
    found = select(table).where(table.instance_id == row.id, table.status.in_(statuses))
    return session.scalars(found.order_by(table.id)).all()


def _placeable(session: Session, row: ProcessInstance) -> list[str]:
    """Return the elements that a token can be put on, as they are drawn."""
    process = deployments.compiled(session, row).process
    return [
        element.id
        for element in process.elements.values()
        if element.id != process.id and element.kind not in ("startEvent", "boundaryEvent", "dataObject")
    ]


def _search(query: listing.Query) -> Select[Incident]:
    filters = query.filters
    found = (
        select(Incident)
        .join(Incident.instance)
        .options(contains_eager(Incident.instance).joinedload(ProcessInstance.definition))
    )
    found = found.where(Incident.status == (filters["status"] or "open"))
    if filters["process"]:
        found = found.where(ProcessInstance.process_id == filters["process"])
    if filters["kind"]:
        found = found.where(Incident.kind == filters["kind"])
    if query.text:
        told = (ProcessInstance.business_key, Incident.element, Incident.vi, Incident.en)
        found = found.where(or_(*(column.icontains(query.text, autoescape=True) for column in told)))
    return found


def _export(session: Session, found: Select[Incident]) -> ResponseReturnValue:
    header = [
        _("Mã hồ sơ"),
        _("Bước"),
        _("Loại"),
        _("Nội dung"),
        _("Từ lúc"),
        _("Tình trạng"),
        _("Xử lý lúc"),
    ]
    language = language_now()
    rows = (
        (
            incident.instance.business_key or f"#{incident.instance_id}",
            incident.element,
            KIND_WORDS.get(incident.kind, incident.kind),
            incident.text(language),
            moments.precise(incident.created_at),
            INCIDENT_WORDS.get(incident.status, incident.status),
            moments.precise(incident.resolved_at),
        )
        for incident in listing.every(session, found)
    )
    return listing.write_file("su-co", header, rows)
