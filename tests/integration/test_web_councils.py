"""Councils in the pages: lists, a session with its bars, votes sent by people, refusals that are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from engine import clock, instances
from engine.actors import SYSTEM
from engine.tables import HistoryEvent, UserTask
from tests.chain import at
from tests.chamber import make
from tests.site import Visitor, newest_task, open_site, sign_in
from web import db
from workflows import story
from workflows.tables import (
    CouncilMember,
    CouncilSession,
    Nomination,
    Notice,
    Proposal,
    Submission,
    SubmissionEntry,
    VoteCast,
)

SECRETARY, CHAIR = "oanh.vps", "phuc.sxd"
VOTERS = ("phuc.sxd", "cuong.sxd", "oanh.vps", "nam.tttv", "dat.cd", "minh.vps", "tam.sxd")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app, clock.pinned(datetime(2026, 10, 5, 9, 0, tzinfo=clock.ZONE)):
        yield app


def convene(app: Flask) -> int:
    """Start a secret session of the council of Sở Xây dựng on one nominee and invite; return its id."""
    with app.app_context(), db.transaction() as session:
        office = make(Proposal, key="P1/x", office="P1", center="TTTV", period="2026-10", status="submitted")
        session.add(office)
        session.flush()
        facts = {"subject": "Lê <b>Thị</b> Thử", "subject_kind": "individual", "unit_code": "SXD"}
        nominee = make(
            Nomination,
            proposal_id=office.id,
            form="emulation_fighter_grassroots",
            status="open",
            level="department",
            since=clock.now(),
            answers={},
            precheck={},
            **facts,
        )
        letter = make(
            Submission, key="SXD/x", level="department", from_unit="TTTV", to_unit="SXD", status="received"
        )
        session.add_all([nominee, letter])
        session.flush()
        session.add(SubmissionEntry(submission_id=letter.id, nomination_id=nominee.id))
        variables = {"council": "HD.SXD", "session_title": "Xét thi đua quý III", "submission": letter.id}
        instances.start(session, "council_session", {**variables, "quota": 1}, SYSTEM, "HD.SXD/1")
        meeting = {"meets_at": "2026-10-10T08:00+07:00", "place": "Phòng họp", "agenda": "Xét thi đua"}
        story.complete(session, SECRETARY, "convene", lambda _: {**meeting, "ballot": "secret"})
        return session.scalars(select(CouncilSession.id)).one()


def open_voting(app: Flask) -> None:
    """Let everybody come and the secretary open the vote."""
    with app.app_context(), db.transaction() as session:
        story.fire_due(session, at("2026-10-10 08:01"))
        with clock.pinned(at("2026-10-10 08:05")):
            story.complete(
                session,
                SECRETARY,
                "record_attendance",
                lambda shown: {"rows": [{**row, "status": "present"} for row in shown["rows"]]},
            )
            ends = {"criteria_read": True, "closes_at": "2026-10-10T11:00+07:00"}
            story.complete(session, SECRETARY, "open_voting", lambda _: ends)


def vote(visitor: Visitor, choice: str) -> int:
    """Vote through the page; return the task."""
    task = newest_task(visitor, "mine")
    page = visitor.get(f"/tasks/{task}").text
    found = re.search(r'name="rows-0-id" value="(\d+)"', page)
    sent = {"rows-_rows": "1", "rows-0-_row": "1", "rows-0-choice": choice}
    sent |= {"rows-0-id": found[1]} if found else {}
    answer = visitor.post(f"/tasks/{task}/complete", sent)
    assert answer.status_code == 303, answer.text
    return task


def test_members_find_the_invitation_the_council_and_the_session(site: Flask) -> None:
    number = convene(site)
    nam = sign_in(site, "nam.tttv")

    councils, council = nam.get("/councils/").text, nam.get("/councils/HD.SXD").text
    sitting = nam.get(f"/councils/sessions/{number}").text

    assert "Hội đồng Thi đua – Khen thưởng Sở Xây dựng" in councils
    assert "Chủ tịch Hội đồng" in council
    assert "chưa kiểm chứng" in council
    assert "Xét thi đua quý III" in council
    assert "Lê &lt;b&gt;Thị&lt;/b&gt; Thử" in sitting
    with site.app_context():
        invited = db.db.session().scalars(
            select(Notice.group_name).where(Notice.kind == "council_invitation")
        )
        assert "user:nam.tttv" in set(invited)
        assert "user:yen.tchc" in set(
            db.db.session().scalars(select(Notice.group_name).where(Notice.kind == "council_invitation"))
        )


def test_a_session_is_not_for_people_without_a_part_in_it(site: Flask) -> None:
    number = convene(site)

    answers = [
        sign_in(site, name).get(f"/councils/sessions/{number}").status_code
        for name in ("an.p1", "uyen.tt", "phuc.sxd", "yen.tchc")
    ]

    assert answers == [403, 200, 200, 200]


def test_a_vote_after_closing_twice_or_by_another_is_refused_and_recorded_without_the_vote(
    site: Flask,
) -> None:
    number = convene(site)
    open_voting(site)
    visitors = {login: sign_in(site, login) for login in VOTERS}
    stranger = sign_in(site, "an.p1")
    with clock.pinned(at("2026-10-10 09:00")):
        tasks = {login: vote(visitors[login], "no" if login == "dat.cd" else "yes") for login in VOTERS[:-1]}
        late = newest_task(visitors["tam.sxd"], "mine")
        ballot = {"rows-_rows": "1", "rows-0-_row": "1", "rows-0-id": "1", "rows-0-choice": "no"}

        twice = visitors["dat.cd"].post(f"/tasks/{tasks['dat.cd']}/complete", ballot)
        other = stranger.post(f"/tasks/{late}/complete", ballot)
        with site.app_context(), db.transaction() as session:
            closing = {"tellers": ["nam.tttv"], "reason": "Đủ phiếu"}
            story.complete(session, SECRETARY, "close_voting", lambda _: closing)
        after = visitors["tam.sxd"].post(f"/tasks/{late}/complete", ballot)
        page = visitors["phuc.sxd"].get(f"/councils/sessions/{number}").text

    assert [answer.status_code for answer in (twice, other, after)] == [409, 403, 409]
    with site.app_context():
        session = db.db.session()
        refused = session.scalars(select(HistoryEvent).where(HistoryEvent.kind == "task.refused")).all()
        assert [event.actor for event in refused] == ["dat.cd", "an.p1", "tam.sxd"]
        assert not any("choice" in str(event.data) for event in refused)
        assert len(session.scalars(select(VoteCast)).all()) == 6
    assert "Phiếu bị từ chối" in page
    assert "5 đồng ý, 1 không đồng ý, 0 trắng trên 7 thành viên" in page
    assert '<rect class="vote-yes" width="500"' in page
    assert "Không đạt phiếu" in page


def test_a_wrong_field_is_no_refusal_and_keeps_nothing_of_the_ballot(site: Flask) -> None:
    convene(site)
    open_voting(site)
    nam = sign_in(site, "nam.tttv")
    with clock.pinned(at("2026-10-10 09:00")):
        task = newest_task(nam, "mine")

        answer = nam.post(f"/tasks/{task}/complete", {"rows-_rows": "1", "rows-0-_row": "1"})

    assert answer.status_code == 422
    with site.app_context():
        session = db.db.session()
        assert session.get_one(UserTask, task).status == "open"
        kinds = session.scalars(select(HistoryEvent.kind)).all()
        assert "task.refused" not in kinds


def test_a_session_reads_in_english(site: Flask) -> None:
    number = convene(site)
    uyen = sign_in(site, "uyen.tt")
    uyen.post("/language", {"language": "en", "back": "/councils/"})

    page = uyen.get(f"/councils/sessions/{number}").text

    assert "Attendance and votes" in page
    assert "secret ballot" in page


def test_a_task_of_one_person_is_not_offered_back_to_a_group(site: Flask) -> None:
    convene(site)
    nam = sign_in(site, "nam.tttv")
    task = newest_task(nam, "mine")

    personal, inbox = nam.get(f"/tasks/{task}").text, nam.get("/tasks/").text

    assert "Trả lại nhóm" not in personal
    assert "Trả lại nhóm" not in inbox


def test_a_council_with_an_even_number_of_votes_is_advised_and_not_told_a_law(site: Flask) -> None:
    odd = sign_in(site, SECRETARY).get("/councils/HD.SXD").text
    with site.app_context(), db.transaction() as session:
        member = session.scalars(select(CouncilMember).where(CouncilMember.login == "tam.sxd")).one()
        member.valid_until = datetime(2026, 10, 1, tzinfo=clock.ZONE).date()

    even = sign_in(site, SECRETARY).get("/councils/HD.SXD").text

    assert "số chẵn" not in odd
    assert "số chẵn (6)" in even
    assert "khuyến nghị, không phải quy định" in even
