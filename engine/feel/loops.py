"""Compile `if`, `for`, `some` and `every`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.feel.chronology import date_at, day_number
from engine.feel.code import Code, Scope, make
from engine.feel.equality import within
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_NESTING, Run
from engine.feel.values import Date, Range, Value, kind

_DIGITS = 34  # of decimal128


@dataclass(frozen=True, slots=True)
class Iteration:
    """One iterator: its name and the list, or the first and the last value."""

    name: str
    source: Code
    last: Code | None = None


class _NotIterable(Exception):
    """What is looped over has no elements; caught by the loop, which is null then."""


def compile_conditional(parts: list[Any]) -> Code:
    """Compile `if a then b else c`; anything but true takes the else branch."""
    test, then, otherwise = (part.run for part in parts)
    return make(lambda scope: then(scope) if test(scope) is True else otherwise(scope), *parts)


def compile_iterator(parts: list[Any]) -> Iteration:
    """Compile `x in list` or `x in 1..3`."""
    return Iteration(str(parts[0]), parts[1], parts[2] if len(parts) > 2 else None)


def compile_iterators(parts: list[Any]) -> list[Iteration]:
    """Compile `x in a, y in b`; each costs a level."""
    if len(parts) > MAX_NESTING // 2:
        raise FeelLimit("depth", limit=MAX_NESTING)
    return parts


def _codes(iterations: list[Iteration], body: Code) -> list[Code]:
    lasts = [iteration.last for iteration in iterations if iteration.last is not None]
    return [body, *(iteration.source for iteration in iterations), *lasts]


def _countable(number: Decimal) -> bool:
    """Return whether a number is whole and small enough for its successor to exist."""
    return number.adjusted() < _DIGITS and number == number.to_integral_value()


def _steps(run: Run, first: Value, last: Value) -> Iterator[Value]:
    """Yield whole numbers or days from the first to the last, up or down."""
    if type(first) is Decimal and type(last) is Decimal and _countable(first) and _countable(last):
        low, high = int(first), int(last)
        for number in range(low, high + 1) if low <= high else range(low, high - 1, -1):
            yield Decimal(number)
    elif type(first) is Date and type(last) is Date:
        begin, end = day_number(first), day_number(last)
        for number in range(begin, end + 1) if begin <= end else range(begin, end - 1, -1):
            yield date_at(number)
    else:
        run.warn("cannot_iterate", kind=kind(first))
        raise _NotIterable


def _elements(iteration: Iteration, scope: Scope) -> Iterator[Value]:
    first = iteration.source.run(scope)
    if iteration.last is not None:
        return _steps(scope.run, first, iteration.last.run(scope))
    if type(first) is Range:
        inside = first
        steps = _steps(scope.run, first.start, first.end)
        return (value for value in steps if within(scope.run, inside, value))
    if first is None:
        scope.run.warn("cannot_iterate", kind="null")
        raise _NotIterable
    return iter(first if type(first) is list else [first])


def _scopes(iterations: list[Iteration], level: int, scope: Scope, cost: int) -> Iterator[Scope]:
    """Yield the scope of each combination of elements, the last iterator fastest."""
    name = iterations[level].name
    for value in _elements(iterations[level], scope):
        scope.run.charge(cost)
        inner = Scope({name: value}, scope, scope.run)
        if level + 1 == len(iterations):
            yield inner
        else:
            yield from _scopes(iterations, level + 1, inner, cost)


def compile_loop(parts: list[Any]) -> Code:
    """Compile `for x in list return a`; `partial` holds the results so far."""
    iterations, body = parts
    closure, cost, looks_back = body.run, body.size + 2, "partial" in body.uses

    def run(scope: Scope) -> Value:
        results: list[Value] = []
        try:
            for inner in _scopes(iterations, 0, scope, cost):
                if looks_back:
                    scope.run.charge(len(results))
                    inner.names.setdefault("partial", list(results))
                results.append(closure(inner))
        except _NotIterable:
            return None
        return results

    return make(run, *_codes(iterations, body))


def compile_quantified(parts: list[Any]) -> Code:
    """Compile `some x in list satisfies a` and `every …`; null when it is undecided."""
    token, iterations, body = parts
    closure, cost, decisive = body.run, body.size + 2, token.type == "SOME"

    def run(scope: Scope) -> Value:
        result: bool | None = not decisive
        try:
            for inner in _scopes(iterations, 0, scope, cost):
                value = closure(inner)
                if value is decisive:
                    return decisive
                if type(value) is not bool:
                    result = None
        except _NotIterable:
            return None
        return result

    return make(run, *_codes(iterations, body))
