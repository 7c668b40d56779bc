"""Broken structures that are kept outside the project are refused by rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bpmn import checking, loading, reading
from tests.dialect import check_file

SHARED = Path(__file__).parents[2].parent / "shared"
STRUCTURE = SHARED / "corpus" / "attacks" / "structure"


def test_calls_across_files_that_come_back_are_found() -> None:
    if not STRUCTURE.is_dir():
        pytest.skip(f"the attack corpus is absent: {STRUCTURE}")
    diagrams = [
        reading.read(loading.load((STRUCTURE / name).read_bytes(), name), name)
        for name in ("call_cycle_a.bpmn", "call_cycle_b.bpmn")
    ]

    assert {finding.rule for finding in checking.find_recursion(diagrams)} == {"recursive-call"}
    assert len(checking.find_recursion(diagrams)) == 2
    assert checking.find_recursion(diagrams[:1]) == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("dangling_target", "unresolved-reference"),
        ("dangling_default", "unresolved-reference"),
        ("boundary_missing_host", "unresolved-reference"),
        ("call_missing", "unknown-process"),
        ("gateway_loop", "endless-loop"),
        ("timer_r1e12", "timer-range"),
        ("timer_year_10000", "timer-range"),
    ],
)
def test_broken_structures_of_the_corpus_are_refused(name: str, rule: str) -> None:
    file = STRUCTURE / f"{name}.bpmn"
    if not file.is_file():
        pytest.skip(f"the attack corpus is absent: {file}")

    findings = check_file(file.read_bytes(), file.name, processes=[])

    assert rule in {finding.rule for finding in findings if finding.severity == "error"}
