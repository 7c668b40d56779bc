"""The organisation's pages: the tree of a day, units with people, import with a preview, groups by date."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.site import Visitor, open_site, sign_in
from web import db, people
from workflows import organisation
from workflows.tables import Membership, OrganisationChange, Person, Unit

UNITS = "Mã đơn vị,Tên đơn vị,Loại đơn vị,Đơn vị cấp trên\nP9,Phòng Đo đạc,office,TTTV\n"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


def send(visitor: Visitor, text: str) -> TestResponse:
    """Send a file to the import."""
    files = {"file": (io.BytesIO(text.encode()), "don-vi.csv")}
    return visitor.post("/organisation/imports/new", files, content_type="multipart/form-data")


def test_the_tree_shows_dissolved_units_with_their_successor_from_the_day_after_on(site: Flask) -> None:
    an = sign_in(site, "an.p1")

    before = an.get("/organisation/?day=2025-06-30").text
    after = an.get("/organisation/?day=2025-07-01").text

    assert "<svg" in after
    assert "Phòng Thẩm tra" in after
    assert ("đã giải thể, đến" in before, "đã giải thể, đến" in after) == (False, True)
    assert "→ P3" in after


def test_a_unit_s_page_names_its_people_its_signers_and_its_successor(site: Flask) -> None:
    an = sign_in(site, "an.p1")

    department = an.get("/organisation/units/SXD").text
    merged = an.get("/organisation/units/P5").text

    assert "KT. GIÁM ĐỐC" in department
    assert "Vũ Mạnh Cường" in department
    assert "Phòng Kiểm định" in merged


def test_only_administrators_import_and_a_clean_file_waits_for_their_consent(site: Flask) -> None:
    vinh, an = sign_in(site, "vinh.it"), sign_in(site, "an.p1")

    refused = an.get("/organisation/imports/new").status_code
    shown = send(vinh, UNITS)
    page = vinh.get(shown.location).text
    with site.app_context():
        stored_before = db.db.session().scalar(select(Unit.id).where(Unit.code == "P9"))
    confirmed = vinh.post(shown.location)

    assert (refused, shown.status_code, confirmed.status_code) == (403, 303, 303)
    assert "P9" in page
    assert "thêm" in page
    assert stored_before is None
    with site.app_context():
        added = db.db.session().scalars(select(Unit).where(Unit.code == "P9")).one()
        change = db.db.session().scalars(select(OrganisationChange)).one()
    assert (added.name, change.actor) == ("Phòng Đo đạc", "vinh.it")
    assert "P9" in vinh.get("/organisation/changes").text


def test_a_file_with_errors_shows_row_column_and_reason_and_stores_nothing(site: Flask) -> None:
    vinh = sign_in(site, "vinh.it")

    answer = send(vinh, UNITS + "P10,,office,XXX\n")

    assert answer.status_code == 422
    assert "không được để trống" in answer.text
    assert "Tên đơn vị" in answer.text
    with site.app_context():
        assert db.db.session().scalar(select(Unit.id).where(Unit.code == "P9")) is None


def test_nobody_confirms_the_file_of_somebody_else(site: Flask) -> None:
    vinh, thao = sign_in(site, "vinh.it"), sign_in(site, "thao.it")
    with site.app_context(), db.transaction() as session:
        person = session.scalars(select(Person).where(Person.login == "thao.it")).one()
        person.memberships.append(Membership(group_name="administrators"))
    shown = send(vinh, UNITS)

    assert thao.get(shown.location).status_code == 404
    assert thao.post(shown.location).status_code == 404


@pytest.mark.parametrize("kind", ["unit", "person", "membership"])
def test_each_template_names_the_columns_the_import_knows(site: Flask, kind: str) -> None:
    vinh = sign_in(site, "vinh.it")

    given = vinh.get(f"/organisation/imports/templates/{kind}.csv")

    assert given.status_code == 200
    header = given.get_data().decode("utf-8-sig").splitlines()[0]
    assert header.startswith(("Mã đơn vị,Tên đơn vị", "Tên đăng nhập"))


def test_a_membership_counts_on_its_days_only_and_who_left_cannot_sign_in(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        today = organisation.today()
        an = session.scalars(select(Person).where(Person.login == "an.p1")).one()
        an.memberships = [
            Membership(group_name="P1.staff", valid_until=today - timedelta(days=1)),
            Membership(group_name="P2.staff", valid_from=today, valid_until=today),
            Membership(group_name="P3.staff", valid_from=today + timedelta(days=1)),
        ]
    an_visitor = sign_in(site, "an.p1")

    offered = an_visitor.get("/start/").text

    assert "Phòng Giám sát" in offered
    assert "Phòng Thiết kế" not in offered
    assert "Phòng Kiểm định" not in offered
    with site.app_context(), db.transaction() as session:
        session.scalars(select(Person).where(Person.login == "an.p1")).one().active = False
    assert an_visitor.client.get("/tasks/").status_code == 303


def test_a_dissolved_unit_starts_nothing_any_more(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        session.scalars(select(Unit).where(Unit.code == "P1")).one().valid_until = date(2025, 6, 30)
    an = sign_in(site, "an.p1")

    assert an.get("/start/office_proposal").status_code == 403


def test_an_authorisation_is_entered_by_administrators_and_refused_with_the_rule(site: Flask) -> None:
    vinh, phuc = sign_in(site, "vinh.it"), sign_in(site, "phuc.sxd")
    given = {
        "login": "oanh.vps",
        "capacity": "TUQ",
        "title_lines": "TUQ. GIÁM ĐỐC\nCHUYÊN VIÊN",
        "document_number": "15/GUQ-SXD",
        "document_date": "2026-10-01",
        "granted_by": "phuc.sxd",
        "scope": "Giấy mời",
        "valid_from": "2026-10-01",
        "valid_until": "2026-12-31",
    }

    by_staff = phuc.post("/organisation/units/SXD/authorities", given).status_code
    vinh.post("/organisation/units/SXD/authorities", {**given, "document_number": ""})
    refused = vinh.get("/organisation/units/SXD").text
    vinh.post("/organisation/units/SXD/authorities", given)

    assert by_staff == 403
    assert "văn bản ủy quyền" in refused
    assert "30/2020" in refused
    assert "TUQ. GIÁM ĐỐC" in vinh.get("/organisation/units/SXD?day=2026-11-02").text
    assert "TUQ. GIÁM ĐỐC" not in vinh.get("/organisation/units/SXD?day=2027-01-01").text


def test_a_person_added_on_the_command_line_is_in_the_history_of_changes(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        people.add(session, "moi.p1", ["P1.staff"], "mat khau")

    with site.app_context():
        change = db.db.session().scalars(select(OrganisationChange)).one()
    assert (change.key, change.before, change.actor) == ("moi.p1/P1.staff", None, "system")
