"""Check a diagram before it is deployed: executed by the standard, or refused by element id with a remedy."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypedDict, Unpack

from lxml import etree

from engine.bpmn import (
    checking_allowed,
    checking_data,
    checking_dialect,
    checking_effects,
    checking_events,
    checking_flows,
    checking_index,
    checking_items,
    checking_references,
    checking_schema,
    checking_structure,
    checking_timers,
    checking_tree,
    circles,
    soundness,
)
from engine.bpmn.checking_dialect import Known
from engine.bpmn.findings import Finding, cite, make
from engine.bpmn.model import Diagram, Element, Process

MAX_CALLS = 20
MAX_FEEL = 256 * 1024  # characters of FEEL in one file
MAX_FINDINGS = 1_000
_ORDER = {"error": 0, "warning": 1, "note": 2}


class Beside(TypedDict, total=False):
    """What exists beside the file; what is left out, or None, is not known and not judged.

    `imports` are the files that may be imported: by name their trees, None for what is no XML.
    """

    forms: Collection[str] | None
    job_types: Collection[str] | None
    processes: Collection[str] | None
    decisions: Collection[str] | None
    groups: Collection[str] | None
    imports: Mapping[str, etree._Element | None]


def check(
    diagram: Diagram,
    root: etree._Element | None = None,
    *,
    notes: bool = False,
    **beside: Unpack[Beside],
) -> list[Finding]:
    """Return the findings of a diagram, errors first, then by line; only errors refuse.

    `root` adds what only the XML tree shows (rules of the standard, unknown extensions, missing ids): give it
    whenever the diagram was read from a file. Notes are left out unless asked for.
    """
    known = Known(
        beside.get("forms"),
        beside.get("job_types"),
        beside.get("processes"),
        beside.get("decisions"),
        beside.get("groups"),
    )
    found = list(checking_structure.check_ids(diagram))
    if root is not None:
        found += _check_standard(root, notes)
        found += checking_tree.check(root)
        found += checking_schema.check_imports(diagram.name, root, beside.get("imports", {}))
    found += _check_processes(diagram, known)
    found += find_recursion([diagram])
    return _cut(sort(one for one in found if notes or one.severity != "note"))


def _check_processes(diagram: Diagram, known: Known) -> Iterator[Finding]:
    runs = [process for process in diagram.processes.values() if process.executable]
    if not runs:
        yield make("no-process")
    if sum(checking_dialect.weigh(process) for process in runs) > MAX_FEEL:
        yield make("too-much-feel", limit=MAX_FEEL)
        return
    # a pool that is drawn for its readers only (isExecutable false) is not judged beside one that runs
    for process in runs or diagram.processes.values():
        yield from _check_process(process, diagram, known)


def _cut(findings: list[Finding]) -> list[Finding]:
    """Return as many findings as somebody can read, and how many more there are."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    return [*findings[:MAX_FINDINGS], make("more-findings", count=len(findings) - MAX_FINDINGS)]


def _check_standard(root: etree._Element, notes: bool) -> Iterator[Finding]:
    """Yield what the standard says about a tree, whatever this engine executes of it."""
    tree = checking_index.read(root, notes)
    yield from checking_schema.check(root)
    yield from checking_references.check(tree)
    yield from checking_flows.check(tree)
    yield from checking_events.check(tree)
    yield from checking_data.check(tree)
    yield from checking_items.check(tree)
    yield from checking_effects.check(tree)


def has_errors(findings: Iterable[Finding]) -> bool:
    """Say whether the findings refuse a deployment."""
    return any(finding.severity == "error" for finding in findings)


def sort(findings: Iterable[Finding]) -> list[Finding]:
    """Return errors before warnings before notes, each by line and id, every finding once.

    What breaks several constraints of the standard is told once with all their numbers; an event that is not
    allowed where it stands is not told to be unexecuted there, too.
    """
    unique: dict[tuple[object, ...], list[Finding]] = {}
    misplaced = set()
    for one in findings:
        unique.setdefault((one.rule, one.element, one.line, str(one.values)), []).append(one)
        misplaced.update([one.element] if one.rule == "event-kind" else [])
    kept = [_merge(same) for same in unique.values()]
    kept = [one for one in kept if one.rule != "event-not-here" or one.element not in misplaced]
    return sorted(kept, key=lambda one: (_ORDER[one.severity], one.line or 0, one.element, one.rule))


def _merge(same: list[Finding]) -> Finding:
    """Return the first of several like findings with the references of all."""
    if len(same) == 1:
        return same[0]
    return cite(same[0], ", ".join(sorted({one.reference for one in same} - {""})))


def find_duplicates(diagrams: Iterable[Diagram]) -> list[Finding]:
    """Return a finding for every process that runs and is in several files: one of them would be lost."""
    files: dict[str, list[str]] = {}
    for diagram in diagrams:
        for process in diagram.processes.values():
            if process.executable:
                files.setdefault(process.id, []).append(diagram.name)
    return [
        make("duplicate-process", one, files=", ".join(names)) for one, names in files.items() if names[1:]
    ]


def find_recursion(diagrams: Iterable[Diagram]) -> list[Finding]:
    """Return a finding for every call activity that leads back to its own process; across files, too."""
    calls: dict[str, list[tuple[str, Element]]] = {}
    for diagram in diagrams:
        for process in diagram.processes.values():
            found = (one for one in process.elements.values() if one.kind == "callActivity")
            calls[process.id] = [(one.details.called_process or "", one) for one in found]
    findings = []
    for circle in circles.find({caller: [target for target, _ in found] for caller, found in calls.items()}):
        members = set(circle)
        inner = {caller: [one for one in calls[caller] if one[0] in members] for caller in circle}
        within = [(caller, target, call) for caller in circle for target, call in inner[caller]]
        # of a large circle it is enough to name some calls: each of them breaks it
        for caller, target, call in within[:MAX_CALLS]:
            path = _path(inner, target, caller)
            findings.append(make("recursive-call", call.id, call.line, path=_shorten([caller, *path])))
    return findings


def _path(calls: Mapping[str, list[tuple[str, Element]]], start: str, goal: str) -> list[str]:
    """Return the shortest chain of calls from one process to another of its circle, both ends included."""
    came_from = {start: ""}
    waiting = deque([start])
    while waiting and goal not in came_from:
        current = waiting.popleft()
        for target, _ in calls[current]:
            if target not in came_from:
                came_from[target] = current
                waiting.append(target)
    path = [goal]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return path[::-1]


def _shorten(path: list[str]) -> str:
    """Return a chain of calls in words, a long one with its first and last links."""
    return " → ".join(path if len(path) <= 8 else [*path[:4], "⋯", *path[-3:]])


def _check_process(process: Process, diagram: Diagram, known: Known) -> Iterator[Finding]:
    yield from checking_allowed.check(process)
    yield from checking_structure.check_references(process, diagram)
    yield from checking_structure.check_starts(process)
    yield from checking_structure.check_ends(process)
    yield from checking_structure.check_conditions(process)
    yield from checking_structure.check_event_gateways(process)
    yield from checking_structure.check_links(process)
    yield from checking_structure.check_catchers(process)
    yield from checking_structure.check_cancels(process)
    yield from checking_timers.check(process)
    yield from checking_dialect.check(process, diagram, known)
    yield from soundness.check(process)
