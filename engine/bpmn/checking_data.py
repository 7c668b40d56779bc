"""Check expressions, texts, quantities, pools, choreography and loops: what stands beside the flow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.checking_index import (
    XSI_TYPE,
    B,
    Tree,
    Z,
    children,
    is_true,
    local,
    parent,
    tag_of,
    texts,
)
from engine.bpmn.findings import Finding
from engine.bpmn.model import ACTIVITIES, CHOREOGRAPHIES, SUB_PROCESSES

_MIME = re.compile(r"[\w.+-]+/[\w.+*-]+(\s*;.*)?")
# element → its children that are expressions of an executable process
_EXPRESSIONS = {
    "adHocSubProcess": ("completionCondition",),
    "assignment": ("from", "to"),
    "complexGateway": ("activationCondition",),
    "multiInstanceLoopCharacteristics": ("loopCardinality", "completionCondition"),
    "sequenceFlow": ("conditionExpression",),
    "standardLoopCharacteristics": ("loopCondition",),
    "timerEventDefinition": ("timeDate", "timeDuration", "timeCycle"),
}
_CONVERSATION_PARTS = (
    "conversationNode",
    "conversation",
    "subConversation",
    "callConversation",
    "participantAssociation",
    "messageFlowAssociation",
    "conversationAssociation",
    "association",
    "group",
    "textAnnotation",
)


def check(tree: Tree) -> Iterator[Finding]:
    """Yield the findings about everything beside flows and events."""
    yield from _check_expressions(tree)
    yield from _check_texts(tree)
    yield from _check_quantities(tree)
    yield from _check_processes(tree)
    yield from _check_pools(tree)
    yield from _check_loops(tree)


def _check_expressions(tree: Tree) -> Iterator[Finding]:
    """What an executable process evaluates is formal, and none is empty."""
    for node, expression in _evaluated(tree):
        if tree.executed(node) and not _is_formal(expression):
            yield tree.find_at("informal-expression", node, "EXT.012", where=tag_of(expression))
    for node in tree.root.iter(f"{B}*"):
        if _must_have_body(node) and not (node.text or "").strip():
            yield tree.find_at("formal-expression-empty", node, "EXT.013", where=tag_of(node))


def _evaluated(tree: Tree) -> Iterator[tuple[etree._Element, etree._Element]]:
    for tag, names in _EXPRESSIONS.items():
        for node in tree.all(tag):
            yield from ((node, expression) for expression in children(node, *names))


def _is_formal(expression: etree._Element) -> bool:
    return local(expression.get(XSI_TYPE)) == "tFormalExpression"


def _must_have_body(node: etree._Element) -> bool:
    if _is_formal(node):
        return True
    tag = tag_of(node)
    inside = tag == "condition" and tag_of(parent(node)) == "complexBehaviorDefinition"
    return inside or tag in ("dataPath", "messagePath", "transformation")


def _check_texts(tree: Tree) -> Iterator[Finding]:
    for constraint, tag in (("EXT.004", "documentation"), ("EXT.010", "textAnnotation")):
        for node in tree.all(tag):
            value = node.get("textFormat")
            if value is not None and not _MIME.fullmatch(value.strip()):
                yield tree.find_at("text-format", node, constraint, value=value[:80])
    for task in tree.all("scriptTask"):
        if children(task, "script") and not task.get("scriptFormat"):
            yield tree.find_at("script-format", task, "EXT.053")
    for reference in tree.all("dataObjectReference"):
        yield from _check_name(tree, reference)


def _check_name(tree: Tree, reference: etree._Element) -> Iterator[Finding]:
    data, state = tree.find(reference.get("dataObjectRef")), reference.find(f"{B}dataState")
    if reference.get("name") is None or data is None:
        return
    wanted = f"{data.get('name', '')} [{'' if state is None else state.get('name', '')}]"
    if reference.get("name") != wanted:
        yield tree.find_at("data-object-name", reference, "EXT.076")


def _check_quantities(tree: Tree) -> Iterator[Finding]:
    for node in tree.all(*sorted(ACTIVITIES)):
        for attribute, constraint in (("startQuantity", "EXT.037"), ("completionQuantity", "EXT.038")):
            value = node.get(attribute)
            if value is not None and not (value.strip().isdecimal() and int(value.strip()[:9]) >= 1):
                yield tree.find_at("quantity", node, constraint, attribute=attribute, value=value[:40])


def _check_processes(tree: Tree) -> Iterator[Finding]:
    for process in tree.all("process"):
        if process.get("processType") == "Public" and is_true(process, "isExecutable"):
            yield tree.find_at("public-executable", process, "EXT.035")
    for constraint, scopes in (("EXT.036", ["process"]), ("EXT.056", sorted(SUB_PROCESSES))):
        for scope in tree.all(*scopes):
            for child in children(scope, *sorted(CHOREOGRAPHIES)):
                yield tree.find_at("choreography-in-process", child, constraint, kind=tag_of(child))
    for scope in tree.all(*sorted(SUB_PROCESSES)):
        if children(scope, "ioSpecification"):
            yield tree.find_at("data-in-sub-process", scope, "EXT.079")


def _check_pools(tree: Tree) -> Iterator[Finding]:
    for node in tree.all("choreography", "globalConversation"):
        if children(node, "choreographyRef"):
            yield tree.find_at("choreography-reference", node, "EXT.027")
    for count in tree.all("participantMultiplicity"):
        yield from _check_participants(tree, count)
    for node in tree.all("globalConversation"):
        for part in children(node, *_CONVERSATION_PARTS):
            yield tree.find_at("global-conversation-parts", node, "EXT.032", kind=tag_of(part))
    for reference in tree.all("choreographyRef"):
        node, other = parent(reference), tree.find(reference.text)
        if other is not None and is_true(other, "isClosed") != is_true(node, "isClosed"):
            yield tree.find_at("closed-differs", node, "EXT.033")


def _check_participants(tree: Tree, count: etree._Element) -> Iterator[Finding]:
    """A number that is no number is the schema's matter."""
    try:
        minimum = int(count.get("minimum", "0")[:9])
        maximum = int(count.get("maximum", "1")[:9])
    except ValueError:
        return
    told = {"minimum": minimum, "maximum": maximum}
    if minimum < 0:
        yield tree.find_at("participant-count", count, "EXT.029", **told)
    if maximum < 1 or maximum < minimum:
        yield tree.find_at("participant-count", count, "EXT.030", **told)


def _check_loops(tree: Tree) -> Iterator[Finding]:
    for loop in tree.all("multiInstanceLoopCharacteristics"):
        if not tree.executed(loop):
            continue
        counts = children(loop, "loopCardinality", "loopDataInputRef")
        if not counts and loop.find(f".//{Z}loopCharacteristics") is None:
            yield tree.find_at("loop-collection", loop, "EXT.067")
        yield from _check_loop_input(tree, loop)


def _check_loop_input(tree: Tree, loop: etree._Element) -> Iterator[Finding]:
    activity = parent(loop)
    specification = activity.find(f"{B}ioSpecification")
    own = {
        child.get("id") for child in ([] if specification is None else children(specification, "dataInput"))
    }
    for target in texts(loop, "loopDataInputRef"):
        if tag_of(activity) not in SUB_PROCESSES and target not in own:
            yield tree.find_at("loop-data", activity, "EXT.068", target=target)
