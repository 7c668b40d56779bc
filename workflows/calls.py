"""What a service call carries: its variables read with the type a handler needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from engine.actors import Actor
from engine.errors import BadInput, FormInvalid, Text
from engine.handlers import ServiceCall

REASON_NEEDED = Text("Phải ghi lý do.", "A reason is required.")
CHOICE_NEEDED = Text("Phải chọn một cách xử lý.", "Choose one of the decisions.")


def from_page(actor: Actor, now: datetime, business_key: str = "") -> ServiceCall:
    """Return what a handler is told when a person calls it from a page and no case does."""
    return ServiceCall(0, business_key, "", "", {}, {}, actor, now)


def read_integer(call: ServiceCall, name: str) -> int:
    """Return a whole number, such as the id of a dossier; raises BadInput."""
    value = call.variables.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        raise BadInput(
            expected=f"a whole number in '{name}'", expected_vi=f"số nguyên ở “{name}”", found=value
        )
    return int(value)


def read_text(call: ServiceCall, name: str) -> str:
    """Return a text without blanks around it; empty when it is absent."""
    value = call.variables.get(name)
    return str(value).strip() if value is not None else ""


def read_rows(call: ServiceCall, name: str) -> list[Mapping[str, Any]]:
    """Return the rows of a dynamic list; none when it is absent; raises BadInput for anything else."""
    value = call.variables.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadInput(expected=f"a list in '{name}'", expected_vi=f"danh sách ở “{name}”", found=value)
    rows: list[Mapping[str, Any]] = []
    for entry in value:
        if not isinstance(entry, dict):
            raise BadInput(expected=f"rows in '{name}'", expected_vi=f"các dòng ở “{name}”", found=entry)
        rows.append(entry)
    return rows


def read_day(value: object) -> date | None:
    """Return the day of an ISO date or date-time text; none for an empty value; raises ValueError."""
    text = str(value or "").strip()
    return date.fromisoformat(text[:10]) if text else None


def read_choice(
    call: ServiceCall, allowed: tuple[str, ...], *, reason_for: tuple[str, ...]
) -> tuple[str, str]:
    """Return the `decision` and the `reason` of a form; raises FormInvalid naming the field."""
    decision, reason = read_text(call, "decision"), read_text(call, "reason")
    if decision not in allowed:
        raise FormInvalid({"decision": [CHOICE_NEEDED]})
    if decision in reason_for and not reason:
        raise FormInvalid({"reason": [REASON_NEEDED]})
    return decision, reason


def check_row(
    entry: Mapping[str, Any], path: str, allowed: tuple[str, ...], reason_for: tuple[str, ...]
) -> dict[str, list[Text]]:
    """Return what is wrong with the `decision` and `reason` of one row, by path."""
    decision = str(entry.get("decision") or "")
    if decision not in allowed:
        return {f"{path}.decision": [CHOICE_NEEDED]}
    if decision in reason_for and not str(entry.get("reason") or "").strip():
        return {f"{path}.reason": [REASON_NEEDED]}
    return {}


def refuse_wrong(messages: Mapping[str, list[Text]]) -> None:
    """Raise FormInvalid when anything is wrong."""
    if messages:
        raise FormInvalid(messages)
