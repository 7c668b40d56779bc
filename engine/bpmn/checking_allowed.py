"""Refuse by element id what the runtime does not execute: one table of what it does.

To let the engine execute one thing more, add it to EXECUTED, or delete its rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.bpmn.findings import Finding, make
from engine.bpmn.model import EVENTS, Element, Process
from engine.errors import Text

# (kind of element, where it stands) → kinds of event that are executed there
EXECUTED: Mapping[tuple[str, str], frozenset[str]] = {
    ("startEvent", "process"): frozenset({"none", "message", "timer", "signal"}),
    ("startEvent", "sub-process"): frozenset({"none"}),
    ("startEvent", "event sub-process"): frozenset(
        {"message", "timer", "signal", "conditional", "error", "escalation", "compensate"}
    ),
    ("endEvent", "any"): frozenset(
        {"none", "message", "signal", "terminate", "error", "escalation", "compensate", "cancel"}
    ),
    ("intermediateCatchEvent", "any"): frozenset({"message", "timer", "signal", "conditional", "link"}),
    ("intermediateThrowEvent", "any"): frozenset(
        {"none", "message", "signal", "escalation", "compensate", "link"}
    ),
    ("boundaryEvent", "any"): frozenset(
        {"message", "timer", "signal", "conditional", "error", "escalation", "compensate", "cancel"}
    ),
}
# where all definitions of one event can be waited for
_PARALLEL = frozenset(
    {("intermediateCatchEvent", "any"), ("boundaryEvent", "any"), ("startEvent", "event sub-process")}
)
MOST_TOKENS = 100  # that one activity needs, or sends along one flow
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
        if max(element.start_quantity, element.completion_quantity) > MOST_TOKENS:
            yield make("token-quantity", element.id, element.line, limit=MOST_TOKENS)
        if element.kind in EVENTS:
            yield from _check_event(process, element)


def _check_event(process: Process, element: Element) -> Iterator[Finding]:
    """Look every definition of the event up where it stands."""
    place = _place(process, element)
    undoes = place == "event sub-process" and element.event_kind == "compensate"
    if undoes and process.elements[element.scope].scope == process.id:
        yield make("process-compensation", element.id, element.line)
    parallel = element.parallel_multiple and len(element.event_definitions) > 1
    if parallel and (element.kind, place) not in _PARALLEL:
        yield _misplaced(element, "parallel multiple")
    kinds = [definition.kind for definition in element.event_definitions] or ["none"]
    for kind in dict.fromkeys(kinds):
        alone = kind == "link" or (kind == "compensate" and element.kind in ("boundaryEvent", "startEvent"))
        if kind not in EXECUTED[element.kind, place] or (alone and len(kinds) > 1):
            yield _misplaced(element, kind)


def _place(process: Process, element: Element) -> str:
    scope = process.elements.get(element.scope)
    if element.kind != "startEvent":
        return "any"
    if scope is None:
        return "process"
    return "event sub-process" if scope.triggered_by_event else "sub-process"


def _misplaced(element: Element, kind: str) -> Finding:
    return make("event-not-here", element.id, element.line, event=kind, place=_PLACES[element.kind])
