"""Check the literal values of timers and due dates (ISO 8601); a FEEL value is checked as an expression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from engine.bpmn.findings import Finding, make
from engine.bpmn.model import Element, EventDefinition, Process
from engine.errors import Text

_DURATION = re.compile(
    r"P(?=.)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?"
)
_UNITS = (31_557_600, 2_629_800, 604_800, 86_400, 3_600, 60, 1)  # seconds; a year of 365.25 days
_CYCLE = re.compile(r"R(\d*)/(?:([^/]+)/)?([^/]+)")
_ZONE_NAME = re.compile(r"\[[A-Za-z0-9_/+-]+\]\Z")
MAX_SECONDS = 100 * _UNITS[0]
MAX_REPETITIONS = 10_000
_EXPECTED = {
    "date": Text("thời điểm", "date and time"),
    "duration": Text("khoảng thời gian", "duration"),
    "cycle": Text("chu kỳ lặp", "repetition"),
}


def check(process: Process) -> Iterator[Finding]:
    """Yield a finding for every timer event whose value cannot work where it stands."""
    for element in process.elements.values():
        for definition in element.event_definitions:
            if definition.kind == "timer":
                yield from _check_timer(element, definition)


def _check_timer(element: Element, timer: EventDefinition) -> Iterator[Finding]:
    if timer.timer_kind is None or not timer.expression:
        yield make("timer-missing", element.id, timer.line)
        return
    # an interrupting event happens once; a catch event lets the path go on at every occurrence
    repeats = element.kind in ("startEvent", "intermediateCatchEvent") or not element.interrupting
    if timer.timer_kind == "cycle" and not repeats:
        yield make("timer-cycle-here", element.id, timer.line)
    if not timer.expression.startswith("="):
        yield from check_value(timer.timer_kind, timer.expression, element.id, timer.line)


def check_value(kind: str, value: str, element: str, line: int | None) -> Iterator[Finding]:
    """Yield a finding for a literal date, duration or cycle that is wrong, naive or out of range."""
    rule = {"date": _judge_date, "duration": _judge_duration, "cycle": _judge_cycle}[kind](value)
    if rule is not None:
        yield make(rule, element, line, value=value[:80], expected=_EXPECTED[kind])


def _judge_date(value: str) -> str | None:
    try:
        moment = datetime.fromisoformat(_ZONE_NAME.sub("", value))
    except ValueError:
        return "timer-value"
    return "timer-zone" if moment.tzinfo is None else None


def _judge_duration(value: str) -> str | None:
    seconds = _seconds(value)
    if seconds is None:
        return "timer-value"
    return "timer-range" if seconds > MAX_SECONDS else None


def _judge_cycle(value: str) -> str | None:
    match = _CYCLE.fullmatch(value)
    seconds = _seconds(match[3]) if match else None
    if match is None or seconds is None or (match[1] and not match[1].strip("0")):
        return "timer-value"  # R0 repeats nothing
    if match[2] and (wrong := _judge_date(match[2])):
        return wrong
    dense = seconds < 1 or seconds > MAX_SECONDS
    return "timer-range" if dense or len(match[1]) > 9 or int(match[1] or 0) > MAX_REPETITIONS else None


def _seconds(value: str) -> int | None:
    """Return the approximate length of an ISO 8601 duration; None when it is none."""
    match = _DURATION.fullmatch(value)
    if match is None:
        return None
    # a number of more than twelve digits is out of range whatever its unit
    numbers = [min(int((digits or "0")[:13]), 10**12) for digits in match.groups()]
    return sum(number * unit for number, unit in zip(numbers, _UNITS, strict=True))
