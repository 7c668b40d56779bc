"""The province: Home Affairs appraises; by rule a form goes straight to the chairman or through the council.

Which way a form takes is the rule `council_route`: the standing body reports Bằng khen to the chairman, the
full council votes on titles and on what goes to the State (QĐ 86/2025/QĐ-UBND Bắc Ninh Đ5). The simplified
procedure has no council (Luật 2022 Đ85).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeAlias

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import (
    calendar,
    calls,
    councils,
    long_lists,
    movement_quotas,
    nominations,
    nominee_papers,
    organisation,
    reviews,
    routes,
    rules,
    rulings,
    slips,
    submissions,
    suspensions,
)
from workflows.councils import results as council_results
from workflows.routes import Stop
from workflows.tables import Council, CouncilVerdict, Nomination, Submission

Lists: TypeAlias = Callable[[Session, Submission, Stop, date], list[Nomination]]
NOT_SIGNED = Text("Phải ký tờ trình để gửi đi.", "Sign the submission to send it.")


def receive(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that Home Affairs received a submission; say until when it appraises and which council votes.

    A case that goes on after a suspension keeps the working days that were left (NĐ 152/2025 Đ4k4).
    """
    submission = submissions.find(session, call)
    here = routes.stop(session, submission.to_unit)
    facts = submissions.receive(session, call, submission)
    today = local(call.now).date()
    limit = rules.find(session, "limit", "province_appraisal", today)
    days = suspensions.days_left(session, to_appraise(session, submission, here), call.now)
    counted = limit.values["days"] if days is None else days
    due_at = calendar.due_after(session, call.now, counted)
    council = session.scalar(select(Council.code).where(Council.unit_code == here.code))
    return {
        **facts,
        "appraise_days": counted,
        "appraise_from": today.isoformat(),
        "appraise_due_at": due_at.isoformat(),
        "council": council or "",
    }


def sort_out(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Appraise every nominee and send it its way: declined at once, to the chairman, or to the council."""
    submission = submissions.find(session, call)
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    choose, votes = rulings.choices_at(session, here, call.now), council_voters(session, today)
    nominees = to_appraise(session, submission, here)
    declined: list[Nomination] = []
    forms: list[Json] = []
    rest = reviews.read_rest(call, "appraise")
    for ruling in rulings.read(call, nominees, lambda _: ("recommend", "decline"), rest=rest):
        nomination = ruling.nomination
        rulings.recommend(call, ruling, positive=choose(nomination)[0])
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
            declined.append(nomination)
        elif votes(nomination):
            forms.append(nomination.form)
        else:
            nominations.move(nomination, call, "open", here.stage, here.signer)
    session.flush()
    slips.refuse(session, call, here.desk, declined)
    return {
        "results": submissions.name_proposals(declined),
        "chair_count": len(for_chair(session, submission, here, today)),
        "council_forms": list(dict.fromkeys(forms)),
        "state_count": len(for_state(session, submission, here, today)),
    }


def check_overdue(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Count the nominees still to appraise at the date; a case whose clock stands has none."""
    submission = submissions.find(session, call)
    here = routes.stop(session, submission.to_unit)
    return {"overdue_count": len(to_appraise(session, submission, here))}


def overdue_case(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what is overdue and with whom (form source of `promise_new_date`)."""
    submission = submissions.find(session, call)
    here = routes.stop(session, submission.to_unit)
    return _show(session, call, submissions.in_review(submission) & _unappraised(here))


def promise_new_date(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Apologise for an appraisal that is late and name the day of the answer, by a slip to each office."""
    submission = submissions.find(session, call)
    here = routes.stop(session, submission.to_unit)
    return slips.apologise(session, call, here.desk, to_appraise(session, submission, here))


def list_for_council(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Say which forms still wait for the council: nominees may have been suspended while it was prepared."""
    submission = submissions.find(session, call)
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    condition: ColumnElement[bool] = submissions.at_desk(here) & (Nomination.recommendation != "")
    waiting = submissions.waiting(session, submission, condition)
    votes = council_voters(session, today)
    forms = [one.form for one in waiting if votes(one)]
    return {"council_forms": list[Json](dict.fromkeys(forms))}


def take_verdicts(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take over what the council decided: selected nominees go to the chairman, the others are answered."""
    submission = submissions.find(session, call)
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    answered: list[Nomination] = []
    listed = {one.id: one for one in submissions.listed(session, submission)}
    for verdict in councils.verdicts(session, calls.read_integer(call, "council_session_id")):
        nomination = listed.get(verdict.nomination_id)
        if nomination is None or nomination.status != "open":
            continue  # suspended while the council sat: it votes again when that is over
        if verdict.outcome == "selected":
            nominations.move(nomination, call, "open", here.stage, here.signer)
        else:
            _refuse_by_vote(session, call, nomination, verdict)
            answered.append(nomination)
    session.flush()
    return {
        "council_results": submissions.name_proposals(answered),
        "title_count": len(for_council_decision(session, submission, here, today)),
        "state_count": len(for_state(session, submission, here, today)),
    }


def decide_direct(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the chairman award or decline what the standing body reports to him (QĐ 86/2025 Bắc Ninh Đ5k2)."""
    return {"merit_results": _decide(session, call, for_chair)}


def decide_titles(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the chairman award or decline what the council selected and he decides himself."""
    return {"title_results": _decide(session, call, for_council_decision)}


def sign_letter(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the chairman sign the letter to the State; its nominees go up."""
    submission = submissions.find(session, call)
    if call.variables.get("sign") is not True:
        raise FormInvalid({"sign": [NOT_SIGNED]})
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    upward = submissions.pass_up(session, call, submission, for_state(session, submission, here, today))
    upward.note = calls.read_text(call, "note")
    session.flush()
    return {"upward_submission": upward.id, "submission_key_up": upward.key}


def appraisal_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees to appraise, each with the way it will take (form source of `appraise`)."""
    submission = submissions.find(session, call)
    here = routes.stop(session, submission.to_unit)
    return _show(session, call, submissions.in_review(submission) & _unappraised(here))


def direct_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the standing body reports to the chairman (form source of `decide_merit`)."""
    return _for(session, call, for_chair)


def title_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the council selected and the chairman decides (form source of `decide_titles`)."""
    return _for(session, call, for_council_decision)


def letter_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what goes up to the State (form source of `sign_state_submission`)."""
    return _for(session, call, for_state)


def council_voters(session: Session, today: date) -> Callable[[Nomination], bool]:
    """Return whether the full council votes on a nominee by the law of its dossier (rule `council_route`)."""
    known: dict[tuple[str, date], bool] = {}

    def votes(nomination: Nomination) -> bool:
        place = nomination.form, nomination.received_on or today
        if place not in known:
            law = rules.regime(session, place[1], today, nomination.form)
            rule = rules.find(session, "council_route", nomination.form, law.rules_on)
            known[place] = rule.values["kind"] == "full"
        return known[place] and nomination.procedure != "simplified"

    return votes


def to_appraise(session: Session, submission: Submission, here: Stop) -> list[Nomination]:
    """Return the nominees at the desk that nobody has appraised; the appraised ones wait for the council."""
    return submissions.waiting(session, submission, _unappraised(here))


def _unappraised(here: Stop) -> ColumnElement[bool]:
    return submissions.at_desk(here) & (Nomination.recommendation == "")


def for_chair(session: Session, submission: Submission, here: Stop, today: date) -> list[Nomination]:
    """Return what the chairman decides without the council."""
    votes = council_voters(session, today)
    return [one for one in _decided_here(session, submission, here) if not votes(one)]


def for_council_decision(
    session: Session, submission: Submission, here: Stop, today: date
) -> list[Nomination]:
    """Return what the chairman decides after the council."""
    votes = council_voters(session, today)
    return [one for one in _decided_here(session, submission, here) if votes(one)]


def for_state(session: Session, submission: Submission, here: Stop, today: date) -> list[Nomination]:
    """Return what the chairman submits to the State."""
    del today  # the signature of the three lists is one
    return [one for one in _at_signer(session, submission, here) if one.recommendation == "submit_up"]


def _decided_here(session: Session, submission: Submission, here: Stop) -> list[Nomination]:
    return [one for one in _at_signer(session, submission, here) if one.recommendation == "award"]


def _at_signer(session: Session, submission: Submission, here: Stop) -> list[Nomination]:
    return submissions.waiting(session, submission, submissions.at_signer(here))


def _decide(session: Session, call: ServiceCall, choose_from: Lists) -> list[Json]:
    submission = submissions.find(session, call)
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    choose = rulings.choices_at(session, here, call.now)
    rest = reviews.read_rest(call, "decide")
    taken = rulings.read(call, choose_from(session, submission, here, today), choose, rest=rest)
    for ruling in taken:
        if ruling.decision == "decline":
            rulings.decline(session, call, ruling)
    rulings.award(session, call, [r.nomination for r in taken if r.decision == "award"], submission)
    session.flush()
    return submissions.name_proposals([ruling.nomination for ruling in taken])


def _for(session: Session, call: ServiceCall, choose_from: Lists) -> dict[str, Json]:
    submission = submissions.find(session, call)
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    chosen = [nominee.id for nominee in choose_from(session, submission, here, today)]
    return _show(session, call, Nomination.id.in_(chosen), papers=True)


def _show(
    session: Session, call: ServiceCall, chosen: ColumnElement[bool], *, papers: bool = False
) -> dict[str, Json]:
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    here, today = routes.stop(session, submission.to_unit), local(call.now).date()
    nominees, view = long_lists.read(session, call, chosen)
    choose = rulings.choices_at(session, here, call.now)
    votes = council_voters(session, today)
    found: list[Json] = []
    for nomination, entry in zip(nominees, rulings.rows(nominees, units, choose), strict=True):
        way = "Hội đồng họp, bỏ phiếu" if votes(nomination) else "Trình thẳng Chủ tịch"
        found.append({**entry, "way": way} if isinstance(entry, dict) else entry)
    return {
        **submissions.heading(session, submission, units),
        **view,
        "rows": found,
        "rest": "",
        "papers": nominee_papers.table(session, nominees, senders=True) if papers else [],
        "quota_warning": movement_quotas.warn(session, chosen, today).vi,
    }


def _refuse_by_vote(
    session: Session, call: ServiceCall, nomination: Nomination, verdict: CouncilVerdict
) -> None:
    status = "not_selected" if verdict.outcome == "not_selected" else "declined"
    said = council_results.describe(verdict)
    nomination.reason = said.vi
    nominations.move(nomination, call, status, nomination.level, "")
    nominations.add_step(nomination, call, "declined", said)
    session.flush()
    rulings.tell(session, call, nomination)


HANDLERS: Mapping[str, Registration] = {
    "provinces.receive": Registration(receive),
    "provinces.appraisal_rows": Registration(appraisal_rows),
    "provinces.sort_out": Registration(sort_out),
    "provinces.direct_rows": Registration(direct_rows),
    "provinces.decide_direct": Registration(decide_direct),
    "provinces.check_overdue": Registration(check_overdue),
    "provinces.overdue_case": Registration(overdue_case),
    "provinces.promise_new_date": Registration(promise_new_date),
    "provinces.list_for_council": Registration(list_for_council),
    "provinces.take_verdicts": Registration(take_verdicts),
    "provinces.title_rows": Registration(title_rows),
    "provinces.decide_titles": Registration(decide_titles),
    "provinces.letter_rows": Registration(letter_rows),
    "provinces.sign_letter": Registration(sign_letter),
}
