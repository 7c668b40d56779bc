"""Read the processes of the betsy suite: markers become FEEL, a run becomes the trace to be compared."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from engine import simulation

SUITE = Path(__file__).parents[2].parent / "shared" / "corpus" / "betsy"
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
START = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
# marker → FEEL that does the same, variable that it writes
SCRIPTS = {
    "SET_STRING_DATA": ('="String"', "data"),
    "LOG_DATA": ('=if data = "String" then "DATA_CORRECT" else "DATA_WRONG"', "logged"),
    "INCREMENT_INTEGER_VARIABLE": ("=integerVariable + 1", "integerVariable"),
    "INCREMENT_INTEGER_VARIABLE_AND_LOG": ("=integerVariable + 1", "integerVariable"),
    "THROW_ERROR": ('=assert(null, "a technical error")', "never"),
}
# marker → what its completion appends to the trace
ENTRIES = {
    "CREATE_MARKER_FILE": "MARKER_EXISTS",
    "INCREMENT_INTEGER_VARIABLE_AND_LOG": "INCREMENT",
    "LOG_DATA": "DATA_CORRECT",
}
EXPRESSIONS = (
    "conditionExpression",
    "condition",
    "activationCondition",
    "completionCondition",
    "loopCondition",
)
SUB_PROCESSES = frozenset(BPMN + name for name in ("subProcess", "transaction", "adHocSubProcess"))
# a recorded error of the instance, or the refusal of the file, stands in the trace as one of these
ERRORS = frozenset({"ERROR_runtime", "ERROR_thrownErrorEvent", "ERROR_generic"})
CONTAINS = re.compile(r'test\.contains\("(\w)"\)')


@dataclass(frozen=True)
class Case:
    """One run of one file: what it is given, and the trace that must come out."""

    file: str
    description: str
    input: str | None
    trace: tuple[str, ...]
    integer: int | None
    delay: timedelta
    parallel: bool

    @property
    def name(self) -> str:
        """Name the case for people."""
        given = self.input if self.input is not None else self.integer
        return self.file if given is None else f"{self.file} [{given}]"


@dataclass(frozen=True)
class Run:
    """What came out: the trace, the end, and the pairs of entries whose order the model fixes."""

    trace: tuple[str, ...]
    status: str
    orders: frozenset[tuple[str, str]]
    outcome: simulation.Outcome


def cases() -> list[Case]:
    """Return every case of the suite in the order of its file; none where the corpus is absent."""
    expected = SUITE / "expected.json"
    if not expected.is_file():
        return []
    return [_case(test, case) for test in json.loads(expected.read_text())["tests"] for case in test["cases"]]


def _case(test: Mapping[str, Any], case: Mapping[str, Any]) -> Case:
    return Case(
        test["file"],
        test["description"],
        case["input"],
        tuple(case["trace"]),
        case.get("integerVariable"),
        timedelta(milliseconds=case.get("delay_ms", 0)),
        bool(case.get("parallel_process")),
    )


@cache
def run(case: Case) -> Run:
    """Run one case on the engine, in memory, on a clock that moves as far as the case says."""
    root = etree.fromstring((SUITE / case.file).read_bytes())
    entries = dict(_translate(root))
    processes = [process.get("id", "") for process in root.iter(f"{BPMN}process")]
    given: dict[str, Any] = {"test": case.input, "integerVariable": case.integer}
    outcome = simulation.simulate(
        simulation.Plan(
            files=[(Path(case.file).name, etree.tostring(root))],
            processes=processes if case.parallel else processes[:1],
            variables={name: value for name, value in given.items() if value is not None},
            start=START,
            until=START + case.delay,
        ),
        "en",
    )
    trace = tuple(entries[element] for element in outcome.elements if element in entries)
    if "DATA_CORRECT" in trace and outcome.variables.get("logged") != "DATA_CORRECT":
        trace = tuple(entry for entry in trace if entry != "DATA_CORRECT")
    return Run(trace, outcome.status, _orders(root, entries), outcome)


def agrees(case: Case, found: Run) -> bool:
    """Tell whether a run is what the suite expects; a refusal counts only where an error is expected.

    The suite compares its traces as sets with repetitions; where the model fixes the order of two entries, it
    must be kept as well. A deadlock that the suite asks for is told by an incident.
    """
    wanted = tuple(entry for entry in case.trace if entry not in ERRORS)
    incidents = [incident for incident in found.outcome.incidents if incident["kind"] != "deadlock"]
    failed = found.status in ("error", "refused") or bool(incidents)
    if failed != (len(wanted) != len(case.trace)) or Counter(found.trace) != Counter(wanted):
        return False
    positions = {entry: found.trace.index(entry) for entry in found.trace}
    last = {entry: place for place, entry in enumerate(found.trace)}
    return all(
        positions[first] < last[second] for first, second in found.orders if {first, second} <= set(positions)
    )


def _translate(root: etree._Element) -> Iterator[tuple[str, str]]:
    """Turn markers and conditions into FEEL; yield element id and trace entry."""
    for name in EXPRESSIONS:
        for node in root.iter(BPMN + name):
            node.text = _condition(node.text or "")
    for node in list(root.iter(f"{BPMN}script")):
        marker, task = (node.text or "").strip(), node.getparent()
        if task is None:
            continue
        expression, variable = SCRIPTS.get(marker, ('="done"', "done"))
        task.remove(node)
        extensions = etree.Element(f"{BPMN}extensionElements")
        etree.SubElement(
            extensions, f"{{{ZEEBE}}}script", {"expression": expression, "resultVariable": variable}
        )
        task.insert(0, extensions)
        entry = ENTRIES.get(marker) or (marker.removeprefix("SCRIPT_") if "SCRIPT_" in marker else None)
        if entry is not None:
            yield task.get("id", ""), entry


def _condition(text: str) -> str:
    text = text.strip().removeprefix("${").removesuffix("}")
    found = CONTAINS.search(text)
    if found is not None:
        return f'=contains(test, "{found[1]}")'
    return "=" + text.replace("==", "=").replace("&&", " and ").replace("||", " or ")


def _orders(root: etree._Element, entries: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    """Return the pairs of entries of which the model says that the second can only follow the first."""
    follows = {element: _reach(root, element) for element in entries}
    return frozenset(
        (entries[first], entries[second])
        for first in entries
        for second in entries
        if second in follows[first] and first not in follows[second] and entries[first] != entries[second]
    )


def _reach(root: etree._Element, start: str) -> set[str]:
    """Return the elements that a token on an element can come to, out of and into sub-processes."""
    nodes = {node.get("id", ""): node for node in root.iter() if isinstance(node.tag, str)}
    seen: set[str] = set()
    todo = [start]
    while todo:
        node = nodes[todo.pop()]
        found = [
            flow.get("targetRef", "") for flow in _flows(root) if flow.get("sourceRef") == node.get("id")
        ]
        parent = node.getparent()
        if parent is not None and parent.tag in SUB_PROCESSES and parent.get("triggeredByEvent") != "true":
            found.append(parent.get("id", ""))
        found += [
            other.get("id", "")
            for other in root.iter(f"{BPMN}boundaryEvent")
            if other.get("attachedToRef") == node.get("id") and other.get("cancelActivity") != "false"
        ]
        if node.tag in SUB_PROCESSES and node.get("id") not in _around(nodes[start]):
            found += [child.get("id", "") for child in node if child.tag == f"{BPMN}startEvent"]
        todo += [element for element in found if element not in seen and element in nodes]
        seen.update(found)
    return seen - _around(nodes[start])


def _flows(root: etree._Element) -> Iterator[etree._Element]:
    return root.iter(f"{BPMN}sequenceFlow")


def _around(node: etree._Element) -> set[str]:
    return {other.get("id", "") for other in node.iterancestors()}
