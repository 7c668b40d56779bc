"""See one scope of a process as a graph in which tokens move: a process, or one sub-process."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.bpmn.model import Element, Process

START = "start of "  # before the id of an element: the flow on which its scope sends the first token
Marking = frozenset[str]


@dataclass(frozen=True)
class Net:
    """One scope as a graph: its elements, and which flows each of its nodes may send tokens on."""

    elements: Mapping[str, Element]
    targets: Mapping[str, str]  # flow → element
    conditional: frozenset[str]
    hosted: Mapping[str, list[Element]]  # activity → its boundary events
    links: Mapping[str, Element]  # link name → catching event

    @cached_property
    def after(self) -> Mapping[str, list[str]]:
        """Return the elements that may come next after each element, each once."""
        return {
            identity: list(dict.fromkeys(self.following(element)))
            for identity, element in self.elements.items()
        }

    @cached_property
    def before(self) -> Mapping[str, list[str]]:
        """Return the elements from which each element may come next."""
        found: dict[str, list[str]] = {}
        for identity, steps in self.after.items():
            for step in steps:
                found.setdefault(step, []).append(identity)
        return found

    def following(self, element: Element) -> Iterator[str]:
        """Yield the elements that may come next, boundary events and link targets included."""
        yield from (self.targets[flow] for flow in element.outgoing if flow in self.targets)
        yield from (event.id for event in self.hosted.get(element.id, ()))
        target = self.link_target(element)
        if target is not None:
            yield target.id

    def carried(self, element: Element) -> Marking:
        """Return a token on every flow that leaves the element."""
        return frozenset(flow for flow in element.outgoing if flow in self.targets)

    def link_target(self, element: Element) -> Element | None:
        """Return the catching link event of a throwing one."""
        if element.kind != "intermediateThrowEvent" or element.event is None or element.event_kind != "link":
            return None
        return self.links.get(element.event.code or "")

    def reach(
        self, starts: Iterable[str], stops: frozenset[str] = frozenset(), seen: set[str] | None = None
    ) -> set[str]:
        """Return everything reachable from some elements, these included; never passing beyond `stops`.

        What was `seen` before is not walked over again, and is added to.
        """
        seen = set() if seen is None else seen
        waiting = deque(starts)
        while waiting:
            current = waiting.popleft()
            if current in seen or current not in self.elements:
                continue
            seen.add(current)
            if current not in stops:
                waiting.extend(step for step in self.after[current] if step not in seen)
        return seen


def build(process: Process, scope: str) -> Net:
    """Return the graph of the process or of one of its sub-processes, by its id."""
    elements = {element.id: element for element in process.inside(scope)}
    leaving = [process.flows[flow] for element in elements.values() for flow in element.outgoing]
    flows = [flow for flow in leaving if flow.target in elements]
    hosted: dict[str, list[Element]] = {}
    for element in elements.values():
        # a compensation event sends nothing: its handler runs beside the flow
        if element.attached_to in elements and element.event_kind != "compensate":
            hosted.setdefault(element.attached_to or "", []).append(element)
    links = {
        element.event.code or "": element
        for element in elements.values()
        if element.kind == "intermediateCatchEvent" and element.event and element.event_kind == "link"
    }
    conditional = frozenset(flow.id for flow in flows if flow.condition is not None)
    targets = {f"{START}{identity}": identity for identity in elements}
    return Net(elements, targets | {flow.id: flow.target for flow in flows}, conditional, hosted, links)
