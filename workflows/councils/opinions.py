"""The standing body's way: opinions in writing without a meeting, then the chair decides.

TT 25/2025/TT-BKHCN Đ23: without a meeting the standing body collects written opinions and the chair decides.
Opinions are signed, so they are open; no threshold is applied, the chair sees how many agree.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, nominations
from workflows.councils import counting, results, sessions, voting
from workflows.tables import CouncilSession, CouncilVerdict, WrittenOpinion

SOURCE = "TT 25/2025/TT-BKHCN Đ23"
DECISIONS = ("select", "leave")


def request(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Ask the members of today for their opinion in writing, until a moment."""
    found = sessions.find(session, call)
    closes_at = sessions.read_moment(call, "closes_at")
    if closes_at <= call.now:
        raise FormInvalid({"closes_at": [Text("Hạn phải ở phía trước.", "The time limit must lie ahead.")]})
    found.closes_at, found.day = closes_at, local(call.now).date()
    found.agenda, found.status, found.ballot = calls.read_text(call, "agenda"), "voting", "open"
    invited = sessions.invite(session, call, found)
    found.base = len(invited)
    session.flush()
    return {"invited": list[Json](invited), "reply_until": closes_at.isoformat()}


def give(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the opinion of one member; raises Refused after the time limit, and for a second one."""
    found = sessions.find(session, call)
    member = voting.voter_of(call, "invitee")
    if found.status != "voting" or (found.closes_at is not None and call.now > found.closes_at):
        raise Refused("Đã hết hạn gửi ý kiến.", "The time for opinions is over.", SOURCE)
    voting.cast(session, call, found, member, written=True)
    document = calls.read_text(call, "document")
    session.add(
        WrittenOpinion(
            session_id=found.id, round=found.round, member_id=member, document=document, at=call.now
        )
    )
    session.flush()
    return {}


def decision_rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees with the opinions received on each (form source of `decide_opinions`)."""
    found = sessions.find(session, call)
    votes = results.tally_votes(session, found)
    rows: list[Json] = []
    for row in sessions.nominee_rows(session, found, sessions.day_of(found)):
        got = votes[int(str(row["id"]))]
        said = f"đồng ý {got['yes']}, không đồng ý {got['no']}, không có ý kiến {got['blank']}"
        rows.append({**row, "votes": f"{said} / {found.base} thành viên", "decision": ""})
    return {
        **sessions.heading(session, found),
        **sessions.listing(session, found, sessions.day_of(found)),
        "rows": rows,
        "turnout_label": f"{len(voting.votes_cast(session, found))}/{found.base}",
    }


def decide(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the chair's decision on every nominee, with a reason where one is left out, within the quota."""
    found = sessions.find(session, call)
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    messages: dict[str, list[Text]] = {}
    for index, row in given.values():
        messages |= calls.check_row(row, f"rows.{index}", DECISIONS, ("leave",))
    if set(given) != {entry.nomination_id for entry in found.entries}:
        messages["rows"] = [Text("Phải quyết định từng đề nghị.", "Decide on every nomination.")]
    calls.refuse_wrong(messages)
    chosen = {nominee for nominee, (_, row) in given.items() if row["decision"] == "select"}
    _ensure_within_quota(session, found, chosen)
    votes = results.tally_votes(session, found)
    session.execute(delete(CouncilVerdict).where(CouncilVerdict.session_id == found.id))
    for nominee, (_, row) in sorted(given.items()):
        session.add(
            CouncilVerdict(
                session_id=found.id,
                nomination_id=nominee,
                yes=votes[nominee]["yes"],
                no=votes[nominee]["no"],
                invalid=votes[nominee]["blank"],
                base=found.base,
                threshold=0,
                strict=False,
                passed=nominee in chosen,
                rank=None,
                outcome="selected" if nominee in chosen else "failed",
                settled_by="chair",
                reason=str(row.get("reason") or "").strip(),
                source=SOURCE,
                verified=True,
            )
        )
    found.status, found.closed_at, found.presider = "counted", call.now, call.actor.name
    session.flush()
    session.expire(found, ["verdicts"])
    return {"tied": False, "presiders": [call.actor.name]}


def _ensure_within_quota(session: Session, found: CouncilSession, chosen: set[int]) -> None:
    kinds = {one.id: sessions.kind_of(found, one) for one in sessions.nominees(session, found)}
    for kind in ("", *sorted(set(kinds.values()))):
        if bool(kind) != isinstance(found.quota, dict):
            continue
        limit = counting.limit_of(found.quota, kind)
        number = sum(kind in ("", kinds[nominee]) for nominee in chosen)
        if limit is not None and number > limit:
            raise Refused(
                f"Chọn {number} trường hợp, hạn mức là {limit}.",
                f"{number} nominees are chosen, the quota is {limit}.",
                "Hạn mức của kế hoạch phong trào",
            )
