"""Reviews: a unit appraises what is submitted to it, awards what it may award and submits the rest upward.

Which unit acts is read from the submission; one process diagram per level says in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    calls,
    long_lists,
    nominations,
    organisation,
    routes,
    rulings,
    submissions,
    supplements,
)
from workflows.routes import Stop
from workflows.rulings import Ruling
from workflows.tables import Submission

NOT_APPRAISED = Text(
    "Còn đề nghị chưa có ý kiến thẩm định; hãy quyết định từng đề nghị đó.",
    "Some of the others have not been appraised; decide them one by one.",
)
RESTS = {"appraise": ("", "recommend"), "decide": ("", "follow")}


def receive(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that a unit received a submission; return what the case is about and who acts in it."""
    return submissions.receive(session, call, submissions.find(session, call))


def appraise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the appraisal of every nominee: recommended, or not with the reason; it decides nothing.

    With `rest` = recommend the rows need only be those that are not recommended.
    """
    submission = submissions.find(session, call)
    _recommend(session, call, submission, _appraisals(session, call, submission, ("recommend", "decline")))
    return {}


def appraise_or_return(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the appraisal, or return single nominees to the unit that proposed them.

    For units that proposers submit to directly. The others go on; what was supplemented comes back by a
    letter of its own, which begins another review (house rule after QĐ 311/QĐ-BNV 2025).
    """
    submission = submissions.find(session, call)
    taken = _appraisals(session, call, submission, ("recommend", "decline", "return"))
    back = [ruling for ruling in taken if ruling.decision == "return"]
    kept = [ruling for ruling in taken if ruling.decision != "return"]
    still = [ruling for ruling in back if ruling.nomination.proposal.status != "submitted"]
    calls.refuse_wrong({f"{ruling.path}.decision": [supplements.STILL_SUPPLEMENTING] for ruling in still})
    _recommend(session, call, submission, kept)
    reasons = [(ruling.nomination, ruling.reason) for ruling in back]
    returned = supplements.give_back(session, call, submission.to_unit, reasons)
    session.flush()
    return {"returned": returned, "appraised_count": len(kept)}


def decide(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the signer decide on every nominee, or send the submission back to appraisal with a reason.

    Forms this unit awards are awarded or declined (Luật 2022 Đ80); others are submitted upward or declined.
    With `rest` = follow the nominees that have no row are decided as they were appraised.
    """
    submission = submissions.find(session, call)
    decision = calls.read_text(call, "decision")
    if decision == "return":
        return _send_back(session, call, submission)
    if decision != "approve":
        raise FormInvalid({"decision": [calls.CHOICE_NEEDED]})
    here = routes.stop(session, submission.to_unit)
    nominees = submissions.waiting(session, submission, submissions.at_signer(here))
    rest = _read_rest(call, "decide")
    choose = rulings.choices_at(session, here, call.now)
    if rest and any(not nomination.recommendation for nomination in rulings.unnamed(call, nominees)):
        raise FormInvalid({"rest": [NOT_APPRAISED]})
    taken = rulings.read(call, nominees, choose, rest=rest)
    for ruling in taken:
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
    rulings.award(session, call, [r.nomination for r in taken if r.decision == "award"], submission)
    above = [ruling.nomination for ruling in taken if ruling.decision == "submit_up"]
    upward = submissions.pass_up(session, call, submission, above) if above else None
    submission.status = "decided"
    session.flush()
    decided = [ruling.nomination for ruling in taken if ruling.decision != "submit_up"]
    return {
        "decision": decision,
        "results": submissions.name_proposals(decided),
        "upward_count": len(above),
        "upward_submission": upward.id if upward else None,
        "submission_key_up": upward.key if upward else "",
    }


def appraisal_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and the nominees its desk has to appraise (form source of `appraise`)."""
    return _show(session, call, submissions.at_desk)


def decision_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and the nominees its signer has to decide on (form source of `decide`)."""
    return _show(session, call, submissions.at_signer)


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and all nominees that wait at its unit, whoever has them there."""
    return _show(session, call, lambda here: submissions.waits_at(here.code))


def _show(
    session: Session, call: ServiceCall, where: Callable[[Stop], ColumnElement[bool]]
) -> dict[str, Json]:
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    here = routes.stop(session, submission.to_unit)
    chosen = submissions.in_review(submission) & where(here)
    nominees, view = long_lists.read(session, call, chosen)
    return {
        **submissions.heading(session, submission, units),
        **view,
        "rows": rulings.rows(nominees, units, rulings.choices_at(session, here, call.now)),
        "rest": "",
    }


def _appraisals(
    session: Session, call: ServiceCall, submission: Submission, choices: tuple[str, ...]
) -> list[Ruling]:
    here = routes.stop(session, submission.to_unit)
    nominees = submissions.waiting(session, submission, submissions.at_desk(here))
    reason_for = tuple(choice for choice in choices if choice != "recommend")
    return rulings.read(call, nominees, lambda _: choices, reason_for, _read_rest(call, "appraise"))


def _recommend(
    session: Session, call: ServiceCall, submission: Submission, appraised: Sequence[Ruling]
) -> None:
    here = routes.stop(session, submission.to_unit)
    choose = rulings.choices_at(session, here, call.now)
    for ruling in appraised:
        rulings.recommend(call, ruling, positive=choose(ruling.nomination)[0])
        nominations.move(ruling.nomination, call, "open", here.stage, here.signer)
    submission.return_reason = ""
    session.flush()


def _read_rest(call: ServiceCall, step: str) -> str:
    rest = calls.read_text(call, "rest")
    if rest not in RESTS[step]:
        raise FormInvalid({"rest": [calls.CHOICE_NEEDED]})
    return rest


def _send_back(session: Session, call: ServiceCall, submission: Submission) -> dict[str, Json]:
    reason = calls.read_text(call, "return_reason")
    if not reason:
        raise FormInvalid({"return_reason": [calls.REASON_NEEDED]})
    submission.return_reason = reason
    here = routes.stop(session, submission.to_unit)
    waiting = submissions.in_review(submission) & submissions.at_signer(here)
    nominations.add_steps(session, call, waiting, "sent_back", reason)
    nominations.move_all(session, call, waiting, "open", here, here.desk)
    session.flush()
    return {
        "decision": "return",
        "results": [],
        "upward_count": 0,
        "upward_submission": None,
        "submission_key_up": "",
    }
