"""The emulation movements: the list, and one movement with contents, criteria, forms, notes and source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select

from web import listing, moments, names
from web.accounts import language_now
from web.db import db
from web.pages import home, movement_plans
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import (
    difficulties,
    movement_launches,
    movement_points,
    movement_quotas,
    movement_versions,
    organisation,
)
from workflows.tables import Criterion, Movement
from workflows.vocabulary import SUBJECT_KINDS, fold, label

blueprint = Blueprint("movements", __name__, url_prefix="/movements")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "title": Movement.title.expression,
    "code": Movement.code.expression,
    "body": Movement.issuing_body.expression,
    "issued": Movement.issued_on.expression,
}


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the movements; as CSV or XLSX when asked.

    They are few: text is searched in memory, diacritics aside.
    """
    session = db.session()
    query = listing.read_query(SORTS, "-issued")
    everything = session.scalars(listing.ordered(select(Movement), query, SORTS)).all()
    wanted = fold(query.text)
    rows = [row for row in everything if wanted in fold(f"{row.code} {row.title} {row.issuing_body}")]
    if listing.wants_file():
        header = [_("Số kế hoạch"), _("Phong trào"), _("Cơ quan ban hành"), _("Ngày")]
        cells = ((row.code, row.title, row.issuing_body, moments.day(row.issued_on)) for row in rows)
        return listing.write_file("phong-trao", header, cells)
    return render_template(
        "movements/list.html",
        page=listing.page_of(rows, query),
        query=query,
        may_design=home.may_open("movement_plans.begin"),
    )


@blueprint.get("/<int:movement_id>")
@open_to(SIGNED_IN)
def show(movement_id: int) -> ResponseReturnValue:
    """Show one movement as its plan describes it this month, with its versions and what happens with it."""
    session = db.session()
    movement = movement_plans.find(session, movement_id)
    versions = movement_versions.history(session, movement.code)
    criteria = session.scalars(
        select(Criterion)
        .where(Criterion.movement_code == movement.code)
        .order_by(Criterion.subject_kind.desc(), Criterion.group_number, Criterion.position)
    ).all()
    by_kind: dict[str, list[Criterion]] = {}
    for criterion in criteria:
        by_kind.setdefault(label(SUBJECT_KINDS, criterion.subject_kind, language_now()), []).append(criterion)
    today = organisation.today()
    return render_template(
        "movements/movement.html",
        movement=movement,
        record=movement_versions.record_of(session, movement, movement_versions.month_of(today)),
        criteria=by_kind,
        versions=versions,
        recipients=movement_launches.list_recipients(session, versions),
        purposes={key: words.text(language_now()) for key, words in movement_launches.PURPOSES.items()},
        quotas=movement_quotas.list_all(session, movement.code),
        points=movement_points.in_force(session, movement.code, today),
        difficulties=difficulties.list_all(session, movement.code),
        form_words=dict(movement_plans.form_choices()),
        unit_name=names.unit,
        may_design=home.may_open("movement_plans.begin"),
    )
