"""Letters of a centre outside its months: one nominee after a suspension, or an ad hoc proposal."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.handlers import ServiceCall
from workflows import routes, submissions
from workflows.tables import Nomination, Proposal, Submission


def send_directly(
    session: Session, call: ServiceCall, proposal: Proposal, nomination_ids: Sequence[int]
) -> Submission:
    """Write, sign, number and send the letter by which a centre submits nominees of one office at once."""
    there = routes.above(session, proposal.center)
    base = f"{there.code}/{proposal.key}"
    earlier = select(func.count(Submission.id)).where(Submission.key.startswith(base, autoescape=True))
    letter = Submission(
        key=f"{base}/{(session.scalar(earlier) or 0) + 1}",
        level=there.stage,
        from_unit=proposal.center,
        to_unit=there.code,
        center=proposal.center,
        period=proposal.period,
        version=1,
        report={},
        instance_id=call.instance_id,
    )
    session.add(letter)
    session.flush()
    submissions.enter(session, letter, Nomination.id.in_(nomination_ids))
    submissions.send(session, call, letter)
    submissions.move_up(session, call, letter)
    return letter
