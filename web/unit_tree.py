"""Place the units of a day as a tree to be drawn: one line each, what stands below it further in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from workflows import organisation
from workflows.tables import Unit

INDENT, ROW, MARGIN, WIDTH, HEIGHT = 30, 44, 12, 430, 34


@dataclass(frozen=True)
class Node:
    """One unit in the drawing: where its box stands, and whether it is dissolved on the day."""

    unit: Unit
    x: int
    y: int
    dissolved: bool


@dataclass(frozen=True)
class Tree:
    """The boxes, the elbow lines from each unit to those below it, and the size of the drawing."""

    nodes: Sequence[Node]
    lines: Sequence[str]
    width: int
    height: int


def grow(units: Iterable[Unit], day: date) -> Tree:
    """Return the drawing of the units: those without a unit above (among the given ones) are the roots."""
    given = {unit.code: unit for unit in units}
    below: dict[str | None, list[Unit]] = {}
    for unit in given.values():
        below.setdefault(unit.parent_code if unit.parent_code in given else None, []).append(unit)
    nodes: list[Node] = []
    waiting = [(unit, 0) for unit in reversed(below.get(None, []))]
    while waiting:
        unit, depth = waiting.pop()
        gone = organisation.is_dissolved(unit, day)
        nodes.append(Node(unit, MARGIN + depth * INDENT, MARGIN + len(nodes) * ROW, gone))
        waiting += [(child, depth + 1) for child in reversed(below.get(unit.code, []))]
    right = max((node.x for node in nodes), default=0) + WIDTH + MARGIN
    return Tree(nodes, _lines(nodes), right, MARGIN * 2 + len(nodes) * ROW)


def _lines(nodes: Sequence[Node]) -> list[str]:
    places: Mapping[str, Node] = {node.unit.code: node for node in nodes}
    drawn = []
    for node in nodes:
        above = places.get(node.unit.parent_code or "")
        if above is not None:
            start = above.x + INDENT // 2
            middle = node.y + HEIGHT // 2
            drawn.append(f"M {start} {above.y + HEIGHT} V {middle} H {node.x}")
    return drawn
