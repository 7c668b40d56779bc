"""Supplements: a dossier goes back to the unit that proposed it with a slip, and comes back as a new version.

The centre returns so, and any unit above that proposers submit to directly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Text
from engine.handlers import Json, ServiceCall
from workflows import (
    awards,
    calendar,
    calls,
    documents,
    nominations,
    nominees,
    organisation,
    proposals,
    rules,
)
from workflows.tables import Nomination, Proposal

STILL_SUPPLEMENTING = Text(
    "Phòng đang bổ sung hồ sơ này; chờ nhận lại rồi mới trả tiếp.",
    "The office is still supplementing this dossier; await it before returning more.",
)


def due(session: Session, now: datetime) -> datetime:
    """Return when a supplement is due, by the dated rule and the working calendar."""
    rule = rules.find(session, "limit", "supplement", local(now).date())
    return calendar.due_after(session, now, rule.values["days"])


def give_back(
    session: Session, call: ServiceCall, unit_code: str, reasons: Sequence[tuple[Nomination, str]]
) -> list[Json]:
    """Return nominees to the units that proposed them, each with its reason; one slip for each proposal.

    unit_code: the unit that returns them. Answered is what each proposal is told: its key, date and reason.
    """
    due_at = due(session, call.now)
    returned: dict[Proposal, list[Nomination]] = {}
    for nomination, reason in reasons:
        office = nomination.proposal.office
        nominations.add_step(nomination, call, "returned", reason)
        nominations.move(nomination, call, "returned", "office", f"{office}.staff", office)
        nomination.reason = reason
        returned.setdefault(nomination.proposal, []).append(nomination)
    return [send_back(session, call, unit_code, part, due_at) for part in returned.values()]


def send_back(
    session: Session, call: ServiceCall, unit_code: str, returned: Sequence[Nomination], due_at: datetime
) -> Json:
    """Return part of a proposal to its office, with the slip that asks for the supplement (NĐ 98/2023)."""
    proposal = returned[0].proposal
    reason = "; ".join(f"{nomination.subject}: {nomination.reason}" for nomination in returned)
    # The new date stands beside the original one.
    proposal.status, proposal.returned_by, proposal.return_reason = "returned", "above", reason
    proposal.supplement_due_at = due_at
    slip = documents.Slip(unit_code, returned, reason, local(due_at).date())
    documents.issue_slip(session, call, "supplement_request", slip)
    return {"proposal_key": proposal.key, "supplement_due_at": local(due_at).isoformat(), "reason": reason}


def take(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the supplement of a returned dossier: the rows change only what they carry, the note is kept."""
    proposal = proposals.find(session, call)
    returned = {
        nomination.id: nomination for nomination in proposal.nominations if nomination.status == "returned"
    }
    given = nominations.parse_ids(calls.read_rows(call, "nominees"))
    written: dict[int, dict[str, Any]] = {
        key: nominees.complete({**nominees.form_row(returned[key]), **_written(entry)})
        for key, (_, entry) in given.items()
        if key in returned
    }
    nominees.check(call, list(written.values()), "nominees")
    claims = [nominees.claim(row) for row in written.values()]
    awards.ensure_single_award(session, claims)
    awards.ensure_initiatives_free(session, claims)
    for key, nomination in returned.items():
        if key in written:
            nominees.change(nomination, written[key])
        note = str(given[key][1].get("note") or "").strip() if key in given else ""
        nominations.add_step(nomination, call, "supplemented", note)
    proposal.status = "prepared"
    session.flush()
    return {}


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the nominations that came back, with what was written (form source of `supplement`)."""
    proposal, units = proposals.find(session, call), organisation.unit_names(session)
    found: list[Json] = [
        {
            **nominations.row(nomination, units),
            **nominees.form_row(nomination),
            "reason": nominations.describe_reason(nomination).vi,
            "note": "",
        }
        for nomination in proposal.nominations
        if nomination.status == "returned"
    ]
    return {**proposals.heading(session, proposal, units), "nominees": found, "rows": found}


def _written(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in entry.items() if value is not None and name not in ("reason", "note")
    }
