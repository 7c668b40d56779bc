"""Dates that rows of the domain hold and that were counted in working days: they follow a changed calendar.

Only what still runs: a step that was done keeps the date it had. The rows are counted anew by the modules
that own them; their cases get the new moment in the variable, the tasks and the timers that hold the old one.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.operations import moved_limits
from engine.operations.moved_limits import Moved
from workflows import movements, opinions, states
from workflows.tables import Consolidation, Movement, Opinion, Proposal, StateDeadline
from workflows.working_time import Deadline, end_of_day

STATE_VARIABLES = {"appraisal": "appraisal_due_at", "nominees": "inform_due_at"}


def follow(session: Session, actor: Actor, reason: str) -> int:
    """Count the running dates anew and carry them into their cases; return how many tasks moved by that."""
    moves = [*_state_deadlines(session), *_opinions(session), *_months(session)]
    session.flush()
    return sum(moved_limits.follow(session, moved, actor, reason) for moved in moves)


def _state_deadlines(session: Session) -> Iterator[Moved]:
    """Move the dates of the way to the State that nobody has met."""
    running = select(StateDeadline).where(StateDeadline.met_on.is_(None)).order_by(StateDeadline.id)
    rows = [(row, row.due_on) for row in session.scalars(running)]
    states.recount(session)
    for row, old in rows:
        variable = STATE_VARIABLES.get(row.step)
        if variable is not None and row.due_on != old:
            held = ("submission", row.submission_id)
            yield Moved(variable, end_of_day(old), end_of_day(row.due_on), held)


def _opinions(session: Session) -> Iterator[Moved]:
    """Move the limits of opinions that are still waited for; those of one letter move together."""
    waited = select(Opinion).where(Opinion.answer == "").order_by(Opinion.id)
    rows = [(row, row.due_at) for row in session.scalars(waited)]
    opinions.recount(session)
    moves = [
        Moved("opinions_due_at", old, row.due_at, ("submission", row.submission_id))
        for row, old in rows
        if row.due_at != old
    ]
    yield from dict.fromkeys(moves)


def _months(session: Session) -> Iterator[Moved]:
    """Move the monthly dates of centres that have not sent their letter, and of the offices under them."""
    query = select(Consolidation, Movement).join(Movement, Movement.code == Consolidation.movement_code)
    for month, movement in session.execute(query.where(Consolidation.sent_at.is_(None))).all():
        report, upward = movements.deadlines(session, movement, month.period)
        held = ("consolidation", month.id)
        yield from _move_dates(month, "report", report, held)
        yield from _move_dates(month, "center", upward, held)
        offices = select(Proposal).where(
            Proposal.center == month.center,
            Proposal.period == month.period,
            Proposal.submitted_at.is_(None),
            Proposal.report_due_at.is_not(None),
        )
        for proposal in session.scalars(offices.order_by(Proposal.id)):
            old, proposal.report_due_at = proposal.report_due_at, report.due_at
            proposal.report_late_from = report.late_from
            if old is not None and old != report.due_at:
                yield Moved("report_due_at", old, report.due_at, ("proposal", proposal.id))


def _move_dates(month: Consolidation, which: str, wanted: Deadline, held: tuple[str, int]) -> Iterator[Moved]:
    for name, new in (("due_at", wanted.due_at), ("reminder_at", wanted.reminder_at)):
        old = getattr(month, f"{which}_{name}")
        setattr(month, f"{which}_{name}", new)
        if old != new:
            yield Moved(f"{which}_{name}", old, new, held)
    setattr(month, f"{which}_late_from", wanted.late_from)
