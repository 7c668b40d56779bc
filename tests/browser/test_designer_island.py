"""Drive the designer island in a real Chromium: the panel, saving, checking, deploying."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.browser.designer_page import (
    FINDING,
    Application,
    find,
    list_tags,
    open_group,
    rename,
    save,
    select,
)
from web.assets import asset_tags, hash_inputs

pytestmark = pytest.mark.browser


def test_the_rules_of_the_organisation_are_written_and_undone(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()
    select(page, "U2")

    page.locator("#bio-properties-panel-bv-dueInWorkingDays").fill("12")
    page.locator("#bio-properties-panel-bv-remindBefore").fill("2,1")
    page.locator("#bio-properties-panel-bv-fourEyes").check()
    page.locator('[data-entry-id="bv-subject"] .cm-content').click()
    page.keyboard.type('"Bỏ phiếu: " + office')
    root = save(page, application)

    written = {p.get("name"): p.get("value") for p in find(root, "U2").iter("{*}property")}
    assert written == {
        "bv:dueInWorkingDays": "12",
        "bv:remindBefore": "2,1",
        "bv:fourEyes": "true",
        "bv:subject": '="Bỏ phiếu: " + office',
    }
    while page.locator('[data-action="undo"]').is_enabled():
        page.locator('[data-action="undo"]').click()
    assert "property" not in list_tags(find(save(page, application), "U2"))


def test_an_id_the_server_does_not_know_is_marked(open_designer: Callable[..., Page]) -> None:
    page = open_designer()
    select(page, "U2")
    open_group(page, "form")
    entry = page.locator('[data-entry-id="formId"]')
    expect(entry).not_to_contain_text("Máy chủ chưa có biểu mẫu này.")

    entry.locator("input").fill("nothing_here")
    entry.locator("input").press("Tab")

    expect(entry).to_contain_text("Máy chủ chưa có biểu mẫu này.")


def test_a_send_task_gets_its_message_in_the_panel(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()
    select(page, "I_msg")
    open_group(page, "sentMessage")

    page.locator("#bio-properties-panel-sentMessageRef").select_option("+")
    page.locator("#bio-properties-panel-sentMessageName").fill("proposal.returned")
    page.locator('[data-entry-id="sentMessageKey"] .cm-content').click()
    page.keyboard.type("item.proposal_key")
    root = save(page, application)

    message = find(root, find(root, "ED_msg").get("messageRef", ""))
    assert message.get("name") == "proposal.returned"
    assert [one.get("correlationKey") for one in message.iter("{*}subscription")] == ["=item.proposal_key"]


def test_saving_sends_the_token_and_the_version_and_the_last_letter_typed(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()
    rename(page, "U1", "Thẩm định lại")
    first = save(page, application)

    rename(page, "U1", "Thẩm định xong")
    save(page, application)

    assert find(first, "U1").get("name") == "Thẩm định lại"
    (_, headers, _), (_, later_headers, _) = application.sent_to("/draft")
    assert headers["X-CSRFToken"] == "token-of-the-page"
    assert (headers["If-Match"], later_headers["If-Match"]) == ('"3"', '"4"')
    expect(page.locator('[data-role="unsaved"]')).to_be_hidden()


@pytest.mark.parametrize(
    ("status", "data", "said"),
    [
        (409, {}, "Người khác vừa lưu bản mới hơn"),
        (412, {}, "Người khác vừa lưu bản mới hơn"),
        (302, {}, "Phiên đăng nhập đã hết"),
        (422, {"text": "Sơ đồ có hai quy trình"}, "Sơ đồ có hai quy trình"),
        (500, {}, "Máy chủ báo lỗi (500)"),
    ],
)
def test_a_refused_save_is_explained_and_stays_unsaved(
    open_designer: Callable[..., Page], application: Application, status: int, data: dict[str, Any], said: str
) -> None:
    application.answers["/draft"] = (status, data)
    page = open_designer()
    rename(page, "U1", "Thẩm định lại")

    page.keyboard.press("Control+s")

    expect(page.locator('[data-role="status"]')).to_contain_text(said)
    expect(page.locator('[data-role="unsaved"]')).to_be_visible()


def test_leaving_with_unsaved_changes_asks_first(open_designer: Callable[..., Page]) -> None:
    page = open_designer()
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    rename(page, "U1", "Thẩm định lại")

    page.goto("about:blank")

    assert asked == ["beforeunload"]


def test_findings_are_shown_after_an_edit_and_lead_to_their_element(
    open_designer: Callable[..., Page], application: Application
) -> None:
    page = open_designer()
    application.answers["/check"] = (200, {"findings": [FINDING]})

    rename(page, "U1", "Thẩm định lại")

    item = page.locator('[data-role="findings"] li')
    expect(item).to_have_count(1)
    expect(item).to_contain_text("Chưa có biểu mẫu “vote”")
    expect(item).to_contain_text("Hãy triển khai biểu mẫu trước.")
    expect(page.locator(".finding-badge-error")).to_have_text("1")
    item.locator("button").click()
    expect(page.locator("#bio-properties-panel-id")).to_have_value("U2")
    assert 'name="Thẩm định lại"' in application.sent_to("/check")[-1][2]


def test_a_refused_deployment_shows_its_findings_and_a_good_one_its_version(
    open_designer: Callable[..., Page], application: Application
) -> None:
    application.answers["/deploy"] = (422, {"findings": [FINDING], "text": "Chưa triển khai được"})
    page = open_designer()

    page.get_by_role("button", name="Triển khai").click()

    expect(page.locator('[data-role="status"]')).to_have_text("Chưa triển khai được")
    expect(page.locator('[data-role="findings"]')).to_contain_text("Chưa có biểu mẫu")
    application.answers["/deploy"] = (200, {"version": 7})
    page.get_by_role("button", name="Triển khai").click()
    expect(page.locator('[data-role="status"]')).to_have_text("Đã triển khai phiên bản 7")
    assert len(application.sent_to("/draft")) == 2


@pytest.mark.parametrize("width", [1440, 360])
def test_the_mark_of_bpmn_io_is_never_covered(open_designer: Callable[..., Page], width: int) -> None:
    page = open_designer(width=width)
    page.locator(".bjs-powered-by").scroll_into_view_if_needed()

    on_top = page.evaluate("""() => {
        const mark = document.querySelector('.bjs-powered-by');
        const box = mark.getBoundingClientRect();
        const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return box.width > 0 && mark.contains(hit);
    }""")

    assert on_top
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize(
    ("action", "name"), [("download-xml", "sample_award.bpmn"), ("download-svg", "sample_award.svg")]
)
def test_the_diagram_can_be_downloaded(open_designer: Callable[..., Page], action: str, name: str) -> None:
    page = open_designer()

    with page.expect_download() as download:
        page.locator(f'[data-action="{action}"]').click()

    assert download.value.suggested_filename == name
    assert "Thẩm định" in download.value.path().read_text(encoding="utf-8")


def test_a_file_that_is_no_diagram_is_reported(open_designer: Callable[..., Page]) -> None:
    page = open_designer("<html/>", state="failed")

    expect(page.locator('[data-role="notice"]')).to_contain_text("Không mở được sơ đồ.")
    expect(page.locator('[data-action="save"]')).to_be_disabled()


def test_the_designer_speaks_english_too(
    open_designer: Callable[..., Page], application: Application
) -> None:
    application.language = "en"

    page = open_designer()
    select(page, "U2")

    expect(page.locator('[data-role="status"]')).to_have_text("Opened")
    expect(page.locator('[data-group-id="group-bv"]')).to_contain_text("Rules of the organisation")


def test_nothing_is_known_of_assets_before_the_build(tmp_path: Path) -> None:
    assert asset_tags("designer", tmp_path) == []
    with pytest.raises(KeyError):
        asset_tags("unknown")


def test_a_second_build_has_nothing_to_do_and_any_input_changes_the_stamp(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "one.js").write_text("1", encoding="utf-8")
    before = hash_inputs(tmp_path)

    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "other.js").write_text("2", encoding="utf-8")
    same = hash_inputs(tmp_path)
    (tmp_path / "src" / "one.js").write_text("2", encoding="utf-8")

    assert same == before
    assert hash_inputs(tmp_path) != before
