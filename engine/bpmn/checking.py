"""Check a diagram before it is deployed: executed by the standard, or refused by element id with a remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from lxml import etree

from engine.bpmn import (
    checking_allowed,
    checking_dialect,
    checking_structure,
    checking_timers,
    checking_tree,
    loading,
    reading,
    soundness,
)
from engine.bpmn.checking_dialect import Known
from engine.bpmn.findings import Finding, make
from engine.bpmn.model import Diagram, Process


def check(
    diagram: Diagram,
    root: etree._Element | None = None,
    *,
    forms: Collection[str] | None = None,
    job_types: Collection[str] | None = None,
    processes: Collection[str] | None = None,
) -> list[Finding]:
    """Return the findings of a diagram, errors first, then by line; only errors refuse.

    `root` adds what only the XML tree shows (unknown extensions, missing ids): give it whenever the diagram
    was read from a file. What exists beside the file (forms, job types, processes) is judged only when given.
    """
    known = Known(forms, job_types, processes)
    found = list(checking_structure.check_ids(diagram))
    if root is not None:
        found += checking_tree.check(root)
    runs = [process for process in diagram.processes.values() if process.executable]
    if not runs:
        found.append(make("no-process"))
    # a pool that is drawn for its readers only (isExecutable false) is not judged beside one that runs
    for process in runs or diagram.processes.values():
        found += _check_process(process, diagram, known)
    found += find_recursion([diagram])
    return sort(found)


def check_file(
    content: bytes,
    name: str,
    *,
    forms: Collection[str] | None = None,
    job_types: Collection[str] | None = None,
    processes: Collection[str] | None = None,
) -> list[Finding]:
    """Return the findings of a file; what cannot even be read is a finding too, never an exception."""
    try:
        root = loading.load(content, name)
    except loading.UnreadableDiagram as error:
        return [finding for finding in error.findings if isinstance(finding, Finding)]
    diagram = reading.read(root, name)
    return check(diagram, root, forms=forms, job_types=job_types, processes=processes)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Say whether the findings refuse a deployment."""
    return any(finding.severity == "error" for finding in findings)


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """Return errors before warnings, each by line and id, every finding once."""
    unique: dict[tuple[object, ...], Finding] = {}
    for one in findings:
        unique.setdefault((one.rule, one.element, one.line, one.text("en")), one)
    return sorted(
        unique.values(), key=lambda one: (one.severity != "error", one.line or 0, one.element, one.rule)
    )


def find_recursion(diagrams: Iterable[Diagram]) -> list[Finding]:
    """Return a finding for every call activity that leads back to its own process; across files, too."""
    calls: dict[str, list[tuple[str, str, int | None]]] = {}
    for diagram in diagrams:
        for process in diagram.processes.values():
            calls[process.id] = [
                (element.details.called_process or "", element.id, element.line)
                for element in process.elements.values()
                if element.kind == "callActivity"
            ]
    return [
        make("recursive-call", element, line, path=" → ".join([caller, *path]))
        for caller, called in calls.items()
        for target, element, line in called
        if (path := _path(calls, target, caller)) is not None
    ]


def _path(calls: dict[str, list[tuple[str, str, int | None]]], start: str, goal: str) -> list[str] | None:
    """Return the shortest chain of calls from one process to another, both ends included."""
    waiting = [[start]]
    seen = {start}
    for path in waiting:
        if path[-1] == goal:
            return path
        for target, _, _ in calls.get(path[-1], ()):
            if target not in seen:
                seen.add(target)
                waiting.append([*path, target])
    return None


def _check_process(process: Process, diagram: Diagram, known: Known) -> Iterator[Finding]:
    yield from checking_allowed.check(process)
    yield from checking_structure.check_references(process, diagram)
    yield from checking_structure.check_starts(process)
    yield from checking_structure.check_ends(process)
    yield from checking_structure.check_conditions(process)
    yield from checking_structure.check_event_gateways(process)
    yield from checking_structure.check_links(process)
    yield from checking_structure.check_catchers(process)
    yield from checking_timers.check(process)
    yield from checking_dialect.check(process, diagram, known)
    yield from soundness.check(process)
