"""Say what limits a task: the source of its date, what will be sent and when, since when its clock stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, task_deadlines
from engine.actors import Actor
from engine.deadline_tables import TaskDeadline, TaskFiring, TaskSnooze
from engine.tables import Timer, UserTask
from web import moments, names, timeline
from web.translating import gettext as _
from web.translating import ngettext
from workflows import task_notices

GROUNDS = "Căn cứ:"


@dataclass(frozen=True)
class Sending:
    """One reminder or escalation level: when, in words, and whether it is still to come."""

    at: datetime
    words: str
    status: str


@dataclass(frozen=True)
class Limit:
    """What the page of a task says of its time."""

    counted: str
    source: str
    sendings: tuple[Sending, ...]
    paused_since: datetime | None
    remaining: str
    runs: bool
    snoozed_until: datetime | None
    may_change: bool


def describe(session: Session, task: UserTask, actor: Actor, documentation: str) -> Limit:
    """Return what limits a task, for the person who looks at it."""
    deadline = task_deadlines.of_task(session, task.id)
    snoozed = session.get(TaskSnooze, (task.id, actor.name))
    planned = task_deadlines.planned(session, task.id) if deadline is not None else []
    sendings = tuple(_sending(timer, firing) for timer, firing in planned if timer.status != "cancelled")
    paused = None if deadline is None else deadline.paused_at
    left = 0 if deadline is None or deadline.remaining is None else max(deadline.remaining, 0)
    return Limit(
        counted=_counted(deadline),
        source=documentation.rpartition(GROUNDS)[2].strip() if GROUNDS in documentation else "",
        sendings=sendings,
        paused_since=paused,
        remaining=ngettext("còn %(num)d ngày làm việc", "còn %(num)d ngày làm việc", left),
        runs=deadline is not None and paused is None and task.due_at is not None,
        snoozed_until=None if snoozed is None or snoozed.until <= clock.now() else snoozed.until,
        may_change=task.status == "open" and task_notices.may_change_due(session, task, actor),
    )


def _counted(deadline: TaskDeadline | None) -> str:
    """Say how the date was counted: how many working days, from when, by which calendar."""
    if deadline is None:
        return ""
    if deadline.by_hand:
        return _("Hạn đã được người có thẩm quyền đặt lại; lịch thay đổi không làm hạn này đổi theo.")
    if deadline.working_days is None:
        return ""
    calendar = names.unit(deadline.calendar) if deadline.calendar else _("lịch chung")
    return _(
        "%(days)d ngày làm việc kể từ %(start)s, không tính ngày đó (BLDS 2015 Đ147); theo %(calendar)s.",
        days=deadline.working_days,
        start=moments.day(deadline.counted_from),
        calendar=calendar,
    )


def _sending(timer: Timer, firing: TaskFiring) -> Sending:
    groups = ", ".join(map(timeline.name_candidate, firing.groups))
    if firing.kind == task_deadlines.ESCALATION:
        words = _("Báo cáo vượt cấp %(level)d lên %(groups)s", level=firing.level, groups=groups)
    elif firing.condition == task_deadlines.NOT_CLAIMED:
        words = _("Nhắc vì chưa ai nhận việc")
    elif firing.days > 0:
        words = _("Nhắc vì đã quá hạn")
    else:
        words = _("Nhắc trước hạn")
    return Sending(timer.due_at, words, timer.status)


def levels(session: Session, task_ids: Collection[int]) -> dict[int, int]:
    """Return the highest escalation level that has fired, by the id of each task that has one."""
    if not task_ids:
        return {}
    query = (
        select(Timer.task_id, func.max(TaskFiring.level))
        .join(TaskFiring, TaskFiring.timer_id == Timer.id)
        .where(
            Timer.task_id.in_(task_ids),
            Timer.status == "fired",
            TaskFiring.kind == task_deadlines.ESCALATION,
        )
        .group_by(Timer.task_id)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}
