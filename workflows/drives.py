"""Drives: what a unit proposes straight to the one above it, without monthly dates and without a centre.

Plans that name no reporting dates work so: 83/KH-SKHĐT (“phòng, đơn vị thuộc Sở bình xét và đề xuất”) and the
plan of Sở GTVT (“từ chi bộ, phòng, đơn vị, tổ chức đoàn thể”; “kịp thời phát hiện, biểu dương, nhân rộng”).
"""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from engine.errors import Refused
from engine.handlers import Json, ServiceCall
from workflows import movements, nominations, notices, organisation, proposals, submissions, validity
from workflows.tables import Nomination, Proposal, Unit
from workflows.vocabulary import show_period


def open_drive(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open a proposal of a unit of any kind in a drive; one that is open already must end first."""
    movement, unit, period = proposals.read_start(session, call, kinds=())
    base = f"{unit.code}/{movement.code.split('/')[0]}/{period}"
    earlier = or_(Proposal.key == base, Proposal.key.startswith(f"{base}/", autoescape=True))
    unsent = select(Proposal.key).where(earlier, Proposal.status.in_(("draft", "prepared", "signed")))
    if (known := session.scalar(unsent.limit(1))) is not None:
        raise Refused(
            vi=f"{unit.name} đang lập đề xuất {show_period(period)} ({known}); hãy bổ sung vào đề xuất đó.",
            en=f"{unit.code} is still writing its proposal for {period} ({known}); add to that one.",
            source=movements.MONTHLY if movement.record.get("reporting") else movement.code,
        )
    number = (session.scalar(select(func.count(Proposal.id)).where(earlier)) or 0) + 1
    key = base if number == 1 else f"{base}/{number}"
    return proposals.name_case(proposals.begin(session, call, (movement, unit, period), key), unit)


def submit(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Send the signed nominees up by a tờ trình of the unit itself; return how many, and how many wait.

    What was returned for supplement goes up by a letter of its own, as the next version.
    """
    proposal = proposals.find(session, call)
    proposals.count_version(proposal, call.now)
    sent = proposals.sendable(proposal)
    for nomination in sent:
        nominations.keep_version(nomination, call, proposal.version)
    letter = None
    if sent:
        letter = submissions.from_proposal(session, call, proposal, [nomination.id for nomination in sent])
    proposals.leave_out(proposal, call)
    proposal.status = "submitted"
    session.flush()
    return {
        "sent_count": len(sent),
        "open_count": len(nominations.pending(proposal.nominations)),
        "submission": letter.id if letter else None,
        "submission_key": letter.key if letter else "",
    }


def spread(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Tell every unit below a department of the examples it commended that are to be followed (nhân rộng)."""
    submission = submissions.find(session, call)
    examples = [
        nomination
        for nomination in submissions.listed(session, submission)
        if nomination.status == "awarded" and nomination.answers.get("to_be_spread") is True
    ]
    here = validity.in_force(Unit, organisation.today())
    codes = session.scalars(select(Unit.code).where(Unit.parent_code == submission.to_unit, here)).all()
    for example in examples:
        notices.send(session, call, [f"{code}.{role}" for code in codes for role in ROLES], _tell(example))
    return {"spread_count": len(examples)}


ROLES = ("head", "staff")


def _tell(example: Nomination) -> notices.Letter:
    said = f"“{example.subject}”: {example.achievement}"
    return notices.Letter(
        kind="example.spread",
        about=str(example.id),
        vi=f"Nhân rộng điển hình tiên tiến {said}",
        en=f"An example to follow: {said}",
    )
