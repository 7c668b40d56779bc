"""Refuse by element id what the runtime does not execute: one table of what it does.

To let the engine execute one thing more, add it to EXECUTED (or take it out of REFUSED) and delete its rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.bpmn.findings import Finding, make
from engine.bpmn.model import EVENTS, Element, Process
from engine.errors import Text

# (kind of element, where it stands) → kinds of event that are executed there
EXECUTED: Mapping[tuple[str, str], frozenset[str]] = {
    ("startEvent", "process"): frozenset({"none", "message", "timer"}),
    ("startEvent", "sub-process"): frozenset({"none"}),
    ("endEvent", "any"): frozenset({"none", "message", "terminate", "error", "escalation"}),
    ("intermediateCatchEvent", "any"): frozenset({"message", "timer", "link"}),
    ("intermediateThrowEvent", "any"): frozenset({"none", "message", "escalation", "link"}),
    ("boundaryEvent", "any"): frozenset({"message", "timer", "error", "escalation"}),
}
# a boundary event of these kinds may leave its activity running (BPMN 2.0.2, table 10.91)
PATIENT = frozenset({"message", "timer", "escalation"})
# kinds of element that are drawn and kept, never run → rule
REFUSED: Mapping[str, str] = {
    "complexGateway": "complex-gateway",
    "adHocSubProcess": "ad-hoc-sub-process",
    "transaction": "transaction",
}
# kinds of event that are executed nowhere → rule with a remedy of its own
REFUSED_EVENTS: Mapping[str, str] = {
    "signal": "signal-event",
    "conditional": "conditional-event",
    "compensate": "compensation",
    "cancel": "cancel-event",
    "multiple": "multiple-events",
}
_PLACES = {
    "startEvent": Text("bắt đầu", "start"),
    "endEvent": Text("kết thúc", "end"),
    "intermediateCatchEvent": Text("chờ giữa luồng", "intermediate catch"),
    "intermediateThrowEvent": Text("phát giữa luồng", "intermediate throw"),
    "boundaryEvent": Text("gắn vào bước", "boundary"),
}


def check(process: Process) -> Iterator[Finding]:
    """Yield a finding for everything in the process that would not be executed."""
    for element in process.elements.values():
        if element.kind in REFUSED:
            yield make(REFUSED[element.kind], element.id, element.line)
        if element.triggered_by_event:
            yield make("event-sub-process", element.id, element.line)
        if element.loop is not None and element.loop.kind == "standard":
            yield make("standard-loop", element.id, element.loop.line)
        if element.details.called_decision is not None:
            yield make("called-decision", element.id, element.line)
        if element.kind in EVENTS:
            yield from _check_event(process, element)


def _check_event(process: Process, element: Element) -> Iterator[Finding]:
    """Look the event up where it stands."""
    kind = element.event_kind
    if kind in REFUSED_EVENTS:
        yield make(REFUSED_EVENTS[kind], element.id, element.line)
        return
    place = "any"
    if element.kind == "startEvent":
        scope = process.elements.get(element.scope)
        if scope is not None and scope.triggered_by_event:
            return  # the event sub-process around it is refused already
        place = "process" if scope is None else "sub-process"
    if kind not in EXECUTED[element.kind, place]:
        yield make("event-not-here", element.id, element.line, event=kind, place=_PLACES[element.kind])
    elif element.kind == "boundaryEvent" and not element.interrupting and kind not in PATIENT:
        yield make("must-interrupt", element.id, element.line, event=kind)
