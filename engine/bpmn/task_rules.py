"""The `bv:` rules that limit a user task in time: their names, and what of them can never be obeyed."""

from __future__ import annotations

from collections.abc import Mapping

from engine.handlers import Json

DUE = "bv:dueInWorkingDays"
DUE_FROM = "bv:dueFrom"  # the day of the event that the limit counts from, which is not counted itself
CALENDAR = "bv:calendar"
REMIND_BEFORE = "bv:remindBefore"
REMIND_AFTER = "bv:remindAfter"
REMIND_UNCLAIMED = "bv:remindUnclaimed"
ESCALATE_AFTER = "bv:escalateAfter"
ESCALATE_TO = "bv:escalateTo"
REMINDERS = {
    REMIND_BEFORE: "remind_before",
    REMIND_AFTER: "remind_after",
    REMIND_UNCLAIMED: "remind_unclaimed",
}
RULES = frozenset({DUE, DUE_FROM, CALENDAR, ESCALATE_AFTER, ESCALATE_TO, *REMINDERS})
MOST_WORKING_DAYS = 1_000
MOST_FIRINGS = 10  # of one kind for one task


def literal_problem(rules: Mapping[str, str]) -> str | None:
    """Return the first rule of a diagram that can never be obeyed as it is written, None when all can."""
    for rule in (*REMINDERS, ESCALATE_AFTER):
        text = rules.get(rule, "")
        if not text.startswith("=") and any(read_number(part) is None for part in text.split(",") if text):
            return rule
    if ESCALATE_AFTER in rules and not rules.get(ESCALATE_TO):
        return ESCALATE_TO
    return None


def read_number(value: Json) -> int | None:
    """Return a number of days, 0 or more, that stands as a number or as digits; None for anything else."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if type(value) is int and value >= 0 else None
