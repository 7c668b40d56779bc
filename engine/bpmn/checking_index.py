"""Index a diagram tree once, so that every rule of the standard finds what it asks about at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lxml import etree

from engine.bpmn.findings import Finding, cite, make, soften
from engine.bpmn.loading import line_of
from engine.bpmn.model import FLOW_NODES

NAMESPACE = "http://www.omg.org/spec/BPMN/20100524/MODEL"
B = f"{{{NAMESPACE}}}"
Z = "{http://camunda.org/schema/zeebe/1.0}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
DEFINITIONS = "EventDefinition"
Nodes = list[etree._Element]


@dataclass(frozen=True)
class Tree:
    """The elements of a file by id and by tag, and the sequence flows that enter and leave each flow node."""

    root: etree._Element
    ids: Mapping[str, etree._Element]
    tags: Mapping[str, Nodes]
    incoming: Mapping[str, Nodes]
    outgoing: Mapping[str, Nodes]
    runs: bool  # some process of the file is executable
    notes: bool  # look for what only the standard asks for, too

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Return the ids of the activities that have boundary events."""
        return frozenset(local(event.get("attachedToRef")) for event in self.all("boundaryEvent"))

    @cached_property
    def shared_definitions(self) -> frozenset[str]:
        """Return the ids of the event definitions that events refer to."""
        return frozenset(local(reference.text) for reference in self.all("eventDefinitionRef"))

    @cached_property
    def associated(self) -> Mapping[str, list[str]]:
        """Return the ids at the end of each association by the id at its beginning."""
        found: dict[str, list[str]] = {}
        for one in self.all("association"):
            found.setdefault(local(one.get("sourceRef")), []).append(local(one.get("targetRef")))
        return found

    def all(self, *tags: str) -> Iterator[etree._Element]:
        """Yield every element with one of the tags."""
        for tag in tags:
            yield from self.tags.get(tag, ())

    def find(self, reference: str | None) -> etree._Element | None:
        """Return what a reference of this file names, None for nothing."""
        return self.ids.get(local(reference))

    def kind(self, reference: str | None) -> str:
        """Return the tag of what a reference names, "" for nothing."""
        found = self.find(reference)
        return "" if found is None else tag_of(found)

    def elsewhere(self, node: etree._Element, reference: str) -> bool:
        """Say whether a reference names something of an imported namespace, which is not judged here."""
        prefix, colon, _ = reference.strip().rpartition(":")
        if not colon:
            return False
        namespace = node.nsmap.get(prefix)
        return namespace is not None and namespace != self.root.get("targetNamespace")

    def find_text(self, node: etree._Element, tag: str) -> etree._Element | None:
        """Return what the text of the first child with a tag names."""
        child = node.find(f"{B}{tag}")
        return None if child is None else self.find(child.text)

    def event_kinds(self, event: etree._Element) -> list[str]:
        """Return the kinds of the definitions of an event, its own and those it refers to."""
        kinds = []
        for child in event.iterchildren(f"{B}*"):
            tag = self.kind(child.text) if tag_of(child) == "eventDefinitionRef" else tag_of(child)
            if tag.endswith(DEFINITIONS):
                kinds.append(tag.removesuffix(DEFINITIONS))
        return kinds

    def executed(self, node: etree._Element) -> bool:
        """Say whether a node lies in an executable process, or is one."""
        process = enclosing(node, "process")
        return process is not None and process.get("isExecutable") == "true"

    def find_in(self, rule: str, event: etree._Element, part: etree._Element, reference: str) -> Finding:
        """Make a finding about a part of an event, such as its definition: with its line, at the event."""
        found = self.find_at(rule, event, reference)
        return replace(found, line=line_of(part))

    def find_at(self, rule: str, node: etree._Element, reference: str = "", **values: object) -> Finding:
        """Make a finding at the nearest element with an id; mild in a pool that is drawn for readers only."""
        at: etree._Element | None = node
        while at is not None and not at.get("id"):
            at = at.getparent()
        element = "" if at is None else at.get("id", "")
        mild = self.runs and enclosing(node, "process") is not None and not self.executed(node)
        found = cite(make(rule, element, line_of(node), **values), reference)
        return soften(found) if mild else found


def read(root: etree._Element, notes: bool = False) -> Tree:
    """Return the index of a tree; of several elements with one id the first counts."""
    ids: dict[str, etree._Element] = {}
    tags: dict[str, Nodes] = {}
    for node in root.iter(f"{B}*"):
        tags.setdefault(tag_of(node), []).append(node)
        identity = node.get("id")
        if identity:
            ids.setdefault(identity, node)
    incoming: dict[str, Nodes] = {}
    outgoing: dict[str, Nodes] = {}
    for flow in tags.get("sequenceFlow", ()):
        incoming.setdefault(flow.get("targetRef", ""), []).append(flow)
        outgoing.setdefault(flow.get("sourceRef", ""), []).append(flow)
    runs = any(process.get("isExecutable") == "true" for process in tags.get("process", ()))
    return Tree(root, ids, tags, incoming, outgoing, runs, notes)


def tag_of(node: etree._Element) -> str:
    """Return the tag without its namespace."""
    return str(node.tag).rpartition("}")[2]


def local(reference: str | None) -> str:
    """Return a reference without its prefix."""
    return (reference or "").strip().rpartition(":")[2]


def enclosing(node: etree._Element, *tags: str) -> etree._Element | None:
    """Return the nearest element with one of the tags around a node, itself included."""
    at: etree._Element | None = node
    while at is not None and tag_of(at) not in tags:
        at = at.getparent()
    return at


def parent(node: etree._Element) -> etree._Element:
    """Return the element around a node; the root is its own."""
    above = node.getparent()
    return node if above is None else above


def children(node: etree._Element, *tags: str) -> Nodes:
    """Return the children with one of the tags."""
    return [child for tag in tags for child in node.iterchildren(f"{B}{tag}")]


def texts(node: etree._Element, tag: str) -> list[str]:
    """Return the ids that the children with a tag name."""
    return [local(child.text) for child in children(node, tag)]


def is_true(node: etree._Element, attribute: str, default: str = "false") -> bool:
    """Return the value of a truth attribute."""
    return node.get(attribute, default) in ("true", "1")


def flow_nodes(scope: etree._Element) -> Nodes:
    """Return the flow nodes that lie directly in a process or sub-process."""
    return [child for child in scope.iterchildren(f"{B}*") if tag_of(child) in FLOW_NODES]
