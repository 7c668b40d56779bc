"""The pages of documents: who sees which, files, acknowledgement, replacement, templates of offices."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests import papers
from tests.integration import handler_calls as calls
from tests.site import Visitor, open_site, sign_in
from web import db
from workflows import documents
from workflows.documents import About, templates
from workflows.tables import Document, DocumentTemplate, Recipient

OCTOBER_10 = calls.at(2026, 10, 10, 9)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site where the centre has reported to the department and the department has launched a plan."""
    with open_site(tmp_path) as app:
        with app.app_context(), db.transaction() as session:
            about = About(
                unit="TTTV",
                subject_line="Tổng hợp đề xuất tháng 10/2026",
                recipients=(("Sở Xây dựng", "SXD", "report"), ("Phòng Thiết kế", "P1", "know")),
            )
            documents.issue(session, papers.call("nam.tttv", OCTOBER_10), "monthly_report", about)
            plan = About(unit="SXD", subject_line="Phát động phong trào")
            documents.issue(session, papers.call("phuc.sxd", OCTOBER_10), "launch_plan", plan)
        yield app


def listed(visitor: Visitor, arguments: str = "") -> list[str]:
    """Return the numbers of the list as a file."""
    text = visitor.get(f"/documents/?format=csv{arguments}").get_data().decode("utf-8-sig")
    return sorted(row[0] for row in list(csv.reader(io.StringIO(text)))[1:])


def id_of(app: Flask, number: str) -> int:
    with app.app_context():
        return db.db.session().scalars(select(Document.id).where(Document.number == number)).one()


def test_people_see_what_their_unit_issued_what_is_below_it_and_what_was_sent_to_it(site: Flask) -> None:
    seen = {
        login: listed(sign_in(site, login))
        for login in ("an.p1", "chi.p2", "mai.tchc", "oanh.vps", "uyen.tt")
    }

    assert seen == {
        "an.p1": ["01/BC-TTTV"],
        "chi.p2": [],
        "mai.tchc": ["01/BC-TTTV"],
        "oanh.vps": ["01/BC-TTTV", "01/KH-SXD"],
        "uyen.tt": ["01/BC-TTTV", "01/KH-SXD"],
    }


def test_a_document_of_others_and_its_files_are_refused(site: Flask) -> None:
    number, stranger = id_of(site, "01/BC-TTTV"), sign_in(site, "chi.p2")

    answers = [
        stranger.get(f"/documents/{number}{way}").status_code for way in ("", "/pdf", "/docx", "/edxml")
    ]
    refused = stranger.post(f"/documents/{number}/cancel", {"reason": "x"})

    assert answers == [403] * 4
    assert refused.status_code == 403


def test_the_list_is_filtered_sorted_and_found_without_diacritics(site: Flask) -> None:
    auditor = sign_in(site, "uyen.tt")

    assert listed(auditor, "&kind=launch_plan") == ["01/KH-SXD"]
    assert listed(auditor, "&unit=TTTV") == ["01/BC-TTTV"]
    assert listed(auditor, "&q=tong+hop+de+xuat") == ["01/BC-TTTV"]
    assert listed(auditor, "&year=2025") == []
    assert "01/KH-SXD" in auditor.get("/documents/?sort=-number").text


def test_files_come_with_their_names_and_types(site: Flask) -> None:
    number, visitor = id_of(site, "01/BC-TTTV"), sign_in(site, "mai.tchc")

    pdf, docx, packet = (visitor.get(f"/documents/{number}/{kind}") for kind in ("pdf", "docx", "edxml"))

    assert (pdf.content_type, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    assert "Ngô Hoài Nam" in " ".join(papers.read_pages(pdf.data))
    assert docx.data[:2] == b"PK"
    assert docx.headers["Content-Disposition"] == 'attachment; filename="2026-01-BC-TTTV.docx"'
    assert packet.content_type == "application/xml"
    assert b"QCVN_102_2016" in packet.data


def test_a_receiver_acknowledges_once_and_nobody_else_can(site: Flask) -> None:
    number = id_of(site, "01/BC-TTTV")
    with site.app_context():
        query = select(Recipient.id).where(Recipient.document_id == number, Recipient.unit == "SXD")
        recipient = db.db.session().scalars(query).one()
    address = f"/documents/{number}/recipients/{recipient}"

    other = sign_in(site, "an.p1").post(address)
    receiver = sign_in(site, "oanh.vps")
    own = receiver.post(address)

    assert (other.status_code, own.status_code) == (422, 303)
    assert "Dương Kiều Oanh" in receiver.get(f"/documents/{number}").text


def test_who_may_sign_replaces_with_a_reason_and_staff_do_not(site: Flask) -> None:
    number = id_of(site, "01/BC-TTTV")
    director, staff = sign_in(site, "nam.tttv"), sign_in(site, "mai.tchc")
    change = {"reason": "Sai kỳ báo cáo", "value.subject_line": "Tổng hợp đề xuất tháng 9/2026"}

    unreasoned = director.post(f"/documents/{number}/replace", {"reason": " "})
    refused = staff.post(f"/documents/{number}/replace", change)
    done = director.post(f"/documents/{number}/replace", change)

    assert (unreasoned.status_code, refused.status_code, done.status_code) == (422, 422, 303)
    page = director.get(done.headers["Location"]).text
    assert "02/BC-TTTV" in page
    assert "tháng 9/2026" in page
    assert "01/BC-TTTV" in page
    assert "Thay thế, đính chính, hủy" not in staff.get(f"/documents/{number}").text
    assert "Đã được thay thế" in staff.get(f"/documents/{number}").text


def test_a_desk_brings_a_template_of_its_own_unit_and_no_other(site: Flask) -> None:
    content, desk = templates.carried("launch_plan"), sign_in(site, "oanh.vps")

    def send(unit: str, file: bytes) -> int:
        sent = {"kind": "launch_plan", "unit": unit, "file": (io.BytesIO(file), "mau.docx")}
        return desk.post("/document-templates/", sent, content_type="multipart/form-data").status_code

    assert [send("SXD", content), send("TTTV", content), send("", content)] == [303, 403, 403]
    broken = papers.change_part(
        content, "word/document.xml", lambda xml: xml.replace("{{ organ }}", "{{ x }}")
    )
    assert send("SXD", broken) == 422
    with site.app_context():
        kept = db.db.session().scalars(select(DocumentTemplate).where(DocumentTemplate.unit == "SXD")).one()
        assert (kept.version, kept.uploaded_by) == (1, "oanh.vps")


def test_a_designer_looks_at_a_template_and_brings_the_next_version_for_all(site: Flask) -> None:
    designer = sign_in(site, "thao.it")
    page = designer.get("/document-templates/").text
    given = designer.get("/document-templates/launch_plan.docx").data

    sent = {"kind": "launch_plan", "unit": "", "file": (io.BytesIO(given), "mau.docx")}
    answer = designer.post("/document-templates/", sent, content_type="multipart/form-data")

    assert "Kế hoạch phát động" in page
    assert answer.status_code == 303
    assert designer.get("/document-templates/launch_plan.pdf").data[:5] == b"%PDF-"
    with site.app_context():
        query = select(DocumentTemplate.version).where(DocumentTemplate.kind == "launch_plan")
        assert sorted(db.db.session().scalars(query)) == [1, 2]


def test_an_achievement_report_is_filled_from_the_dossier_for_those_who_see_it(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        calls.propose(session, "P1", OCTOBER_10, [calls.individual("Nguyễn Thanh An")])
        number = calls.nomination(session, "Nguyễn Thanh An").id
    address = f"/documents/reports/{number}"

    pdf = sign_in(site, "an.p1").get(f"{address}.pdf")
    docx = sign_in(site, "oanh.vps").get(f"{address}.docx")
    refused = sign_in(site, "chi.p2").get(f"{address}.pdf")

    text = " ".join(papers.read_pages(pdf.data))
    assert "BÁO CÁO THÀNH TÍCH" in text
    assert "Họ tên: Nguyễn Thanh An" in text
    assert "XÁC NHẬN CỦA CẤP TRÌNH" in text
    assert (docx.data[:2], refused.status_code) == (b"PK", 403)


@pytest.mark.parametrize("address", ["/documents/", "/document-templates/"])
def test_the_pages_speak_english_too(site: Flask, address: str) -> None:
    visitor = sign_in(site, "thao.it" if "templates" in address else "uyen.tt")
    visitor.post("/language", {"language": "en", "back": address})

    page = visitor.get(address).text

    assert "Documents" in page
    assert "Mẫu văn bản" not in page
