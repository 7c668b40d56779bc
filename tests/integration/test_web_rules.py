"""The catalogue of awards and the rules behind it: by date, with sources and marks; designers add rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.site import open_site, sign_in
from web import db
from workflows.tables import Rule

SUPPLEMENT = (
    '{"name": {"vi": "Bổ sung hồ sơ", "en": "Supplement"}, "days": 5, "unit": "working_day", '
    '"counting": "after_event_day", "counted_from": {"vi": "kể từ ngày trả lại", "en": "from the return"}}'
)
NEW = {
    "topic": "limit",
    "key": "supplement",
    "values": SUPPLEMENT,
    "valid_from": "2027-01-01",
    "source": "Quyết định 5/QĐ-TTTV",
    "verified": "on",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site with the carried rules."""
    with open_site(tmp_path) as app:
        yield app


def test_the_catalogue_names_deciders_votes_money_and_marks_what_is_not_verified(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    then = visitor.get("/rules/?day=2025-08-01&sort=name").text
    now = visitor.get("/rules/?day=2026-11-02").text

    assert "Chiến sĩ thi đua cấp tỉnh" in then
    assert "từ 90% tổng số thành viên Hội đồng" in then
    assert "0,6 × lương cơ sở" in then
    assert "NĐ 152/2025/NĐ-CP" in then
    assert "Luật 06/2026/QH16" in now
    assert "chưa kiểm chứng" in now


def test_the_catalogue_is_filtered_sorted_and_taken_away(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    text = visitor.get("/rules/?kind=title&sort=-name&format=csv").get_data().decode("utf-8-sig")
    every = visitor.get("/rules/all?topic=limit&q=bo+sung&format=csv").get_data().decode("utf-8-sig")

    names = [row[0] for row in list(csv.reader(io.StringIO(text)))[1:]]
    assert len(names) == 8
    assert names[0].startswith("Tập thể lao động xuất sắc")
    assert [row[1] for row in list(csv.reader(io.StringIO(every)))[1:]] == ["Bổ sung hồ sơ"]


def test_the_page_of_an_award_cites_every_source_in_both_languages(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    page = visitor.get("/rules/forms/emulation_fighter_grassroots?day=2024-06-01").text
    missing = visitor.get("/rules/forms/unknown")

    assert "NĐ 98/2023 Đ30k7" in page
    assert "từ 80% tổng số thành viên Hội đồng" in page
    assert "Kết quả bỏ phiếu của Hội đồng" in page
    assert missing.status_code == 404


def test_a_designer_adds_the_next_row_and_the_one_before_ends(site: Flask) -> None:
    visitor = sign_in(site, "thao.it")

    answer = visitor.post("/rules/new", {**NEW, "succeed": "on"})

    assert answer.status_code == 303
    page = visitor.get(answer.location).text
    assert "5 ngày làm việc" in page
    assert "đến trước 01/01/2027" in page
    with site.app_context():
        rows = db.db.session().scalars(select(Rule).where(Rule.key == "supplement").order_by(Rule.id)).all()
        assert [(row.added_by, row.ended_by) for row in rows] == [("", "thao.it"), ("thao.it", "")]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "trùng thời gian hiệu lực"),
        ({"source": " "}, "Quy tắc phải có nguồn"),
        ({"values": "{"}, "phải là một đối tượng JSON"),
        ({"values": '{"days": 5, "more": 1}'}, 'Giá trị (JSON) <span class="mono">more</span>'),
        ({"valid_from": "31/12/2026"}, "Ngày không hợp lệ"),
        ({"topic": "unknown"}, "Không có chủ đề này"),
    ],
)
def test_a_wrong_row_is_refused_with_everything_typed_kept(
    site: Flask, changes: dict[str, str], said: str
) -> None:
    visitor = sign_in(site, "thao.it")

    answer = visitor.post("/rules/new", {**NEW, "note": "ghi chú đã gõ", **changes})

    assert answer.status_code == 422
    assert said in answer.text
    assert "ghi chú đã gõ" in answer.text
    with site.app_context():
        assert len(db.db.session().scalars(select(Rule).where(Rule.key == "supplement")).all()) == 1


def test_only_designers_add_rules(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    assert visitor.get("/rules/new").status_code == 403
    assert visitor.post("/rules/new", NEW).status_code == 403
