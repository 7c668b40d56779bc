"""Check ids, references, starts, ends, conditions, links and event-based gateways (BPMN 2.0.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.bpmn.findings import Finding, cite, make
from engine.bpmn.model import ACTIVITIES, SUB_PROCESSES, Diagram, Element, Flow, Process

_CHOOSING = frozenset({"exclusiveGateway", "inclusiveGateway"})
_CHOICES = _CHOOSING | ACTIVITIES | {"complexGateway"}


def check_ids(diagram: Diagram) -> Iterator[Finding]:
    """Yield a finding for every id that stands in the file more than once."""
    lines = {e.id: e.line for process in diagram.processes.values() for e in process.elements.values()}
    for identity, count in Counter(diagram.ids).items():
        if count > 1:
            yield cite(make("duplicate-id", identity, lines.get(identity), count=count), "EXT.002")


def check_references(process: Process, diagram: Diagram) -> Iterator[Finding]:
    """Yield a finding for every flow, host, default and event definition that points nowhere."""
    for flow in process.flows.values():
        yield from _check_flow(process, flow, diagram)
    for element in process.elements.values():
        yield from _check_attached(process, element)
        if element.default is not None and element.default not in element.outgoing:
            yield _unresolved(element, "default", element.default)
        for definition in element.event_definitions:
            known = diagram.messages if definition.kind == "message" else diagram.codes
            reference = definition.reference
            if reference and definition.kind != "compensate" and reference.rpartition(":")[2] not in known:
                yield _unresolved(element, f"{definition.kind}Ref", reference)


def _check_flow(process: Process, flow: Flow, diagram: Diagram) -> Iterator[Finding]:
    """What exists outside of the process, or is no flow node, is told by the rules about flows."""
    for attribute, target in (("sourceRef", flow.source), ("targetRef", flow.target)):
        found = process.elements.get(target)
        if found is None and target in diagram.ids:
            continue
        if found is None:
            yield make("unresolved-reference", flow.id, flow.line, attribute=attribute, target=target)
        elif found.scope != flow.scope:
            yield make("flow-crosses-scope", flow.id, flow.line)
            return


def _check_attached(process: Process, element: Element) -> Iterator[Finding]:
    if element.kind != "boundaryEvent":
        return
    host = process.elements.get(element.attached_to or "")
    if host is None or host.kind not in ACTIVITIES or host.scope != element.scope:
        yield _unresolved(element, "attachedToRef", element.attached_to or "")


def _unresolved(element: Element, attribute: str, target: str) -> Finding:
    return make("unresolved-reference", element.id, element.line, attribute=attribute, target=target)


def check_starts(process: Process) -> Iterator[Finding]:
    """Yield a finding for a process or sub-process without a start, or with two none starts."""
    scopes = [(process.id, process.line)]
    for element in process.elements.values():
        if element.kind in SUB_PROCESSES and element.kind != "adHocSubProcess":
            scopes.append((element.id, element.line))
    for scope, line in scopes:
        starts = process.start_events(scope)
        plain = [start.id for start in starts if start.event_kind == "none"]
        triggered = scope == process.id and process.triggers()
        if not (starts or process.implicit_starts(scope) or triggered):
            yield make("missing-start", scope, line)
        if len(plain) > 1:
            yield make("several-none-starts", scope, line, count=len(plain), ids=", ".join(plain))


def check_ends(process: Process) -> Iterator[Finding]:
    """Yield a finding for flows into starts and boundary events, out of ends, and for open path ends."""
    for element in process.elements.values():
        if element.incoming and element.kind in ("startEvent", "boundaryEvent"):
            yield make("forbidden-incoming", element.id, element.line)
        if element.outgoing and element.kind == "endEvent":
            yield make("forbidden-outgoing", element.id, element.line)
        if not element.outgoing and not _may_end(process, element):
            yield make("dead-end", element.id, element.line)


def _may_end(process: Process, element: Element) -> bool:
    """Say whether it is usual that nothing follows: ends, links, what compensates, what stands in ad-hoc."""
    scope = process.elements.get(element.scope)
    return (
        element.kind == "endEvent"
        or element.triggered_by_event
        or element.event_kind in ("link", "compensate")
        or (not element.incoming and element.kind in ACTIVITIES)
        or (scope is not None and scope.kind == "adHocSubProcess")
    )


def check_conditions(process: Process) -> Iterator[Finding]:
    """Yield a finding for conditions and defaults that are missing or never looked at."""
    for element in process.elements.values():
        flows = [process.flows[flow] for flow in element.outgoing]
        conditional = [flow for flow in flows if flow.condition is not None]
        if element.kind in _CHOOSING and len(flows) > 1:
            yield from _check_choice(element, flows)
        ignored = [flow for flow in conditional if flow.id == element.default or element.kind not in _CHOICES]
        yield from (make("useless-condition", flow.id, flow.line) for flow in ignored)
        if conditional and not ignored and element.default is None and len(conditional) == len(flows):
            yield make("missing-default", element.id, element.line)


def _check_choice(gateway: Element, flows: list[Flow]) -> Iterator[Finding]:
    for flow in flows:
        if flow.condition is None and flow.id != gateway.default:
            yield make("missing-condition", flow.id, flow.line, gateway=gateway.id)


def check_event_gateways(process: Process) -> Iterator[Finding]:
    """Yield a finding for what may not follow an event-based gateway (BPMN 2.0.2, 10.6.6)."""
    for gateway in process.elements.values():
        if gateway.kind != "eventBasedGateway":
            continue
        if len(gateway.outgoing) < 2:
            yield make("event-gateway-choice", gateway.id, gateway.line)
        for flow in gateway.outgoing:
            follower = process.elements.get(process.flows[flow].target)
            if follower is not None and not _may_follow(process, follower):
                yield make("event-gateway-followers", follower.id, follower.line, gateway=gateway.id)


def _may_follow(process: Process, follower: Element) -> bool:
    if len(follower.incoming) != 1:
        return False
    if follower.kind == "receiveTask":
        return not process.boundary_events(follower.id)
    return follower.kind == "intermediateCatchEvent" and follower.event_kind != "link"


def check_links(process: Process) -> Iterator[Finding]:
    """Yield a finding for link events without a name or without exactly one target on their level."""
    links = [element for element in process.elements.values() if element.event_kind == "link"]
    targets = Counter(
        (link.scope, link.event.code)
        for link in links
        if link.event is not None and link.kind == "intermediateCatchEvent"
    )
    for link in links:
        name = link.event.code if link.event is not None else None
        if not name:
            yield make("link-without-name", link.id, link.line)
        elif link.kind == "intermediateThrowEvent" and targets[link.scope, name] != 1:
            yield make("link-without-target", link.id, link.line, link=name)


def check_cancels(process: Process) -> Iterator[Finding]:
    """Yield a finding for a cancel end event whose transaction has no cancel event to go on at."""
    for element in process.elements.values():
        if element.kind != "endEvent" or element.event_kind != "cancel":
            continue
        around = process.elements.get(element.scope)
        while around is not None and around.kind != "transaction":
            around = process.elements.get(around.scope)
        events = process.boundary_events(around.id) if around is not None else []
        if around is not None and not any(event.event_kind == "cancel" for event in events):
            yield make("cancel-uncaught", element.id, element.line, transaction=around.id)


def check_catchers(process: Process) -> Iterator[Finding]:
    """Yield a finding when two events of one activity or scope catch the same error or escalation."""
    seen: set[tuple[str, str, str, str | None]] = set()
    for element in process.elements.values():
        place, host = _caught_for(process, element)
        for event in element.event_definitions if place else ():
            key = (place, host, event.kind, event.code)
            if event.kind in ("error", "escalation") and key in seen:
                yield make("duplicate-catcher", element.id, element.line, code=event.code or "*", host=host)
            seen.add(key)


def _caught_for(process: Process, element: Element) -> tuple[str, str]:
    """Return where an event catches, on the border of an activity or inside of a scope, and which one."""
    if element.kind == "boundaryEvent":
        return "on", element.attached_to or ""
    around = process.elements.get(element.scope)
    if element.kind == "startEvent" and around is not None and around.triggered_by_event:
        return "in", around.scope
    return "", ""
