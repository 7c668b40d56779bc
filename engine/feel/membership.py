"""Compile ranges, `in` and unary tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.feel.code import Code, Scope, make
from engine.feel.equality import charge_comparison, comparable, equal, within
from engine.feel.operators import ORDERS
from engine.feel.values import ORDERED, Range, Unequal, Value, kind

Test: TypeAlias = Callable[[Scope, Value], bool | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A unary comparison such as `> 5`."""

    sign: str
    operand: Code


def compile_comparison_test(parts: list[Any]) -> Comparison:
    """Compile `> 5`."""
    return Comparison(parts[0].type, parts[1])


def compile_comparison_range(parts: list[Any]) -> Code:
    """Compile `(> 5)`, a range open to one side."""
    comparison: Comparison = parts[0]
    sign, closure = comparison.sign, comparison.operand.run

    def run(scope: Scope) -> Value:
        value = closure(scope)
        if sign == "NE":
            return Unequal(value)
        if type(value) not in ORDERED:
            return scope.run.warn("bad_range")
        if sign == "EQ":
            return Range(value, value, True, True, sign)
        if sign in ("LT", "LE"):
            return Range(None, value, False, sign == "LE", sign)
        return Range(value, None, sign == "GE", False, sign)

    return make(run, comparison.operand)


def compile_range(parts: list[Any]) -> Code:
    """Compile `[a..b]`, `(a..b]`, `]a..b[`; null when the ends do not compare or are reversed."""
    opening, first, last, closing = parts
    start_of, end_of = first.run, last.run
    from_start, to_end = opening.type == "LSQB", closing.type == "RSQB"

    def run(scope: Scope) -> Value:
        start, end = start_of(scope), end_of(scope)
        if start is None and end is None:
            return scope.run.warn("bad_range")
        if start is not None and end is not None:
            pair = comparable(start, end)
            if pair is None or pair[0] > pair[1]:
                return scope.run.warn("bad_range")
        return Range(start, end, from_start, to_end)

    return make(run, first, last)


def _code(part: Code | Comparison) -> Code:
    return part.operand if isinstance(part, Comparison) else part


def _test(part: Code | Comparison) -> Test:
    """Return the test of a value that a comparison or an expression stands for."""
    if isinstance(part, Comparison):
        return _comparison(part)
    closure = part.run

    def test(scope: Scope, value: Value) -> bool | None:
        found = closure(scope)
        charge_comparison(scope.run, value)
        if type(found) is Range and type(value) is Range:
            return equal(scope.run, value, found)
        return within(scope.run, found, value)

    return test


def _comparison(part: Comparison) -> Test:
    closure, sign = part.operand.run, part.sign
    if sign in ("EQ", "NE"):

        def test(scope: Scope, value: Value) -> bool | None:
            same = equal(scope.run, value, closure(scope))
            return same if same is None else same is (sign == "EQ")

        return test
    order = ORDERS[sign]

    def ordered(scope: Scope, value: Value) -> bool | None:
        operand = closure(scope)
        pair = comparable(value, operand)
        if pair is None:
            scope.run.warn("compare", left=kind(value), right=kind(operand))
            return None
        return bool(order(*pair))

    return ordered


def compile_member_tests(parts: list[Any]) -> list[Code | Comparison]:
    """Compile the tests of `in (a, b)` or of unary tests."""
    return parts


def compile_member(parts: list[Any]) -> Code:
    """Compile `value in test` and `value in (test, test)`: true wins, then null."""
    value_code, right = parts
    members: list[Code | Comparison] = right if isinstance(right, list) else [right]
    tests = tuple(_test(member) for member in members)
    value_of = value_code.run

    def run(scope: Scope) -> Value:
        return _any(scope, value_of(scope), tests)

    return make(run, value_code, *map(_code, members))


def _any(scope: Scope, value: Value, tests: tuple[Test, ...]) -> bool | None:
    result: bool | None = False
    for test in tests:
        found = test(scope, value)
        if found is True:
            return True
        if found is None:
            result = None
    return result


def _unary(part: Code | Comparison) -> Test:
    """Return a unary test: a boolean expression decides itself, anything else is compared with `?`."""
    if isinstance(part, Comparison):
        return _comparison(part)
    closure, asks = part.run, "?" in part.uses

    def decide(scope: Scope, value: Value) -> bool | None:
        found = closure(scope)
        if type(found) is bool and (asks or type(value) is not bool):
            return found
        if type(found) is Range and type(value) is Range:
            return equal(scope.run, value, found)
        return within(scope.run, found, value)

    return decide


def compile_some_test(parts: list[Any]) -> Code:
    """Compile the unary tests `a, b` of the value `?`."""
    members: list[Code | Comparison] = parts[0]
    tests = tuple(_unary(member) for member in members)
    return make(lambda scope: _any(scope, scope.names.get("?"), tests), *map(_code, members))


def compile_no_test(parts: list[Any]) -> Code:
    """Compile the unary tests `not(a, b)`."""
    code = compile_some_test(parts)

    def run(scope: Scope) -> Value:
        found = code.run(scope)
        return found if found is None else not found

    return make(run, code)


def compile_any_value(_parts: list[Any]) -> Code:
    """Compile the unary test `-`, which every value passes."""
    return make(lambda _scope: True)
