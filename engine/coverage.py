"""Coverage: which elements, sequence flows and message flows of the diagrams a run has reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history
from engine.bpmn import loading
from engine.bpmn.model import Element, Process
from engine.tables import HistoryEvent, ProcessDefinition, ProcessInstance

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_ENTERED = frozenset(
    {"element.entered", "element.cancelled", "task.created", "job.created", "call.started", "incident.raised"}
)
_WAITED = frozenset({"timer.planned", "subscription.opened", "signal.awaited", "condition.awaited"})


@dataclass(frozen=True)
class Coverage:
    """What there is in one process and what of it was reached, by id.

    `flows` are sequence flows and the message flows that begin or end at an element of the process.
    """

    process: str
    file: str
    name: str
    elements: frozenset[str]
    flows: frozenset[str]
    reached_elements: frozenset[str] = frozenset()
    reached_flows: frozenset[str] = frozenset()
    instances: int = 0

    @property
    def missing(self) -> list[str]:
        """Return the ids not reached, elements first."""
        elements = sorted(self.elements - self.reached_elements)
        return [*elements, *sorted(self.flows - self.reached_flows)]

    @property
    def percent(self) -> float:
        """Return how much was reached, from 0 to 100."""
        reached = len(self.reached_elements) + len(self.reached_flows)
        return 100 * reached / max(1, len(self.elements) + len(self.flows))


def measure(session: Session) -> dict[str, Coverage]:
    """Return the coverage of every deployed process by its id."""
    return {row.process_id: _measure(session, row) for row in deployments.list_latest(session)}


def add(one: Coverage, other: Coverage) -> Coverage:
    """Return what either of two runs of the same process reached."""
    return Coverage(
        one.process,
        one.file,
        one.name,
        one.elements,
        one.flows,
        one.reached_elements | other.reached_elements,
        one.reached_flows | other.reached_flows,
        one.instances + other.instances,
    )


def add_all(runs: Iterable[Mapping[str, Coverage]]) -> dict[str, Coverage]:
    """Return the coverage of several runs together, by process id."""
    found: dict[str, Coverage] = {}
    for run in runs:
        for process, one in run.items():
            found[process] = add(found[process], one) if process in found else one
    return found


def _measure(session: Session, definition: ProcessDefinition) -> Coverage:
    process = deployments.compiled_version(session, definition).process
    query = select(ProcessInstance.id).where(ProcessInstance.process_id == definition.process_id)
    numbers = session.scalars(query).all()
    events = session.scalars(select(HistoryEvent).where(HistoryEvent.instance_id.in_(numbers))).all()
    elements = _reached(process, events)
    talks = _message_flows(definition.resource.content)
    own = {flow: ends & set(process.elements) for flow, ends in talks.items()}
    heard = {flow for flow, ends in own.items() if ends and ends <= elements}
    return Coverage(
        process=process.id,
        file=definition.resource.name,
        name=process.name,
        elements=frozenset(process.elements),
        flows=frozenset(process.flows) | {flow for flow, ends in own.items() if ends},
        reached_elements=frozenset(elements),
        reached_flows=frozenset(_walked(process, events, elements) | heard),
        instances=len(numbers),
    )


def _reached(process: Process, events: Sequence[HistoryEvent]) -> set[str]:
    """Return the elements that a token came to; what only listened (boundary events …) must have fired."""
    found = set(history.completed_elements(events))
    for event in events:
        element = process.elements.get(event.element or "")
        if element is not None and not _only_listens(process, element):
            found |= {element.id} if event.kind in _ENTERED | _WAITED else set()
    found &= set(process.elements)
    for reached in sorted(found):  # what lies inside a sub-process was reached through it
        scope = process.elements[reached].scope
        while scope in process.elements:
            found.add(scope)
            scope = process.elements[scope].scope
    return found


def _only_listens(process: Process, element: Element) -> bool:
    """Tell whether the element waits without having been chosen: attached, at a start, or behind a choice."""
    sources = (process.elements[process.flows[flow].source] for flow in element.incoming)
    behind = any(source.kind == "eventBasedGateway" for source in sources)
    return behind or element.kind in ("boundaryEvent", "startEvent") or element.triggered_by_event


def _walked(process: Process, events: Sequence[HistoryEvent], reached: set[str]) -> set[str]:
    """Return the sequence flows that tokens walked; the only one into an element that was reached is one."""
    listening = {element.id for element in process.elements.values() if _only_listens(process, element)}
    chosen = [
        event for event in events if event.kind == "element.completed" or event.element not in listening
    ]
    only = {
        flow
        for flow in process.flows.values()
        if flow.target in reached and len(process.elements[flow.target].incoming) == 1
    }
    return (history.taken_flows(chosen) & set(process.flows)) | {flow.id for flow in only}


def _message_flows(content: bytes) -> dict[str, set[str]]:
    """Return the two ends of each message flow of a file."""
    root: etree._Element = loading.load(content, "")
    return {
        str(flow.get("id")): {str(flow.get("sourceRef")), str(flow.get("targetRef"))}
        for flow in root.iter(f"{BPMN}messageFlow")
    }
