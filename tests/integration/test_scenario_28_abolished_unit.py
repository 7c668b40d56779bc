"""Scenario 28: a merged collective is warned about and never awarded; its work goes to the successor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound, Refused
from tests.chain import (
    COORDINATION,
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    Chain,
    Row,
    collective,
    individual,
)
from workflows import criteria, organisation
from workflows.tables import AwardDecision, NominationStep, Submission, Unit

MERGED = "Phòng Thẩm tra"  # P5: merged into P3, its last day 30/06/2025


@pytest.fixture(autouse=True)
def running_clock() -> Iterator[None]:
    yield
    clock.unpin()


def at_department(session: Session, *nominees: Row) -> Chain:
    """Bring nominees of P3 up to Sở Xây dựng, where the office recommends all of them."""
    chain = Chain(session, "2026-10-05 09:00")
    chain.open_month("2026-10")
    chain.propose("P3", "2026-10", nominees)
    chain.move("2026-10-17 09:00")
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    chain.decide(DEPARTMENT_OFFICE, "appraise", lambda _: {"decision": "recommend"})
    return chain


def award(row: Row) -> dict[str, Any]:
    return {"decision": "award", "reason": ""}


def test_scenario_28_a_merged_collective_is_warned_about_and_keeps_its_old_name(session: Session) -> None:
    chain = at_department(session, collective(MERGED))

    nomination = chain.nomination(MERGED)
    text = criteria.describe(nomination.precheck)

    assert "đơn vị đã giải thể" in text.vi
    assert "nay là Phòng Kiểm định" in text.vi
    assert "129/2025/NĐ-CP" in text.vi
    assert "dissolved" in text.en
    assert nomination.subject == MERGED
    told = session.scalars(select(NominationStep.reason).where(NominationStep.nomination_id == nomination.id))
    assert any("đã giải thể" in reason for reason in told)


def test_scenario_28_the_award_cannot_be_issued_to_it_others_of_the_letter_can(session: Session) -> None:
    chain = at_department(session, collective(MERGED), individual("Lê An"))

    with pytest.raises(Refused) as refused:
        chain.decide(DEPARTMENT_DIRECTOR, "decide", award, decision="approve")
    session.rollback()
    chain.decide(
        DEPARTMENT_DIRECTOR,
        "decide",
        lambda row: (
            award(row) if row["subject"] == "Lê An" else {"decision": "decline", "reason": "Đã giải thể"}
        ),
        decision="approve",
    )

    assert "đơn vị đã giải thể" in refused.value.text("vi")
    assert "15/2025/TT-BNV" in refused.value.text("en")
    assert (chain.nomination(MERGED).status, chain.nomination("Lê An").status) == ("declined", "awarded")
    assert len(session.scalars(select(AwardDecision)).all()) == 1
    assert chain.nomination(MERGED).subject == MERGED


def test_scenario_28_the_letter_goes_to_the_successor_of_a_department_that_was_merged(
    session: Session,
) -> None:
    chain = Chain(session, "2026-10-05 09:00")
    old = organisation.unit(session, "SXD")
    session.add(
        Unit(
            code="SXDGT",
            name="Sở Xây dựng và Giao thông",
            short_name="Sở Xây dựng và Giao thông",
            kind="department",
            parent_code="UBND",
            desk_group="SXD.office",
            signer_group="SXD.director",
            valid_from=date(2026, 10, 16),
        )
    )
    old.valid_until, old.successor_code = date(2026, 10, 15), "SXDGT"
    session.commit()
    chain.open_month("2026-10")
    chain.propose("P1", "2026-10", [individual("Lê An")])
    chain.move("2026-10-17 09:00")
    chain.review(closed=True)

    chain.do(DIRECTOR, "sign_submission", decision="sign")

    submission = session.scalars(select(Submission)).one()
    assert (submission.to_unit, chain.nomination("Lê An").unit_code) == ("SXDGT", "SXDGT")
    assert chain.open_tasks(DEPARTMENT_OFFICE) == ["appraise"]
    assert chain.open_tasks(COORDINATION) == []


def test_a_collective_of_a_unit_that_exists_is_awarded_as_ever(session: Session) -> None:
    chain = at_department(session, collective("Phòng Kiểm định"))

    chain.decide(DEPARTMENT_DIRECTOR, "decide", award, decision="approve")

    assert chain.nomination("Phòng Kiểm định").status == "awarded"


def test_a_unit_founded_again_under_the_name_of_a_dissolved_one_is_awarded(session: Session) -> None:
    chain = at_department(session, collective(MERGED))
    session.add(Unit(code="P6", name=MERGED, short_name="Thẩm tra mới", kind="office", parent_code="TTTV"))
    session.commit()

    chain.decide(DEPARTMENT_DIRECTOR, "decide", award, decision="approve")

    assert chain.nomination(MERGED).status == "awarded"


def test_the_organisation_of_a_day_follows_successors_and_never_goes_round(session: Session) -> None:
    Chain(session, "2026-10-05 09:00")
    p3 = organisation.unit(session, "P3")

    before = organisation.unit_on(session, "P5", date(2025, 6, 30))
    after = organisation.unit_on(session, "P5", date(2025, 7, 1))
    p3.valid_until, p3.successor_code = date(2025, 12, 31), "P5"
    session.flush()

    assert (before.code, after.code) == ("P5", "P3")
    with pytest.raises(NotFound):
        organisation.unit_on(session, "P5", date(2026, 1, 1))
    assert [unit.code for unit in organisation.offices(session, "TTTV", date(2026, 1, 1))] == [
        "P1",
        "P2",
        "P4",
    ]
