"""The nominations page: whose nominations a person sees: listed, as a file, as filters and one by one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests import crowd
from tests.integration import handler_calls as calls
from tests.site import Visitor, open_site, sign_in
from web import db
from workflows import story
from workflows.tables import Membership, Nomination, Person, Unit

OCTOBER_10 = calls.at(2026, 10, 10, 9)
NOVEMBER_10 = calls.at(2026, 11, 10, 9)
OTHER_CENTRE = (
    ("T2", "Trung tâm Kiểm định", "center", "SXD"),
    ("Q1", "Phòng Thí nghiệm", "office", "T2"),
    ("T2HC", "Phòng Hành chính", "coordination_office", "T2"),
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    """Give a site with two centres: P1 of TTTV nominated An in October, Q1 of T2 Quý in November."""
    with open_site(tmp_path) as app:
        with app.app_context(), db.transaction() as session:
            add_other_centre(session)
            calls.propose(session, "P1", OCTOBER_10, [calls.individual("An")])
            calls.propose(session, "Q1", NOVEMBER_10, [calls.individual("Quý")], "2026-11")
        yield app


def add_other_centre(session: Session) -> None:
    for code, name, kind, parent in OTHER_CENTRE:
        session.add(Unit(code=code, name=name, short_name=name, kind=kind, parent_code=parent))
    session.flush()


def give_group(app: Flask, login: str, group: str) -> None:
    """Let a person of the demonstration work in one group only."""
    with app.app_context(), db.transaction() as session:
        person = session.scalars(select(Person).where(Person.login == login)).one()
        person.memberships = [Membership(group_name=group)]


def listed(visitor: Visitor, address: str = "/nominations/?format=csv") -> list[str]:
    """Return the subjects of the list as a file."""
    text = visitor.get(address).get_data().decode("utf-8-sig")
    return sorted(row[0] for row in list(csv.reader(io.StringIO(text)))[1:])


def number_of(app: Flask, subject: str) -> int:
    with app.app_context():
        query = select(Nomination.id).where(Nomination.subject == subject)
        return db.db.session().scalars(query).one()


@pytest.mark.parametrize(
    ("group", "seen"),
    [
        ("P1.staff", ["An"]),
        ("P2.staff", []),
        ("TCHC.staff", ["An"]),
        ("TTTV.director", ["An"]),
        ("T2HC.staff", ["Quý"]),
        ("T2.director", ["Quý"]),
        ("SXD.office", ["An", "Quý"]),
        ("VPS.staff", ["An", "Quý"]),
        ("SNV.staff", ["An", "Quý"]),
        ("UBND.chair", ["An", "Quý"]),
        ("auditors", ["An", "Quý"]),
        ("HOI.staff", []),
        ("designers", []),
    ],
)
def test_people_see_the_nominations_of_their_units_and_of_what_stands_below(
    site: Flask, group: str, seen: list[str]
) -> None:
    give_group(site, "chi.p2", group)
    visitor = sign_in(site, "chi.p2")

    page = visitor.get("/nominations/").text

    assert listed(visitor) == seen
    assert [name for name in ("An", "Quý") if f">{name}</a>" in page] == seen
    assert [month for month in ("2026-10", "2026-11") if f'value="{month}"' in page] == [
        {"An": "2026-10", "Quý": "2026-11"}[name] for name in seen
    ]
    assert {
        name: visitor.get(f"/nominations/{number_of(site, name)}").status_code for name in ("An", "Quý")
    } == {name: 200 if name in seen else 403 for name in ("An", "Quý")}


def test_the_filters_narrow_what_a_person_sees_and_never_widen_it(site: Flask) -> None:
    mai = sign_in(site, "mai.tchc")

    assert listed(mai, "/nominations/?format=csv&period=2026-11") == []
    assert listed(mai, "/nominations/?format=csv&period=2026-10&q=an") == ["An"]
    assert listed(mai, "/nominations/?format=csv&status=awarded") == []


def test_a_person_reads_who_has_a_nomination_since_when_and_until_when(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        story.open_month(session, crowd.PERIOD)
        crowd.send_proposals(session, 2, 2)
    mai = sign_in(site, "mai.tchc")

    listed_page = mai.get("/nominations/?q=Q001").text
    one = mai.get(f"/nominations/{number_of(site, 'Người Q001 0')}").text

    for page in (listed_page, one):
        assert "Phòng Tổ chức – Hành chính" in page
        assert "Hạn" in page
        assert "20/10/2026" in page


def test_home_affairs_of_another_province_sees_nothing_of_this_one(site: Flask) -> None:
    stranger = sign_in(site, "chau.vp.snv")

    assert listed(stranger, "/nominations/?format=csv") == []
    assert stranger.get(f"/nominations/{number_of(site, 'An')}").status_code == 403


def test_an_english_reader_is_told_results_reasons_and_steps_in_english(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        month = calls.open_month(session, OCTOBER_10)
        case = calls.close_and_sign(session, month, calls.at(2026, 10, 17, 9))
        calls.run(session, "departments.receive", calls.at(2026, 10, 17, 9), case)
        shown = calls.run(session, "departments.rows", calls.at(2026, 10, 17, 9), case)["rows"]
        given = calls.decide_all(shown, "recommend")
        calls.run(session, "departments.appraise", calls.at(2026, 10, 17, 9), {**case, "rows": given})
        awarded = {**case, "decision": "approve", "rows": calls.decide_all(shown, "award")}
        calls.run(session, "departments.decide", calls.at(2026, 10, 17, 9), awarded)
    visitor = sign_in(site, "binh.p1")
    address = f"/nominations/{number_of(site, 'An')}"

    vietnamese = visitor.get(address).text, visitor.get("/notices/").text
    visitor.post("/language", {"language": "en"})
    english = visitor.get(address).text, visitor.get("/notices/").text

    told = (
        ("Đã tặng, số 01/QĐ-SXD ngày 17/10/2026", "Awarded, decision 01/QĐ-SXD of 17/10/2026"),
        ("Đề nghị tặng", "Recommends the award"),
        ("Đúng hạn", "In time"),
        ("Tờ trình số 01/TTr-TTTV", "Submission 01/TTr-TTTV"),
        ("Quyết định số 01/QĐ-SXD", "Decision 01/QĐ-SXD"),
        ("tháng 10/2026", "› 10/2026"),
    )
    for one, other in told:
        assert (one in vietnamese[0], other in english[0], one in english[0]) == (True, True, False), one
    assert "for 10/2026: Awarded, decision 01/QĐ-SXD of 17/10/2026." in english[1].replace("&#39;", "'")
