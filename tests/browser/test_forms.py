"""Forms in a real Chromium: filled, refused, corrected and answered, with JavaScript and without it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Response, render_template_string, request
from flask_babel import Babel
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from engine import forms
from engine.errors import FormInvalid
from tests.browser import watching
from web import rendering

ROOT = Path(__file__).parents[2]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'"
)

PAGE = """<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Biểu mẫu</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ url_for('static', filename='css/bangvang.css') }}">
<link rel="stylesheet" href="{{ url_for('static', filename='css/forms.css') }}">
<script type="module" src="{{ url_for('static', filename='js/forms.js') }}"></script></head>
<body><main><h1>Biểu mẫu</h1>{{ summary }}
{% if values is not none %}<pre id="values">{{ values }}</pre>{% endif %}
<div class="card"><form method="post" novalidate>{{ fields }}
<p><button class="button">{{ label or "Hoàn thành" }}</button></p></form></div>
</main></body></html>"""

REVIEW: dict[str, Any] = {
    "type": "default",
    "id": "review",
    "schemaVersion": 19,
    "components": [
        {"type": "text", "id": "t", "text": "Tờ trình của **{{center}}**."},
        {
            "type": "radio",
            "id": "c1",
            "key": "opinion",
            "label": "Ý kiến chung",
            "values": [{"label": "Đồng ý", "value": "agree"}, {"label": "Trả lại", "value": "return"}],
            "validate": {"required": True},
        },
        {
            "type": "textarea",
            "id": "c2",
            "key": "why",
            "label": "Lý do trả lại",
            "validate": {"required": True},
            "conditional": {"hide": '=opinion != "return"'},
        },
        {
            "type": "datetime",
            "id": "c3",
            "key": "signed_on",
            "subtype": "date",
            "dateLabel": "Ngày ký",
            "validate": {"required": True},
        },
        {"type": "number", "id": "c4", "key": "score", "label": "Điểm", "validate": {"max": 10}},
        {
            "type": "dynamiclist",
            "id": "l1",
            "path": "rows",
            "label": "Đề nghị",
            "allowAddRemove": False,
            "components": [
                {
                    "type": "textfield",
                    "id": "r0",
                    "key": "id",
                    "label": "id",
                    "properties": {"hidden": "true"},
                },
                {"type": "textfield", "id": "r1", "key": "subject", "label": "Cá nhân", "readonly": True},
                {
                    "type": "textarea",
                    "id": "r2",
                    "key": "achievement",
                    "label": "Thành tích",
                    "readonly": True,
                },
                {
                    "type": "radio",
                    "id": "r3",
                    "key": "decision",
                    "label": "Quyết định",
                    "valuesKey": "choices",
                    "validate": {"required": True},
                },
                {
                    "type": "textarea",
                    "id": "r4",
                    "key": "reason",
                    "label": "Lý do",
                    "validate": {"required": True},
                    "conditional": {"hide": '=decision != "decline"'},
                },
            ],
        },
        {
            "type": "dynamiclist",
            "id": "l2",
            "path": "witnesses",
            "label": "Người chứng kiến",
            "components": [
                {
                    "type": "textfield",
                    "id": "w1",
                    "key": "name",
                    "label": "Họ và tên",
                    "validate": {"required": True},
                },
            ],
        },
        {"type": "button", "id": "b", "action": "submit", "label": "Ký, gửi"},
    ],
}
CHOICES = [{"label": "Tặng", "value": "award"}, {"label": "Không tặng", "value": "decline"}]
CONTEXT: dict[str, Any] = {
    "center": "Trung tâm <Tư vấn>",
    "choices": CHOICES,
    "rows": [
        {
            "id": 10 + number,
            "subject": f"Nguyễn Văn {number + 1}",
            "achievement": "Hoàn thành sớm. " * (1 + number % 20),
        }
        for number in range(40)
    ],
    "witnesses": [],
}


def build_app(form: dict[str, Any], context: dict[str, Any]) -> Flask:
    app = Flask("forms", template_folder=str(ROOT / "web/templates"), static_folder=str(ROOT / "web/static"))
    Babel(app, default_locale="vi")

    @app.get("/")
    def show() -> str:
        return page(rendering.render_form(form, context))

    @app.post("/")
    def answer() -> Response | str | tuple[str, int]:
        raw = rendering.parse_form(form, request.form)
        action = rendering.row_action(request.form)
        if action:
            raw = rendering.apply_action(form, raw, action, context)
            focus = rendering.focus_after(form, raw, action)
            fields = rendering.render_form(form, context, raw, focus=focus)
            return fields if request.headers.get("X-Fragment") == "form" else page(fields)
        try:
            values = forms.validate(form, raw, context)
        except FormInvalid as refusal:
            fields = rendering.render_form(form, context, raw, refusal.messages)
            return page(fields, rendering.error_summary(refusal.messages, form)), 422
        return page(rendering.render_form(form, context, raw), values=json.dumps(values, ensure_ascii=False))

    def page(fields: str, summary: str = "", values: str | None = None) -> str:
        label = rendering.submit_label(form)
        return render_template_string(PAGE, fields=fields, summary=summary, values=values, label=label)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, build_app(REVIEW, CONTEXT), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(chromium: Browser, address: str) -> Iterator[Page]:
    yield from open_page(chromium, address, javascript=True)


@pytest.fixture
def plain_page(chromium: Browser, address: str) -> Iterator[Page]:
    yield from open_page(chromium, address, javascript=False)


def open_page(chromium: Browser, address: str, *, javascript: bool) -> Iterator[Page]:
    with watching.watch(chromium, java_script_enabled=javascript) as context:
        page = context.new_page()
        page.goto(address)
        yield page


def answer_everything(page: Page, decision: str) -> None:
    page.get_by_label("Đồng ý", exact=True).check()
    page.get_by_label("Ngày ký").fill("5/10/2026")
    page.get_by_label("Điểm").fill("8,5")
    page.get_by_role("button", name=decision, exact=True).click()


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["page", "plain_page"])
def test_a_form_is_filled_and_answered(kind: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(kind)

    answer_everything(page, "Tặng")
    expect(page.locator("input[value=award]:checked")).to_have_count(40)
    page.get_by_role("button", name="Ký, gửi").click()

    values = json.loads(page.locator("#values").inner_text())
    assert values["signed_on"] == "2026-10-05"
    assert values["score"] == 8.5
    assert [row["id"] for row in values["rows"]] == list(range(10, 50))
    assert {row["decision"] for row in values["rows"]} == {"award"}


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["page", "plain_page"])
def test_rows_are_added_and_removed_with_all_typed_kept(kind: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(kind)

    page.get_by_label("Điểm").fill("chín")
    for row, name in enumerate(("Trần Thị Bình", "Lê Văn Cường")):
        page.get_by_role("button", name="Thêm dòng").click()
        expect(page.locator(f"#field-witnesses-{row}-name")).to_be_focused()
        page.locator(f"#field-witnesses-{row}-name").fill(name)
    page.get_by_role("button", name="Bỏ dòng").first.click()

    expect(page.locator("input[name^=witnesses-][name$=-name]")).to_have_count(1)
    expect(page.get_by_label("Họ và tên")).to_have_value("Lê Văn Cường")
    expect(page.get_by_label("Điểm")).to_have_value("chín")


@pytest.mark.browser
def test_a_condition_shows_its_field_without_losing_what_is_typed(page: Page) -> None:
    page.get_by_label("Ngày ký").fill("05/10/2026")

    page.get_by_label("Trả lại", exact=True).check()
    expect(page.get_by_label("Lý do trả lại")).to_be_visible()

    expect(page.get_by_label("Trả lại", exact=True)).to_be_focused()
    expect(page.get_by_label("Ngày ký")).to_have_value("05/10/2026")
    expect(page.get_by_role("button", name="Cập nhật biểu mẫu")).to_have_count(0)


@pytest.mark.browser
def test_typing_goes_on_while_the_form_is_refreshed(page: Page) -> None:
    page.route("**/*", lambda route: (page.wait_for_timeout(300), route.continue_()))  # a slow line

    page.get_by_label("Trả lại", exact=True).check()
    page.get_by_label("Điểm").press_sequentially("7,25")

    expect(page.get_by_label("Lý do trả lại")).to_be_visible()
    expect(page.get_by_label("Điểm")).to_have_value("7,25")
    expect(page.get_by_label("Điểm")).to_be_focused()


@pytest.mark.browser
def test_a_choice_made_while_all_rows_are_filled_loses_neither(page: Page) -> None:
    page.route("**/*", lambda route: (page.wait_for_timeout(300), route.continue_()))  # a slow line

    page.get_by_role("button", name="Tặng", exact=True).click()
    page.locator("#field-rows-2-decision--2").check()

    expect(page.locator("#field-rows-2-reason")).to_be_visible()
    expect(page.locator("input[value=award]:checked")).to_have_count(39)
    expect(page.locator("#field-rows-2-decision--2")).to_be_checked()


@pytest.mark.browser
def test_a_condition_shows_its_field_without_javascript(plain_page: Page) -> None:
    plain_page.get_by_label("Trả lại", exact=True).check()
    plain_page.get_by_role("button", name="Cập nhật biểu mẫu").click()

    plain_page.get_by_label("Lý do trả lại").fill("Thiếu báo cáo")
    expect(plain_page.get_by_label("Trả lại", exact=True)).to_be_checked()


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["page", "plain_page"])
def test_errors_are_summed_up_with_links_to_the_fields(kind: str, request: pytest.FixtureRequest) -> None:
    page: Page = request.getfixturevalue(kind)
    answer_everything(page, "Tặng")
    page.get_by_label("Ngày ký").fill("31/02/2026")
    page.locator("#field-rows-2-decision--2").check()
    page.get_by_role("button", name="Ký, gửi").click()

    expect(page.locator("#bv-summary")).to_be_focused()
    page.get_by_role("link", name="Dòng 3 – Lý do").click()
    expect(page.locator("#field-rows-2-reason")).to_be_focused()
    expect(page.get_by_label("Ngày ký")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Ngày ký")).to_have_value("31/02/2026")


@pytest.mark.browser
def test_enter_in_a_text_field_never_completes_the_task(plain_page: Page) -> None:
    answer_everything(plain_page, "Tặng")

    plain_page.get_by_label("Điểm").press("Enter")

    expect(plain_page.locator("#bv-summary, #values")).to_have_count(0)
    expect(plain_page.get_by_label("Điểm")).to_have_value("8,5")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1440, 360])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})

    inner = page.evaluate("document.documentElement.scrollWidth")
    assert inner <= width
