"""Load a BPMN file with a parser that reads nothing but the bytes it is given.

Limits: 4 MB, 20,000 elements, depth 100, 200 attributes per element, no document type in any encoding.
They are measured with hostile files: every one is refused in well under a second (CWE-611, CWE-776, CWE-400).
"""

from __future__ import annotations

from typing import NoReturn, cast

from lxml import etree

from engine.bpmn import findings
from engine.errors import DeploymentRejected

ROOT = "{http://www.omg.org/spec/BPMN/20100524/MODEL}definitions"
MAX_BYTES = 4 * 1024 * 1024
MAX_ELEMENTS = 20_000
MAX_DEPTH = 100
MAX_ATTRIBUTES = 200
# Small pieces, so that a limit is noticed long before the rest of a hostile file is read.
_PIECE = 16 * 1024


class UnreadableDiagram(DeploymentRejected):
    """Expected a readable BPMN 2.0 file, but {first}."""


def load(content: bytes, name: str) -> etree._Element:
    """Return the root element of a BPMN file; UnreadableDiagram with line and remedy for anything else."""
    root = parse(content, name)
    if root.tag != ROOT:
        _refuse("not-bpmn", line_of(root), name=name, found=etree.QName(root).localname)
    return root


def parse(content: bytes, name: str) -> etree._Element:
    """Return the root element of any XML within the limits; UnreadableDiagram for anything else."""
    if len(content) > MAX_BYTES:
        _refuse("file-too-large", None, name=name, size=len(content), limit=MAX_BYTES)
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return _read(parser, content, name)
    except etree.XMLSyntaxError as error:
        _refuse("not-well-formed", error.lineno or None, name=name, detail=error.msg or str(error))


def recode(content: bytes) -> bytes:
    """Return a loadable file in UTF-8, byte for byte the same when it is UTF-8 already.

    Browsers read what they fetch as UTF-8, whatever the file declares.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    tree = etree.ElementTree(etree.fromstring(content, parser))
    if (tree.docinfo.encoding or "UTF-8").upper() in ("UTF-8", "UTF8", "ASCII", "US-ASCII"):
        return content
    return etree.tostring(tree, encoding="UTF-8", xml_declaration=True)


def line_of(node: etree._Element) -> int | None:
    """Return the line of a node in its file, counted from 1."""
    return cast("int | None", node.sourceline)


def _read(parser: etree.XMLPullParser, content: bytes, name: str) -> etree._Element:
    """Feed the bytes piece by piece and stop at the first limit that is passed."""
    seen = depth = 0
    for offset in range(0, max(len(content), 1), _PIECE):
        parser.feed(content[offset : offset + _PIECE])
        for event, element in parser.read_events():
            if event == "end" or not isinstance(element, etree._Element):
                depth -= 1
                continue
            seen += 1
            depth += 1
            _check_limits(element, seen, depth, name)
    root = parser.close()
    if _has_document_type(root):
        _refuse("document-type", None, name=name)
    return root


def _check_limits(element: etree._Element, seen: int, depth: int, name: str) -> None:
    """Refuse a document type, too many elements or attributes, and nesting without end."""
    line = line_of(element)
    if seen == 1 and _has_document_type(element):
        _refuse("document-type", line, name=name)
    if seen > MAX_ELEMENTS:
        _refuse("too-many-elements", line, name=name, limit=MAX_ELEMENTS)
    if depth > MAX_DEPTH:
        _refuse("nested-too-deep", line, name=name, limit=MAX_DEPTH)
    if len(element.attrib) > MAX_ATTRIBUTES:
        _refuse("too-many-attributes", line, name=name, limit=MAX_ATTRIBUTES)


def _has_document_type(element: etree._Element) -> bool:
    return element.getroottree().docinfo.internalDTD is not None


def _refuse(rule: str, line: int | None, **values: object) -> NoReturn:
    raise UnreadableDiagram([findings.make(rule, "", line, **values)])
