"""Opinions: agencies consent (hiệp y), the party committee speaks, in parallel; the silent are passed over.

Whether an opinion is asked is a rule per form (topic `opinion`); the party is asked for the listed forms and
for people managed by the standing board (QĐ 86/2025/QĐ-UBND Bắc Ninh Đ5k1a). The limit is the rule
`limit/opinion_silence`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import calendar, calls, nominations, organisation, routes, rules, submissions
from workflows.tables import Nomination, Opinion, Person, Submission, Unit
from workflows.vocabulary import fold, show_moment

AGENCIES = ("agency", "inspectorate")
PARTY = "party_committee"
ANSWERS = {
    "agree": Text("Nhất trí", "Agrees"),
    "disagree": Text("Không nhất trí", "Disagrees"),
    "silent": Text("Không trả lời trong hạn", "No answer in time"),
    "": Text("Chưa trả lời", "Not answered yet"),
}


def ask(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Ask whoever must be asked about the nominees that wait; say who they are and until when."""
    submission = submissions.find(session, call)
    today = local(call.now).date()
    limit = rules.find(session, "limit", "opinion_silence", today)
    due_at = calendar.due_after(session, call.now, limit.values["days"])
    asked = _asked(session, submission)
    for nomination in submissions.waiting(session, submission, submissions.waits_at(submission.to_unit)):
        for unit in _whom(session, submission, nomination, today):
            if (nomination.id, unit.code) in asked:
                continue
            session.add(
                Opinion(
                    submission_id=submission.id,
                    nomination_id=nomination.id,
                    kind="party" if unit.kind == PARTY else "agency",
                    agency=unit.code,
                    asked_at=call.now,
                    due_at=due_at,
                    source=limit.source,
                    verified=limit.verified,
                    instance_id=call.instance_id or None,
                )
            )
            nominations.add_step(nomination, call, "opinion_asked", unit.name)
    session.flush()
    return {
        **submissions.name_case(session, submission),
        "agencies": _requests(session, submission, "agency"),
        "parties": _requests(session, submission, "party"),
        "opinions_due_at": due_at.isoformat(),
        "opinion_days": limit.values["days"],
    }


def give(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what one agency says of each nominee, with the number and date of its letter."""
    found = _waiting_of(session, call)
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    wrong: dict[str, list[Text]] = {}
    document_date = _read_letter(call, wrong)
    for opinion in found:
        index, entry = given.get(opinion.nomination_id, (0, {}))
        wrong.update(calls.check_row(entry, f"rows.{index}", ("agree", "disagree"), ("disagree",)))
    calls.refuse_wrong(wrong)
    for opinion in found:
        entry = given[opinion.nomination_id][1]
        opinion.answer, opinion.content = str(entry["decision"]), str(entry.get("reason") or "").strip()
        opinion.document, opinion.document_date = calls.read_text(call, "document"), document_date
        opinion.file_reference = calls.read_text(call, "file_reference")
        opinion.answered_by, opinion.answered_at = call.actor.name, call.now
        nomination = nominations.find(session, opinion.nomination_id)
        nominations.add_step(nomination, call, "opinion_given", describe(session, opinion))
    session.flush()
    return {}


def mark_silent(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Pass over whoever did not answer in time; the case goes on (rule `limit/opinion_silence`)."""
    submission = submissions.find(session, call)
    query = select(Opinion).where(
        Opinion.submission_id == submission.id, Opinion.answer == "", Opinion.due_at <= call.now
    )
    silent = session.scalars(query.order_by(Opinion.id)).all()
    for opinion in silent:
        opinion.answer = "silent"
        nomination = nominations.find(session, opinion.nomination_id)
        nominations.add_step(nomination, call, "opinion_silent", describe(session, opinion))
    session.flush()
    return {"silent_count": len(silent)}


def recount(session: Session) -> int:
    """Count the dates of unanswered requests anew after a change of the calendar; return how many moved."""
    moved = 0
    for opinion in session.scalars(select(Opinion).where(Opinion.answer == "")):
        limit = rules.find(session, "limit", "opinion_silence", local(opinion.asked_at).date())
        due_at = calendar.due_after(session, opinion.asked_at, limit.values["days"])
        moved += opinion.due_at != due_at
        opinion.due_at = due_at
    session.flush()
    return moved


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees one agency is asked about (form source of both tasks of the process)."""
    submission, units = submissions.find(session, call), organisation.unit_names(session)
    found = _waiting_of(session, call)
    people = [nominations.find(session, opinion.nomination_id) for opinion in found]
    first = found[0] if found else None
    source = first.source if first else ""
    mark = "" if first is None or first.verified else " (chưa đối chiếu bản gốc)"
    return {
        **submissions.heading(session, submission, units),
        "rows": nominations.rows(people, units),
        "agency_name": units.get(_agency(call), ""),
        "opinions_due": show_moment(first.due_at) if first else "",
        "limit_source": f"{source}{mark}",
    }


def of_nomination(session: Session, nomination: Nomination) -> Sequence[Opinion]:
    """Return who was asked about a nomination and what they said, in the order they were asked."""
    return session.scalars(
        select(Opinion).where(Opinion.nomination_id == nomination.id).order_by(Opinion.id)
    ).all()


def describe(session: Session, opinion: Opinion) -> Text:
    """Write who said what, with the document."""
    return write(opinion, organisation.unit_names(session))


def write(opinion: Opinion, units: Mapping[str, str]) -> Text:
    """Write who said what, with the document, the names of units known already."""
    name = units.get(opinion.agency, opinion.agency)
    answer, letter = ANSWERS[opinion.answer], f" ({opinion.document})" if opinion.document else ""
    more = f": {opinion.content}" if opinion.content else ""
    return Text(f"{name}: {answer.vi}{letter}{more}", f"{name}: {answer.en}{letter}{more}")


def is_managed(session: Session, nomination: Nomination) -> bool:
    """Tell whether the nominee is a person that the standing board manages."""
    if nomination.subject_kind != "individual":
        return False
    around = {nomination.proposal.office}
    around |= {stop.code for stop in routes.route(session, nomination.proposal.office)}
    query = select(Person.name).where(Person.managed_by_standing_board, Person.unit_code.in_(around))
    return any(fold(name) == fold(nomination.subject) for name in session.scalars(query))


def _whom(session: Session, submission: Submission, nomination: Nomination, today: date) -> list[Unit]:
    law = rules.regime(session, nomination.received_on or today, today, nomination.form)
    rule = rules.find(session, "opinion", nomination.form, law.rules_on).values
    kinds = list(AGENCIES) if rule["inter_agency"] else []
    if rule["party"] == "always" or (rule["party"] == "managed" and is_managed(session, nomination)):
        kinds.append(PARTY)
    beside = Unit.parent_code == submission.to_unit
    query = select(Unit).where(beside, Unit.kind.in_(kinds), Unit.desk_group != "")
    return list(session.scalars(query.order_by(Unit.code)))


def _asked(session: Session, submission: Submission) -> set[tuple[int, str]]:
    query = select(Opinion.nomination_id, Opinion.agency).where(Opinion.submission_id == submission.id)
    return {(nomination_id, agency) for nomination_id, agency in session.execute(query)}


def _requests(session: Session, submission: Submission, kind: str) -> list[Json]:
    waiting = select(Opinion.agency).where(
        Opinion.submission_id == submission.id, Opinion.answer == "", Opinion.kind == kind
    )
    units = session.scalars(select(Unit).where(Unit.code.in_(waiting)).order_by(Unit.code))
    return [{"agency": unit.code, "group": unit.desk_group, "name": unit.short_name} for unit in units]


def _agency(call: ServiceCall) -> str:
    item = call.variables.get("item")
    return str(item.get("agency", "")) if isinstance(item, dict) else ""


def _waiting_of(session: Session, call: ServiceCall) -> Sequence[Opinion]:
    submission = submissions.find(session, call)
    query = select(Opinion).where(
        Opinion.submission_id == submission.id, Opinion.agency == _agency(call), Opinion.answer == ""
    )
    return session.scalars(query.order_by(Opinion.nomination_id)).all()


def _read_letter(call: ServiceCall, wrong: dict[str, list[Text]]) -> date | None:
    if not calls.read_text(call, "document"):
        wrong["document"] = [Text("Phải ghi số văn bản.", "Enter the number of the letter.")]
    try:
        return calls.read_day(call.variables.get("document_date"))
    except ValueError:
        wrong["document_date"] = [Text("Ngày không đọc được.", "The date cannot be read.")]
        return None


HANDLERS: Mapping[str, Registration] = {
    "opinions.ask": Registration(ask),
    "opinions.give": Registration(give),
    "opinions.mark_silent": Registration(mark_silent),
    "opinions.rows": Registration(rows),
}
