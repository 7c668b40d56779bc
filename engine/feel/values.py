"""The values of FEEL: which Python types stand for them.

Numbers are Decimal with 34 digits (IEEE 754 decimal128), texts str, booleans bool, null None, lists list,
contexts dict; the rest are the frozen classes below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, Underflow
from typing import Any, TypeAlias

Value: TypeAlias = object
Json: TypeAlias = Any  # what json.loads gives

DECIMAL128 = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[InvalidOperation, DivisionByZero, Overflow, Underflow],
)


@dataclass(frozen=True, slots=True, order=True)
class Date:
    """A date of the Gregorian calendar."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day in nanoseconds since midnight, in a zone or on any local clock."""

    nanos: int
    zone: tzinfo | None = None


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date and time."""

    date: Date
    time: Time


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """A days and time duration, in nanoseconds."""

    nanos: int


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
    """A function: a built-in known by its name, or parameters with a body run in its scope.

    `types` are those of the parameters, `result` that of the result; None is any.
    """

    parameters: tuple[str, ...]
    body: Callable[[Any], Value] | None = None
    types: tuple[Any, ...] = ()
    scope: Any = None
    name: str = ""
    depth: int = 1
    size: int = 1
    result: Any = None


KINDS: dict[type, str] = {
    type(None): "null",
    Decimal: "number",
    str: "string",
    bool: "boolean",
    list: "list",
    dict: "context",
    Date: "date",
    DateTime: "date and time",
    Time: "time",
    Days: "days and time duration",
    Months: "years and months duration",
    Range: "range",
    Unequal: "range",
    Function: "function",
}
ORDERED = frozenset(
    {Decimal, str, Date, DateTime, Time, Days, Months},
)


def kind(value: Value) -> str:
    """Return the FEEL name of the value's type."""
    return KINDS.get(type(value), "any")


def as_list(value: Value) -> list[Value]:
    """Return a list as it is and anything else as a list of one."""
    return value if type(value) is list else [value]
