"""A form that the server could not show or judge is refused at deployment, by component and with a remedy."""

from __future__ import annotations

from typing import Any

import pytest

from engine import forms

GOOD = {"type": "textfield", "id": "f", "key": "name", "label": "Tên"}
CHOICES = [{"label": "A", "value": "a"}]


def found(*components: dict[str, Any], **settings: Any) -> list[str]:
    """Return the rules that a form breaks."""
    form = {"type": "default", "id": "one", "schemaVersion": 19, "components": list(components), **settings}
    return [problem.rule for problem in forms.check(form)]


def test_a_plain_form_may_be_deployed() -> None:
    assert found(GOOD) == []


@pytest.mark.parametrize(
    "form",
    [
        None,
        [],
        "x",
        {},
        {"id": "a", "components": {}},
        {"id": "a", "components": [1]},
        {"components": [{"validate": 3}]},
    ],
)
def test_what_is_no_form_is_refused(form: object) -> None:
    assert [problem.rule for problem in forms.check(form)] == ["form.shape"]


@pytest.mark.parametrize(
    ("component", "rule"),
    [
        ({**GOOD, "type": "iframe"}, "component.type"),
        ({**GOOD, "type": "html"}, "component.type"),
        ({**GOOD, "type": "filepicker"}, "component.type"),
        ({**GOOD, "type": "constructor"}, "component.type"),
        ({**GOOD, "key": "a.b"}, "key.bad"),
        ({**GOOD, "key": "a-b"}, "key.bad"),
        ({**GOOD, "key": "_add"}, "key.bad"),
        ({**GOOD, "key": "csrf_token"}, "key.bad"),
        ({**GOOD, "key": ""}, "key.bad"),
        ({**GOOD, "label": ""}, "component.label"),
        ({**GOOD, "conditional": {"hide": "=a = "}}, "feel.unreadable"),
        ({**GOOD, "conditional": {"hide": "a = 1"}}, "feel.unreadable"),
        ({**GOOD, "readonly": "=1 +"}, "feel.unreadable"),
        ({**GOOD, "validate": {"required": "=("}}, "feel.unreadable"),
        ({**GOOD, "label": "Xin chào {{a +}}"}, "feel.unreadable"),
        ({**GOOD, "validate": {"minLength": "ba"}}, "limit.bad"),
        ({**GOOD, "validate": {"pattern": "(?=a)"}}, "pattern.unreadable"),
        ({**GOOD, "type": "number", "serializeToString": True}, "component.setting"),
        ({**GOOD, "type": "datetime", "subtype": "week"}, "component.setting"),
        ({**GOOD, "type": "select"}, "choices.missing"),
        ({**GOOD, "type": "select", "values": CHOICES * 2}, "choices.bad"),
        ({**GOOD, "type": "select", "values": [{"label": "A", "value": {}}]}, "choices.bad"),
        (
            {
                "type": "dynamiclist",
                "path": "rows",
                "label": "R",
                "allowAddRemove": False,
                "components": [GOOD],
            },
            "list.id",
        ),
        (
            {
                "type": "dynamiclist",
                "path": "r",
                "label": "R",
                "properties": {"minRows": "x"},
                "components": [],
            },
            "list.rows",
        ),
        ({"type": "group", "path": "g", "components": [GOOD]}, "component.setting"),
        ({"type": "table", "dataSource": "=rows"}, "component.setting"),
        ({"type": "button", "action": "reset", "label": "Xóa"}, "component.setting"),
    ],
)
def test_what_is_not_supported_is_named(component: dict[str, Any], rule: str) -> None:
    assert found(component) == [rule]


def test_keys_are_unique_on_their_level_only() -> None:
    rows = {"type": "dynamiclist", "path": "rows", "label": "R", "components": [GOOD]}

    assert found(GOOD, rows) == []
    assert found(GOOD, {"type": "group", "components": [GOOD]}) == ["key.duplicate"]


def test_size_and_version_are_bounded() -> None:
    many = [{**GOOD, "key": f"k{number}"} for number in range(301)]
    nested: dict[str, Any] = GOOD
    for _ in range(7):
        nested = {"type": "group", "components": [nested]}

    assert found(*many) == ["form.size"]
    assert found(nested) == ["form.shape"]
    assert found(GOOD, schemaVersion=20) == ["form.version"]
    assert found(GOOD, id="../x") == ["form.id"]


def test_a_problem_reads_in_both_languages_with_a_remedy() -> None:
    form = {"type": "default", "id": "one", "components": [{**GOOD, "conditional": {"hide": "=a = "}}]}

    problem = forms.check(form)[0].as_dict("en")

    assert problem["element"] == "f"
    assert str(problem["text"]).startswith("'Tên': the FEEL expression cannot be read (FEEL expression")
    assert problem["remedy"] == "Correct the expression."
    assert "không đọc được" in forms.check(form)[0].text()
