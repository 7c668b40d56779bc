"""The check against BPMNspector's files: one folder per constraint of BPMN 2.0, with failing and valid files.

A failing file counts as found when a finding carries the number of its constraint ("EXT.096"); a false alarm
is that number on any valid file of the whole collection. Valid files may contain what this engine does not
execute: that is another category of finding and no alarm about their structure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.bpmn.findings import Finding
from tests.dialect import check_file

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "bpmnspector"
CORRECTED = "_manualFix"  # the twin of a failing file after its error was mended
LEAST_RECALL = 0.95
LEAST_PRECISION = 0.95


@dataclass(frozen=True)
class Case:
    """One file: the constraint it was written for, whether it breaks it, and what the check says."""

    file: str
    constraint: str
    breaks: bool
    findings: list[Finding]

    @property
    def references(self) -> set[str]:
        return {one for finding in self.findings for one in finding.reference.split(", ")}


def read() -> Iterator[Case]:
    """Check every file that says in its name whether it is valid; imports are looked for beside it."""
    for path in sorted(CORPUS.glob("[0-9][0-9][0-9]/*.bpmn")):
        name = path.stem.lower()
        fails = "fail" in name and CORRECTED.lower() not in name
        if not fails and "success" not in name and CORRECTED.lower() not in name:
            continue  # only ever imported by others
        beside = {other.name: other.read_bytes() for other in path.parent.iterdir() if other != path}
        findings = check_file(path.read_bytes(), path.name, files=beside, notes=True)
        place = path.relative_to(CORPUS).as_posix()
        yield Case(place, f"EXT.{path.parent.name}", fails, findings)


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    if not CORPUS.is_dir():
        pytest.skip(f"the BPMNspector corpus is absent: {CORPUS}")
    return list(read())


def test_broken_constraints_are_found_and_valid_files_are_not_blamed(
    cases: list[Case], capsys: pytest.CaptureFixture[str]
) -> None:
    failing = Counter(case.constraint for case in cases if case.breaks)
    found = Counter(case.constraint for case in cases if case.breaks and case.constraint in case.references)
    alarms = Counter(
        reference
        for case in cases
        if not case.breaks
        for reference in case.references
        if re.fullmatch(r"EXT\.\d{3}", reference)
    )
    recall = sum(found.values()) / sum(failing.values())
    precision = sum(found.values()) / (sum(found.values()) + sum(alarms.values()))

    lines = ["", "constraint  found  failing  recall  false alarms  precision"]
    for name in sorted({case.constraint for case in cases} | set(alarms)):
        share = f"{found[name] / failing[name]:6.0%}" if failing[name] else "     -"
        total = found[name] + alarms[name]
        right = f"{found[name] / total:6.0%}" if total else "     -"
        lines.append(f"{name}     {found[name]:5}  {failing[name]:7}  {share}  {alarms[name]:12}     {right}")
    missed = [case.file for case in cases if case.breaks and case.constraint not in case.references]
    lines.append(f"missed: {', '.join(missed) or 'none'}")
    lines.append(f"total: recall {recall:.1%} of {sum(failing.values())} files, precision {precision:.1%}")
    with capsys.disabled():
        print("\n".join(lines))  # noqa: T201  the figures are what this test is for

    assert recall >= LEAST_RECALL
    assert precision >= LEAST_PRECISION


def test_no_valid_file_has_an_error_about_its_structure(cases: list[Case]) -> None:
    blamed = {
        case.file: [finding.text("en") for finding in case.findings if is_structural_error(finding)]
        for case in cases
        if not case.breaks
    }

    assert {file: texts for file, texts in blamed.items() if texts} == {}


def is_structural_error(finding: Finding) -> bool:
    return finding.severity == "error" and finding.category in ("structure", "reading")


def test_what_is_found_names_its_element_line_and_remedy(cases: list[Case]) -> None:
    for case in cases:
        for finding in case.findings:
            told = finding.as_dict("vi")
            assert told["remedy"]
            assert told["line"] or finding.rule in ("no-process",)
            assert finding.element or finding.rule in ("schema", "no-process") or "import" in finding.rule
