"""The values of FEEL: which Python types stand for them, when they are equal and how they are ordered.

Numbers are Decimal with 34 digits (IEEE 754 decimal128), texts str, booleans bool, null None, lists list,
contexts dict, temporal values the classes of datetime and `Months`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, TypeAlias

from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_DATA_DEPTH, Run

Value: TypeAlias = object
Json: TypeAlias = Any  # what json.loads gives

DECIMAL128 = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)


@dataclass(frozen=True, slots=True, order=True)
class Months:
    """A years and months duration, in whole months."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """A range.

    `sign` tells a comparison such as `(< 10)`, whose other end is open. In `(null..10)` the end is null, not
    open: a value below 10 is then neither in it nor out of it.
    """

    start: Value
    end: Value
    start_included: bool
    end_included: bool
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Unequal:
    """The unary test `!= value`."""

    value: Value


@dataclass(slots=True, eq=False)
class Function:
    """A function: a built-in known by its name, or parameters with a body run in its scope."""

    parameters: tuple[str, ...]
    body: Callable[[Any], Value] | None = None
    types: tuple[Value, ...] = ()
    scope: Any = None
    name: str = ""
    depth: int = 1
    size: int = 1


KINDS: dict[type, str] = {
    type(None): "null",
    Decimal: "number",
    str: "string",
    bool: "boolean",
    list: "list",
    dict: "context",
    date: "date",
    datetime: "date and time",
    time: "time",
    timedelta: "days and time duration",
    Months: "years and months duration",
    Range: "range",
    Unequal: "range",
    Function: "function",
}
ORDERED = frozenset(
    {Decimal, str, date, datetime, time, timedelta, Months},
)


def kind(value: Value) -> str:
    """Return the FEEL name of the value's type."""
    return KINDS.get(type(value), "any")


def as_list(value: Value) -> list[Value]:
    """Return a list as it is and anything else as a list of one."""
    return value if type(value) is list else [value]


def time_key(value: time) -> tuple[int, bool]:
    """Return microseconds since midnight (in UTC when zoned) and whether the time has a zone."""
    total = (value.hour * 3600 + value.minute * 60 + value.second) * 10**6 + value.microsecond
    if value.tzinfo is None:
        return total, False
    # A time with a named zone has no offset of its own: the one of a winter day decides.
    offset = value.utcoffset() or datetime.combine(date(2000, 1, 1), value).utcoffset() or timedelta()
    return total - int(offset.total_seconds()) * 10**6, True


def comparable(left: Value, right: Value) -> tuple[Any, Any] | None:
    """Return two Python values that compare as the FEEL values do, or None when FEEL does not order them."""
    same = type(left)
    if same is not type(right) or same not in ORDERED:
        return None
    if same is datetime:
        zoned = (left.tzinfo is None, right.tzinfo is None)  # type: ignore[attr-defined]
        return (left, right) if zoned[0] == zoned[1] else None
    if same is time:
        first, second = time_key(left), time_key(right)  # type: ignore[arg-type]
        return (first[0], second[0]) if first[1] == second[1] else None
    return left, right


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


def _equal_times(_run: Run, left: time, right: time, _depth: int) -> bool:
    return time_key(left) == time_key(right)


def _equal_moments(_run: Run, left: datetime, right: datetime, _depth: int) -> bool:
    return (left.tzinfo is None) == (right.tzinfo is None) and left == right


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
    time: _equal_times,
    datetime: _equal_moments,
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
