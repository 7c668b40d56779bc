"""Read boxed expressions and decision tables out of a DMN tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

from engine.bpmn.loading import line_of
from engine.dmn import model
from engine.feel.conversion import fold
from engine.feel.lexer import tidy


@dataclass(frozen=True)
class Reader:
    """Know the language of a file and what the prefixes of its type names mean."""

    language: str
    prefixes: Mapping[str, str]

    def name(self, node: etree._Element, attribute: str = "name") -> str:
        """Return a name as FEEL knows it: Unicode form C, single spaces."""
        return tidy(fold(node.get(attribute, "")))

    def type_name(self, text: str) -> str:
        """Return the name of a type without the prefix of a qualified name."""
        name = tidy(fold(text))
        prefix, colon, local = name.partition(":")
        if not colon or prefix not in self.prefixes or "<" in prefix:
            return name
        return self.prefixes[prefix] + local.strip()

    def type_of(self, node: etree._Element | None) -> str:
        """Return the type that a node names, "" when it names none."""
        return "" if node is None else self.type_name(node.get("typeRef", ""))


def children(node: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Yield the children of a local name, in whatever namespace of DMN the file is written."""
    return (one for one in node if isinstance(one.tag, str) and etree.QName(one).localname == tag)


def child(node: etree._Element | None, tag: str) -> etree._Element | None:
    """Return the first child of a local name."""
    return None if node is None else next(children(node, tag), None)


def text_of(node: etree._Element | None) -> str:
    """Return the text in the `text` child of a node."""
    found = child(node, "text")
    return "" if found is None else "".join(map(str, found.itertext())).strip()


def read_expression(node: etree._Element, reader: Reader) -> model.Expression | None:
    """Return the first expression inside a node, None when there is none."""
    for one in node:
        read = _EXPRESSIONS.get(etree.QName(one).localname) if isinstance(one.tag, str) else None
        if read is not None:
            return read(one, reader)
    return None


def _inside(node: etree._Element | None, owner: etree._Element, reader: Reader) -> model.Expression:
    """Return the expression in a node, or say that it is missing in its owner."""
    found = None if node is None else read_expression(node, reader)
    return found or model.Missing(owner.get("id", ""), line_of(owner))


def _literal(node: etree._Element, reader: Reader) -> model.Literal:
    language = node.get("expressionLanguage", "") or reader.language
    return model.Literal(node.get("id", ""), line_of(node), text_of(node), language)


def tests(node: etree._Element | None, reader: Reader) -> model.Literal | None:
    """Return unary tests, None when there are none."""
    return None if node is None or not text_of(node) else _literal(node, reader)


def _context(node: etree._Element, reader: Reader) -> model.BoxedContext:
    return model.BoxedContext(
        node.get("id", ""),
        line_of(node),
        tuple(_entry(entry, reader) for entry in children(node, "contextEntry")),
    )


def _entry(node: etree._Element, reader: Reader) -> model.Entry:
    variable = child(node, "variable")
    name = None if variable is None else reader.name(variable)
    return model.Entry(name, reader.type_of(variable), _inside(node, node, reader))


def _list(node: etree._Element, reader: Reader) -> model.BoxedList:
    return model.BoxedList(node.get("id", ""), line_of(node), tuple(_all(node, reader)))


def _all(node: etree._Element, reader: Reader) -> Iterator[model.Expression]:
    for one in node:
        read = _EXPRESSIONS.get(etree.QName(one).localname) if isinstance(one.tag, str) else None
        if read is not None:
            yield read(one, reader)


def _relation(node: etree._Element, reader: Reader) -> model.Relation:
    columns = tuple(
        model.Variable(reader.name(column), reader.type_of(column)) for column in children(node, "column")
    )
    rows = tuple(tuple(_all(row, reader)) for row in children(node, "row"))
    return model.Relation(node.get("id", ""), line_of(node), columns, rows)


def _invocation(node: etree._Element, reader: Reader) -> model.Invocation:
    arguments = tuple(
        (reader.name(parameter), _inside(binding, node, reader))
        for binding in children(node, "binding")
        for parameter in children(binding, "parameter")
    )
    return model.Invocation(node.get("id", ""), line_of(node), _inside(node, node, reader), arguments)


def read_function(node: etree._Element, reader: Reader) -> model.FunctionDefinition:
    """Return a function definition, boxed or the logic of a business knowledge model."""
    parameters = tuple(
        model.Variable(reader.name(parameter), reader.type_of(parameter))
        for parameter in children(node, "formalParameter")
    )
    kind = node.get("kind", "FEEL") or "FEEL"
    return model.FunctionDefinition(
        node.get("id", ""), line_of(node), kind, parameters, _inside(node, node, reader)
    )


def _conditional(node: etree._Element, reader: Reader) -> model.Conditional:
    parts = [_inside(child(node, tag), node, reader) for tag in ("if", "then", "else")]
    return model.Conditional(node.get("id", ""), line_of(node), parts[0], parts[1], parts[2])


def _iteration(node: etree._Element, reader: Reader) -> model.Iteration:
    kind = etree.QName(node).localname
    body = child(node, "return" if kind == "for" else "satisfies")
    return model.Iteration(
        node.get("id", ""),
        line_of(node),
        kind,
        reader.name(node, "iteratorVariable"),
        _inside(child(node, "in"), node, reader),
        _inside(body, node, reader),
    )


def _filter(node: etree._Element, reader: Reader) -> model.Filter:
    source, match = (_inside(child(node, tag), node, reader) for tag in ("in", "match"))
    return model.Filter(node.get("id", ""), line_of(node), source, match)


def _table(node: etree._Element, reader: Reader) -> model.Table:
    return model.Table(
        node.get("id", ""),
        line_of(node),
        (node.get("hitPolicy") or "UNIQUE").strip(),
        (node.get("aggregation") or "").strip(),
        tuple(_input(one, reader) for one in children(node, "input")),
        tuple(_output(one, node, reader) for one in children(node, "output")),
        tuple(_rule(one, reader) for one in children(node, "rule")),
        tuple(reader.name(one) for one in children(node, "annotation")),
    )


def _input(node: etree._Element, reader: Reader) -> model.Input:
    asked = child(node, "inputExpression")
    if asked is None:
        expression: model.Expression = model.Missing(node.get("id", ""), line_of(node))
    else:
        expression = _literal(asked, reader)
    label = node.get("label", "") or text_of(asked)
    allowed = tests(child(node, "inputValues"), reader)
    return model.Input(node.get("id", ""), line_of(node), label, expression, reader.type_of(asked), allowed)


def _output(node: etree._Element, table: etree._Element, reader: Reader) -> model.Output:
    default = child(node, "defaultOutputEntry")
    return model.Output(
        node.get("id", ""),
        line_of(node),
        reader.name(node),
        node.get("label", "") or table.get("outputLabel", ""),
        reader.type_of(node),
        tests(child(node, "outputValues"), reader),
        None if default is None or not text_of(default) else _literal(default, reader),
    )


def _rule(node: etree._Element, reader: Reader) -> model.Rule:
    return model.Rule(
        node.get("id", ""),
        line_of(node),
        tuple(_literal(one, reader) for one in children(node, "inputEntry")),
        tuple(_literal(one, reader) for one in children(node, "outputEntry")),
        tuple(text_of(one) for one in children(node, "annotationEntry")),
        "".join("".join(map(str, one.itertext())) for one in children(node, "description")).strip(),
    )


_EXPRESSIONS: Mapping[str, Callable[[etree._Element, Reader], model.Expression]] = {
    "literalExpression": _literal,
    "context": _context,
    "list": _list,
    "relation": _relation,
    "invocation": _invocation,
    "functionDefinition": read_function,
    "conditional": _conditional,
    "for": _iteration,
    "some": _iteration,
    "every": _iteration,
    "filter": _filter,
    "decisionTable": _table,
}
