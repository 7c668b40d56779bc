"""Templates of documents: list, take away, bring back a changed one, preview with made-up values."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import FormInvalid, NotAllowed
from web import names
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.pages.documents import TYPES
from web.security import DESIGNERS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows.documents import files, templates
from workflows.documents.docx_parts import MAXIMUM_SIZE
from workflows.documents.kinds import KINDS
from workflows.documents.kinds import kind as kind_of
from workflows.tables import DocumentTemplate, Unit

blueprint = Blueprint("document_templates", __name__, url_prefix="/document-templates")


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the newest template of every kind, for all and for each unit that has its own."""
    return _page([], "")


@blueprint.get("/<kind>.docx")
@open_to(SIGNED_IN)
def download(kind: str) -> ResponseReturnValue:
    """Give the newest template of a kind as the DOCX that people edit."""
    content = _newest(db.session(), kind, request.args.get("unit", ""))
    headers = {"Content-Disposition": f'attachment; filename="{kind}.docx"'}
    return Response(content, content_type=TYPES["docx"], headers=headers)


@blueprint.get("/<kind>.pdf")
@open_to(SIGNED_IN)
def preview(kind: str) -> ResponseReturnValue:
    """Show the newest template of a kind filled with made-up values."""
    content = files.preview(kind, _newest(db.session(), kind, request.args.get("unit", "")))
    headers = {"Content-Disposition": f'inline; filename="{kind}.pdf"'}
    return Response(content, content_type=TYPES["pdf"], headers=headers)


@blueprint.post("/")
@open_to(SIGNED_IN)
def upload() -> ResponseReturnValue:
    """Take a changed template; a file that is wrong is refused with what is wrong in it."""
    kind, unit = request.form.get("kind", ""), request.form.get("unit", "")
    sent = request.files.get("file")
    content = b"" if sent is None else sent.stream.read(MAXIMUM_SIZE + 1)
    try:
        with transaction() as session:
            _ensure_owner(session, current_actor(), unit)
            files.check_template(kind, content)
            template = templates.add(session, kind, unit, content, current_actor().name)
            version = template.version
    except FormInvalid as error:
        language = language_now()
        return _page([text.text(language) for text in error.messages["file"]], kind), 422
    flash(_("Đã nạp mẫu, bản %(version)d.", version=version))
    return redirect(url_for(".choose"), code=303)


def units_of_desk(session: Session, actor: Actor) -> list[str]:
    """Return for which units a person brings templates: whose desk they are; designers also for all (“”)."""
    groups = sorted(actor.groups)
    found = session.scalars(select(Unit.code).where(Unit.desk_group.in_(groups)).order_by(Unit.code))
    return [*([""] if DESIGNERS in actor.groups else []), *found]


def _ensure_owner(session: Session, actor: Actor, unit: str) -> None:
    if unit not in units_of_desk(session, actor):
        raise NotAllowed(
            actor=actor.name,
            operation=f"change the templates of '{unit}'",
            operation_vi=f"đổi mẫu văn bản của “{unit}”",
            reason="they belong to the desk of that unit, those for all to designers",
            reason_vi="mẫu của đơn vị do văn thư đơn vị đó nạp, mẫu chung do người thiết kế quy trình nạp",
        )


def _newest(session: Session, kind: str, unit: str) -> bytes:
    kind_of(kind)
    query = (
        select(DocumentTemplate)
        .where(DocumentTemplate.kind == kind, DocumentTemplate.unit == unit)
        .order_by(DocumentTemplate.version.desc())
        .limit(1)
    )
    found = session.scalar(query)
    return templates.carried(kind) if found is None else found.content


def _page(problems: list[str], chosen: str) -> str:
    session, language = db.session(), language_now()
    newest: dict[tuple[str, str], Any] = {(kind, ""): None for kind in KINDS}
    stored = select(DocumentTemplate).order_by(DocumentTemplate.unit, DocumentTemplate.version)
    newest.update({(one.kind, one.unit): one for one in session.scalars(stored)})
    rows = [
        {
            "kind": kind,
            "kind_label": KINDS[kind].name.text(language),
            "unit": unit,
            "unit_label": names.unit(unit) if unit else "",
            "version": 1 if one is None else one.version,
            "by": "" if one is None else names.person(one.uploaded_by),
        }
        for (kind, unit), one in sorted(newest.items())
        if kind in KINDS
    ]
    return render_template(
        "documents/templates.html",
        rows=rows,
        problems=problems,
        chosen=chosen,
        kinds=[(code, kind.name.text(language)) for code, kind in KINDS.items()],
        places=[(code, names.unit(code) if code else "") for code in units_of_desk(session, current_actor())],
    )
