"""Hostile diagrams, expressions and texts: refused with a finding, or harmless; in time, in memory, alone.

Every case of the corpus that is in this engine's hands runs in a process of its own (attacking.py), which
notes every file, connection, program and piece of Python that anything tries to use.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

ROOT = Path(__file__).parents[2]
CORPUS = ROOT.parent / "shared" / "corpus" / "attacks"
CANARY = "CANARY-FILE-CONTENT"
SECONDS, MEGABYTES = 2.0, 256
MADE_SECONDS = 5.0  # a valid diagram of 9,000 elements may take its time
# kinds of case that only a whole site can meet: test_attacks_on_the_api.py
ELSEWHERE = ("archive", "csv", "api")
TOGETHER = {"structure/call_cycle_a.bpmn": "structure/call_cycle_b.bpmn"}
SVG_TAGS = {"svg", "title", "defs", "marker", "path", "circle", "rect", "g", "text", "tspan"}
ENDLESS = ("billion", "calls itself", "without a wait", "ring", "references", "FEEL")
REFUSED = ("reject", "refuse", "400", "http 413", "deploy refused", "as above")
Json = Any


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Json]]:
    if not (CORPUS / "expected.json").is_file():
        pytest.skip(f"the attack corpus is absent: {CORPUS}")
    cases: list[dict[str, Json]] = json.loads((CORPUS / "expected.json").read_text("utf-8"))
    return cases


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attacks")


@pytest.fixture(scope="module")
def results(expected: list[dict[str, Json]], folder: Path) -> dict[str, Json]:
    """Run every case that is ours; return what happened by the file's name."""
    ours = [case for case in expected if not case["file"].startswith(ELSEWHERE)]
    cases = [describe(case["file"], folder) for case in ours if (CORPUS / case["file"]).is_file()]
    return run(cases, folder)


@pytest.fixture(scope="module")
def bombs(folder: Path) -> dict[str, Json]:
    made = subprocess.run(
        [sys.executable, "-c", "from tests.conformance.attacking import BOMBS; print(*BOMBS, sep='\\n')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return run([{"name": name, "made": name, "files": []} for name in made], folder)


def run(cases: list[Json], folder: Path) -> dict[str, Json]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.attacking"],
        cwd=folder,
        env=environment,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert CANARY not in done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["name"] for one in found] == [case["name"] for case in cases]
    return {one["name"]: one for one in found}


def describe(file: str, folder: Path) -> Json:
    """Copy a case with the places it aims at filled in, and collect the expressions in it."""
    if file.endswith(".gen"):
        return {"name": file, "made": "a name of 50 MB", "files": []}
    paths = [arm(file, folder)] + [arm(other, folder) for other in [TOGETHER.get(file)] if other]
    files = [(path.name, str(path)) for path in paths]
    return {"name": file, "files": files, "expressions": expressions_of(paths[0])}


def arm(file: str, folder: Path) -> Path:
    content = (CORPUS / file).read_bytes()
    places = {"PWNFILE": str(folder / "pwned"), "/CANARY": str(CORPUS / "canary.txt")}
    for placeholder, place in places.items():
        content = content.replace(placeholder.encode(), place.encode())
    path = folder / file.replace("/", "_")
    path.write_bytes(content)
    return path


def expressions_of(path: Path) -> list[str]:
    """Return scripts and conditions of a file; a file that a plain parser must not touch has none."""
    content = path.read_bytes()
    if b"<!DOCTYPE" in content or b"\x00" in content:
        return []
    root = etree.fromstring(content, etree.XMLParser(recover=True, resolve_entities=False, huge_tree=True))
    found = root.iter("{*}script", "{*}conditionExpression") if root is not None else iter(())
    return [node.text or "" for node in found]


def errors_of(result: Json) -> list[Json]:
    return [finding for finding in result["told"]["findings"] if finding["severity"] == "error"]


def is_stopped(result: Json) -> bool:
    """Say whether a case was refused before it ran, or stopped with an incident while it ran."""
    outcome = result["told"]["outcome"]
    return bool(errors_of(result)) or outcome["status"] == "refused" or bool(outcome["incidents"])


def test_no_case_escapes_its_time_its_memory_or_its_errors(
    results: dict[str, Json], bombs: dict[str, Json], capsys: pytest.CaptureFixture[str]
) -> None:
    every = {**results, **bombs}
    slowest = max(every.values(), key=lambda one: one["seconds"])
    largest = max(every.values(), key=lambda one: one["megabytes"])

    with capsys.disabled():
        print(  # noqa: T201  the figures are what this test is for
            f"\nattacks: {len(results)} cases and {len(bombs)} structures made here; slowest "
            f"{slowest['name']} {slowest['seconds']:.2f} s, largest {largest['name']} "
            f"{largest['megabytes']:.0f} MB"
        )
    assert {name: one["escaped"] for name, one in every.items() if "escaped" in one} == {}
    assert {name: one["seconds"] for name, one in results.items() if one["seconds"] > SECONDS} == {}
    assert {name: one["seconds"] for name, one in bombs.items() if one["seconds"] > MADE_SECONDS} == {}
    assert {name: one["megabytes"] for name, one in every.items() if one["megabytes"] > MEGABYTES} == {}


def test_what_no_case_may_do_would_be_noticed(folder: Path) -> None:
    path = folder / "secret.bpmn"
    path.write_text("secret")

    seen = run([{"name": "probe", "files": [], "path": str(path)}], folder)["probe"]["seen"]

    found = {one.split()[0] for one in seen}
    assert {"open", "socket.getaddrinfo", "os.system", "compile", "exec"} <= found


def test_no_code_runs_no_file_is_read_and_no_connection_is_tried(
    results: dict[str, Json], bombs: dict[str, Json], folder: Path
) -> None:
    seen = {name: one["seen"] for name, one in {**results, **bombs}.items() if one["seen"]}

    assert seen == {}
    assert [path.name for path in folder.iterdir() if path.suffix not in (".bpmn", ".dmn")] == []


def test_what_must_be_refused_is_refused_with_a_place_and_a_remedy(
    expected: list[dict[str, Json]], results: dict[str, Json]
) -> None:
    must = [case["file"] for case in expected if case["expect"].lower().startswith(REFUSED)]
    checked = [name for name in must if name in results and name != "structure/call_missing.bpmn"]

    for name in checked:
        assert is_stopped(results[name]), name
        for finding in errors_of(results[name]):
            assert finding["text"], name
            assert finding["remedy"], name


def test_scripts_and_conditions_of_another_language_never_run(results: dict[str, Json]) -> None:
    foreign = {name: one for name, one in results.items() if name.startswith(("script/", "condition/"))}
    assert foreign

    for name, result in foreign.items():
        assert is_stopped(result), name
        assert result["told"]["expressions"], name


def test_hostile_texts_are_drawn_as_text(results: dict[str, Json]) -> None:
    shown = [picture for one in results.values() for picture in one.get("told", {}).get("pictures", ())]

    for picture in (one for one in shown if one.startswith("<svg")):
        svg = etree.fromstring(picture.encode())
        assert {str(node.tag).rpartition("}")[2] for node in svg.iter()} <= SVG_TAGS
        assert not [key for node in svg.iter() for key in node.attrib if str(key).lower().startswith("on")]


def test_structures_without_an_end_are_refused_or_end_in_an_incident(bombs: dict[str, Json]) -> None:
    endless = {name: one for name, one in bombs.items() if any(word in name for word in ENDLESS)}

    assert len(endless) == 8
    assert [name for name, one in endless.items() if not is_stopped(one)] == []


def test_a_file_with_a_byte_order_mark_is_read(results: dict[str, Json]) -> None:
    found = results["xml/utf8_bom.bpmn"]["told"]["findings"]

    assert [finding for finding in found if finding["category"] == "reading"] == []


def test_the_cases_that_a_whole_site_meets_are_counted(
    expected: list[dict[str, Json]], capsys: pytest.CaptureFixture[str]
) -> None:
    others = Counter(case["file"].split("/")[0] for case in expected if case["file"].startswith(ELSEWHERE))
    known = {"xml", "structure", "xss", "script", "condition", "dmn", "feel", "text", "unicode"}
    kinds = {case["file"].split("/")[0] for case in expected} - set(others)

    with capsys.disabled():
        print(f"\nattacks that test_attacks_on_the_api.py runs: {dict(others)}")  # noqa: T201
    assert kinds <= known
