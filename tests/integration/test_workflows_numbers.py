"""Numbers across the turn of a year and two people at once; an initiative that two lists name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import Refused
from engine.handlers import ServiceCall
from tests.integration import handler_calls as calls
from tests.integration import queue_places
from web import sqlite
from workflows import awards, books, initiatives, notices
from workflows.tables import AwardDecision, Submission

OCTOBER_10 = calls.at(2026, 10, 10, 9)
OCTOBER_17 = calls.at(2026, 10, 17, 9)
LAST_DAY = calls.at(2026, 12, 31, 16)
FIRST_DAY = calls.at(2027, 1, 4, 9)


@pytest.fixture
def session() -> Iterator[Session]:
    with calls.world() as opened:
        yield opened


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a database with the recipe of the pages: an SQLite file, and PostgreSQL where there is one."""
    with queue_places.open_place(request.param, tmp_path) as opened:
        yield sqlite.writing(opened.engine)


def award_month(session: Session, subject: str, period: str, moment: Any, initiative: str = "") -> Any:
    """Bring one nominee of P1 to the department at a moment and let the director award it."""
    month = calls.open_month(session, moment, period)
    rows = [calls.individual(subject, initiative_ref=initiative)]
    calls.propose(session, "P1", moment, rows, period)
    case = calls.close_and_sign(session, month, moment)
    shown = calls.run(session, "departments.rows", moment, case)["rows"]
    calls.run(session, "departments.appraise", moment, {**case, "rows": calls.decide_all(shown, "recommend")})
    given = {**case, "decision": "approve", "rows": calls.decide_all(shown, "award")}
    return calls.run(session, "departments.decide", moment, given, who="phuc.sxd")


def prepare(session: Session, office: str, *rows: dict[str, Any]) -> dict[str, Any]:
    """Write and check the list of an office, which its head has not signed yet."""
    case = calls.open_proposal(session, office, OCTOBER_10)
    values = {**case, "report_kind": "proposal", "nominees": list(rows)}
    calls.run(session, "proposals.prepare", OCTOBER_10, values)
    calls.run(session, "proposals.check_criteria", OCTOBER_10, case)
    return case


def test_the_first_numbers_of_a_new_year_are_signed_like_those_of_the_year_before(session: Session) -> None:
    award_month(session, "An", "2026-12", LAST_DAY)

    award_month(session, "Bình", "2027-01", FIRST_DAY)

    letters = session.execute(select(Submission.number, Submission.number_year).order_by(Submission.id))
    decisions = session.execute(select(AwardDecision.number, AwardDecision.number_year))
    assert [tuple(row) for row in letters] == [("01/TTr-TTTV", 2026), ("01/TTr-TTTV", 2027)]
    assert sorted(tuple(row) for row in decisions) == [("01/QĐ-SXD", 2026), ("01/QĐ-SXD", 2027)]


def test_a_number_of_another_decision_is_refused_within_its_year_only(session: Session) -> None:
    award_month(session, "An", "2026-12", LAST_DAY)
    calls.propose(session, "P2", FIRST_DAY, [calls.individual("Bình")], "2027-01")
    bình, submission = calls.nomination(session, "Bình"), session.scalars(select(Submission.id)).one()
    call = ServiceCall(1, "", "test", "test", {}, {}, Actor("phuc.sxd"), FIRST_DAY)
    same_year = awards.Decision("01/QĐ-SXD", calls.at(2026, 12, 30).date(), submission)

    with pytest.raises(Refused, match="belongs to another decision"):
        awards.record(session, call, [bình], same_year)
    recorded = awards.record(
        session, call, [bình], awards.Decision("01/QĐ-SXD", FIRST_DAY.date(), submission)
    )

    assert (recorded.number, recorded.number_year) == ("01/QĐ-SXD", 2027)


def test_two_nominees_of_one_decision_cannot_rest_on_the_same_initiative(session: Session) -> None:
    award_month(session, "An", "2026-12", LAST_DAY)
    both = [calls.individual("Bình", initiative_ref="SK-9"), calls.individual("Chi", initiative_ref="SK-8")]
    calls.propose(session, "P2", FIRST_DAY, both, "2027-01")
    nominees = [calls.nomination(session, subject) for subject in ("Bình", "Chi")]
    nominees[1].initiative_ref, nominees[1].initiative_key = "sk-9", nominees[0].initiative_key
    call = ServiceCall(1, "", "test", "test", {}, {}, Actor("phuc.sxd"), FIRST_DAY)
    submission = session.scalars(select(Submission.id)).one()

    with pytest.raises(Refused) as refusal:
        awards.record(session, call, nominees, awards.Decision("9/QĐ-SXD", FIRST_DAY.date(), submission))

    assert refusal.value.source == initiatives.ONE_INITIATIVE


def test_the_second_head_cannot_sign_an_initiative_that_the_first_has_sent(session: Session) -> None:
    first = prepare(session, "P1", calls.individual("An", initiative_ref="SK-9"))
    second = prepare(session, "P2", calls.individual("Bình", initiative_ref="sk-9"))
    calls.send(session, first, OCTOBER_10)

    with pytest.raises(Refused) as refusal:
        calls.send(session, second, OCTOBER_10)

    assert refusal.value.source == initiatives.ONE_INITIATIVE
    assert calls.nomination(session, "Bình").status == "draft"


def test_a_supplement_cannot_bring_in_an_initiative_of_another_nomination(session: Session) -> None:
    month = calls.open_month(session, OCTOBER_10)
    calls.propose(session, "P1", OCTOBER_10, [calls.individual("An", initiative_ref="SK-9")])
    case = calls.propose(session, "P2", OCTOBER_10, [calls.individual("Bình")])
    an, binh = calls.run(session, "consolidations.rows", OCTOBER_10, month)["rows"]
    given = [
        {"id": an["id"], "decision": "accept"},
        {"id": binh["id"], "decision": "return", "reason": "Thiếu minh chứng"},
    ]
    calls.run(session, "consolidations.review", OCTOBER_10, {**month, "rows": given})

    row = {"id": binh["id"], "initiative_ref": "SK-9"}
    with pytest.raises(Refused) as refusal:
        calls.run(session, "proposals.supplement", OCTOBER_10, {**case, "nominees": [row]})

    assert refusal.value.source == initiatives.ONE_INITIATIVE


def test_a_decision_awards_no_initiative_that_was_awarded_in_the_meantime(session: Session) -> None:
    calls.propose(session, "P2", OCTOBER_10, [calls.individual("Bình")])
    award_month(session, "An", "2026-12", LAST_DAY, initiative="SK-9")
    late = calls.nomination(session, "Bình")
    late.initiative_ref = late.initiative_key = "sk-9"  # as a list written before both rules looked
    submission = session.scalars(select(Submission.id)).one()
    call = ServiceCall(1, "", "test", "test", {}, {}, Actor("phuc.sxd"), LAST_DAY)

    with pytest.raises(Refused) as refusal:
        awards.record(session, call, [late], awards.Decision("7/QĐ-SXD", LAST_DAY.date(), submission))

    assert refusal.value.source == initiatives.ONE_INITIATIVE
    assert late.award is None


def race(place: Engine, act: Callable[[Session], int | str]) -> list[int | str]:
    """Let one act and hold its transaction open while another comes to the same row; return both answers."""
    answers: list[int | str] = []

    def follow() -> None:
        with Session(place) as second:
            answers.append(act(second))
            second.commit()

    follower = threading.Thread(target=follow)
    with Session(place) as first:
        answers.append(act(first))
        follower.start()
        follower.join(0.5)  # long enough to come to the row; it cannot end before the first has
        first.commit()
    follower.join(30)
    return answers


def test_two_who_take_the_first_number_of_a_year_at_once_get_two_numbers(place: Engine) -> None:
    taken = race(place, lambda session: books.take_number(session, "QĐ-{unit}", "SXD", FIRST_DAY))

    assert taken == ["01/QĐ-SXD", "02/QĐ-SXD"]


def test_a_notice_given_at_the_same_moment_by_two_is_given_once(place: Engine) -> None:
    letter = notices.Letter("office.reminder", "TTTV/2026-10", "Nhắc việc", "Reminder")
    call = ServiceCall(1, "", "test", "test", {}, {}, Actor("system"), OCTOBER_17)

    given = race(place, lambda session: notices.send(session, call, ["P1.head"], letter))

    assert given == [1, 0]
