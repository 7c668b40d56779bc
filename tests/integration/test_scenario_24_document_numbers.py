"""Scenario 24: numbers of documents run from 01 in each year and are never freed; errors have a way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.handlers import ServiceCall
from tests.chain import DEPARTMENT_DIRECTOR, DEPARTMENT_OFFICE, DIRECTOR, Chain, individual
from workflows import documents
from workflows.documents import About
from workflows.tables import Document


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain on the morning of 1 October 2026."""
    yield Chain(session, "2026-10-01 09:00")
    clock.unpin()


def submit(chain: Chain, period: str, subject: str) -> None:
    """Bring one nominee of a month to the department."""
    chain.open_month(period)
    chain.propose("P1", period, [individual(subject)])
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")


def award(chain: Chain) -> None:
    """Let the department award whoever waits there."""
    chain.decide(DEPARTMENT_OFFICE, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    choose = {"decision": "award", "reason": ""}
    chain.decide(DEPARTMENT_DIRECTOR, "decide", lambda row: choose, decision="approve")


def issued(chain: Chain, kind: str) -> list[Document]:
    query = select(Document).where(Document.kind == kind).order_by(Document.id)
    return list(chain.session.scalars(query))


def call(chain: Chain, login: str) -> ServiceCall:
    return ServiceCall(0, "", "", "", {}, {}, chain.actor(login), clock.now())


def test_scenario_24_letters_run_from_01_in_each_year_and_stand_on_the_submission(chain: Chain) -> None:
    submit(chain, "2026-10", "Nguyễn An")
    chain.move("2026-11-02 09:00")
    submit(chain, "2026-11", "Trần Bình")
    chain.move("2027-01-04 09:00")
    submit(chain, "2027-01", "Lê Chi")

    letters = [one for one in issued(chain, "submission_letter") if one.unit == "TTTV"]

    assert [(one.number, one.year) for one in letters] == [
        ("01/TTr-TTTV", 2026),
        ("02/TTr-TTTV", 2026),
        ("01/TTr-TTTV", 2027),
    ]
    assert [one.values["nominees"][0]["subject"] for one in letters] == ["Nguyễn An", "Trần Bình", "Lê Chi"]


def test_scenario_24_a_letter_sent_back_unsigned_takes_no_number(chain: Chain) -> None:
    chain.open_month("2026-10")
    chain.propose("P1", "2026-10", [individual("Nguyễn An")])
    chain.review(closed=True)

    chain.do(DIRECTOR, "sign_submission", decision="return", reason="Viết lại phần kết quả")
    unsigned = issued(chain, "submission_letter")
    chain.decide(
        "mai.tchc", "revise_submission", lambda row: {"decision": "keep", "reason": ""}, note="Đã viết lại"
    )
    chain.do(DIRECTOR, "sign_submission", decision="sign")

    assert unsigned == []
    assert [one.number for one in issued(chain, "submission_letter")] == ["01/TTr-TTTV"]


def test_scenario_24_a_cancelled_draft_frees_nothing_and_an_issued_number_stays(chain: Chain) -> None:
    submit(chain, "2026-10", "Nguyễn An")
    award(chain)
    (decision,) = issued(chain, "award_decision")
    director = call(chain, DEPARTMENT_DIRECTOR)

    draft = documents.draft(chain.session, director, "award_decision", About(unit="SXD"))
    documents.cancel(chain.session, director, draft, "Lập nhầm")
    documents.cancel(chain.session, director, decision, "Ban hành nhầm")
    after = documents.issue(chain.session, director, "award_decision", About(unit="SXD"))

    assert (draft.number, decision.number, after.number) == (None, "01/QĐ-SXD", "02/QĐ-SXD")


def test_scenario_24_content_errors_are_replaced_and_form_errors_corrected_by_a_letter(chain: Chain) -> None:
    submit(chain, "2026-10", "Nguyễn An")
    award(chain)
    (decision,) = issued(chain, "award_decision")
    director = call(chain, DEPARTMENT_DIRECTOR)
    row = {"place": "Nơi nhận", "wrong": "Phòng Thiết ké", "right": "Phòng Thiết kế"}

    letter = documents.correct(chain.session, director, decision, "Sai chính tả", [row])
    in_force = decision.status
    named = [{**decision.values["nominees"][0], "subject": "Nguyễn Thị An"}]
    newer = documents.replace_by(chain.session, director, decision, "Sai tên", {"nominees": named})

    assert (letter.kind, letter.number, in_force) == ("correction_letter", "01/SXD-TĐKT", "issued")
    assert (newer.number, newer.replaces_id, decision.status) == ("02/QĐ-SXD", decision.id, "replaced")
    assert decision.values["nominees"][0]["subject"] == "Nguyễn An"
