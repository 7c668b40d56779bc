"""Difficulties an office reports about a plan, their answer, and the amendment they may lead to.

Source: 598/KH-TTTV mục IV: "nếu phát sinh khó khăn, vướng mắc, các Phòng kịp thời phản ánh về Trung tâm
(thông qua Phòng Tổ chức - Hành chính) để điều chỉnh phù hợp".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import FormInvalid, NotFound, Text
from engine.handlers import Json, ServiceCall
from workflows import (
    calls,
    movement_launches,
    movement_versions,
    movements,
    notices,
    organisation,
    organisation_people,
)
from workflows.notices import Letter
from workflows.tables import Difficulty, Movement, MovementVersion
from workflows.vocabulary import show_moment, show_period

SOURCE = "Kế hoạch 598/KH-TTTV, mục IV"
DAYS = ("office_day", "center_day")  # before these days of the month offices and centre report
PARTS = {
    "contents": Text("Nội dung", "Contents"),
    "reporting": Text("Ngày báo cáo", "Reporting dates"),
    "title": Text("Tên phong trào", "Title"),
}


def post(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Record what an office reports; return who of its centre answers and who may sign an amendment."""
    movement = movements.find(session, calls.read_text(call, "movement"))
    office = organisation.unit(session, calls.read_text(call, "office"))
    center = organisation.unit(session, office.parent_code or office.code)
    content = calls.read_text(call, "content")
    if not content:
        raise FormInvalid({"content": [Text("Phải ghi khó khăn, vướng mắc.", "Write what is difficult.")]})
    row = Difficulty(
        movement_code=movement.code,
        unit_code=office.code,
        content=content,
        posted_by=call.actor.name,
        posted_at=call.now,
        status="open",
        instance_id=call.instance_id or None,
    )
    session.add(row)
    session.flush()
    leaders: list[Json] = [*organisation_people.leader_groups(session, center.code)]
    return {
        "difficulty": row.id,
        "unit": center.code,
        "office_name": office.name,
        "coordination_group": center.desk_group,
        "leader_groups": leaders,
        "plan": movement.code,
    }


def report(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the difficulty and what the plan says now (a form source)."""
    row = _find(session, call)
    movement = movements.find(session, row.movement_code)
    record = movement_versions.record_of(session, movement, movement_versions.month_of(organisation.today()))
    return {
        "office_name": organisation.unit(session, row.unit_code).name,
        "plan": movement.code,
        "content": row.content,
        "posted_at": show_moment(row.posted_at),
        "reporting_days": ", ".join(str(entry["day"]) for entry in record.get("reporting", [])),
        "return_reason": row.answer if row.status == "returned" else "",
    }


def answer(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Take the coordinating office's answer, or the amendment of the plan it proposes; raises FormInvalid."""
    row = _find(session, call)
    decision, _ = calls.read_choice(call, ("answer", "amend"), reason_for=())
    text = calls.read_text(call, "answer")
    if not text:
        raise FormInvalid({"answer": [Text("Phải ghi nội dung trả lời.", "Write the answer.")]})
    row.answer, row.answered_by, row.answered_at = text, call.actor.name, call.now
    row.status = "answered" if decision == "answer" else "amendment"
    if decision == "amend":
        row.version_id = _draft_amendment(session, call, row, text).id
    session.flush()
    return {"decision": decision}


def amendment(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return what the amendment changes, part by part, for the head who signs it (a form source)."""
    row = _find(session, call)
    version = movement_versions.find(session, row.version_id or 0)
    movement = movements.find(session, row.movement_code)
    before = movement_versions.record_of(session, movement, movement_versions.month_of(organisation.today()))
    changes: list[Json] = [
        {
            "part": PARTS.get(one.part, Text(one.part, one.part)).vi,
            "before": "; ".join(one.before),
            "after": "; ".join(one.after),
        }
        for one in movement_versions.compare(before, version.record)
    ]
    month = movement_versions.month_after(organisation.today())
    return {
        "content": row.content,
        "answer": row.answer,
        "changes": changes,
        "version_number": version.version,
        "applies_from": show_period(month),
    }


def sign(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Let head or deputy sign the amendment, or return it; signed, it holds for the months after this one."""
    row = _find(session, call)
    version = movement_versions.find(session, row.version_id or 0)
    decision, reason = calls.read_choice(call, ("sign", "return"), reason_for=("return",))
    if decision == "return":
        session.delete(version)
        row.version_id, row.status, row.answer = None, "returned", reason
        session.flush()
        return {"decision": decision}
    unit = organisation.unit(session, version.unit_code or "")
    movement_versions.sign(session, call, version, unit)
    subject_line = f"Điều chỉnh Kế hoạch {row.movement_code} (bản {version.version})"
    movement_launches.issue(session, call, version, subject_line)
    applies_from = movement_versions.put_in_force(session, version)
    row.status = "amended"
    session.flush()
    return {"decision": decision, "applies_from": applies_from}


def close(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Tell the office the answer; after an amendment every office of the centre learns of the new version."""
    row = _find(session, call)
    office = organisation.unit(session, row.unit_code)
    groups = [office.desk_group or office.signer_group]
    if row.status == "amended":
        below = organisation.offices(session, office.parent_code or "")
        groups += [unit.desk_group or unit.signer_group for unit in below]
    notices.send(session, call, [group for group in groups if group], _letter(session, row))
    return {}


def list_all(session: Session, movement_code: str) -> Sequence[Difficulty]:
    """Return what offices reported about a plan, the newest first."""
    query = select(Difficulty).where(Difficulty.movement_code == movement_code)
    return session.scalars(query.order_by(Difficulty.id.desc())).all()


def _draft_amendment(session: Session, call: ServiceCall, row: Difficulty, reason: str) -> MovementVersion:
    movement = movements.find(session, row.movement_code)
    changes = _read_changes(session, call, movement)
    if not changes:
        nothing = Text("Ghi nội dung hoặc ngày báo cáo cần sửa.", "Say which content or date changes.")
        raise FormInvalid({"new_content": [nothing]})
    version = movement_versions.amend(session, call, movement, changes, reason)
    version.unit_code = organisation.unit(session, row.unit_code).parent_code
    session.flush()
    return version


def _read_changes(session: Session, call: ServiceCall, movement: Movement) -> dict[str, Any]:
    """Return the parts that change: one more content, other reporting days."""
    record: Mapping[str, Any] = movement_versions.record_of(session, movement, "9999-12")
    changes: dict[str, Any] = {}
    content = calls.read_text(call, "new_content")
    if content:
        changes["contents"] = [*record.get("contents", []), content]
    reporting = sorted(record.get("reporting", []), key=lambda entry: entry["day"])
    days = [call.variables.get(name) for name in DAYS]
    if any(day is not None for day in days) and len(reporting) >= len(DAYS):
        wanted = [
            calls.read_integer(call, name) if day is not None else entry["day"]
            for name, day, entry in zip(DAYS, days, reporting, strict=False)
        ]
        movement_versions.check_days(wanted)
        changes["reporting"] = [{**entry, "day": day} for entry, day in zip(reporting, wanted, strict=False)]
    return changes


def _find(session: Session, call: ServiceCall) -> Difficulty:
    key = calls.read_integer(call, "difficulty")
    found = session.get(Difficulty, key)
    if found is None:
        raise NotFound(kind="difficulty", key=key)
    return found


def _letter(session: Session, row: Difficulty) -> Letter:
    about = f"difficulty:{row.id}"
    if row.status != "amended":
        return Letter(
            "difficulty_answered",
            about,
            f"Trả lời khó khăn, vướng mắc về {row.movement_code}: {row.answer} (Căn cứ: {SOURCE})",
            f"Answer to the difficulty about {row.movement_code}: {row.answer} (Source: {SOURCE})",
        )
    version = movement_versions.find(session, row.version_id or 0)
    month = version.applies_from
    return Letter(
        "plan_amended",
        about,
        f"Kế hoạch {row.movement_code} được điều chỉnh (bản {version.version}, số {version.number}), "
        f"áp dụng từ {show_period(month)}. (Căn cứ: {SOURCE})",
        f"Plan {row.movement_code} was amended (version {version.version}, number {version.number}); it "
        f"applies from {show_period(month, 'en')}. (Source: {SOURCE})",
    )
