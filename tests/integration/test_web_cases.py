"""Cases begun from the page of a nomination, what the page shows of them, and the public lists."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from tests.integration import handler_calls as calls
from tests.site import open_site, sign_in
from web import db
from workflows.tables import Disclosure, DisclosureEntry, Nomination, Objection, Submission

OCTOBER_10 = calls.at(2026, 10, 10, 9)
SECRET = "Người tố cáo nêu ba việc cụ thể"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site where P1 nominated An in October."""
    with open_site(tmp_path) as app:
        with app.app_context(), db.transaction() as session:
            calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
        yield app


def page_of(app: Flask) -> str:
    """Return the address of the nomination's page."""
    with app.app_context():
        return f"/nominations/{db.db.session().scalars(select(Nomination.id)).one()}"


def test_an_inspector_suspends_a_nomination_from_its_page_and_the_office_reads_no_content(
    site: Flask,
) -> None:
    inspector, office = sign_in(site, "lam.tttp"), sign_in(site, "an.p1")
    address = page_of(site)

    offered = inspector.get(address).text
    opened = inspector.post(f"{address}/complaint")
    number = re.search(r"/tasks/(\d+)", opened.headers["Location"])
    assert number is not None
    given = {"measure": "suspend", "kind": "denunciation", "document": "15/TTTP", "summary": SECRET}
    inspector.post(f"/tasks/{number[1]}/claim")
    done = inspector.post(f"/tasks/{number[1]}/complete", given)

    assert "Ghi nhận khiếu nại" in offered
    assert (opened.status_code, done.status_code) == (303, 303)
    seen = office.get(address).text
    assert "đang tạm dừng" in seen
    assert "Hà Sơn Lâm" in seen
    assert SECRET not in seen
    assert SECRET in inspector.get(address).text
    assert "Ghi nhận khiếu nại" not in seen


def test_a_second_click_opens_no_second_case_and_names_the_first(site: Flask) -> None:
    inspector = sign_in(site, "lam.tttp")
    inspector.post(f"{page_of(site)}/complaint")

    again = inspector.post(f"{page_of(site)}/complaint")

    assert again.status_code == 409
    assert "đang có hồ sơ số" in again.text


def test_an_office_is_refused_to_begin_a_case(site: Flask) -> None:
    office = sign_in(site, "an.p1")

    answers = [office.post(f"{page_of(site)}/{kind}").status_code for kind in ("complaint", "revocation")]

    assert answers == [403, 422]


def publish(app: Flask) -> int:
    """Publish a list with An on it, and record an objection."""
    with app.app_context(), db.transaction() as session:
        nomination = session.scalars(select(Nomination)).one()
        letter = Submission(
            key="UBND/thử",
            level="province",
            from_unit="SXD",
            to_unit="UBND",
            center="TTTV",
            period="2026-10",
            version=1,
            report={},
            instance_id=0,
        )
        session.add(letter)
        session.flush()
        found = Disclosure(
            submission_id=letter.id,
            status="posted",
            required_days=10,
            source="Luật 2022 Đ84k5",
            verified=True,
            council_on=date(2026, 10, 30),
            posted_on=date(2026, 10, 12),
            address="https://congkhai.example.vn",
        )
        session.add(found)
        session.flush()
        session.add(DisclosureEntry(disclosure_id=found.id, nomination_id=nomination.id))
        session.add(
            Objection(
                disclosure_id=found.id,
                nomination_id=nomination.id,
                sender="Ông Lê Văn Dũng",
                content="=Thành tích của cả nhóm",
                received_on=date(2026, 10, 13),
                file_reference="",
                recorded_by="quynh.snv",
                at=OCTOBER_10,
            )
        )
        session.flush()
        return found.id


def test_everybody_reads_and_downloads_a_public_list_but_not_who_objected(site: Flask) -> None:
    number = publish(site)
    office, desk = sign_in(site, "an.p1"), sign_in(site, "quynh.snv")

    text = office.get(f"/disclosures/{number}?format=csv").get_data().decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    sheet = office.get(f"/disclosures/{number}?format=xlsx")

    assert "12/10/2026" in office.get("/disclosures/").text
    assert "Luật 2022 Đ84k5" in office.get(f"/disclosures/{number}").text
    assert [row[1] for row in rows[1:]] == ["An"]
    assert sheet.get_data().startswith(b"PK")
    assert office.get("/disclosures/999").status_code == 404
    seen = office.get(page_of(site)).text
    assert "Số ý kiến phản ánh: 1" in seen
    assert "Lê Văn Dũng" not in seen
    assert "Lê Văn Dũng" in desk.get(page_of(site)).text
