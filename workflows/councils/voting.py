"""Voting: who may vote, votes by show of hands or into the closed box, closing with tellers.

Whether somebody has voted and what was voted are written apart: a secret choice goes into the box at once and
stands nowhere else, not even for the length of a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, nominations, rows
from workflows.councils import ballots, members, sessions
from workflows.tables import CouncilAttendance, CouncilSession, OpenVote, VoteCast
from workflows.vocabulary import show_moment

PERSONAL = "TT 25/2025/TT-BKHCN Đ23; mỗi thành viên một phiếu"
COUNTED_HERE = "Quy ước nội bộ: phiếu đóng một lần, có tổ kiểm phiếu"


def voter_of(call: ServiceCall, name: str) -> int:
    """Return the member that a personal task is for; raises Refused when somebody else does it."""
    voter = call.variables.get(name)
    found = voter if isinstance(voter, Mapping) else {}
    if found.get("login") != call.actor.name:
        raise Refused(
            "Phiếu và ý kiến của thành viên Hội đồng do chính người đó gửi.",
            "A council member's vote and opinion are given by that member in person.",
            PERSONAL,
        )
    return int(str(found["member"]))


def cast(session: Session, call: ServiceCall, found: CouncilSession, member: int, *, written: bool) -> None:
    """Take the choices of a form as the vote of a member; raises FormInvalid, Refused for a second one."""
    choices = _read_choices(call, found)
    first = rows.add_once(
        session,
        VoteCast,
        session_id=found.id,
        member_id=member,
        voter=call.actor.name,
        written=written,
        at=call.now,
    )
    if not first:
        raise Refused(
            "Thành viên này đã có phiếu trong phiên họp; không bỏ phiếu hai lần.",
            "This member has voted in the session already; nobody votes twice.",
            PERSONAL,
        )
    if found.ballot == "secret":
        ballots.put(session, found.id, sorted(choices), choices)
        return
    session.add_all(
        OpenVote(session_id=found.id, nomination_id=nominee, member_id=member, choice=choice)
        for nominee, choice in choices.items()
    )
    session.flush()


def _read_choices(call: ServiceCall, found: CouncilSession) -> dict[int, str]:
    """Return one choice per nominee; raises FormInvalid for a row without one, or a list that is another."""
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    messages = {
        f"rows.{index}.choice": [calls.CHOICE_NEEDED]
        for index, entry in given.values()
        if entry.get("choice") not in ballots.CHOICES
    }
    if set(given) != {entry.nomination_id for entry in found.entries}:
        changed = Text("Danh sách đã thay đổi, hãy tải lại trang.", "The list has changed; reload the page.")
        messages["rows"] = [changed]
    calls.refuse_wrong(messages)
    return {nominee: str(entry["choice"]) for nominee, (_, entry) in given.items()}


def ballot_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees to vote on, nothing chosen (form source of every vote and opinion)."""
    found = sessions.find(session, call)
    day = found.day or local(call.now).date()
    return {**sessions.heading(session, found), **sessions.listing(session, found, day)}


def order(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the secretary reads out before the vote: nominees, rules, who is there."""
    found = sessions.find(session, call)
    return {**ballot_rows(session, call), "present_label": f"{len(_voters(found))}/{found.base}"}


def open_voting(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open the vote until a moment: everybody present, or their substitute, who has not voted in writing."""
    found = sessions.find(session, call)
    if call.variables.get("criteria_read") is not True:
        needed = Text("Phải nêu tiêu chuẩn trước khi bỏ phiếu.", "The criteria are read out before the vote.")
        raise FormInvalid({"criteria_read": [needed]})
    closes_at = sessions.read_moment(call, "closes_at")
    if closes_at <= call.now:
        later = Text("Giờ kết thúc phải ở phía trước.", "The closing time must lie ahead.")
        raise FormInvalid({"closes_at": [later]})
    found.closes_at, found.status = closes_at, "voting"
    found.discussion = calls.read_text(call, "discussion")
    voted = {vote.member_id for vote in votes_cast(session, found)}
    voters = [voter for voter in _voters(found) if voter["member"] not in voted]
    session.flush()
    return {"voters": list[Json](voters), "closes_at": closes_at.isoformat(), "voting_closed": False}


def _voters(found: CouncilSession) -> list[dict[str, Json]]:
    """Return who votes at the meeting: members present, and substitutes in the place of absent ones."""
    here = [entry for entry in current(found) if members.votes(entry.member)]
    return [
        {"member": entry.member_id, "login": entry.substitute or entry.member.login}
        for entry in here
        if entry.status in ("present", "substitute")
    ]


def current(found: CouncilSession) -> list[CouncilAttendance]:
    """Return the attendance of the round under way, without who has left the council meanwhile."""
    return [entry for entry in found.attendances if entry.round == found.round and entry.status != "left"]


def votes_cast(session: Session, found: CouncilSession) -> list[VoteCast]:
    """Return who has voted, by member: nothing here says when one came after another."""
    query = select(VoteCast).where(VoteCast.session_id == found.id)
    return list(session.scalars(query.order_by(VoteCast.member_id)))


def vote(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the vote of one member at the meeting; raises Refused when voting is closed or its time over."""
    found = sessions.find(session, call)
    member = voter_of(call, "voter")
    if found.status != "voting" or (found.closes_at is not None and call.now > found.closes_at):
        raise Refused(
            "Đã đóng bỏ phiếu, phiếu này không được nhận.",
            "Voting is closed; this vote is not accepted.",
            COUNTED_HERE,
        )
    cast(session, call, found, member, written=False)
    return {}


def turnout(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return who has voted and who has not (form source of `close_voting`)."""
    found = sessions.find(session, call)
    names = members.names(session)
    voted = {vote.member_id: vote for vote in votes_cast(session, found)}
    table: list[Json] = [
        {"name": names.get(entry.member.login, entry.member.login), "state": _say_vote(voted, entry)}
        for entry in current(found)
        if members.votes(entry.member)
    ]
    tellers: list[Json] = [
        {"value": entry.member.login, "label": names.get(entry.member.login, entry.member.login)}
        for entry in _possible_tellers(found)
    ]
    return {
        **sessions.heading(session, found),
        "turnout": table,
        "people": tellers,
        "missing_count": len(_missing(session, found)),
        "reason_needed": _is_early(session, call, found),
    }


def _possible_tellers(found: CouncilSession) -> list[CouncilAttendance]:
    """Return who may be a teller: whoever is present; when all have written and nobody came, any member."""
    sitting = current(found)
    return [entry for entry in sitting if entry.status == "present"] or sitting


def _say_vote(voted: Mapping[int, VoteCast], entry: CouncilAttendance) -> str:
    found = voted.get(entry.member_id)
    if found is None:
        return "chưa bỏ phiếu" if entry.status in ("present", "substitute") else "vắng, không có ý kiến"
    return "ý kiến bằng văn bản" if found.written else "đã bỏ phiếu"


def _is_early(session: Session, call: ServiceCall, found: CouncilSession) -> bool:
    """Tell whether the vote would close while its time runs and somebody has not voted."""
    ahead = found.closes_at is None or call.now < found.closes_at
    return ahead and bool(_missing(session, found))


def count_issued(session: Session, found: CouncilSession) -> int:
    """Return how many ballots were handed out: to everybody present, and to whoever voted in writing."""
    return len(votes_cast(session, found)) + len(_missing(session, found))


def _missing(session: Session, found: CouncilSession) -> list[dict[str, Json]]:
    voted = {vote.member_id for vote in votes_cast(session, found)}
    return [voter for voter in _voters(found) if voter["member"] not in voted]


def close_voting(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Close the vote with its tellers; while its time runs and somebody has not voted, with a reason."""
    found = sessions.find(session, call)
    tellers: Any = call.variables.get("tellers") or []
    reason = calls.read_text(call, "reason")
    if not tellers:
        raise FormInvalid(
            {"tellers": [Text("Cần ít nhất một người kiểm phiếu.", "Name at least one teller.")]}
        )
    if not reason and _is_early(session, call, found):
        raise FormInvalid({"reason": [calls.REASON_NEEDED]})
    found.tellers, found.close_reason = list(tellers), reason
    found.closed_at, found.status = call.now, "closed"
    session.flush()
    return {"voting_closed": True}


def describe_turnout(session: Session, found: CouncilSession) -> str:
    """Return how many have voted of how many voting members, as people read it."""
    query = select(func.count()).select_from(VoteCast).where(VoteCast.session_id == found.id)
    return f"{session.scalar(query) or 0}/{found.base} ({show_moment(found.closed_at)})"
