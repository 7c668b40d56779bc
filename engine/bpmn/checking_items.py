"""Check that data which is passed has one type: operations, messages, events, calls, loops, associations."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn.checking_index import (
    DEFINITIONS,
    B,
    Tree,
    children,
    is_true,
    local,
    parent,
    tag_of,
    texts,
)
from engine.bpmn.findings import Finding
from engine.bpmn.model import EVENTS

# (list of ids in a set, the list it must be part of, constraint)
_PARTS = {
    "inputSet": (
        ("optionalInputRefs", "dataInputRefs", "EXT.085"),
        ("whileExecutingInputRefs", "dataInputRefs", "EXT.086"),
    ),
    "outputSet": (
        ("optionalOutputRefs", "dataOutputRefs", "EXT.089"),
        ("whileExecutingOutputRefs", "dataOutputRefs", "EXT.090"),
    ),
}
_THROWN = {"message": "messageRef", "error": "errorRef", "escalation": "escalationRef", "signal": "signalRef"}
_ITEM_ATTRIBUTES = ("itemSubjectRef", "itemRef", "structureRef")
_SETS = {"inputSet": "dataInputRefs", "outputSet": "dataOutputRefs"}
_STANDS_FOR = {"dataObjectReference": "dataObjectRef", "dataStoreReference": "dataStoreRef"}


def check(tree: Tree) -> Iterator[Finding]:
    """Yield the findings about data types and data sets."""
    yield from _check_collections(tree)
    yield from _check_sets(tree)
    yield from _check_operations(tree)
    yield from _check_associations(tree)
    yield from _check_event_data(tree)
    yield from _check_calls(tree)
    yield from _check_loop_items(tree)


def _structure(tree: Tree, node: etree._Element | None) -> str | None:
    """Return the type behind something that holds data: what its itemDefinition says, None when unsaid."""
    if node is None:
        return None
    stands_for = _STANDS_FOR.get(tag_of(node))
    if stands_for and not node.get("itemSubjectRef"):
        return _structure(tree, tree.find(node.get(stands_for)))
    for attribute in _ITEM_ATTRIBUTES:
        item = tree.find(node.get(attribute))
        if item is not None and tag_of(item) == "itemDefinition":
            return item.get("structureRef") or f"#{item.get('id')}"
    return None


def _same(tree: Tree, one: etree._Element | None, other: etree._Element | None) -> bool:
    """Say whether two holders of data have one type, by the same definition or by the same structure."""
    found = _structure(tree, one)
    return found is not None and found == _structure(tree, other)


def _inside(node: etree._Element, tag: str) -> list[etree._Element]:
    specification = node.find(f"{B}ioSpecification")
    return [] if specification is None else children(specification, tag)


def _check_collections(tree: Tree) -> Iterator[Finding]:
    for node in tree.all("dataObject", "dataInput", "dataOutput"):
        item = tree.find(node.get("itemSubjectRef"))
        if item is not None and is_true(item, "isCollection") != is_true(node, "isCollection"):
            yield tree.find_at("collection-differs", node, "EXT.020", item=item.get("id", ""))


def _check_sets(tree: Tree) -> Iterator[Finding]:
    for kind, sets, refs, constraint in (
        ("dataInput", "inputSet", "dataInputRefs", "EXT.084"),
        ("dataOutput", "outputSet", "dataOutputRefs", "EXT.088"),
    ):
        listed = {identity for one in tree.all(sets) for identity in texts(one, refs)}
        for node in tree.all(kind):
            if node.get("id") not in listed:
                yield tree.find_at("data-set-missing", node, constraint, kind=kind)
    for tag, parts in _PARTS.items():
        for one in tree.all(tag):
            for part, whole, constraint in parts:
                yield from _check_part(tree, one, part, whole, constraint)
    yield from _check_set_pairs(tree)


def _check_part(tree: Tree, one: etree._Element, part: str, whole: str, constraint: str) -> Iterator[Finding]:
    for target in texts(one, part):
        if target not in texts(one, whole):
            yield tree.find_at("data-set-list", one, constraint, part=part, whole=whole, target=target)


def _check_set_pairs(tree: Tree) -> Iterator[Finding]:
    for tag, out, back in (
        ("inputSet", "outputSetRefs", "inputSetRefs"),
        ("outputSet", "inputSetRefs", "outputSetRefs"),
    ):
        for one in tree.all(tag):
            for target in texts(one, out):
                other = tree.find(target)
                if other is None or one.get("id") not in texts(other, back):
                    yield tree.find_at("data-set-pair", one, "EXT.087", target=target)


def _check_operations(tree: Tree) -> Iterator[Finding]:
    for task in tree.all("serviceTask"):
        operation = tree.find(task.get("operationRef"))
        if task.get("operationRef"):
            yield from _check_count(tree, task, "inputSet", (1, 1), "operationRef", "EXT.042")
            yield from _check_count(tree, task, "outputSet", (0, 1), "operationRef", "EXT.043")
        if operation is not None:
            message = tree.find_text(operation, "inMessageRef")
            inputs = _inside(task, "dataInput")
            if inputs and not any(_same(tree, one, message) for one in inputs):
                yield _differs(tree, task, "EXT.044", "dataInput", "inMessageRef")
            message, outputs = tree.find_text(operation, "outMessageRef"), _inside(task, "dataOutput")
            if message is not None and not any(_same(tree, one, message) for one in outputs):
                yield _differs(tree, task, "EXT.045", "dataOutput", "outMessageRef")
    for tag, sets, data, constraints in (
        ("sendTask", "inputSet", "dataInput", ("EXT.046", "EXT.047", "EXT.048")),
        ("receiveTask", "outputSet", "dataOutput", ("EXT.050", "EXT.051", "EXT.052")),
    ):
        for task in tree.all(tag):
            yield from _check_message_data(tree, task, sets, data, constraints)
    yield from _check_interfaces(tree)


def _check_message_data(
    tree: Tree, task: etree._Element, sets: str, data: str, constraints: tuple[str, str, str]
) -> Iterator[Finding]:
    if task.get("messageRef"):
        yield from _check_count(tree, task, sets, (0, 1), "messageRef", constraints[0])
        yield from _check_count(tree, task, data, (0, 1), "messageRef", constraints[1])
    held, message = _inside(task, data), tree.find(task.get("messageRef"))
    if held and not any(_same(tree, one, message) for one in held):
        yield _differs(tree, task, constraints[2], data, "messageRef")


def _check_count(
    tree: Tree, task: etree._Element, part: str, limits: tuple[int, int], why: str, constraint: str
) -> Iterator[Finding]:
    count = len(_inside(task, part))
    if not limits[0] <= count <= limits[1]:
        expected = f"{limits[0]}" if limits[0] == limits[1] else f"{limits[0]}-{limits[1]}"
        told = {"part": part, "reference_kind": why, "count": count, "expected": expected}
        yield tree.find_at("operation-sets", task, constraint, **told)


def _check_interfaces(tree: Tree) -> Iterator[Finding]:
    for node in {parent(reference) for reference in tree.all("supportedInterfaceRef")}:
        bindings = children(node, "ioBinding")
        if not bindings:
            yield tree.find_at("interface-binding", node, "EXT.064")
        for binding in bindings:
            operation = tree.find(binding.get("operationRef"))
            for attribute, message in (("inputDataRef", "inMessageRef"), ("outputDataRef", "outMessageRef")):
                held = _bound(tree, binding.get(attribute))
                thrown = None if operation is None else tree.find_text(operation, message)
                if held and not any(_same(tree, data, thrown) for data in held):
                    yield _differs(tree, node, "EXT.065", attribute, message)


def _bound(tree: Tree, reference: str | None) -> list[etree._Element]:
    """Return the data that a binding names, itself or by its set."""
    found = tree.find(reference)
    if found is None or tag_of(found) not in _SETS:
        return [] if found is None else [found]
    return [data for one in texts(found, _SETS[tag_of(found)]) if (data := tree.find(one)) is not None]


def _check_associations(tree: Tree) -> Iterator[Finding]:
    for association in tree.all("dataInputAssociation", "dataOutputAssociation"):
        if children(association, "transformation"):
            continue
        sources = texts(association, "sourceRef")
        if len(sources) != 1:
            yield tree.find_at("data-association-sources", association, "EXT.092", count=len(sources))
        target = tree.find_text(association, "targetRef")
        types = {_structure(tree, tree.find(source)) for source in sources}
        types.add(_structure(tree, target))
        if len(types - {None}) > 1:
            yield _differs(tree, association, "EXT.091", "sourceRef", "targetRef")


def _check_event_data(tree: Tree) -> Iterator[Finding]:
    """Each definition of an event comes with data of its type, in the same order."""
    for event in tree.all(*sorted(EVENTS)):
        held = children(event, "dataInput", "dataOutput")
        kinds = [child for child in event.iterchildren(f"{B}*") if tag_of(child).endswith(DEFINITIONS)]
        total = len(kinds) + len(children(event, "eventDefinitionRef"))
        if held and len(held) != total:
            yield tree.find_at("event-data-count", event, "EXT.093", count=len(held), events=total)
        carrying = [one for one in kinds if tag_of(one).removesuffix(DEFINITIONS) in _THROWN]
        for definition, data in zip(carrying, held, strict=False):
            attribute = _THROWN[tag_of(definition).removesuffix(DEFINITIONS)]
            if not _same(tree, data, tree.find(definition.get(attribute))):
                yield _differs(tree, event, "EXT.094", tag_of(data), attribute)


def _check_calls(tree: Tree) -> Iterator[Finding]:
    for call in tree.all("callActivity"):
        called = tree.find(call.get("calledElement"))
        if called is not None and _interface(tree, call) != _interface(tree, called):
            yield tree.find_at("call-data", call, "EXT.063", called=called.get("id", ""))


def _interface(tree: Tree, node: etree._Element) -> tuple[object, ...]:
    """Return what a call or a process takes and gives: types of its data and sizes of its sets."""
    sets = [
        sorted(len(texts(one, refs)) for one in _inside(node, tag))
        for tag, refs in (("inputSet", "dataInputRefs"), ("outputSet", "dataOutputRefs"))
    ]
    data = [
        sorted(_structure(tree, one) or "" for one in _inside(node, tag))
        for tag in ("dataInput", "dataOutput")
    ]
    return (*sets, *data)


def _check_loop_items(tree: Tree) -> Iterator[Finding]:
    """The item of a loop is one of the collection it runs over."""
    for loop in tree.all("multiInstanceLoopCharacteristics"):
        for constraint, reference, item in (
            ("EXT.069", "loopDataOutputRef", "outputDataItem"),
            ("EXT.070", "loopDataInputRef", "inputDataItem"),
        ):
            whole, one = tree.find_text(loop, reference), loop.find(f"{B}{item}")
            if whole is None or one is None or not tree.executed(loop):
                continue
            definition = tree.find(local(one.get("itemSubjectRef")))
            single = definition is not None and not is_true(definition, "isCollection")
            if is_true(one, "isCollection") or not single or not _same(tree, whole, one):
                yield _differs(tree, loop, constraint, reference, item)


def _differs(tree: Tree, node: etree._Element, constraint: str, one: str, other: str) -> Finding:
    return tree.find_at("item-differs", node, constraint, one=one, other=other)
