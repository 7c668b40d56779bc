"""Check events and gateways where they stand: kinds, compensation, links, cancel, event-based gateways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from engine.bpmn.checking_index import (
    DEFINITIONS,
    XSI_TYPE,
    B,
    Tree,
    Z,
    children,
    enclosing,
    is_true,
    local,
    parent,
    tag_of,
)
from engine.bpmn.findings import Finding
from engine.bpmn.model import ACTIVITIES, CHOREOGRAPHIES, EVENT_KINDS, EVENTS, GATEWAYS, SUB_PROCESSES

_ALL = EVENT_KINDS | {"none"}
# where an event stands → kinds of definition the standard allows there, constraint, place in words
_PLACES = {
    "process": (
        {"none", "message", "timer", "conditional", "signal"},
        "EXT.098",
        ("sự kiện bắt đầu quy trình", "start event of a process"),
    ),
    "sub-process": ({"none"}, "EXT.100", ("sự kiện bắt đầu quy trình con", "start event of a sub-process")),
    "event-sub-process": (
        _ALL - {"none", "link", "cancel", "terminate"},
        "EXT.059",
        ("sự kiện bắt đầu quy trình con sự kiện", "start event of an event sub-process"),
    ),
    "non-interrupting event-sub-process": (
        _ALL - {"none", "link", "cancel", "terminate", "error", "compensate"},
        "EXT.059",
        ("sự kiện bắt đầu không ngắt", "non-interrupting start event"),
    ),
    "endEvent": (_ALL - {"link", "conditional", "timer"}, "EXT.146", ("sự kiện kết thúc", "end event")),
    "intermediateCatchEvent": (
        {"message", "timer", "conditional", "link", "signal"},
        "EXT.148",
        ("sự kiện chờ giữa luồng", "intermediate catch event"),
    ),
    "intermediateThrowEvent": (
        {"none", "message", "escalation", "compensate", "link", "signal"},
        "EXT.149",
        ("sự kiện phát giữa luồng", "intermediate throw event"),
    ),
    "boundaryEvent": (
        _ALL - {"none", "link", "terminate"},
        "EXT.110",
        ("sự kiện gắn vào bước", "boundary event"),
    ),
    "non-interrupting boundaryEvent": (
        _ALL - {"none", "link", "terminate", "error", "cancel", "compensate"},
        "EXT.110",
        ("sự kiện gắn không ngắt", "non-interrupting boundary event"),
    ),
}
_AFTER_EVENT_GATEWAY = frozenset({"message", "signal", "timer", "conditional"})


def check(tree: Tree) -> Iterator[Finding]:
    """Yield the findings about every event and gateway."""
    for event in tree.all(*sorted(EVENTS)):
        yield from _check_kinds(tree, event)
        yield from _check_cancel(tree, event)
        yield from _check_definitions(tree, event)
    for sub_process in tree.all("subProcess", "transaction", "adHocSubProcess"):
        yield from _check_sub_process(tree, sub_process)
    for link in tree.all("linkEventDefinition"):
        yield from _check_link(tree, link)
    for gateway in tree.all(*sorted(GATEWAYS)):
        yield from _check_direction(tree, gateway)
    for gateway in tree.all("eventBasedGateway"):
        yield from _check_event_gateway(tree, gateway)
    for call in tree.all("callActivity"):
        yield from _check_called(tree, call)


def _place(event: etree._Element) -> str:
    """Return where an event stands, as _PLACES names it."""
    kind = tag_of(event)
    if kind == "boundaryEvent" and not is_true(event, "cancelActivity", "true"):
        return "non-interrupting boundaryEvent"
    if kind != "startEvent":
        return kind
    scope = parent(event)
    if not is_true(scope, "triggeredByEvent"):
        return "sub-process" if tag_of(scope) in SUB_PROCESSES else "process"
    interrupts = is_true(event, "isInterrupting", "true")
    return "event-sub-process" if interrupts else "non-interrupting event-sub-process"


def _check_kinds(tree: Tree, event: etree._Element) -> Iterator[Finding]:
    allowed, constraint, (place_vi, place) = _PLACES[_place(event)]
    for kind in tree.event_kinds(event) or ["none"]:
        if kind not in allowed:
            is_compensation = kind == "compensate" and tag_of(event) == "intermediateCatchEvent"
            references = [constraint, "EXT.122"] if is_compensation else [constraint]
            for reference in references:
                yield tree.find_at("event-kind", event, reference, event=kind, place=place, place_vi=place_vi)


def _check_cancel(tree: Tree, event: etree._Element) -> Iterator[Finding]:
    """Only a transaction is cancelled: from an end inside it, to an event on its border."""
    if "cancel" not in tree.event_kinds(event):
        return
    if tag_of(event) == "endEvent" and enclosing(event, "transaction") is None:
        yield tree.find_at("cancel-outside-transaction", event, "EXT.106")
    if tag_of(event) == "boundaryEvent" and tree.kind(event.get("attachedToRef")) != "transaction":
        yield tree.find_at("cancel-outside-transaction", event, "EXT.111")


def _check_definitions(tree: Tree, event: etree._Element) -> Iterator[Finding]:
    throws = tag_of(event) in ("endEvent", "intermediateThrowEvent")
    runs = tree.executed(event)
    for definition in event.iterchildren(f"{B}*"):
        kind = tag_of(definition).removesuffix(DEFINITIONS)
        if (
            throws
            and definition.get("id") in tree.shared_definitions
            and tag_of(definition).endswith(DEFINITIONS)
        ):
            yield tree.find_at("shared-thrown-definition", event, "EXT.095")
        if kind == "conditional" and runs:
            yield from _check_condition(tree, event, definition)
        if kind == "message" and runs:
            yield from _check_message(tree, event, definition)
        if kind == "escalation" and runs and throws:
            yield from _check_escalation(tree, event, definition)
    if tag_of(event) == "boundaryEvent" and "compensate" in tree.event_kinds(event):
        yield from _check_compensation(tree, event)


def _check_condition(tree: Tree, event: etree._Element, definition: etree._Element) -> Iterator[Finding]:
    condition = definition.find(f"{B}condition")
    if condition is None or not (condition.text or "").strip():
        yield tree.find_in("missing-event-condition", event, definition, "EXT.123")
    elif local(condition.get(XSI_TYPE)) != "tFormalExpression":
        yield tree.find_at("informal-expression", event, "EXT.123", where="condition")


def _check_message(tree: Tree, event: etree._Element, definition: etree._Element) -> Iterator[Finding]:
    job = event.find(f".//{Z}taskDefinition")
    if not definition.get("messageRef") and job is None:
        yield tree.find_in("missing-message", event, definition, "EXT.127")
    if not children(definition, "operationRef"):
        yield tree.find_at("no-operation", event, "EXT.128")


def _check_escalation(tree: Tree, event: etree._Element, definition: etree._Element) -> Iterator[Finding]:
    """Who throws an escalation says which one."""
    escalation = tree.find(definition.get("escalationRef"))
    if escalation is None or not escalation.get("escalationCode"):
        found = tree.find_in("missing-code", event, definition, "EXT.011")
        yield replace(found, values={"event": "escalation"})


def _check_compensation(tree: Tree, event: etree._Element) -> Iterator[Finding]:
    """A compensation event is associated with the activity that compensates."""
    handlers = [tree.find(target) for target in tree.associated.get(event.get("id", ""), ())]
    if not handlers:
        yield tree.find_at("compensation-handler", event, "EXT.143")
    found = [node for node in handlers if node is not None and tag_of(node) in ACTIVITIES]
    if not any(is_true(node, "isForCompensation") for node in found):
        yield tree.find_at("compensation-handler", event, "EXT.144")


def _check_sub_process(tree: Tree, sub_process: etree._Element) -> Iterator[Finding]:
    starts = children(sub_process, "startEvent")
    if is_true(sub_process, "triggeredByEvent") and len(starts) != 1:
        yield tree.find_at("event-sub-process-start", sub_process, "EXT.058", count=len(starts))
    if tag_of(sub_process) != "adHocSubProcess":
        return
    if not children(sub_process, *sorted(ACTIVITIES)):
        yield tree.find_at("ad-hoc-empty", sub_process, "EXT.061")
    for child in [*starts, *children(sub_process, "endEvent", *sorted(CHOREOGRAPHIES))]:
        yield tree.find_at("ad-hoc-parts", child, "EXT.062", kind=tag_of(child))


def _check_link(tree: Tree, link: etree._Element) -> Iterator[Finding]:
    """Links name each other by source and target; files of our dialect pair them by name."""
    event = parent(link)
    catches = tag_of(event) == "intermediateCatchEvent"
    part, constraint = ("source", "EXT.124") if catches else ("target", "EXT.125")
    stated = children(link, part)
    if not stated or (not catches and len(stated) != 1):
        yield tree.find_at("link-not-paired", event, constraint, part=part)
    for child in children(link, "target"):
        other = tree.find(child.text)
        if other is None or tag_of(other) != "linkEventDefinition":
            continue
        answered = link.get("id") in {local(source.text) for source in children(other, "source")}
        if not answered:
            yield tree.find_at("link-other-target", event, "EXT.118", target=other.get("id", ""))
        if parent(parent(other)) is not parent(event):
            yield tree.find_at("link-other-target", event, "EXT.126", target=other.get("id", ""))


def _check_direction(tree: Tree, gateway: etree._Element) -> Iterator[Finding]:
    identity = gateway.get("id", "")
    incoming, outgoing = len(tree.incoming.get(identity, ())), len(tree.outgoing.get(identity, ()))
    direction = gateway.get("gatewayDirection", "Unspecified")
    wrong = {
        "Converging": (outgoing > 1, "EXT.017"),
        "Diverging": (incoming > 1, "EXT.018"),
        "Mixed": (incoming < 2 or outgoing < 2, "EXT.019"),
    }.get(direction)
    if wrong and wrong[0]:
        told = {"direction": direction, "incoming": incoming, "outgoing": outgoing}
        yield tree.find_at("gateway-direction", gateway, wrong[1], **told)
    if incoming < 2 and outgoing < 2:
        yield tree.find_at("idle-gateway", gateway, "EXT.135")


def _check_event_gateway(tree: Tree, gateway: etree._Element) -> Iterator[Finding]:
    """After an event-based gateway stand only things that wait, each with this one flow."""
    identity = gateway.get("id", "")
    flows = tree.outgoing.get(identity, [])
    if len(flows) < 2:
        yield tree.find_at("event-gateway-choice", gateway, "EXT.136")
    followers = [node for flow in flows if (node := tree.find(flow.get("targetRef"))) is not None]
    for follower in followers:
        for constraint in _unfit(tree, follower):
            yield tree.find_at("event-gateway-followers", follower, constraint, gateway=identity)
    receives = any(tag_of(node) == "receiveTask" for node in followers)
    catches = any(
        tag_of(node) == "intermediateCatchEvent" and "message" in tree.event_kinds(node) for node in followers
    )
    if receives and catches:
        yield tree.find_at("event-gateway-mixed", gateway, "EXT.139")


def _unfit(tree: Tree, follower: etree._Element) -> Iterator[str]:
    """Yield the constraints that keep a node from following an event-based gateway."""
    kind, identity = tag_of(follower), follower.get("id", "")
    kinds = set(tree.event_kinds(follower)) if kind == "intermediateCatchEvent" else set()
    if kind != "receiveTask" and not (kinds and kinds <= _AFTER_EVENT_GATEWAY):
        yield "EXT.138"
    if kind == "receiveTask" and identity in tree.hosts:
        yield "EXT.140"
    if len(tree.incoming.get(identity, ())) > 1:
        yield "EXT.141"


def _check_called(tree: Tree, call: etree._Element) -> Iterator[Finding]:
    """A process of this file that is called has a none start event."""
    zeebe = call.find(f".//{Z}calledElement")
    called = (zeebe.get("processId") if zeebe is not None else None) or call.get("calledElement")
    process = tree.find(called) if called and not called.startswith("=") else None
    if process is None or tag_of(process) != "process" or tree.elsewhere(call, called or ""):
        return
    starts = children(process, "startEvent")
    if not any(not tree.event_kinds(start) for start in starts):
        yield tree.find_at("called-without-start", call, "EXT.099", process=process.get("id", ""))
