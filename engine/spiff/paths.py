"""Which elements lie ahead of which, and where tokens stand on the way."""

from __future__ import annotations

from engine.bpmn.model import Process
from engine.spiff.game import Game, is_armed
from engine.spiff.nodes import link_targets


def reachable(process: Process, start: str, without: str | None = None) -> set[str]:
    """Return the elements that a token leaving `start` can come to, over flows, links and attached events.

    Nothing behind `without` is looked at: it is reached, but not left.
    """
    seen: set[str] = set()
    todo = [start]
    while todo:
        element = process.elements[todo.pop()]
        ahead = [process.flows[flow].target for flow in element.outgoing]
        ahead += [other.id for other in process.boundary_events(element.id)]
        ahead += [other.id for other in link_targets(process, element)]
        fresh = [found for found in ahead if found not in seen]
        seen.update(fresh)
        todo += [found for found in fresh if found != without]
    return seen


def standing(game: Game, scope: int, elements: set[str]) -> list[int]:
    """Return the numbers of the tokens that stand on some elements of a scope."""
    return [
        token.id
        for token in game.inside(scope)
        if not is_armed(token) and token.task_spec.element.id in elements
    ]


def others_ahead(game: Game, number: int, target: str) -> list[str]:
    """Return the names of the elements where other branches stand that a return would walk again.

    Those are the tokens between the target and the element that is left. A token that waits at a join counts
    when the flow that it came by would be walked again.
    """
    token = game.token(number)
    if token is None:
        return []
    here = token.task_spec.element.id
    between = reachable(game.process, target, without=here) | {target}
    names: list[str] = []
    for other in game.inside(token.internal_data["scope"]):
        element = other.task_spec.element
        if other is token or is_armed(other) or "body" in other.internal_data:
            continue
        joins = other.internal_data.get("wait", {}).get("kind") in ("parallel", "join")
        flow = game.process.flows.get(other.internal_data.get("flow", ""))
        again = {element.id, flow.source} if joins and flow is not None else {element.id}
        if again <= between - {here}:
            names.append(element.name or element.id)
    return names


def starved_join(game: Game, number: int, target: str) -> str | None:
    """Return the name of a parallel join that a return to an element would leave waiting for ever.

    It has taken the tokens of its other branches already, and only the one that is gone back to comes again.
    """
    token = game.token(number)
    if token is None:
        return None
    process, scope = game.process, token.internal_data["scope"]
    others = [other for other in game.inside(scope) if other is not token and not is_armed(other)]
    for join in process.inside(process.elements[target].scope):
        if join.kind != "parallelGateway" or join.id not in reachable(process, target, without=join.id):
            continue
        starts = {target} | {o.task_spec.element.id for o in others if o.task_spec.element is not join}
        coming = starts.union(*(reachable(process, start, without=join.id) for start in starts))
        there = {o.internal_data.get("flow") for o in others if o.task_spec.element is join}
        if any(flow not in there and process.flows[flow].source not in coming for flow in join.incoming):
            return join.name or join.id
    return None
