"""Compile comparison, logic of three values and arithmetic."""

from __future__ import annotations

import operator
from decimal import Decimal
from typing import Any

from engine.feel.arithmetic import OPERATIONS, negative
from engine.feel.code import Code, Scope, make
from engine.feel.equality import charge_comparison, comparable, equal
from engine.feel.values import Value, kind

ORDERS = {"LT": operator.lt, "LE": operator.le, "GT": operator.gt, "GE": operator.ge}


def compile_compare(parts: list[Any]) -> Code:
    """Compile `=`, `!=`, `<`, `<=`, `>`, `>=`."""
    left, sign, right = parts
    if sign.type in ORDERS:
        return make(_ordering(left, sign.type, right), left, right)
    first, second, negated = left.run, right.run, sign.type == "NE"

    def run(scope: Scope) -> Value:
        value = first(scope)
        charge_comparison(scope.run, value)
        same = equal(scope.run, value, second(scope))
        return same if same is None else same is not negated

    return make(run, left, right)


def _ordering(left: Code, sign: str, right: Code) -> Any:
    first, second, order = left.run, right.run, ORDERS[sign]

    def run(scope: Scope) -> Value:
        value, other = first(scope), second(scope)
        if type(value) is Decimal and type(other) is Decimal:
            return order(value, other)
        charge_comparison(scope.run, value)
        pair = comparable(value, other)
        if pair is None:
            return scope.run.warn("compare", left=kind(value), right=kind(other))
        return order(*pair)

    return run


def compile_between(parts: list[Any]) -> Code:
    """Compile `value between low and high`: `value >= low and value <= high` in three-valued logic."""
    value_code, low_code, high_code = parts
    value_of, low_of, high_of = value_code.run, low_code.run, high_code.run

    def run(scope: Scope) -> Value:
        value, low, high = value_of(scope), low_of(scope), high_of(scope)
        charge_comparison(scope.run, value)
        above, below = comparable(value, low), comparable(value, high)
        if (above and above[0] < above[1]) or (below and below[0] > below[1]):
            return False
        if above is None or below is None:
            return scope.run.warn("compare", left=kind(value), right=kind(low if above is None else high))
        return True

    return make(run, value_code, low_code, high_code)


def compile_conjunction(parts: list[Any]) -> Code:
    """Compile `a and b and …`: false wins over null, null over true."""
    return _compile_logic(parts, decisive=False)


def compile_disjunction(parts: list[Any]) -> Code:
    """Compile `a or b or …`: true wins over null, null over false."""
    return _compile_logic(parts, decisive=True)


def _compile_logic(parts: list[Code], decisive: bool) -> Code:
    closures = tuple(part.run for part in parts)
    neutral = not decisive

    def run(scope: Scope) -> Value:
        result: bool | None = neutral
        for closure in closures:
            value = closure(scope)
            if value is decisive:
                return decisive
            if value is not neutral:
                result = None
        return result

    return make(run, *parts)


def compile_arithmetic(parts: list[Any]) -> Code:
    """Compile `a + b - c …` of one level from left to right."""
    first: Code = parts[0]
    rest: list[Code] = parts[2::2]
    steps = tuple((OPERATIONS[sign.type], code.run) for sign, code in zip(parts[1::2], rest, strict=True))
    begin = first.run

    def run(scope: Scope) -> Value:
        value = begin(scope)
        for operation, operand in steps:
            other = operand(scope)
            try:
                value = operation(scope.run, value, other)
            except (ArithmeticError, ValueError):
                value = scope.run.warn("out_of_range")
        return value

    return make(run, first, *rest)


def compile_negative(parts: list[Any]) -> Code:
    """Compile `-a`."""
    code: Code = parts[-1]
    closure = code.run
    return make(lambda scope: negative(scope.run, closure(scope)), code)
