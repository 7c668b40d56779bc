"""Calculate with numbers, texts, dates, times and durations; null with a warning where FEEL has no answer.

Runs inside the decimal128 context that an evaluation sets.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias

from engine.feel.limits import Run
from engine.feel.temporal import MICROSECOND, add_duration, subtract_moments
from engine.feel.values import Months, Value, kind

Operation: TypeAlias = Callable[[Run, Value, Value], Value]

_DURATIONS = (timedelta, Months)
_MOMENTS = (date, datetime, time)
_POWER_STEPS = 20  # what a power, root or logarithm costs


def add(run: Run, left: Value, right: Value) -> Value:
    """Return `left + right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left + right
    if type(left) is str and type(right) is str:
        run.charge_text(len(left) + len(right))
        return left + right
    if type(left) is timedelta and type(right) is timedelta:
        return left + right
    if type(left) is Months and type(right) is Months:
        return Months(left.months + right.months)
    if type(left) in _DURATIONS and type(right) in _MOMENTS:
        left, right = right, left
    return _told(run, add_duration(left, right), left, "+", right)


def subtract(run: Run, left: Value, right: Value) -> Value:
    """Return `left - right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left - right
    if type(left) is timedelta and type(right) is timedelta:
        return left - right
    if type(left) is Months and type(right) is Months:
        return Months(left.months - right.months)
    if type(right) in _DURATIONS:
        return _told(run, add_duration(left, negative(run, right)), left, "-", right)
    return _told(run, subtract_moments(left, right), left, "-", right)


def multiply(run: Run, left: Value, right: Value) -> Value:
    """Return `left * right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left * right
    if type(left) is Decimal:
        left, right = right, left
    if type(right) is Decimal and type(left) is timedelta:
        return timedelta(microseconds=int(Decimal(left // MICROSECOND) * right))
    if type(right) is Decimal and type(left) is Months:
        return Months(int(left.months * right))
    return _told(run, None, left, "*", right)


def divide(run: Run, left: Value, right: Value) -> Value:
    """Return `left / right`."""
    if type(left) is Decimal and type(right) is Decimal:
        return left / right
    if type(left) is timedelta and type(right) is timedelta:
        return Decimal(left // MICROSECOND) / Decimal(right // MICROSECOND)
    if type(left) is Months and type(right) is Months:
        return Decimal(left.months) / Decimal(right.months)
    if type(right) is Decimal and type(left) is timedelta:
        return timedelta(microseconds=int(Decimal(left // MICROSECOND) / right))
    if type(right) is Decimal and type(left) is Months:
        return Months(int(left.months / right))
    return _told(run, None, left, "/", right)


def power(run: Run, left: Value, right: Value) -> Value:
    """Return `left ** right`."""
    run.charge(_POWER_STEPS)
    if type(left) is Decimal and type(right) is Decimal:
        return left**right
    return _told(run, None, left, "**", right)


def negative(run: Run, value: Value) -> Value:
    """Return `-value`."""
    if type(value) is Decimal:
        return -value if value else value
    if type(value) is timedelta:
        return -value
    if type(value) is Months:
        return Months(-value.months)
    return run.warn("operands", left="", sign="-", right=kind(value))


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
