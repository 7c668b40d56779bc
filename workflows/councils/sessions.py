"""Sessions of a council: opened for the nominees of a submission, convened, adjourned and convened again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from engine.actors import USER
from engine.clock import local
from engine.errors import BadInput, FormInvalid, NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    calls,
    movement_quotas,
    nominations,
    nominee_papers,
    notices,
    organisation,
    submissions,
)
from workflows.councils import ballots, members, rulebook
from workflows.tables import (
    CouncilAttendance,
    CouncilMember,
    CouncilSession,
    Nomination,
    OpenVote,
    Person,
    SessionEntry,
    VoteCast,
)
from workflows.vocabulary import show_moment

KINDS = ("full", "standing")
BALLOT_WORDS = {
    "open": Text("biểu quyết công khai", "open vote"),
    "secret": Text("bỏ phiếu kín", "secret ballot"),
}
HOUSE_RULE = "Quy ước nội bộ của hệ thống"
SECRET_NEEDED = Text(
    "Danh sách có hình thức phải bỏ phiếu kín.", "The list has a form of award that is voted on in secret."
)


def open_session(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open a session of a council on the nominees of a submission that wait, of the `forms` when given.

    Returns its id and who serves it; raises Refused when nobody waits.
    """
    council = members.find(session, calls.read_text(call, "council"))
    submission = submissions.find(session, call)
    forms = call.variables.get("forms") or []
    here = submissions.waits_at(submission.to_unit)
    nominees = [
        nominee
        for nominee in submissions.waiting(session, submission, here)
        if not forms or (isinstance(forms, list) and nominee.form in forms)
    ]
    if not nominees:
        raise Refused(
            "Không có đề nghị nào chờ Hội đồng xét.", "No nomination waits for the council.", HOUSE_RULE
        )
    found = CouncilSession(
        council_id=council.id,
        submission_id=submission.id,
        instance_id=call.instance_id,
        title=calls.read_text(call, "session_title") or council.name,
        kind=_read_kind(call),
        status="preparing",
        round=1,
        quota=_quota(session, call, nominees),
    )
    women = _women(session, nominees)
    found.entries = [
        SessionEntry(nomination_id=nominee.id, women_first=nominee.id in women) for nominee in nominees
    ]
    session.add(found)
    session.flush()
    sitting = members.members_on(session, council.id, local(call.now).date())
    chairs = members.logins(sitting, "chair") or members.logins(sitting, "deputy")
    secretaries = members.logins(sitting, "secretary") or chairs
    if not chairs:
        raise Refused(
            f"{council.name} hôm nay không có Chủ tịch hay Phó Chủ tịch.",
            f"{council.name} has neither chair nor deputy today.",
            council.founded_by,
        )
    return {
        "council_session_id": found.id,
        "session_kind": found.kind,
        "session_title": found.title,
        "secretaries": list[Json](secretaries),
        "presiders": list[Json](chairs),
        "voting_closed": False,
        "passed_count": 0,
    }


def _read_kind(call: ServiceCall) -> str:
    kind = calls.read_text(call, "kind") or "full"
    if kind not in KINDS:
        raise BadInput(
            expected="kind full or standing", expected_vi="cách họp full hoặc standing", found=kind
        )
    return kind


def _quota(session: Session, call: ServiceCall, nominees: Sequence[Nomination]) -> Any:
    """Return the places of a session: those given, else what is left of the quotas of the nominees' plans."""
    given = _read_quota(call.variables.get("quota"))
    if given is not None:
        return given
    left = movement_quotas.places_left(session, nominees, local(call.now).date())
    return {str(group): places for group, places in left.items()} or None


def kind_of(found: CouncilSession, nominee: Nomination) -> str:
    """Return the key of the places that a nominee competes for: its group under a plan, or its kind."""
    group = str(movement_quotas.group_of(nominee))
    return group if isinstance(found.quota, Mapping) and group in found.quota else nominee.subject_kind


def _read_quota(value: object) -> Any:
    """Return a quota as it is kept: nothing, a whole number, or whole numbers per kind of subject."""
    if value is None:
        return None
    if isinstance(value, Mapping) and value and all(_is_count(number) for number in value.values()):
        return {str(kind): int(number) for kind, number in value.items()}
    if _is_count(value):
        return int(str(value).removesuffix(".0"))
    raise BadInput(
        expected="a quota of whole numbers", expected_vi="hạn mức là số nguyên không âm", found=value
    )


def _is_count(value: object) -> bool:
    """Tell whether a value is a whole number from 0; FEEL may write one as 3.0."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return whole and not isinstance(value, bool) and float(str(value)) >= 0


def _women(session: Session, nominees: Sequence[Nomination]) -> set[int]:
    """Return the nominees known to be women; the secretary corrects it when convening."""
    names = [nominee.subject for nominee in nominees if nominee.subject_kind == "individual"]
    query = select(Person.name).where(Person.name.in_(names), Person.gender == "female")
    women = set(session.scalars(query))
    return {one.id for one in nominees if one.subject_kind == "individual" and one.subject in women}


def find(session: Session, call: ServiceCall) -> CouncilSession:
    """Return the session that a call is about; raises NotFound."""
    return get(session, calls.read_integer(call, "council_session_id"))


def get(session: Session, session_id: int) -> CouncilSession:
    """Return a session by its id; raises NotFound."""
    found = session.get(CouncilSession, session_id)
    if found is None:
        raise NotFound(kind="council session", key=session_id)
    return found


def day_of(found: CouncilSession) -> date:
    """Return the day whose members and rules count, that of the meeting; raises NotFound without one."""
    if found.day is None:
        raise NotFound(kind="council session", key=found.id)
    return found.day


def nominees(session: Session, found: CouncilSession) -> list[Nomination]:
    """Return the nominees on the agenda, in the order they were proposed."""
    query = select(Nomination).where(on_agenda(found))
    return list(session.scalars(query.order_by(Nomination.id)))


def on_agenda(found: CouncilSession) -> ColumnElement[bool]:
    """Return the condition on nominations that a session votes on."""
    return Nomination.id.in_(select(SessionEntry.nomination_id).where(SessionEntry.session_id == found.id))


def nominee_rows(session: Session, found: CouncilSession, day: date) -> list[dict[str, Json]]:
    """Return the nominees as forms show them, with the rule that will judge the votes on each."""
    units = organisation.unit_names(session)
    women = {entry.nomination_id: entry.women_first for entry in found.entries}
    listed = nominees(session, found)
    needed = rulebook.vote_rules(session, listed, day)
    return [
        {
            **nominations.row(nominee, units),
            "women_first": women[nominee.id],
            "rule": needed[nominee.form].describe().vi,
            "choice": None,
        }
        for nominee in listed
    ]


def listing(session: Session, found: CouncilSession, day: date) -> dict[str, Json]:
    """Return the nominees, the quotas they exceed, and what was said of them: opinions, objections …"""
    listed = nominees(session, found)
    return {
        "rows": list[Json](nominee_rows(session, found, day)),
        "papers": nominee_papers.table(session, listed),
        "quota_warning": movement_quotas.warn(session, on_agenda(found), day).vi,
    }


def heading(session: Session, found: CouncilSession) -> dict[str, Json]:
    """Return what stands above the rows of every form of a session."""
    return {
        "session_title": found.title,
        "council_name": found.council.name,
        "place": found.place,
        "meets_at": found.meets_at.isoformat() if found.meets_at else None,
        "meets_at_label": show_moment(found.meets_at),
        "agenda": found.agenda,
        "ballot": found.ballot,
        "ballot_label": BALLOT_WORDS[found.ballot].vi,
        "round": found.round,
        "earlier_reason": found.return_reason,
        "closes_at_label": show_moment(found.closes_at),
    }


def agenda(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the secretary convenes with (form source of `convene` and `request_opinions`)."""
    found = find(session, call)
    day = local(call.now).date()
    needed = rulebook.vote_rules(session, nominees(session, found), day)
    secret = any(rule.secret for rule in needed.values()) and found.kind == "full"
    profile = members.profile_on(session, found.council, day)
    return {
        **heading(session, found),
        "ballot": "secret" if secret else found.ballot,
        "secret_needed": secret,
        "quorum_label": rulebook.describe_quorum(session, profile, day).vi,
        **listing(session, found, day),
    }


def convene(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Set date, place, agenda and ballot, and invite the members of that day by notice and task.

    Raises FormInvalid when a form on the list asks for a secret ballot and an open one was chosen.
    """
    found = find(session, call)
    meets_at = read_moment(call, "meets_at")
    day = local(meets_at).date()
    ballot = calls.read_text(call, "ballot")
    needed = rulebook.vote_rules(session, nominees(session, found), day)
    if ballot not in BALLOT_WORDS:
        raise FormInvalid({"ballot": [calls.CHOICE_NEEDED]})
    if ballot == "open" and (source := next((r.source for r in needed.values() if r.secret), "")):
        told = Text(f"{SECRET_NEEDED.vi} Căn cứ: {source}.", f"{SECRET_NEEDED.en} Source: {source}.")
        raise FormInvalid({"ballot": [told]})
    found.place, found.agenda = calls.read_text(call, "place"), calls.read_text(call, "agenda")
    found.meets_at, found.ballot, found.day, found.status = meets_at, ballot, day, "convened"
    _keep_women_first(found, call)
    invited = invite(session, call, found)
    if ballot == "secret":
        ballots.make_box(session, found.id, [entry.nomination_id for entry in found.entries], len(invited))
    return {"invited": list[Json](invited), "reply_until": meets_at.isoformat()}


def read_moment(call: ServiceCall, name: str) -> datetime:
    """Return a date and time of a form; raises FormInvalid."""
    try:
        return datetime.fromisoformat(calls.read_text(call, name))
    except ValueError:
        needed = Text("Cần ghi ngày giờ.", "A date and time is needed.")
        raise FormInvalid({name: [needed]}) from None


def _keep_women_first(found: CouncilSession, call: ServiceCall) -> None:
    """Take over what the secretary says of women and of collectives with at least 70 % women."""
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    for entry in found.entries:
        if entry.nomination_id in given:
            entry.women_first = given[entry.nomination_id][1].get("women_first") is True


def invite(session: Session, call: ServiceCall, found: CouncilSession) -> list[dict[str, Json]]:
    """Invite everybody who sits in the council on the day of the session; return the voting members.

    Guests get the notice only: they speak and do not vote.
    """
    if any(entry.round == found.round for entry in found.attendances):
        start_over(session, found)  # convened again without having been adjourned
    sitting = members.members_on(session, found.council_id, found.day or local(call.now).date())
    session.add_all(
        CouncilAttendance(session_id=found.id, round=found.round, member_id=member.id) for member in sitting
    )
    session.flush()
    session.expire(found, ["attendances"])
    when, where = show_moment(found.meets_at), found.place
    said = Text(
        f"Mời họp {found.council.name}: {found.title}, {when}, {where}.",
        f"Invitation to {found.council.name}: {found.title}, {when}, {where}.",
    )
    about = f"council_session/{found.id}/{found.round}"
    letter = notices.Letter("council_invitation", about, said.vi, said.en)
    notices.send(session, call, [USER + member.login for member in sitting], letter)
    return name_voters(sitting)


def name_voters(sitting: Sequence[CouncilMember]) -> list[dict[str, Json]]:
    """Return the voting members as a multi-instance goes over them."""
    return [{"member": member.id, "login": member.login} for member in sitting if members.votes(member)]


def adjourn(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Adjourn a session without quorum: it is convened again, and opinions are asked for again."""
    found = find(session, call)
    start_over(session, found)
    return {"round": found.round}


def start_over(session: Session, found: CouncilSession) -> None:
    """Begin another round: what was voted in writing for the last one is not kept, nor who had voted."""
    found.round += 1
    found.status = "preparing"
    session.execute(delete(VoteCast).where(VoteCast.session_id == found.id))
    session.execute(delete(OpenVote).where(OpenVote.session_id == found.id))
    ballots.discard_box(session, found.id)
    session.flush()
