"""Import of units, people and memberships by administrators: choose a file, see what changes, confirm."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.errors import NotFound, Refused
from web import listing, moments
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.security import ADMINISTRATORS, open_to
from web.translating import gettext as _
from workflows import organisation_columns, organisation_imports
from workflows.organisation_imports import Plan
from workflows.tables import OrganisationImport

blueprint = Blueprint("organisation_imports", __name__, url_prefix="/organisation/imports")
STAYS = 422
TEMPLATES = {"unit": "don-vi", "person": "nguoi", "membership": "thanh-vien-nhom"}
EXAMPLES = {
    "unit": ("P9", "Phòng Ví dụ", "Ví dụ", "office", "TTTV", "P9.staff", "P9.head", "01/01/2026"),
    "person": ("vi.du", "Nguyễn Thị Ví Dụ", "Chuyên viên", "P9", "", "nữ", "không", "", "có"),
    "membership": ("vi.du", "P9.staff", "01/01/2026", ""),
}


@blueprint.get("/new")
@open_to(ADMINISTRATORS)
def choose() -> ResponseReturnValue:
    """Show where a file is chosen, with the templates."""
    return _page(None, "")


@blueprint.post("/new")
@open_to(ADMINISTRATORS)
def upload() -> ResponseReturnValue:
    """Read a file: one with errors gives their table and stores nothing, a clean one is shown for consent."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page(None, _("Hãy chọn một tệp.")), STAYS
    name, content = sent.filename[:200], sent.read()
    sent.close()  # a large one lies in a temporary file
    try:
        made = organisation_imports.plan(db.session(), name, content)
    except Refused as error:
        return _page(None, error.text(language_now())), STAYS
    if made.problems:
        return _page(made, ""), STAYS
    with transaction() as session:
        kept = organisation_imports.keep(session, current_actor(), name, content, made)
        address = url_for("organisation_imports.preview", import_id=kept.id)
    return redirect(address, code=303)


@blueprint.get("/<int:import_id>")
@open_to(ADMINISTRATORS)
def preview(import_id: int) -> ResponseReturnValue:
    """Show, row by row, what a kept file would change."""
    row = _find(db.session(), import_id)
    made = organisation_imports.plan(db.session(), row.file_name, row.content)
    return render_template("organisation/preview.html", plan=made, kept=row, heading=_heading, say=_say)


@blueprint.post("/<int:import_id>")
@open_to(ADMINISTRATORS)
def confirm(import_id: int) -> ResponseReturnValue:
    """Apply what was shown."""
    with transaction() as session:
        made = organisation_imports.confirm(session, current_actor(), import_id)
        count = len(made.changes)
    flash(_("Đã ghi %(count)d thay đổi.", count=count))
    return redirect(url_for("organisation.choose"), code=303)


@blueprint.get("/templates/<kind>.csv")
@open_to(ADMINISTRATORS)
def template(kind: str) -> Response:
    """Give a file with the headings and one example row."""
    if kind not in TEMPLATES:
        raise NotFound(kind="import", key=kind)
    header = [column.heading for column in organisation_columns.TABLES[kind]]
    content = listing.write_csv(header, [EXAMPLES[kind]])
    headers = {"Content-Disposition": f'attachment; filename="mau-{TEMPLATES[kind]}.csv"'}
    return Response(content, content_type=listing.FORMATS["csv"], headers=headers)


def _heading(subject: str, key: str) -> str:
    """Return what a column is called in the file."""
    return next((one.heading for one in organisation_columns.TABLES[subject] if one.key == key), key)


def _say(value: Any) -> str:
    """Return a value as people write it in the file."""
    if value in ("", None):
        return "∅"
    if isinstance(value, bool):
        return _("có") if value else _("không")
    return moments.day(value) if isinstance(value, date) else str(value)


def _find(session: Session, import_id: int) -> OrganisationImport:
    row = session.get(OrganisationImport, import_id)
    if row is None or row.actor != current_actor().name:
        raise NotFound(kind="import", key=import_id)
    return row


def _page(made: Plan | None, refusal: str) -> str:
    return render_template("organisation/import.html", plan=made, refusal=refusal, templates=TEMPLATES)
