"""The tables of task deadlines: what limits a task, what is sent before and after it, who put it aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.tables import Base, Json, Timer


class TaskDeadline(Base):
    """The limit of one user task as it was set when the task came to be, and its clock.

    `plan` is what the diagram asked for (engine/spiff/limits.py). Which reminders and levels have fired is
    told by their timers.
    """

    __tablename__ = "task_deadline"
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True, autoincrement=False)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    working_days: Mapped[int | None]  # None when the diagram names the moment itself
    calendar: Mapped[str]  # "" is the one of the whole organisation
    counted_from: Mapped[datetime]  # the day of the event, which is not counted
    plan: Mapped[Any] = mapped_column(Json)
    by_hand: Mapped[bool]  # somebody changed the due date: a change of the calendar leaves it alone
    paused_at: Mapped[datetime | None]
    remaining: Mapped[int | None]  # working days that were left when the clock was stopped


class TaskFiring(Base):
    """What one timer of a task does when its moment comes."""

    __tablename__ = "task_firing"
    timer_id: Mapped[int] = mapped_column(ForeignKey(Timer.id), primary_key=True, autoincrement=False)
    kind: Mapped[str]  # reminder, escalation
    condition: Mapped[str]  # not_completed, not_claimed
    days: Mapped[
        int
    ]  # working days: before the due day negative, else after it (not_claimed: after creation)
    level: Mapped[int]  # of an escalation, from 1
    groups: Mapped[Any] = mapped_column(Json)  # who becomes a candidate and is told


class TaskSnooze(Base):
    """A task that a person put aside until a moment; its due date and others' view stay."""

    __tablename__ = "task_snooze"
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"), primary_key=True, autoincrement=False)
    person: Mapped[str] = mapped_column(primary_key=True, index=True)
    until: Mapped[datetime]
