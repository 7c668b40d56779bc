"""Suspensions: what stands still, since when, with how many working days left, and where it goes on."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Text
from engine.handlers import ServiceCall
from engine.operations import due_dates
from engine.tables import CandidateGroup, Message, UserTask
from engine.task_deadlines import of_task
from workflows import calendar, nominations
from workflows.tables import (
    Discipline,
    Nomination,
    NominationStep,
    NominationSuspension,
    Submission,
    SubmissionEntry,
)
from workflows.vocabulary import show_date
from workflows.working_time import working_days_between

SUSPEND = "Nghị định 152/2025/NĐ-CP Đ4k4"


def current(session: Session, nomination: Nomination) -> NominationSuspension | None:
    """Return the suspension of a nomination that is not concluded yet."""
    query = select(NominationSuspension).where(
        NominationSuspension.nomination_id == nomination.id, NominationSuspension.conclusion == ""
    )
    return session.scalars(query.order_by(NominationSuspension.id.desc())).first()


def history(session: Session, nomination: Nomination) -> list[NominationSuspension]:
    """Return every suspension of a nomination, oldest first."""
    query = select(NominationSuspension).where(NominationSuspension.nomination_id == nomination.id)
    return list(session.scalars(query.order_by(NominationSuspension.id)))


def days_left(session: Session, nominees: list[Nomination], now: datetime) -> int | None:
    """Return the fewest working days that nominees bring along from a suspension where they are now."""
    levels = {nomination.id: nomination.level for nomination in nominees}
    query = select(NominationSuspension).where(
        NominationSuspension.nomination_id.in_(levels), NominationSuspension.new_due_at > now
    )
    found = [one for one in session.scalars(query) if one.level == levels[one.nomination_id]]
    calendar_now, today = calendar.load(session), local(now).date()
    dues = [local(one.new_due_at).date() for one in found if one.new_due_at is not None]
    return min((working_days_between(calendar_now, today, due) for due in dues), default=None)


def discipline_end(session: Session, subject_key: str) -> date | None:
    """Return the day on which the last discipline of a subject ends; achievements count from there."""
    query = select(Discipline.ends_on).where(Discipline.subject_key == subject_key)
    return max(session.scalars(query), default=None)


def describe_remaining(suspension: NominationSuspension) -> Text:
    """Write how many working days were left, and of which date."""
    if suspension.due_at is None or suspension.remaining_days is None:
        return Text("Việc đang làm không có hạn", "What was under way had no date")
    day, left = show_date(local(suspension.due_at).date()), suspension.remaining_days
    return Text(f"Còn {left} ngày làm việc (hạn cũ {day})", f"{left} working days left (was due {day})")


def describe_new_due(suspension: NominationSuspension) -> Text:
    """Write until when a cleared nomination is due now."""
    if suspension.new_due_at is None:
        return Text("Không vi phạm; tiếp tục xem xét", "Cleared; taken up again")
    day, left = show_date(local(suspension.new_due_at).date()), suspension.remaining_days
    return Text(
        f"Không vi phạm; tiếp tục với {left} ngày làm việc còn lại, hạn mới {day} ({SUSPEND})",
        f"Cleared; goes on with the {left} working days that were left, due {day} ({SUSPEND})",
    )


def name_missing(nomination: Nomination) -> str:
    """Return what a nominee was returned for and never supplemented, "" when it was."""
    outcomes = [step.outcome for step in nomination.steps if step.outcome in ("returned", "supplemented")]
    return nominations.describe_reason(nomination).vi if outcomes[-1:] == ["returned"] else ""


def open_task(session: Session, nomination: Nomination) -> UserTask | None:
    """Return the open task that a nomination waits for: of its holder, in the case that received it last."""
    query = (
        select(UserTask)
        .join(CandidateGroup)
        .where(
            UserTask.instance_id == case_of(session, nomination),
            UserTask.status == "open",
            CandidateGroup.group_name == nomination.holder,
        )
    )
    return session.scalars(query.order_by(UserTask.due_at, UserTask.id)).first()


def stop_clock(session: Session, call: ServiceCall, nomination: Nomination, task: UserTask) -> None:
    """Stop the clock of a task when the nominee was the only one it was for; others keep it running."""
    letter = letter_here(session, nomination)
    entries = select(SubmissionEntry.nomination_id).where(SubmissionEntry.submission_id == letter.id)
    others = select(Nomination.id).where(
        Nomination.id.in_(entries),
        Nomination.id != nomination.id,
        Nomination.status == "open",
        Nomination.unit_code == nomination.unit_code,
        Nomination.holder == nomination.holder,
    )
    deadline = of_task(session, task.id)
    runs = deadline is not None and deadline.paused_at is None and task.due_at is not None
    if runs and session.scalars(others.limit(1)).first() is None:
        due_dates.pause(session, task.id, call.actor, SUSPEND)


def let_clock_go_on(session: Session, call: ServiceCall, task: UserTask) -> None:
    """Let the clock of a task go on that stood because nobody was left to work on."""
    deadline = of_task(session, task.id)
    if deadline is not None and deadline.paused_at is not None:
        due_dates.resume(session, task.id, call.actor, SUSPEND)


def case_of(session: Session, nomination: Nomination) -> int | None:
    """Return the case that received a nomination last, if any did."""
    received = select(NominationStep.instance_id).where(
        NominationStep.nomination_id == nomination.id,
        NominationStep.outcome.startswith("received"),
    )
    return session.scalars(received.order_by(NominationStep.id.desc())).first()


def message_to_restart(session: Session, nomination: Nomination) -> str:
    """Return the message that begins the review of a nomination where it is: the one that began it before.

    Each chain has its own; where none did, that of the chain of 598/KH-TTTV.
    """
    query = select(Message.name).where(
        Message.instance_id == case_of(session, nomination), Message.name.startswith("submission.")
    )
    name = session.scalars(query.order_by(Message.id)).first()
    return name or f"submission.to_{nomination.level}"


def letter_here(session: Session, nomination: Nomination) -> Submission:
    """Return the letter by which a nomination came to the unit where it is."""
    query = (
        select(Submission)
        .join(SubmissionEntry, SubmissionEntry.submission_id == Submission.id)
        .where(SubmissionEntry.nomination_id == nomination.id, Submission.to_unit == nomination.unit_code)
    )
    return session.scalars(query.order_by(Submission.id.desc())).one()


def remaining(session: Session, now: datetime, due_at: datetime | None) -> int | None:
    """Return how many working days lie between now and a date, never fewer than none."""
    if due_at is None:
        return None
    days = working_days_between(calendar.load(session), local(now).date(), local(due_at).date())
    return max(days, 0)
