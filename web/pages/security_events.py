"""What the front door noticed, for auditors and administrators: sign-ins, refusals, administration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import ColumnElement, Select, or_, select

from engine import clock
from web import listing, names
from web.access_tables import SecurityEvent
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, open_to
from web.translating import gettext as _
from workflows.vocabulary import read_day

blueprint = Blueprint("security_events", __name__, url_prefix="/audit/security")

SORTS: Mapping[str, ColumnElement[Any]] = {
    "at": SecurityEvent.at.expression,
    "kind": SecurityEvent.kind.expression,
    "actor": SecurityEvent.actor.expression,
    "address": SecurityEvent.address.expression,
    "path": SecurityEvent.path.expression,
    "times": SecurityEvent.times.expression,
}
FILTERS = ("kind", "actor", "address", "from", "to")
KINDS = {
    "sign_in.accepted": lazy_gettext("Đăng nhập"),
    "sign_in.failed": lazy_gettext("Đăng nhập sai"),
    "sign_in.paused": lazy_gettext("Đăng nhập bị tạm dừng"),
    "sign_in.ended": lazy_gettext("Đăng xuất"),
    "refused.unknown": lazy_gettext("Từ chối: không biết là ai"),
    "refused.forbidden": lazy_gettext("Từ chối: không có quyền"),
    "token.created": lazy_gettext("Cấp mã truy cập"),
    "token.revoked": lazy_gettext("Thu hồi mã truy cập"),
    "service.added": lazy_gettext("Thêm hoặc đổi tài khoản dịch vụ"),
    "user.added": lazy_gettext("Thêm hoặc đổi người dùng"),
    "resource.deployed": lazy_gettext("Triển khai qua API"),
    "resource.deleted": lazy_gettext("Xóa bản đã triển khai"),
    "oidc.linked": lazy_gettext("Gắn tài khoản chung"),
    "oidc.groups": lazy_gettext("Nhóm đổi theo tài khoản chung"),
    "oidc.failed": lazy_gettext("Tài khoản chung trả lời không hợp lệ"),
}
TONES = {
    "sign_in.failed": "bad",
    "sign_in.paused": "bad",
    "oidc.failed": "bad",
    "refused.unknown": "warn",
    "refused.forbidden": "warn",
    "sign_in.accepted": "good",
}


@blueprint.get("")
@open_to(AUDITORS, ADMINISTRATORS)
def choose() -> ResponseReturnValue:
    """List the events that match the search, the newest first; as CSV or XLSX when asked."""
    session = db.session()
    query = listing.read_query(SORTS, "-at", FILTERS)
    first, last = _read_start(query.filters["from"]), _read_start(query.filters["to"])
    found = _search(query, first, last + timedelta(days=1) if last else None)
    if listing.wants_file():
        return _export(listing.every(session, listing.ordered(found, query, SORTS)))
    return render_template(
        "audit/security.html",
        page=listing.cut(session, found, query, SORTS),
        query=query,
        bad_days=(query.filters["from"] and not first) or (query.filters["to"] and not last),
        kinds=list(KINDS.items()),
        words=KINDS,
        tones=TONES,
    )


def _search(query: listing.Query, first: datetime | None, before: datetime | None) -> Select[SecurityEvent]:
    filters, text = query.filters, query.text
    conditions = (
        (filters["kind"], SecurityEvent.kind == filters["kind"]),
        (filters["actor"], SecurityEvent.actor == filters["actor"]),
        (filters["address"], SecurityEvent.address == filters["address"]),
        (first, SecurityEvent.at >= (first or clock.now())),
        (before, SecurityEvent.at < (before or clock.now())),
        (
            text,
            or_(
                SecurityEvent.detail.icontains(text, autoescape=True),
                SecurityEvent.path.icontains(text, autoescape=True),
                SecurityEvent.actor.icontains(text, autoescape=True),
            ),
        ),
    )
    return select(SecurityEvent).where(*(condition for asked, condition in conditions if asked))


def _read_start(text: str) -> datetime | None:
    """Return the local start of a day written as day/month/year, None for what is none."""
    try:
        day = read_day(text)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=clock.ZONE) if 1900 <= day.year < 9999 else None


def _export(rows: Any) -> ResponseReturnValue:
    header = [_("Lúc"), _("Việc gì"), _("Ai"), _("Từ địa chỉ"), _("Trang"), _("Chi tiết"), _("Số lần")]
    header.append(_("Mã yêu cầu"))
    lines = (
        (
            row.at,
            KINDS.get(row.kind, row.kind),
            names.person(row.actor) if row.actor else "",
            row.address,
            row.path,
            row.detail,
            row.times,
            row.correlation_id,
        )
        for row in rows
    )
    return listing.write_file("an-ninh", header, lines)
