"""Check that every reference of a file names something that exists, and something of the right kind.

A reference into an imported namespace is not judged: the other file need not be at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from engine.bpmn.checking_index import Tree, children, local
from engine.bpmn.findings import Finding, soften
from engine.bpmn.model import ACTIVITIES, EVENT_KINDS, EVENTS, FLOW_NODES, GATEWAYS

_DATA = frozenset(
    {
        "property",
        "dataObject",
        "dataInput",
        "dataOutput",
        "dataStore",
        "dataStoreReference",
        "dataObjectReference",
    }
)
_COLLABORATIONS = frozenset({"collaboration", "choreography", "globalConversation", "globalChoreographyTask"})
_DEFINITIONS = frozenset(f"{kind}EventDefinition" for kind in EVENT_KINDS)
_ITEM = frozenset({"itemDefinition"})
_ANY: frozenset[str] = frozenset()
_ITEMS = {
    "dataObject": "itemSubjectRef",
    "dataObjectReference": "itemSubjectRef",
    "dataStore": "itemSubjectRef",
    "dataStoreReference": "itemSubjectRef",
    "property": "itemSubjectRef",
    "dataInput": "itemSubjectRef",
    "dataOutput": "itemSubjectRef",
    "error": "structureRef",
    "escalation": "structureRef",
    "signal": "structureRef",
    "message": "itemRef",
}
# (tag, attribute) → kinds it may name; sequence flows, defaults and message flows have rules of their own
ATTRIBUTES: Mapping[tuple[str, str], frozenset[str]] = {
    ("association", "sourceRef"): _ANY,
    ("association", "targetRef"): _ANY,
    ("group", "categoryValueRef"): frozenset({"categoryValue"}),
    ("correlationPropertyRetrievalExpression", "messageRef"): frozenset({"message"}),
    ("correlationSubscription", "correlationKeyRef"): frozenset({"correlationKey"}),
    ("correlationPropertyBinding", "correlationPropertyRef"): frozenset({"correlationProperty"}),
    ("participant", "processRef"): frozenset({"process"}),
    ("messageFlow", "messageRef"): frozenset({"message"}),
    ("process", "definitionalCollaborationRef"): _COLLABORATIONS,
    ("resourceParameterBinding", "parameterRef"): frozenset({"resourceParameter"}),
    ("serviceTask", "operationRef"): frozenset({"operation"}),
    ("sendTask", "operationRef"): frozenset({"operation"}),
    ("sendTask", "messageRef"): frozenset({"message"}),
    ("receiveTask", "operationRef"): frozenset({"operation"}),
    ("receiveTask", "messageRef"): frozenset({"message"}),
    ("ioBinding", "inputDataRef"): frozenset({"dataInput", "inputSet"}),
    ("ioBinding", "outputDataRef"): frozenset({"dataOutput", "outputSet"}),
    ("ioBinding", "operationRef"): frozenset({"operation"}),
    ("multiInstanceLoopCharacteristics", "oneBehaviorEventRef"): _DEFINITIONS,
    ("multiInstanceLoopCharacteristics", "noneBehaviorEventRef"): _DEFINITIONS,
    ("dataObjectReference", "dataObjectRef"): frozenset({"dataObject"}),
    ("dataStoreReference", "dataStoreRef"): frozenset({"dataStore"}),
    ("boundaryEvent", "attachedToRef"): ACTIVITIES,
    ("compensateEventDefinition", "activityRef"): ACTIVITIES,
    ("errorEventDefinition", "errorRef"): frozenset({"error"}),
    ("escalationEventDefinition", "escalationRef"): frozenset({"escalation"}),
    ("messageEventDefinition", "messageRef"): frozenset({"message"}),
    ("signalEventDefinition", "signalRef"): frozenset({"signal"}),
    **dict.fromkeys(_ITEMS.items(), _ITEM),
}
# (tag, child whose text is the reference) → kinds it may name
CHILDREN: Mapping[tuple[str, str], frozenset[str]] = {
    ("correlationKey", "correlationPropertyRef"): frozenset({"correlationProperty"}),
    ("operation", "inMessageRef"): frozenset({"message"}),
    ("operation", "outMessageRef"): frozenset({"message"}),
    ("operation", "errorRef"): frozenset({"error"}),
    ("participant", "interfaceRef"): frozenset({"interface"}),
    ("participantAssociation", "innerParticipantRef"): frozenset({"participant"}),
    ("participantAssociation", "outerParticipantRef"): frozenset({"participant"}),
    ("process", "supportedInterfaceRef"): frozenset({"interface"}),
    ("process", "supports"): frozenset({"process"}),
    ("multiInstanceLoopCharacteristics", "loopDataInputRef"): _DATA,
    ("multiInstanceLoopCharacteristics", "loopDataOutputRef"): _DATA,
    ("inputSet", "dataInputRefs"): frozenset({"dataInput"}),
    ("inputSet", "optionalInputRefs"): frozenset({"dataInput"}),
    ("inputSet", "whileExecutingInputRefs"): frozenset({"dataInput"}),
    ("inputSet", "outputSetRefs"): frozenset({"outputSet"}),
    ("outputSet", "dataOutputRefs"): frozenset({"dataOutput"}),
    ("outputSet", "optionalOutputRefs"): frozenset({"dataOutput"}),
    ("outputSet", "whileExecutingOutputRefs"): frozenset({"dataOutput"}),
    ("outputSet", "inputSetRefs"): frozenset({"inputSet"}),
    ("dataInputAssociation", "sourceRef"): _DATA,
    ("dataInputAssociation", "targetRef"): _DATA,
    ("dataOutputAssociation", "sourceRef"): _DATA,
    ("dataOutputAssociation", "targetRef"): _DATA,
    ("linkEventDefinition", "source"): frozenset({"linkEventDefinition"}),
    ("linkEventDefinition", "target"): frozenset({"linkEventDefinition"}),
    ("messageEventDefinition", "operationRef"): frozenset({"operation"}),
    ("lane", "flowNodeRef"): FLOW_NODES,
    **{(event, "eventDefinitionRef"): _DEFINITIONS for event in EVENTS},
}
_FOR_READERS = frozenset(
    {"operationRef", "interfaceRef", "supportedInterfaceRef", "inMessageRef", "outMessageRef"}
)
_CHOOSING = sorted(ACTIVITIES | GATEWAYS)


def check(tree: Tree) -> Iterator[Finding]:
    """Yield a finding for every reference to nothing, or to something of another kind."""
    for node, name, reference, kinds in _references(tree):
        if reference.strip():
            yield from _check(tree, node, name, reference.strip(), kinds)
    for node in tree.all(*_CHOOSING):
        yield from _check_default(tree, node)


def _references(tree: Tree) -> Iterator[tuple[etree._Element, str, str, frozenset[str]]]:
    for (tag, attribute), kinds in ATTRIBUTES.items():
        for node in tree.all(tag):
            yield node, attribute, node.get(attribute, ""), kinds
    for (tag, name), kinds in CHILDREN.items():
        for node in tree.all(tag):
            for child in children(node, name):
                yield node, name, child.text or "", kinds


def _check(
    tree: Tree, node: etree._Element, attribute: str, reference: str, kinds: frozenset[str]
) -> Iterator[Finding]:
    if tree.elsewhere(node, reference):
        return
    kind = tree.kind(reference)
    told: dict[str, object] = {"attribute": attribute, "target": reference}
    if kind and kinds and kind not in kinds:
        told |= {"kind": kind, "target": local(reference), "expected": ", ".join(sorted(kinds)[:3])}
        rule = "reference-kind"
    elif not kind:
        rule = "unresolved-reference"
    else:
        return
    finding = tree.find_at(rule, node, "REF", **told)
    yield finding if _matters(attribute, kinds) else soften(finding)


def _matters(attribute: str, kinds: frozenset[str]) -> bool:
    """Say whether a reference bears on the run or the drawing; data types and operations are for readers."""
    return attribute not in _FOR_READERS and kinds not in (_ITEM, _DATA) and not attribute.endswith("Refs")


def _check_default(tree: Tree, node: etree._Element) -> Iterator[Finding]:
    """The default flow of a node is one that leaves it."""
    default = node.get("default")
    if default is None:
        return
    leaving = {flow.get("id") for flow in tree.outgoing.get(node.get("id", ""), ())}
    if default not in leaving:
        yield tree.find_at("unresolved-reference", node, "EXT.026", attribute="default", target=default)
