"""The department: it appraises a centre's submission, awards its own form and submits the others upward."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine.errors import FormInvalid
from engine.handlers import Json, ServiceCall
from workflows import calls, nominations, organisation, rulings, submissions
from workflows.tables import Nomination, Submission

LEVEL = "department"


def receive(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that the department received a submission."""
    submission = submissions.find(session, call)
    return submissions.receive(
        session, call, submission, waiting(session, submission), "received_by_department"
    )


def appraise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the appraisal of every nominee: recommended, or not with the reason; it decides nothing."""
    submission = submissions.find(session, call)
    holder = organisation.route(session, submission.center).holders()["department_director"]
    choose = rulings.choices_at(LEVEL)
    for ruling in rulings.read(call, waiting(session, submission), lambda _: ("recommend", "decline")):
        rulings.recommend(call, ruling, positive=choose(ruling.nomination)[0])
        nominations.move(ruling.nomination, call, "open", LEVEL, holder)
    submission.return_reason = ""
    session.flush()
    return {}


def decide(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the director decide on every nominee, or send the submission back to appraisal with a reason.

    Giấy khen is awarded or declined here (Luật 2022 Đ80; 598/KH-TTTV III.3.a); others go up or are declined.
    """
    submission = submissions.find(session, call)
    decision = calls.read_text(call, "decision")
    if decision == "return":
        return _send_back(session, call, submission)
    if decision != "approve":
        raise FormInvalid({"decision": [calls.CHOICE_NEEDED]})
    taken = rulings.read(call, waiting(session, submission), rulings.choices_at(LEVEL))
    for ruling in taken:
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
    awarded = [ruling.nomination for ruling in taken if ruling.decision == "award"]
    rulings.award(session, call, awarded, submission)
    upward = _submit_up(session, call, submission, [r.nomination for r in taken if r.decision == "submit_up"])
    submission.status = "decided"
    session.flush()
    decided = [ruling.nomination for ruling in taken if ruling.decision != "submit_up"]
    return {
        "decision": decision,
        "results": submissions.name_proposals(decided),
        "upward_count": sum(ruling.decision == "submit_up" for ruling in taken),
        "upward_submission": upward.id if upward else None,
        "submission_key_up": upward.key if upward else "",
    }


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and the nominees that wait (form source of the two department tasks)."""
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    return {
        **submissions.heading(session, submission, units),
        "rows": rulings.rows(waiting(session, submission), units, LEVEL),
    }


def waiting(session: Session, submission: Submission) -> list[Nomination]:
    """Return the nominees of a submission that wait at the department."""
    return [
        nomination
        for nomination in submissions.listed(session, submission)
        if nomination.level == LEVEL and nomination.status == "open"
    ]


def _send_back(session: Session, call: ServiceCall, submission: Submission) -> dict[str, Json]:
    reason = calls.read_text(call, "return_reason")
    if not reason:
        raise FormInvalid({"return_reason": [calls.REASON_NEEDED]})
    submission.return_reason = reason
    holder = organisation.route(session, submission.center).holders()["department"]
    for nomination in waiting(session, submission):
        nominations.add_step(nomination, call, "sent_back", reason)
        nominations.move(nomination, call, "open", LEVEL, holder)
    session.flush()
    return {
        "decision": "return",
        "results": [],
        "upward_count": 0,
        "upward_submission": None,
        "submission_key_up": "",
    }


def _submit_up(
    session: Session, call: ServiceCall, below: Submission, nominees: list[Nomination]
) -> Submission | None:
    if not nominees:
        return None
    upward = submissions.pass_up(session, call, below, "province", nominees)
    holder = organisation.route(session, below.center).holders()["province"]
    letter = nominations.name_letter(upward.number)
    for nomination in nominees:
        nomination.upward_submission_id = upward.id
        nominations.add_step(nomination, call, "submitted_to_province", letter)
        nominations.move(nomination, call, "open", "province", holder)
        nomination.recommendation = nomination.recommendation_reason = ""
    session.flush()
    return upward
