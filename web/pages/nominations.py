"""Where each of my unit's nominations is now, with whom, since when; one with every step and version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, joinedload

from engine.actors import Actor
from engine.errors import NotAllowed, Text
from web import listing, moments, names, nomination_cases, rule_rows
from web.accounts import current_actor, language_now
from web.db import db
from web.pages.documents import seen_units
from web.pages.documents import show_row as show_document
from web.security import AUDITORS, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import dues, nominations, routes
from workflows.documents import visibility
from workflows.tables import Document, Nomination, Proposal
from workflows.vocabulary import (
    FORMS,
    INFLUENCES,
    OUTCOMES,
    STATUSES,
    SUBJECT_KINDS,
    TYPES,
    fold,
    label,
    show_date,
    show_period,
)

blueprint = Blueprint("nominations", __name__, url_prefix="/nominations")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "subject": Nomination.subject.expression,
    "form": Nomination.form.expression,
    "period": Proposal.period.expression,
    "status": Nomination.status.expression,
    "holder": Nomination.holder.expression,
    "since": Nomination.since.expression,
}
FILTERS = ("status", "form", "period")
TONES = {
    "awarded": "good",
    "declined": "bad",
    "ineligible": "bad",
    "returned": "warn",
    "suspended": "warn",
    "not_awarded": "bad",
    "revoked": "bad",
    "open": "info",
    "accepted": "info",
}
VERSION_LABELS = {
    "subject": lazy_gettext("Cá nhân, tập thể"),
    "position": lazy_gettext("Chức vụ"),
    "type": lazy_gettext("Loại hình"),
    "form": lazy_gettext("Hình thức"),
    "influence": lazy_gettext("Phạm vi ảnh hưởng"),
    "achievement": lazy_gettext("Thành tích"),
    "achieved_on": lazy_gettext("Ngày lập thành tích"),
    "achievement_ref": lazy_gettext("Tài liệu chứng minh"),
    "initiative_ref": lazy_gettext("Sáng kiến"),
}
VOCABULARIES = {"type": TYPES, "form": FORMS, "influence": INFLUENCES}


@dataclass(frozen=True)
class Row:
    """One nomination as the pages show it."""

    id: int
    subject: str
    unit: str
    form_label: str
    type_label: str
    period: str
    status_label: str
    tone: str
    holder_label: str
    since: datetime
    reason: str
    due: datetime | None = None


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List the nominations this person may see; as CSV or XLSX when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "-since", FILTERS)
    offices = visible_offices(session, current_actor())
    found = _search(query, offices)
    if listing.wants_file():
        return _export(session, listing.ordered(found, query, SORTS))
    page = listing.cut(session, found, query, SORTS)
    language, due = language_now(), dues.read(session, page.rows)
    rows = [replace(show_row(row), due=due.get(row.id)) for row in page.rows]
    return render_template(
        "nominations/list.html",
        page=listing.Page(rows, page.total, page.number, page.pages),
        query=query,
        filtered=query.text or any(query.filters.values()),
        statuses=[(code, text.text(language)) for code, text in STATUSES.items()],
        forms=[(code, text.text(language)) for code, text in FORMS.items()],
        periods=[(period, show_period(period, language)) for period in _periods(session, offices)],
    )


@blueprint.get("/<int:nomination_id>")
@open_to(SIGNED_IN)
def show(nomination_id: int) -> ResponseReturnValue:
    """Show one nomination; 403 for people of another office."""
    session = db.session()
    nomination = visible(session, nomination_id)
    return render_template(
        "nominations/nomination.html",
        row=replace(show_row(nomination), due=dues.read(session, [nomination]).get(nomination.id)),
        facts=_facts(nomination),
        versions=[_version(version) for version in nomination.versions],
        steps=[_step(step) for step in nomination.steps],
        rules=rule_rows.read(nomination),
        documents=_documents(session, nomination),
        cases=nomination_cases.read(session, nomination, current_actor()),
    )


def visible(session: Session, nomination_id: int) -> Nomination:
    """Return a nomination the person may see; raises NotAllowed for people of another office."""
    nomination = nominations.find(session, nomination_id)
    offices = visible_offices(session, current_actor())
    if offices is not None and nomination.proposal.office not in offices:
        raise NotAllowed(
            actor=current_actor().name,
            operation="read the nomination",
            operation_vi="xem đề nghị này",
            reason="it belongs to another office",
            reason_vi="đề nghị thuộc phòng khác",
        )
    return nomination


def visible_offices(session: Session, actor: Actor) -> frozenset[str] | None:
    """Return the offices whose nominations the actor may see: those of the actor's units and below them.

    None stands for all: auditors.
    """
    if AUDITORS in actor.groups:
        return None
    codes = {group.rpartition(".")[0] for group in actor.groups if "." in group}
    return routes.units_under(session, codes)


def show_row(nomination: Nomination) -> Row:
    """Return a nomination in the words of the person's language."""
    language = language_now()
    return Row(
        id=nomination.id,
        subject=nomination.subject,
        unit=names.unit(nomination.proposal.office),
        form_label=label(FORMS, nomination.form, language),
        type_label=label(TYPES, nomination.type, language),
        period=show_period(nomination.proposal.period, language),
        status_label=label(STATUSES, nomination.status, language),
        tone=TONES.get(nomination.status, ""),
        holder_label=names.group(nomination.holder) if nomination.holder else "",
        since=nomination.since,
        reason=nominations.describe_reason(nomination).text(language),
    )


def _periods(session: Session, offices: frozenset[str] | None) -> Sequence[str]:
    found = select(Proposal.period).distinct().order_by(Proposal.period.desc())
    if offices is not None:
        found = found.where(Proposal.office.in_(sorted(offices)))
    return session.scalars(found).all()


def _search(query: listing.Query, offices: frozenset[str] | None) -> Select[Nomination]:
    found = select(Nomination).join(Nomination.proposal)
    found = found.options(joinedload(Nomination.proposal), joinedload(Nomination.award))
    exact = {"status": Nomination.status, "form": Nomination.form, "period": Proposal.period}
    for name, column in exact.items():
        if query.filters[name]:
            found = found.where(column == query.filters[name])
    if offices is not None:
        found = found.where(Proposal.office.in_(sorted(offices)))
    for word in fold(query.text).split():
        found = found.where(Nomination.search_text.contains(word, autoescape=True))
    return found


def _facts(nomination: Nomination) -> list[tuple[str, str]]:
    language = language_now()
    return [
        (_("Đối tượng"), label(SUBJECT_KINDS, nomination.subject_kind, language)),
        (_("Chức vụ"), nomination.position),
        (_("Đơn vị"), names.unit(nomination.proposal.office)),
        (_("Thành tích"), nomination.achievement),
        (_("Ngày lập thành tích"), show_date(nomination.achieved_on)),
        (_("Tài liệu chứng minh"), nomination.achievement_ref),
        (_("Sáng kiến"), nomination.initiative_ref),
        (_("Phạm vi ảnh hưởng"), label(INFLUENCES, nomination.influence, language)),
        (_("Phong trào"), nomination.proposal.movement_code),
        (_("Khuyến nghị"), nominations.describe_recommendation(nomination).text(language)),
        (_("Kết quả"), nominations.describe_result(nomination).text(language)),
        (_("Hạn nộp của kỳ"), moments.deadline(nomination.proposal.report_due_at)),
        (_("Hạn bổ sung"), moments.deadline(nomination.proposal.supplement_due_at)),
    ]


def _version(version: Any) -> dict[str, Any]:
    facts = [
        (str(words), _say(key, str(version.content[key])))
        for key, words in VERSION_LABELS.items()
        if version.content.get(key)
    ]
    return {
        "number": version.number,
        "at": version.at,
        "person": names.person(version.actor),
        "facts": facts,
    }


def _say(key: str, value: str) -> str:
    if key == "achieved_on":
        return moments.day(date.fromisoformat(value))
    return label(VOCABULARIES.get(key, {}), value, language_now())


def _step(step: Any) -> dict[str, Any]:
    language = language_now()
    return {
        "title": label(OUTCOMES, step.outcome, language),
        "at": step.at,
        "person": names.person(step.actor),
        "reason": Text(step.reason, step.reason_en).text(language),
    }


def _documents(session: Session, nomination: Nomination) -> list[dict[str, Any]]:
    found = select(Document).where(visibility.of_nomination(nomination)).order_by(Document.id)
    units = seen_units(session, current_actor())
    if units is not None:
        found = found.where(visibility.visible(units))
    return [show_document(row) for row in session.scalars(found)]


def _export(session: Session, found: Select[Nomination]) -> ResponseReturnValue:
    header = [
        _("Cá nhân, tập thể"),
        _("Đơn vị"),
        _("Hình thức"),
        _("Loại hình"),
        _("Kỳ"),
        _("Tình trạng"),
        _("Đang ở"),
        _("Từ"),
    ]
    shown = (show_row(row) for row in listing.every(session, found))
    rows = (
        (
            row.subject,
            row.unit,
            row.form_label,
            row.type_label,
            row.period,
            row.status_label,
            row.holder_label,
            row.since,
        )
        for row in shown
    )
    return listing.write_file("de-nghi", header, rows)
