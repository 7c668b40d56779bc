"""The launch of a movement: draft, signature by capacity, number, distribution by purpose, acknowledgement.

Source: seeds 000 and 001 (plan, "Nơi nhận" with purposes); NĐ 30/2020 Đ13 (signing), Đ15 (numbers), Đ22
(receipt). That reminders go out three working days after distribution is a house rule of this system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import ZONE, local
from engine.errors import FormInvalid, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    calendar,
    calls,
    documents,
    movement_versions,
    movements,
    notices,
    organisation,
    organisation_people,
    working_time,
)
from workflows.notices import Letter
from workflows.tables import Movement, MovementRecipient, MovementVersion, Unit
from workflows.vocabulary import show_date

PURPOSES = {
    "report": Text("báo cáo", "for report"),
    "implement": Text("thực hiện", "to implement"),
    "know": Text("để biết", "for information"),
    "file": Text("lưu", "on file"),
}
ARCHIVE = ("VT", None, "file")  # the records office of the unit itself ("Lưu: VT")
DOCUMENT_PURPOSES = {"report": "report", "implement": "act", "know": "know"}
RECEIPT = "Nghị định 30/2020/NĐ-CP, Điều 22"
REMINDED_AFTER = 3  # working days


def open_launch(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Open the draft of a plan for the unit the starter's office works for; number and day stay blank."""
    office = organisation.unit(session, calls.read_text(call, "office"))
    code = office.parent_code if office.kind in organisation.DESKS and office.parent_code else office.code
    unit = organisation.unit_on(session, code, local(call.now).date())
    version = MovementVersion(
        movement_code=f"{unit.code}/KH/{call.instance_id}",  # until the number takes its place
        version=1,
        unit_code=unit.code,
        status="draft",
        record={"title": calls.read_text(call, "title"), "contents": [], "recipients": []},
        instance_id=call.instance_id or None,
    )
    session.add(version)
    session.flush()
    leaders: list[Json] = [*organisation_people.leader_groups(session, unit.code)]
    return {
        "version": version.id,
        "unit": unit.code,
        "unit_name": unit.name,
        "desk_group": unit.desk_group,
        "leader_groups": leaders,
        "plan_title": version.record["title"],
    }


def draft_values(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the draft holds so far, with the units it can be sent to (a form source)."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    unit = organisation.unit(session, version.unit_code or "")
    rows = _recipients(session, version)
    written = [_row(row.name, row.unit_code, row.purpose) for row in rows if row.unit_code]
    proposed = written or _propose(session, unit)
    return {
        "title": version.record["title"],
        "contents": "\n".join(version.record["contents"]),
        "has_award_part": "yes" if version.record.get("award_forms") else "no",
        **_reporting_days(version.record),
        "units": [{"value": row.code, "label": row.name} for row in _reachable(session, unit)],
        "recipients": proposed,
        "return_reason": version.record.get("return_reason", ""),
    }


def draft(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the draft: fields of the form, or the pasted text of a plan; raises FormInvalid by field."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    record = _read_record(call)
    if not record["contents"]:
        empty = Text("Kế hoạch phải có ít nhất một nội dung.", "A plan has at least one content.")
        raise FormInvalid({"contents": [empty]})
    chosen = _read_recipients(session, call)
    version.record = {
        **record,
        "recipients": [{"name": name, "purpose": purpose} for name, _, purpose in chosen],
    }
    for row in _recipients(session, version):
        session.delete(row)
    session.flush()
    session.add_all(
        MovementRecipient(version_id=version.id, name=name, unit_code=code, purpose=purpose)
        for name, code, purpose in (*chosen, ARCHIVE)
    )
    session.flush()
    return {"plan_title": record["title"]}


def plan(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the plan as the head reads it before signing, or a unit that receives it (a form source)."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    rows: list[Json] = [
        {"name": row.name, "purpose": PURPOSES[row.purpose].vi} for row in _recipients(session, version)
    ]
    forms = ", ".join(str(form["name"]) for form in version.record.get("award_forms", []))
    return {
        "title": version.record["title"],
        "contents": [
            {"number": place, "text": text} for place, text in enumerate(version.record["contents"], 1)
        ],
        "award_part": forms or "Kế hoạch không có phần khen thưởng.",
        "recipients": rows,
        "number": version.number,
        "issued_on": show_date(version.issued_on) if version.issued_on else "",
    }


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let the head or a deputy sign, or return the draft with a reason; signing gives number and day."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    if decision == "return":
        version.record = {**version.record, "return_reason": reason}
        session.flush()
        return {"decision": decision}
    unit = organisation.unit(session, version.unit_code or "")
    movement_versions.sign(session, call, version, unit)
    movement = _establish(session, version, unit)
    issue(session, call, version, f"Phát động phong trào thi đua “{movement.title}”")
    return {"decision": decision, "movement": movement.code}


def distribute(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Send the plan to every recipient by purpose; return who has to acknowledge and when to remind."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    waiting: list[Json] = []
    for row in _recipients(session, version):
        row.sent_at = call.now
        group = _group_of(session, row)
        if group:
            notices.send(session, call, [group], _letter(version, row))
        if group and row.purpose == "implement":
            waiting.append({"unit": row.unit_code, "name": row.name, "group": group})
    version.status = "distributed"
    session.flush()
    working = calendar.load(session)
    day = working_time.add_working_days(working, local(call.now).date(), REMINDED_AFTER)
    remind_at = datetime.combine(day, working_time.REMINDER_HOUR, ZONE)
    return {"recipients": waiting, "remind_at": remind_at.isoformat()}


def acknowledge(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record that a unit has received the plan and will carry it out."""
    recipient = call.variables.get("recipient")
    code = recipient.get("unit") if isinstance(recipient, dict) else None
    row = session.scalars(
        select(MovementRecipient).where(
            MovementRecipient.version_id == calls.read_integer(call, "version"),
            MovementRecipient.unit_code == code,
        )
    ).one()
    row.acknowledged_at, row.acknowledged_by = call.now, call.actor.name
    row.note = calls.read_text(call, "note")
    session.flush()
    return {}


def remind(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Remind the units that have not acknowledged the plan; return how many."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    late = [
        row
        for row in _recipients(session, version)
        if row.purpose == "implement" and row.acknowledged_at is None
    ]
    for row in late:
        letter = Letter(
            "plan_reminder",
            f"plan:{version.id}",
            f"Đề nghị xác nhận đã nhận Kế hoạch {version.number}: {version.record['title']}. "
            f"(Căn cứ: {RECEIPT})",
            f"Please acknowledge plan {version.number}: {version.record['title']}. (Source: {RECEIPT})",
        )
        notices.send(session, call, [_group_of(session, row)], letter)
    return {"reminded_count": len(late)}


def take_effect(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Put the plan in force from its month on."""
    version = movement_versions.find(session, calls.read_integer(call, "version"))
    return {"applies_from": movement_versions.put_in_force(session, version)}


def issue(session: Session, call: ServiceCall, version: MovementVersion, subject_line: str) -> None:
    """Issue the document of a signed version under its number, to its recipients by purpose."""
    documents.issue(
        session,
        call,
        "launch_plan",
        documents.About(
            unit=version.unit_code or "",
            subject_line=subject_line,
            movement_code=version.movement_code,
            number=version.number,
            facts={"movement_title": version.record["title"], "contents": list(version.record["contents"])},
            recipients=[
                (row.name, row.unit_code, DOCUMENT_PURPOSES[row.purpose])
                for row in _recipients(session, version)
                if row.purpose in DOCUMENT_PURPOSES  # a document adds its archive itself
            ],
        ),
    )


def list_recipients(session: Session, versions: Sequence[MovementVersion]) -> Sequence[MovementRecipient]:
    """Return the recipients of versions of a plan, with who acknowledged it when."""
    keys = [version.id for version in versions]
    query = select(MovementRecipient).where(MovementRecipient.version_id.in_(keys))
    return session.scalars(query.order_by(MovementRecipient.id)).all()


def _read_record(call: ServiceCall) -> dict[str, Any]:
    pasted = calls.read_text(call, "plan_text")
    read = movements.read_text(pasted) if pasted else {}
    lines = [line.strip() for line in calls.read_text(call, "contents").splitlines()]
    title = calls.read_text(call, "title") or str(read.get("title", ""))
    if not title:
        raise FormInvalid({"title": [Text("Phải ghi tên phong trào.", "Name the movement.")]})
    award = calls.read_text(call, "has_award_part") == "yes"
    return {
        **read,
        "title": title,
        "contents": [line for line in lines if line] or list(read.get("contents", [])),
        "criteria": read.get("criteria", []) if award else [],
        "award_types": read.get("award_types", []) if award else [],
        "award_forms": read.get("award_forms", []) if award else [],
        "reporting": _read_reporting(call) or read.get("reporting", []),
    }


def _read_reporting(call: ServiceCall) -> list[dict[str, Any]]:
    """Return the monthly reporting dates of the form: offices before one day, the unit before a later one."""
    if all(call.variables.get(name) is None for name in ("office_day", "center_day")):
        return []
    wrong = {
        name: [Text("Ghi cả hai ngày báo cáo.", "Give both reporting days.")]
        for name in ("office_day", "center_day")
        if call.variables.get(name) is None
    }
    calls.refuse_wrong(wrong)
    days = [calls.read_integer(call, name) for name in ("office_day", "center_day")]
    movement_versions.check_days(days)
    ends = (("Các phòng", "Đơn vị phát động"), ("Đơn vị phát động", "Cấp trên"))
    return [
        {"day": day, "every": "month", "from": sender, "to": receiver, "through": ""}
        for day, (sender, receiver) in zip(days, ends, strict=True)
    ]


def _read_recipients(session: Session, call: ServiceCall) -> list[tuple[str, str | None, str]]:
    """Return name, unit code and purpose of each line; at least one unit has to carry the plan out."""
    wrong: dict[str, list[Text]] = {}
    found: dict[str, tuple[str, str | None, str]] = {}
    day = local(call.now).date()
    known = {unit.code: unit for unit in organisation.units_on(session, day)}
    for index, entry in enumerate(calls.read_rows(call, "recipients")):
        code, purpose = str(entry.get("unit") or ""), str(entry.get("purpose") or "")
        unit = known.get(code)
        if unit is None or purpose not in DOCUMENT_PURPOSES:
            wrong[f"recipients.{index}.unit"] = [
                Text(
                    "Chọn đơn vị đang hoạt động và mục đích gửi.", "Choose a unit that exists and a purpose."
                )
            ]
        else:
            found[code] = (unit.name, code, purpose)
    if not wrong and not any(purpose == "implement" for _, _, purpose in found.values()):
        wrong["recipients"] = [
            Text("Phải có ít nhất một đơn vị thực hiện.", "At least one unit has to carry the plan out.")
        ]
    calls.refuse_wrong(wrong)
    return list(found.values())


def _reporting_days(record: Mapping[str, Any]) -> dict[str, Json]:
    days = sorted(entry["day"] for entry in record.get("reporting", []))
    return dict(zip(("office_day", "center_day"), days, strict=False))


def _propose(session: Session, unit: Unit) -> list[Json]:
    """Return the recipients as seeds 000 and 001 have them: above for report, units below to implement."""
    above = organisation.unit(session, unit.parent_code) if unit.parent_code else None
    rows: list[Json] = [] if above is None else [_row(above.name, above.code, "report")]
    below = [one for one in _reachable(session, unit) if one.parent_code == unit.code]
    rows.extend(_row(one.name, one.code, "implement") for one in below)
    return rows


def _reachable(session: Session, unit: Unit) -> Sequence[Unit]:
    """Return the units a plan can be sent to: those below, the one above, the ministries."""
    return [
        one
        for one in organisation.units_on(session, organisation.today())
        if one.parent_code == unit.code or one.code == unit.parent_code or one.kind == "ministry"
    ]


def _row(name: str, code: str, purpose: str) -> dict[str, Json]:
    return {"name": name, "unit": code, "purpose": purpose}


def _recipients(session: Session, version: MovementVersion) -> Sequence[MovementRecipient]:
    query = select(MovementRecipient).where(MovementRecipient.version_id == version.id)
    return session.scalars(query.order_by(MovementRecipient.id)).all()


def _establish(session: Session, version: MovementVersion, unit: Unit) -> Movement:
    """Make the movement that others refer to by the number of its plan."""
    taken = session.scalar(select(Movement.id).where(Movement.code == version.number))
    year = version.issued_on.year if version.issued_on else ""
    # numbers start anew every year, and units of two provinces may have the same symbol
    code = f"{version.number} ({unit.code}, {year})" if taken else version.number
    record: Mapping[str, Any] = {
        **version.record,
        "code": code,
        "number": version.number,
        "issuing_body": unit.name,
        "issued_on": version.issued_on.isoformat() if version.issued_on else None,
        "center": unit.code if unit.kind == "center" else None,
        "signature": version.signature,
    }
    movement = movements.add(session, dict(record))
    version.movement_code, version.record = code, dict(record)
    session.flush()
    return movement


def _group_of(session: Session, row: MovementRecipient) -> str:
    unit = organisation.unit(session, row.unit_code) if row.unit_code else None
    if unit is None:
        return ""
    if row.purpose == "implement" and not (unit.signer_group or unit.desk_group):
        raise Refused(
            vi=f"{unit.name} chưa có bộ phận nhận văn bản.",
            en=f"{unit.name} has no desk that receives documents.",
            source=RECEIPT,
        )
    return unit.desk_group or unit.signer_group


def _letter(version: MovementVersion, row: MovementRecipient) -> Letter:
    purpose = PURPOSES[row.purpose]
    return Letter(
        "plan_distributed",
        f"plan:{version.id}",
        f"Kế hoạch {version.number}: {version.record['title']} ({purpose.vi}).",
        f"Plan {version.number}: {version.record['title']} ({purpose.en}).",
    )
