"""What interrupts a nomination or undoes its award, as its page shows it, and what may be begun there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import NotAllowed, Refused
from engine.handlers import Json
from web import moments, names
from web.accounts import language_now
from web.translating import gettext as _
from workflows import complaints, disclosures, opinions, revocations, states, suspensions
from workflows.tables import Nomination, NominationSuspension, Opinion, Submission, SubmissionEntry
from workflows.vocabulary import show_date

Variables = Callable[[Session, Nomination, Actor], Mapping[str, Json]]


def read(session: Session, nomination: Nomination, actor: Actor) -> dict[str, Any]:
    """Return what the page of a nomination shows of its interruptions, and what may be begun there.

    What was reported and who objected is shown only to those who may record it: denouncers stay unnamed.
    """
    recorder = complaints.recorder_group(session, actor, nomination)
    return {
        "suspensions": [_suspension(one, bool(recorder)) for one in suspensions.history(session, nomination)],
        "opinions": [_opinion(session, one) for one in opinions.of_nomination(session, nomination)],
        "lists": disclosures.of_nomination(session, nomination),
        "objections": disclosures.objections(session, [nomination.id]),
        "may_read_objections": bool(recorder),
        "revocation": _revocation(session, nomination),
        "flags": [
            flag.vi if language_now() == "vi" else flag.en for flag in revocations.flags(session, nomination)
        ],
        "deadlines": _deadlines(session, nomination),
        "may_suspend": _may(complaints.case_variables, session, nomination, actor),
        "may_revoke": nomination.status == "awarded"
        and _may(revocations.case_variables, session, nomination, actor),
    }


def _may(variables: Variables, session: Session, nomination: Nomination, actor: Actor) -> bool:
    try:
        variables(session, nomination, actor)
    except (NotAllowed, Refused):
        return False
    return True


def _suspension(one: NominationSuspension, full: bool) -> dict[str, Any]:
    language = language_now()
    return {
        "kind": complaints.KINDS[one.kind].text(language),
        "since": one.since,
        "person": names.person(one.recorded_by),
        "remaining": suspensions.describe_remaining(one).text(language),
        "summary": one.summary if full else "",
        "open": not one.conclusion,
        "conclusion": one.conclusion_document,
        "cleared": one.conclusion == "cleared",
        "concluded_at": one.concluded_at,
        "new_due": moments.deadline(one.new_due_at),
    }


def _opinion(session: Session, one: Opinion) -> dict[str, Any]:
    mark = "" if one.verified else _(" (chưa đối chiếu bản gốc)")
    return {
        "text": opinions.describe(session, one).text(language_now()),
        "due": moments.exact(one.due_at),
        "waiting": not one.answer,
        "source": f"{one.source}{mark}",
        "file": one.file_reference,
    }


def _revocation(session: Session, nomination: Nomination) -> dict[str, Any] | None:
    found = revocations.latest(session, nomination)
    if found is None:
        return None
    return {
        "ground": revocations.GROUNDS[found.ground].text(language_now()),
        "status": found.status,
        "number": found.number,
        "day": show_date(found.decided_on),
        "reason": found.reason,
        "item": show_date(found.item_recovered_on),
        "money": show_date(found.money_recovered_on),
    }


def _deadlines(session: Session, nomination: Nomination) -> list[dict[str, Any]]:
    language = language_now()
    letters = (
        select(Submission)
        .join(SubmissionEntry, SubmissionEntry.submission_id == Submission.id)
        .where(SubmissionEntry.nomination_id == nomination.id, Submission.level == "state")
    )
    return [
        {
            "step": states.STEPS[one.step].text(language),
            "due": show_date(one.due_on),
            "met": show_date(one.met_on),
            "late": one.late,
            "source": states.describe_source(one).text(language),
        }
        for letter in session.scalars(letters)
        for one in states.deadlines(session, letter)
    ]
