"""When FEEL values are equal, how they are ordered, and whether one satisfies a range or a test.

Points in time are compared to the millisecond, as the conformance suite has it; nothing else is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.feel.chronology import instant, time_instant, zone_offset
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_DATA_DEPTH, Run
from engine.feel.values import ORDERED, DateTime, Range, Time, Unequal, Value, kind

_MILLISECOND = 10**6
_FREE_TEXT = 4096  # characters that a comparison may look at for nothing


def comparable(left: Value, right: Value) -> tuple[Any, Any] | None:
    """Return two Python values that compare as the FEEL values do, or None when FEEL does not order them.

    A point in time without a zone takes the offset of the other (DMN 1.5 §10.3.2.15).
    """
    same = type(left)
    if same is not type(right) or same not in ORDERED:
        return None
    if same is DateTime or same is Time:
        return _milliseconds(left, right), _milliseconds(right, left)
    return left, right


def _milliseconds(value: Any, other: Any) -> int:
    """Return the milliseconds of a point in time, in UTC when one of the two has a zone."""
    if type(value) is DateTime:
        offset = (zone_offset(other) or 0) if value.time.zone is None else 0
        return (instant(value) - offset) // _MILLISECOND
    offset = other.nanos - time_instant(other) if value.zone is None else 0
    return (time_instant(value) - offset) // _MILLISECOND


def _equal_points(_run: Run, left: Any, right: Any, _depth: int) -> bool:
    """Return whether two points in time are the same; one without a zone is none with one."""
    zones = (left.time.zone, right.time.zone) if type(left) is DateTime else (left.zone, right.zone)
    if (zones[0] is None) != (zones[1] is None):
        return False
    return _milliseconds(left, right) == _milliseconds(right, left)


def charge_comparison(run: Run, value: Value) -> None:
    """Charge for comparing a long text."""
    if type(value) is str and len(value) > _FREE_TEXT:
        run.charge(len(value) // _FREE_TEXT)


def equal(run: Run, left: Value, right: Value, depth: int = 0) -> bool | None:
    """Return whether two values are equal; None when their types differ (DMN 1.4 §10.3.2.15)."""
    if left is None or right is None:
        return left is right
    same = type(left)
    if same is not type(right):
        return None
    compare = _EQUAL.get(same)
    if compare is not None:
        if depth > MAX_DATA_DEPTH:
            raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
        return compare(run, left, right, depth)
    if same is str:
        charge_comparison(run, left)
    return left == right


def _equal_lists(run: Run, left: list[Value], right: list[Value], depth: int) -> bool:
    if len(left) != len(right):
        return False
    run.charge(2 * len(left))
    return all(equal(run, one, other, depth + 1) is True for one, other in zip(left, right, strict=True))


def _equal_contexts(run: Run, left: dict[str, Value], right: dict[str, Value], depth: int) -> bool:
    if left.keys() != right.keys():
        return False
    run.charge(2 * len(left))
    return all(equal(run, value, right[key], depth + 1) is True for key, value in left.items())


def _equal_ranges(run: Run, left: Range, right: Range, depth: int) -> bool:
    flags = (left.start_included, left.end_included, left.sign)
    return (
        flags == (right.start_included, right.end_included, right.sign)
        and equal(run, left.start, right.start, depth + 1) is True
        and equal(run, left.end, right.end, depth + 1) is True
    )


_EQUAL: dict[type, Callable[[Run, Any, Any, int], bool]] = {
    list: _equal_lists,
    dict: _equal_contexts,
    Time: _equal_points,
    DateTime: _equal_points,
    Range: _equal_ranges,
}


def within(run: Run, test: Value, value: Value) -> bool | None:
    """Return whether a value satisfies a range, a list of tests or an equality; None when undecided."""
    if type(test) is Range:
        return _within_range(run, test, value)
    if type(test) is Unequal:
        found = equal(run, value, test.value)
        return None if found is None else not found
    if type(test) is list:
        return _within_list(run, test, value)
    return equal(run, value, test)


def _within_range(run: Run, test: Range, value: Value) -> bool | None:
    """Return `value >= start and value <= end` (DMN 1.4 table 55), without an end that is open."""
    above = below = True if test.sign else None
    if test.start is not None:
        pair = comparable(value, test.start)
        above = (
            None if pair is None else bool(pair[0] > pair[1] or (test.start_included and pair[0] == pair[1]))
        )
    if test.end is not None:
        pair = comparable(value, test.end)
        below = (
            None if pair is None else bool(pair[0] < pair[1] or (test.end_included and pair[0] == pair[1]))
        )
    if above is False or below is False:
        return False
    if above is None or below is None:
        run.warn("compare", left=kind(value), right=kind(test.start if above is None else test.end))
        return None
    return True


def _within_list(run: Run, tests: list[Value], value: Value) -> bool:
    run.charge(len(tests))
    if type(value) is list and equal(run, value, tests) is True:
        return True
    for test in tests:
        ranged = type(test) is Range and type(value) is not Range
        if (within(run, test, value) if ranged else equal(run, value, test)) is True:
            return True
    return False
