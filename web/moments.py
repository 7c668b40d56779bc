"""Say moments and periods the way people in Vietnam read them: exact in local time, and relative in words."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from engine import clock
from web.translating import gettext as _
from web.translating import ngettext

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
SOON = timedelta(days=2)


def exact(moment: datetime | None) -> str:
    """Return "16/10/2026 08:00" in the zone of the people, "" for no moment."""
    return clock.written(moment)


def deadline(moment: datetime | None) -> str:
    """Return "trước ngày 16/10/2026" for a due moment at midnight, as plans say it, else the exact moment."""
    if moment is None or clock.local(moment).time() != time():
        return exact(moment)
    return _("trước ngày %(day)s", day=day(moment))


def precise(moment: datetime | None) -> str:
    """Return the moment with seconds and zone, for auditors."""
    return clock.local(moment).strftime("%d/%m/%Y %H:%M:%S %z") if moment else ""


def day(moment: datetime | date | None) -> str:
    """Return "16/10/2026" in the zone of the people."""
    if moment is None:
        return ""
    return (clock.local(moment) if isinstance(moment, datetime) else moment).strftime("%d/%m/%Y")


def machine(moment: datetime | None) -> str:
    """Return the ISO 8601 text for a `datetime` attribute."""
    return clock.local(moment).isoformat(timespec="seconds") if moment else ""


def since(moment: datetime) -> str:
    """Return how long ago a moment was, in words."""
    return _("%(span)s trước", span=span(clock.now() - moment))


def until(moment: datetime) -> str:
    """Return how long it is to a due moment, or how long it is overdue, in words."""
    left = moment - clock.now()
    if left < timedelta(0):
        return _("quá hạn %(span)s", span=span(-left))
    return _("còn %(span)s", span=span(left))


def due_state(moment: datetime | None) -> str:
    """Return "overdue", "soon" (two days or less), "later" or "" for a task without a due moment."""
    if moment is None:
        return ""
    left = moment - clock.now()
    if left < timedelta(0):
        return "overdue"
    return "soon" if left <= SOON else "later"


def span(length: timedelta) -> str:
    """Return a length in its largest whole unit: days, hours or minutes."""
    if length >= DAY:
        return ngettext("%(num)d ngày", "%(num)d ngày", length.days)
    if length >= HOUR:
        return ngettext("%(num)d giờ", "%(num)d giờ", length // HOUR)
    return ngettext("%(num)d phút", "%(num)d phút", max(length // MINUTE, 0))


FILTERS = {
    "exact": exact,
    "precise": precise,
    "deadline": deadline,
    "day": day,
    "machine": machine,
    "since": since,
    "until": until,
    "due_state": due_state,
}
