"""The provincial case of the first release: cases that run on its diagram still call these.

That diagram knows no council and records the State's answer itself; new cases follow `provinces`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine.errors import FormInvalid, Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import awards, calls, nominations, organisation, routes, rulings, states, submissions
from workflows.tables import Nomination, Submission

MERIT = "certificate_of_merit"
STATE = "state_level"
NOT_SIGNED = Text("Phải ký tờ trình để gửi đi.", "Sign the submission to send it.")


def appraise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Appraise every nominee; one declined here is answered at once, with the reason (QĐ 311/QĐ-BNV 2025)."""
    submission = submissions.find(session, call)
    here = routes.stop(session, submission.to_unit)
    choose = rulings.choices_at(session, here, call.now)
    declined: list[Nomination] = []
    for ruling in rulings.read(call, waiting(session, submission), lambda _: ("recommend", "decline")):
        rulings.recommend(call, ruling, positive=choose(ruling.nomination)[0])
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
            declined.append(ruling.nomination)
        else:
            nominations.move(ruling.nomination, call, "open", here.stage, here.signer)
    session.flush()
    return {
        "merit_count": len(waiting(session, submission, MERIT)),
        "state_count": len(waiting(session, submission, STATE)),
        "results": submissions.name_proposals(declined),
    }


def decide_merit(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the chairman award or decline each Bằng khen (598/KH-TTTV III.3.b)."""
    submission = submissions.find(session, call)
    choose = rulings.choices_at(session, routes.stop(session, submission.to_unit), call.now)
    taken = rulings.read(call, waiting(session, submission, MERIT), choose)
    for ruling in taken:
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
    rulings.award(session, call, [r.nomination for r in taken if r.decision == "award"], submission)
    session.flush()
    return {"merit_results": submissions.name_proposals([ruling.nomination for ruling in taken])}


def sign_state(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Sign the submission to the State and pass its nominees up."""
    submission = submissions.find(session, call)
    if call.variables.get("sign") is not True:
        raise FormInvalid({"sign": [NOT_SIGNED]})
    nominees = waiting(session, submission, STATE)
    upward = submissions.pass_up(session, call, submission, nominees)
    upward.note = calls.read_text(call, "note")
    session.flush()
    return {"state_submission": upward.id}


def record_state(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what the State answered: decision number and date, or the reason of its refusal."""
    submission = submissions.find(session, call)
    nominees = waiting(session, submission, STATE)
    taken = rulings.read(call, nominees, lambda _: ("awarded", "declined"), reason_for=("declined",))
    decisions = states.read_decisions(call, taken, submission)
    for ruling in taken:
        if ruling.decision == "declined":
            rulings.decline(session, call, ruling)
            continue
        decision = decisions[ruling.nomination.id]
        awards.record(session, call, [ruling.nomination], decision)
        rulings.finish_award(session, call, ruling.nomination, decision.number)
    submission.status = "decided"
    session.flush()
    return {"state_results": submissions.name_proposals(nominees)}


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the submission and all nominees that wait (form source of `appraise`)."""
    return _show(session, call, "")


def merit_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees for a Bằng khen (form source of `decide_merit`)."""
    return _show(session, call, MERIT)


def state_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees for a State award (form source of the two State tasks)."""
    return _show(session, call, STATE)


def waiting(session: Session, submission: Submission, form: str = "") -> list[Nomination]:
    """Return the nominees of a submission that wait at the province or the State, of one form when named."""
    return [
        nomination
        for nomination in submissions.listed(session, submission)
        if nomination.unit_code in (submission.to_unit, routes.STATE)
        and nomination.status == "open"
        and form in ("", nomination.form)
    ]


def _show(session: Session, call: ServiceCall, form: str) -> dict[str, Json]:
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    nominees = waiting(session, submission, form)
    choose = rulings.choices_at(session, routes.stop(session, submission.to_unit), call.now)
    found: list[Json] = []
    for entry in rulings.rows(nominees, units, choose):
        # The State's answer is typed into these fields, so they start empty.
        found.append(
            {**entry, "decision_number": "", "decision_date": ""} if isinstance(entry, dict) else entry
        )
    return {**submissions.heading(session, submission, units), "rows": found}


HANDLERS: Mapping[str, Registration] = {
    "provinces.rows": Registration(rows),
    "provinces.appraise": Registration(appraise),
    "provinces.merit_rows": Registration(merit_rows),
    "provinces.decide_merit": Registration(decide_merit),
    "provinces.state_rows": Registration(state_rows),
    "provinces.sign_state": Registration(sign_state),
    "provinces.record_state": Registration(record_state),
}
