"""Slips of a desk to those who proposed: refused with the reason, late with an apology and a new day.

The forms are those of the one-stop desk (BM.03, BM.04; mẫu QĐ 3621/QĐ-BYT theo NĐ 118/2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, documents, nominations
from workflows.documents.chain import Slip
from workflows.tables import Nomination
from workflows.vocabulary import show_date

AHEAD = Text("Ngày hẹn lại phải sau hôm nay.", "The new day must be after today.")


def refuse(session: Session, call: ServiceCall, desk: str, declined: Sequence[Nomination]) -> None:
    """Issue a slip of refusal for each office and reason."""

    def place(nomination: Nomination) -> tuple[str, str]:
        return nomination.proposal.office, nomination.reason

    for (_, reason), of_one in groupby(sorted(declined, key=place), key=place):
        slip = Slip(unit_of(desk), list(of_one), reason)
        documents.issue_slip(session, call, "refusal_slip", slip)


def apologise(
    session: Session, call: ServiceCall, desk: str, waiting: Sequence[Nomination]
) -> dict[str, Json]:
    """Issue a slip of apology with the new day for each office; raises FormInvalid."""
    day, reason = _read(call)
    said = Text(f"Hẹn lại ngày {show_date(day)}: {reason}", f"New day {show_date(day)}: {reason}")

    def office(nomination: Nomination) -> str:
        return nomination.proposal.office

    for _, of_one in groupby(sorted(waiting, key=office), key=office):
        listed = list(of_one)
        documents.issue_slip(session, call, "apology_slip", Slip(unit_of(desk), listed, reason, day))
        for nomination in listed:
            nominations.add_step(nomination, call, "apologised", said)
    session.flush()
    return {"promised_on": day.isoformat()}


def unit_of(group: str) -> str:
    """Return the unit of a group such as `SNV.staff`."""
    return group.rpartition(".")[0]


def _read(call: ServiceCall) -> tuple[date, str]:
    wrong: dict[str, list[Text]] = {}
    today, reason = local(call.now).date(), calls.read_text(call, "delay_reason")
    try:
        day = calls.read_day(call.variables.get("new_day"))
    except ValueError:
        day = None
    if day is None or day <= today:
        wrong["new_day"] = [AHEAD]
    if not reason:
        wrong["delay_reason"] = [calls.REASON_NEEDED]
    if wrong:
        raise FormInvalid(wrong)
    return day or today, reason
