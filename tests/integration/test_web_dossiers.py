"""The dossier on its page: papers, hostile files, what it rests on, every rule; nobody else may change it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.integration import handler_calls as calls
from tests.site import Visitor, open_site, sign_in
from web import db
from workflows.dossiers import evidence
from workflows.tables import EvidenceFile, Initiative, Nomination

OCTOBER_10 = calls.at(2026, 10, 10, 9)
PDF = b"%PDF-1.7\n" + b"x" * 100


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site where P1 wrote one nominee for the title CSTĐCS that still is with the office."""
    with open_site(tmp_path) as app:
        with app.app_context(), db.transaction() as session:
            row = calls.individual("An", form="emulation_fighter_grassroots", type="merit")
            case = calls.open_proposal(session, "P1", OCTOBER_10)
            case |= calls.run(
                session,
                "proposals.prepare",
                OCTOBER_10,
                {**case, "report_kind": "proposal", "nominees": [row]},
            )
            calls.run(session, "proposals.check_criteria", OCTOBER_10, case)
        yield app


def nominee(app: Flask) -> Nomination:
    with app.app_context():
        return db.db.session().scalars(select(Nomination)).one()


def send(visitor: Visitor, app: Flask, name: str, content: bytes, paper: str = "rating") -> TestResponse:
    data = {"paper": paper, "file": (io.BytesIO(content), name)}
    answer = visitor.post(f"{address(app)}/files", data, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # the test client writes a large body to a temporary file
    return answer


def address(app: Flask) -> str:
    return f"/nominations/{nominee(app).id}/dossier"


def test_the_dossier_shows_papers_missing_and_every_rule_hit_or_missed_with_its_source(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    page = visitor.get(address(site)).text
    first = visitor.get(f"/nominations/{nominee(site).id}").text

    assert nominee(site).status == "ineligible"
    for text in (page, first):
        assert "Chiến sĩ thi đua cơ sở: hoàn thành xuất sắc nhiệm vụ" in text
        assert "Luật Thi đua, khen thưởng 2022 Đ23" in text
        assert "không bị phê bình, nhắc nhở" in text  # a criterion of the plan that is met
        assert "chưa kiểm chứng" in text
    assert "Kết quả bỏ phiếu của Hội đồng" in page
    assert "còn thiếu" in page


def test_a_rating_recorded_makes_the_nominee_eligible_at_once(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    rating = {"year": "2025", "rating": "excellent", "document": "Quyết định 9/QĐ-TTTV"}
    answer = visitor.post(f"{address(site)}/ratings", rating)

    assert answer.status_code == 303
    assert nominee(site).status == "draft"
    assert "Hoàn thành xuất sắc nhiệm vụ" in visitor.get(address(site)).text


def test_a_file_is_kept_as_it_came_and_sent_as_an_attachment(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    answer = send(visitor, site, "../Báo cáo.PDF", PDF)

    assert answer.status_code == 303
    with site.app_context():
        row = db.db.session().scalars(select(EvidenceFile)).one()
    sent = visitor.get(f"{address(site)}/files/{row.id}")
    assert (row.file_name, row.size) == ("Báo cáo.pdf", len(PDF))
    assert sent.get_data() == PDF
    assert sent.headers["Content-Disposition"].startswith("attachment;")
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    assert sent.mimetype == "application/pdf"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.html", b"<script>alert(1)</script>"),
        ("a.pdf", b"<script>alert(1)</script>"),
        ("a.pdf", b""),
        ("a.svg", b"<svg/>"),
        ("a.docx", b"MZ\x90\x00"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(site: Flask, name: str, content: bytes) -> None:
    visitor = sign_in(site, "an.p1")

    answer = send(visitor, site, name, content)

    assert answer.status_code == 422
    with site.app_context():
        assert db.db.session().scalars(select(EvidenceFile)).all() == []


def test_a_file_of_five_megabytes_is_taken_and_a_larger_one_than_allowed_is_not(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    taken = send(visitor, site, "a.pdf", PDF + b"x" * 5 * evidence.MEGABYTE)
    refused = send(visitor, site, "b.pdf", PDF + b"x" * evidence.LARGEST_FILE)
    huge = send(visitor, site, "c.pdf", PDF + b"x" * 12 * evidence.MEGABYTE)

    assert (taken.status_code, refused.status_code, huge.status_code) == (303, 422, 413)


def test_a_file_taken_back_stays_recorded_and_is_not_sent_any_more(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")
    send(visitor, site, "a.pdf", PDF)

    answer = visitor.post(f"{address(site)}/files/1/remove")

    assert answer.status_code == 303
    assert visitor.get(f"{address(site)}/files/1").status_code == 404
    with site.app_context():
        assert db.db.session().scalars(select(EvidenceFile.removed_by)).one() == "an.p1"


def test_a_wrong_entry_is_refused_by_field_and_nothing_is_stored(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")

    year = visitor.post(f"{address(site)}/ratings", {"year": "3000", "rating": "excellent", "document": "x"})
    ground = visitor.post(f"{address(site)}/procedure", {"procedure": "simplified", "ground": ""})
    figure = visitor.post(f"{address(site)}/figures", {"service_years": "=1+1"})

    assert [year.status_code, ground.status_code, figure.status_code] == [422, 422, 422]
    assert "thủ tục thông thường" in ground.text


@pytest.mark.parametrize(("login", "reads"), [("chi.p2", False), ("mai.tchc", True), ("quynh.snv", True)])
def test_other_units_never_change_a_dossier_and_see_it_as_they_see_the_nomination(
    site: Flask, login: str, reads: bool
) -> None:
    send(sign_in(site, "an.p1"), site, "a.pdf", PDF)
    visitor = sign_in(site, login)

    seen = {visitor.get(address(site)).status_code, visitor.get(f"{address(site)}/files/1").status_code}
    changed = visitor.post(f"{address(site)}/ratings", {"year": "2025", "rating": "good", "document": "x"})

    assert seen == ({200} if reads else {403})
    assert changed.status_code == 403


def test_what_was_submitted_can_no_longer_be_changed(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        session.scalars(select(Nomination)).one().status = "open"
    visitor = sign_in(site, "an.p1")

    answer = send(visitor, site, "a.pdf", PDF)

    assert answer.status_code == 422
    assert "đã trình, không sửa được nữa" in answer.text


def test_a_thematic_award_is_shown_as_no_basis_and_an_initiative_belongs_to_one_subject(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")
    past = {"form": "certificate_of_commendation", "type": "thematic", "year": "2025", "as_basis": "on"}
    initiative = {"scope": "unit", "recognised_by": "Sở", "document": "QĐ 2", "recognised_on": "2026-01-05"}
    with site.app_context(), db.transaction() as session:
        other = {"recorded_by": "x", "recorded_at": OCTOBER_10, "subject_key": "individual|binh"}
        session.add(
            Initiative(key="sk-1", name="SK-1", **other, **initiative | {"recognised_on": OCTOBER_10.date()})
        )

    added = visitor.post(f"{address(site)}/previous-awards", {**past, "decision_number": "08/QĐ-SXD"})
    own = visitor.post(f"{address(site)}/initiatives", {**initiative, "name": "SK-2"})
    taken = visitor.post(f"{address(site)}/initiatives", {**initiative, "name": "SK-1"})

    assert [added.status_code, own.status_code, taken.status_code] == [303, 303, 422]
    page = visitor.get(address(site)).text
    assert "không dùng làm căn cứ" in page
    assert "SK-2" in page
