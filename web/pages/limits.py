"""The time of a task: change its due date, stop and restart its clock, put it aside; each with a reason."""

from __future__ import annotations

from datetime import datetime, time

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.errors import BadInput, NotAllowed
from engine.operations import corrections, due_dates
from web import moments
from web.accounts import current_actor
from web.db import transaction
from web.security import SIGNED_IN, open_to
from web.translating import gettext as _
from workflows import task_notices
from workflows.vocabulary import read_day

blueprint = Blueprint("limits", __name__, url_prefix="/tasks")
MORNING, EVENING = time(8, 0), time(23, 59)


@blueprint.post("/<int:task_id>/due")
@open_to(SIGNED_IN)
def change_due(task_id: int) -> ResponseReturnValue:
    """Give the task another due date; its reminders and levels follow."""
    with transaction() as session:
        _ensure_leads(session, task_id)
        due = _read_day("due", EVENING)
        corrections.set_due(session, task_id, due, current_actor(), request.form.get("reason", ""))
    flash(_("Đã đổi hạn sang %(due)s; nhắc việc và báo cáo vượt cấp đổi theo.", due=moments.exact(due)))
    return _back(task_id)


@blueprint.post("/<int:task_id>/pause")
@open_to(SIGNED_IN)
def pause(task_id: int) -> ResponseReturnValue:
    """Stop the clock of the task."""
    with transaction() as session:
        _ensure_leads(session, task_id)
        due_dates.pause(session, task_id, current_actor(), request.form.get("reason", ""))
    flash(_("Đã dừng tính thời hạn; số ngày làm việc còn lại được giữ nguyên."))
    return _back(task_id)


@blueprint.post("/<int:task_id>/resume")
@open_to(SIGNED_IN)
def resume(task_id: int) -> ResponseReturnValue:
    """Let the clock of the task go on."""
    with transaction() as session:
        _ensure_leads(session, task_id)
        task = due_dates.resume(session, task_id, current_actor(), request.form.get("reason", ""))
        due = moments.exact(task.due_at)
    flash(_("Tiếp tục tính thời hạn; hạn mới là %(due)s.", due=due))
    return _back(task_id)


@blueprint.post("/<int:task_id>/snooze")
@open_to(SIGNED_IN)
def snooze(task_id: int) -> ResponseReturnValue:
    """Put the task aside for me until a day, or take it up again when no day is given."""
    until = _read_day("until", MORNING) if request.form.get("until") else None
    with transaction() as session:
        due_dates.snooze(session, task_id, until, current_actor())
    if until is None:
        flash(_("Việc đã trở lại danh sách của bạn."))
    else:
        flash(_("Đã gác việc đến %(until)s; hạn không đổi.", until=moments.exact(until)))
    return _back(task_id)


def _back(task_id: int) -> ResponseReturnValue:
    return redirect(url_for("tasks.show", task_id=task_id), code=303)


def _ensure_leads(session: Session, task_id: int) -> None:
    """Refuse who neither leads the unit of a task nor administers; raises NotAllowed."""
    task, actor = tasks.get(session, task_id), current_actor()
    if not task_notices.may_change_due(session, task, actor):
        raise NotAllowed(
            actor=actor.name,
            operation="change the limit of this user task",
            operation_vi="đổi thời hạn của việc này",
            reason="only who leads the unit of its holder, or an administrator, may",
            reason_vi="chỉ lãnh đạo đơn vị của người giữ việc hoặc người quản trị được đổi",
        )


def _read_day(name: str, at: time) -> datetime:
    """Return the day that a field names at a time of it; raises BadInput for none."""
    text = request.form.get(name, "")
    try:
        return datetime.combine(read_day(text), at, clock.ZONE)
    except ValueError:
        raise BadInput(
            expected="a day such as 16/10/2026", expected_vi="một ngày như 16/10/2026", found=f"“{text}”"
        ) from None
