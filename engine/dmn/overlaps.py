"""Find rules of a table that can hit together, as far as their tests are plain values and ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from typing import TypeAlias

from engine.dmn import model

MAX_RULES = 300
MAX_LENGTH = 200  # characters of a test
MAX_WORK = 500_000  # comparisons of parts
_NUMBER = r"-?\d+(?:\.\d+)?"
_VALUE = re.compile(rf'("(?:[^"\\]|\\.)*")|({_NUMBER})|(true|false)')
_COMPARISON = re.compile(rf"(<=|>=|<|>)\s*({_NUMBER})")
_RANGE = re.compile(rf"([\[(\]])\s*({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([\])\[])")
_PARTS = re.compile(r'((?:"(?:[^"\\]|\\.)*"|[^",])+)(?:,|$)')
_LOWEST, _HIGHEST = Decimal("-Infinity"), Decimal("Infinity")


@dataclass(frozen=True)
class Interval:
    """Numbers from one end to the other."""

    low: Decimal
    high: Decimal
    low_open: bool = False
    high_open: bool = False

    def meets(self, other: Interval) -> bool:
        """Tell whether a number lies in both."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return low < high or (low == high and not low_open and closed)


# one part of a test: a text or boolean as it is written, or an interval; None when it is not that simple
Part: TypeAlias = str | Interval | None


def find_overlaps(table: model.Table) -> Iterator[tuple[int, int]]:
    """Yield the numbers of each two rules that can hit together for certain."""
    if table.hit_policy != "UNIQUE" or len(table.rules) > MAX_RULES:
        return
    rows = [[_read(test.text) for test in rule.tests] for rule in table.rules]
    work = 0
    for (first, one), (second, other) in combinations(enumerate(rows, 1), 2):
        work += sum(len(left) * len(right) for left, right in zip(one, other, strict=False))
        if work > MAX_WORK:
            return
        if one and all(_meet(left, right) for left, right in zip(one, other, strict=False)):
            yield first, second


def _read(text: str) -> tuple[Part, ...]:
    """Return the parts of a test, nothing for one that every value passes."""
    if text in ("", "-"):
        return ()
    if len(text) > MAX_LENGTH:
        return (None,)
    return tuple(_part(part.strip()) for part in _PARTS.findall(text)) or (None,)


def _part(text: str) -> Part:
    value = _VALUE.fullmatch(text)
    if value is not None:
        return text if value[2] is None else Interval(Decimal(value[2]), Decimal(value[2]))
    comparison = _COMPARISON.fullmatch(text)
    if comparison is not None:
        sign, number = comparison[1], Decimal(comparison[2])
        if sign[0] == "<":
            return Interval(_LOWEST, number, high_open=sign == "<")
        return Interval(number, _HIGHEST, low_open=sign == ">")
    ends = _RANGE.fullmatch(text)
    if ends is None:
        return None
    return Interval(Decimal(ends[2]), Decimal(ends[3]), ends[1] != "[", ends[4] != "]")


def _meet(one: tuple[Part, ...], other: tuple[Part, ...]) -> bool:
    """Tell whether a value passes both tests for certain."""
    if not one or not other:
        return True
    if None in one or None in other:
        return one == other and None not in one
    return any(_same(left, right) for left in one for right in other)


def _same(left: Part, right: Part) -> bool:
    if isinstance(left, Interval) and isinstance(right, Interval):
        return left.meets(right)
    return left == right
