"""Public lists before a council sits: what was published, from when, for which council; as a file, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from web import listing, names
from web.accounts import language_now
from web.db import db
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import disclosures
from workflows.tables import Disclosure
from workflows.vocabulary import FORMS, SUBJECT_KINDS, label

blueprint = Blueprint("disclosures", __name__, url_prefix="/disclosures")


@blueprint.get("/")
@open_to(SIGNED_IN)
def choose() -> ResponseReturnValue:
    """List what was published, newest first."""
    session = db.session()
    shown = [
        {"list": one, "count": len(disclosures.nominees(session, one)), "open": one.closed_at is None}
        for one in disclosures.published(session)
    ]
    return render_template("disclosures/list.html", rows=shown)


@blueprint.get("/<int:disclosure_id>")
@open_to(SIGNED_IN)
def show(disclosure_id: int) -> ResponseReturnValue:
    """Show one list as it stands on the portal, laid out for paper; as a file when asked."""
    session = db.session()
    found = disclosures.find(session, disclosure_id)
    if listing.wants_file():
        return _export(session, found)
    return render_template(
        "disclosures/disclosure.html",
        disclosure=found,
        rows=list(_rows(session, found)),
        source=disclosures.describe_source(found).text(language_now()),
    )


def _rows(session: Session, found: Disclosure) -> Iterator[dict[str, Any]]:
    language = language_now()
    for number, nomination in enumerate(disclosures.nominees(session, found), start=1):
        yield {
            "number": number,
            "subject": nomination.subject,
            "kind": label(SUBJECT_KINDS, nomination.subject_kind, language),
            "position": nomination.position,
            "unit": names.unit(nomination.proposal.office),
            "form": label(FORMS, nomination.form, language),
            "achievement": nomination.achievement,
        }


def _export(session: Session, found: Disclosure) -> ResponseReturnValue:
    header = [
        _("Số thứ tự"),
        _("Cá nhân, tập thể"),
        _("Đối tượng"),
        _("Chức vụ"),
        _("Đơn vị"),
        _("Hình thức"),
        _("Thành tích"),
    ]
    rows: list[Sequence[object]] = [tuple(row.values()) for row in _rows(session, found)]
    return listing.write_file(f"cong-khai-{found.id}", header, rows)
