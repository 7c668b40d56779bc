"""The State: its steps as Home Affairs records them, each with its limit; the answer comes back down.

Ministry (day 0 = full dossier), Prime Minister, for orders the President; refused or awarded, everybody of
the chain below is told. Limits are rules (topic `limit`, QĐ 311/QĐ-BNV 2025), kept per letter as
`StateDeadline` rows with source, the day they were met and whether that was late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import (
    awards,
    calendar,
    calls,
    nominations,
    notices,
    organisation,
    routes,
    rules,
    rulings,
    slips,
    submissions,
    suspensions,
)
from workflows.tables import Nomination, StateDeadline, Submission
from workflows.vocabulary import show_date
from workflows.working_time import add_working_days, end_of_day

NEEDED = Text("Phải ghi ngày, không ở tương lai.", "Enter a day that is not in the future.")
NUMBER_NEEDED = Text("Phải ghi số quyết định.", "Enter the number of the decision.")
MEASURES = ("opinions", "decided")
PRESIDENT = "Chủ tịch nước"
STEPS = {
    "return": Text("Bộ Nội vụ trả lại hồ sơ không đủ điều kiện", "Ministry returns what is not eligible"),
    "appraisal": Text("Bộ Nội vụ thẩm định, trình Thủ tướng", "Ministry appraises and submits"),
    "notice": Text("Bộ Nội vụ báo kết quả cho tỉnh", "Ministry tells the province"),
    "nominees": Text("Tỉnh báo kết quả cho người được đề nghị", "Province tells the nominees"),
}


def receive(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open the State's part of a letter; the desk of the unit that submitted it keeps the record."""
    submission = submissions.find(session, call)
    facts = submissions.receive(session, call, submission)
    below = routes.stop(session, submission.from_unit)
    return {**facts, "desk_group": below.desk, "signer_group": below.signer}


def record_receipt(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the day on which the ministry had the full dossier: the limits run from there."""
    submission = submissions.find(session, call)
    wrong: dict[str, list[Text]] = {}
    day = _read_past(call, "full_dossier_on", wrong)
    calls.refuse_wrong(wrong)
    set_deadline(session, submission, "return", "state_return", day)
    appraisal = set_deadline(session, submission, "appraisal", "state_appraisal", day)
    nominees = waiting(session, submission)
    left = suspensions.days_left(session, nominees, call.now)
    if left is not None:
        _count(session, appraisal, local(call.now).date(), left)
    for nomination in nominees:
        nominations.add_step(nomination, call, "state_received", _until(appraisal))
    session.flush()
    return _limit("appraisal", appraisal)


def record_appraisal(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what the ministry did: it has its opinions now, or it submitted and returned nominees.

    After opinions the date runs again from the last one needed (rule `limit/state_after_opinions`).
    """
    submission = submissions.find(session, call)
    measure = calls.read_text(call, "measure")
    wrong: dict[str, list[Text]] = {} if measure in MEASURES else {"measure": [calls.CHOICE_NEEDED]}
    day = _read_past(call, "step_on", wrong)
    calls.refuse_wrong(wrong)
    if measure == "opinions":
        due = set_deadline(session, submission, "appraisal", "state_after_opinions", day)
        _note(session, call, submission, _until(due))
        return {"is_appraised": False, **_limit("appraisal", due)}
    taken = rulings.read(
        call, waiting(session, submission), lambda _: ("submit_up", "decline"), reason_for=("decline",)
    )
    returned = [ruling for ruling in taken if ruling.decision == "decline"]
    for ruling in returned:
        rulings.decline(session, call, ruling)
    if returned:
        meet(session, submission, "return", day)
    if len(returned) < len(taken):
        meet(session, submission, "appraisal", day)
        said = Text(f"Bộ Nội vụ trình Thủ tướng ngày {show_date(day)}", f"Submitted on {show_date(day)}")
        _note(session, call, submission, said)
    informing = _inform_by(session, submission, day)
    return {"is_appraised": True, "submitted_count": len(taken) - len(returned), **informing}


def record_prime_minister(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the Prime Minister's answer per nominee: awarded, declined, or proposed to the President."""
    submission = submissions.find(session, call)
    today = local(call.now).date()

    def choices(nomination: Nomination) -> tuple[str, ...]:
        return tuple(option["value"] for option in _options(_who_decides(session, nomination, today)))

    taken = _record_answers(session, call, submission, choices)
    up = [ruling.nomination for ruling in taken if ruling.decision == "to_president"]
    for nomination in up:
        said = Text("Thủ tướng đề nghị Chủ tịch nước quyết định", "Proposed to the President")
        nominations.add_step(nomination, call, "state_step", said)
    return {"president_count": len(up), **_answer_dates(session, call, submission)}


def record_president(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the President's answer per nominee."""
    submission = submissions.find(session, call)
    _record_answers(session, call, submission, lambda _: ("awarded", "declined"))
    return _answer_dates(session, call, submission)


def inform(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Tell those below: the day it was done is kept against its limit, and the answers go down the chain."""
    submission = submissions.find(session, call)
    if call.variables.get("told") is not True:
        raise FormInvalid({"told": [Text("Phải xác nhận đã thông báo.", "Confirm that they were told.")]})
    meet(session, submission, "nominees", local(call.now).date())
    submission.status = "decided"
    answered = [one for one in submissions.listed(session, submission) if one.status != "suspended"]
    session.flush()
    refused = [one for one in answered if one.status == "declined"]
    slips.refuse(session, call, routes.stop(session, submission.from_unit).desk, refused)
    return {"state_results": submissions.name_proposals(answered)}


def mark_late(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Tell the desk and the chairman that the ministry's date has passed without its submission."""
    submission = submissions.find(session, call)
    found = deadline(session, submission, "appraisal")
    if found is None or found.met_on is not None or local(call.now).date() < found.due_on:
        return {}  # answered meanwhile, or the calendar moved the date on
    found.late = True
    day, source = show_date(found.due_on), describe_source(found)
    letter = notices.Letter(
        kind="state.late",
        about=f"{submission.key}/{found.due_on}",
        vi=f"Quá hạn {day} mà Bộ Nội vụ chưa trình tờ trình số {submission.number} ({source.vi}).",
        en=f"The ministry has not submitted letter {submission.number} by {day} ({source.en}).",
    )
    here = routes.stop(session, submission.from_unit)
    notices.send(session, call, [here.desk, here.signer], letter)
    return {}


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the letter, its dates and the nominees that wait at the State (form source of its tasks)."""
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    today = local(call.now).date()
    found: list[Json] = []
    for nomination in waiting(session, submission):
        row = nominations.row(nomination, units)
        options: list[Json] = [dict(one) for one in _options(_who_decides(session, nomination, today))]
        found.append({**row, "decision_number": "", "decision_date": "", "choices": options})
    dates: list[Json] = [
        {
            "step": STEPS[one.step].vi,
            "due": show_date(one.due_on),
            "met": show_date(one.met_on),
            "source": describe_source(one).vi,
        }
        for one in deadlines(session, submission)
    ]
    results: list[Json] = list(nominations.rows(submissions.listed(session, submission), units))
    heading = submissions.heading(session, submission, units)
    return {**heading, "rows": found, "deadlines": dates, "results_shown": results}


def waiting(session: Session, submission: Submission) -> list[Nomination]:
    """Return the nominees of a letter that wait for the State."""
    return submissions.waiting(session, submission, submissions.waits_at(submission.to_unit))


def deadlines(session: Session, submission: Submission) -> Sequence[StateDeadline]:
    """Return the dates of a letter at the State, in the order of the steps."""
    query = select(StateDeadline).where(StateDeadline.submission_id == submission.id)
    return session.scalars(query.order_by(StateDeadline.id)).all()


def deadline(session: Session, submission: Submission, step: str) -> StateDeadline | None:
    """Return one date of a letter, if it runs."""
    query = select(StateDeadline).where(
        StateDeadline.submission_id == submission.id, StateDeadline.step == step
    )
    return session.scalars(query).first()


def set_deadline(
    session: Session, submission: Submission, step: str, limit: str, start: date
) -> StateDeadline:
    """Let a limit run from a day, whose own day is not counted; one that runs already is set again."""
    rule = rules.find(session, "limit", limit, start)
    found = deadline(session, submission, step) or StateDeadline(submission_id=submission.id, step=step)
    _count(session, found, start, rule.values["days"])
    found.source, found.verified = rule.source, rule.verified
    found.met_on, found.late = None, False
    session.add(found)
    session.flush()
    return found


def meet(session: Session, submission: Submission, step: str, day: date) -> None:
    """Record the day on which something was done, and whether that was late."""
    found = deadline(session, submission, step)
    if found is not None:
        found.met_on, found.late = day, day > found.due_on
        session.flush()


def describe_source(found: StateDeadline) -> Text:
    """Write the limit with its source, marked when the source was not read in the original."""
    days, mark = found.working_days, ("", "") if found.verified else (", chưa đối chiếu", ", not verified")
    return Text(
        f"{days} ngày làm việc, {found.source}{mark[0]}", f"{days} working days, {found.source}{mark[1]}"
    )


def _record_answers(
    session: Session, call: ServiceCall, submission: Submission, choices: rulings.Choices
) -> list[rulings.Ruling]:
    taken = rulings.read(call, waiting(session, submission), choices, reason_for=("declined",))
    decisions = read_decisions(call, taken, submission)
    for ruling in taken:
        if ruling.decision == "declined":
            rulings.decline(session, call, ruling)
        elif ruling.decision == "awarded":
            decision = decisions[ruling.nomination.id]
            awards.record(session, call, [ruling.nomination], decision)
            rulings.finish_award(session, call, ruling.nomination, decision.number)
    return taken


def read_decisions(
    call: ServiceCall, taken: Sequence[rulings.Ruling], submission: Submission
) -> dict[int, awards.Decision]:
    """Return the decision typed into each awarded row; raises FormInvalid for a number or a day amiss."""
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
            messages[f"{ruling.path}.decision_date"] = [NEEDED]
            continue
        decisions[ruling.nomination.id] = awards.Decision(number, day, submission.id)
    calls.refuse_wrong(messages)
    return decisions


def _answer_dates(session: Session, call: ServiceCall, submission: Submission) -> dict[str, Json]:
    """Keep when the answer was given and when the province was told of it; say until when to pass it on."""
    wrong: dict[str, list[Text]] = {}
    answered_on, told_on = _read_past(call, "answered_on", wrong), _read_past(call, "told_on", wrong)
    calls.refuse_wrong(wrong)
    set_deadline(session, submission, "notice", "not_awarded_notice", answered_on)
    meet(session, submission, "notice", told_on)
    return _inform_by(session, submission, told_on)


def _inform_by(session: Session, submission: Submission, day: date) -> dict[str, Json]:
    found = set_deadline(session, submission, "nominees", "province_decision_forward", day)
    return _limit("inform", found)


def _read_past(call: ServiceCall, name: str, wrong: dict[str, list[Text]]) -> date:
    today = local(call.now).date()
    try:
        day = calls.read_day(call.variables.get(name))
    except ValueError:
        day = None
    if day is None or day > today:
        wrong[name] = [NEEDED]
    return day or today


def _who_decides(session: Session, nomination: Nomination, today: date) -> str:
    """Return the words of the rule that say who decides a form by the law of its dossier."""
    law = rules.regime(session, nomination.received_on or today, today, nomination.form)
    words: str = rules.find(session, "decider", nomination.form, law.rules_on).values["decided_by"]["vi"]
    return words


def _options(decider: str) -> list[dict[str, str]]:
    """Return what the Prime Minister can answer: what the President decides he proposes to him.

    decider: the rule's words; those that begin with the President are his alone, others may name both.
    """
    own = {"value": "awarded", "label": "Được khen thưởng", "label_en": "Awarded"}
    up = {"value": "to_president", "label": "Đề nghị Chủ tịch nước", "label_en": "Proposed to the President"}
    declined = {"value": "declined", "label": "Không được khen thưởng", "label_en": "Declined"}
    first = [] if decider.startswith(PRESIDENT) else [own]
    return [*first, *([up] if PRESIDENT in decider else []), declined]


def _count(session: Session, found: StateDeadline, start: date, days: int) -> None:
    found.starts_on, found.working_days = start, days
    found.due_on = add_working_days(calendar.load(session), start, days)


def _limit(name: str, found: StateDeadline) -> dict[str, Json]:
    """Return a limit as the diagram counts it: the days, the day they count from, and when they end."""
    return {
        f"{name}_days": found.working_days,
        f"{name}_from": found.starts_on.isoformat(),
        f"{name}_due_at": end_of_day(found.due_on).isoformat(),
    }


def recount(session: Session) -> int:
    """Count the dates that are not met anew after a change of the calendar; return how many moved."""
    moved = 0
    for found in session.scalars(select(StateDeadline).where(StateDeadline.met_on.is_(None))):
        before = found.due_on
        _count(session, found, found.starts_on, found.working_days)
        moved += found.due_on != before
    session.flush()
    return moved


def _until(found: StateDeadline) -> Text:
    source, due = describe_source(found), show_date(found.due_on)
    return Text(f"Hạn trình {due} ({source.vi})", f"To be submitted by {due} ({source.en})")


def _note(session: Session, call: ServiceCall, submission: Submission, said: Text) -> None:
    for nomination in waiting(session, submission):
        nominations.add_step(nomination, call, "state_step", said)
    session.flush()


HANDLERS: Mapping[str, Registration] = {
    "states.receive": Registration(receive),
    "states.record_receipt": Registration(record_receipt),
    "states.record_appraisal": Registration(record_appraisal),
    "states.record_prime_minister": Registration(record_prime_minister),
    "states.record_president": Registration(record_president),
    "states.inform": Registration(inform),
    "states.mark_late": Registration(mark_late),
    "states.rows": Registration(rows),
}
