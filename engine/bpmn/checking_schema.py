"""Check a file against OMG's schema of BPMN 2.0, and its imports against the files checked with it.

The schema is a data file of the installed SpiffWorkflow package, found through the package's metadata: the
library is not imported (only engine/spiff does that), its LGPL text is not copied, and the lock file pins the
version. What breaks the schema is a warning: this engine reads such a file right, another tool may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from threading import Lock
from typing import Any

from lxml import etree

from engine.bpmn.checking_index import NAMESPACE, B
from engine.bpmn.findings import Finding, cite, make
from engine.bpmn.loading import ROOT, line_of

MAX_FINDINGS = 10
MAX_ELEMENTS = 4_000
_one_at_a_time = Lock()
_KINDS = {
    NAMESPACE: ROOT,
    "http://www.w3.org/2001/XMLSchema": "{http://www.w3.org/2001/XMLSchema}schema",
    "http://schemas.xmlsoap.org/wsdl": "{http://schemas.xmlsoap.org/wsdl/}definitions",
    "http://www.w3.org/TR/wsdl20": "{http://www.w3.org/ns/wsdl}description",
}
_SCHEMA = "SpiffWorkflow/bpmn/parser/schema/BPMN20.xsd"


def check(root: etree._Element) -> Iterator[Finding]:
    """Yield the first findings of the schema.

    The validator needs quadratic time for a file full of errors, so that larger files are left out; so are
    ids that stand twice, which have a rule of their own.
    """
    nodes = list(root.iter(etree.Element))
    ids = [node.get("id") for node in nodes if node.get("id") and str(node.tag).startswith(B)]
    if len(nodes) > MAX_ELEMENTS or len(ids) != len(set(ids)):
        return
    for line, message in _validate(root)[:MAX_FINDINGS]:
        detail = message.replace(f"{{{NAMESPACE}}}", "")[:300]
        yield cite(make("schema", "", line, at=line, detail=detail), "XSD")


def _validate(root: etree._Element) -> list[tuple[int, str]]:
    """Return line and message of everything that breaks the schema."""
    schema = _schema()
    with _one_at_a_time:  # a schema keeps the log of its last file
        if schema.validate(root):
            return []
        log: Any = schema.error_log
        return [(entry.line, entry.message) for entry in log]


@cache
def _schema() -> etree.XMLSchema:
    path = metadata.distribution("SpiffWorkflow").locate_file(_SCHEMA)
    return etree.XMLSchema(etree.parse(str(path), etree.XMLParser(no_network=True, resolve_entities=False)))


def check_imports(
    name: str, root: etree._Element, beside: Mapping[str, etree._Element | None]
) -> Iterator[Finding]:
    """Yield what is wrong with the imports of a file; nothing is ever fetched, `beside` is all there is.

    A file beside it that is no XML stands as None.
    """
    seen = {root.get("targetNamespace"): {name: _ids(root)}}
    for location, node in _reach(root, beside):
        line, shown = line_of(node), location[:80]
        if location not in beside:
            # whether an address answers is never asked, so nothing can be said against it
            constraint = "" if ":" in location else "EXT.001"
            yield cite(make("import-missing", "", line, location=shown), constraint)
            continue
        imported = beside[location]
        if imported is None or not _is_as_stated(node, imported):
            yield cite(make("import-kind", "", line, location=shown), "EXT.001")
        elif imported.tag == ROOT:
            others = seen.setdefault(imported.get("targetNamespace"), {})
            ids = _ids(imported)
            for identity in sorted(ids & set().union(*others.values())):
                yield cite(make("import-duplicate-id", identity, line, location=shown), "EXT.002")
            others[location] = ids


def _is_as_stated(node: etree._Element, imported: etree._Element) -> bool:
    """Say whether an imported file has the kind and the namespace that the import says."""
    kind = _KINDS.get(node.get("importType", "").rstrip("/"))
    namespace = imported.get("targetNamespace")
    return (kind is None or kind == imported.tag) and namespace == node.get("namespace", namespace)


def _reach(
    root: etree._Element, beside: Mapping[str, etree._Element | None]
) -> Sequence[tuple[str, etree._Element]]:
    """Return every import of a file and of the files it imports, each location once."""
    found: dict[str, etree._Element] = {}
    waiting = [root]
    for current in waiting:
        for node in current.iterchildren(f"{B}import"):
            location = node.get("location", "")
            if location not in found:
                found[location] = node
                imported = beside.get(location)
                waiting += [] if imported is None else [imported]
    return list(found.items())


def _ids(root: etree._Element) -> set[str]:
    return {node.get("id", "") for node in root.iter(f"{B}*") if node.get("id")}
