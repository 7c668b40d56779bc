"""Hold compiled expressions: closures over a scope, with what is known about them beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_NESTING, Run
from engine.feel.values import Value


class Scope:
    """Names of one level, the level around it and the run they belong to."""

    __slots__ = ("names", "outer", "run")

    def __init__(self, names: dict[str, Value], outer: Scope | None, run: Run) -> None:
        self.names = names
        self.outer = outer
        self.run = run


Closure: TypeAlias = Callable[[Scope], Value]


@dataclass(frozen=True, slots=True)
class Code:
    """A closure, how deep and how large it is, and which names it reads.

    The size is what one run of it costs at least; loops and calls charge it each time.
    """

    run: Closure
    depth: int = 1
    size: int = 1
    uses: frozenset[str] = frozenset()


def make(run: Closure, *inner: Code, uses: frozenset[str] = frozenset()) -> Code:
    """Return the code of a closure over inner codes; raises FeelLimit when it is nested too deep."""
    depth = 1 + max((code.depth for code in inner), default=0)
    if depth > MAX_NESTING:
        raise FeelLimit("depth", limit=MAX_NESTING)
    size = 1 + sum(code.size for code in inner)
    return Code(run, depth, size, uses.union(*(code.uses for code in inner)))
