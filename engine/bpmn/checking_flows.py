"""Check sequence and message flows: what they connect, what they cross, what must have them."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.checking_index import Tree, children, enclosing, flow_nodes, is_true, parent, tag_of, texts
from engine.bpmn.findings import Finding
from engine.bpmn.model import ACTIVITIES, EVENTS, FLOW_NODES, GATEWAYS, SUB_PROCESSES

_ARTIFACTS = frozenset({"association", "textAnnotation", "group"})
_TALKING = ACTIVITIES | EVENTS | {"participant"}
_ENDS = (("sourceRef", "EXT.007", "EXT.021"), ("targetRef", "EXT.006", "EXT.022"))
_TALKING_ENDS = (("sourceRef", "EXT.009"), ("targetRef", "EXT.008"))
# (attribute, kind of event) → constraint that forbids it there
_ONE_WAY = {
    ("sourceRef", "startEvent"): "EXT.102",
    ("targetRef", "endEvent"): "EXT.108",
    ("targetRef", "intermediateThrowEvent"): "EXT.119",
    ("sourceRef", "intermediateCatchEvent"): "EXT.119",
    ("sourceRef", "boundaryEvent"): "EXT.119",
}
_WITH_MESSAGE = {
    ("targetRef", "startEvent"): "EXT.103",
    ("sourceRef", "endEvent"): "EXT.109",
}
_INTERMEDIATE = ("intermediateCatchEvent", "intermediateThrowEvent")


def check(tree: Tree) -> Iterator[Finding]:
    """Yield the findings about every flow, and about flow nodes that lack one."""
    for flow in tree.all("sequenceFlow"):
        yield from _check_ends(tree, flow)
        if tree.notes:
            yield from _check_listed(tree, flow)
        yield from _check_condition(tree, flow)
        if flow.get("isImmediate") == "false" and tree.executed(flow):
            yield tree.find_at("not-immediate", flow, "EXT.024")
    for flow in tree.all("messageFlow"):
        yield from _check_message_flow(tree, flow)
    for scope in tree.all("process", *sorted(SUB_PROCESSES)):
        yield from _check_scope(tree, scope)


def _check_ends(tree: Tree, flow: etree._Element) -> Iterator[Finding]:
    """Yield what is wrong with source and target, or that they lie on different levels."""
    ends = []
    for attribute, artifact, other in _ENDS:
        reference = flow.get(attribute, "")
        node = tree.find(reference)
        if node is None:
            yield tree.find_at("unresolved-reference", flow, attribute=attribute, target=reference)
            continue
        ends.append(node)
        kind = tag_of(node)
        told = {"attribute": attribute, "target": reference, "kind": kind}
        if kind in _ARTIFACTS:
            yield tree.find_at("artifact-in-flow", flow, artifact, **told)
        elif is_true(node, "triggeredByEvent") or (
            kind not in FLOW_NODES and enclosing(flow, "process") is not None
        ):
            yield tree.find_at("flow-end-kind", flow, other, **told)
    if len(ends) == 2 and parent(ends[0]) is not parent(ends[1]):
        same_pool = enclosing(ends[0], "process") is enclosing(ends[1], "process")
        yield tree.find_at("flow-crosses-scope", flow, "EXT.152" if same_pool else "EXT.028")


def _check_listed(tree: Tree, flow: etree._Element) -> Iterator[Finding]:
    """The nodes at both ends list the flow; editors leave these lists stale, we never read them."""
    for attribute, tag in (("sourceRef", "outgoing"), ("targetRef", "incoming")):
        node = tree.find(flow.get(attribute))
        if node is not None and tag_of(node) in FLOW_NODES and flow.get("id", "") not in texts(node, tag):
            yield tree.find_at("flow-not-listed", flow, "EXT.023", tag=tag, target=node.get("id", ""))


def _check_condition(tree: Tree, flow: etree._Element) -> Iterator[Finding]:
    """A condition stands on a flow out of a gateway, or out of an activity with another way out."""
    if not children(flow, "conditionExpression"):
        return
    source = tree.kind(flow.get("sourceRef"))
    if source == "eventBasedGateway":
        yield tree.find_at("useless-condition", flow, "EXT.137")
    several = len(tree.outgoing.get(flow.get("sourceRef", ""), ())) > 1
    if source not in GATEWAYS and not (source in ACTIVITIES and several):
        yield tree.find_at("lonely-condition", flow, "EXT.025", source=flow.get("sourceRef", ""))


def _check_message_flow(tree: Tree, flow: etree._Element) -> Iterator[Finding]:
    for attribute, artifact in _TALKING_ENDS:
        reference = flow.get(attribute, "")
        if not reference or tree.elsewhere(flow, reference):
            continue
        kind = tree.kind(reference)
        told = {"attribute": attribute, "target": reference, "kind": kind}
        if not kind:
            yield tree.find_at("unresolved-reference", flow, attribute=attribute, target=reference)
        elif kind in _ARTIFACTS:
            yield tree.find_at("artifact-in-flow", flow, artifact, **told)
        elif kind not in _TALKING:
            yield tree.find_at("reference-kind", flow, expected="participant, activity, event", **told)
        else:
            yield from _check_message_end(tree, flow, attribute, kind)
    source, target = _pool(tree, flow.get("sourceRef")), _pool(tree, flow.get("targetRef"))
    if source is not None and source is target:
        told = {"source": flow.get("sourceRef", ""), "target": flow.get("targetRef", "")}
        yield tree.find_at("message-flow-same-pool", flow, "EXT.031", **told)


def _check_message_end(tree: Tree, flow: etree._Element, attribute: str, kind: str) -> Iterator[Finding]:
    reference = flow.get(attribute, "")
    if (attribute, kind) in _ONE_WAY:
        told = {"attribute": attribute, "target": reference, "kind": kind}
        yield tree.find_at("message-flow-at-event", flow, _ONE_WAY[attribute, kind], **told)
    constraint = _WITH_MESSAGE.get((attribute, kind))
    node = tree.find(reference)
    if constraint and node is not None and "message" not in tree.event_kinds(node):
        yield tree.find_at("message-flow-without-message", node, constraint, flow=flow.get("id", ""))


def _pool(tree: Tree, reference: str | None) -> etree._Element | None:
    """Return the process, or the pool without one, in which an end of a message flow lies."""
    node = tree.find(reference)
    if node is None:
        return None
    if tag_of(node) == "participant":
        process = tree.find(node.get("processRef"))
        return node if process is None else process
    return enclosing(node, "process")


def _check_scope(tree: Tree, scope: etree._Element) -> Iterator[Finding]:
    """Yield what lacks a flow on one level, and events that must not have one."""
    nodes = flow_nodes(scope)
    starts = [node for node in nodes if tag_of(node) == "startEvent"]
    ends = [node for node in nodes if tag_of(node) == "endEvent"]
    if ends and not starts:
        yield tree.find_at("end-without-start", scope, "EXT.097")
    if starts and not ends:
        yield tree.find_at("start-without-end", scope, "EXT.105")
    for node in nodes:
        yield from _check_forbidden(tree, node)
        if tag_of(scope) != "adHocSubProcess":
            yield from _check_incoming(tree, node, bool(starts))
            yield from _check_outgoing(tree, node, bool(ends))


def _check_forbidden(tree: Tree, node: etree._Element) -> Iterator[Finding]:
    """Yield flows where the kind of a node allows none."""
    kind, identity = tag_of(node), node.get("id", "")
    into, out = tree.incoming.get(identity), tree.outgoing.get(identity)
    if into and kind in ("startEvent", "boundaryEvent"):
        constraint = "EXT.096" if kind == "startEvent" else "EXT.112, EXT.150"
        yield tree.find_at("forbidden-incoming", node, constraint)
    if out and kind == "endEvent":
        yield tree.find_at("forbidden-outgoing", node, "EXT.104")
    if (into or out) and is_true(node, "triggeredByEvent"):
        yield tree.find_at("event-sub-process-flows", node, "EXT.057")
    if into and is_true(node, "instantiate"):
        constraint = "EXT.049" if kind == "receiveTask" else "EXT.142"
        yield tree.find_at("instantiating-with-incoming", node, constraint)
    events = tree.event_kinds(node) if kind in EVENTS else []
    if out and kind == "boundaryEvent" and "compensate" in events:
        yield tree.find_at("compensation-flow", node, "EXT.114")
    if "link" in events and kind in _INTERMEDIATE and (out if kind == _INTERMEDIATE[1] else into):
        yield tree.find_at("link-both-ways", node, "EXT.117")


def _check_incoming(tree: Tree, node: etree._Element, started: bool) -> Iterator[Finding]:
    """What nothing leads to never runs, once the level has a start event."""
    kind = tag_of(node)
    if tree.incoming.get(node.get("id", "")) or kind in ("startEvent", "boundaryEvent") or _apart(node):
        return
    if kind == "intermediateCatchEvent" and "link" in tree.event_kinds(node):
        return
    if kind in _INTERMEDIATE:
        yield tree.find_at("unreachable", node, "EXT.115, EXT.150" if started else "EXT.115")
    elif kind == "endEvent":
        yield tree.find_at("unreachable", node, "EXT.107")
    elif started and not is_true(node, "instantiate"):
        yield tree.find_at("unreachable", node, "EXT.150")


def _check_outgoing(tree: Tree, node: etree._Element, ended: bool) -> Iterator[Finding]:
    """A path that stops without an end event is told."""
    kind = tag_of(node)
    if tree.outgoing.get(node.get("id", "")) or kind == "endEvent" or _apart(node):
        return
    events = tree.event_kinds(node) if kind in EVENTS else []
    if kind == "intermediateThrowEvent" and "link" in events:
        return
    if kind == "boundaryEvent" and "compensate" in events:
        return
    constraint = {"startEvent": "EXT.101", "boundaryEvent": "EXT.113"}.get(kind)
    if kind in _INTERMEDIATE:
        constraint = "EXT.116, EXT.151" if ended else "EXT.116"
    if constraint or ended:
        yield tree.find_at("dead-end", node, constraint or "EXT.151")


def _apart(node: etree._Element) -> bool:
    """Say whether a node stands beside the flow: event sub-processes and what compensates."""
    return is_true(node, "triggeredByEvent") or is_true(node, "isForCompensation")
