"""Forms become accessible pages, and posted pages become raw values again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel
from lxml import html
from werkzeug.datastructures import MultiDict

from engine.errors import Text
from web import rendering

ROOT = Path(__file__).parents[2]
FORMS = sorted((ROOT / "bpmn").glob("*/*.form"))
CHOICES = [{"label": "Tặng", "value": "award"}, {"label": "Không", "value": "decline"}]
LISTED: dict[str, Any] = {
    "type": "default",
    "id": "listed",
    "components": [
        {"type": "checkbox", "id": "a", "key": "closed", "label": "Chốt danh sách"},
        {"type": "checklist", "id": "b", "key": "kinds", "label": "Loại", "values": CHOICES},
        {
            "type": "dynamiclist",
            "id": "c",
            "path": "nominees",
            "label": "Đề nghị",
            "components": [
                {
                    "type": "textfield",
                    "id": "d",
                    "key": "id",
                    "label": "id",
                    "properties": {"hidden": "true"},
                },
                {"type": "textfield", "id": "e", "key": "subject", "label": "Họ và tên"},
                {"type": "radio", "id": "f", "key": "decision", "label": "Quyết định", "values": CHOICES},
            ],
        },
    ],
}
CONTEXT: dict[str, Any] = {
    "nominees": [{"id": 7, "subject": "A"}, {"id": 8, "subject": "B"}, {"id": 9, "subject": "C"}]
}


@pytest.fixture(autouse=True)
def app() -> Iterator[Flask]:
    app = Flask("forms", template_folder=str(ROOT / "web/templates"))
    Babel(app, default_locale="vi")
    with app.test_request_context():
        yield app


def draw(form: dict[str, Any], context: dict[str, Any], **settings: Any) -> html.HtmlElement:
    return html.fragment_fromstring(str(rendering.render_form(form, context, **settings)).strip())


def post(page: html.HtmlElement) -> MultiDict[str, str]:
    """Return what a browser would post for a page, without any button."""
    data: MultiDict[str, str] = MultiDict()
    for field in page.iter("input", "select", "textarea"):
        if field.get("type") in ("checkbox", "radio") and field.get("checked") is None:
            continue
        data.add(field.name, field.value if field.tag != "input" else field.get("value", ""))
    return data


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_every_control_of_every_form_has_its_label(path: Path, language: str) -> None:
    form = json.loads(path.read_text(encoding="utf-8"))
    rows = [{"id": number, "subject": f"Người {number}", "choices": CHOICES} for number in range(3)]

    page = draw(form, {"rows": rows, "nominees": rows, "movements": CHOICES}, language=language)

    ids = page.xpath("//@id")
    labelled = set(page.xpath("//label/@for"))
    controls = page.xpath("//select|//textarea|//input[not(@type='hidden')]")
    assert len(ids) == len(set(ids))
    assert {control.get("id") for control in controls} == labelled
    assert all(fieldset.find("legend") is not None for fieldset in page.iter("fieldset"))
    assert set(" ".join(page.xpath("//@aria-describedby")).split()) <= set(ids)
    assert page.xpath("//@style|//script|//*[@onclick]") == []


def test_a_page_that_is_posted_untouched_gives_what_it_showed() -> None:
    page = draw(LISTED, {**CONTEXT, "closed": True, "kinds": ["decline"]})

    raw = rendering.parse_form(LISTED, post(page))

    assert raw == {
        "closed": "1",
        "kinds": ["decline"],
        "nominees": [
            {"id": "7", "subject": "A", "decision": ""},
            {"id": "8", "subject": "B", "decision": ""},
            {"id": "9", "subject": "C", "decision": ""},
        ],
    }


def test_what_was_not_shown_is_absent_and_what_was_unticked_is_not() -> None:
    raw = rendering.parse_form(LISTED, MultiDict({"closed": "", "stranger": "1"}))

    assert raw == {"closed": ""}


def test_an_emptied_list_is_empty_not_absent() -> None:
    assert rendering.parse_form(LISTED, MultiDict({"nominees-_rows": "0"})) == {"nominees": []}


def test_row_numbers_that_are_no_numbers_are_ignored() -> None:
    names = [
        "nominees-x-subject",
        "nominees--subject",
        "nominees-99999-subject",
        "nominees-²-subject",
        "nominees-0",
    ]

    assert rendering.parse_form(LISTED, MultiDict(dict.fromkeys(names, "x"))) == {}


@pytest.mark.parametrize(
    ("button", "subjects"),
    [
        (("_add", "nominees"), ["A", "B", "C", None]),
        (("_remove", "nominees-1"), ["A", "C"]),
        (("_remove", "nominees-9"), ["A", "B", "C"]),
        (("_remove", "closed-1"), ["A", "B", "C"]),
        (("_add", "strangers"), ["A", "B", "C"]),
        (("_refresh", "1"), ["A", "B", "C"]),
    ],
)
def test_buttons_change_the_rows_and_keep_the_rest(
    button: tuple[str, str], subjects: list[str | None]
) -> None:
    data = post(draw(LISTED, CONTEXT))
    data[button[0]] = button[1]

    action = rendering.row_action(data)
    assert action is not None
    raw = rendering.apply_action(LISTED, rendering.parse_form(LISTED, data), action, CONTEXT)

    assert [row.get("subject") for row in raw["nominees"]] == subjects


def test_rows_of_a_fixed_list_cannot_be_added_or_removed() -> None:
    fixed = json.loads(json.dumps(LISTED))
    fixed["components"][2]["allowAddRemove"] = False
    raw = {"nominees": [{"id": "7"}]}

    assert rendering.apply_action(fixed, raw, ("add", "nominees"), CONTEXT) == raw
    assert rendering.apply_action(fixed, raw, ("remove", "nominees-0"), CONTEXT) == raw


def test_one_choice_is_set_in_every_row_that_offers_it() -> None:
    raw = rendering.parse_form(LISTED, post(draw(LISTED, CONTEXT)))

    changed = rendering.apply_action(LISTED, raw, ("all", "nominees-decision=award"), CONTEXT)
    refused = rendering.apply_action(LISTED, raw, ("all", "nominees-decision=hack"), CONTEXT)

    assert [row["decision"] for row in changed["nominees"]] == ["award"] * 3
    assert refused == raw


def test_a_completed_form_has_no_row_action() -> None:
    assert rendering.row_action(MultiDict({"closed": "1"})) is None


def test_values_and_texts_are_escaped() -> None:
    evil = '<script>alert(1)</script>" onfocus="x'
    form = {
        "id": "evil",
        "components": [
            {"type": "text", "id": "t", "text": "**{{name}}**\n\n- một\n- hai"},
            {"type": "textfield", "id": "n", "key": "name", "label": "Tên {{name}}", "description": evil},
        ],
    }

    drawn = str(rendering.render_form(form, {"name": evil}, errors={"name": [Text(evil, evil)]}))

    assert "<script" not in drawn
    assert "<ul><li>một</li><li>hai</li></ul>" in drawn
    assert html.fragment_fromstring(drawn.strip()).xpath("//input[@name='name']/@value") == [evil]


def test_errors_name_their_field_and_row_and_a_long_list_folds() -> None:
    errors = {f"nominees.{row}.subject": [Text("Mục này bắt buộc.", "Required.")] for row in range(12)}

    box = html.fragment_fromstring(str(rendering.error_summary(errors, LISTED)).strip())

    links = box.xpath(".//a")
    assert len(links) == 12
    assert links[2].get("href") == "#field-nominees-2-subject"
    assert links[2].text_content() == "Dòng 3 – Họ và tên: Mục này bắt buộc."
    assert len(box.xpath("./details//a")) == 2


def test_errors_of_handlers_without_a_field_are_told_without_a_link() -> None:
    box = html.fragment_fromstring(str(rendering.error_summary({"": ["Hết hạn."]})).strip())

    assert box.xpath(".//a") == []
    assert "Hết hạn." in box.text_content()


def test_numbers_and_dates_stand_as_people_write_them() -> None:
    form = {
        "id": "shown",
        "components": [
            {"type": "number", "id": "n", "key": "score", "label": "Điểm"},
            {"type": "datetime", "id": "d", "key": "day", "label": "Ngày", "subtype": "date"},
        ],
    }

    shown = draw(form, {"score": 8.5, "day": "2026-10-05"}).xpath("//input[@type='text']/@value")
    kept = draw(form, {}, values={"score": "chín", "day": "31/02"}).xpath("//input[@type='text']/@value")

    assert shown == ["8,5", "05/10/2026"]
    assert kept == ["chín", "31/02"]
