"""Submissions (tờ trình): the letter by which one unit submits nominees to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, delete, insert, literal, select, true, update
from sqlalchemy.orm import Session, joinedload

from engine.clock import local
from engine.errors import NotFound
from engine.handlers import Json, ServiceCall
from engine.tables import Identity
from workflows import (
    books,
    calls,
    documents,
    long_lists,
    monthly_reports,
    nominations,
    organisation,
    routes,
    rulings,
)
from workflows.routes import Stop
from workflows.tables import Consolidation, Nomination, Proposal, Submission, SubmissionEntry
from workflows.vocabulary import OUTCOMES, show_date, show_moment, show_period

REVISIONS = ("keep", "set_aside")
SUPPLEMENTED = "Trình lại hồ sơ đã bổ sung theo phiếu yêu cầu bổ sung hồ sơ."


def draft(
    session: Session,
    call: ServiceCall,
    consolidation: Consolidation,
    accepted: ColumnElement[bool],
    report: dict[str, Json],
) -> Submission:
    """Write or rewrite the draft of a centre's submission for a month; signing numbers it."""
    center = routes.stop(session, consolidation.center)
    submission = session.scalar(select(Submission).where(Submission.consolidation_id == consolidation.id))
    if submission is None:
        submission = _begin(session, call, center.code, consolidation.key, consolidation.period)
        submission.consolidation_id = consolidation.id
    submission.version += 1
    submission.status = "draft"
    submission.report = report
    enter(session, submission, accepted)
    nominations.move_all(session, call, entered(submission), "accepted", center, center.signer)
    session.flush()
    return submission


def from_proposal(session: Session, call: ServiceCall, proposal: Proposal, sent: Sequence[int]) -> Submission:
    """Write, sign and number the letter by which a unit submits its own nominees to the one above."""
    submission = _begin(session, call, proposal.office, f"{proposal.key}/{proposal.version}", proposal.period)
    submission.version = proposal.version
    submission.note = SUPPLEMENTED if proposal.version > 1 else ""
    enter(session, submission, Nomination.id.in_(sent))
    send(session, call, submission)
    move_up(session, call, submission)
    return submission


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the director sign or return the letter; signing numbers it and sends its nominees on."""
    submission = find(session, call)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    submission.return_reason = reason if decision == "return" else ""
    if decision == "return":
        nominations.add_steps(session, call, entered(submission), "director_returned", reason)
        session.flush()
        return {"decision": decision, "results": []}
    send(session, call, submission)
    move_up(session, call, submission)
    consolidation = session.get_one(Consolidation, submission.consolidation_id)
    consolidation.status = "sent"
    consolidation.sent_at = call.now
    consolidation.late = submission.late = call.now >= consolidation.center_late_from
    monthly_reports.issue(session, call, submission)
    set_aside = _set_aside(session, submission)
    rulings.tell_all(session, call, set_aside)
    session.flush()
    return {"decision": decision, "results": name_proposals(set_aside)}


def revise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the revision of a returned letter: keep or set aside each nominee that is sent, with a note."""
    submission = find(session, call)
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    messages = {}
    for index, entry in given.values():
        messages.update(calls.check_row(entry, f"rows.{index}", REVISIONS, ("set_aside",)))
    calls.refuse_wrong(messages)
    dropped = [key for key, (_, entry) in given.items() if entry["decision"] == "set_aside"]
    query = select(Nomination).where(entered(submission), Nomination.id.in_(dropped))
    for nomination in session.scalars(query):
        nomination.reason = str(given[nomination.id][1]["reason"]).strip()
        nominations.add_step(nomination, call, "set_aside", nomination.reason)
        nominations.move(nomination, call, "set_aside", "center", "")
    session.flush()
    session.execute(
        delete(SubmissionEntry).where(
            SubmissionEntry.submission_id == submission.id, SubmissionEntry.nomination_id.in_(dropped)
        )
    )
    submission.note = calls.read_text(call, "note")
    session.flush()
    return {}


def receive(session: Session, call: ServiceCall, submission: Submission) -> dict[str, Json]:
    """Record that a unit received a letter and its nominees; return what the case is about.

    `desk_group` and `signer_group` are there for diagrams that serve units of several names.
    """
    here = routes.stop(session, submission.to_unit)
    submission.status = "received"
    submission.received_at = call.now
    letter = nominations.name_letter(submission.number)
    outcome = step_of("received_by", here.stage, "received_above")
    received = entered(submission) & waits_at(here.code)
    nominations.add_steps(session, call, received, outcome, letter)
    first = update(Nomination).where(received, Nomination.received_on.is_(None))
    session.execute(first.values(received_on=local(call.now).date()))
    session.flush()
    return {
        **name_case(session, submission),
        "unit": here.code,
        "unit_name": here.name,
        "desk_group": here.desk,
        "signer_group": here.signer,
    }


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
    nominees, view = long_lists.read(session, call, entered(submission))
    found: list[Json] = [
        {**nominations.row(nomination, units), "decision": "keep"} for nomination in nominees
    ]
    return {**heading(session, submission, units), **view, "rows": found, "note": submission.note}


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
        "to_name": units.get(submission.to_unit, submission.to_unit),
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


def enter(session: Session, submission: Submission, chosen: ColumnElement[bool]) -> None:
    """Make the chosen nominations the nominees of a submission, whatever stood in it before."""
    session.flush()
    session.execute(delete(SubmissionEntry).where(SubmissionEntry.submission_id == submission.id))
    found = select(literal(submission.id, Identity), Nomination.id).where(chosen).order_by(Nomination.id)
    session.execute(insert(SubmissionEntry).from_select(["submission_id", "nomination_id"], found))


def entered(submission: Submission) -> ColumnElement[bool]:
    """Return the condition that a nomination is a nominee of a submission."""
    entries = select(SubmissionEntry.nomination_id).where(SubmissionEntry.submission_id == submission.id)
    return Nomination.id.in_(entries)


def in_review(submission: Submission) -> ColumnElement[bool]:
    """Return the condition that a nominee of a submission did not come again by a later letter.

    One that was returned and supplemented belongs to the letter that brought it back, not to both.
    """
    later = (
        select(SubmissionEntry.nomination_id)
        .join(Submission, Submission.id == SubmissionEntry.submission_id)
        .where(Submission.to_unit == submission.to_unit, Submission.id > submission.id)
    )
    return entered(submission) & Nomination.id.not_in(later)


def waits_at(unit_code: str) -> ColumnElement[bool]:
    """Return the condition that a nomination waits at a unit: it is there and nothing holds it up."""
    return (Nomination.unit_code == unit_code) & (Nomination.status == "open")


def listed(session: Session, submission: Submission) -> list[Nomination]:
    """Return the nominees of a submission, in the order they were proposed."""
    query = select(Nomination).where(entered(submission)).order_by(Nomination.id)
    return list(session.scalars(query.options(joinedload(Nomination.proposal), joinedload(Nomination.award))))


def at_desk(here: Stop) -> ColumnElement[bool]:
    """Return the condition that a nomination waits at a unit and its signer does not have it yet."""
    before = Nomination.holder != here.signer if here.desk != here.signer else true()
    return waits_at(here.code) & before


def at_signer(here: Stop) -> ColumnElement[bool]:
    """Return the condition that a nomination waits for the signer of a unit."""
    return waits_at(here.code) & (Nomination.holder == here.signer)


def waiting(session: Session, submission: Submission, where: ColumnElement[bool]) -> list[Nomination]:
    """Return the nominees of a submission that meet a condition such as `at_desk` or `at_signer`.

    Left out are those decided, withdrawn, suspended (NĐ 152/2025 Đ4k4) or sent on.
    """
    query = select(Nomination).where(in_review(submission), where)
    query = query.options(joinedload(Nomination.proposal), joinedload(Nomination.award))
    return list(session.scalars(query.order_by(Nomination.id)))


def send(session: Session, call: ServiceCall, submission: Submission) -> None:
    """Sign and number a letter; numbers run per register and year and are never freed (NĐ 30/2020 Đ15)."""
    submission.number = books.take_number(session, "TTr-{unit}", submission.from_unit, call.now)
    submission.number_year = local(call.now).year
    submission.status = "signed"
    submission.signed_by = call.actor.name
    submission.signed_at = call.now
    session.flush()
    documents.issue_letter(session, call, submission)


def move_up(session: Session, call: ServiceCall, submission: Submission) -> None:
    """Bring the nominees of a signed letter to the unit it goes to; nobody has said anything of them there.

    The State's answer comes back to who submitted, so that one's desk keeps watch over it.
    """
    there = routes.stop(session, submission.to_unit)
    holder = there.desk or routes.stop(session, submission.from_unit).desk
    outcome = step_of("submitted_to", there.stage, "submitted_above")
    nominees = entered(submission)
    nominations.add_steps(session, call, nominees, outcome, nominations.name_letter(submission.number))
    nominations.move_all(session, call, nominees, "open", there, holder)
    nominations.forget_recommendations(session, nominees)


def pass_up(
    session: Session, call: ServiceCall, below: Submission, nominees: Sequence[Nomination]
) -> Submission:
    """Write, sign, number and send the letter by which a unit passes nominees of a lower letter up."""
    submission = _begin(session, call, below.to_unit, below.key, below.period)
    submission.center = below.center
    submission.version = 1
    enter(session, submission, Nomination.id.in_([nomination.id for nomination in nominees]))
    send(session, call, submission)
    move_up(session, call, submission)
    return submission


def name_proposals(nominees: Sequence[Nomination]) -> list[Json]:
    """Return the proposals of nominees once each, as the process sends results to them."""
    keys = dict.fromkeys(nomination.proposal.key for nomination in nominees)
    return [{"proposal_key": key} for key in keys]


def step_of(prefix: str, stage: str, otherwise: str) -> str:
    """Return the outcome of a stage that has a word of its own, else the general one."""
    return f"{prefix}_{stage}" if f"{prefix}_{stage}" in OUTCOMES else otherwise


def _begin(session: Session, call: ServiceCall, from_unit: str, key: str, period: str) -> Submission:
    there = routes.above(session, from_unit)
    submission = Submission(
        key=f"{there.code}/{key}",
        level=there.stage,
        from_unit=from_unit,
        to_unit=there.code,
        center=from_unit,
        period=period,
        version=0,
        report={},
        instance_id=call.instance_id,
    )
    session.add(submission)
    session.flush()
    return submission


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
            .options(joinedload(Nomination.proposal))
            .order_by(Nomination.id)
        )
    )
