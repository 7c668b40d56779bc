"""Disclosure: the list stands on the portal for clear working days before the council; objections reach it.

Luật Thi đua, khen thưởng 2022 Đ84k5; NĐ 98/2023 Đ46k2. How many days, for which forms and whether the row was
read in the original are rules (topic `disclosure`); the posting day and the day of the council do not count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, Registration, ServiceCall
from workflows import calendar, calls, nominations, notices, organisation, routes, rules, submissions
from workflows.tables import Disclosure, DisclosureEntry, Nomination, Objection, Rule, Submission
from workflows.vocabulary import FORMS, SUBJECT_KINDS, label, show_date, show_moment
from workflows.working_time import (
    add_working_days,
    end_of_day,
    last_working_day_before,
    latest_day_before,
    next_working_day,
    working_days_between,
)

NEEDED = Text("Phải ghi.", "This is needed.")
NO_DAY = Text("Ngày không đọc được.", "The date cannot be read.")
NOT_YET = Text("Ngày đăng không ở tương lai.", "The day of posting is not in the future.")
NOT_LISTED = Text("Chọn một người trong danh sách.", "Choose somebody on the list.")


def rule_for(session: Session, nomination: Nomination, today: date) -> Rule:
    """Return the disclosure rule of a nominee by the law in force when its dossier was received."""
    law = rules.regime(session, nomination.received_on or today, today, nomination.form)
    return rules.find(session, "disclosure", nomination.form, law.rules_on)


def open_list(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Put the nominees that must be published on a list; those of an earlier list are not listed again."""
    submission = submissions.find(session, call)
    today = local(call.now).date()
    listed = _listed_before(session, submission)
    found = [
        (nomination, rule_for(session, nomination, today))
        for nomination in submissions.waiting(session, submission, submissions.waits_at(submission.to_unit))
        if nomination.id not in listed
    ]
    needed = [(nomination, rule) for nomination, rule in found if rule.values["required"]]
    desk = routes.stop(session, submission.to_unit).desk
    case = {**submissions.name_case(session, submission), "desk_group": desk}
    if not needed:
        return {**case, "must_disclose": False}
    longest = max((rule for _, rule in needed), key=lambda rule: int(rule.values["days"]))
    disclosure = Disclosure(
        submission_id=submission.id,
        status="prepared",
        required_days=longest.values["days"],
        source=longest.source,
        verified=longest.verified,
        instance_id=call.instance_id or None,
    )
    session.add(disclosure)
    session.flush()
    session.add_all(
        DisclosureEntry(disclosure_id=disclosure.id, nomination_id=nomination.id) for nomination, _ in needed
    )
    session.flush()
    return {**case, "must_disclose": True, "disclosure": disclosure.id}


def post(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that the list was posted for a council of a day; refuses a posting that is too late for it."""
    disclosure = _find(session, call)
    today = local(call.now).date()
    days = _read_days(call, today)
    council_on, posted_on = days["council_on"], days["posted_on"]
    latest = latest_posting(session, council_on, disclosure.required_days)
    if posted_on > latest:
        _refuse_late(session, disclosure, council_on, posted_on)
    closes_on = add_working_days(calendar.load(session), posted_on, disclosure.required_days)
    disclosure.status = "posted"
    disclosure.council_on, disclosure.posted_on, disclosure.latest_on = council_on, posted_on, latest
    disclosure.closes_at = end_of_day(closes_on)
    disclosure.address = calls.read_text(call, "address")
    disclosure.posted_by = call.actor.name
    said = Text(
        f"{disclosure.address}, từ {show_date(posted_on)}, Hội đồng họp {show_date(council_on)}",
        f"{disclosure.address}, from {show_date(posted_on)}, council on {show_date(council_on)}",
    )
    for nomination in nominees(session, disclosure):
        nominations.add_step(nomination, call, "disclosed", said)
    session.flush()
    tight = _warn_convening(session, disclosure)
    if tight.vi:
        letter = notices.Letter("disclosure.tight", str(disclosure.id), tight.vi, tight.en)
        desk = routes.stop(session, submissions.find(session, call).to_unit).desk
        notices.send(session, call, [desk], letter)
    return {"closes_at": disclosure.closes_at.isoformat(), "council_on": council_on.isoformat()}


def record_objection(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record one objection against a nominee of the list; it becomes a paper of the nomination."""
    disclosure = _find(session, call)
    today = local(call.now).date()
    wrong: dict[str, list[Text]] = {}
    known = {nomination.id: nomination for nomination in nominees(session, disclosure)}
    chosen = calls.read_text(call, "nominee")
    if not chosen.isdecimal() or int(chosen) not in known:
        wrong["nominee"] = [NOT_LISTED]
    for name in ("sender", "content"):
        if not calls.read_text(call, name):
            wrong[name] = [NEEDED]
    received_on = _read_day(call, "received_on", wrong)
    if received_on is not None and received_on > today:
        wrong["received_on"] = [NOT_YET]
    calls.refuse_wrong(wrong)
    nomination = known[int(chosen)]
    session.add(
        Objection(
            disclosure_id=disclosure.id,
            nomination_id=nomination.id,
            sender=calls.read_text(call, "sender"),
            content=calls.read_text(call, "content"),
            received_on=received_on or today,
            file_reference=calls.read_text(call, "file_reference"),
            recorded_by=call.actor.name,
            at=call.now,
        )
    )
    nominations.add_step(nomination, call, "objected")
    session.flush()
    return {}


def close(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Close the list after its days; say how many objections the council has to read."""
    disclosure = _find(session, call)
    disclosure.status, disclosure.closed_at = "closed", call.now
    session.flush()
    return {
        "objection_count": len(objections(session, [entry.id for entry in nominees(session, disclosure)]))
    }


def show(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the list and what was objected (form source of both tasks of the process)."""
    disclosure = _find(session, call)
    units = organisation.unit_names(session)
    closes_on = add_working_days(calendar.load(session), local(call.now).date(), disclosure.required_days)
    earliest = next_working_day(calendar.load(session), closes_on)
    people = nominees(session, disclosure)
    names = {nomination.id: nomination.subject for nomination in people}
    said = objections(session, list(names))
    return {
        "rows": [
            {
                "subject": nomination.subject,
                "subject_kind": label(SUBJECT_KINDS, nomination.subject_kind),
                "position": nomination.position,
                "unit": units.get(nomination.proposal.office, ""),
                "form_label": label(FORMS, nomination.form),
                "achievement": nomination.achievement,
            }
            for nomination in people
        ],
        "nominee_choices": [{"value": str(key), "label": name} for key, name in names.items()],
        "objections": [
            {
                "subject": names[one.nomination_id],
                "sender": one.sender,
                "content": one.content,
                "received_on": show_date(one.received_on),
                "file_reference": one.file_reference,
            }
            for one in said
        ],
        "required_days": disclosure.required_days,
        "rule_source": describe_source(disclosure).vi,
        "rule_source_en": describe_source(disclosure).en,
        "posted_text": show_date(disclosure.posted_on),
        "closes_text": show_moment(disclosure.closes_at),
        "council_text": show_date(disclosure.council_on),
        "posting_address": disclosure.address,
        "earliest_council": show_date(earliest),
        "advised_council": show_date(next_working_day(calendar.load(session), earliest)),
        "convening_warning": _warn_convening(session, disclosure).vi,
    }


def _warn_convening(session: Session, disclosure: Disclosure) -> Text:
    """Return by when the secretary must invite when the list closes too late for that, else nothing.

    The list closes at the end of the last working day before the council: nothing is left to invite in.
    """
    if disclosure.council_on is None or disclosure.closes_at is None:
        return Text("", "")
    latest = last_working_day_before(calendar.load(session), disclosure.council_on)
    if local(disclosure.closes_at).date() < latest:
        return Text("", "")
    day, council = show_date(latest), show_date(disclosure.council_on)
    return Text(
        f"Danh sách đăng sát hạn, công khai đến hết ngày {day}: ngày cuối để triệu tập Hội đồng họp "
        f"{council} cũng là {day}. Thư ký cần chuẩn bị giấy mời trước, hoặc lùi ngày họp (quy ước nội bộ).",
        f"The list was posted at the last moment and stands until {day}, which is also the last day to "
        f"convene the council of {council}. Prepare the invitations now, or meet later (house rule).",
    )


def latest_posting(session: Session, council_on: date, days: int) -> date:
    """Return the last working day to post so many clear working days before a council."""
    return latest_day_before(calendar.load(session), council_on, days)


def nominees(session: Session, disclosure: Disclosure) -> list[Nomination]:
    """Return the nominees of a list, in the order they were proposed."""
    entries = select(DisclosureEntry.nomination_id).where(DisclosureEntry.disclosure_id == disclosure.id)
    return list(session.scalars(select(Nomination).where(Nomination.id.in_(entries)).order_by(Nomination.id)))


def objections(session: Session, nomination_ids: Collection[int]) -> Sequence[Objection]:
    """Return what was objected against nominations, oldest first."""
    query = select(Objection).where(Objection.nomination_id.in_(nomination_ids))
    return session.scalars(query.order_by(Objection.received_on, Objection.id)).all()


def of_nomination(session: Session, nomination: Nomination) -> Sequence[Disclosure]:
    """Return the lists a nomination stood on, oldest first."""
    query = select(Disclosure).join(DisclosureEntry, DisclosureEntry.disclosure_id == Disclosure.id)
    found = query.where(DisclosureEntry.nomination_id == nomination.id)
    return session.scalars(found.order_by(Disclosure.id)).all()


def published(session: Session) -> Sequence[Disclosure]:
    """Return the lists that were posted, newest first."""
    query = select(Disclosure).where(Disclosure.posted_on.is_not(None))
    return session.scalars(query.order_by(Disclosure.posted_on.desc(), Disclosure.id.desc())).all()


def find(session: Session, disclosure_id: int) -> Disclosure:
    """Return a list; raises NotFound."""
    found = session.get(Disclosure, disclosure_id)
    if found is None:
        raise NotFound(kind="disclosure", key=disclosure_id)
    return found


def describe_source(disclosure: Disclosure) -> Text:
    """Write where the number of days stands, and that it was not read in the original when it was not."""
    if disclosure.verified:
        return Text(disclosure.source, disclosure.source)
    return Text(f"{disclosure.source} (chưa đối chiếu bản gốc)", f"{disclosure.source} (not verified)")


def _find(session: Session, call: ServiceCall) -> Disclosure:
    return find(session, calls.read_integer(call, "disclosure"))


def _listed_before(session: Session, submission: Submission) -> frozenset[int]:
    query = select(DisclosureEntry.nomination_id).join(
        Disclosure, Disclosure.id == DisclosureEntry.disclosure_id
    )
    posted = query.where(Disclosure.submission_id == submission.id, Disclosure.posted_on.is_not(None))
    return frozenset(session.scalars(posted))


def _read_day(call: ServiceCall, name: str, wrong: dict[str, list[Text]]) -> date | None:
    try:
        day = calls.read_day(call.variables.get(name))
    except ValueError:
        wrong[name] = [NO_DAY]
        return None
    if day is None:
        wrong[name] = [NEEDED]
    return day


def _read_days(call: ServiceCall, today: date) -> dict[str, date]:
    wrong: dict[str, list[Text]] = {}
    found = {name: _read_day(call, name, wrong) for name in ("council_on", "posted_on")}
    if found["posted_on"] is not None and found["posted_on"] > today:
        wrong["posted_on"] = [NOT_YET]
    if not calls.read_text(call, "address"):
        wrong["address"] = [NEEDED]
    if wrong:
        raise FormInvalid(wrong)
    return {name: day for name, day in found.items() if day is not None}


def _refuse_late(session: Session, disclosure: Disclosure, council_on: date, posted_on: date) -> None:
    latest = latest_posting(session, council_on, disclosure.required_days)
    before = working_days_between(calendar.load(session), posted_on, council_on)
    clear = max(before - calendar.load(session).is_working_day(council_on), 0)
    raise Refused(
        vi=f"Đăng ngày {show_date(posted_on)} chỉ có {clear} ngày làm việc trước khi Hội đồng họp ngày "
        f"{show_date(council_on)}; phải đủ {disclosure.required_days} ngày làm việc, không tính ngày đăng. "
        f"Chậm nhất phải đăng ngày {show_date(latest)}; hãy lùi ngày họp.",
        en=f"Posted on {show_date(posted_on)} there are only {clear} working days before the council of "
        f"{show_date(council_on)}; {disclosure.required_days} clear working days are needed. The latest day "
        f"to post is {show_date(latest)}; let the council meet later.",
        source=describe_source(disclosure).vi,
    )


HANDLERS: Mapping[str, Registration] = {
    "disclosures.open": Registration(open_list),
    "disclosures.post": Registration(post),
    "disclosures.record_objection": Registration(record_objection),
    "disclosures.close": Registration(close),
    "disclosures.show": Registration(show),
}
