"""Submissions (tờ trình): the letter by which one level submits nominees to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from engine.clock import local
from engine.errors import NotFound
from engine.handlers import Json, ServiceCall
from workflows import books, calls, nominations, organisation, rulings
from workflows.tables import Consolidation, Nomination, Proposal, Submission
from workflows.vocabulary import show_date, show_moment, show_period

REVISIONS = ("keep", "set_aside")


def draft(
    session: Session,
    call: ServiceCall,
    consolidation: Consolidation,
    accepted: Sequence[Nomination],
    report: dict[str, Json],
) -> Submission:
    """Write or rewrite the draft of a centre's submission for a month; signing numbers it."""
    route = organisation.route(session, consolidation.center)
    submission = session.scalar(select(Submission).where(Submission.consolidation_id == consolidation.id))
    if submission is None:
        submission = Submission(
            key=f"{route.department}/{consolidation.key}",
            level="department",
            from_unit=consolidation.center,
            to_unit=route.department,
            center=consolidation.center,
            period=consolidation.period,
            consolidation_id=consolidation.id,
            version=0,
            instance_id=call.instance_id,
        )
        session.add(submission)
        session.flush()
    submission.version += 1
    submission.status = "draft"
    submission.report = report
    for nomination in listed(session, submission):
        nomination.submission_id = None
    for nomination in accepted:
        nomination.submission_id = submission.id
        nominations.move(nomination, call, "accepted", "center", f"{consolidation.center}.director")
    session.flush()
    return submission


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the director sign or return the letter; signing numbers it and sends its nominees on."""
    submission = find(session, call)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    submission.return_reason = reason if decision == "return" else ""
    nominees = listed(session, submission)
    if decision == "return":
        for nomination in nominees:
            nominations.add_step(nomination, call, "director_returned", reason)
        session.flush()
        return {"decision": decision, "results": []}
    route = organisation.route(session, submission.center)
    send(session, call, submission, nominees)
    letter = nominations.name_letter(submission.number)
    for nomination in nominees:
        nominations.add_step(nomination, call, "submitted_to_department", letter)
        nominations.move(nomination, call, "open", "department", route.holders()["department"])
    consolidation = session.get_one(Consolidation, submission.consolidation_id)
    consolidation.status = "sent"
    consolidation.sent_at = call.now
    consolidation.late = submission.late = call.now >= consolidation.center_late_from
    set_aside = _set_aside(session, submission)
    for nomination in set_aside:
        rulings.tell(session, call, nomination)
    session.flush()
    return {"decision": decision, "results": name_proposals(set_aside)}


def revise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the revision of a returned letter: keep or set aside each nominee, with a note."""
    submission = find(session, call)
    known = {nomination.id: nomination for nomination in listed(session, submission)}
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    messages = {}
    for index, entry in given.values():
        messages.update(calls.check_row(entry, f"rows.{index}", REVISIONS, ("set_aside",)))
    calls.refuse_wrong(messages)
    for key, (_, entry) in given.items():
        if key in known and entry["decision"] == "set_aside":
            known[key].reason = str(entry["reason"]).strip()
            nominations.add_step(known[key], call, "set_aside", known[key].reason)
            nominations.move(known[key], call, "set_aside", "center", "")
            known[key].submission_id = None
    submission.note = calls.read_text(call, "note")
    session.flush()
    return {}


def receive(
    session: Session,
    call: ServiceCall,
    submission: Submission,
    nominees: Sequence[Nomination],
    outcome: str,
) -> dict[str, Json]:
    """Record that a level received a letter and its nominees; return what the case is about."""
    submission.status = "received"
    submission.received_at = call.now
    letter = nominations.name_letter(submission.number)
    for nomination in nominees:
        nominations.add_step(nomination, call, outcome, letter)
    session.flush()
    return name_case(session, submission)


def name_case(session: Session, submission: Submission) -> dict[str, Json]:
    """Return what a case is about, for routing and for the words that people read in lists."""
    return {
        "center": submission.center,
        "period": submission.period,
        "center_name": organisation.unit(session, submission.center).name,
        "period_label": show_period(submission.period),
    }


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the letter and its nominees (form source of `sign_submission` and `revise_submission`)."""
    submission = find(session, call)
    units = organisation.unit_names(session)
    found: list[Json] = [
        {**nominations.row(nomination, units), "decision": "keep"}
        for nomination in listed(session, submission)
    ]
    return {**heading(session, submission, units), "rows": found, "note": submission.note}


def heading(session: Session, submission: Submission, units: Mapping[str, str]) -> dict[str, Json]:
    """Return what stands above the rows: number, dates, and the offices missing, late or empty-handed."""
    report = submission.report
    texts: dict[str, Json] = {
        f"{name}_offices": ", ".join(units.get(code, code) for code in report.get(name, []))
        for name in ("missing", "late", "nothing")
    }
    if submission.consolidation_id is not None:
        consolidation = session.get_one(Consolidation, submission.consolidation_id)
        texts["report_due_at"] = show_date(local(consolidation.report_due_at).date())
        texts["center_due_at"] = show_date(local(consolidation.center_due_at).date())
    return {
        **texts,
        "submission_number": submission.number or "",
        "submission_key": submission.key,
        "submission_version": submission.version,
        "signed_at": show_moment(submission.signed_at),
        "received_at": show_moment(submission.received_at),
        "late": "Gửi muộn" if submission.late else "",
        "from_name": units.get(submission.from_unit, submission.from_unit),
        "center": submission.center,
        "center_name": units.get(submission.center, submission.center),
        "period": submission.period,
        "period_label": show_period(submission.period),
        "return_reason": submission.return_reason,
    }


def find(session: Session, call: ServiceCall) -> Submission:
    """Return the submission a call is about; raises NotFound."""
    submission_id = calls.read_integer(call, "submission")
    found = session.get(Submission, submission_id)
    if found is None:
        raise NotFound(kind="submission", key=submission_id)
    return found


def listed(session: Session, submission: Submission) -> list[Nomination]:
    """Return the nominees of a submission, in the order they were proposed."""
    column = {
        "department": Nomination.submission_id,
        "province": Nomination.upward_submission_id,
        "state": Nomination.state_submission_id,
    }[submission.level]
    query = select(Nomination).where(column == submission.id).order_by(Nomination.id)
    return list(session.scalars(query.options(joinedload(Nomination.proposal), joinedload(Nomination.award))))


def send(session: Session, call: ServiceCall, submission: Submission, nominees: Sequence[Nomination]) -> None:
    """Sign and number a letter; numbers run per register and year and are never freed (NĐ 30/2020 Đ15)."""
    submission.number = books.take_number(session, f"TTr-{submission.from_unit}", call.now)
    submission.number_year = local(call.now).year
    submission.status = "signed"
    submission.signed_by = call.actor.name
    submission.signed_at = call.now
    submission.report = {**submission.report, "nominees": [nomination.id for nomination in nominees]}
    session.flush()


def pass_up(
    session: Session, call: ServiceCall, below: Submission, level: str, nominees: Sequence[Nomination]
) -> Submission:
    """Write, sign and number the letter by which a level passes nominees of a lower letter further up."""
    from_unit = below.to_unit
    to_unit = organisation.unit(session, from_unit).parent_code or "NN"
    submission = Submission(
        key=f"{to_unit}/{below.key}",
        level=level,
        from_unit=from_unit,
        to_unit=to_unit,
        center=below.center,
        period=below.period,
        version=1,
        instance_id=call.instance_id,
    )
    session.add(submission)
    session.flush()
    send(session, call, submission, nominees)
    return submission


def name_proposals(nominees: Sequence[Nomination]) -> list[Json]:
    """Return the proposals of nominees once each, as the process sends results to them."""
    keys = dict.fromkeys(nomination.proposal.key for nomination in nominees)
    return [{"proposal_key": key} for key in keys]


def _set_aside(session: Session, submission: Submission) -> list[Nomination]:
    return list(
        session.scalars(
            select(Nomination)
            .join(Nomination.proposal)
            .where(
                Proposal.center == submission.center,
                Proposal.period == submission.period,
                Nomination.status == "set_aside",
            )
            .order_by(Nomination.id)
        )
    )
