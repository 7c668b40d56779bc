"""Forms are laid out, filled and validated on the server alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine import forms
from engine.errors import BadInput, FormInvalid

NOW = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)
FORMS = sorted((Path(__file__).parents[2] / "bpmn").glob("*/*.form"))


def a_form(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": "default", "id": "a_form", "schemaVersion": 19, "components": list(components)}


def a_field(kind: str, key: str, **settings: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"Field_{key}", "key": key, "label": key.capitalize(), **settings}


def a_list(path: str, *components: dict[str, Any], fixed: bool = True, **settings: Any) -> dict[str, Any]:
    hidden = a_field("textfield", "id", properties={"hidden": "true"})
    return {
        "type": "dynamiclist",
        "id": f"List_{path}",
        "path": path,
        "label": path.capitalize(),
        "allowAddRemove": not fixed,
        "components": [hidden, *components],
        **settings,
    }


REQUIRED = {"validate": {"required": True}}
DECISION = a_field("radio", "decision", valuesKey="choices", **REQUIRED)
REASON = a_field("textarea", "reason", conditional={"hide": '=decision != "decline"'}, **REQUIRED)
SUBJECT = a_field("textfield", "subject", readonly=True)
DECIDE = a_form(a_list("rows", SUBJECT, DECISION, REASON))
CONTEXT: dict[str, Any] = {
    "choices": [{"label": "Tặng", "value": "award"}, {"label": "Không", "value": "decline"}],
    "rows": [
        {"id": 1, "subject": "Nguyễn Văn A"},
        {"id": 2, "subject": "Trần Thị B", "choices": [{"label": "Trình", "value": "submit_up"}]},
    ],
}


def refused(form: dict[str, Any], raw: object, context: dict[str, Any] | None = None) -> dict[str, list[str]]:
    """Return the messages, in Vietnamese, of a form that must be refused."""
    with pytest.raises(FormInvalid) as caught:
        forms.validate(form, raw, context or {}, now=NOW)
    return {path: [text.text("vi") for text in texts] for path, texts in caught.value.messages.items()}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_every_form_of_the_chain_may_be_deployed(path: Path) -> None:
    form = json.loads(path.read_text(encoding="utf-8"))

    assert [problem.text() for problem in forms.check(form)] == []
    assert forms.declared_keys(form) >= frozenset()
    forms.defaults(form, {}, now=NOW)


def test_values_come_out_as_json() -> None:
    form = a_form(
        a_field("textfield", "name"),
        a_field("number", "score"),
        a_field("datetime", "day", subtype="date"),
        a_field("checkbox", "agreed"),
        a_field("checklist", "kinds", values=[{"label": "Một", "value": 1}, {"label": "Hai", "value": 2}]),
    )

    raw = {
        "name": "  Nguye\u0302\u0303n A ",
        "score": "8,5",
        "day": "5/10/2026",
        "agreed": "1",
        "kinds": ["2"],
    }
    values = forms.validate(form, raw, {}, now=NOW)

    assert values == {"name": "Nguyễn A", "score": 8.5, "day": "2026-10-05", "agreed": True, "kinds": [2]}
    assert json.loads(json.dumps(values)) == values


def test_unknown_keys_are_ignored() -> None:
    form = a_form(a_field("textfield", "name"))

    assert forms.validate(form, {"name": "A", "office": "P2", "__class__": "x"}, {}, now=NOW) == {"name": "A"}
    assert forms.declared_keys(form) == {"name"}


def test_what_is_not_an_object_is_refused() -> None:
    with pytest.raises(BadInput):
        forms.validate(a_form(), ["a"], {}, now=NOW)


def test_required_fields_are_told_in_both_languages() -> None:
    form = a_form(a_field("textfield", "name", **REQUIRED), a_field("checkbox", "agreed", **REQUIRED))

    with pytest.raises(FormInvalid) as caught:
        forms.validate(form, {"name": "   ", "agreed": ""}, {}, now=NOW)

    assert caught.value.messages["name"][0].text("vi") == "Mục này bắt buộc."
    assert caught.value.messages["name"][0].text("en") == "This field is required."
    assert caught.value.messages["agreed"][0].text("en") == "This must be ticked."


def test_a_hidden_field_is_neither_required_nor_accepted() -> None:
    form = a_form(
        a_field(
            "radio",
            "decision",
            values=[{"label": "Ký", "value": "sign"}, {"label": "Trả", "value": "return"}],
        ),
        a_field("textarea", "reason", conditional={"hide": '=decision = "sign"'}, **REQUIRED),
    )

    assert forms.validate(form, {"decision": "sign", "reason": "x"}, {}, now=NOW) == {"decision": "sign"}
    assert refused(form, {"decision": "return"}) == {"reason": ["Mục này bắt buộc."]}


def test_only_a_condition_that_is_exactly_true_hides() -> None:
    form = a_form(a_field("textfield", "reason", conditional={"hide": "=missing > 3"}, **REQUIRED))

    assert refused(form, {}) == {"reason": ["Mục này bắt buộc."]}


def test_a_condition_does_not_see_the_value_of_a_hidden_field() -> None:
    form = a_form(
        a_field("checkbox", "first"),
        a_field("textfield", "second", conditional={"hide": "=first = true"}),
        a_field("textfield", "third", conditional={"hide": '=second = "x"'}, **REQUIRED),
    )

    assert refused(form, {"first": True, "second": "x"}) == {"third": ["Mục này bắt buộc."]}


def test_readonly_fields_come_from_the_context_never_from_the_browser() -> None:
    row = {"id": "1", "subject": "Kẻ gian", "decision": "award"}
    values = forms.validate(DECIDE, {"rows": [row, {"id": "2", "decision": "submit_up"}]}, CONTEXT, now=NOW)
    top = a_form(a_field("textfield", "office", readonly=True), a_field("textfield", "note"))

    assert values["rows"] == [
        {"id": 1, "subject": "Nguyễn Văn A", "decision": "award"},
        {"id": 2, "subject": "Trần Thị B", "decision": "submit_up"},
    ]
    assert forms.validate(top, {"office": "P9", "note": "a"}, {"office": "P1"}, now=NOW) == {"note": "a"}


def test_choices_are_looked_up_in_the_row_then_in_the_form() -> None:
    rows = [{"id": "1", "decision": "submit_up"}, {"id": "2", "decision": "award"}]

    assert set(refused(DECIDE, {"rows": rows}, CONTEXT)) == {"rows.0.decision", "rows.1.decision"}


def test_errors_in_rows_carry_their_place() -> None:
    rows = [{"id": "1", "decision": "decline", "reason": " "}, {"id": "2"}]

    assert refused(DECIDE, {"rows": rows}, CONTEXT) == {
        "rows.0.reason": ["Mục này bắt buộc."],
        "rows.1.decision": ["Mục này bắt buộc."],
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"id": "1", "decision": "award"}], "Thiếu dòng"),
        ([{"id": "1", "decision": "award"}, {"id": "1", "decision": "decline"}], "lặp lại"),
        ([{"id": "1", "decision": "award"}, {"id": "9", "decision": "award"}], "không thuộc danh sách"),
        ("everything", "không đọc được"),
        (None, "Thiếu dòng"),
    ],
)
def test_a_fixed_list_must_come_back_whole(rows: object, message: str) -> None:
    assert message in " ".join(refused(DECIDE, {"rows": rows}, CONTEXT)["rows"])


def test_rows_are_added_and_removed_where_the_list_allows_it() -> None:
    form = a_form(a_list("rows", a_field("textfield", "subject", **REQUIRED), fixed=False))

    raw = {"rows": [{"id": "2", "subject": "B mới"}, {"subject": "C"}]}
    values = forms.validate(form, raw, CONTEXT, now=NOW)

    assert values["rows"] == [{"id": 2, "subject": "B mới"}, {"id": None, "subject": "C"}]
    assert "rows" in refused(form, {"rows": [{"id": "77", "subject": "D"}]}, CONTEXT)


def test_a_list_may_demand_rows() -> None:
    form = a_form(a_list("rows", a_field("textfield", "subject"), fixed=False, properties={"minRows": "1"}))

    assert refused(form, {"rows": []}) == {"rows": ["Cần ít nhất 1 dòng."]}
    assert refused(form, {}) == {"rows": ["Cần ít nhất 1 dòng."]}


def test_a_list_of_more_than_500_rows_is_refused() -> None:
    form = a_form(a_list("rows", a_field("textfield", "subject"), fixed=False))

    assert refused(form, {"rows": [{"subject": "A"}] * 501}) == {"rows": ["Nhiều hơn 500 dòng."]}


def test_limits_may_be_feel() -> None:
    form = a_form(
        a_field("number", "most", validate={"required": True}),
        a_field("number", "score", validate={"max": "=most", "min": 1}),
        a_field("textfield", "why", validate={"required": "=score = 10"}),
    )

    assert refused(form, {"most": 5, "score": "7", "why": ""}) == {"score": ["Không được quá 5."]}
    assert refused(form, {"most": 10, "score": 10, "why": ""}) == {"why": ["Mục này bắt buộc."]}


def test_an_optional_field_that_did_not_come_is_left_alone() -> None:
    form = a_form(a_field("textfield", "note"), a_field("number", "score"))

    assert forms.validate(form, {}, {"note": "cũ"}, now=NOW) == {}
    assert forms.validate(form, {"note": "", "score": None}, {}, now=NOW) == {"note": "", "score": None}


def test_defaults_come_from_the_context_then_from_the_form() -> None:
    form = a_form(
        a_field("textfield", "office", defaultValue="P1"),
        a_field("textfield", "period", defaultValue="2026-10"),
        a_list("rows", SUBJECT),
    )

    values = forms.defaults(form, {"office": "P3", "rows": [{"id": 5, "subject": "A"}]}, now=NOW)

    assert values == {"office": "P3", "period": "2026-10", "rows": [{"id": 5, "subject": "A"}]}


def test_fields_describe_columns_with_their_list() -> None:
    found = {field.path: field for field in forms.fields(DECIDE)}

    assert list(found) == ["rows", "rows.*.id", "rows.*.subject", "rows.*.decision", "rows.*.reason"]
    assert found["rows.*.id"].hidden
    assert found["rows.*.reason"].conditional
    assert found["rows.*.decision"].required


def test_texts_are_filled_from_the_context_in_the_language_asked_for() -> None:
    form = a_form(
        {
            "type": "text",
            "id": "t",
            "text": "Hạn {{due}}, phòng {{office}}",
            "properties": {"text_en": "Due {{due}}"},
        }
    )
    context = {"due": "2026-10-16T00:00:00+07:00", "office": None}

    vietnamese = forms.arrange(form, context, now=NOW)[0].value
    english = forms.arrange(form, context, language="en", now=NOW)[0].value

    assert vietnamese == "Hạn 16/10/2026 00:00, phòng "
    assert english == "Due 16/10/2026 00:00"


def test_lists_inside_rows_keep_their_places() -> None:
    inner = a_list("items", a_field("textfield", "name", **REQUIRED), fixed=False)
    form = a_form(a_list("rows", inner, fixed=False))

    raw = {"rows": [{"items": [{"name": "a"}]}, {"items": [{"name": "b"}, {"name": ""}]}]}

    assert refused(form, raw) == {"rows.1.items.1.name": ["Mục này bắt buộc."]}
