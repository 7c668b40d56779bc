"""What a user task says of its time: the `bv:` rules of limits, reminders and escalation, evaluated once.

The plan is plain data beside the wait of the token, so that a migrated or restored case keeps it:
`working_days`, `from`, `calendar`, `remind_before`, `remind_after`, `remind_unclaimed` (lists of working
days) and `levels` (each with `after`, working days after the due day, and `groups`).
"""

from __future__ import annotations

from collections.abc import Callable

from engine.bpmn.model import Element
from engine.bpmn.task_rules import (
    CALENDAR,
    DUE,
    DUE_FROM,
    ESCALATE_AFTER,
    ESCALATE_TO,
    MOST_FIRINGS,
    MOST_WORKING_DAYS,
    REMINDERS,
    RULES,
    read_number,
)
from engine.handlers import Json
from engine.spiff import events
from engine.spiff.game import StepFailed


def read_plan(element: Element, resolve: Callable[[str | None], Json]) -> dict[str, Json] | None:
    """Return the plan of a task, None for one whose diagram sets no such rule; raises StepFailed."""
    rules = element.details.properties
    if RULES.isdisjoint(rules):
        return None

    def days_of(rule: str) -> list[int]:
        return _days(element, rule, resolve(rules.get(rule)))

    calendar = resolve(rules.get(CALENDAR))
    plan: dict[str, Json] = {
        "working_days": _limit(element, resolve(rules.get(DUE))),
        "from": _start(element, resolve(rules.get(DUE_FROM))),
        "calendar": calendar if isinstance(calendar, str) else "",
        "levels": _levels(element, days_of(ESCALATE_AFTER), resolve(rules.get(ESCALATE_TO))),
    }
    reminders: dict[str, Json] = {name: list(days_of(rule)) for rule, name in REMINDERS.items()}
    return plan | reminders


def _limit(element: Element, value: Json) -> int | None:
    if value is None or value == "":
        return None
    days = read_number(value)
    if days is None or not 0 < days <= MOST_WORKING_DAYS:
        raise _refused(element, DUE, f"a number of working days from 1 to {MOST_WORKING_DAYS}",
                       f"số ngày làm việc từ 1 đến {MOST_WORKING_DAYS}")  # fmt: skip
    return days


def _start(element: Element, value: Json) -> str | None:
    """Return the moment of the event that a limit counts from, None for the moment when the task began."""
    if value is None or value == "":
        return None
    start = events.due_text(value)
    if start is None:
        raise _refused(element, DUE_FROM, "a date", "ngày")
    return start


def _days(element: Element, rule: str, value: Json) -> list[int]:
    """Read "2" or "2,1", a number or a list of numbers."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
    given = [part for part in parts if part is not None and part != ""]
    days = [
        number for number in map(read_number, given) if number is not None and number <= MOST_WORKING_DAYS
    ]
    if len(days) != len(given) or len(days) > MOST_FIRINGS:
        raise _refused(element, rule, f"at most {MOST_FIRINGS} numbers of working days, such as 2,1",
                       f"tối đa {MOST_FIRINGS} số ngày làm việc, ví dụ 2,1")  # fmt: skip
    return list(dict.fromkeys(days))


def _levels(element: Element, days: list[int], value: Json) -> list[Json]:
    """Give each level its group; the last one named repeats."""
    groups = [name.strip() for name in value.split(",")] if isinstance(value, str) else value
    names = [name for name in groups if isinstance(name, str) and name] if isinstance(groups, list) else []
    if days and not names:
        raise _refused(element, ESCALATE_TO, "a group for every level", "tên nhóm cho từng cấp")
    pairs = [(after, names[min(position, len(names) - 1)]) for position, after in enumerate(sorted(days))]
    return [{"after": after, "groups": [name]} for after, name in pairs]


def _refused(element: Element, rule: str, expected: str, expected_vi: str) -> StepFailed:
    return StepFailed(
        element=element.id,
        reason=f"{rule} is not {expected}",
        reason_vi=f"{rule} không phải {expected_vi}",
    )
