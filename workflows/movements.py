"""Movements: the plans under which offices nominate, their dates and the policy by which dates are kept."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound, Refused, Text
from engine.handlers import Json, ServiceCall
from workflows import calendar, calls, movement_points, movement_quotas, movement_versions
from workflows.movement_quotas import quota
from workflows.movement_texts import read_text
from workflows.tables import Movement

DATA = Path(__file__).parent / "data" / "movements"
PLANS_OF_TODAY = Path(__file__).parent / "data" / "plans_of_today.json"  # known from excerpts only
PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
MONTHLY = "598/KH-TTTV mục IV"  # offices and centres report once a month
DEFAULT_POLICY = "previous_working_day"

__all__ = ["add", "deadlines", "find", "install", "list_all", "options", "quota", "read_month", "read_text"]


def install(session: Session) -> None:
    """Add the carried movements that are not in the database yet."""
    known = set(session.scalars(select(Movement.code)))
    carried = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(DATA.glob("*.json"))]
    carried += json.loads(PLANS_OF_TODAY.read_text(encoding="utf-8"))["plans"]
    for record in carried:
        if record["code"] not in known:
            add(session, record)
    session.flush()
    movement_quotas.install(session)
    movement_points.install(session)


def add(session: Session, record: dict[str, Any]) -> Movement:
    """Add a movement from its record, as read_text or a carried file gives it."""
    movement = Movement(
        code=record["code"],
        title=record["title"],
        issuing_body=record["issuing_body"],
        issued_on=date.fromisoformat(record["issued_on"]) if record["issued_on"] else None,
        center=record.get("center"),
        deadline_policy=record.get("deadline_policy", DEFAULT_POLICY),
        record=record,
    )
    session.add(movement)
    session.flush()
    return movement


def find(session: Session, code: str) -> Movement:
    """Return a movement by its code; raises NotFound."""
    found = session.scalar(select(Movement).where(Movement.code == code))
    if found is None:
        raise NotFound(kind="movement", key=code)
    return found


def list_all(session: Session) -> Sequence[Movement]:
    """Return all movements, the newest plan first, plans without a date last."""
    return session.scalars(
        select(Movement).order_by(Movement.issued_on.desc().nulls_last(), Movement.code)
    ).all()


def read_month(
    session: Session, call: ServiceCall, wrong: dict[str, list[Text]]
) -> tuple[Movement | None, str]:
    """Return movement and period of a start; what is wrong with them is added to the messages by field."""
    period = calls.read_text(call, "period")
    if not PERIOD.fullmatch(period):
        wrong["period"] = [Text("Kỳ phải có dạng năm-tháng, ví dụ 2026-10.", "Write the period as 2026-10.")]
    movement = session.scalar(select(Movement).where(Movement.code == calls.read_text(call, "movement")))
    if movement is None:
        wrong["movement"] = [Text("Không có phong trào này.", "There is no such movement.")]
    return movement, period


def deadlines(
    session: Session, movement: Movement, period: str
) -> tuple[calendar.Deadline, calendar.Deadline]:
    """Return the deadlines of a month: the offices' report to the centre and the centre's report upward.

    The days come from the version of the plan in force in that month (598/KH-TTTV section IV: before the 16th
    and before the 20th); raises Refused for a movement whose plan names none.
    """
    record = movement_versions.record_of(session, movement, period)
    days = [entry["day"] for entry in record.get("reporting", [])]
    if len(days) < 2:
        raise Refused(
            vi=f"Kế hoạch của phong trào {movement.code} không nêu ngày báo cáo hằng tháng.",
            en=f"The plan of movement {movement.code} names no monthly reporting dates.",
            source=movement.code,
        )
    year, month = (int(part) for part in period.split("-"))
    working = calendar.load(session)
    office, center = sorted(days)[:2]
    return (
        calendar.before_day(working, date(year, month, office), movement.deadline_policy),
        calendar.before_day(working, date(year, month, center), movement.deadline_policy),
    )


def options(session: Session, call: ServiceCall) -> dict[str, Json]:
    """Return the movements one can nominate under, and all of them, as options of a select."""
    every: list[tuple[Movement, Json]] = [
        (movement, {"value": movement.code, "label": f"{movement.code}: {movement.title}"})
        for movement in list_all(session)
    ]
    return {
        "movements": [option for movement, option in every if movement.center],
        "all_movements": [option for _, option in every],
    }
