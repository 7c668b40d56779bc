"""Documents that units issue: the list, one with its files and recipients, and what may be done to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import NotAllowed, NotFound, ReasonMissing, Refused
from engine.handlers import ServiceCall
from web import listing, moments, names
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.security import AUDITORS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import calls, documents, nominations, signing
from workflows.documents import edxml, files, reports, seals, visibility
from workflows.documents.kinds import CHANGEABLE, KINDS, PURPOSES, STATUSES, fields_of
from workflows.tables import Document, Recipient, Unit
from workflows.vocabulary import fold, label

blueprint = Blueprint("documents", __name__, url_prefix="/documents")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "number": Document.number.expression,
    "kind": Document.kind.expression,
    "subject": Document.subject_line.expression,
    "unit": Document.unit.expression,
    "date": Document.issued_on.expression,
    "signer": Document.signer_name.expression,
    "status": Document.status.expression,
}
FILTERS = ("kind", "unit", "status", "year")
TONES = {"issued": "good", "replaced": "warn", "cancelled": "bad", "draft": "info"}
TYPES = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
    "edxml": "application/xml",
}
MOST_ROWS = 200  # of names that one page asks for


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the documents this person may see; as CSV or XLSX when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "-date", FILTERS)
    units = seen_units(session, current_actor())
    found = _search(query, units)
    if listing.wants_file():
        return _export(session, listing.ordered(found, query, SORTS))
    page = listing.cut(session, found, query, SORTS)
    language = language_now()
    issuing = session.scalars(_seen(select(Document.unit), units).distinct()).all()
    years = session.scalars(_seen(select(Document.year), units).distinct()).all()
    return render_template(
        "documents/list.html",
        page=listing.Page([show_row(row) for row in page.rows], page.total, page.number, page.pages),
        query=query,
        kinds=[(code, kind.name.text(language)) for code, kind in KINDS.items()],
        statuses=[(code, text.text(language)) for code, text in STATUSES.items()],
        units=sorted(((code, names.unit(code)) for code in issuing), key=lambda one: one[1]),
        years=[(str(year), str(year)) for year in sorted(filter(None, years), reverse=True)],
    )


@blueprint.get("/<int:document_id>")
@open_to(SIGNED_IN)
def show(document_id: int) -> ResponseReturnValue:
    """Show one document: facts, recipients, signature, files and what may be done."""
    session = db.session()
    document = _find(session, document_id)
    language = language_now()
    related = session.scalars(
        select(Document).where(
            (Document.replaces_id == document.id)
            | (Document.corrects_id == document.id)
            | (Document.id == document.replaces_id)
            | (Document.id == document.corrects_id)
        )
    )
    kept = files.signed_file(session, document)
    return render_template(
        "documents/document.html",
        row=show_row(document),
        document=document,
        facts=_facts(document),
        recipients=[_recipient(session, one, language) for one in document.recipients],
        related=[show_row(one) for one in related],
        signature=None if kept is None else seals.read(kept, _seal()),
        file=kept,
        may_change=may_change(session, document, current_actor()),
        may_seal=_seal().certificate is not None and document.signer == current_actor().name,
        inputs=_inputs(document),
    )


@blueprint.get("/<int:document_id>/<any(docx, pdf, edxml):kind>")
@open_to(SIGNED_IN)
def download(document_id: int, kind: str) -> ResponseReturnValue:
    """Give a file of a document, made from its frozen values; the PDF opens in the browser."""
    session = db.session()
    document = _find(session, document_id)
    if kind == "edxml":
        attachments = [
            (_name(document, form), TYPES[form], make(session, document))
            for form, make in (("pdf", files.pdf), ("docx", files.docx))
        ]
        content = edxml.export(session, document, attachments)
    else:
        content = (files.pdf if kind == "pdf" else files.docx)(session, document)
    way = "inline" if kind == "pdf" else "attachment"
    return Response(
        content,
        content_type=TYPES[kind],
        headers={"Content-Disposition": f'{way}; filename="{_name(document, kind)}"'},
    )


@blueprint.get("/reports/<int:nomination_id>.<any(docx, pdf):kind>")
@open_to(SIGNED_IN)
def report(nomination_id: int, kind: str) -> ResponseReturnValue:
    """Give the achievement report of a nomination, filled from its dossier, to be completed and signed."""
    session = db.session()
    nomination = nominations.find(session, nomination_id)
    units = seen_units(session, current_actor())
    if units is not None and nomination.proposal.office not in units:
        raise NotAllowed(
            actor=current_actor().name,
            operation="read the nomination",
            operation_vi="xem đề nghị này",
            reason="it belongs to another office",
            reason_vi="đề nghị thuộc phòng khác",
        )
    content = reports.write_report(session, nomination, clock.local(clock.now()).date(), kind)
    way = "inline" if kind == "pdf" else "attachment"
    headers = {"Content-Disposition": f'{way}; filename="bao-cao-thanh-tich-{nomination_id}.{kind}"'}
    return Response(content, content_type=TYPES[kind], headers=headers)


@blueprint.post("/<int:document_id>/seal")
@open_to(SIGNED_IN)
def seal(document_id: int) -> ResponseReturnValue:
    """Sign the PDF digitally; only whoever signed the document may, with the certificate of the site."""
    with transaction() as session:
        seals.seal(session, _call(), _find_to_change(session, document_id), _seal())
    flash(_("Đã ký số văn bản."))
    return redirect(url_for(".show", document_id=document_id), code=303)


@blueprint.post("/<int:document_id>/recipients/<int:recipient_id>")
@open_to(SIGNED_IN)
def acknowledge(document_id: int, recipient_id: int) -> ResponseReturnValue:
    """Acknowledge a document, or the recall of a cancelled one, for the unit it was sent to."""
    with transaction() as session:
        document = _find_to_change(session, document_id)
        recipient = session.get(Recipient, recipient_id)
        if recipient is None or recipient.document_id != document.id:
            raise NotFound(kind="recipient", key=recipient_id)
        if not _receives(session, recipient):
            raise Refused(
                vi="Chỉ người của đơn vị nhận xác nhận được.",
                en="Only people of the unit it was sent to acknowledge it.",
                source="Nghị định 30/2020/NĐ-CP, Điều 22",
            )
        documents.acknowledge(session, _call(), recipient)
    flash(_("Đã xác nhận."))
    return redirect(url_for(".show", document_id=document_id), code=303)


@blueprint.post("/<int:document_id>/<any(cancel, correct, replace):change>")
@open_to(SIGNED_IN)
def change(document_id: int, change: str) -> ResponseReturnValue:
    """Cancel a document, correct its form by a letter, or replace its content; a reason is needed."""
    with transaction() as session:
        document = _find_to_change(session, document_id)
        reason = request.form.get("reason", "").strip()
        if not reason:
            raise ReasonMissing(operation="change the document", operation_vi="thay đổi văn bản")
        call = _call()
        signing.block(session, call.actor.name, document.unit, clock.local(call.now).date())
        if change == "cancel":
            newer = documents.cancel(session, call, document, reason)
        elif change == "correct":
            row = {name: request.form.get(name, "") for name in ("place", "wrong", "right")}
            newer = documents.correct(session, call, document, reason, [row])
        else:
            newer = documents.replace_by(session, call, document, reason, _changes(document))
        number = newer.id
    flash(_("Đã ghi nhận."))
    return redirect(url_for(".show", document_id=number), code=303)


def seen_units(session: Session, actor: Actor) -> frozenset[str] | None:
    """Return the units whose documents a person may see; None stands for all: auditors."""
    return None if AUDITORS in actor.groups else visibility.units_of(session, actor.groups)


def show_row(document: Document) -> dict[str, Any]:
    """Return a document in the words of the person's language."""
    language = language_now()
    return {
        "id": document.id,
        "number": document.number or "",
        "kind": KINDS[document.kind].name.text(language),
        "subject": document.subject_line,
        "unit": names.unit(document.unit),
        "day": moments.day(document.issued_on),
        "signer": document.signer_name,
        "status": label(STATUSES, document.status, language) if document.status in STATUSES else "",
        "tone": TONES.get(document.status, ""),
    }


def may_change(session: Session, document: Document, actor: Actor) -> bool:
    """Tell whether a person may sign for the unit of a document, and so replace, correct or cancel it."""
    if document.status not in ("issued", "draft"):
        return False
    try:
        signing.block(session, actor.name, document.unit, clock.local(clock.now()).date())
    except Refused:
        return False
    return True


def _find(session: Session, document_id: int) -> Document:
    document, actor = documents.find(session, document_id), current_actor()
    visibility.ensure_visible(session, document, actor, seen_units(session, actor))
    return document


def _find_to_change(session: Session, document_id: int) -> Document:
    actor = current_actor()
    if AUDITORS in actor.groups:
        raise NotAllowed(
            actor=actor.name,
            operation="change a document",
            operation_vi="thay đổi văn bản",
            reason="auditors read only",
            reason_vi="người kiểm tra chỉ xem",
        )
    return _find(session, document_id)


def _seen(found: Select[Any], units: frozenset[str] | None) -> Select[Any]:
    return found if units is None else found.where(visibility.visible(units))


def _search(query: listing.Query, units: frozenset[str] | None) -> Select[Document]:
    found = _seen(select(Document), units)
    for name, column in (("kind", Document.kind), ("unit", Document.unit), ("status", Document.status)):
        if query.filters[name]:
            found = found.where(column == query.filters[name])
    if query.filters["year"].isdigit():
        found = found.where(Document.year == int(query.filters["year"][:4]))
    for word in fold(query.text).split():
        found = found.where(Document.search_text.contains(word, autoescape=True))
    return found


def _facts(document: Document) -> list[tuple[str, str]]:
    return [
        (_("Số, ký hiệu"), document.number or _("không có số riêng")),
        (_("Ngày ban hành"), moments.day(document.issued_on)),
        (_("Đơn vị ban hành"), names.unit(document.unit)),
        (_("Trích yếu"), document.subject_line),
        (_("Người ký"), " / ".join([*document.values["signature_lines"], document.signer_name])),
        (_("Lý do"), document.reason),
        (_("Thay đổi lúc"), moments.exact(document.ended_at) if document.ended_at else ""),
    ]


def _recipient(session: Session, one: Recipient, language: str) -> dict[str, Any]:
    recalled = one.document.status == "cancelled"
    done = one.recall_confirmed_at if recalled else one.acknowledged_at
    return {
        "id": one.id,
        "name": one.name,
        "purpose": PURPOSES[one.purpose].text(language) if one.purpose in PURPOSES else one.purpose,
        "unit": one.unit,
        "delivered_at": one.delivered_at,
        "acknowledged_at": one.acknowledged_at,
        "by": names.person(one.acknowledged_by),
        "recall_confirmed_at": one.recall_confirmed_at,
        "may_acknowledge": done is None and _receives(session, one),
        "recalled": recalled,
    }


def _receives(session: Session, recipient: Recipient) -> bool:
    groups = current_actor().groups
    if not recipient.unit:
        return False
    desk = session.scalar(select(Unit.desk_group).where(Unit.code == recipient.unit))
    return desk in groups or any(group.rpartition(".")[0] == recipient.unit for group in groups)


def _inputs(document: Document) -> list[dict[str, str]]:
    """Return the texts that a replacement may change: single values, and who is named in the list."""
    language, known = language_now(), fields_of(document.kind)
    singles = [
        _input(name, words.text(language), document.values.get(name, ""))
        for name, words in CHANGEABLE.items()
        if name in known
    ]
    rows = [
        _input(
            f"nominees.{index}.{name}", f"{index + 1}. {CHANGEABLE[name].text(language)}", row.get(name, "")
        )
        for index, row in enumerate(document.values.get("nominees", []))
        for name in ("subject", "position")
    ]
    return singles + rows[:MOST_ROWS]


def _input(name: str, label: str, value: object) -> dict[str, str]:
    return {"name": name, "label": label, "value": str(value)}


def _changes(document: Document) -> dict[str, Any]:
    nominees = [dict(row) for row in document.values.get("nominees", [])]
    changes: dict[str, Any] = {"nominees": nominees} if nominees else {}
    for one in _inputs(document):
        new = request.form.get(f"value.{one['name']}", one["value"])
        if one["name"].startswith("nominees."):
            _list, index, key = one["name"].split(".")
            nominees[int(index)][key] = new
        else:
            changes[one["name"]] = new
    return changes


def _call() -> ServiceCall:
    return calls.from_page(current_actor(), clock.now())


def _seal() -> seals.Seal:
    found: seals.Seal = current_app.config["SEAL"]
    return found


def _name(document: Document, kind: str) -> str:
    number = (document.number or str(document.id)).replace("/", "-").replace("Đ", "D").replace("đ", "d")
    plain = fold(number).replace(" ", "-") if not number.isascii() else number
    return f"{document.year or ''}-{plain}.{'xml' if kind == 'edxml' else kind}"


def _export(session: Session, found: Select[Document]) -> ResponseReturnValue:
    header = [
        _("Số, ký hiệu"),
        _("Loại văn bản"),
        _("Trích yếu"),
        _("Đơn vị ban hành"),
        _("Ngày ban hành"),
        _("Người ký"),
        _("Tình trạng"),
    ]
    keys = ("number", "kind", "subject", "unit", "day", "signer", "status")
    shown: Iterable[dict[str, Any]] = (show_row(row) for row in listing.every(session, found))
    return listing.write_file("van-ban", header, ([row[key] for key in keys] for row in shown))
