"""Movements as designers enter them, later versions and quotas; two versions compared by everybody."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine.errors import BadInput, Conflict, EngineError, FormInvalid, NotFound, Refused
from web.accounts import language_now
from web.db import db, transaction
from web.security import DESIGNERS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import movement_plans, movement_versions, organisation
from workflows.movement_plans import Issue
from workflows.movement_quotas import Quota
from workflows.tables import Movement
from workflows.vocabulary import FORMS, label, read_day

blueprint = Blueprint("movement_plans", __name__, url_prefix="/movements")
STAYS = 422
NUMBERS = ("collectives", "individuals", "collective_percent", "individual_percent")


@blueprint.get("/new")
@open_to(DESIGNERS)
def begin() -> ResponseReturnValue:
    """Show the form of a new movement."""
    return _form(None, {})


@blueprint.post("/new")
@open_to(DESIGNERS)
def create() -> ResponseReturnValue:
    """Add a movement; a refusal keeps everything typed."""
    values = request.form.to_dict()
    try:
        with transaction() as session:
            movement_id = movement_plans.create(session, values).id
    except FormInvalid as error:
        return _form(None, values, error), STAYS
    flash(_("Đã thêm phong trào."))
    return redirect(url_for("movements.show", movement_id=movement_id), code=303)


@blueprint.get("/<int:movement_id>/versions/new")
@open_to(DESIGNERS)
def begin_version(movement_id: int) -> ResponseReturnValue:
    """Show the form of a later version, filled with what the plan says now."""
    movement = find(db.session(), movement_id)
    record = movement_versions.record_of(db.session(), movement, "9999-12")
    return _form(movement, {"title": record["title"], "contents": "\n".join(record.get("contents", []))})


@blueprint.post("/<int:movement_id>/versions/new")
@open_to(DESIGNERS)
def add_version(movement_id: int) -> ResponseReturnValue:
    """Record a later version; a refusal keeps everything typed."""
    values = request.form.to_dict()
    movement = find(db.session(), movement_id)
    try:
        issue = Issue(
            values.get("number", ""),
            _read_day(values.get("issued_on", "")),
            values.get("reason", ""),
            values.get("applies_from", ""),
        )
        with transaction() as session:
            movement_plans.revise(session, find(session, movement_id), values, issue)
    except (FormInvalid, BadInput, Conflict) as error:
        return _form(movement, values, error), STAYS
    flash(_("Đã ghi bản kế hoạch mới."))
    return redirect(url_for("movements.show", movement_id=movement_id), code=303)


@blueprint.post("/<int:movement_id>/quotas")
@open_to(DESIGNERS)
def add_quota(movement_id: int) -> ResponseReturnValue:
    """Add a quota of a unit and form; the refusal is shown on the movement's page."""
    values = request.form.to_dict()
    try:
        numbers = [_read_number(values.get(name, "")) for name in NUMBERS]
        quota = Quota(numbers[0], numbers[1], numbers[2], numbers[3], values.get("source", ""))
        day = _read_day(values.get("valid_from", ""))
        with transaction() as session:
            place = (values.get("unit_code", ""), values.get("form", ""))
            movement_plans.add_quota(session, find(session, movement_id), place, quota, day)
        flash(_("Đã thêm chỉ tiêu."))
    except (Refused, BadInput, NotFound) as error:
        flash(error.text(language_now()), "bad")
    return redirect(url_for("movements.show", movement_id=movement_id), code=303)


@blueprint.post("/<int:movement_id>/criteria")
@open_to(DESIGNERS)
def add_criterion(movement_id: int) -> ResponseReturnValue:
    """Add a criterion of a kind of subject; the refusal is shown on the movement's page."""
    values = request.form.to_dict()
    try:
        day = _read_day(values.get("valid_from", ""))
        with transaction() as session:
            movement_plans.add_criterion(session, find(session, movement_id), values, day)
        flash(_("Đã thêm tiêu chí."))
    except FormInvalid as error:
        language = language_now()
        told = [text.text(language) for texts in error.messages.values() for text in texts]
        flash(f"{error.text(language)} {' '.join(told)}", "bad")
    except (Refused, BadInput) as error:
        flash(error.text(language_now()), "bad")
    return redirect(url_for("movements.show", movement_id=movement_id), code=303)


@blueprint.get("/<int:movement_id>/compare")
@open_to(SIGNED_IN)
def compare(movement_id: int) -> ResponseReturnValue:
    """Show what two versions of a plan word differently, side by side."""
    session = db.session()
    movement = find(session, movement_id)
    records: dict[int, Any] = {1: movement.record}
    records |= {row.version: row.record for row in movement_versions.history(session, movement.code)}
    first = request.args.get("from", min(records), type=int)
    second = request.args.get("to", max(records), type=int)
    if first not in records or second not in records:
        raise NotFound(kind="movement version", key=f"{first}, {second}")
    return render_template(
        "movements/compare.html",
        movement=movement,
        versions=sorted(records),
        first=first,
        second=second,
        differences=movement_versions.compare(records[first], records[second]),
    )


def find(session: Session, movement_id: int) -> Movement:
    """Return a movement by its id; raises NotFound."""
    movement = session.get(Movement, movement_id)
    if movement is None:
        raise NotFound(kind="movement", key=movement_id)
    return movement


def _form(movement: Movement | None, values: dict[str, str], error: EngineError | None = None) -> str:
    messages = error.messages if isinstance(error, FormInvalid) else {}
    language = language_now()
    return render_template(
        "movements/form.html",
        movement=movement,
        values=values,
        policies=movement_plans.POLICIES,
        units=[
            unit
            for unit in organisation.units_on(db.session(), organisation.today())
            if unit.kind == "center"
        ],
        errors={key: "; ".join(text.text(language) for text in texts) for key, texts in messages.items()},
        refusal=error.text(language) if error is not None and not messages else "",
    )


def _read_day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError as error:
        raise BadInput(expected="a day", expected_vi="ngày ban hành", found=text) from error


def _read_number(text: str) -> int | None:
    if not text.strip():
        return None
    if not text.strip().isdecimal() or int(text) > 10_000:
        raise BadInput(expected="a whole number", expected_vi="số nguyên", found=text)
    return int(text)


def form_choices() -> list[tuple[str, str]]:
    """Return the forms of award as choices in the reader's language."""
    return [(code, label(FORMS, code, language_now())) for code in FORMS]
