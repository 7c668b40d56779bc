"""The province: Home Affairs appraises, the chairman awards Bằng khen, the State answers what goes up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import awards, calls, nominations, organisation, rulings, submissions
from workflows.tables import Nomination, Submission

LEVEL = "province"
MERIT = "certificate_of_merit"
STATE = "state_level"
NOT_SIGNED = Text("Phải ký tờ trình để gửi đi.", "Sign the submission to send it.")
NUMBER_NEEDED = Text("Phải ghi số quyết định.", "Enter the number of the decision.")
DAY_NEEDED = Text(
    "Phải ghi ngày quyết định, không ở tương lai.", "Enter the date of the decision, not in the future."
)


def receive(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that the Department of Home Affairs received a submission."""
    submission = submissions.find(session, call)
    return submissions.receive(
        session, call, submission, waiting(session, submission), "received_by_province"
    )


def appraise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Appraise every nominee; one declined here is answered at once, with the reason (QĐ 311/QĐ-BNV 2025)."""
    submission = submissions.find(session, call)
    holder = organisation.route(session, submission.center).holders()["province_chair"]
    choose = rulings.choices_at(LEVEL)
    declined: list[Nomination] = []
    for ruling in rulings.read(call, waiting(session, submission), lambda _: ("recommend", "decline")):
        rulings.recommend(call, ruling, positive=choose(ruling.nomination)[0])
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
            declined.append(ruling.nomination)
        else:
            nominations.move(ruling.nomination, call, "open", LEVEL, holder)
    session.flush()
    return {
        "merit_count": len(waiting(session, submission, MERIT)),
        "state_count": len(waiting(session, submission, STATE)),
        "results": submissions.name_proposals(declined),
    }


def decide_merit(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the chairman award or decline each Bằng khen (598/KH-TTTV III.3.b)."""
    submission = submissions.find(session, call)
    taken = rulings.read(call, waiting(session, submission, MERIT), rulings.choices_at(LEVEL))
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
    upward = submissions.pass_up(session, call, submission, "state", nominees)
    upward.note = calls.read_text(call, "note")
    holder = organisation.route(session, submission.center).holders()["state"]
    for nomination in nominees:
        nomination.state_submission_id = upward.id
        nominations.add_step(nomination, call, "submitted_to_state", nominations.name_letter(upward.number))
        nominations.move(nomination, call, "open", "state", holder)
    session.flush()
    return {"state_submission": upward.id}


def record_state(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what the State answered: decision number and date, or the reason of its refusal."""
    submission = submissions.find(session, call)
    nominees = waiting(session, submission, STATE)
    taken = rulings.read(call, nominees, lambda _: ("awarded", "declined"), reason_for=("declined",))
    decisions = _read_decisions(call, taken, submission)
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
        if nomination.level in (LEVEL, "state")
        and nomination.status == "open"
        and form in ("", nomination.form)
    ]


def _show(session: Session, call: ServiceCall, form: str) -> dict[str, Json]:
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    nominees = waiting(session, submission, form)
    found: list[Json] = []
    for entry in rulings.rows(nominees, units, LEVEL):
        # The State's answer is typed into these fields, so they start empty.
        found.append(
            {**entry, "decision_number": "", "decision_date": ""} if isinstance(entry, dict) else entry
        )
    return {**submissions.heading(session, submission, units), "rows": found}


def _read_decisions(
    call: ServiceCall, taken: Sequence[rulings.Ruling], submission: Submission
) -> dict[int, awards.Decision]:
    decisions: dict[int, awards.Decision] = {}
    messages: dict[str, list[Text]] = {}
    for ruling in taken:
        if ruling.decision != "awarded":
            continue
        number = str(ruling.entry.get("decision_number") or "").strip()
        try:
            day = calls.read_day(ruling.entry.get("decision_date"))
        except ValueError:
            day = None
        if not number:
            messages[f"{ruling.path}.decision_number"] = [NUMBER_NEEDED]
        if day is None or day > local(call.now).date():
            messages[f"{ruling.path}.decision_date"] = [DAY_NEEDED]
            continue
        decisions[ruling.nomination.id] = awards.Decision(number, day, submission.id)
    calls.refuse_wrong(messages)
    return decisions
