"""Attendance: answers to the invitation, opinions in writing, who came, and whether that is a quorum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Conflict, FormInvalid, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, nominations
from workflows.councils import counting, members, rulebook, sessions, voting
from workflows.tables import CouncilAttendance, CouncilMember, CouncilSession, WrittenOpinion
from workflows.vocabulary import show_date

REPLIES = ("coming", "absent", "written")
STATUSES = ("present", "absent", "substitute")
ROLES = {
    "chair": Text("Chủ tịch Hội đồng", "Chair"),
    "deputy": Text("Phó Chủ tịch", "Deputy chair"),
    "secretary": Text("Ủy viên thư ký", "Secretary"),
    "member": Text("Ủy viên", "Member"),
    "guest": Text("Khách mời (không biểu quyết)", "Guest (does not vote)"),
}
SAID = {
    "": "chưa trả lời",
    "coming": "sẽ dự",
    "absent": "vắng",
    "written": "vắng, đã gửi ý kiến bằng văn bản",
}


def reply(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take a member's answer to the invitation: coming, absent with the reason, or a vote in writing.

    NĐ 98/2023 Đ30k7: absent members are asked in writing. In a secret session the vote goes into the box.
    """
    found = sessions.find(session, call)
    member = voting.voter_of(call, "invitee")
    answer, reason = calls.read_text(call, "answer"), calls.read_text(call, "reason")
    if answer not in REPLIES:
        raise FormInvalid({"answer": [calls.CHOICE_NEEDED]})
    if answer != "coming" and not reason:
        raise FormInvalid({"reason": [calls.REASON_NEEDED]})
    entry = _entry(session, found, member)
    entry.reply, entry.reason = answer, reason if answer != "coming" else ""
    if answer == "written":
        _take_opinion(session, call, found, member)
    session.flush()
    return {}


def _entry(session: Session, found: CouncilSession, member: int) -> CouncilAttendance:
    entry = next((one for one in voting.current(found) if one.member_id == member), None)
    if entry is None:
        entry = CouncilAttendance(session_id=found.id, round=found.round, member_id=member)
        session.add(entry)
        session.flush()
        session.expire(found, ["attendances"])
    return entry


def _take_opinion(session: Session, call: ServiceCall, found: CouncilSession, member: int) -> None:
    day = found.day or local(call.now).date()
    needed = rulebook.vote_rules(session, sessions.nominees(session, found), day)
    barred = next((rule.source for rule in needed.values() if not rule.written_counts), "")
    if barred:
        raise Refused(
            "Danh sách có hình thức không tính phiếu gửi bằng văn bản.",
            "The list has a form of award for which votes in writing do not count.",
            barred,
        )
    voting.cast(session, call, found, member, written=True)
    document = calls.read_text(call, "document")
    session.add(
        WrittenOpinion(
            session_id=found.id, round=found.round, member_id=member, document=document, at=call.now
        )
    )


def attendance_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return everybody who sits in the council on the day of the session (form source)."""
    found = sessions.find(session, call)
    names = members.names(session)
    answers = {entry.member_id: entry for entry in voting.current(found)}
    day = sessions.day_of(found)
    profile = members.profile_on(session, found.council, day)
    return {
        **sessions.heading(session, found),
        "quorum_label": rulebook.describe_quorum(session, profile, day).vi,
        "people": [{"value": login, "label": name} for login, name in sorted(names.items())],
        "rows": [_row(member, answers.get(member.id), names) for member in _sitting(session, found)],
    }


def _sitting(session: Session, found: CouncilSession) -> Sequence[CouncilMember]:
    return members.members_on(session, found.council_id, sessions.day_of(found))


def _row(member: CouncilMember, entry: CouncilAttendance | None, names: Mapping[str, str]) -> dict[str, Json]:
    said = entry.reply if entry is not None else ""
    return {
        "id": str(member.id),
        "name": names.get(member.login, member.login),
        "role": ROLES[member.role].vi,
        "reply": SAID[said],
        "status": "absent" if said in ("absent", "written") else "present",
        "reason": entry.reason if entry is not None else "",
        "substitute": entry.substitute or None if entry is not None else None,
        "substitute_document": entry.substitute_document if entry is not None else "",
    }


def record_attendance(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record who came; return whether that is a quorum and who presides.

    Membership is that of the day of the meeting. Base and quorum count all voting members; a substitute
    counts as the member, an opinion in writing where the quorum rule says so.
    """
    found = sessions.find(session, call)
    sitting = {member.id: member for member in _sitting(session, found)}
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    if set(given) != set(sitting):
        raise Conflict(
            expected="the attendance of every member of the day",
            found="the members on the page are not the present ones",
            found_vi="danh sách thành viên trên trang không khớp danh sách của ngày họp",
        )
    _check(session, found, sitting, given)
    for member_id, (_, row) in given.items():
        _note(_entry(session, found, member_id), row)
    gone = [entry for entry in voting.current(found) if entry.member_id not in sitting]
    for entry in gone:
        entry.status = "left"
    session.flush()
    voters = [member for member in sitting.values() if members.votes(member)]
    found.base = len(voters)
    found.presider = _presider(found)
    quorate = _judge(session, found, {entry.member_id for entry in gone})
    presider: dict[str, Json] = {"presiders": [found.presider]} if found.presider else {}
    return {"quorate": quorate, **presider}


def _check(
    session: Session,
    found: CouncilSession,
    sitting: Mapping[int, CouncilMember],
    given: Mapping[int, tuple[int, Mapping[str, Any]]],
) -> None:
    """Raise FormInvalid for a missing answer, reason or substitute, and for one who may not stand in."""
    profile = members.profile_on(session, found.council, sessions.day_of(found))
    taken = {member.login for member in sitting.values() if members.votes(member)}
    messages: dict[str, list[Text]] = {}
    for member_id, (index, row) in given.items():
        path, status = f"rows.{index}", row.get("status")
        if status not in STATUSES:
            messages[f"{path}.status"] = [calls.CHOICE_NEEDED]
        elif status == "absent" and not str(row.get("reason") or "").strip():
            messages[f"{path}.reason"] = [calls.REASON_NEEDED]
        elif status == "substitute":
            login = str(row.get("substitute") or "")
            allowed = profile.substitutes and members.votes(sitting[member_id])
            wrong = _refuse_substitute(login, taken, str(row.get("substitute_document") or ""), allowed)
            if wrong is not None:
                messages[f"{path}.substitute"] = [wrong]
            taken.add(login)
    calls.refuse_wrong(messages)


def _refuse_substitute(login: str, taken: set[str], document: str, allowed: bool) -> Text | None:
    if not allowed:
        return Text(
            "Quy chế của Hội đồng không cho cử người thay (TT 25/2025/TT-BKHCN Đ23 thì cho).",
            "The profile of this council knows no substitutes (TT 25/2025/TT-BKHCN Đ23 does).",
        )
    if not login or not document.strip():
        return Text(
            "Ghi người được cử thay và văn bản cử (TT 25/2025/TT-BKHCN Đ23).",
            "Name the substitute and the document that sends them (TT 25/2025/TT-BKHCN Đ23).",
        )
    if login in taken:
        return Text(
            "Người này đã có phiếu của mình hoặc đã thay người khác; mỗi người một phiếu (quy ước nội bộ).",
            "This person has a vote already; one person, one vote (house rule).",
        )
    return None


def _note(entry: CouncilAttendance, row: Mapping[str, Any]) -> None:
    entry.status = str(row["status"])
    entry.reason = str(row.get("reason") or "").strip() if entry.status != "present" else ""
    stands_in = entry.status == "substitute"
    entry.substitute = str(row.get("substitute") or "") if stands_in else ""
    entry.substitute_document = str(row.get("substitute_document") or "").strip() if stands_in else ""


def _presider(found: CouncilSession) -> str:
    """Return who presides: the chair when present, else a deputy who is, else the chair answers for it."""
    here = [entry for entry in voting.current(found) if entry.status == "present"]
    for role in ("chair", "deputy"):
        for entry in here:
            if entry.member.role == role:
                return entry.member.login
    chairs = [entry.member.login for entry in voting.current(found) if entry.member.role == "chair"]
    return chairs[0] if chairs else found.presider


def _judge(session: Session, found: CouncilSession, gone: set[int]) -> bool:
    """Tell whether the session has a quorum; keep the words for the minutes and the next convening."""
    quorum = rulebook.quorum_rule(session, found.council, sessions.day_of(found))
    wrote = {vote.member_id for vote in voting.votes_cast(session, found)}
    came = {
        entry.member_id
        for entry in voting.current(found)
        if entry.status in ("present", "substitute") and members.votes(entry.member)
    }
    counted = len(came | (wrote - gone)) if quorum.written_counts else len(came)
    if wrote & gone:
        found.return_reason = (
            f"Người đã gửi ý kiến không còn là thành viên ngày {show_date(sessions.day_of(found))}."
        )
        return False
    enough = counting.has_quorum(counted, found.base, quorum.part, quorum.whole)
    said = f"{counted}/{found.base} thành viên, cần từ {quorum.part}/{quorum.whole} ({quorum.source})"
    found.return_reason = "" if enough else f"Không đủ số thành viên: {said}."
    found.quorum_note = said
    session.flush()
    return enough
