"""Read a loaded DMN tree into the model; nothing is judged here, that is the check's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lxml import etree

from engine.bpmn.loading import line_of
from engine.dmn import loading, model
from engine.dmn.reading_boxed import Reader, child, children, read_expression, read_function, tests


def read_file(content: bytes, name: str) -> model.Definitions:
    """Return the model of a file; raises UnreadableDiagram."""
    return read(loading.load(content, name), name)


def read(root: etree._Element, file: str = "") -> model.Definitions:
    """Return the model of a DMN tree."""
    namespace = root.get("namespace", "")
    imports = tuple(_import(node) for node in children(root, "import"))
    reader = Reader(root.get("expressionLanguage", ""), _prefixes(root, namespace, imports))
    found = [element for element in (_element(node, reader) for node in root) if element is not None]
    elements = {element.id: element for element in reversed(found)}
    return model.Definitions(
        file,
        namespace,
        reader.name(root),
        imports,
        tuple(_item(node, reader) for node in children(root, "itemDefinition")),
        dict(reversed(elements.items())),
        tuple(_ids(root)),
        frozenset(reader.name(node) for node in root.iter(f"{{{etree.QName(root).namespace}}}*")),
        root.get("id", ""),
    )


def _ids(root: etree._Element) -> Iterator[tuple[str, int | None]]:
    """Yield the ids of the elements of DMN; what others write into a file is theirs."""
    namespace = etree.QName(root).namespace
    for node in root.iter(f"{{{namespace}}}*"):
        if node.get("id"):
            yield node.get("id", ""), line_of(node)


def _import(node: etree._Element) -> model.Import:
    return model.Import(
        node.get("id", ""),
        line_of(node),
        " ".join(node.get("name", "").split()),
        node.get("namespace", ""),
        node.get("importType", ""),
    )


def _prefixes(root: etree._Element, namespace: str, imports: tuple[model.Import, ...]) -> dict[str, str]:
    """Map the prefixes of qualified type names (DMN 1.1) to the names of imports, or to nothing."""
    names = {one.namespace: one.name + "." for one in imports if one.name}
    return {
        prefix: names.get(uri, "") for prefix, uri in root.nsmap.items() if prefix and (uri in names or uri)
    } | {"feel": ""}


def _element(node: etree._Element, reader: Reader) -> model.Element | None:
    if not isinstance(node.tag, str):
        return None
    make = _ELEMENTS.get(etree.QName(node).localname)
    return None if make is None else make(node, reader)


def _id(node: etree._Element, reader: Reader) -> str:
    """Return the id of an element; one without an id is known by its name."""
    return node.get("id") or reader.name(node)


def _hrefs(node: etree._Element, *path: str) -> tuple[str, ...]:
    found = [node]
    for tag in path:
        found = [inner for outer in found for inner in children(outer, tag)]
    return tuple(one.get("href", "") for one in found)


def _decision(node: etree._Element, reader: Reader) -> model.Decision:
    requires = tuple(
        reference.get("href", "")
        for requirement in children(node, "informationRequirement")
        for reference in requirement
        if etree.QName(reference).localname in ("requiredInput", "requiredDecision")
    )
    return model.Decision(
        _id(node, reader),
        line_of(node),
        reader.name(node),
        reader.type_of(child(node, "variable")),
        requires,
        _hrefs(node, "knowledgeRequirement", "requiredKnowledge"),
        read_expression(node, reader),
        _version_tag(node),
        _alias(node, reader),
    )


def _alias(node: etree._Element, reader: Reader) -> str:
    """Return another name by which expressions may know an element."""
    variable = child(node, "variable")
    alias = node.get("id", "") if variable is None else reader.name(variable)
    return "" if alias == reader.name(node) else alias


def _version_tag(node: etree._Element) -> str:
    """Return the tag that Camunda's modeler puts on a version."""
    extensions = child(node, "extensionElements")
    tag = None if extensions is None else child(extensions, "versionTag")
    return "" if tag is None else tag.get("value", "")


def _input_data(node: etree._Element, reader: Reader) -> model.InputData:
    variable = child(node, "variable")
    kind, alias = reader.type_of(variable), _alias(node, reader)
    return model.InputData(_id(node, reader), line_of(node), reader.name(node), kind, alias)


def _knowledge(node: etree._Element, reader: Reader) -> model.Knowledge:
    logic = child(node, "encapsulatedLogic")
    return model.Knowledge(
        _id(node, reader),
        line_of(node),
        reader.name(node),
        reader.type_of(child(node, "variable")),
        _hrefs(node, "knowledgeRequirement", "requiredKnowledge"),
        None if logic is None else read_function(logic, reader),
    )


def _service(node: etree._Element, reader: Reader) -> model.Service:
    return model.Service(
        _id(node, reader),
        line_of(node),
        reader.name(node),
        reader.type_of(child(node, "variable")),
        _hrefs(node, "outputDecision"),
        _hrefs(node, "encapsulatedDecision"),
        _hrefs(node, "inputDecision"),
        _hrefs(node, "inputData"),
        _version_tag(node),
    )


_ELEMENTS: Mapping[str, Callable[[etree._Element, Reader], model.Element]] = {
    "decision": _decision,
    "inputData": _input_data,
    "businessKnowledgeModel": _knowledge,
    "decisionService": _service,
}


def _item(node: etree._Element, reader: Reader) -> model.ItemDefinition:
    reference, function = child(node, "typeRef"), child(node, "functionItem")
    return model.ItemDefinition(
        node.get("id", ""),
        line_of(node),
        reader.name(node),
        "" if reference is None else reader.type_name(reference.text or ""),
        node.get("isCollection", "").strip() in ("true", "1"),
        tuple(_item(field, reader) for field in children(node, "itemComponent")),
        None if function is None else _function_item(function, reader),
        tests(child(node, "allowedValues"), reader),
        tests(child(node, "typeConstraint"), reader),
    )


def _function_item(node: etree._Element, reader: Reader) -> tuple[tuple[model.Variable, ...], str]:
    parameters = tuple(
        model.Variable(reader.name(parameter), reader.type_of(parameter))
        for parameter in children(node, "parameters")
    )
    return parameters, reader.type_name(node.get("outputTypeRef", ""))
