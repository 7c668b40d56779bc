"""Judge the pages by the rules of WCAG 2.1 A and AA with axe-core, at work and not only when empty."""

from __future__ import annotations

from functools import lru_cache

import pytest
from playwright.sync_api import Page, expect

from tests.browser.watching import overflow
from tests.browser.working import (
    add_nominee,
    go_to,
    set_clock,
    signed_in,
    start_case,
    take_task,
)
from tests.browsing import Server
from tests.chain import STAFF, collective, individual
from web.assets import FRONTEND

pytestmark = pytest.mark.browser

AXE = FRONTEND / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
JUDGE = """async (rules) => {
  const found = await axe.run(document, { runOnly: { type: 'tag', values: rules } });
  if (!found.passes.length) return ['no rule was applied'];
  return found.violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')}`));
}"""


REFERENCE = {
    "an.p1": ["/statistics/", "/honours/", "/councils/HD.UBND", "/rules/", "/organisation/"],
    "vinh.it": ["/calendar/", "/organisation/imports/new", "/organisation/changes"],
    "thao.it": ["/rules/new", "/document-templates/", "/movements/new"],
}


@lru_cache(maxsize=1)
def read_axe() -> str:
    """Return the source of axe-core, or skip and say how to get it."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: run npm ci in web/frontend")
    return AXE.read_text(encoding="utf-8")


def judge(page: Page) -> list[str]:
    """Return every violation on the page that is open, with its place."""
    page.wait_for_load_state("load")
    page.evaluate(read_axe())  # goes through the debugger, which the page's own policy does not concern
    found: list[str] = page.evaluate(JUDGE, RULES)
    if overflow(page) > 0:  # axe does not judge 1.4.10 reflow
        found.append("reflow: wider than the window")
    return [f"{page.title()}: {line}" for line in found]


@pytest.mark.parametrize("width", [1440, 360])
def test_no_page_breaks_a_rule_of_wcag(page: Page, server: Server, width: int) -> None:
    read_axe()
    page.set_viewport_size({"width": width, "height": 900})
    month = "2026-10" if width == 1440 else "2026-11"
    set_clock(page, server, f"{month}-05 09:00")
    page.goto(server.base)

    found = judge(page)
    with signed_in(page, STAFF["P1"]):
        start_case(page, "Đề xuất khen thưởng của phòng", month)
        found += judge(page)
        take_task(page, "Lập danh sách đề nghị")
        page.get_by_label("Đề nghị khen thưởng", exact=True).check()
        add_nominee(page, 1, individual("Nguyễn Văn Hòa"))
        add_nominee(page, 2, collective("Tổ khảo sát hiện trường", achievement="ngắn"))
        found += judge(page)
        page.get_by_role("button", name="Gửi kiểm tra").click()
        expect(page.get_by_role("alert")).to_be_visible()
        found += judge(page)
        row = page.locator("fieldset.bv-card").nth(1)
        row.get_by_label("Tóm tắt thành tích").fill("Khảo sát hai mươi chốt kiểm soát trong ba ngày")
        page.get_by_role("button", name="Gửi kiểm tra").click()
        expect(page.get_by_role("status")).to_be_visible()
        for place in ("Lịch", "Đề nghị của tôi"):
            go_to(page, place)
            found += judge(page)
        page.get_by_role("link", name="Nguyễn Văn Hòa").first.click()
        found += judge(page)
    with signed_in(page, "uyen.tt"):
        found += judge(page)
        page.get_by_role("link", name=f"P1/598/{month}").click()
        found += judge(page)

    assert found == []


def test_no_page_of_reference_breaks_a_rule_of_wcag(page: Page, server: Server) -> None:
    read_axe()
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(server.base)

    found: list[str] = []
    for login, places in REFERENCE.items():
        with signed_in(page, login):
            for place in places:
                page.goto(server.base + place)
                found += judge(page)

    assert found == []
