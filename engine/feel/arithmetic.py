"""Calculate with numbers, texts, dates, times and durations; null with a warning where FEEL has no answer.

Runs inside the decimal128 context that an evaluation sets.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import TypeAlias

from engine.feel.chronology import make_days, make_months
from engine.feel.limits import Run
from engine.feel.temporal import add_duration, subtract_moments
from engine.feel.values import Date, DateTime, Days, Months, Time, Value, kind

Operation: TypeAlias = Callable[[Run, Value, Value], Value]

_DURATIONS = (Days, Months)
_MOMENTS = (Date, DateTime, Time)
_MOST_DIGITS = 40  # of a length of time in nanoseconds
_POWER_STEPS = 40  # what a power costs
_ROOT_STEPS = 150  # what a power costs whose exponent is no whole number
_MOVE_STEPS = 10  # what it costs to move a point in time


def add(run: Run, left: Value, right: Value) -> Value:
    """Return `left + right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left + right
    if type(left) is str and type(right) is str:
        run.charge_text(len(left) + len(right))
        return left + right
    if type(left) is Days and type(right) is Days:
        return make_days(left.nanos + right.nanos)
    if type(left) is Months and type(right) is Months:
        return make_months(left.months + right.months)
    if type(left) in _DURATIONS and type(right) in _MOMENTS:
        left, right = right, left
    run.charge(_MOVE_STEPS)
    return _told(run, add_duration(left, right), left, "+", right)


def subtract(run: Run, left: Value, right: Value) -> Value:
    """Return `left - right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left - right
    if type(left) is Days and type(right) is Days:
        return make_days(left.nanos - right.nanos)
    if type(left) is Months and type(right) is Months:
        return make_months(left.months - right.months)
    run.charge(_MOVE_STEPS)
    if type(right) in _DURATIONS:
        return _told(run, add_duration(left, negative(run, right)), left, "-", right)
    return _told(run, subtract_moments(left, right), left, "-", right)


def multiply(run: Run, left: Value, right: Value) -> Value:
    """Return `left * right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left * right
    if type(left) is Decimal:
        left, right = right, left
    if type(right) is Decimal and type(left) is Days:
        return make_days(_whole(Decimal(left.nanos) * right))
    if type(right) is Decimal and type(left) is Months:
        return make_months(_months(left.months * right))
    return _told(run, None, left, "*", right)


def divide(run: Run, left: Value, right: Value) -> Value:
    """Return `left / right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left / right
    if type(left) is Days and type(right) is Days:
        return Decimal(left.nanos) / Decimal(right.nanos)
    if type(left) is Months and type(right) is Months:
        return Decimal(left.months) / Decimal(right.months)
    if type(right) is Decimal and type(left) is Days:
        return make_days(_whole(Decimal(left.nanos) / right))
    if type(right) is Decimal and type(left) is Months:
        return make_months(_months(left.months / right))
    return _told(run, None, left, "/", right)


def power(run: Run, left: Value, right: Value) -> Value:
    """Return `left ** right`."""
    if type(left) is Decimal and type(right) is Decimal:
        run.charge(_POWER_STEPS if right == right.to_integral_value() else _ROOT_STEPS)
        # Decimal takes 0 ** -1 for infinity without a signal.
        result = left**right
        return result if result.is_finite() else run.warn("out_of_range")
    return _told(run, None, left, "**", right)


def negative(run: Run, value: Value) -> Value:
    """Return `-value`."""
    if type(value) is Decimal:
        return -value if value else value
    if type(value) is Days:
        return Days(-value.nanos)
    if type(value) is Months:
        return Months(-value.months)
    return run.warn("operands", left="", sign="-", right=kind(value))


def _whole(number: Decimal) -> int:
    """Return the whole part of a length of time; raises ValueError before it fills the memory."""
    if number.adjusted() > _MOST_DIGITS:
        raise ValueError("duration")
    return int(number)


def _months(number: Decimal) -> int:
    """Return the nearest whole month, the later of two (XPath 2.0 §10.6, to whose durations DMN refers)."""
    return _whole((number + Decimal("0.5")).to_integral_value(ROUND_FLOOR))


def _told(run: Run, result: Value, left: Value, sign: str, right: Value) -> Value:
    if result is None:
        return run.warn("operands", left=kind(left), sign=sign, right=kind(right))
    return result


OPERATIONS: dict[str, Operation] = {
    "PLUS": add,
    "MINUS": subtract,
    "STAR": multiply,
    "SLASH": divide,
    "POW": power,
}
