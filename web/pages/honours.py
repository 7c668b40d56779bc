"""The honour roll: every award with its decision, its number in the roll, and what was cancelled later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from web import listing, names
from web.accounts import language_now
from web.db import db
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows.tables import AwardDecision, Nomination, Proposal, Revocation
from workflows.vocabulary import FORMS, SUBJECT_KINDS, TYPES, fold, label

blueprint = Blueprint("honours", __name__, url_prefix="/honours")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "decided": AwardDecision.decided_on.expression,
    "subject": Nomination.subject.expression,
    "form": Nomination.form.expression,
    "unit": Proposal.office.expression,
}
FILTERS = ("form", "unit", "year", "movement")
SHOWN = ("awarded", "revoked")
CANCELLED = ("decided", "recovered")


@dataclass(frozen=True)
class Row:
    """One line of the roll; `number` is its number in the decision, which the certificate bears, too."""

    nomination_id: int
    number: int
    subject: str
    kind: str
    position: str
    unit: str
    form: str
    type: str
    decision: str
    day: date | None
    achievement: str
    cancelled: bool
    cancelled_by: str


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the awards; as a file when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "-decided", FILTERS)
    found = _search(query)
    if listing.wants_file():
        return _export(session, listing.ordered(found, query, SORTS))
    page = listing.cut(session, found, query, SORTS)
    return render_template(
        "honours/list.html",
        page=listing.Page(read_rows(session, page.rows), page.total, page.number, page.pages),
        query=query,
        **_choices(session),
    )


@blueprint.get("/print")
@open_to(SIGNED_IN)
def print_all() -> ResponseReturnValue:
    """Show every award of the filter on one page, laid out for paper."""
    session = db.session()
    query = listing.read_query(SORTS, "decided", FILTERS)
    found = list(listing.every(session, listing.ordered(_search(query), query, SORTS)))
    return render_template("honours/print.html", rows=read_rows(session, found), query=query)


def _search(query: listing.Query) -> Select[Nomination]:
    found = select(Nomination).join(Nomination.award).join(Nomination.proposal)
    found = found.options(joinedload(Nomination.award), joinedload(Nomination.proposal))
    found = found.where(Nomination.status.in_(SHOWN))
    exact = {
        "form": Nomination.form,
        "unit": Proposal.office,
        "movement": Proposal.movement_code,
    }
    for name, column in exact.items():
        if query.filters[name]:
            found = found.where(column == query.filters[name])
    if query.filters["year"].isdecimal():
        found = found.where(AwardDecision.number_year == int(query.filters["year"]))
    for word in fold(query.text).split():
        found = found.where(Nomination.search_text.contains(word, autoescape=True))
    return found


def read_rows(session: Session, nominations: Sequence[Nomination]) -> list[Row]:
    """Return nominations as lines of the roll, in the words of the person's language."""
    numbers, cancelled = _numbers(session, nominations), _cancellations(session, nominations)
    language = language_now()
    return [
        Row(
            nomination_id=one.id,
            number=numbers[one.id],
            subject=one.subject,
            kind=label(SUBJECT_KINDS, one.subject_kind, language),
            position=one.position,
            unit=names.unit(one.proposal.office),
            form=label(FORMS, one.form, language),
            type=label(TYPES, one.type, language),
            decision=one.award.number if one.award else "",
            day=one.award.decided_on if one.award else None,
            achievement=one.achievement,
            cancelled=one.status == "revoked",
            cancelled_by=cancelled.get(one.id, ""),
        )
        for one in nominations
    ]


def _numbers(session: Session, nominations: Sequence[Nomination]) -> dict[int, int]:
    """Return each award's place in its decision, counted in the order of the list it was decided by."""
    earlier = aliased(Nomination)
    query = (
        select(Nomination.id, func.count(earlier.id))
        .join(earlier, earlier.award_decision_id == Nomination.award_decision_id)
        .where(earlier.id <= Nomination.id, Nomination.id.in_([one.id for one in nominations]))
        .group_by(Nomination.id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _cancellations(session: Session, nominations: Sequence[Nomination]) -> dict[int, str]:
    query = select(Revocation.nomination_id, Revocation.number).where(
        Revocation.status.in_(CANCELLED), Revocation.nomination_id.in_([one.id for one in nominations])
    )
    return {row[0]: row[1] or "" for row in session.execute(query)}


def _choices(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: only what the roll holds."""
    language = language_now()

    def values(column: Any) -> Sequence[Any]:
        held = select(column).select_from(Nomination).join(Nomination.award).join(Nomination.proposal)
        return session.scalars(held.where(Nomination.status.in_(SHOWN)).distinct().order_by(column)).all()

    return {
        "forms": [(code, label(FORMS, code, language)) for code in values(Nomination.form)],
        "units": [(code, names.unit(code)) for code in values(Proposal.office)],
        "years": [(str(year), str(year)) for year in reversed(values(AwardDecision.number_year))],
        "movements": [(code, code) for code in values(Proposal.movement_code)],
    }


def _export(session: Session, found: Select[Nomination]) -> ResponseReturnValue:
    header = [
        _("Số trong sổ"),
        _("Cá nhân, tập thể"),
        _("Đối tượng"),
        _("Chức vụ"),
        _("Đơn vị"),
        _("Hình thức"),
        _("Loại hình"),
        _("Số quyết định"),
        _("Ngày quyết định"),
        _("Thành tích"),
        _("Đã hủy"),
    ]
    rows = (
        (
            row.number,
            row.subject,
            row.kind,
            row.position,
            row.unit,
            row.form,
            row.type,
            row.decision,
            row.day,
            row.achievement,
            (row.cancelled_by or _("đã hủy")) if row.cancelled else "",
        )
        for row in read_rows(session, list(listing.every(session, found)))
    )
    return listing.write_file("so-vang", header, rows)
