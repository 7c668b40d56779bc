"""Let a designer change a process: edit, see a finding, repair, deploy; what runs keeps its version."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.designer_page import open_group
from tests.browser.working import complete, go_to, set_clock, signed_in, start_case, take_task
from tests.browsing import Server
from tests.chain import STAFF
from web.assets import asset_tags

pytestmark = pytest.mark.browser

PROCESS = "Đề xuất khen thưởng của phòng"
RENAMED = "Lập danh sách đề nghị của phòng"
DESIGNER, AUDITOR = "thao.it", "uyen.tt"


def test_a_deployment_waits_for_its_repair_and_leaves_running_cases_alone(page: Page, server: Server) -> None:
    if not asset_tags("designer"):
        pytest.skip("the front end is not built: run python -m web.assets")
    set_clock(page, server, "2026-10-05 09:00")
    page.goto(server.base)
    with signed_in(page, STAFF["P1"]):
        start_case(page, PROCESS, "2026-10")

    with signed_in(page, DESIGNER):
        open_editor(page)
        rename(page, "prepare_proposal", RENAMED)
        be_refused(page)
        repair_and_deploy(page)
        go_to(page, "Thiết kế quy trình")
        row = page.get_by_role("row", name=PROCESS).last
        expect(row.get_by_role("cell").first).to_have_text("2")

    with signed_in(page, STAFF["P2"]):
        start_case(page, PROCESS, "2026-10")
        take_task(page, RENAMED)
    with signed_in(page, STAFF["P1"]):
        take_task(page, "Lập danh sách đề nghị")
        page.get_by_label("Báo cáo không có đề xuất").check()
        complete(page, "Gửi kiểm tra và trình trưởng phòng")
    with signed_in(page, AUDITOR):
        expect_version(page, "P1/598/2026-10", 1, "Lập danh sách đề nghị")
        expect_version(page, "P2/598/2026-10", 2, RENAMED)


def open_editor(page: Page) -> None:
    """Open a draft that begins with the deployed version."""
    page.get_by_role("link", name=PROCESS).click()
    page.get_by_role("button", name="Sửa từ bản này").click()
    page.wait_for_selector('#designer[data-state="ready"]')


def choose(page: Page, element: str) -> None:
    """Click on a shape unless it is selected (a second click would deselect it); the panel shows it."""
    if page.locator(f'.djs-shape.selected[data-element-id="{element}"]').count():
        return
    page.locator(f'.djs-shape[data-element-id="{element}"] .djs-hit').click()
    expect(page.locator("#bio-properties-panel-id")).to_have_value(element)


def rename(page: Page, element: str, name: str) -> None:
    """Type a new name in the panel."""
    choose(page, element)
    open_group(page, "general")
    page.locator("#bio-properties-panel-name").fill(name)


def set_form(page: Page, element: str, form: str) -> None:
    """Type which form a task shows."""
    choose(page, element)
    open_group(page, "form")
    field = page.locator('[data-entry-id="formId"] input')
    field.fill(form)
    field.press("Tab")


def be_refused(page: Page) -> None:
    """Name a form that nobody made: the check says so at the element, and the deployment is refused."""
    set_form(page, "head_review", "head_reveiw")
    finding = page.locator('[data-role="findings"] li.finding-error')
    expect(finding).to_contain_text("head_reveiw")
    expect(finding).to_contain_text("Trưởng phòng xem xét, ký")
    expect(
        page.locator('.djs-overlays[data-container-id="head_review"] .finding-badge-error')
    ).to_be_visible()

    page.get_by_role("button", name="Triển khai").click()
    expect(page.locator('[data-role="status"]')).to_contain_text("Không triển khai được")
    finding.get_by_role("button").click()
    expect(page.locator("#bio-properties-panel-id")).to_have_value("head_review")


def repair_and_deploy(page: Page) -> None:
    """Name the right form: the finding goes, and the deployment says its version."""
    set_form(page, "head_review", "head_review")
    expect(page.locator('[data-role="findings"] li.finding-error')).to_have_count(0)
    page.get_by_role("button", name="Triển khai").click()
    expect(page.locator('[data-role="status"]')).to_have_text("Đã triển khai phiên bản 2")


def expect_version(page: Page, key: str, version: int, task: str) -> None:
    """Read in the record of a case on which version it ran, and under which name its task stood there."""
    go_to(page, "Kiểm tra")
    page.get_by_role("link", name=key).click()
    expect(page.get_by_text(f"phiên bản {version}", exact=False).first).to_be_visible()
    expect(page.locator('.diagram [data-element="prepare_proposal"] > title')).to_contain_text(task)
