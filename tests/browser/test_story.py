"""Tell the story of seed 001 as its people see it: five nominees, two offices, every answer comes back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.working import (
    add_nominee,
    await_task,
    choose_for_all,
    complete,
    decide_rows,
    go_to,
    open_task,
    row_of,
    set_clock,
    signed_in,
    start_case,
    take_task,
)
from tests.browsing import Server, Visitor
from tests.chain import (
    CHAIR,
    COORDINATION,
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    HOME_AFFAIRS,
    STAFF,
    collective,
    individual,
)

pytestmark = pytest.mark.browser

PERIOD = "2026-10"
MERIT = {"form": "certificate_of_merit", "influence": "city_field"}
STATE = {"form": "state_level", "influence": "nation"}
NOMINEES = {
    "P1": [
        individual("Nguyễn Văn Hòa"),
        individual("Trần Thị Lụa", **MERIT),
        individual("Lê Hữu Phước", not_criticised=False),
    ],
    "P2": [
        individual("Phạm Thị Ngân", **STATE, report_attested=False),
        collective("Tổ khảo sát hiện trường"),
    ],
}
RETURNED = "Báo cáo thành tích của bà Ngân chưa có xác nhận của phòng"
DECLINED = "Trùng thành tích đã khen trong đợt tháng 9"
REFUSED = "Phạm vi ảnh hưởng chưa đến toàn quốc"
RESULTS = {
    "Nguyễn Văn Hòa": ("Đã tặng", ""),
    "Trần Thị Lụa": ("Đã tặng", ""),
    "Lê Hữu Phước": ("Không đủ tiêu chí", "bị phê bình, nhắc nhở"),
    "Phạm Thị Ngân": ("Không tặng", REFUSED),
    "Tổ khảo sát hiện trường": ("Không tặng", DECLINED),
}
AUDITOR = "uyen.tt"
VOTERS = ("son.ubnd", "huong.ubnd", "tuan.snv", "phuc.sxd", "kiet.btv", "lam.tttp", "loan.stc", "huy.sct")
OFFICE, CENTER = "Đề xuất khen thưởng của phòng", "Tổng hợp của Trung tâm"
DEPARTMENT = "Thẩm định, quyết định tại Sở Xây dựng"
PROVINCE = "Xét tặng, trình cấp Nhà nước tại UBND thành phố"
COUNCIL, STATE_LEVEL = "Phiên họp Hội đồng thi đua – khen thưởng", "Cấp Nhà nước xét, quyết định"
PATHS = {
    "Nguyễn Văn Hòa": (OFFICE, CENTER, DEPARTMENT),
    "Trần Thị Lụa": (OFFICE, CENTER, DEPARTMENT, PROVINCE),
    "Lê Hữu Phước": (OFFICE,),
    "Phạm Thị Ngân": (OFFICE, CENTER, DEPARTMENT, PROVINCE, COUNCIL, STATE_LEVEL),
    "Tổ khảo sát hiện trường": (OFFICE, CENTER, DEPARTMENT),
}
# process → an element that ran, one that did not, a person and what the record says of that person
WALKED = {
    OFFICE: ("supplement", "nothing_pending", "Lê Thị Kim Chi", "Hoàn thành “Bổ sung hồ sơ”"),
    CENTER: ("send_returns", "urge_offices", "Ngô Hoài Nam", "Hoàn thành “Giám đốc ký tờ trình”"),
    DEPARTMENT: ("sent_upward", "decided_here", "Lý Hồng Phúc", "Hoàn thành “Giám đốc Sở quyết định”"),
    PROVINCE: (
        "sign_state_submission",
        "decide_titles",
        "Tạ Trường Sơn",
        "Hoàn thành “Quyết định Bằng khen”",
    ),
    COUNCIL: ("sign_minutes", "break_tie", "Mai Diễm Quỳnh", "Hoàn thành “Lập biên bản”"),
    STATE_LEVEL: (
        "inform_nominees",
        "record_president",
        "Mai Diễm Quỳnh",
        "Hoàn thành “Báo kết quả cho đơn vị”",
    ),
}


def test_five_nominees_go_their_ways_and_every_answer_comes_back(page: Page, server: Server) -> None:
    set_clock(page, server, "2026-10-01 09:00")
    page.goto(server.base)

    open_the_month(page)
    set_clock(page, server, "2026-10-05 09:00")
    propose(page, "P1")
    propose(page, "P2")
    set_clock(page, server, "2026-10-12 09:00")
    return_one_for_supplement(page)
    supplement(page)
    close_the_month(page)
    set_clock(page, server, "2026-10-20 09:00")
    decide_at_the_department(page)
    set_clock(page, server, "2026-10-27 09:00")
    decide_at_the_province(page)
    set_clock(page, server, "2026-11-17 09:00")
    convene_the_council(page)
    set_clock(page, server, "2026-11-18 08:05")
    vote_in_secret(page, server)
    sign_what_was_counted(page)
    set_clock(page, server, "2026-12-15 09:00")
    answer_for_the_state(page)

    for office in NOMINEES:
        read_the_results(page, office)
    audit_every_path(page)


def open_the_month(page: Page) -> None:
    """Let the coordinating office open the month for the centre."""
    with signed_in(page, COORDINATION):
        start_case(page, "Tổng hợp của Trung tâm", PERIOD)


def propose(page: Page, office: str) -> None:
    """Let the staff of an office write the list and its head read what was checked, and sign."""
    with signed_in(page, STAFF[office]):
        start_case(page, "Đề xuất khen thưởng của phòng", PERIOD)
        take_task(page, "Lập danh sách đề nghị")
        page.get_by_label("Đề nghị khen thưởng", exact=True).check()
        for number, nominee in enumerate(NOMINEES[office], start=1):
            add_nominee(page, number, nominee)
        complete(page, "Gửi kiểm tra và trình trưởng phòng")
    with signed_in(page, HEADS[office]):
        take_task(page, "Trưởng phòng xem xét, ký")
        if office == "P1":
            failed = page.get_by_role("row", name="Lê Hữu Phước")
            expect(failed).to_contain_text("không bị phê bình, nhắc nhở")
            expect(failed).to_contain_text("III.1.b")
            expect(page.get_by_role("row", name="Nguyễn Văn Hòa")).to_contain_text("Đạt")
        page.get_by_label("Ký, gửi Trung tâm").check()
        complete(page, "Hoàn thành")


def return_one_for_supplement(page: Page) -> None:
    """Let the coordinating office return a nomination; without a reason the form says what is missing."""
    with signed_in(page, COORDINATION):
        take_task(page, "Xem xét đề nghị các phòng")
        expect(page.get_by_text("Lê Hữu Phước")).to_have_count(0)
        choose_for_all(page, "Đưa vào danh sách")
        decide_rows(page, {"Phạm Thị Ngân": ("Trả lại để bổ sung", "")})
        page.get_by_role("button", name="Hoàn thành lượt xem xét").click()
        expect(page.get_by_role("alert")).to_contain_text("Lý do")
        decide_rows(page, {"Phạm Thị Ngân": ("Trả lại để bổ sung", RETURNED)})
        complete(page, "Hoàn thành lượt xem xét")


def supplement(page: Page) -> None:
    """Let the office see why, attest the report and send the nomination again over its head."""
    with signed_in(page, STAFF["P2"]):
        take_task(page, "Bổ sung hồ sơ")
        expect(row_of(page, 1)).to_contain_text(RETURNED)
        row_of(page, 1).get_by_label("Báo cáo thành tích có xác nhận").check()
        row_of(page, 1).get_by_label("Nội dung đã bổ sung").fill(
            "Trưởng phòng đã xác nhận báo cáo thành tích"
        )
        complete(page, "Gửi kiểm tra lại")
    with signed_in(page, HEADS["P2"]):
        take_task(page, "Trưởng phòng xem xét, ký")
        page.get_by_label("Ký, gửi Trung tâm").check()
        complete(page, "Hoàn thành")


def close_the_month(page: Page) -> None:
    """Let the coordinating office close the list and the centre's director sign the submission."""
    with signed_in(page, COORDINATION):
        take_task(page, "Xem xét đề nghị các phòng")
        decide_rows(page, {"Phạm Thị Ngân": ("Đưa vào danh sách", "")})
        page.get_by_label("Chốt danh sách").check()
        complete(page, "Hoàn thành lượt xem xét")
    with signed_in(page, DIRECTOR):
        take_task(page, "Giám đốc ký tờ trình")
        for subject in ("Nguyễn Văn Hòa", "Trần Thị Lụa", "Phạm Thị Ngân", "Tổ khảo sát hiện trường"):
            expect(page.get_by_role("row", name=subject)).to_be_visible()
        page.get_by_label("Ký tờ trình", exact=True).check()
        complete(page, "Hoàn thành")


def decide_at_the_department(page: Page) -> None:
    """Let the Sở award a Giấy khen, decline one with its reason and pass two upward."""
    with signed_in(page, DEPARTMENT_OFFICE):
        take_task(page, "Thẩm định hồ sơ")
        choose_for_all(page, "Đề nghị khen thưởng")
        decide_rows(page, {"Tổ khảo sát hiện trường": ("Đề nghị không khen thưởng", DECLINED)})
        complete(page, "Trình kết quả thẩm định")
    with signed_in(page, DEPARTMENT_DIRECTOR):
        take_task(page, "Giám đốc Sở quyết định")
        page.get_by_label("Thông qua, quyết định từng đề nghị").check()
        decide_rows(
            page,
            {
                "Nguyễn Văn Hòa": ("Tặng", ""),
                "Trần Thị Lụa": ("Trình cấp trên", ""),
                "Phạm Thị Ngân": ("Trình cấp trên", ""),
                "Tổ khảo sát hiện trường": ("Không tặng", DECLINED),
            },
        )
        complete(page, "Ký quyết định")


def decide_at_the_province(page: Page) -> None:
    """Let Sở Nội vụ appraise, and the chairman award a Bằng khen at once."""
    with signed_in(page, HOME_AFFAIRS):
        take_task(page, "Thẩm định hồ sơ")
        recommend = ("Đề nghị tặng hoặc trình", "")
        decide_rows(page, {"Trần Thị Lụa": recommend, "Phạm Thị Ngân": recommend})
        complete(page, "Gửi kết quả thẩm định")
    with signed_in(page, CHAIR):
        take_task(page, "Quyết định Bằng khen")
        decide_rows(page, {"Trần Thị Lụa": ("Tặng", "")})
        complete(page, "Ký quyết định")


def convene_the_council(page: Page) -> None:
    """Let the secretary call the council of the city for the one that goes to the State."""
    with signed_in(page, HOME_AFFAIRS):
        await_task(page, "Triệu tập phiên họp")  # the asked agencies are silent: a timer brings it
        take_task(page, "Triệu tập phiên họp")
        page.get_by_label("Thời gian họp").fill("18/11/2026 08:00")
        page.get_by_label("Địa điểm").fill("Phòng họp số 1")
        page.get_by_label("Nội dung (bắt buộc)").fill("Xét đề nghị khen thưởng cấp Nhà nước")
        page.get_by_label("Bỏ phiếu kín").check()
        complete(page, "Gửi giấy mời")


def vote_in_secret(page: Page, server: Server) -> None:
    """Let the secretary count who came and open the ballot, and the members vote."""
    with signed_in(page, HOME_AFFAIRS):
        await_task(page, "Điểm danh thành viên")  # the meeting's hour has come: a timer brings it
        take_task(page, "Điểm danh thành viên")
        choose_for_all(page, "Có mặt")
        complete(page, "Ghi điểm danh")
        take_task(page, "Nêu tiêu chuẩn, mở bỏ phiếu")
        page.get_by_label("Đã nêu tiêu chuẩn, điều kiện").check()
        page.get_by_label("Tóm tắt thảo luận").fill("Nhất trí đề nghị")
        page.get_by_label("Kết thúc bỏ phiếu lúc").fill("18/11/2026 11:00")
        complete(page, "Mở bỏ phiếu")
        open_task(page, "Bỏ phiếu")
        decide_rows(page, {"Phạm Thị Ngân": ("Đồng ý", "")})
        complete(page, "Bỏ phiếu")
    for login in VOTERS:
        vote_yes(server, login)


def sign_what_was_counted(page: Page) -> None:
    """Let the secretary write the minutes, and the chairman sign them and the letter to the State."""
    with signed_in(page, HOME_AFFAIRS):
        take_task(page, "Đóng bỏ phiếu")
        page.get_by_role("group", name="Tổ kiểm phiếu").get_by_role("checkbox").first.check()
        page.get_by_label("Lý do đóng sớm").fill("Đã đủ phiếu")
        complete(page, "Đóng bỏ phiếu, kiểm phiếu")
        take_task(page, "Lập biên bản")
        complete(page, "Ký biên bản (thư ký)")
    with signed_in(page, CHAIR):
        take_task(page, "Ký biên bản")
        page.get_by_label("Ký biên bản", exact=True).check()
        complete(page, "Xác nhận")
        take_task(page, "Ký tờ trình cấp Nhà nước")
        expect(page.get_by_role("row", name="Phạm Thị Ngân Thuế thành phố")).to_be_visible()
        page.get_by_label("Ký tờ trình cấp Nhà nước").check()
        complete(page, "Ký, gửi")


def vote_yes(server: Server, login: str) -> None:
    """Let one more member vote yes; over HTTP, since ten more sign-ins would show nothing new."""
    member = Visitor(server.base, login)
    member.sign_in()
    for task in member.tasks():
        page = member.get(f"/tasks/{task}")
        choices = set(page.xpath("//input[@type='radio' and contains(@name, 'choice')]/@name"))
        if choices and "Bỏ phiếu" in page.xpath("string(//h1)"):
            path, values = member.task_form(task)
            member.send(path, values + [(name, "yes") for name in choices])


def answer_for_the_state(page: Page) -> None:
    """Let Sở Nội vụ follow the dossier in Hà Nội to the refusal of the Prime Minister, and pass it on."""
    with signed_in(page, HOME_AFFAIRS):
        take_task(page, "Ghi ngày Bộ nhận đủ hồ sơ")
        page.get_by_label("Ngày Bộ Nội vụ nhận đủ hồ sơ").fill("20/11/2026")
        complete(page, "Ghi nhận")
        take_task(page, "Ghi kết quả thẩm định của Bộ")
        page.get_by_label("Đã thẩm định: trình Thủ tướng, trả lại").check()
        page.get_by_label("Ngày (bắt buộc)", exact=True).fill("04/12/2026")
        decide_rows(page, {"Phạm Thị Ngân": ("Trình Thủ tướng", "")})
        complete(page, "Ghi nhận")
        take_task(page, "Ghi quyết định của Thủ tướng")
        page.get_by_label("Ngày Thủ tướng quyết định, trả lời").fill("11/12/2026")
        page.get_by_label("Ngày tỉnh nhận thông báo của Bộ Nội vụ").fill("14/12/2026")
        row_of(page, 1).get_by_label("Không được khen thưởng", exact=True).check()
        row_of(page, 1).get_by_label("Lý do không khen thưởng").fill(REFUSED)
        complete(page, "Ghi nhận")
        take_task(page, "Báo kết quả cho đơn vị")
        page.get_by_label("Đã thông báo cho đơn vị").check()
        complete(page, "Xác nhận")


def read_the_results(page: Page, office: str) -> None:
    """Let the head of an office see every result of the office with its reason, and confirm."""
    with signed_in(page, HEADS[office]):
        take_task(page, "Nhận kết quả, thông báo")
        for nominee in NOMINEES[office]:
            status, reason = RESULTS[nominee["subject"]]
            row = page.get_by_role("row", name=nominee["subject"])
            expect(row).to_contain_text(reason)
        page.get_by_label("Đã thông báo cho các tập thể, cá nhân được nêu").check()
        complete(page, "Xác nhận đã thông báo")
        go_to(page, "Đề nghị của tôi")
        for nominee in NOMINEES[office]:
            status, reason = RESULTS[nominee["subject"]]
            expect(page.get_by_role("row", name=nominee["subject"])).to_contain_text(status)


def audit_every_path(page: Page) -> None:
    """Let the auditor find the cases that each nomination went through, and see the path each case walked."""
    with signed_in(page, AUDITOR):
        for subject, processes in PATHS.items():
            go_to(page, "Kiểm tra")
            page.get_by_label("Tìm theo mã hồ sơ, quy trình, tên bước, nội dung").fill(subject)
            page.get_by_label("Tìm cả trong diễn biến").check()
            page.get_by_role("button", name="Tìm", exact=True).click()
            expect(page.locator("tbody th a")).to_have_count(len(processes))
            for process in processes:
                expect(page.get_by_role("row", name=process)).to_contain_text("Đã kết thúc")
        for process, (done, skipped, person, sentence) in WALKED.items():
            go_to(page, "Kiểm tra")
            page.get_by_label("Quy trình", exact=True).select_option(label=process)
            page.get_by_label("Người tham gia").select_option(label=person)
            page.get_by_role("button", name="Tìm", exact=True).click()
            page.locator("tbody th a").click()
            read_the_path(page, done, skipped, f"{person} {sentence}")


def read_the_path(page: Page, done: str, skipped: str, sentence: str) -> None:
    """Compare the picture and the record of a case with what happened and who did it."""
    picture = page.locator(".diagram svg")
    expect(picture.locator(f'[data-element="{done}"].bv-done')).to_have_count(1)
    expect(picture.locator(f'[data-element="{skipped}"]:not(.bv-done):not(.bv-taken)')).to_have_count(1)
    assert picture.locator(".bv-taken").count() > 3
    expect(page.get_by_role("row", name=sentence).first).to_be_visible()
