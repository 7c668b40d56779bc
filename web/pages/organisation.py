"""The organisation as of a day: its tree, each unit with its people, what was changed about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine.errors import BadInput, Refused
from web import listing, names, unit_tree
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.pages import home
from web.security import ADMINISTRATORS, AUDITORS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import organisation, organisation_changes, organisation_people, signing
from workflows.tables import SigningAuthority, Unit
from workflows.vocabulary import UNIT_KINDS, fold, label, read_day

blueprint = Blueprint("organisation", __name__, url_prefix="/organisation")

SORTS: Mapping[str, Callable[[Any], Any]] = {
    "code": lambda unit: unit.code,
    "name": lambda unit: fold(unit.name),
    "kind": lambda unit: unit.kind,
    "until": lambda unit: unit.valid_until,
}


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """Draw the units of a day as a tree and list them; dissolved ones are shown with their successor."""
    day = listing.asked_day()
    query = listing.read_query(SORTS, "code")
    units = [one for one in db.session().scalars(select(Unit).order_by(Unit.code)) if _known(one, day)]
    rows = [one for one in units if fold(query.text) in fold(f"{one.code} {one.name} {_kind(one)}")]
    if listing.wants_file():
        header = [_("Mã"), _("Đơn vị"), _("Loại"), _("Cấp trên"), _("Từ ngày"), _("Đến ngày"), _("Kế thừa")]
        cells = (
            (
                unit.code,
                unit.name,
                _kind(unit),
                unit.parent_code,
                unit.valid_from,
                unit.valid_until,
                unit.successor_code,
            )
            for unit in listing.order_rows(rows, query, SORTS)
        )
        return listing.write_file("don-vi", header, cells)
    return render_template(
        "organisation/list.html",
        tree=unit_tree.grow(rows if query.text else units, day),
        page=listing.cut_rows(rows, query, SORTS),
        query=query,
        day=day,
        kind=_kind,
        unit_name=names.unit,
        may_open=home.may_open,
    )


@blueprint.get("/units/<code>")
@open_to(SIGNED_IN)
def show(code: str) -> ResponseReturnValue:
    """Show one unit as of a day: its place, its people and groups, who signs for it."""
    session, day = db.session(), listing.asked_day()
    unit = organisation.unit(session, code)
    gone = organisation.is_dissolved(unit, day)
    groups = {
        group: organisation_people.members(session, group, day)
        for group in dict.fromkeys((unit.desk_group, unit.signer_group))
        if group
    }
    return render_template(
        "organisation/unit.html",
        unit=unit,
        day=day,
        kind=_kind(unit),
        dissolved=gone,
        groups=groups,
        people=organisation_people.staff(session, code),
        signers=signing.offers(session, code, day),
        may_grant=home.may_open("organisation.grant"),
        unit_name=names.unit,
    )


@blueprint.post("/units/<code>/authorities")
@open_to(ADMINISTRATORS)
def grant(code: str) -> ResponseReturnValue:
    """Record who may sign for a unit in which capacity; a refusal names the rule (NĐ 30/2020 Đ13)."""
    values = request.form.to_dict()
    try:
        days = {
            name: _read_day(values.get(name, "")) for name in ("document_date", "valid_from", "valid_until")
        }
        texts = ("login", "capacity", "title_lines", "document_number", "granted_by", "scope")
        with transaction() as session:
            organisation.unit(session, code)
            authority = SigningAuthority(
                unit_code=code, **{name: values.get(name, "").strip() for name in texts}, **days
            )
            signing.grant(session, current_actor(), authority)
        flash(_("Đã ghi thẩm quyền ký."))
    except (Refused, BadInput) as error:
        flash(error.text(language_now()), "bad")
    return redirect(url_for("organisation.show", code=code), code=303)


@blueprint.get("/changes")
@open_to(ADMINISTRATORS, AUDITORS)
def changes() -> ResponseReturnValue:
    """List what was changed about units, people and memberships, the newest first."""
    return render_template(
        "organisation/changes.html",
        changes=organisation_changes.newest(db.session(), limit=500),
        person_name=names.person,
    )


def _read_day(text: str) -> date | None:
    try:
        return read_day(text) if text else None
    except ValueError as error:
        raise BadInput(expected="a day", expected_vi="một ngày", found=text) from error


def _known(unit: Unit, day: date) -> bool:
    """Tell whether a unit exists on a day or was dissolved before it: what is not founded yet is left out."""
    return unit.valid_from is None or unit.valid_from <= day


def _kind(unit: Unit) -> str:
    return label(UNIT_KINDS, unit.kind, language_now())
