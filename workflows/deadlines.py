"""What happens at the dates of a month: reminders, missing offices, the centre's own lateness."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.clock import local
from engine.handlers import Json, ServiceCall
from workflows import consolidations, notices, routes
from workflows.tables import Consolidation
from workflows.vocabulary import show_date, show_period


def remind_offices(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Remind the offices that have not reported; everybody at once when both dates share a day."""
    consolidation = consolidations.find(session, call)
    if _share_one_day(consolidation):
        return _remind_together(session, call, consolidation)
    sent = notices.send(session, call, _missing_groups(session, consolidation), _office_letter(consolidation))
    return {"reminded_count": sent}


def remind_center(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Remind the coordinating office of the centre's own date, unless the shared reminder already did."""
    consolidation = consolidations.find(session, call)
    if consolidation.sent_at is not None:
        return {"reminded_count": 0}
    if _share_one_day(consolidation):
        return _remind_together(session, call, consolidation)
    month, day = show_period(consolidation.period), show_date(local(consolidation.center_due_at).date())
    source = _source(consolidation)
    letter = notices.Letter(
        kind="center.reminder",
        about=consolidation.key,
        vi=f"Nhắc việc: báo cáo {_above(session, consolidation)} {month} trước ngày {day} ({source}).",
        en=f"Reminder: report {consolidation.period} to the unit above before {day} ({source}).",
    )
    return {"reminded_count": notices.send(session, call, _center_groups(session, consolidation), letter)}


def mark_late_offices(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Tell the offices that have not reported, and the director; return how many offices they are."""
    consolidation = consolidations.find(session, call)
    units = consolidations.missing_offices(
        session, consolidation, consolidations.received(session, consolidation)
    )
    if not units:
        return {"missing_count": 0}
    names, month = ", ".join(unit.name for unit in units), show_period(consolidation.period)
    letter = notices.Letter(
        kind="offices.missing",
        about=consolidation.key,
        vi=f"Đến hạn báo cáo {month} mà chưa nhận được của: {names}. Vẫn nhận báo cáo muộn, có đánh dấu.",
        en=f"The date for {consolidation.period} came without a report of: {names}. Late ones are marked.",
    )
    groups = [*_missing_groups(session, consolidation), f"{consolidation.center}.director"]
    notices.send(session, call, groups, letter)
    return {"missing_count": len(units)}


def mark_center_late(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Mark a centre that has not reported at its date and tell its director."""
    consolidation = consolidations.find(session, call)
    if consolidation.sent_at is not None:
        return {"center_late": False}
    consolidation.overdue_marked_at = call.now
    consolidation.late = call.now >= consolidation.center_late_from
    month, day = show_period(consolidation.period), show_date(local(consolidation.center_due_at).date())
    source = _source(consolidation)
    letter = notices.Letter(
        kind="center.overdue",
        about=consolidation.key,
        vi=f"Trung tâm chưa báo cáo {_above(session, consolidation)} {month}, hạn trước {day} ({source}).",
        en=f"The centre has not reported {consolidation.period}, due before {day} ({source}).",
    )
    groups = [*_center_groups(session, consolidation), f"{consolidation.center}.director"]
    notices.send(session, call, groups, letter)
    session.flush()
    return {"center_late": consolidation.late}


def _share_one_day(consolidation: Consolidation) -> bool:
    return consolidation.report_reminder_at == consolidation.center_reminder_at


def _remind_together(session: Session, call: ServiceCall, consolidation: Consolidation) -> dict[str, Json]:
    month, day = show_period(consolidation.period), show_date(local(consolidation.report_reminder_at).date())
    source = _source(consolidation)
    letter = notices.Letter(
        kind="combined.reminder",
        about=consolidation.key,
        vi=f"Nhắc việc: {day} là ngày làm việc cuối cùng trước cả hai hạn báo cáo {month}: "
        f"phòng gửi Trung tâm và Trung tâm gửi {_above(session, consolidation)} ({source}).",
        en=f"Reminder: {day} is the last working day before both dates of {consolidation.period}: offices to "
        f"the centre and centre to the unit above ({source}).",
    )
    groups = [*_missing_groups(session, consolidation), *_center_groups(session, consolidation)]
    return {"reminded_count": notices.send(session, call, groups, letter)}


def _office_letter(consolidation: Consolidation) -> notices.Letter:
    month, day = show_period(consolidation.period), show_date(local(consolidation.report_due_at).date())
    source = _source(consolidation)
    return notices.Letter(
        kind="office.reminder",
        about=consolidation.key,
        vi=f"Nhắc việc: báo cáo {month} về Phòng Tổ chức – Hành chính trước ngày {day}; "
        f"không có đề xuất cũng báo cáo ({source}).",
        en=f"Reminder: report {consolidation.period} before {day}, also when there is nothing to propose "
        f"({source}).",
    )


def _source(consolidation: Consolidation) -> str:
    """Return what the dates stand in: part IV of the plan of the movement."""
    return f"{consolidation.movement_code} mục IV"


def _above(session: Session, consolidation: Consolidation) -> str:
    return routes.above(session, consolidation.center).name


def _missing_groups(session: Session, consolidation: Consolidation) -> Sequence[str]:
    units = consolidations.missing_offices(
        session, consolidation, consolidations.received(session, consolidation)
    )
    return [f"{unit.code}.{role}" for unit in units for role in ("staff", "head")]


def _center_groups(session: Session, consolidation: Consolidation) -> Sequence[str]:
    return [routes.stop(session, consolidation.center).desk]
