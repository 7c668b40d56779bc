"""The same trees without tokens, gateways or joins: what is left to do is a smaller term.

This shares nothing with the engine: a sequence whose first part is done becomes its rest, parallel parts are
done when all of them are. Node names follow the numbering of `blocks.draw`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.property.blocks import Tree

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """One task that is open."""

    name: str


@dataclass(frozen=True)
class Then:
    """What is open now, and the named parts that come after it."""

    first: Term
    rest: tuple[Named, ...]


@dataclass(frozen=True)
class Beside:
    """Parts that are open at the same time."""

    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Again:
    """A loop in one of its rounds."""

    round: Term
    loop: Named


Term = Work | Then | Beside | Again | None  # None: done


@dataclass(frozen=True)
class Named:
    """A part that has not begun, with its name."""

    kind: str
    name: str
    parts: tuple[Named, ...] = ()


def name(tree: Tree) -> Named:
    """Number a tree as the drawing does."""
    return _name(tree, iter(range(1, 10_000)))


def _name(tree: Tree, numbers: Iterator[int]) -> Named:
    kind = tree[0]
    if kind == "task":
        return Named("task", f"task{next(numbers)}")
    if kind == "seq":
        return Named("seq", "", tuple(_name(part, numbers) for part in tree[1]))
    prefix = {"xor": "exclusive", "and": "parallel", "or": "inclusive", "loop": "loop"}[kind]
    own = f"{prefix}{next(numbers)}"
    inner = (tree[1],) if kind == "loop" else tree[1]
    return Named(kind, own, tuple(_name(part, numbers) for part in inner))


def begin(part: Named, values: Values) -> Term:
    """Return what is open when a part begins."""
    if part.kind == "task":
        return Work(part.name)
    if part.kind == "seq":
        return _sequence(part.parts, values)
    if part.kind == "xor":
        return begin(part.parts[values[f"{part.name}_way"]], values)
    if part.kind == "loop":
        return Again(Then(Work(f"{part.name}_task"), part.parts), part)
    parts = part.parts
    if part.kind == "or":
        parts = tuple(p for i, p in enumerate(parts[:-1]) if values[f"{part.name}_way{i}"]) or parts[-1:]
    return Beside(tuple(begin(inner, values) for inner in parts))


def _sequence(parts: tuple[Named, ...], values: Values) -> Term:
    return Then(begin(parts[0], values), parts[1:]) if parts else None


def opened(term: Term) -> list[str]:
    """Return the names of the open tasks, sorted."""
    match term:
        case None:
            return []
        case Work(task):
            return [task]
        case Then(first, _) | Again(first, _):
            return opened(first)
        case Beside(parts):
            return sorted(task for part in parts for task in opened(part))


def complete(term: Term, task: str, values: Values) -> Term:
    """Return what is left after one open task of that name is done."""
    match term:
        case Then(first, rest):
            left = complete(first, task, values)
            return _sequence(rest, values) if left is None else Then(left, rest)
        case Again(current, loop):
            left = complete(current, task, values)
            if left is not None:
                return Again(left, loop)
            return begin(loop, values) if values[f"again_{loop.name}"] else None
        case Beside(parts):
            index = next(i for i, part in enumerate(parts) if task in opened(part))
            left = tuple(p if i != index else complete(p, task, values) for i, p in enumerate(parts))
            return None if all(part is None for part in left) else Beside(left)
    return None
