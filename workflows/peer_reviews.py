"""Peer review (bình xét): the members of an office vote on its nominees before the head proposes them.

Source: 83/KH-SKHĐT, part on awards: “các phòng, đơn vị thuộc Sở bình xét và đề xuất khen thưởng”. It fixes
neither a way of voting nor a threshold: the minutes are recorded as they were, and the meeting selects.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, nominations, organisation, proposals
from workflows.tables import PeerReview

DECISIONS = ("select", "leave")
NUMBER_NEEDED = Text("Phải ghi một số nguyên.", "Enter a whole number.")
TOO_MANY_PRESENT = Text("Số người dự họp lớn hơn số thành viên.", "More present than there are members.")
TOO_MANY_VOTES = Text("Số phiếu lớn hơn số người dự họp.", "More votes than people present.")
DAY_NEEDED = Text("Phải ghi ngày họp, không ở tương lai.", "Enter the day of the meeting, not in the future.")


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominees that meet the criteria, to be voted on (form source of `peer_review`)."""
    proposal, units = proposals.find(session, call), organisation.unit_names(session)
    found = nominations.rows(proposals.sendable(proposal), units)
    return {**proposals.heading(session, proposal, units), "rows": found}


def record(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record the minutes of a peer review; who was not selected is left, with the reason.

    Raises FormInvalid for numbers that cannot be (more votes than people present) and for rows without a
    decision. A list that the head returns is reviewed again without those who were left.
    """
    proposal = proposals.find(session, call)
    waiting = {nomination.id: nomination for nomination in proposals.sendable(proposal)}
    given = nominations.parse_ids(calls.read_rows(call, "rows"))
    messages: dict[str, list[Text]] = {}
    held_on = _read_day(call, messages)
    members, present = _read_people(call, messages)
    for key in waiting:
        index, entry = given.get(key, (0, {}))
        messages.update(calls.check_row(entry, f"rows.{index}", DECISIONS, ("leave",)))
        messages.update(_check_votes(entry, f"rows.{index}", present))
    if messages or held_on is None:
        raise FormInvalid(messages)
    for key, nomination in waiting.items():
        entry = given[key][1]
        selected, reason = entry["decision"] == "select", str(entry.get("reason") or "").strip()
        review = PeerReview(
            nomination_id=key,
            held_on=held_on,
            members=members,
            present=present,
            votes_for=int(entry["votes_for"]),
            selected=selected,
            reason="" if selected else reason,
            actor=call.actor.name,
            at=call.now,
            instance_id=call.instance_id or None,
        )
        session.add(review)
        said = describe(review)
        nominations.add_step(nomination, call, "peer_selected" if selected else "peer_left", said)
        if not selected:
            nomination.reason = reason
            nominations.move(nomination, call, "set_aside", "office", "")
    session.flush()
    return {"selected_count": len(proposals.sendable(proposal))}


def describe(review: PeerReview) -> Text:
    """Write the result of a peer review of one nominee."""
    why = f"; {review.reason}" if review.reason else ""
    return Text(
        f"{review.votes_for}/{review.present} người dự họp đồng ý{why}",
        f"{review.votes_for} of {review.present} present in favour{why}",
    )


def _read_day(call: ServiceCall, messages: dict[str, list[Text]]) -> date | None:
    try:
        day = calls.read_day(call.variables.get("held_on"))
    except ValueError:
        day = None
    if day is None or day > local(call.now).date():
        messages["held_on"] = [DAY_NEEDED]
    return day


def _read_people(call: ServiceCall, messages: dict[str, list[Text]]) -> tuple[int, int]:
    numbers = [call.variables.get(name) for name in ("members", "present")]
    for name, value in zip(("members", "present"), numbers, strict=True):
        if _whole(value) is None:
            messages[name] = [NUMBER_NEEDED]
    members, present = (_whole(value) or 0 for value in numbers)
    if not messages and present > members:
        messages["present"] = [TOO_MANY_PRESENT]
    return members, present


def _check_votes(entry: Mapping[str, Any], path: str, present: int) -> dict[str, list[Text]]:
    votes = _whole(entry.get("votes_for"))
    if votes is None:
        return {f"{path}.votes_for": [NUMBER_NEEDED]}
    return {f"{path}.votes_for": [TOO_MANY_VOTES]} if votes > present else {}


def _whole(value: object) -> int | None:
    """Return a whole number that is not negative, nothing for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value) or value < 0:
        return None
    return int(value)
