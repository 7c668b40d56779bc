"""A small made-up office for tests of documents: a department, its centre, who signs, and what they issue."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pypdfium2
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.handlers import ServiceCall
from tests import databases
from workflows import documents
from workflows.documents import About
from workflows.documents.samples import sample_values
from workflows.tables import Document, Person, Unit

MORNING = datetime(2026, 8, 5, 9, 0, tzinfo=clock.ZONE)
UNITS = (
    ("UBND", "UBND thành phố", "committee", None, "Đà Nẵng", "H17"),
    ("SXD", "Sở Xây dựng", "department", "UBND", "", "H17.16"),
    ("TTTV", "Trung tâm Tư vấn kỹ thuật xây dựng", "center", "SXD", "", ""),
    ("P1", "Phòng Thiết kế", "office", "TTTV", "", ""),
)
PEOPLE = (
    ("phuc.sxd", "Lý Hồng Phúc", "Giám đốc", "SXD", "head"),
    ("cuong.sxd", "Vũ Mạnh Cường", "Phó Giám đốc", "SXD", "deputy"),
    ("nam.tttv", "Ngô Hoài Nam", "Giám đốc", "TTTV", "head"),
    ("an.p1", "Nguyễn Thanh An", "Chuyên viên", "P1", ""),
)
NOMINEES = [
    {
        "index": index,
        "subject": f"Nguyễn Thị Ngọc Ánh {index}",
        "position": "Phó Trưởng phòng",
        "unit": "Phòng Thiết kế",
        "form": "Giấy khen của Giám đốc Sở",
        "achievement": "Thiết kế mẫu chốt kiểm soát tại cửa ngõ thành phố trong ba ngày",
    }
    for index in range(1, 61)
]


@contextmanager
def office() -> Iterator[Session]:
    """Open a session on a fresh database with the made-up office."""
    with databases.with_tables() as engine, Session(engine) as session:
        for code, name, kind, parent, place, number in UNITS:
            session.add(
                Unit(
                    code=code,
                    name=name,
                    short_name=name,
                    kind=kind,
                    parent_code=parent,
                    place=place,
                    organisation_code=number,
                )
            )
        for login, name, position, unit, rank in PEOPLE:
            session.add(Person(login=login, name=name, position=position, unit_code=unit, rank=rank))
        session.flush()
        yield session


def call(who: str = "phuc.sxd", moment: datetime = MORNING) -> ServiceCall:
    """Return a call as the engine makes it."""
    return ServiceCall(1, "", "test", "test", {}, {}, Actor(who), moment)


def letter(session: Session, who: str = "phuc.sxd", **facts: Any) -> Document:
    """Issue the tờ trình of the department with the sample's texts, changed by facts."""
    sample = {key: value for key, value in sample_values("submission_letter").items() if key in TEXTS}
    about = About(
        unit="SXD",
        subject_line="Về việc đề nghị khen thưởng tháng 8/2026",
        facts={**sample, **facts},
        recipients=(("Như trên", "UBND", ""), ("Phòng Thiết kế", "P1", "act")),
    )
    return documents.issue(session, call(who), "submission_letter", about)


TEXTS = ("addressees", "intro", "total", "period", "nominees", "counts", "attachments")


def read_pages(pdf: bytes) -> list[str]:
    """Return the text of each page of a PDF, lines joined."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = []
        for page in document:
            text_page = page.get_textpage()
            pages.append(" ".join(text_page.get_text_range().split()))
            text_page.close()
            page.close()
        return pages
    finally:
        document.close()


@dataclass(frozen=True)
class Place:
    """Where a text stands on a page, in points from the left bottom."""

    left: float
    bottom: float
    right: float
    top: float


def find_text(pdf: bytes, number: int, text: str) -> Place:
    """Return the place of the last occurrence of a text on a page."""
    document = pypdfium2.PdfDocument(pdf)
    page = document[number]
    text_page = page.get_textpage()
    start = text_page.get_text_range().rindex(text)
    boxes = [text_page.get_charbox(index) for index in range(start, start + len(text))]
    text_page.close()
    page.close()
    document.close()
    return Place(
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def change_part(docx: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """Return a DOCX with one part changed; a part that is not there yet is made from an empty text."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx)) as source, zipfile.ZipFile(out, "w") as target:
        names = source.namelist()
        for one in dict.fromkeys([*names, name]):
            content = source.read(one) if one in names else b""
            target.writestr(one, change(content.decode("utf-8")) if one == name else content)
    return out.getvalue()
