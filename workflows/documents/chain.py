"""Documents that the steps of a nomination issue: letter, decision with its certificates, slips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.handlers import ServiceCall
from workflows import organisation
from workflows.documents.about import About
from workflows.documents.issuing import issue, repeat
from workflows.documents.values import authority, describe_certificates, describe_nominees, full_name
from workflows.documents.wording import write_date
from workflows.tables import AwardDecision, Document, Nomination, Submission, SubmissionEntry
from workflows.vocabulary import FORMS, label, show_period


def issue_letter(session: Session, call: ServiceCall, submission: Submission) -> Document:
    """Issue the tờ trình of a submission that has just got its number; its nominees are its entries."""
    nominees = session.scalars(
        select(Nomination)
        .join(SubmissionEntry, SubmissionEntry.nomination_id == Nomination.id)
        .where(SubmissionEntry.submission_id == submission.id)
        .options(joinedload(Nomination.proposal))
        .order_by(Nomination.id)
    ).all()
    to_name = _name(session, submission.to_unit)
    about = About(
        unit=submission.from_unit,
        subject_line=f"Về việc đề nghị khen thưởng {show_period(submission.period)}",
        nominations=nominees,
        submission=submission,
        number=submission.number or "",
        facts={"addressees": [to_name]},
        recipients=[("Như trên", submission.to_unit, ""), *_proposers(session, nominees, "know")],
    )
    return issue(session, call, "submission_letter", about)


def issue_decision(
    session: Session, call: ServiceCall, award: AwardDecision, unit: str, nominations: Sequence[Nomination]
) -> Document | None:
    """Issue the decision of a unit and one giấy khen per nominee; the roll number is the place in it.

    Nothing is issued for no nominations.
    """
    if not nominations:
        return None
    form = label(FORMS, award.form)
    proposers = _proposers(session, nominations, "")
    about = About(
        unit=unit,
        subject_line=f"Về việc tặng {form}",
        nominations=nominations,
        decision=award,
        number=award.number,
        recipients=[("Như Điều 3", None, ""), *proposers],
    )
    document = issue(session, call, "award_decision", about)
    _certify(session, call, award, unit, nominations)
    return document


def _certify(
    session: Session, call: ServiceCall, award: AwardDecision, unit: str, nominations: Sequence[Nomination]
) -> None:
    # One giấy khen is issued with all that a document needs; the others differ in the nominee only.
    described = describe_certificates(session, nominations, award.decided_on)
    name = label(FORMS, award.form)
    lines = [f"{name}: {nomination.subject}" for nomination in nominations]
    about = About(unit=unit, subject_line=lines[0], nomination=nominations[0], decision=award)
    first = issue(session, call, "certificate", about)
    changes = [
        (nomination.id, {**values, "subject_line": line})
        for nomination, values, line in zip(nominations, described, lines, strict=True)
    ]
    first.values = {**first.values, "roll_number": "1"}
    repeat(session, first, changes[1:])


# Who receives what goes to the State: the Prime Minister decides or proposes to the President (QĐ 311).
STATE = "Thủ tướng Chính phủ"


@dataclass(frozen=True)
class Slip:
    """Say which unit returns, refuses or delays which nominees, why, and the day it names."""

    unit: str
    nominations: Sequence[Nomination]
    reason: str
    due: date | None = None


def issue_slip(session: Session, call: ServiceCall, kind: str, slip: Slip) -> Document:
    """Issue a slip of the one-stop set to those who proposed: supplement, refusal, apology."""
    nominations = slip.nominations
    proposers = _proposers(session, nominations, "act")
    first = nominations[0]
    written = write_date(slip.due) if slip.due is not None else ""
    about = About(
        unit=slip.unit,
        subject_line=f"Hồ sơ đề nghị khen thưởng {show_period(first.proposal.period)}",
        nominations=nominations,
        proposal=first.proposal,
        nomination=first if len(nominations) == 1 else None,
        facts={
            "addressees": [name for name, _, _ in proposers],
            "reason": slip.reason,
            "period": show_period(first.proposal.period),
            "due": written,
            "new_due": written,
            "nominees": describe_nominees(session, nominations),
        },
        recipients=proposers,
    )
    return issue(session, call, kind, about)


def _proposers(
    session: Session, nominations: Sequence[Nomination], purpose: str
) -> list[tuple[str, str | None, str]]:
    units = organisation.unit_names(session)
    codes = dict.fromkeys(nomination.proposal.office for nomination in nominations)
    return [(units.get(code, code), code, purpose) for code in codes]


def _name(session: Session, code: str) -> str:
    unit = organisation.unit(session, code)
    if unit.kind == "state":
        return STATE
    # A letter to the people's committee is addressed to its chair, who decides (NĐ 152/2025).
    return authority(unit) if unit.kind == "committee" else full_name(unit)
