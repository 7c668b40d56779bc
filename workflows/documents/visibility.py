"""Who may see which documents: units their own and those below, what was sent to them, their nominees'."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import NotAllowed
from workflows.tables import Document, Nomination, Proposal, Recipient, SubmissionEntry, Unit

# Units that work for the one above them: what that one may see, they may.
DESKS = ("coordination_office", "department_office", "home_affairs")


def units_of(session: Session, groups: Collection[str]) -> frozenset[str]:
    """Return the units of a person's groups and everything below them; a desk stands for its own unit."""
    codes = {group.rpartition(".")[0] for group in groups if "." in group}
    units = session.scalars(select(Unit)).all()
    reached = {
        unit.parent_code if unit.kind in DESKS and unit.parent_code else unit.code
        for unit in units
        if unit.code in codes
    }
    below: dict[str, list[str]] = {}
    for unit in units:
        below.setdefault(unit.parent_code or "", []).append(unit.code)
    waiting = list(reached)
    while waiting:
        new = [code for code in below.get(waiting.pop(), []) if code not in reached]
        reached.update(new)
        waiting += new
    return frozenset(reached | codes)


def visible(units: Collection[str]) -> ColumnElement[bool]:
    """Return the condition on documents that people of some units may see."""
    codes = sorted(units)
    sent = select(Recipient.document_id).where(Recipient.unit.in_(codes))
    own = select(Nomination.id).join(Nomination.proposal).where(Proposal.office.in_(codes))
    return or_(Document.unit.in_(codes), Document.id.in_(sent), Document.nomination_id.in_(own))


def ensure_visible(session: Session, document: Document, actor: Actor, units: Collection[str] | None) -> None:
    """Raise NotAllowed when a document is none of the units'; None stands for all of them."""
    if units is None:
        return
    query = select(Document.id).where(Document.id == document.id, visible(units))
    if session.scalar(query) is None:
        raise NotAllowed(
            actor=actor.name,
            operation="read the document",
            operation_vi="xem văn bản này",
            reason="it was neither issued by the person's unit nor sent to it",
            reason_vi="văn bản không do đơn vị bạn ban hành và không gửi đến đơn vị bạn",
        )


def of_nomination(nomination: Nomination) -> ColumnElement[bool]:
    """Return the condition on the documents of a nomination: letters, decision, certificate, slips."""
    letters = select(SubmissionEntry.submission_id).where(SubmissionEntry.nomination_id == nomination.id)
    conditions = [
        Document.nomination_id == nomination.id,
        Document.submission_id.in_(letters) & Document.nomination_id.is_(None),
    ]
    if nomination.award_decision_id is not None:
        conditions.append(
            (Document.award_decision_id == nomination.award_decision_id) & Document.nomination_id.is_(None)
        )
    return or_(*conditions)
