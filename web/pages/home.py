"""The home page of each role, and the navigation that leads everywhere a person may go."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from flask_login import current_user

from web.db import db
from web.pages import inbox
from web.security import AUDITORS, DESIGNERS, SIGNED_IN, audiences_of, open_to

blueprint = Blueprint("home", __name__)


@dataclass(frozen=True)
class Place:
    """One entry of the navigation: the page's endpoint and the words of its link."""

    endpoint: str
    label: LazyString
    hidden_from: frozenset[str] = frozenset()  # roles that have no use for it unless they also work on cases
    reference: bool = False  # looked up now and then: stands in the menu “Tra cứu”


@dataclass(frozen=True)
class Link:
    """One link of the navigation as shown now."""

    address: str
    label: str
    current: bool
    count: int
    reference: bool


NO_WORK = frozenset({AUDITORS, DESIGNERS})
PLACES = (
    Place("inbox.show", lazy_gettext("Việc cần làm"), hidden_from=NO_WORK),
    Place("nominations.choose", lazy_gettext("Đề nghị của tôi"), hidden_from=NO_WORK),
    Place("start.choose", lazy_gettext("Lập hồ sơ"), hidden_from=frozenset({AUDITORS})),
    Place("notices.show", lazy_gettext("Thông báo"), hidden_from=NO_WORK),
    Place("designer.choose", lazy_gettext("Thiết kế quy trình")),
    Place("audit.choose", lazy_gettext("Kiểm tra")),
    Place("operations.choose", lazy_gettext("Sự cố")),
    Place("security_events.choose", lazy_gettext("An ninh"), reference=True),
    Place("documents.choose", lazy_gettext("Sổ văn bản")),
    Place("calendar.show", lazy_gettext("Lịch")),
    Place("statistics.show", lazy_gettext("Thống kê")),
    Place("honours.choose", lazy_gettext("Sổ vàng"), reference=True),
    Place("councils.choose", lazy_gettext("Hội đồng"), reference=True),
    Place("disclosures.choose", lazy_gettext("Công khai"), reference=True),
    Place("movements.choose", lazy_gettext("Phong trào"), reference=True),
    Place("rules.choose", lazy_gettext("Danh mục"), reference=True),
    Place("organisation.choose", lazy_gettext("Đơn vị"), reference=True),
)
SHOWN_UNDER = {
    "tasks": "inbox",
    "limits": "inbox",
    "document_templates": "documents",
    "dossiers": "nominations",
    "cases": "nominations",
    "interventions": "operations",
}
# Where a person begins: the first line whose group the person has; staff otherwise.
HOMES = ((AUDITORS, "audit.choose"), (DESIGNERS, "designer.choose"))


@blueprint.get("/")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """Lead the person to the page the work begins with."""
    groups = current_user.actor.groups
    special = next((endpoint for group, endpoint in HOMES if group in groups), "inbox.show")
    return redirect(url_for("inbox.show" if works_on_cases() else special), code=303)


def works_on_cases() -> bool:
    """Tell whether the person has a place in a unit, or no role at all: auditors and designers do not."""
    groups = current_user.actor.groups
    return any("." in group for group in groups) or groups.isdisjoint(NO_WORK)


def navigation() -> list[Link]:
    """Return the links this person may follow, the current one marked."""
    blueprint_now = SHOWN_UNDER.get(now := (request.endpoint or "").split(".")[0], now)
    groups, works = current_user.actor.groups, works_on_cases()
    return [
        Link(
            url_for(place.endpoint),
            str(place.label),
            place.endpoint.split(".")[0] == blueprint_now,
            inbox.count_mine(db.session()) if place.endpoint == "inbox.show" else 0,
            place.reference,
        )
        for place in PLACES
        if (works or groups - place.hidden_from) and may_open(place.endpoint)
    ]


def may_open(endpoint: str) -> bool:
    """Tell whether the signed-in person is in the audience of a page."""
    audiences = audiences_of(current_app, endpoint)
    return SIGNED_IN in audiences or not audiences.isdisjoint(current_user.actor.groups)
