"""Minutes of a session (biên bản họp, biên bản kiểm phiếu): what they say, who signs them, what follows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Text
from engine.handlers import Json, ServiceCall
from workflows import calls, documents
from workflows.councils import attendance, members, results, sessions, voting
from workflows.tables import CouncilMember, CouncilSession, Nomination, OpenVote, Person, Submission
from workflows.vocabulary import FORMS, label, show_moment

ATTENDED = {
    "invited": Text("lấy ý kiến bằng văn bản", "asked in writing"),
    "present": Text("có mặt", "present"),
    "absent": Text("vắng mặt", "absent"),
    "substitute": Text("vắng, cử người thay", "absent, sent a substitute"),
    "left": Text("không còn là thành viên", "no longer a member"),
}


def minutes(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the minutes as they stand (form source of `record_minutes` and `sign_minutes`)."""
    found = sessions.find(session, call)
    written = facts(session, found)
    return {
        **sessions.heading(session, found),
        **{name: written[name] for name in ("members", "tallies", "quorum", "discussion", "tellers_label")},
        "dissent": "\n".join(_dissent(session, found)),
        "return_reason": found.return_reason,
        "turnout_label": voting.describe_turnout(session, found),
        "ballots_hash": found.ballots_hash,
    }


def facts(session: Session, found: CouncilSession) -> dict[str, Any]:
    """Return what both minutes say, by the names that the templates of `documents` use.

    Who has voted is named; what a member voted in secret is not known to anybody and cannot stand here.
    """
    names = members.names(session)
    listed = {nominee.id: nominee for nominee in sessions.nominees(session, found)}
    voted = voting.votes_cast(session, found)
    ballots, issued = len(voted), voting.count_issued(session, found)
    secretaries = [e.member.login for e in voting.current(found) if e.member.role == "secretary"]
    return {
        "council": found.council.name,
        "opened": show_moment(found.meets_at or found.closes_at),
        "closed": show_moment(found.closed_at),
        "venue": found.place or "Lấy ý kiến bằng văn bản",
        "chair": names.get(found.presider, found.presider),
        "secretary": ", ".join(names.get(login, login) for login in secretaries),
        "quorum": _say_quorum(found),
        "discussion": found.discussion,
        "paragraphs": _dissent(session, found),
        "conclusion": _conclude(found),
        "members": [_member(index, entry, names) for index, entry in enumerate(voting.current(found), 1)],
        "members_total": str(found.base),
        "ballots_issued": str(issued),
        "ballots_returned": str(ballots),
        "ballots_valid": str(ballots),
        "ballots_invalid": "0",
        "method": sessions.BALLOT_WORDS[found.ballot].vi,
        "tallies": [
            _tally(index, verdict, listed[verdict.nomination_id])
            for index, verdict in enumerate(results.verdicts(session, found.id), 1)
        ],
        "tellers": [{"name": names.get(login, login), "role": "Kiểm phiếu"} for login in found.tellers],
        "tellers_label": ", ".join(names.get(login, login) for login in found.tellers),
        "signer_name": names.get(found.presider, found.presider),
        "signature_lines": ["CHỦ TỌA"],
        "left_name": ", ".join(names.get(login, login) for login in found.signed_by[:1]),
        "left_lines": ["THƯ KÝ"],
    }


def _say_quorum(found: CouncilSession) -> str:
    if found.kind == "standing":
        return "Không họp: thường trực Hội đồng lấy ý kiến bằng văn bản."
    return f"Tham gia {found.quorum_note}."


def _dissent(session: Session, found: CouncilSession) -> list[str]:
    """Return who voted no in an open vote, a line for each nominee, for the chair to read (BN86 Đ8)."""
    query = (
        select(Nomination.subject, Person.name)
        .join(OpenVote, OpenVote.nomination_id == Nomination.id)
        .join(CouncilMember, CouncilMember.id == OpenVote.member_id)
        .join(Person, Person.login == CouncilMember.login)
        .where(OpenVote.session_id == found.id, OpenVote.choice == "no")
        .order_by(Nomination.id, CouncilMember.id)
    )
    against: dict[str, list[str]] = {}
    for subject, name in session.execute(query):
        against.setdefault(subject, []).append(name)
    return [f"Không đồng ý với {subject}: {', '.join(names)}." for subject, names in against.items()]


def _conclude(found: CouncilSession) -> str:
    chosen = sum(verdict.outcome == "selected" for verdict in found.verdicts)
    return f"Hội đồng nhất trí đề nghị {chosen}/{len(found.verdicts)} trường hợp."


def _member(index: int, entry: Any, names: dict[str, str]) -> dict[str, str]:
    stands_in = names.get(entry.substitute, entry.substitute)
    reason = f"{stands_in} thay, {entry.substitute_document}" if entry.substitute else entry.reason
    said = ATTENDED[entry.status].vi
    if entry.reply == "written" and entry.status != "present":
        said = "vắng mặt, có ý kiến bằng văn bản"
    return {
        "index": str(index),
        "name": names.get(entry.member.login, entry.member.login),
        "role": attendance.ROLES[entry.member.role].vi,
        "attendance": said,
        "reason": reason,
    }


def _tally(index: int, verdict: Any, nominee: Nomination) -> dict[str, str]:
    return {
        "index": str(index),
        "subject": nominee.subject,
        "form": label(FORMS, nominee.form),
        "yes": str(verdict.yes),
        "no": str(verdict.no),
        "invalid": str(verdict.invalid),
        "base": str(verdict.base),
        "percent": f"{verdict.percent} %",
        "outcome": results.OUTCOMES[verdict.outcome].vi,
    }


def record(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the secretary complete and sign the minutes."""
    found = sessions.find(session, call)
    found.discussion = calls.read_text(call, "discussion")
    found.status, found.return_reason = "minuted", ""
    found.signed_by = [call.actor.name]
    session.flush()
    return {}


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let whoever presided sign the minutes or return them; signing ends the session and issues them."""
    found = sessions.find(session, call)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    if decision == "return":
        found.return_reason, found.status = reason, "counted"
        session.flush()
        return {"decision": decision, "passed_count": 0}
    found.signed_by = [*found.signed_by[:1], call.actor.name]
    found.status, found.ended_at = "ended", call.now
    passed = results.tell(session, call, found)
    _issue(session, call, found)
    return {"decision": decision, "passed_count": passed}


def _issue(session: Session, call: ServiceCall, found: CouncilSession) -> None:
    """Issue the minutes of the session, and those of the count when there was a vote."""
    kinds = ["council_minutes"] if found.kind == "standing" else ["council_minutes", "ballot_minutes"]
    submission = session.get(Submission, found.submission_id) if found.submission_id else None
    written = facts(session, found)
    counted = {"opened": written["closed"], "paragraphs": []}  # the count begins when the vote is closed
    if found.ballot == "open":
        counted["title"] = "BIÊN BẢN KẾT QUẢ BIỂU QUYẾT"
    for kind in kinds:
        about = documents.About(
            unit=found.council.unit_code,
            subject_line=found.title,
            submission=submission,
            council_session_id=found.id,
            facts=written | (counted if kind == "ballot_minutes" else {}),
        )
        documents.issue(session, call, kind, about)
