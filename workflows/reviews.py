"""Reviews: a unit appraises what is submitted to it, awards what it may award and submits the rest upward.

Which unit acts is read from the submission; one process diagram per level says in which order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    calls,
    long_lists,
    movement_quotas,
    nominations,
    organisation,
    routes,
    rulings,
    submissions,
    supplements,
)
from workflows.dossiers import checklists
from workflows.routes import Stop
from workflows.rulings import Ruling
from workflows.tables import Nomination, Submission

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
    rest = read_rest(call, "decide")
    choose = rulings.choices_at(session, here, call.now)
    if rest and any(not nomination.recommendation for nomination in rulings.unnamed(call, nominees)):
        raise FormInvalid({"rest": [NOT_APPRAISED]})
    taken = rulings.read(call, nominees, choose, rest=rest)
    rulings.decline_all(session, call, [ruling for ruling in taken if ruling.decision == "decline"])
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
    """Return the submission and the nominees its desk has to appraise (form source of `appraise`).

    Each row says under `papers` which papers of its checklist are missing, with the rule.
    """
    shown, nominees = _show(session, call, submissions.at_desk)
    found = checklists.checklists(session, nominees, local(call.now).date())
    for row, nominee in zip(shown["rows"], nominees, strict=True):
        row["papers"] = checklists.describe_missing(found[nominee.id]).vi
    return shown


def decision_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and the nominees its signer has to decide on (form source of `decide`)."""
    return _show(session, call, submissions.at_signer)[0]


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and all nominees that wait at its unit, whoever has them there."""
    return _show(session, call, lambda here: submissions.waits_at(here.code))[0]


def _show(
    session: Session, call: ServiceCall, where: Callable[[Stop], ColumnElement[bool]]
) -> tuple[dict[str, Any], list[Nomination]]:
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    here = routes.stop(session, submission.to_unit)
    chosen = submissions.in_review(submission) & where(here)
    nominees, view = long_lists.read(session, call, chosen)
    shown = {
        **submissions.heading(session, submission, units),
        **view,
        "quota_warning": movement_quotas.warn(session, chosen, local(call.now).date()).vi,
        "rows": rulings.rows(nominees, units, rulings.choices_at(session, here, call.now)),
        "rest": "",
    }
    return shown, nominees


def _appraisals(
    session: Session, call: ServiceCall, submission: Submission, choices: tuple[str, ...]
) -> list[Ruling]:
    here = routes.stop(session, submission.to_unit)
    nominees = submissions.waiting(session, submission, submissions.at_desk(here))
    reason_for = tuple(choice for choice in choices if choice != "recommend")
    return rulings.read(call, nominees, lambda _: choices, reason_for, read_rest(call, "appraise"))


def _recommend(
    session: Session, call: ServiceCall, submission: Submission, appraised: Sequence[Ruling]
) -> None:
    here = routes.stop(session, submission.to_unit)
    rulings.recommend_all(session, call, appraised, rulings.choices_at(session, here, call.now))
    for ruling in appraised:
        nominations.move(ruling.nomination, call, "open", here.stage, here.signer)
    submission.return_reason = ""
    session.flush()


def read_rest(call: ServiceCall, step: str) -> str:
    """Return what a step says of the nominees without a row; raises FormInvalid for what it may not say."""
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
