"""Templates that offices bring: what is taken, what is refused and named, and that nothing in them runs."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine.errors import FormInvalid
from tests import papers
from workflows.documents import files, templates
from workflows.documents.docx_parts import MAXIMUM_CONTENT, MAXIMUM_SIZE
from workflows.documents.kinds import KINDS
from workflows.documents.pdf import Fetcher
from workflows.documents.samples import sample_values

ROOT = Path(__file__).parent.parent.parent
WITHOUT_PANGO = """
from engine.errors import Refused
from tests import papers
from workflows.documents import files

with papers.office() as session:
    issued = papers.letter(session)
    try:
        files.pdf(session, issued)
    except Refused as refusal:
        print(refusal.text("vi"), refusal.text("en"))
    print(issued.number, issued.status, len(files.docx(session, issued)) > 0)
"""
KIND = "submission_letter"
BODY = "word/document.xml"
HOSTILE = {
    "a call": "{{ unit_name.upper() }}",
    "a dunder": "{{ unit_name.__class__ }}",
    "an item": "{{ unit_name['__class__'] }}",
    "a range": "{% for x in range(9) %}{{ x }}{% endfor %}",
    "a global": "{{ cycler }}",
    "an import": "{% import 'x' as y %}",
    "an assignment": "{% set x = 1 %}",
    "arithmetic": "{{ 'x' * 99999999 }}",
    "a filter": "{{ unit_name | pprint }}",
    "loops in loops in loops": "{% for a in nominees %}{% for b in nominees %}{% for c in nominees %}"
    "{% endfor %}{% endfor %}{% endfor %}",
}


def with_text(text: str, kind: str = KIND) -> bytes:
    """Return the carried template with a text put where the place and date stand."""
    return papers.change_part(
        templates.carried(kind), BODY, lambda xml: xml.replace("{{ place_date }}", text)
    )


def refusal(content: bytes, kind: str = KIND) -> str:
    with pytest.raises(FormInvalid) as refused:
        files.check_template(kind, content)
    (text,) = refused.value.messages["file"]
    return f"{text.text('vi')} / {text.text('en')}"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_carried_template_is_one_that_would_be_taken_and_prints(kind: str) -> None:
    content = templates.carried(kind)

    files.check_template(kind, content)
    pages = papers.read_pages(files.preview(kind, content))

    text = " ".join(pages)
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in text
    assert str(sample_values(kind)["title"]) in text
    assert "{" not in text


def test_an_unknown_field_is_named_with_those_that_are_known() -> None:
    message = refusal(with_text("{{ unit_nam }}"))

    assert "“unit_nam”" in message
    assert "'unit_nam'" in message
    assert "unit_name" in message


def test_an_unknown_column_of_a_row_is_named() -> None:
    content = papers.change_part(
        templates.carried(KIND), BODY, lambda xml: xml.replace("{{ row.subject }}", "{{ row.birthday }}")
    )

    assert "“row.birthday”" in refusal(content)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_but_fields_loops_and_conditions_is_taken(text: str) -> None:
    assert "Mẫu dùng" in refusal(with_text(text))


def test_a_broken_expression_is_refused_in_words() -> None:
    assert "sai cú pháp" in refusal(with_text("{{ unit_name"))


def test_a_file_that_is_no_document_is_refused() -> None:
    assert "DOCX" in refusal(b"PK\x03\x04 something else")
    assert "1 MB" in refusal(b"0" * (MAXIMUM_SIZE + 1))


def test_an_archive_that_unfolds_without_end_is_refused_before_it_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (MAXIMUM_CONTENT + 1))

    assert "quá nhiều dữ liệu" in refusal(out.getvalue())


@pytest.mark.parametrize(
    "part", ["word/vbaProject.bin", "word/embeddings/oleObject1.bin", "word/activeX/a.xml"]
)
def test_macros_and_embedded_objects_are_refused(part: str) -> None:
    content = papers.change_part(templates.carried(KIND), part, lambda _: "x")

    assert part in refusal(content)


def test_links_to_the_outside_are_refused() -> None:
    link = (
        '<Relationship Id="rId99" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"'
        ' Target="http://198.51.100.7/x.png" TargetMode="External"/></Relationships>'
    )
    content = papers.change_part(
        templates.carried(KIND),
        "word/_rels/document.xml.rels",
        lambda xml: xml.replace("</Relationships>", link),
    )

    assert "198.51.100.7" in refusal(content)


def test_fields_that_fetch_files_are_refused() -> None:
    content = papers.change_part(
        templates.carried(KIND),
        BODY,
        lambda xml: xml.replace("<w:sectPr", '<w:p><w:fldSimple w:instr="INCLUDETEXT x"/></w:p><w:sectPr', 1),
    )

    assert "INCLUDETEXT" in refusal(content)


def test_a_document_type_is_refused() -> None:
    content = papers.change_part(
        templates.carried(KIND),
        "word/styles.xml",
        lambda xml: xml.replace(
            "<w:styles", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:styles', 1
        ),
    )

    assert "DTD" in refusal(content)


def test_a_template_in_the_properties_of_the_file_does_not_run() -> None:
    content = papers.change_part(
        templates.carried(KIND),
        "docProps/core.xml",
        lambda xml: xml.replace(">submission_letter<", ">{{ 7 * 7 }}<"),
    )

    assert "Mẫu dùng" in refusal(content)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "http://198.51.100.7/", "part:../x.png", "font:../../x"]
)
def test_the_printer_is_given_nothing_but_fonts_and_pictures_of_the_document(address: str) -> None:
    fetcher = Fetcher({"word/media/a.png": b"x", "word/document.xml": b"x"})

    with pytest.raises(ValueError, match="nothing is fetched"):
        fetcher.fetch(address)

    assert fetcher.fetch("part:word/media/a.png").url == "part:word/media/a.png"


def test_printing_fetches_nothing_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"not for printing")
    from_outside = f'<img src="{secret.as_uri()}">'

    with papers.office() as session:
        text = papers.read_pages(files.pdf(session, papers.letter(session, intro=from_outside)))[0]

    assert secret.as_uri() in text.replace(" ", "")


def test_a_machine_without_pango_says_so_in_both_languages_and_keeps_the_document(tmp_path: Path) -> None:
    missing = tmp_path / "weasyprint"
    missing.mkdir()
    (missing / "__init__.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")\n")

    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PANGO],
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "chưa cài thư viện Pango" in done.stdout
    assert "install libpango-1.0" in done.stdout
    assert "01/TTr-SXD issued" in done.stdout
