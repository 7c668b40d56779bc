"""The pages in a real Chromium, wide and on a phone, with JavaScript and without: they work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from tests.browser import watching
from tests.site import MOVEMENT, PASSWORD, open_site

pytestmark = pytest.mark.browser

PLACES = {
    "an.p1": [
        *("/tasks/", "/nominations/", "/movements/", "/movements/1", "/start/", "/notices/"),
        *("/calendar/", "/statistics/", "/honours/", "/honours/print", "/councils/", "/disclosures/"),
        *("/organisation/", "/organisation/units/P1"),
    ],
    "vinh.it": ["/organisation/imports/new", "/organisation/changes", "/calendar/"],
    "binh.p1": ["/rules/", "/rules/all", "/rules/1", "/rules/forms/labour_order_third"],
    "thao.it": [
        *("/designer/", "/designer/processes/office_proposal", "/designer/new", "/designer/upload"),
        "/rules/new",
        "/document-templates/",
    ],
    "uyen.tt": ["/audit/instances", "/documents/"],
}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with open_site(tmp_path) as app:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def signed_in(
    chromium: Browser, address: str, who: str, *, width: int = 1280, scripts: bool = True
) -> Iterator[Page]:
    size = {"width": width, "height": 800}
    with watching.watch(chromium, viewport=size, java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto(f"{address}/sign-in")
        page.get_by_label("Tên đăng nhập").fill(who)
        page.get_by_label("Mật khẩu").fill(PASSWORD)
        page.get_by_role("button", name="Đăng nhập").click()
        expect(page.get_by_role("button", name="Đăng xuất")).to_be_visible()
        yield page


@pytest.mark.parametrize("scripts", [True, False])
def test_an_office_opens_its_proposal_and_sends_it(chromium: Browser, address: str, scripts: bool) -> None:
    with signed_in(chromium, address, "an.p1", scripts=scripts) as page:
        page.goto(f"{address}/start/office_proposal")
        page.get_by_label("Phong trào thi đua").select_option(MOVEMENT)
        page.get_by_label("Kỳ (năm-tháng)").fill("2026-10")
        page.get_by_role("button", name="Mở đề xuất").click()
        page.get_by_role("link", name="Lập danh sách đề nghị").click()
        page.get_by_label("Báo cáo không có đề xuất").check()
        page.get_by_role("button", name="Gửi kiểm tra và trình trưởng phòng").click()

        expect(page.get_by_role("status")).to_contain_text("Đã hoàn thành “Lập danh sách đề nghị”.")


@pytest.mark.parametrize("width", [1440, 360])
def test_no_page_is_wider_than_the_window_or_breaks_its_policy(
    chromium: Browser, address: str, width: int
) -> None:
    wider: dict[str, int] = {}
    for who, places in PLACES.items():
        with signed_in(chromium, address, who, width=width) as page:
            for place in places:
                page.goto(address + place)
                wider[place] = watching.overflow(page)

    assert {place: pixels for place, pixels in wider.items() if pixels > 0} == {}


def test_the_first_stop_of_the_keyboard_leads_to_the_content(chromium: Browser, address: str) -> None:
    with signed_in(chromium, address, "an.p1") as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")

        assert page.evaluate("document.activeElement.id") == "content"
