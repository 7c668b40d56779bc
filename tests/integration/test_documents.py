"""Documents: what is frozen when they are issued, who signs, what replaces them, the files they become."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from lxml import etree
from sqlalchemy.orm import Session

from engine.errors import Refused
from tests import papers
from workflows import documents
from workflows.documents import About, edxml, files, templates
from workflows.documents.edxml import NAMESPACE
from workflows.tables import Document, DocumentTemplate, Unit


@pytest.fixture
def session() -> Iterator[Session]:
    with papers.office() as opened:
        yield opened


def test_a_letter_has_number_place_date_and_the_lines_of_who_signed(session: Session) -> None:
    issued = papers.letter(session)

    assert (issued.number, issued.year, issued.status) == ("01/TTr-SXD", 2026, "issued")
    assert issued.values["place_date"] == "Đà Nẵng, ngày 05 tháng 8 năm 2026"
    assert issued.values["superior"] == "ỦY BAN NHÂN DÂN THÀNH PHỐ"
    assert (issued.values["signature_lines"], issued.signer_name) == (["GIÁM ĐỐC"], "Lý Hồng Phúc")
    assert issued.values["recipients"][-1] == "- Lưu: VT."


def test_january_and_days_below_ten_take_a_zero_and_october_does_not(session: Session) -> None:
    january = papers.MORNING.replace(month=1, day=9)
    about = About(unit="TTTV")

    issued = documents.issue(session, papers.call("nam.tttv", january), "launch_plan", about)
    later = documents.issue(
        session, papers.call("nam.tttv", january.replace(month=10, day=10)), "launch_plan", about
    )

    assert issued.values["date_words"] == "ngày 09 tháng 01 năm 2026"
    assert later.values["date_words"] == "ngày 10 tháng 10 năm 2026"


def test_the_same_file_comes_out_later_also_when_unit_and_template_have_changed(session: Session) -> None:
    issued = papers.letter(session)
    first_docx, first_pdf = files.docx(session, issued), files.pdf(session, issued)

    session.query(Unit).filter(Unit.code == "SXD").update({"name": "Sở Xây dựng và Giao thông"})
    newer = papers.change_part(
        templates.carried("submission_letter"),
        "word/document.xml",
        lambda xml: xml.replace("Danh sách đề nghị khen thưởng:", "Danh sách kèm theo:"),
    )
    templates.add(session, "submission_letter", "", newer, "thao.it")
    second = papers.letter(session)

    assert files.docx(session, issued) == first_docx
    assert files.pdf(session, issued) == first_pdf
    assert "Danh sách kèm theo:" in papers.read_pages(files.pdf(session, second))[0]
    assert "Danh sách kèm theo:" not in papers.read_pages(first_pdf)[0]


def test_a_unit_uses_its_own_template_and_the_others_the_one_for_all(session: Session) -> None:
    own = templates.add(session, "launch_plan", "SXD", templates.carried("launch_plan"), "oanh.vps")

    chosen, other = (
        templates.choose(session, "launch_plan", "SXD"),
        templates.choose(session, "launch_plan", "P1"),
    )

    assert chosen == own.id
    assert session.get_one(DocumentTemplate, other).unit == ""


def test_letters_typed_decomposed_are_frozen_composed(session: Session) -> None:
    issued = papers.letter(session, intro="Đo\u031b\u0300i  sống", addressees=["Sở Nội vụ"])

    assert issued.values["intro"] == "Đời sống"


def test_an_error_of_content_is_replaced_by_a_new_document_with_a_number_of_its_own(session: Session) -> None:
    wrong = papers.letter(session, total="6")

    right = documents.replace_by(session, papers.call(), wrong, "Sai số lượng", {"total": "5"})

    assert (wrong.status, wrong.number) == ("replaced", "01/TTr-SXD")
    assert (right.status, right.number, right.replaces_id) == ("issued", "02/TTr-SXD", wrong.id)
    assert (wrong.values["total"], right.values["total"]) == ("6", "5")
    with pytest.raises(Refused, match="in force"):
        documents.replace_by(session, papers.call(), wrong, "Lần nữa", {})


def test_an_error_of_form_is_corrected_by_a_letter_and_the_document_stays(session: Session) -> None:
    wrong = papers.letter(session)
    row = {"place": "Trích yếu", "wrong": "tháng 8/2026", "right": "tháng 7/2026"}

    letter = documents.correct(session, papers.call(), wrong, "Sai trích yếu", [row])

    assert (letter.number, letter.corrects_id, wrong.status) == ("01/SXD-TĐKT", wrong.id, "issued")
    text = " ".join(papers.read_pages(files.pdf(session, letter)))
    assert "V/v đính chính Tờ trình số 01/TTr" in text
    assert text.count("Như trên") == 1
    assert "tháng 7/2026" in text


def test_receivers_acknowledge_and_confirm_a_recall(session: Session) -> None:
    issued = papers.letter(session)
    recipient = issued.recipients[0]
    documents.acknowledge(session, papers.call("an.p1"), recipient)
    received = recipient.acknowledged_at

    documents.cancel(session, papers.call(), issued, "Ban hành nhầm")
    documents.acknowledge(session, papers.call("an.p1", papers.MORNING + timedelta(days=1)), recipient)

    assert recipient.acknowledged_at == received
    assert recipient.recall_confirmed_at == papers.MORNING + timedelta(days=1)


def test_nobody_outside_the_leadership_signs(session: Session) -> None:
    with pytest.raises(Refused) as refusal:
        papers.letter(session, "an.p1")

    assert "Điều 13" in refusal.value.source
    assert session.query(Document).filter(Document.status == "issued").count() == 0


def test_a_table_of_sixty_nominees_repeats_its_heading_and_a_long_name_breaks(session: Session) -> None:
    long_name = ("Trung tâm Nghiên cứu và Chuyển giao tiến bộ kỹ thuật xây dựng " * 9)[:500].strip()
    nominees = [{**papers.NOMINEES[0], "subject": long_name}, *papers.NOMINEES[1:]]

    pages = papers.read_pages(files.pdf(session, papers.letter(session, nominees=nominees)))

    assert long_name in " ".join(pages)
    listing = [page for page in pages if "Ngọc Ánh" in page]
    assert len(listing) > 3
    assert all("Tóm tắt thành tích" in page for page in listing)
    assert [page.endswith(f" {number}") for number, page in enumerate(pages, 1)] == [
        False,
        *[True] * (len(pages) - 1),
    ]
    assert "Lý Hồng Phúc" in pages[-1]


def test_what_people_typed_is_text_in_the_file_not_markup_nor_code(session: Session) -> None:
    typed = "<w:p/> & {{ number }} {% for x in nominees %} </w:t>"

    text = papers.read_pages(files.pdf(session, papers.letter(session, intro=typed)))[0]

    assert typed in text


def test_an_edxml_packet_has_strict_prefixes_and_the_files_outside_the_envelope(session: Session) -> None:
    issued = papers.letter(session)

    packet = etree.fromstring(edxml.export(session, issued, [("to-trinh.pdf", "application/pdf", b"%PDF-")]))

    names = {"e": NAMESPACE}
    assert {element.prefix for element in packet.iter()} == {"edXML"}
    assert packet.xpath("string(//e:DocumentId)", namespaces=names) == "H17.16,2026/08/05,01/TTr-SXD"
    assert packet.xpath("string(//e:Code/e:CodeNumber)", namespaces=names) == "01"
    assert packet.xpath("string(//e:PromulgationInfo/e:PromulgationDate)", namespaces=names) == "2026/08/05"
    assert packet.xpath("count(//e:edXMLEnvelope//e:Attachment)", namespaces=names) == 0
    assert packet.xpath("string(/e:edXML/e:AttachmentEncoded//e:ContentTransferEncoded)", namespaces=names)
    assert not edxml.VERIFIED


def test_rows_are_completed_and_a_plain_name_is_a_row(session: Session) -> None:
    facts = {
        "nominees": ["Nguyễn An", {"subject": "Trần Bình", "form": "Giấy khen"}],
        "original": "01/QĐ-SXD",
    }

    issued = documents.issue(session, papers.call(), "revocation_decision", About(unit="SXD", facts=facts))

    rows = issued.values["nominees"]
    assert [(row["index"], row["subject"], row["form"]) for row in rows] == [
        (1, "Nguyễn An", ""),
        (2, "Trần Bình", "Giấy khen"),
    ]
    text = " ".join(papers.read_pages(files.pdf(session, issued)))
    assert "Hủy bỏ Quyết định số 01/QĐ-SXD" in text
    assert "Nguyễn An" in text
