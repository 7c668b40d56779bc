"""The forms that come with the product: in the checked subset, in two languages, each used by a diagram."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine import forms

FOLDER = Path(__file__).parents[2] / "bpmn"
PATHS = {path.stem: path for path in sorted(FOLDER.glob("*/*.form"))}
FORMS = sorted(PATHS)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
ZEEBE = "{http://camunda.org/schema/zeebe/1.0}"


@cache
def load_form(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(PATHS[name].read_text(encoding="utf-8"))
    return found


@cache
def diagrams() -> list[etree._Element]:
    return [etree.parse(path).getroot() for path in sorted(FOLDER.glob("*/*.bpmn"))]


def inputs(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from inputs(component.get("components", []))


each_form = pytest.mark.parametrize("name", FORMS)


def test_every_form_named_in_a_diagram_exists_and_every_form_is_named() -> None:
    named = {form.get("formId") for root in diagrams() for form in root.iter(f"{ZEEBE}formDefinition")}

    ids = [load_form(name)["id"] for name in FORMS]

    assert ids == FORMS
    assert named == set(FORMS)


def test_a_decision_of_an_earlier_round_is_never_offered_again() -> None:
    deciding = [
        task
        for root in diagrams()
        for task in root.iter(f"{BPMN}userTask")
        if "decision" in forms.declared_keys(load_form(task.find(f".//{ZEEBE}formDefinition").get("formId")))
    ]

    for task in deciding:
        # a variable named like the field would be its value when the task comes back
        kept = {out.get("source"): out.get("target") for out in task.iter(f"{ZEEBE}output")}
        assert kept["=decision"] != "decision", task.get("id")

    assert deciding


@each_form
def test_a_form_keeps_to_the_checked_subset(name: str) -> None:
    found = [problem.text("en") for problem in forms.check(load_form(name))]

    assert found == []


@each_form
def test_the_words_of_a_form_exist_in_both_languages(name: str) -> None:
    parts = list(inputs(load_form(name)["components"]))

    for part in parts:
        own = part.get("properties", {})
        for key in ("label", "description", "text"):
            assert not part.get(key) or own.get(f"{key}_en"), (part["id"], key)
        for choice in part.get("values", []) + part.get("columns", []):
            assert choice["label_en"], (part["id"], choice)

    assert len({part["id"] for part in parts}) == len(parts)


def test_a_reason_is_demanded_exactly_when_it_is_shown() -> None:
    reasons = [
        (name, part)
        for name in FORMS
        for part in inputs(load_form(name)["components"])
        if part.get("key") in ("reason", "return_reason") and not part.get("readonly")
    ]

    for name, part in reasons:
        assert part["validate"]["required"] is True, name
        assert part["conditional"]["hide"].startswith("="), name

    assert reasons
