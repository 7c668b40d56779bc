"""The house rules of the README that no linter knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import KINDS_VI

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("engine", "workflows", "web")
MODULES = sorted(
    path
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if "node_modules" not in path.parts and "migrations" not in path.parts
)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
COMMITTERS = {"web/db.py", "engine/worker.py"}
CATCHES_EVERYTHING = {"engine/worker.py"}
FORBIDDEN_NAMES = ("utils", "helpers", "common", "services", "managers")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_only_two_places_commit() -> None:
    found = {name(path) for path in MODULES if re.search(r"\.(commit|rollback)\(", path.read_text("utf-8"))}

    assert found <= COMMITTERS


def test_one_place_catches_everything() -> None:
    found = {name(path) for path in MODULES if any(map(_catches_everything, _handlers(path)))}

    assert found <= CATCHES_EVERYTHING


def _handlers(path: Path) -> Iterator[ast.ExceptHandler]:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return (node for node in nodes if isinstance(node, ast.ExceptHandler))


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    caught = [] if handler.type is None else [n.id for n in ast.walk(handler.type) if isinstance(n, ast.Name)]
    goes_on = not any(isinstance(node, ast.Raise) for node in ast.walk(handler))
    return handler.type is None or "Exception" in caught or ("BaseException" in caught and goes_on)


def test_every_kind_that_can_be_missing_has_a_vietnamese_name() -> None:
    kinds = {
        kind
        for path in MODULES
        for kind in re.findall(r'NotFound\(\s*kind="([^"]+)"', path.read_text("utf-8"))
    }

    assert sorted(kinds - set(KINDS_VI)) == []


@pytest.mark.parametrize("path", MODULES + TESTS, ids=name)
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_what_it_owns(path: Path) -> None:
    documentation = ast.get_docstring(ast.parse(path.read_text("utf-8")))

    assert documentation
    assert "TODO" not in documentation


def test_no_module_is_a_drawer_for_everything() -> None:
    assert [name(path) for path in MODULES if path.stem in FORBIDDEN_NAMES] == []


def test_the_top_level_is_the_agreed_one() -> None:
    ignored = {".git", ".venv", "instance"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")}

    assert folders - ignored <= {"bpmn", "engine", "workflows", "web", "tests", "build", "dist"}


@pytest.mark.parametrize("room", ["bpmn", *ROOMS, "tests"])
def test_every_room_has_a_readme_of_one_page(room: str) -> None:
    text = (ROOT / room / "README.md").read_text("utf-8")

    assert len(text.splitlines()) < 90


def test_nothing_names_the_machine_it_was_written_on() -> None:
    pattern = re.compile(r"/work/(main|shared)|\.\./shared|helper-\d")
    product = [*MODULES, *(ROOT / "bpmn").rglob("*"), *ROOT.glob("*.md"), *ROOT.glob("*/README.md")]

    assert [
        name(path) for path in product if path.is_file() and pattern.search(path.read_text("utf-8"))
    ] == []
    machine = re.compile(r"/work/(main|shared)")  # tests find the corpus beside the project, wherever it is
    tests = (ROOT / "tests").rglob("*.py")
    assert [name(path) for path in tests if machine.search(path.read_text("utf-8"))] == []
