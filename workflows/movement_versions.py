"""Versions of a movement's plan: which one holds for a month, what an amendment changed, how one is issued.

An amendment applies to the months after the one it is signed in (598/KH-TTTV IV: "để điều chỉnh phù hợp").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.clock import local
from engine.errors import Conflict, FormInvalid, NotFound, Text
from engine.handlers import ServiceCall
from workflows import books, organisation, signing
from workflows.tables import Movement, MovementVersion, Unit

LAST_DAY = 28  # every month has it
COMPARED = ("title", "contents", "criteria", "award_types", "award_forms", "reporting", "recipients")


@dataclass(frozen=True)
class Difference:
    """One part of a plan that two versions word differently, as lists of lines."""

    part: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def history(session: Session, movement_code: str) -> Sequence[MovementVersion]:
    """Return the versions of a movement, the first one first."""
    query = select(MovementVersion).where(MovementVersion.movement_code == movement_code)
    return session.scalars(query.order_by(MovementVersion.version)).all()


def find(session: Session, version_id: int) -> MovementVersion:
    """Return a version by its id; raises NotFound."""
    found = session.get(MovementVersion, version_id)
    if found is None:
        raise NotFound(kind="movement version", key=version_id)
    return found


def of_month(session: Session, movement: Movement, period: str) -> MovementVersion | None:
    """Return the newest version in force in a month such as 2026-11, None when the carried record holds."""
    return session.scalar(
        select(MovementVersion)
        .where(
            MovementVersion.movement_code == movement.code,
            MovementVersion.status == "in_force",
            MovementVersion.applies_from <= period,
        )
        .order_by(MovementVersion.version.desc())
        .limit(1)
    )


def record_of(session: Session, movement: Movement, period: str) -> Mapping[str, Any]:
    """Return what the plan says in a month: the version then in force, else the carried record."""
    version = of_month(session, movement, period)
    record: Mapping[str, Any] = movement.record if version is None else version.record
    return record


def follow(session: Session, movement: Movement) -> tuple[int, Mapping[str, Any]]:
    """Return the number of the next version and the record it goes out from.

    Raises Conflict while an amendment waits for its signature: of two drafted side by side, the one signed
    last would drop what the other changed.
    """
    earlier = history(session, movement.code)
    if any(row.status == "draft" for row in earlier):
        raise Conflict(
            expected="no amendment of this plan that waits for its signature",
            found="one is being drafted",
            found_vi="một bản điều chỉnh của kế hoạch này đang chờ ký",
        )
    if not earlier:
        return 2, movement.record  # what it was entered with is the first
    return earlier[-1].version + 1, earlier[-1].record


def amend(
    session: Session, call: ServiceCall, movement: Movement, changes: Mapping[str, Any], reason: str
) -> MovementVersion:
    """Draft the next version: the newest record with changes; number and day stay blank until signed."""
    number, base = follow(session, movement)
    version = MovementVersion(
        movement_code=movement.code,
        version=number,
        unit_code=movement.center,
        status="draft",
        record={**base, **changes},
        reason=reason,
        instance_id=call.instance_id or None,
    )
    session.add(version)
    session.flush()
    return version


def sign(session: Session, call: ServiceCall, version: MovementVersion, unit: Unit) -> None:
    """Sign a version for a unit: the block by capacity, then number and day; raises Refused (NĐ 30/2020 Đ13).

    Number and day are blank until then, and never given back (NĐ 30/2020 Đ15).
    """
    day = local(call.now).date()
    block = signing.block(session, call.actor.name, unit.code, day)
    version.signature = {
        "capacity": block.capacity,
        "lines": list(block.lines),
        "login": block.login,
        "name": block.name,
        "position": block.position,
    }
    version.number = books.take_number(session, "KH-{unit}", unit.code, call.now)
    version.issued_on = day
    version.status = "signed"
    session.flush()


def put_in_force(session: Session, version: MovementVersion) -> str:
    """Let a signed version hold: the first from its own month, later ones from the next."""
    day = version.issued_on or organisation.today()
    version.applies_from = month_of(day) if version.version == 1 else month_after(day)
    version.status = "in_force"
    session.flush()
    return version.applies_from


def check_days(days: Sequence[int]) -> None:
    """Raise FormInvalid unless offices report before the centre, within every month."""
    if not 2 <= days[0] < days[1] <= LAST_DAY:
        order = Text(
            "Phòng báo cáo trước Trung tâm, từ ngày 2 đến ngày 28.",
            "Offices report before the centre, between the 2nd and the 28th.",
        )
        raise FormInvalid({"office_day": [order]})


def month_of(day: date) -> str:
    """Return the month of a day as 2026-10."""
    return f"{day:%Y-%m}"


def month_after(day: date) -> str:
    """Return the month after that of a day."""
    return f"{day.year + day.month // 12}-{day.month % 12 + 1:02d}"


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Return the parts of a plan that two records word differently, in the order of the plan."""
    parts = ((part, _lines(before.get(part)), _lines(after.get(part))) for part in COMPARED)
    return [Difference(*part) for part in parts if part[1] != part[2]]


def _lines(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(_line(entry) for entry in value) if isinstance(value, list) else (str(value),)


def _line(entry: Any) -> str:
    if not isinstance(entry, Mapping):
        return str(entry)
    shown = [str(entry[key]) for key in ("day", "name", "text", "from", "to", "purpose") if entry.get(key)]
    return " – ".join(shown)
