"""Check what only the XML tree shows: elements without id, unknown parts, unknown `zeebe:` extensions."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.findings import Finding, make
from engine.bpmn.loading import line_of
from engine.bpmn.model import ACTIVITIES, FLOW_NODES, SUB_PROCESSES

_B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_Z = "{http://camunda.org/schema/zeebe/1.0}"
# what may stand in a process beside flow nodes: drawn, kept, without effect on the run
_KEPT = frozenset(
    {
        "sequenceFlow",
        "laneSet",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "textAnnotation",
        "association",
        "group",
        "documentation",
        "extensionElements",
        "ioSpecification",
        "ioBinding",
        "property",
        "auditing",
        "monitoring",
        "incoming",
        "outgoing",
        "dataInputAssociation",
        "dataOutputAssociation",
        "supportedInterfaceRef",
        "resourceRole",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "completionCondition",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
    }
)
_EXECUTED = frozenset(
    {
        "userTask",
        "assignmentDefinition",
        "formDefinition",
        "taskSchedule",
        "priorityDefinition",
        "taskDefinition",
        "ioMapping",
        "input",
        "output",
        "taskHeaders",
        "header",
        "properties",
        "property",
        "subscription",
        "calledElement",
        "calledDecision",
        "loopCharacteristics",
        "script",
        "taskListeners",
        "taskListener",
        "versionTag",
    }
)
_NOT_EXECUTED = frozenset(
    {
        "executionListeners",
        "executionListener",
        "userTaskForm",
        "linkedResources",
        "linkedResource",
        "jobPriorityDefinition",
        "adHoc",
        "agentDefinition",
        "conditionalFilter",
        "publishMessage",
    }
)
# element → attribute that must point to an id of this file (flows, hosts, defaults, events: see structure)
_REFERENCES = {
    "messageFlow": ("sourceRef", "targetRef"),
    "association": ("sourceRef", "targetRef"),
    "participant": ("processRef",),
    "dataObjectReference": ("dataObjectRef",),
}


def check(root: etree._Element) -> Iterator[Finding]:
    """Yield the findings about the whole tree."""
    ids = {node.get("id") for node in root.iter(f"{_B}*")}
    for node in root.iter(f"{_B}*"):
        tag = etree.QName(node).localname
        for attribute in _REFERENCES.get(tag, ()):
            yield from _check_reference(node, attribute, node.get(attribute), ids)
        if tag == "flowNodeRef":
            yield from _check_reference(node.getparent(), tag, node.text, ids)
        if tag == "process" or tag in SUB_PROCESSES:
            yield from _check_children(node)
        if tag in FLOW_NODES:
            yield from _check_node(node, tag)
    for node in root.iter(f"{_Z}*"):
        yield from _check_extension(node)


def _check_reference(
    node: etree._Element | None, attribute: str, target: str | None, ids: set[str | None]
) -> Iterator[Finding]:
    if target and target.strip().rpartition(":")[2] not in ids:
        yield _find("unresolved-reference", node, attribute=attribute, target=target.strip())


def _check_children(scope: etree._Element) -> Iterator[Finding]:
    """Yield a finding for parts of a process that are unknown or have no id."""
    for child in scope.iterchildren(f"{_B}*"):
        kind = etree.QName(child).localname
        if kind not in FLOW_NODES and kind not in _KEPT:
            yield _find("unknown-element", child, kind=kind)
        elif not child.get("id") and (kind in FLOW_NODES or kind == "sequenceFlow"):
            yield _find("missing-id", child, kind=kind)


def _check_node(node: etree._Element, tag: str) -> Iterator[Finding]:
    """Yield a finding for attributes of a flow node that would be ignored."""
    if node.find(f"{_B}eventDefinitionRef") is not None:
        yield _find("event-definition-reference", node)
    if node.get("isForCompensation") == "true":
        yield _find("compensation", node)
    if node.get("instantiate") == "true":
        yield _find("instantiating", node)
    if tag not in ACTIVITIES:
        return
    if any(node.get(name, "1") != "1" for name in ("startQuantity", "completionQuantity")):
        yield _find("token-quantity", node)
    loop = node.find(f"{_B}multiInstanceLoopCharacteristics")
    if loop is not None and loop.get("behavior", "All") != "All":
        yield _find("loop-behavior", node)


def _check_extension(node: etree._Element) -> Iterator[Finding]:
    """Yield a finding for a `zeebe:` element that is unknown, not executed or empty."""
    tag = etree.QName(node).localname
    if tag in _NOT_EXECUTED:
        yield _find("zeebe-not-executed", node, tag=f"zeebe:{tag}")
    elif tag not in _EXECUTED:
        yield _find("zeebe-unknown", node, tag=f"zeebe:{tag}")
    if tag == "property" and not node.get("name"):
        yield _find("empty-property", node)
    if tag == "taskListener" and node.get("eventType") != "completing":
        yield _find("zeebe-not-executed", node, tag=f"zeebe:taskListener eventType={node.get('eventType')}")
    if tag == "formDefinition" and node.get("externalReference"):
        yield _find("zeebe-not-executed", node, tag="zeebe:formDefinition externalReference")


def _find(rule: str, node: etree._Element | None, **values: object) -> Finding:
    """Make a finding at the nearest element with an id."""
    at = node
    while at is not None and not at.get("id"):
        at = at.getparent()
    line = None if node is None else line_of(node)
    return make(rule, "" if at is None else at.get("id", ""), line, **values)
