"""The working calendar: month and year, sources, undecided days, hours of units, my due tasks, feeds.

Administrators and designers change it; every change names its source and moves the limits that run.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import BadInput, EngineError, FormInvalid
from web import calendar_view
from web.accounts import current_actor, language_now
from web.db import db, transaction
from web.security import DESIGNERS, PUBLIC, SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import calendar, calendar_changes, calendar_feeds, organisation
from workflows.calendar_changes import Day, Hours
from workflows.tables import CalendarChange, UnitCalendar
from workflows.vocabulary import read_day

blueprint = Blueprint("calendar", __name__, url_prefix="/calendar")
# The words of fields whose refusal does not name them.
LABELS = {"name": lazy_gettext("Tên"), "kind": lazy_gettext("Loại"), "code": lazy_gettext("Đơn vị")}

ADMINISTRATORS = "administrators"
EARLIEST, LATEST = 2000, 2100
WEEKDAYS = (
    lazy_gettext("Thứ hai"),
    lazy_gettext("Thứ ba"),
    lazy_gettext("Thứ tư"),
    lazy_gettext("Thứ năm"),
    lazy_gettext("Thứ sáu"),
    lazy_gettext("Thứ bảy"),
    lazy_gettext("Chủ nhật"),
)
STATES = {
    "holiday": lazy_gettext("Nghỉ"),
    "make_up": lazy_gettext("Làm bù"),
    "undecided": lazy_gettext("Chưa quyết định"),
    "unknown": lazy_gettext("Chưa có lịch"),
    "rest": lazy_gettext("Nghỉ hằng tuần"),
    "work": lazy_gettext("Làm việc"),
}


@blueprint.get("/")
@open_to(SIGNED_IN)
def show() -> ResponseReturnValue:
    """Show a month with what is due for me, or a whole year."""
    return _page()


@blueprint.post("/days")
@open_to(DESIGNERS, ADMINISTRATORS)
def put_day() -> ResponseReturnValue:
    """Set a day of the nation's calendar or of a unit's."""
    form = request.form
    return _change(
        lambda session: calendar_changes.put_day(
            session,
            current_actor(),
            Day(
                _day(form.get("day", "")),
                form.get("kind", ""),
                form.get("name", "").strip(),
                form.get("source", "").strip(),
                verified=bool(form.get("verified")),
                active=bool(form.get("active")),
            ),
            form.get("calendar", ""),
        )
    )


@blueprint.post("/days/remove")
@open_to(DESIGNERS, ADMINISTRATORS)
def take_out() -> ResponseReturnValue:
    """Take a day out of a table."""
    form = request.form
    return _change(
        lambda session: calendar_changes.take_out(
            session,
            current_actor(),
            _day(form.get("day", "")),
            form.get("source", ""),
            form.get("calendar", ""),
        )
    )


@blueprint.post("/years")
@open_to(DESIGNERS, ADMINISTRATORS)
def open_year() -> ResponseReturnValue:
    """Begin a year with all its days off."""
    days = request.form.get("days", "")
    return _change(
        lambda session: calendar_changes.open_year(
            session, current_actor(), _year(request.form.get("year", "")), calendar_changes.read_days(days)
        )
    )


@blueprint.post("/hours")
@open_to(DESIGNERS, ADMINISTRATORS)
def put_hours() -> ResponseReturnValue:
    """Set the hours and the weekend of a unit's calendar."""
    form = request.form
    pairs = [(form.get(f"begins-{n}", "").strip(), form.get(f"ends-{n}", "").strip()) for n in (1, 2)]
    code = form.get("code", "").strip()
    wanted = Hours(
        code=code,
        name=organisation.unit_names(db.session()).get(code, code),
        weekend=tuple(int(value) for value in form.getlist("weekend") if value.isdecimal()),
        shifts=tuple(pair for pair in pairs if any(pair)),
        source=form.get("source", "").strip(),
    )
    return _change(lambda session: calendar_changes.put_hours(session, current_actor(), wanted))


@blueprint.post("/feeds")
@open_to(SIGNED_IN)
def make_feed() -> ResponseReturnValue:
    """Open an iCalendar feed and show its address, once."""
    unit = request.form.get("unit", "")
    kind = calendar_feeds.UNIT if unit else calendar_feeds.PERSON
    with transaction() as session:
        actor = current_actor()
        secret = calendar_feeds.make(session, actor, kind, unit or actor.name)
    return _page(made=url_for("calendar.feed", secret=secret, _external=True))


@blueprint.post("/feeds/<int:feed_id>/revoke")
@open_to(SIGNED_IN)
def revoke_feed(feed_id: int) -> ResponseReturnValue:
    """Close one of my feeds: its address opens nothing any more."""
    with transaction() as session:
        calendar_feeds.revoke(session, current_actor(), feed_id)
    flash(_("Đã thu hồi đường dẫn lịch; địa chỉ đó không mở được nữa."))
    return redirect(url_for("calendar.show"), code=303)


@blueprint.get("/feed/<secret>.ics")
@open_to(PUBLIC)
def feed(secret: str) -> ResponseReturnValue:
    """Give the feed that a secret address opens; whoever has the address needs no sign-in."""
    session = db.session()
    found = calendar_feeds.open_feed(session, secret)
    base = url_for("inbox.show", _external=True)
    return Response(calendar_feeds.write(session, found, base), mimetype="text/calendar")


def _change(make: Callable[[Session], CalendarChange]) -> ResponseReturnValue:
    """Make one change and say what it moved; a refusal leaves what was typed on the page."""
    try:
        with transaction() as session:
            change = make(session)
            number, moved = change.id, change.recomputed
    except FormInvalid as error:
        texts = [
            f"{LABELS[path]}: {text.text(language_now())}" if path in LABELS else text.text(language_now())
            for path, one in error.messages.items()
            for text in one
        ]
        return _page(refusal=" ".join(texts)), error.status
    except EngineError as error:
        return _page(refusal=error.text(language_now())), error.status
    flash(_("Đã ghi phiên bản %(number)d của lịch; %(moved)d việc đổi hạn.", number=number, moved=moved))
    back, home = request.form.get("back", ""), url_for("calendar.show")
    return redirect(back if back.startswith(home) else home, code=303)


def _page(refusal: str = "", made: str = "") -> str:
    session, actor = db.session(), current_actor()
    code = request.values.get("calendar", "")
    units = session.scalars(select(UnitCalendar).order_by(UnitCalendar.code)).all()
    code = code if any(unit.code == code for unit in units) else ""
    known = calendar.load(session, code)
    year = _asked_year()
    feeds = calendar_feeds.of_person(session, actor.name)
    return render_template(
        "calendar/calendar.html",
        month=None if year else _month(session, code, known),
        year=year,
        months=_months(session, code, known, year) if year else [],
        known=known,
        code=code,
        units=units,
        unit_choices=sorted(organisation.unit_names(session).items()),
        my_units=calendar_feeds.units_of(session, actor),
        feeds=[(one, calendar_feeds.name_of(session, one)) for one in feeds],
        versions=calendar_changes.versions(session, 10),
        may_change=not actor.groups.isdisjoint({DESIGNERS, ADMINISTRATORS}),
        weekdays=WEEKDAYS,
        states=STATES,
        typed=request.form,
        refusal=refusal,
        made=made,
        address=lambda **changes: url_for("calendar.show", **({"calendar": code or None} | changes)),
    )


def _month(session: Session, code: str, known: calendar.WorkingCalendar) -> calendar_view.Month:
    first = _asked_month()
    begin, end = calendar_view.around(first)
    rows = calendar_view.entries(session, code, begin, end)
    return calendar_view.draw_month(
        known, first, rows, calendar_view.due_between(session, current_actor(), begin, end)
    )


def _months(
    session: Session, code: str, known: calendar.WorkingCalendar, year: int
) -> list[calendar_view.Month]:
    rows = calendar_view.entries(session, code, date(year - 1, 12, 1), date(year + 1, 1, 31))
    return calendar_view.draw_year(known, year, rows)


def _asked_month() -> date:
    """Return the first day of the month asked for, this month for anything else."""
    try:
        asked = datetime.strptime(request.args.get("month", ""), "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        return clock.local(clock.now()).date().replace(day=1)
    return min(max(asked, date(EARLIEST, 1, 1)), date(LATEST, 12, 1))


def _asked_year() -> int:
    text = request.args.get("year", "")
    return int(text) if text.isdecimal() and len(text) == 4 and EARLIEST <= int(text) <= LATEST else 0


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError:
        raise BadInput(
            expected="a day such as 16/10/2026", expected_vi="một ngày như 16/10/2026", found=f"“{text}”"
        ) from None


def _year(text: str) -> int:
    if text.isdecimal() and EARLIEST <= int(text) <= LATEST:
        return int(text)
    raise BadInput(expected="a year such as 2028", expected_vi="một năm như 2028", found=f"“{text}”")
