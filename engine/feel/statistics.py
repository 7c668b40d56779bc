"""The built-in functions that make one value of a list: given as one list or as many arguments."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import mul

from engine.feel.arithmetic import add, divide
from engine.feel.equality import charge_comparison, comparable
from engine.feel.limits import Run
from engine.feel.registry import builtin
from engine.feel.values import ORDERED, Days, Months, Value

_SLOW_STEPS = 20


def _numbers(items: list[Value]) -> list[Decimal]:
    """Return the items when all are numbers; raises ValueError otherwise and for an empty list."""
    numbers = [item for item in items if type(item) is Decimal]
    if not numbers or len(numbers) != len(items):
        raise ValueError(len(items))
    return numbers


def _extreme(run: Run, items: list[Value], smallest: bool) -> Value:
    if not items or type(items[0]) not in ORDERED:
        return None
    best = items[0]
    for item in items[1:]:
        charge_comparison(run, item)
        pair = comparable(item, best)
        if pair is None:
            return None
        if (pair[0] < pair[1]) if smallest else (pair[0] > pair[1]):
            best = item
    return best


@builtin("min", "list:list", gather="packed")
def minimum(run: Run, items: list[Value]) -> Value:
    """Return the smallest item."""
    return _extreme(run, items, smallest=True)


@builtin("max", "list:list", gather="packed")
def maximum(run: Run, items: list[Value]) -> Value:
    """Return the greatest item."""
    return _extreme(run, items, smallest=False)


@builtin("sum", "list:list", gather="packed")
def total(run: Run, items: list[Value]) -> Value:
    """Return the sum of numbers or durations, null for none."""
    if not items or type(items[0]) not in (Decimal, Days, Months):
        return None
    if any(type(item) is not type(items[0]) for item in items):
        return None
    result = items[0]
    for item in items[1:]:
        result = add(run, result, item)
    return result


@builtin("mean", "list:list", gather="packed")
def mean(run: Run, items: list[Value]) -> Value:
    """Return the mean of numbers or durations."""
    summed = total(run, items)
    return None if summed is None else divide(run, summed, Decimal(len(items)))


@builtin("product", "list:list", gather="packed")
def product(_run: Run, items: list[Value]) -> Value:
    """Return the product of numbers."""
    return reduce(mul, _numbers(items))


@builtin("median", "list:list", gather="packed")
def median(run: Run, items: list[Value]) -> Value:
    """Return the middle number, or the mean of the two in the middle."""
    run.charge(len(items) * 4)
    ordered = sorted(_numbers(items))
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


@builtin("stddev", "list:list", gather="packed")
def standard_deviation(run: Run, items: list[Value]) -> Value:
    """Return the sample standard deviation of two numbers or more."""
    numbers = _numbers(items)
    if len(numbers) < 2:
        return None
    run.charge(len(numbers) + _SLOW_STEPS)
    middle = sum(numbers, Decimal(0)) / len(numbers)
    squares = sum(((number - middle) ** 2 for number in numbers), Decimal(0))
    return (squares / (len(numbers) - 1)).sqrt()


@builtin("mode", "list:list", gather="packed")
def mode(run: Run, items: list[Value]) -> Value:
    """Return the most frequent numbers in ascending order."""
    if not items:
        return []
    run.charge(len(items) * 4)
    counts: dict[Decimal, int] = {}
    for number in _numbers(items):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values())
    return sorted(number for number, count in counts.items() if count == most)


@builtin("all", "list:list", gather="packed")
def every(_run: Run, items: list[Value]) -> Value:
    """Return false if any is false, true if all are true, else null."""
    if any(item is False for item in items):
        return False
    return True if all(item is True for item in items) else None


@builtin("any", "list:list", gather="packed")
def some(_run: Run, items: list[Value]) -> Value:
    """Return true if any is true, false if all are false, else null."""
    if any(item is True for item in items):
        return True
    return False if all(item is False for item in items) else None
