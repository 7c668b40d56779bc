"""The movements' pages: entered by designers, later versions compared, quotas by date, who acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock
from tests.site import MOVEMENT, Visitor, open_site, sign_in
from web import db
from workflows import criteria, movements
from workflows.tables import Movement, MovementQuota, MovementRecipient, MovementVersion

PLAN = {
    "code": "12/KH-TTTV",
    "title": "Chuyển đổi số",
    "issuing_body": "Trung tâm Tư vấn",
    "issued_on": "2026-09-01",
    "contents": "Số hóa hồ sơ\nDùng chữ ký số",
    "center": "TTTV",
    "deadline_policy": "strict",
}
VERSION = {
    "number": "20/KH-TTTV",
    "issued_on": "2026-10-20",
    "applies_from": "2026-11",
    "reason": "Rút gọn",
    "title": "Chuyển đổi số",
    "contents": "Số hóa hồ sơ",
}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


def number_of(app: Flask, code: str) -> int:
    with app.app_context():
        return movements.find(db.db.session(), code).id


def entered(site: Flask) -> tuple[Visitor, int]:
    """Let a designer enter a movement; return the visitor and its id."""
    thao = sign_in(site, "thao.it")
    answer = thao.post("/movements/new", PLAN)
    assert answer.status_code == 303, answer.text
    return thao, number_of(site, PLAN["code"])


def test_a_designer_enters_a_movement_and_everybody_reads_it(site: Flask) -> None:
    _, movement_id = entered(site)

    page = sign_in(site, "an.p1").get(f"/movements/{movement_id}").text

    assert "Dùng chữ ký số" in page
    with site.app_context():
        stored = db.db.session().get(Movement, movement_id)
        assert stored is not None
        assert (stored.center, stored.deadline_policy) == ("TTTV", "strict")


def test_a_plan_s_text_can_be_pasted_instead(site: Flask) -> None:
    thao = sign_in(site, "thao.it")
    text = (
        "Số: 77/KH-SXD\nĐà Nẵng, ngày 5 tháng 9 năm 2026\nKẾ HOẠCH\nvới nội dung như sau:\n1. Số hóa hồ sơ.\n"
    )

    answer = thao.post(
        "/movements/new", {"plan_text": text, "title": "Số hóa", "issuing_body": "Sở", "code": ""}
    )

    assert answer.status_code == 303, answer.text
    assert "Số hóa hồ sơ" in thao.get(f"/movements/{number_of(site, '77/KH-SXD')}").text


def test_what_is_missing_is_named_and_everything_typed_is_kept(site: Flask) -> None:
    thao = sign_in(site, "thao.it")

    empty = thao.post("/movements/new", {**PLAN, "contents": "", "title": ""})
    twice = thao.post("/movements/new", {**PLAN, "code": MOVEMENT})

    assert (empty.status_code, twice.status_code) == (422, 422)
    assert 'value="12/KH-TTTV"' in empty.text
    assert "Đã có phong trào mang số này" in twice.text


def test_staff_enter_no_movements(site: Flask) -> None:
    an = sign_in(site, "an.p1")

    assert an.get("/movements/new").status_code == 403
    assert an.post("/movements/new", PLAN).status_code == 403


def test_two_versions_are_compared_line_by_line(site: Flask) -> None:
    thao, movement_id = entered(site)

    answer = thao.post(f"/movements/{movement_id}/versions/new", VERSION)
    page = sign_in(site, "an.p1").get(f"/movements/{movement_id}/compare?from=1&to=2").text

    assert answer.status_code == 303
    assert "<del>Dùng chữ ký số</del>" in page
    assert "<del>Số hóa hồ sơ</del>" not in page


def test_a_version_for_a_month_that_has_one_is_refused(site: Flask) -> None:
    thao, movement_id = entered(site)
    thao.post(f"/movements/{movement_id}/versions/new", VERSION)

    again = thao.post(f"/movements/{movement_id}/versions/new", {**VERSION, "number": "21/KH-TTTV"})
    wrong = thao.post(f"/movements/{movement_id}/versions/new", {**VERSION, "applies_from": "tháng 12"})

    assert (again.status_code, wrong.status_code) == (422, 422)
    with site.app_context():
        found = db.db.session().scalars(select(MovementVersion.number)).all()
    assert found == ["20/KH-TTTV"]


def test_a_quota_needs_a_source_and_a_later_one_ends_the_one_before(site: Flask) -> None:
    thao, movement_id = entered(site)
    quota = {
        "individuals": "3",
        "valid_from": "2026-09-01",
        "source": "12/KH-TTTV mục IV",
        "unit_code": "",
        "form": "",
    }
    address = f"/movements/{movement_id}/quotas"

    for values in (
        quota,
        {**quota, "source": " "},
        quota,
        {**quota, "individuals": "2", "valid_from": "2026-11-01"},
    ):
        thao.post(address, values)

    with site.app_context():
        query = (
            select(MovementQuota)
            .where(MovementQuota.movement_code == "12/KH-TTTV")
            .order_by(MovementQuota.id)
        )
        rows = [(row.individuals, str(row.valid_until)) for row in db.db.session().scalars(query)]
        days = [
            movements.quota(db.db.session(), "12/KH-TTTV", "P1", "certificate_of_merit", day)
            for day in (date(2026, 10, 15), date(2026, 11, 15))
        ]
    assert rows == [(3, "2026-10-31"), (2, "None")]
    assert [found.individuals for found in days if found is not None] == [3, 2]
    assert "không quá 2 cá nhân" in thao.get(f"/movements/{movement_id}").text


def test_the_page_shows_who_has_acknowledged_a_plan_and_who_has_not(site: Flask) -> None:
    _, movement_id = entered(site)
    with site.app_context(), db.transaction() as session:
        version = MovementVersion(
            movement_code="12/KH-TTTV", version=2, status="distributed", record={**PLAN, "contents": []}
        )
        session.add(version)
        session.flush()
        session.add_all(
            MovementRecipient(
                version_id=version.id, name=name, unit_code=code, purpose="implement", acknowledged_at=at
            )
            for name, code, at in (("Phòng Thiết kế", "P1", clock.now()), ("Phòng Giám sát", "P2", None))
        )

    page = sign_in(site, "an.p1").get(f"/movements/{movement_id}").text

    assert "đã gửi, chờ xác nhận" in page
    assert page.index("Phòng Thiết kế (thực hiện)") < page.index("đã xác nhận")
    assert 'Phòng Giám sát (thực hiện) – <span class="badge warn">chưa xác nhận' in page


def test_a_criterion_of_a_kind_of_subject_is_dated_and_needs_a_source(site: Flask) -> None:
    thao, movement_id = entered(site)
    criterion = {
        "subject_kind": "collective",
        "key": "digitised",
        "kind": "number",
        "bound": "90",
        "label": "số hóa ít nhất 90 % hồ sơ",
        "text": "Số hóa hồ sơ đạt từ 90 %.",
        "mandatory": "yes",
        "source": "12/KH-TTTV mục III",
        "valid_from": "2026-09-01",
    }
    address = f"/movements/{movement_id}/criteria"
    later = {**criterion, "bound": "95", "valid_from": "2026-11-01"}

    for values in (criterion, {**criterion, "source": ""}, {**criterion, "bound": "nhiều"}, criterion, later):
        thao.post(address, values)

    with site.app_context():
        bounds = [
            [row.bound for row in criteria.in_force(db.db.session(), "12/KH-TTTV", date(2026, month, 1))]
            for month in (8, 9, 10, 11)
        ]
    assert bounds == [[], [90], [90], [95]]
    assert "số hóa ít nhất 90 % hồ sơ" in thao.get(f"/movements/{movement_id}").text
