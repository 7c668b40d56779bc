"""Import of units and people: changes are shown first; a file with errors or malice changes nothing."""

from __future__ import annotations

import io
import unicodedata
import zipfile
from datetime import date
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import Conflict, NotFound, Refused
from workflows import demo, organisation_imports, sheets
from workflows.tables import Membership, OrganisationChange, Person, Unit

VINH = Actor("vinh.it")
UNITS = "Mã đơn vị,Tên đơn vị,Loại đơn vị,Đơn vị cấp trên,Hoạt động đến ngày,Đơn vị kế thừa\n"
PEOPLE = "Tên đăng nhập,Họ tên,Chức vụ,Mã đơn vị công tác,Giới tính,Đang công tác\n"


def workbook(*rows: tuple[Any, ...]) -> bytes:
    """Return an XLSX file with one sheet."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def zipped(**parts: bytes) -> bytes:
    """Return a zip with the given parts."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return held.getvalue()


def problems(session: Session, name: str, content: bytes) -> list[tuple[int, str, str]]:
    """Return row, column and reason of everything that is wrong with a file."""
    made = organisation_imports.plan(session, name, content)
    return [(one.row, one.column, one.reason.en) for one in made.problems]


def test_a_clean_file_is_shown_row_by_row_and_changes_everything_when_confirmed(session: Session) -> None:
    demo.load(session)
    content = (
        UNITS + "P6,Phòng Đo đạc,office,TTTV,,\nP4,Phòng Quy hoạch,office,TTTV,30/06/2026,P6\n"
        "P1,Phòng Thiết kế xây dựng,office,TTTV,,\n"
    ).encode()

    made = organisation_imports.plan(session, "don-vi.csv", content)
    kept = organisation_imports.keep(session, VINH, "don-vi.csv", content, made)
    organisation_imports.confirm(session, VINH, kept.id)

    shown = [(one.kind, one.entry.key, one.entry.row) for one in made.changes]
    assert shown == [("added", "P6", 2), ("ended", "P4", 3), ("changed", "P1", 4)]
    assert made.problems == []
    merged = session.scalars(select(Unit).where(Unit.code == "P4")).one()
    assert (merged.valid_until, merged.successor_code) == (date(2026, 6, 30), "P6")
    recorded = session.scalars(select(OrganisationChange).order_by(OrganisationChange.id)).all()
    assert [(row.key, row.actor) for row in recorded] == [
        ("P6", "vinh.it"),
        ("P4", "vinh.it"),
        ("P1", "vinh.it"),
    ]
    assert recorded[2].before is not None
    assert recorded[2].before["name"] == "Phòng Thiết kế"


def test_every_error_names_row_column_and_reason_and_nothing_is_stored(session: Session) -> None:
    demo.load(session)
    people = session.query(Person).count()
    content = (
        PEOPLE + "Moi.P1,Lê Mới,Chuyên viên,P1,nữ,có\nmoi.p9,Lê Mới,Chuyên viên,P9,nữ,có\n"
        "moi.p1,,Chuyên viên,P1,trung,có\nmoi.p2,Lê Mới,Chuyên viên,P2,nam,có lẽ\nmoi.p3,"
        + "A"
        * 500
        + ",,P3,nam,\n"
        "system,Hệ Thống,,P1,,\n"
    ).encode()

    found = problems(session, "nguoi.csv", content)

    assert {(row, column) for row, column, _ in found} == {
        (2, "Tên đăng nhập"),
        (3, "Mã đơn vị công tác"),
        (4, "Họ tên"),
        (4, "Giới tính"),
        (5, "Đang công tác"),
        (6, "Họ tên"),
        (7, "Tên đăng nhập"),
    }
    assert all(reason for *_, reason in found)
    assert session.query(Person).count() == people


def test_a_formula_is_an_error_and_is_never_calculated(session: Session) -> None:
    demo.load(session)
    header = ("login", "name", "position", "unit_code")
    book = workbook(header, ("moi.p1", '=HYPERLINK("http://x.example","An")', "Chuyên viên", "P1"))

    in_workbook = problems(session, "nguoi.xlsx", book)
    in_text = problems(session, "n.csv", b"login,name,position,unit_code\nmoi.p1,=1+1,x,P1\n")

    assert in_workbook == [(2, "Họ tên", "the cell holds a formula; paste its value")]
    assert in_text == in_workbook


def test_days_and_numbers_of_a_workbook_are_read_as_people_see_them(session: Session) -> None:
    demo.load(session)
    book = workbook(
        ("login", "group_name", "valid_from", "valid_until"), ("an.p1", "P2.staff", date(2026, 1, 1), None)
    )

    made = organisation_imports.plan(session, "nhom.xlsx", book)
    organisation_imports.apply(session, VINH, made)

    added = session.scalars(
        select(Membership).where(Membership.group_name == "P2.staff", Membership.valid_from.is_not(None))
    )
    assert added.one().valid_from == date(2026, 1, 1)


def test_names_in_loose_letters_are_composed_and_look_alikes_are_pointed_out(session: Session) -> None:
    demo.load(session)
    loose = unicodedata.normalize("NFD", "Đặng Thị Hường")
    cyrillic = "Nguуễn Аn"  # у and А of another alphabet
    content = (PEOPLE + f"huong.p1,{loose},Chuyên viên,P1,,\nan2.p1,{cyrillic},Chuyên viên,P1,,\n").encode()

    made = organisation_imports.plan(session, "nguoi.csv", content)

    names = [change.after["name"] for change in made.changes]
    assert names == ["Đặng Thị Hường", "Nguyễn An"]
    assert [(remark.row, remark.column) for remark in made.remarks] == [(3, "Họ tên")]


@pytest.mark.parametrize(
    ("codec", "told", "remarks"),
    [
        ("utf-8", "UTF-8", 0),
        ("utf-8-sig", "UTF-8", 0),
        ("utf-16", "UTF-16", 0),
        ("cp1258", "Windows-1258", 1),
    ],
)
def test_the_encoding_is_told_and_a_guessed_one_is_pointed_out(
    session: Session, codec: str, told: str, remarks: int
) -> None:
    demo.load(session)
    header = "login,name,position,unit_code\n"  # Windows-1258 writes the tones as letters of their own
    name = unicodedata.normalize("NFC", "Lê Hà")
    content = (header + f"ha.p1,{name},x,P1\n").encode(codec)

    made = organisation_imports.plan(session, "nguoi.csv", content)

    assert (made.encoding, len(made.remarks)) == (told, remarks)
    assert [change.after["name"] for change in made.changes] == [name]


def rewritten(**parts: bytes) -> bytes:
    """Return a workbook that would be read well, with some of its parts replaced or added."""
    sound = workbook(("login", "name", "position", "unit_code"), ("moi.p1", "Lê Mới", "Chuyên viên", "P1"))
    with zipfile.ZipFile(io.BytesIO(sound)) as packed:
        kept = {name: packed.read(name) for name in packed.namelist()}
    return zipped(**{**kept, **parts})


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]>'
HOSTILE = {
    "zip bomb": ("unpacks to more", rewritten(**{"xl/media/x.bin": b"0" * (sheets.MAX_UNPACKED + 1)})),
    "many parts": ("unpacks", rewritten(**{f"part{number}": b"" for number in range(sheets.MAX_PARTS)})),
    "entities": ("DOCTYPE", rewritten(**{"docProps/app.xml": DOCTYPE + b"<x>&a;</x>"})),
    "entities in 16 bits": ("DOCTYPE", rewritten(**{"docProps/app.xml": DOCTYPE.decode().encode("utf-16")})),
    "no workbook": ("cannot be read", zipped(**{"hello.txt": b"hello"})),
    "broken zip": ("broken or encrypted", b"PK\x03\x04" + b"\x00" * 40),
    "too large": ("over 4 MB", b"a" * (sheets.MAX_BYTES + 1)),
    "old format": ("no XLSX workbook", b"\xd0\xcf\x11\xe0"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_workbook_is_refused_before_it_is_read(session: Session, kind: str) -> None:
    reason, content = HOSTILE[kind]

    with pytest.raises(Refused) as refused:
        organisation_imports.plan(session, "x.xlsx", content)

    assert reason in refused.value.text("en")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"login,name\n\x00\x00", "no text"), (b'login,name\n"an,x\n', "quote")]
)
def test_a_broken_text_is_refused(session: Session, content: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        organisation_imports.plan(session, "x.csv", content)

    assert reason in refused.value.text("en")


def test_too_many_rows_are_refused(session: Session) -> None:
    rows = "".join(f"u{number},A,x,P1\n" for number in range(sheets.MAX_ROWS + 2))

    with pytest.raises(Refused):
        organisation_imports.plan(session, "x.csv", f"login,name,position,unit_code\n{rows}".encode())


def test_units_above_themselves_double_rows_and_turned_days_are_errors(session: Session) -> None:
    demo.load(session)
    circle = UNITS + "A1,A,office,B1,,\nB1,B,office,A1,,\n"
    double = UNITS + "A1,A,office,TTTV,,\nA1,A,office,TTTV,,\n"
    turned = "login,group_name,valid_from,valid_until\nan.p1,P2.staff,2026-02-01,2026-01-31\n"

    reasons = [
        {reason for *_, reason in problems(session, "x.csv", content.encode())}
        for content in (circle, double, turned)
    ]

    assert reasons == [
        {"the units above go round in a circle"},
        {"'A1' is in two rows"},
        {"the last day is before the first"},
    ]


def test_what_was_shown_is_what_is_done_or_nothing(session: Session) -> None:
    demo.load(session)
    content = (UNITS + "P1,Phòng Thiết kế xây dựng,office,TTTV,,\n").encode()
    made = organisation_imports.plan(session, "x.csv", content)
    kept = organisation_imports.keep(session, VINH, "x.csv", content, made)

    session.scalars(select(Unit).where(Unit.code == "P1")).one().name = "Phòng Thiết kế công trình"
    session.flush()

    with pytest.raises(Conflict):
        organisation_imports.confirm(session, VINH, kept.id)
    with pytest.raises(NotFound):
        organisation_imports.confirm(session, Actor("thao.it"), kept.id)
