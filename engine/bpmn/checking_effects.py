"""Name what a file says and this engine does not obey, so that nothing is ignored in silence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lxml import etree

from engine.bpmn.checking_index import Tree
from engine.bpmn.findings import Finding

# parts of BPMN 2.0 that steer a run elsewhere; here the dialect says the same in its own words
_IDLE = {
    "assignment": "zeebe:ioMapping",
    "transformation": "zeebe:ioMapping",
    "resourceRole": "zeebe:assignmentDefinition",
    "performer": "zeebe:assignmentDefinition",
    "humanPerformer": "zeebe:assignmentDefinition",
    "potentialOwner": "zeebe:assignmentDefinition",
    "correlationSubscription": "zeebe:subscription",
    "ioBinding": "zeebe:ioMapping",
}
# extensions of other engines
_FOREIGN = {
    "http://camunda.org/schema/1.0/bpmn": "Camunda 7",
    "http://activiti.org/bpmn": "Activiti",
    "http://flowable.org/bpmn": "Flowable",
    "http://www.jboss.org/drools": "jBPM",
    "http://www.omg.org/bpmn20": "jBPM",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "SpiffWorkflow",
}
_CODES = {"error": "errorCode", "escalation": "escalationCode", "signal": "name"}


def check(tree: Tree) -> Iterator[Finding]:
    """Yield a finding for everything in an executable process that would have no effect."""
    for tag, instead in _IDLE.items():
        for node in tree.all(tag):
            if tree.executed(node):
                yield tree.find_at("without-effect", node, kind=tag, instead=instead)
    yield from _check_codes(tree)
    if tree.notes:
        yield from _check_foreign(tree)


def _check_codes(tree: Tree) -> Iterator[Finding]:
    """Two declarations of one code are one to whoever catches it."""
    for tag, attribute in _CODES.items():
        nodes = [node for node in tree.all(tag) if node.get(attribute)]
        counts = Counter(node.get(attribute) for node in nodes)
        seen: set[str | None] = set()
        for node in nodes:
            code = node.get(attribute)
            if counts[code] > 1 and code in seen:
                yield tree.find_at("duplicate-code", node, kind=tag, code=code)
            seen.add(code)


def _check_foreign(tree: Tree) -> Iterator[Finding]:
    """Yield one note for each other engine whose extensions stand in the file, where the first one stands."""
    told: set[str] = set()
    for node in tree.root.iter(etree.Element):
        for name in (str(node.tag), *map(str, node.attrib)):
            engine = _FOREIGN.get(name.rpartition("}")[0].removeprefix("{"))
            if engine is not None and engine not in told:
                told.add(engine)
                yield tree.find_at("foreign-extension", node, engine=engine)
