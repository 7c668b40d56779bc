"""Good deeds that units report for praise under a plan without an award part.

Source: seed 000 (Sở Xây dựng Tuyên Quang): "kịp thời phát hiện những việc làm hay, những điển hình tốt … để
nhân rộng, biểu dương".
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, Text
from engine.handlers import Json, ServiceCall
from workflows import calls, movement_versions, notices, organisation
from workflows.notices import Letter
from workflows.tables import Example

SOURCE = "Kế hoạch phát động của Sở Xây dựng tỉnh Tuyên Quang, đoạn tổ chức thực hiện"


def report(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what a unit reports; a unit may have nothing to report; raises FormInvalid by row."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    recipient = call.variables.get("recipient")
    code = str(recipient.get("unit")) if isinstance(recipient, dict) else ""
    given = [
        (index, str(entry.get("subject") or "").strip(), str(entry.get("deed") or "").strip())
        for index, entry in enumerate(calls.read_rows(call, "examples"))
    ]
    both = Text("Ghi cả tập thể, cá nhân và việc làm.", "Write both who and what.")
    calls.refuse_wrong(
        {f"examples.{index}.subject": [both] for index, who, deed in given if bool(who) != bool(deed)}
    )
    session.add_all(
        Example(
            movement_code=version.movement_code,
            unit_code=code,
            subject=subject,
            deed=deed,
            reported_by=call.actor.name,
            reported_at=call.now,
            status="reported",
        )
        for _, subject, deed in given
        if subject
    )
    session.flush()
    return {}


def rows(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the units reported, to choose from (a form source)."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    names = organisation.unit_names(session)
    found: list[Json] = [
        {
            "id": str(row.id),
            "subject": row.subject,
            "unit": names.get(row.unit_code, row.unit_code),
            "deed": row.deed,
        }
        for row in _of(session, version.movement_code)
    ]
    return {"rows": found, "number": version.number, "title": version.record["title"]}


def praise(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Praise the chosen examples, keep the others; tell the units; every row has to be decided."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    choices = {str(entry.get("id")): entry for entry in calls.read_rows(call, "rows")}
    praised = 0
    for row in _of(session, version.movement_code):
        decision = str(choices.get(str(row.id), {}).get("decision") or "")
        if decision not in ("praise", "keep"):
            raise FormInvalid({"rows": [calls.CHOICE_NEEDED]})
        row.status = "praised" if decision == "praise" else "kept"
        if row.status == "praised":
            praised += 1
            _tell(session, call, row)
    session.flush()
    return {"praised_count": praised}


def _of(session: Session, movement_code: str) -> list[Example]:
    query = select(Example).where(Example.movement_code == movement_code, Example.status == "reported")
    return list(session.scalars(query.order_by(Example.id)))


def _tell(session: Session, call: ServiceCall, row: Example) -> None:
    unit = organisation.unit(session, row.unit_code)
    letter = Letter(
        "example_praised",
        f"example:{row.id}",
        f"Biểu dương {row.subject}: {row.deed} (Căn cứ: {SOURCE})",
        f"Praise for {row.subject}: {row.deed} (Source: {SOURCE})",
    )
    notices.send(session, call, [unit.desk_group or unit.signer_group], letter)
