"""Staff at work in the pages: inbox, claiming, completing, every refusal, and where a nomination is."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock, deployments, instances
from engine.actors import SYSTEM
from tests.builders import Z, a_process
from tests.site import MOVEMENT, Visitor, newest_task, open_site, sign_in, start_proposal
from web import db
from workflows.tables import Person

ROW = {
    "nominees-0-_row": "1",
    "nominees-0-subject_kind": "individual",
    "nominees-0-subject": "Nguyễn Hồng Ánh",
    "nominees-0-type": "thematic",
    "nominees-0-form": "certificate_of_commendation",
    "nominees-0-influence": "department",
    "nominees-0-achievement": "Thiết kế chốt kiểm soát trước hạn",
    "nominees-0-achieved_on": "20/09/2026",
    "nominees-0-report_attested": "true",
    "nominees-0-tasks_completed": "true",
    "nominees-0-contributed": "true",
    "nominees-0-complied": "true",
    "nominees-0-not_criticised": "true",
}
PROPOSAL = {"report_kind": "proposal", "nominees-_rows": "1", **ROW}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app, clock.pinned(datetime(2026, 10, 5, 9, 0, tzinfo=clock.ZONE)):
        yield app


def read_csv(visitor: Visitor, address: str) -> list[list[str]]:
    text = visitor.get(address).data.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_started_case_waits_in_the_inbox_of_the_group_and_of_nobody_else(site: Flask) -> None:
    an, chi = sign_in(site, "an.p1"), sign_in(site, "chi.p2")

    task_id = start_proposal(an)

    assert "P1/598/2026-10" in an.get("/tasks/?scope=group").text
    assert "P1/598/2026-10" not in chi.get("/tasks/?scope=group").text
    assert chi.get(f"/tasks/{task_id}").status_code == 403


def test_claiming_moves_a_task_to_my_list_and_releasing_gives_it_back(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    task_id = start_proposal(an)

    an.post(f"/tasks/{task_id}/claim")
    held = an.get("/tasks/?scope=mine").text
    an.post(f"/tasks/{task_id}/release")

    assert f"/tasks/{task_id}" in held
    assert f"/tasks/{task_id}" not in an.get("/tasks/?scope=mine").text
    assert f"/tasks/{task_id}" in an.get("/tasks/?scope=group").text


def test_a_wrong_form_keeps_what_was_typed_and_links_to_the_fields(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    task_id = start_proposal(an)

    answer = an.post(f"/tasks/{task_id}/complete", {**PROPOSAL, "nominees-0-achievement": ""})

    assert answer.status_code == 422
    assert "Nguyễn Hồng Ánh" in answer.text
    assert re.search(r'<a href="#field-nominees-0-achievement">', answer.text)
    assert an.get(f"/tasks/{task_id}").status_code == 200


def test_completing_an_unclaimed_task_claims_it_and_passes_it_on(site: Flask) -> None:
    an, binh = sign_in(site, "an.p1"), sign_in(site, "binh.p1")
    task_id = start_proposal(an)

    answer = an.post(f"/tasks/{task_id}/complete", PROPOSAL)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/tasks/")
    assert "Đã hoàn thành “Lập danh sách đề nghị”." in an.get("/tasks/").text
    assert "Trưởng phòng xem xét, ký" in binh.get("/tasks/?scope=group").text
    assert "Nguyễn Thanh An" in an.get(f"/tasks/{task_id}").text


def test_completing_twice_is_refused_and_says_who_and_when(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    task_id = start_proposal(an)
    an.post(f"/tasks/{task_id}/complete", PROPOSAL)

    page = {"Referer": f"http://localhost/tasks/{task_id}"}
    answer = an.post(f"/tasks/{task_id}/complete", PROPOSAL, headers=page)

    assert answer.status_code == 409
    assert "Nguyễn Thanh An xử lý xong lúc 05/10/2026 09:00" in answer.text
    assert f'href="/tasks/{task_id}"' in answer.text


def test_the_way_back_leads_to_no_other_site_and_never_to_a_dead_end(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    task_id = start_proposal(an)
    an.post(f"/tasks/{task_id}/complete", PROPOSAL)

    answer = an.post(f"/tasks/{task_id}/claim", headers={"Referer": "http://elsewhere.example/tasks/1"})

    assert answer.status_code == 409
    assert "Mở lại trang đó" not in answer.text
    assert an.get(f"/tasks/{task_id}/complete").request.path == f"/tasks/{task_id}"


def test_completing_what_another_holds_is_refused(site: Flask) -> None:
    an, chi = sign_in(site, "an.p1"), sign_in(site, "chi.p2")
    task_id = start_proposal(an)

    answer = chi.post(f"/tasks/{task_id}/complete", PROPOSAL)

    assert answer.status_code == 403
    assert chi.get("/tasks/4711").status_code == 404


def test_who_may_not_do_a_step_for_four_eyes_is_told_why_before_typing(site: Flask) -> None:
    four_eyes = Z.properties(Z.property(name="bv:fourEyes", value="true"))
    process = a_process("eyes").start().user_task("propose", candidateUsers="an.p1")
    process.user_task("approve", four_eyes, candidateUsers="an.p1, binh.p1").end()
    with site.app_context(), db.transaction() as session:
        deployments.deploy(session, [process.file()], SYSTEM)
        instances.start(session, "eyes", {}, SYSTEM)
    an, binh = sign_in(site, "an.p1"), sign_in(site, "binh.p1")
    an.post(f"/tasks/{newest_task(an)}/complete")
    approve = newest_task(binh)

    excluded, allowed = an.get(f"/tasks/{approve}").text, binh.get(f"/tasks/{approve}").text

    assert "Bạn không làm được việc này: sơ đồ yêu cầu hai người khác nhau" in excluded
    assert f'action="/tasks/{approve}/complete"' not in excluded
    assert f'action="/tasks/{approve}/claim"' not in excluded
    assert f'action="/tasks/{approve}/complete"' in allowed
    assert "Nguyễn Thanh An, " in allowed
    assert "user:" not in allowed


def test_a_stranger_is_told_neither_the_name_nor_the_holder_of_a_task(site: Flask) -> None:
    an, chi = sign_in(site, "an.p1"), sign_in(site, "chi.p2")
    task_id = start_proposal(an)
    an.post(f"/tasks/{task_id}/claim")

    answers = [chi.get(f"/tasks/{task_id}"), chi.post(f"/tasks/{task_id}/claim")]
    answers.append(chi.post(f"/tasks/{task_id}/complete"))

    assert {answer.status_code for answer in answers} == {403}
    for answer in answers:
        assert "Lập danh sách" not in answer.text
        assert "Nguyễn Thanh An" not in answer.text


def test_adding_a_row_needs_no_javascript_and_completes_nothing(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    task_id = start_proposal(an)
    data = {"report_kind": "proposal", "nominees-_rows": "0", "_add": "nominees"}

    page = an.post(f"/tasks/{task_id}/complete", data)
    fragment = an.post(f"/tasks/{task_id}/complete", data, headers={"X-Fragment": "form"})

    assert page.status_code == fragment.status_code == 200
    assert 'name="nominees-0-subject"' in page.text
    assert "<html" in page.text
    assert "<html" not in fragment.text
    assert "data-form" in fragment.text


def test_a_rule_of_the_domain_refuses_at_the_form_with_its_source(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    start_proposal(an)

    answer = an.post("/start/office_proposal", {"movement": MOVEMENT, "period": "2026-10"})

    assert answer.status_code == 422
    assert "598/KH-TTTV mục IV" in answer.text
    assert 'value="2026-10"' in answer.text


def test_only_the_unit_that_starts_a_process_may_start_it(site: Flask) -> None:
    oanh = sign_in(site, "oanh.vps")

    answer = oanh.post("/start/office_proposal", {"movement": MOVEMENT, "period": "2026-10"})

    assert answer.status_code == 403
    assert "Không có quy trình nào" in oanh.get("/start/").text
    assert oanh.get("/start/nothing").status_code == 404


def test_the_inbox_is_searched_sorted_and_exported(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    for period in ("2026-12", "2026-10", "2026-11"):
        start_proposal(an, period)

    soonest = read_csv(an, "/tasks/?scope=group&sort=due&format=csv")
    latest = read_csv(an, "/tasks/?scope=group&sort=-due&format=csv")
    found = read_csv(an, "/tasks/?scope=group&q=2026-11&format=csv")
    none = read_csv(an, "/tasks/?scope=group&process=center_consolidation&format=csv")
    loud = read_csv(an, f"/tasks/?scope=group&q={unicodedata.normalize('NFD', 'ĐỀ XUẤT')}&format=csv")

    assert [row[2][-2:] for row in soonest[1:]] == ["10", "11", "12"]
    assert [row[2][-2:] for row in latest[1:]] == ["12", "11", "10"]
    assert [row[2] for row in found[1:]] == ["P1/598/2026-11"]
    assert none == [soonest[0]]
    assert len(loud) == 4


def test_a_task_past_its_due_moment_says_so_in_words(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    start_proposal(an)

    with clock.pinned(datetime(2026, 10, 19, 9, 0, tzinfo=clock.ZONE)):
        page = an.get("/tasks/?scope=group").text

    assert "quá hạn 3 ngày" in page
    assert 'title="16/10/2026 00:00"' in page


def test_an_office_sees_where_its_nominees_are_and_no_other_office_does(site: Flask) -> None:
    an, binh, chi = sign_in(site, "an.p1"), sign_in(site, "binh.p1"), sign_in(site, "chi.p2")
    an.post(f"/tasks/{start_proposal(an)}/complete", PROPOSAL)
    binh.post(f"/tasks/{newest_task(binh)}/complete", {"decision": "sign"})

    listed = read_csv(an, "/nominations/?format=csv")
    page = an.get("/nominations/1")

    assert listed[1][0] == "Nguyễn Hồng Ánh"
    assert listed[1][4] == "tháng 10/2026"
    assert "Trưởng phòng ký" in page.text
    assert chi.get("/nominations/1").status_code == 403
    assert len(read_csv(chi, "/nominations/?format=csv")) == 1


def test_a_name_that_looks_like_a_formula_reaches_no_spreadsheet_as_one(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    an.post(f"/tasks/{start_proposal(an)}/complete", {**PROPOSAL, "nominees-0-subject": "=HYPERLINK(1)"})

    listed = read_csv(an, "/nominations/?format=csv")

    assert listed[1][0] == "'=HYPERLINK(1)"


def test_a_page_shows_what_people_wrote_as_text_never_as_markup(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    script = "<script>alert(1)</script>"
    an.post(f"/tasks/{start_proposal(an)}/complete", {**PROPOSAL, "nominees-0-subject": script})

    page = an.get("/nominations/")

    assert script not in page.text
    assert "&lt;script&gt;" in page.text


def test_the_movements_show_criteria_forms_notes_and_source(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    listed = read_csv(an, "/movements/?format=csv")
    found = re.search(r'href="(/movements/\d+)">[^<]*COVID', an.get("/movements/?q=598").text)
    assert found is not None

    page = an.get(found[1]).text

    assert MOVEMENT in [row[0] for row in listed]
    assert "Tiêu chí" in page
    assert "Giấy khen của Giám đốc Sở Xây dựng" in page
    assert "6619/KH-SXD" in page
    assert "Trước ngày 16 hằng tháng" in page


def test_names_of_people_stand_in_the_pages_not_their_logins(site: Flask) -> None:
    an = sign_in(site, "an.p1")
    task_id = start_proposal(an)
    an.post(f"/tasks/{task_id}/claim")
    with site.app_context():
        name = db.db.session().scalars(select(Person.name).where(Person.login == "an.p1")).one()

    page = an.get("/tasks/?scope=mine").text

    assert name in page
    assert "an.p1" not in page
