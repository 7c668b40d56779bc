"""Bad input to rules, plans, dossiers and imports: refused with its reason, nothing stored, nothing slow."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from werkzeug.test import TestResponse

from tests.integration import handler_calls as calls
from tests.integration.test_organisation_imports import rewritten
from tests.integration.test_web_rules import NEW
from tests.site import Visitor, open_site, sign_in
from web import db
from workflows import signing
from workflows.tables import Movement, Nomination, Person, Rule

HEADER = "login,name,position,unit_code\n"
PLAN = {"code": "9/KH", "title": "Thi đua", "issuing_body": "Sở", "contents": "Một nội dung"}
LATE_DECLARATION = (
    b'<?xml version="1.0"?><!--' + b"x" * 5000 + b'--><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site with the carried rules, plans and people."""
    with open_site(tmp_path) as app:
        yield app


def count(app: Flask, table: type[Rule] | type[Movement] | type[Person]) -> int:
    with app.app_context():
        return db.db.session().scalar(select(func.count()).select_from(table)) or 0


def send(visitor: Visitor, content: bytes, name: str = "nguoi.csv") -> TestResponse:
    """Send a file to the import."""
    files = {"file": (io.BytesIO(content), name)}
    answer = visitor.post("/organisation/imports/new", files, content_type="multipart/form-data")
    answer.request.environ["wsgi.input"].close()  # the test client writes a large body to a temporary file
    return answer


@pytest.mark.parametrize("key", ["suррlement", "a b", "A", "a\u0301", "k" * 101, "../x", ""])
def test_a_rule_takes_a_plain_key_only(site: Flask, key: str) -> None:
    before = count(site, Rule)

    answer = sign_in(site, "thao.it").post("/rules/new", {**NEW, "key": key})

    assert answer.status_code == 422
    assert "Mã gồm chữ thường" in answer.text
    assert count(site, Rule) == before


def test_a_next_rule_of_one_that_no_database_holds_leads_nowhere(site: Flask) -> None:
    thao = sign_in(site, "thao.it")

    assert thao.get(f"/rules/{'9' * 30}/next").status_code == 404
    assert thao.get("/rules/999999/next").status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"issued_on": "31/13/2026"}, "Ngày không hợp lệ"),
        ({"title": "T" * 500}, "dài quá 200"),
        ({"issuing_body": "S" * 500}, "dài quá 200"),
        ({"code": "9" * 500}, "dài quá 200"),
    ],
)
def test_a_plan_with_a_wrong_day_or_an_endless_name_is_refused(
    site: Flask, changes: dict[str, str], field: str
) -> None:
    before = count(site, Movement)

    answer = sign_in(site, "thao.it").post("/movements/new", {**PLAN, **changes})

    assert answer.status_code == 422
    assert field in answer.text
    assert count(site, Movement) == before


def test_the_day_of_a_plan_is_read_as_people_write_it(site: Flask) -> None:
    answer = sign_in(site, "thao.it").post("/movements/new", {**PLAN, "issued_on": "31/12/2026"})

    assert answer.status_code == 303
    assert "31/12/2026" in sign_in(site, "an.p1").get(answer.location).text


def test_a_bound_larger_than_a_column_holds_is_refused(site: Flask) -> None:
    criterion = {"subject_kind": "individual", "key": "k", "kind": "number", "label": "l", "text": "t"}
    criterion |= {"source": "s", "valid_from": "2026-01-01", "group": "1", "bound": "9" * 30}
    thao = sign_in(site, "thao.it")

    answer = thao.post("/movements/1/criteria", criterion)

    assert answer.status_code == 303
    assert "Ghi mức bằng số" in thao.get(answer.location).text


@pytest.mark.parametrize("part", ["docProps/app.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_a_declaration_behind_a_long_comment_is_found(site: Flask, part: str) -> None:
    answer = send(sign_in(site, "vinh.it"), rewritten(**{part: LATE_DECLARATION}), "nguoi.xlsx")

    assert answer.status_code == 422
    assert "DOCTYPE" in answer.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER + "moi.p1,Lê\0Mới,x,P1\n", "không phải văn bản"),
        (HEADER + "".join(f"u{row},Người {row},x,P1\n" for row in range(100_000)), "tối đa 10000 dòng"),
        (HEADER + "moi.p1,=1+1,x,P1\n", "ô chứa công thức"),
        (HEADER + "moi.p1," + "A" * 500 + ",x,P1\n", "dài quá 200"),
    ],
    ids=["zero bytes", "100,000 rows", "formula", "500 characters"],
)
def test_a_file_with_errors_stores_nothing(site: Flask, content: str, said: str) -> None:
    before = count(site, Person)

    answer = send(sign_in(site, "vinh.it"), content.encode())

    assert answer.status_code == 422
    assert said in answer.text
    assert count(site, Person) == before


def test_a_name_all_of_look_alike_letters_is_pointed_out_and_written_in_latin_ones(site: Flask) -> None:
    vinh = sign_in(site, "vinh.it")

    shown = send(vinh, (HEADER + "moi.p1,Ноа,x,P1\n").encode())

    assert "trông giống chữ Latinh" in vinh.get(shown.location).text
    vinh.post(shown.location)
    with site.app_context():
        assert db.db.session().scalar(select(Person.name).where(Person.login == "moi.p1")) == "Hoa"


def test_a_long_import_and_the_page_of_its_unit_ask_the_database_a_fixed_number_of_times(site: Flask) -> None:
    vinh = sign_in(site, "vinh.it")
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    def selects(rows: int) -> tuple[int, int]:
        content = HEADER + "".join(f"u{rows}.{row},Người {row},x,P1\n" for row in range(rows))
        shown = send(vinh, content.encode())
        asked.clear()
        vinh.post(shown.location)
        imported = sum(statement.startswith("SELECT") for statement in asked)
        asked.clear()
        with site.app_context():
            signing.offers(db.db.session(), "P1", calls.at(2026, 10, 10).date())
        return imported, len(asked)

    with site.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", note)
    few, many = selects(2), selects(60)
    event.remove(engine, "before_cursor_execute", note)

    assert many == few


@pytest.mark.parametrize("start", ["=", "+", "-", "@"])
def test_a_nominee_s_name_that_begins_like_a_formula_is_a_text_in_every_file(site: Flask, start: str) -> None:
    name = f'{start}HYPERLINK("http://x.example","An")'
    with site.app_context(), db.transaction() as session:
        case = calls.open_proposal(session, "P1", calls.at(2026, 10, 10, 9))
        row = calls.individual(name)
        given = {**case, "report_kind": "proposal", "nominees": [row]}
        calls.run(session, "proposals.prepare", calls.at(2026, 10, 10, 9), given)
        assert session.scalars(select(Nomination)).one().subject == name

    text = sign_in(site, "an.p1").get("/nominations/?format=csv").get_data().decode("utf-8-sig")

    cells = [cell for line in csv.reader(io.StringIO(text)) for cell in line if "HYPERLINK" in cell]
    assert cells
    assert all(cell.startswith("'") for cell in cells)


def test_a_text_with_zero_bytes_is_refused_before_any_page_reads_it(site: Flask) -> None:
    thao, before = sign_in(site, "thao.it"), count(site, Rule)

    answers = [
        thao.post("/rules/new", {**NEW, "succeed": "on", "note": "a\0b"}),
        thao.post("/movements/new", {**PLAN, "contents": "a\0b"}),
        thao.get("/rules/all?q=%00"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert count(site, Rule) == before
