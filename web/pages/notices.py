"""The notices to my groups: reminders, urgings, results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web import listing, names
from web.accounts import current_actor, language_now
from web.db import db
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import notices
from workflows.vocabulary import fold

blueprint = Blueprint("notices", __name__, url_prefix="/notices")


@dataclass(frozen=True)
class Row:
    """One notice in the person's language."""

    at: datetime
    text: str
    group: str


SORTS: Mapping[str, Callable[[Any], Any]] = {
    "at": lambda row: row.at,
    "text": lambda row: fold(row.text),
    "group": lambda row: row.group,
}


@blueprint.get("/")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """List the notices to the groups of this person, newest first; as CSV or XLSX when asked."""
    query = listing.read_query(SORTS, "-at")
    vietnamese = language_now() == "vi"
    rows = [
        Row(notice.at, notice.vi if vietnamese else notice.en, names.group(notice.group_name))
        for notice in notices.list_for(db.session(), current_actor().candidacies, limit=1000)
    ]
    wanted = [row for row in rows if fold(query.text) in fold(f"{row.text} {row.group}")]
    if listing.wants_file():
        header = [_("Lúc"), _("Nội dung"), _("Gửi đến")]
        ordered = listing.order_rows(wanted, query, SORTS)
        return listing.write_file("thong-bao", header, ((row.at, row.text, row.group) for row in ordered))
    return render_template("notices/list.html", page=listing.cut_rows(wanted, query, SORTS), query=query)
