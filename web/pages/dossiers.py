"""The dossier of a nomination: checklist, files, earlier awards, ratings, initiatives, figures, rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import FormInvalid, NotAllowed, Refused, Text
from engine.handlers import ServiceCall
from web import names, rule_rows
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.pages import nominations as nomination_pages
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import awards, calls, eligibility, organisation, rules
from workflows.dossiers import checklists, evidence, records
from workflows.dossiers.words import FIGURES, RATINGS, SCOPES
from workflows.tables import Nomination
from workflows.vocabulary import EDITABLE, FORMS, TYPES, label, read_day

blueprint = Blueprint("dossiers", __name__, url_prefix="/nominations/<int:nomination_id>/dossier")
# The words of the fields that a refusal is about.
LABELS = {
    "procedure": lazy_gettext("Thủ tục"),
    "ground": lazy_gettext("Trường hợp áp dụng thủ tục đơn giản"),
    "form": lazy_gettext("Hình thức, danh hiệu"),
    "type": lazy_gettext("Loại hình khen thưởng"),
    "year": lazy_gettext("Năm"),
    "decision_number": lazy_gettext("Số quyết định"),
    "decided_on": lazy_gettext("Ngày quyết định"),
    "rating": lazy_gettext("Kết quả"),
    "document": lazy_gettext("Văn bản"),
    "name": lazy_gettext("Tên hoặc số sáng kiến, như trong đề nghị"),
    "scope": lazy_gettext("Phạm vi"),
    "recognised_by": lazy_gettext("Cấp công nhận"),
    "recognised_on": lazy_gettext("Ngày công nhận"),
}

UPLOAD_LIMIT = evidence.LARGEST_FILE + evidence.MEGABYTE  # the file, and what a form adds around it
NOT_A_DAY = Text("Ngày không hợp lệ.", "This is not a date.")
STATES = {
    "there": Text("đã có", "there"),
    "missing": Text("còn thiếu", "missing"),
    "optional": Text("nếu có", "if any"),
}
TONES = {"there": "good", "missing": "bad", "optional": ""}


@blueprint.url_value_preprocessor
def let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Let the upload of a file be larger than other requests, before anything reads its form."""
    if endpoint == "dossiers.upload":
        request.max_content_length = UPLOAD_LIMIT


@blueprint.get("")
@open_to(SIGNED_IN)
def show(nomination_id: int) -> ResponseReturnValue:
    """Show the dossier; 403 for people who may not see the nomination."""
    return _page(nomination_id, [])


def _page(nomination_id: int, refusals: list[str]) -> str:
    session = db.session()
    nomination = nomination_pages.visible(session, nomination_id)
    language, today = language_now(), organisation.today()
    key = nomination.subject_key
    return render_template(
        "dossiers/dossier.html",
        refusals=refusals,
        row=nomination_pages.show_row(nomination),
        nomination=nomination,
        checklist=checklists.checklist(session, nomination, today),
        files=evidence.files(session, nomination),
        previous=records.previous_awards(session, key),
        bases=records.bases(session, nomination),
        ratings=records.ratings(session, key),
        initiatives=records.initiatives(session, key),
        figures=FIGURES.get(nomination.subject_kind, {}),
        money=awards.money_of(session, nomination),
        rules=rule_rows.read(nomination),
        grounds=rules.list_in_force(session, "simplified_ground", today),
        words={"forms": FORMS, "types": TYPES, "ratings": RATINGS, "scopes": SCOPES, "states": STATES},
        tones=TONES,
        may_change=_may_change(nomination),
        say=lambda text: text.text(language),
        label=lambda known, code: label(known, code, language),
        person=names.person,
        this_year=today.year,
    )


@blueprint.post("/files")
@open_to(SIGNED_IN)
def upload(nomination_id: int) -> ResponseReturnValue:
    """Add a file to the dossier."""

    def add(session: Session, call: ServiceCall, nomination: Nomination) -> None:
        sent = request.files.get("file")
        name, content = "", b""
        if sent is not None:
            name, content = sent.filename or "", sent.read()
            sent.close()  # a large one lies in a temporary file
        paper = request.form.get("paper", "other")[:50]
        evidence.add(session, call, nomination, evidence.Upload(paper, name, content))

    return _change(nomination_id, add, _("Đã thêm tệp vào hồ sơ."))


@blueprint.post("/files/<int:file_id>/remove")
@open_to(SIGNED_IN)
def remove(nomination_id: int, file_id: int) -> ResponseReturnValue:
    """Take a file back; the row stays in the database."""
    return _change(
        nomination_id,
        lambda session, call, nomination: evidence.remove(session, call, nomination, file_id),
        _("Đã bỏ tệp khỏi hồ sơ."),
    )


@blueprint.get("/files/<int:file_id>")
@open_to(SIGNED_IN)
def download(nomination_id: int, file_id: int) -> ResponseReturnValue:
    """Send a file as an attachment, never to be shown inside a page."""
    session = db.session()
    nomination = nomination_pages.visible(session, nomination_id)
    row = evidence.find(session, nomination, file_id)
    response = Response(row.content, mimetype=row.media_type)
    name = quote(row.file_name)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


@blueprint.post("/previous-awards")
@open_to(SIGNED_IN)
def add_previous_award(nomination_id: int) -> ResponseReturnValue:
    """Record an award received before."""

    def add(session: Session, call: ServiceCall, nomination: Nomination) -> None:
        past = records.Past(
            form=_typed("form"),
            type=_typed("type"),
            year=request.form.get("year", 0, type=int),
            decision_number=_typed("decision_number"),
            decided_on=_day("decided_on") if _typed("decided_on") else None,
            as_basis=bool(request.form.get("as_basis")),
        )
        records.add_previous_award(session, call, nomination, past)

    return _change(nomination_id, add, _("Đã ghi khen thưởng trước đây."))


@blueprint.post("/ratings")
@open_to(SIGNED_IN)
def rate(nomination_id: int) -> ResponseReturnValue:
    """Record the rating of a year."""

    def add(session: Session, call: ServiceCall, nomination: Nomination) -> None:
        year = request.form.get("year", 0, type=int)
        records.rate(session, call, nomination, year, _typed("rating"), _typed("document"))

    return _change(nomination_id, add, _("Đã ghi kết quả xếp loại."))


@blueprint.post("/initiatives")
@open_to(SIGNED_IN)
def recognise(nomination_id: int) -> ResponseReturnValue:
    """Record an initiative with its recognition."""

    def add(session: Session, call: ServiceCall, nomination: Nomination) -> None:
        given = records.Recognition(
            _typed("name"),
            _typed("scope"),
            _typed("recognised_by"),
            _typed("document"),
            _day("recognised_on"),
        )
        records.recognise(session, call, nomination, given)

    return _change(nomination_id, add, _("Đã ghi sáng kiến."))


@blueprint.post("/figures")
@open_to(SIGNED_IN)
def set_figures(nomination_id: int) -> ResponseReturnValue:
    """Write the figures that the standards of law ask for."""
    return _change(
        nomination_id,
        lambda session, _call, nomination: records.set_figures(session, nomination, request.form.to_dict()),
        _("Đã ghi số liệu."),
    )


@blueprint.post("/procedure")
@open_to(SIGNED_IN)
def choose_procedure(nomination_id: int) -> ResponseReturnValue:
    """Choose the ordinary or the simplified procedure."""

    def choose(session: Session, _call: ServiceCall, nomination: Nomination) -> None:
        day = organisation.today()
        checklists.choose_procedure(session, nomination, _typed("procedure"), _typed("ground"), day)

    return _change(nomination_id, choose, _("Đã chọn thủ tục."))


def _may_change(nomination: Nomination) -> bool:
    return _is_of_office(nomination) and nomination.status in EDITABLE


def _is_of_office(nomination: Nomination) -> bool:
    office = nomination.proposal.office
    return not {f"{office}.staff", f"{office}.head"}.isdisjoint(current_actor().groups)


def _change(
    nomination_id: int, change: Callable[[Session, ServiceCall, Nomination], object], done: str
) -> ResponseReturnValue:
    actor = current_actor()
    if not any(group.endswith((".staff", ".head")) for group in actor.groups):
        raise _not_allowed(actor)  # before anything is looked up
    try:
        with transaction() as session:
            nomination = nomination_pages.visible(session, nomination_id)
            if not _is_of_office(nomination):
                raise _not_allowed(actor)
            call = calls.from_page(actor, clock.now(), nomination.proposal.key)
            change(session, call, nomination)
            eligibility.check_again(session, call, nomination)
    except (FormInvalid, Refused) as error:
        return _page(nomination_id, _say(error)), error.status
    flash(done)
    return redirect(url_for("dossiers.show", nomination_id=nomination_id), code=303)


def _say(error: FormInvalid | Refused) -> list[str]:
    language = language_now()
    if isinstance(error, Refused):
        return [error.text(language)]
    return [
        f"{LABELS[path]}: {text.text(language)}" if path in LABELS else text.text(language)
        for path, texts in error.messages.items()
        for text in texts
    ]


def _not_allowed(actor: Actor) -> NotAllowed:
    return NotAllowed(
        actor=actor.name,
        operation="change the dossier",
        operation_vi="sửa hồ sơ này",
        reason="only the office that proposes may",
        reason_vi="chỉ phòng đề nghị được sửa",
    )


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()[:500]


def _day(name: str) -> date:
    try:
        return read_day(_typed(name))
    except ValueError:
        raise FormInvalid({name: [NOT_A_DAY]}) from None
