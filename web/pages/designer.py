"""The designers' lists: processes with their versions, drafts, new processes and files that come in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import deployments
from engine.bpmn import loading, reading
from engine.bpmn.findings import make
from engine.errors import DeploymentRejected, NotFound
from engine.tables import Draft, ProcessDefinition, ProcessInstance
from web import drafts, listing, moments, names, pictures
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.security import DESIGNERS, open_to
from web.translating import gettext as _
from workflows.vocabulary import fold

blueprint = Blueprint("designer", __name__, url_prefix="/designer")

PROCESS_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
# Above what the loader accepts, so that a large diagram is answered with a finding and its remedy.
DIAGRAM_BYTES = 16 * 1024 * 1024


@blueprint.url_value_preprocessor
def admit_diagrams(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let designers send more than other people, before anything reads the request."""
    request.max_content_length = DIAGRAM_BYTES


@dataclass(frozen=True)
class Row:
    """One version of a process with who deployed it, when, and how many cases run on it."""

    id: int
    process_id: str
    name: str
    version: int
    at: datetime
    by: str
    running: int


SORTS: Mapping[str, Callable[[Any], Any]] = {
    "name": lambda row: fold(row.name),
    "version": lambda row: row.version,
    "deployed": lambda row: row.at,
    "by": lambda row: row.by,
    "running": lambda row: row.running,
}


@blueprint.get("/")
@open_to(DESIGNERS)
def choose() -> ResponseReturnValue:
    """List the processes with their newest version, and the drafts."""
    session = db.session()
    query = listing.read_query(SORTS, "name")
    wanted = fold(query.text)
    rows = [
        row
        for row in _rows(session, deployments.list_latest(session), whole_process=True)
        if wanted in fold(f"{row.name} {row.process_id}")
    ]
    if listing.wants_file():
        return _export(rows, query)
    found = session.scalars(select(Draft).order_by(Draft.saved_at.desc())).all()
    shown = [draft for draft in found if wanted in fold(f"{draft.name} {draft.process_id}")]
    return render_template(
        "designer/list.html", page=listing.cut_rows(rows, query, SORTS), query=query, drafts=shown
    )


@blueprint.get("/processes/<process_id>")
@open_to(DESIGNERS)
def show(process_id: str) -> ResponseReturnValue:
    """Show one process with all its versions."""
    session = db.session()
    newest = deployments.latest(session, process_id)
    query = listing.read_query(SORTS, "-version")
    versions = [one for one in deployments.versions(session, process_id) if one.deleted_at is None]
    rows = _rows(session, versions)
    if listing.wants_file():
        return _export(rows, query)
    return render_template(
        "designer/process.html",
        process_id=process_id,
        name=newest.name,
        shown=newest,
        diagram=pictures.of_definition(newest),
        page=listing.cut_rows(rows, query, SORTS),
        query=query,
    )


@blueprint.get("/versions/<int:definition_id>.bpmn")
@open_to(DESIGNERS)
def download(definition_id: int) -> ResponseReturnValue:
    """Give the file of one version, byte for byte."""
    definition = _version(db.session(), definition_id)
    name = f"{definition.process_id}-v{definition.version}.bpmn"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(definition.resource.content, content_type="application/xml", headers=headers)


@blueprint.post("/versions/<int:definition_id>/draft")
@open_to(DESIGNERS)
def revise(definition_id: int) -> ResponseReturnValue:
    """Open a draft that begins with one version; a draft that exists already is opened as it is."""
    with transaction() as session:
        definition = _version(session, definition_id)
        draft = drafts.find(session, definition.process_id)
        if draft is not None:
            person, at = names.person(draft.saved_by), moments.exact(draft.saved_at)
            flash(_("Đã có bản nháp do %(person)s lưu lúc %(at)s; bạn đang mở bản đó.", person=person, at=at))
        else:
            draft = drafts.create(
                session, definition.process_id, definition.name, definition.resource.content, current_actor()
            )
        draft_id = draft.id
    return redirect(url_for("designer.edit", draft_id=draft_id), code=303)


@blueprint.get("/new")
@open_to(DESIGNERS)
def prepare() -> ResponseReturnValue:
    """Ask for the name and the id of a new process."""
    return render_template("designer/new.html", values={"name": "", "process_id": ""}, errors={})


@blueprint.post("/new")
@open_to(DESIGNERS)
def create() -> ResponseReturnValue:
    """Create a draft with one start event."""
    values = {name: request.form.get(name, "").strip() for name in ("name", "process_id")}
    errors: dict[str, str] = {}
    if not values["name"]:
        errors["name"] = _("Hãy đặt tên quy trình.")
    if not PROCESS_ID.fullmatch(values["process_id"]):
        errors["process_id"] = _("Mã chỉ gồm chữ cái không dấu, chữ số, gạch dưới và bắt đầu bằng chữ cái.")
    elif _is_taken(db.session(), values["process_id"]):
        errors["process_id"] = _("Mã này đã có; hãy chọn mã khác hoặc sửa từ phiên bản có sẵn.")
    if errors:
        return render_template("designer/new.html", values=values, errors=errors), 422
    with transaction() as session:
        content = drafts.blank(values["process_id"], values["name"])
        draft_id = drafts.create(session, values["process_id"], values["name"], content, current_actor()).id
    return redirect(url_for("designer.edit", draft_id=draft_id), code=303)


@blueprint.get("/upload")
@open_to(DESIGNERS)
def choose_file() -> ResponseReturnValue:
    """Ask for a file."""
    return render_template("designer/upload.html", findings=[])


@blueprint.post("/upload")
@open_to(DESIGNERS)
def upload() -> ResponseReturnValue:
    """Take a BPMN file as a draft; refuse an unreadable one with line and remedy, and store nothing.

    409 when the file would destroy a draft; sending the file again with the version of that draft confirms.
    """
    sent = request.files.get("file")
    content = sent.read() if sent is not None else b""
    name = PurePath(sent.filename or "").name if sent is not None else ""
    try:
        diagram = reading.read(loading.load(content, name), name)
    except DeploymentRejected as error:
        return render_template(
            "designer/upload.html", findings=[_shown(finding) for finding in error.findings]
        ), 422
    process = next((one for one in diagram.processes.values() if one.executable), None)
    if process is None:
        finding = _shown(make("no-process"))
        return render_template("designer/upload.html", findings=[{**finding, "place": name}]), 422
    label, confirmed = process.name or process.id, request.form.get("replace_version", type=int)
    try:
        with transaction() as session:
            draft_id = drafts.replace(session, process.id, label, content, current_actor(), confirmed).id
    except drafts.WorkWouldBeLost as error:
        text = error.text(language_now())
        return render_template(
            "designer/upload.html", findings=[], lost=text, replaced=error.values["version"]
        ), error.status
    return redirect(url_for("designer.edit", draft_id=draft_id), code=303)


def _shown(finding: Any) -> dict[str, str]:
    found = finding.as_dict(language_now())
    line = _("dòng %(line)d", line=found["line"]) if found["line"] else ""
    return {"text": found["text"], "place": found["element"] or line, "remedy": found["remedy"]}


def _is_taken(session: Session, process_id: str) -> bool:
    deployed = select(ProcessDefinition.id).where(ProcessDefinition.process_id == process_id).limit(1)
    return drafts.find(session, process_id) is not None or session.scalar(deployed) is not None


def _version(session: Session, definition_id: int) -> ProcessDefinition:
    definition = session.get(ProcessDefinition, definition_id)
    if definition is None:
        raise NotFound(kind="process definition", key=definition_id)
    return definition


def _rows(session: Session, found: Any, *, whole_process: bool = False) -> list[Row]:
    column = ProcessInstance.process_id if whole_process else ProcessInstance.definition_id
    active = select(column, func.count()).where(ProcessInstance.status == "active").group_by(column)
    counts: dict[Any, int] = {row[0]: row[1] for row in session.execute(active)}
    return [
        Row(
            id=one.id,
            process_id=one.process_id,
            name=one.name,
            version=one.version,
            at=one.deployment.at,
            by=one.deployment.actor,
            running=counts.get(one.process_id if whole_process else one.id, 0),
        )
        for one in found
    ]


def _export(rows: list[Row], query: listing.Query) -> ResponseReturnValue:
    header = [
        _("Mã quy trình"),
        _("Quy trình"),
        _("Phiên bản"),
        _("Triển khai"),
        _("Người triển khai"),
        _("Hồ sơ đang chạy"),
    ]
    cells = (
        (row.process_id, row.name, row.version, row.at, names.person(row.by), row.running)
        for row in listing.order_rows(rows, query, SORTS)
    )
    return listing.write_file("quy-trinh", header, cells)
