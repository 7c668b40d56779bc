"""Load a DMN file with the parser of diagrams: the same limits, no document type, only its own bytes."""

from __future__ import annotations

from lxml import etree

from engine.bpmn import findings, loading

# DMN 1.1, 1.2, 1.3, 1.4, 1.5; Camunda Modeler writes that of 1.3.
NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)


MAX_EXPRESSIONS = 300_000  # characters of all expressions of a file: about a second to compile


class UnreadableDecision(loading.UnreadableDiagram):
    """Expected a readable DMN file, but {first}."""


def load(content: bytes, name: str) -> etree._Element:
    """Return the root element of a DMN file; UnreadableDiagram with line and remedy for anything else."""
    root = loading.parse(content, name)
    tag = etree.QName(root)
    if tag.localname != "definitions" or tag.namespace not in NAMESPACES:
        line = loading.line_of(root)
        found = root.tag if tag.localname == "definitions" else tag.localname
        raise UnreadableDecision([findings.make("not-dmn", "", line, name=name, found=found)])
    size = sum(len(node.text or "") for node in root.iter("{*}text"))
    if size > MAX_EXPRESSIONS:
        told = findings.make("too-many-expressions", "", None, name=name, size=size, limit=MAX_EXPRESSIONS)
        raise UnreadableDecision([told])
    return root
