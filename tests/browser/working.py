"""What people do at their desks, by clicks and keys: sign in, take a task, fill rows, decide, complete."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

from tests.browsing import PASSWORD, Server
from tests.chain import Row, at

SUBJECT_KINDS = {"individual": "Cá nhân", "collective": "Tập thể"}
TYPES = {"ad_hoc": "Đột xuất", "thematic": "Chuyên đề"}
TICKS = {
    "report_attested": "Báo cáo thành tích có xác nhận",
    "tasks_completed": "Hoàn thành tốt các nhiệm vụ được giao",
    "contributed": "Có tham gia đóng góp, hỗ trợ",
    "complied": "Chấp hành tốt chủ trương",
    "not_criticised": "Không bị phê bình, nhắc nhở, vi phạm",
    "collective_not_criticised": "Tập thể không bị phê bình",
    "quality_assured": "Đảm bảo tiến độ, chất lượng",
    "proactive": "Chủ động theo dõi, dự báo",
    "exemplary": "Đề cao trách nhiệm nêu gương",
}
TEXTS = {
    "subject": "Họ tên hoặc tên tập thể",
    "position": "Chức vụ",
    "achievement": "Tóm tắt thành tích",
    "achieved_on": "Ngày lập thành tích",
    "completed_percent": "Tỷ lệ hoàn thành nhiệm vụ",
    "violations": "Số người của tập thể có vi phạm",
}
CHOICES = {"form": "Hình thức đề nghị", "influence": "Phạm vi ảnh hưởng"}


def set_clock(page: Page, server: Server, moment: str) -> None:
    """Hold the served clock at a local moment, for example `2026-10-05 09:00`."""
    timestamp = int(at(moment).timestamp() * 1000)
    answer = page.request.put(f"{server.base}/v2/clock", data={"timestamp": timestamp})
    assert answer.status == 204


@contextmanager
def signed_in(page: Page, login: str) -> Iterator[None]:
    """Sign a person in on the sign-in page that is open, and out again at the end."""
    page.get_by_label("Tên đăng nhập").fill(login)
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.get_by_role("button", name="Đăng nhập").click()
    leave = page.get_by_role("button", name="Đăng xuất")
    expect(leave).to_be_visible()
    yield
    leave.click()
    expect(page.get_by_role("button", name="Đăng nhập")).to_be_visible()


def go_to(page: Page, item: str) -> None:
    """Choose an item of the main navigation."""
    page.get_by_role("navigation", name="Mục chính").get_by_role("link", name=item).click()


def take_task(page: Page, name: str) -> None:
    """Take a task from the inbox; its page opens."""
    go_to(page, "Việc cần làm")
    page.get_by_role("row", name=name).get_by_role("button", name="Nhận việc").first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def await_task(page: Page, name: str) -> None:
    """Look into the inbox until the worker has brought a task there."""
    for _ in range(40):
        go_to(page, "Việc cần làm")
        if page.get_by_role("row", name=name).count():
            return
        page.wait_for_timeout(250)


def open_task(page: Page, name: str) -> None:
    """Open a task of the inbox that is the person's own already."""
    go_to(page, "Việc cần làm")
    page.get_by_role("row", name=name).get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def complete(page: Page, button: str) -> None:
    """Press the button that completes the task; the inbox says that it is done."""
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("status").filter(has_text="Đã hoàn thành")).to_be_visible()


def start_case(page: Page, process: str, period: str) -> None:
    """Start a process that asks for the movement and the month."""
    go_to(page, "Lập hồ sơ")
    page.get_by_role("link", name=f"Bắt đầu {process}").click()
    page.get_by_label("Phong trào thi đua").select_option("598/KH-TTTV")
    page.get_by_label("Kỳ (năm-tháng)").fill(period)
    page.locator("main form .actions button").click()
    expect(page.get_by_role("status").filter(has_text="Đã bắt đầu")).to_be_visible()


def row_of(page: Page, number: int) -> Locator:
    """Return one row of the list on a form; rows are cards with a number and, when known, a name."""
    return page.locator("fieldset.bv-card").nth(number - 1)


def add_nominee(page: Page, number: int, nominee: Row) -> None:
    """Add a row by its button and fill it; choosing a collective changes which criteria are asked."""
    page.get_by_role("button", name="Thêm dòng").click()
    row = row_of(page, number)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        row.get_by_label(SUBJECT_KINDS[nominee["subject_kind"]], exact=True).check()
    expect(page.locator("[data-form][aria-busy]")).to_have_count(0)
    row.get_by_label(TYPES[nominee["type"]], exact=True).check()
    for key, label in CHOICES.items():
        row.get_by_label(label).select_option(nominee[key])
    for key, label in TEXTS.items():
        if key in nominee:
            row.get_by_label(label).fill(str(nominee[key]))
    for key, label in TICKS.items():
        if key in nominee:
            row.get_by_label(label).set_checked(nominee[key])


def decide_rows(page: Page, decisions: Mapping[str, tuple[str, str]]) -> None:
    """Choose a decision for each nominee by name, with a reason when one is given."""
    for subject, (decision, reason) in decisions.items():
        row = page.locator("fieldset.bv-card").filter(has_text=subject)
        row.get_by_label(decision, exact=True).check()
        if reason:
            row.get_by_label("Lý do").fill(reason)


def choose_for_all(page: Page, decision: str) -> None:
    """Press the button that gives every row the same decision, and see it in every row."""
    page.get_by_role("button", name=decision, exact=True).click()
    rows = page.locator("fieldset.bv-card")
    for number in range(rows.count()):
        expect(rows.nth(number).get_by_label(decision, exact=True)).to_be_checked()
