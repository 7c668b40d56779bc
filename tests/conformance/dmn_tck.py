"""Run the DMN Technology Compatibility Kit: read its cases, evaluate them, compare, count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from lxml import etree

from engine.dmn import evaluation, library, reading
from engine.feel.conversion import to_text
from engine.feel.equality import equal
from engine.feel.limits import Run
from engine.feel.temporal import read_date, read_date_time, read_duration, read_time

SHARED = Path(__file__).parents[2].parent / "shared"
SUITE = SHARED / "corpus" / "dmn-tck" / "TestCases"
NOW = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_TOLERANCE = Decimal("1e-8")


@dataclass(frozen=True)
class Unreadable:
    """A value of the suite that none of our values can stand for, such as a year beyond 9999."""

    text: str


@dataclass(frozen=True)
class Result:
    """One expected node and what came out; `errors` are the texts of what the evaluation told."""

    level: str
    directory: str
    case: str
    node: str
    expected: Any
    found: Any
    passed: bool
    errors: tuple[str, ...]

    @property
    def name(self) -> str:
        """Return directory, case and node."""
        return f"{self.directory}/{self.case}/{self.node}"

    @property
    def silent(self) -> bool:
        """Tell whether a wrong value came out, and no error with it."""
        return not self.passed and self.found is not None and not self.errors


def run(only: str = "", suite: Path = SUITE) -> Iterator[Result]:
    """Evaluate every case of the suite, or those of the directories that match a pattern."""
    for file in sorted(suite.glob("compliance-level-*/**/*.xml")):
        if re.search(only, file.parent.name):
            yield from run_file(file, f"CL{file.relative_to(suite).parts[0][-1]}")


def run_file(file: Path, level: str) -> Iterator[Result]:
    """Evaluate the cases of one file."""
    root = etree.parse(file).getroot()
    model_name = _text(root, "modelName")
    models = _library(file.parent, model_name)
    for case in _children(root, "testCase"):
        invocable = case.get("invocableName") or ""
        variables = _inputs(models, case)
        for node in _children(case, "resultNode"):
            expected = _value(_child(node, "expected"))
            found, errors = _evaluate(models, invocable, node.get("name", ""), variables)
            passed = _is_same(expected, found)
            yield Result(
                level,
                file.parent.name,
                case.get("id", ""),
                node.get("name", ""),
                expected,
                found,
                passed,
                errors,
            )


@lru_cache(4)
def _library(folder: Path, model_name: str) -> library.Library:
    """Return the library of the model and of those beside it that it may import."""
    files = sorted(folder.glob("*.dmn"), key=lambda path: (path.name != model_name, path.name))
    return library.put_together([reading.read_file(path.read_bytes(), path.name) for path in files])


def _inputs(models: library.Library, case: etree._Element) -> dict[str, Any]:
    """Return the inputs by name; those of an imported model inside a context named like the import."""
    main = models.models[0]
    names = {one.namespace: one.name for one in main.imports}
    variables: dict[str, Any] = {}
    for node in _children(case, "inputNode"):
        around = names.get(node.get("namespace", ""), "")
        target = variables.setdefault(around, {}) if around else variables
        target[node.get("name", "")] = _value(node)
    return variables


def _evaluate(
    models: library.Library, invocable: str, name: str, variables: dict[str, Any]
) -> tuple[Any, tuple[str, ...]]:
    wanted = models.find(invocable or " ".join(name.split()))
    if wanted is None:
        return None, (f"there is no {invocable or name}",)
    outcome = evaluation.evaluate(models, wanted, variables, NOW)
    result: Any = outcome.result
    outputs = [one.name for one in wanted.outputs]
    if invocable and len(outputs) > 1 and name in outputs and isinstance(result, dict):
        result = result.get(name)
    return result, tuple(error.text("en") for error in outcome.errors)


def _children(node: etree._Element, tag: str) -> Iterator[etree._Element]:
    return (one for one in node if isinstance(one.tag, str) and etree.QName(one).localname == tag)


def _child(node: etree._Element, tag: str) -> etree._Element | None:
    return next(_children(node, tag), None)


def _text(node: etree._Element, tag: str) -> str:
    found = _child(node, tag)
    return "" if found is None else (found.text or "").strip()


def _is_nil(node: etree._Element) -> bool:
    return node.get(f"{_XSI}nil", "").strip() in ("true", "1")


def _value(node: etree._Element | None) -> Any:
    """Return what a node of the suite holds: components, a list, or a value of an XSD type."""
    if node is None or _is_nil(node):
        return None
    components = list(_children(node, "component"))
    if components:
        return {one.get("name"): _value(one) for one in components}
    items = _child(node, "list")
    if items is not None:
        return None if _is_nil(items) else [_value(item) for item in _children(items, "item")]
    value = _child(node, "value")
    if value is None or _is_nil(value):
        return None
    return _scalar((value.text or ""), value.get(f"{_XSI}type", "string").rpartition(":")[2])


def _scalar(text: str, kind: str) -> Any:
    if kind == "boolean":
        return text.strip() in ("true", "1")
    read = _READERS.get(kind)
    if read is None:
        return text
    found = read(text.strip())
    return Unreadable(text.strip()) if found is None else found


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


_READERS: dict[str, Any] = {
    **dict.fromkeys(("decimal", "double", "integer", "int", "long", "float"), _number),
    "date": read_date,
    "time": read_time,
    "dateTime": read_date_time,
    "duration": read_duration,
    "dayTimeDuration": read_duration,
    "yearMonthDuration": read_duration,
}


def _is_same(expected: Any, found: Any) -> bool:
    if type(expected) is not type(found) or isinstance(expected, Unreadable):
        return False
    if isinstance(expected, Decimal):
        return abs(expected - found) <= _TOLERANCE * max(abs(expected), abs(found), 1)
    if isinstance(expected, list):
        return len(expected) == len(found) and all(map(_is_same, expected, found))
    if isinstance(expected, dict):
        return expected.keys() == found.keys() and all(
            _is_same(expected[key], found[key]) for key in expected
        )
    return to_text(expected) == to_text(found) or equal(Run(NOW), expected, found) is True


def score(results: Iterable[Result]) -> str:
    """Return passed of all, and passed of those whose expected result is a value."""
    all_of = list(results)
    values = [one for one in all_of if one.expected is not None]
    return f"all {_share(all_of)}, value {_share(values)}"


def _share(results: list[Result]) -> str:
    passed = sum(one.passed for one in results)
    share = 100 * passed / len(results) if results else 0
    return f"{passed}/{len(results)} = {share:.2f} %"


def main(only: str = "") -> None:
    """Print what fails and the score of each level: `python -m tests.conformance.dmn_tck [PATTERN]`."""
    results = list(run(only))
    for one in results:
        if not one.passed:
            told = f"{one.name}: expected {one.expected!r}, got {one.found!r} {' | '.join(one.errors)[:200]}"
            print(("SILENT " if one.silent else "") + told)  # noqa: T201
    for level in sorted({one.level for one in results}):
        print(level, score(one for one in results if one.level == level))  # noqa: T201


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:2])
