"""Check what only the XML tree shows: elements without id, unknown parts, unknown `zeebe:` extensions."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.findings import Finding, cite, make
from engine.bpmn.loading import line_of
from engine.bpmn.model import CHOREOGRAPHIES, FLOW_NODES, SUB_PROCESSES

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
        "adHoc",
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
        "agentDefinition",
        "conditionalFilter",
        "publishMessage",
    }
)


def check(root: etree._Element) -> Iterator[Finding]:
    """Yield the findings about the whole tree."""
    for node in root.iter(f"{_B}*"):
        tag = etree.QName(node).localname
        if tag == "process" or tag in SUB_PROCESSES:
            yield from _check_children(node)
        if tag in FLOW_NODES:
            yield from _check_node(node, tag)
    for node in root.iter(f"{_Z}*"):
        yield from _check_extension(node)


def _check_children(scope: etree._Element) -> Iterator[Finding]:
    """Yield a finding for parts of a process that are unknown or have no id."""
    for child in scope.iterchildren(f"{_B}*"):
        kind = etree.QName(child).localname
        # a rule of the standard refuses choreographies in a process
        if kind not in FLOW_NODES | _KEPT | CHOREOGRAPHIES:
            yield _find("unknown-element", child, kind=kind)
        elif not child.get("id") and (kind in FLOW_NODES or kind == "sequenceFlow"):
            yield cite(_find("missing-id", child, kind=kind), "EXT.003")


def _check_node(node: etree._Element, tag: str) -> Iterator[Finding]:
    """Yield a finding for attributes of a flow node that would be ignored."""
    if node.get("instantiate") == "true" and etree.QName(node.getparent()).localname != "process":
        yield _find("instantiating", node)


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
    if tag == "adHoc" and (node.get("outputCollection") or node.get("outputElement")):
        yield _find("zeebe-not-executed", node, tag="zeebe:adHoc outputCollection")
    if tag == "formDefinition" and node.get("externalReference"):
        yield _find("zeebe-not-executed", node, tag="zeebe:formDefinition externalReference")


def _find(rule: str, node: etree._Element | None, **values: object) -> Finding:
    """Make a finding at the nearest element with an id."""
    at = node
    while at is not None and not at.get("id"):
        at = at.getparent()
    line = None if node is None else line_of(node)
    return make(rule, "" if at is None else at.get("id", ""), line, **values)
