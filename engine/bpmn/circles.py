"""Find the circles of a graph: groups of nodes that can all reach each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def find(after: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the circles of a graph (Kosaraju), each in the order of the nodes given, without recursion.

    `after` names for every node those that follow it; what follows but is no node itself is left out.
    """
    before: dict[str, list[str]] = {identity: [] for identity in after}
    for identity, steps in after.items():
        for step in steps:
            if step in before:
                before[step].append(identity)
    place = {identity: number for number, identity in enumerate(after)}
    circles: list[list[str]] = []
    placed: set[str] = set()
    for identity in reversed(_finished(after)):
        group = _collect(before, identity, placed)
        if len(group) > 1 or (group and identity in after[identity]):
            circles.append(sorted(group, key=place.__getitem__))
    return circles


def _finished(after: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the nodes in the order in which a depth-first walk leaves them."""
    order: list[str] = []
    seen: set[str] = set()
    for root in after:
        trail = [] if root in seen else [(root, iter(after[root]))]
        seen.add(root)
        while trail:
            current, steps = trail[-1]
            step = next((one for one in steps if one not in seen and one in after), None)
            if step is None:
                order.append(current)
                trail.pop()
            else:
                seen.add(step)
                trail.append((step, iter(after[step])))
    return order


def _collect(before: Mapping[str, list[str]], start: str, placed: set[str]) -> list[str]:
    """Return what leads to an element and is not placed yet, and place it."""
    group: list[str] = []
    waiting = [start]
    while waiting:
        current = waiting.pop()
        if current not in placed:
            placed.add(current)
            group.append(current)
            waiting.extend(before[current])
    return group
