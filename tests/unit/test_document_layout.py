"""How a DOCX becomes a printed page: what offices use in Word is what the PDF shows."""

from __future__ import annotations

import io
from collections.abc import Callable

import docx
import pypdfium2
import pytest
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt

from tests import papers
from workflows.documents.docx_html import to_html
from workflows.documents.docx_numbering import spell
from workflows.documents.docx_parts import read_package
from workflows.documents.pdf import lay_out
from workflows.documents.wording import compose_all, list_recipients, write_money


def made(write: Callable[..., None]) -> bytes:
    """Return a DOCX as Word would save it."""
    document, out = docx.Document(), io.BytesIO()
    write(document)
    document.save(out)
    return out.getvalue()


def html_of(write: Callable[..., None]) -> str:
    return to_html(read_package(made(write)))


def size_of(pdf: bytes) -> tuple[float, ...]:
    document = pypdfium2.PdfDocument(pdf)
    size = document[0].get_size()
    document.close()
    return tuple(round(side) for side in size)


def test_paper_and_margins_are_those_of_the_section() -> None:
    def write(document: object) -> None:
        section = document.sections[0]  # type: ignore[attr-defined]
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Mm(297), Mm(210)
        section.left_margin = Mm(30)
        document.add_paragraph("Giấy khen")  # type: ignore[attr-defined]

    paper = lay_out(made(write))

    assert size_of(paper.content) == (842, 595)
    assert round(papers.find_text(paper.content, 0, "Giấy khen").left) == round(30 / 25.4 * 72) + 1


def test_runs_keep_weight_slant_size_and_paragraphs_their_alignment() -> None:
    def write(document: object) -> None:
        paragraph = document.add_paragraph()  # type: ignore[attr-defined]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = paragraph.add_run("TỜ TRÌNH")
        run.bold, run.italic, run.font.size = True, True, Pt(14)

    html = html_of(write)

    assert "text-align:center" in html
    assert "font-size:14pt;font-weight:bold;font-style:italic" in html


def test_merged_cells_keep_their_place() -> None:
    def write(document: object) -> None:
        table = document.add_table(rows=3, cols=3)  # type: ignore[attr-defined]
        table.cell(0, 0).merge(table.cell(0, 1)).text = "ngang"
        table.cell(1, 2).merge(table.cell(2, 2)).text = "dọc"

    html = html_of(write)

    assert html.count("<td") == 7
    assert 'colspan="2" rowspan="1"' in html
    assert 'colspan="1" rowspan="2"' in html


def test_numbered_paragraphs_are_counted() -> None:
    def write(document: object) -> None:
        for text in ("Thuận lợi", "Khó khăn"):
            document.add_paragraph(text, style="List Number")  # type: ignore[attr-defined]

    text = papers.read_pages(lay_out(made(write)).content)[0]

    assert text == "1. Thuận lợi 2. Khó khăn"


def test_a_forced_page_break_begins_a_page_and_the_page_is_counted_in_the_header() -> None:
    def write(document: object) -> None:
        document.sections[0].footer.paragraphs[0].text = "Chân trang"  # type: ignore[attr-defined]
        document.add_paragraph("Một")  # type: ignore[attr-defined]
        document.add_page_break()  # type: ignore[attr-defined]
        document.add_paragraph("Hai")  # type: ignore[attr-defined]

    pages = papers.read_pages(lay_out(made(write)).content)

    assert pages == ["Một Chân trang", "Hai Chân trang"]


def test_every_vietnamese_letter_is_in_the_carried_font() -> None:
    letters = "".join(chr(code) for code in range(0x1EA0, 0x1EFA)) + "ăâđêôơưĂÂĐÊÔƠƯàáảãạ–“”…₫"

    text = papers.read_pages(lay_out(made(lambda document: document.add_paragraph(letters))).content)[0]

    assert text.replace(" ", "") == letters


def test_text_between_typed_blanks_stays_apart() -> None:
    html = html_of(lambda document: document.add_paragraph("Kính gửi:   Sở Nội vụ"))

    assert "Kính gửi: &#160; Sở Nội vụ" in html


@pytest.mark.parametrize(
    ("number", "form", "text"),
    [(4, "upperRoman", "IV"), (29, "lowerRoman", "xxix"), (2, "lowerLetter", "b"), (12, "decimal", "12")],
)
def test_lists_count_as_word_does(number: int, form: str, text: str) -> None:
    assert spell(number, form) == text


def test_words_of_an_office() -> None:
    assert write_money(1520000) == "1.520.000 đồng"
    assert list_recipients([("Sở Nội vụ", "để báo cáo")]) == ["- Sở Nội vụ (để báo cáo);", "- Lưu: VT."]
    assert compose_all({"a": ["e\u0302\u0301", {"b": "x\x00y"}]}) == {"a": ["ế", {"b": "xy"}]}
