"""Scenario 29: ten months later fraud is concluded; who awarded cancels, item and money come back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.errors import FormInvalid, NotAllowed, Refused
from engine.tables import ProcessInstance
from tests.chain import (
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    Chain,
    individual,
)
from tests.province import INSPECTOR, act, pass_up, recommend
from workflows import nominations, revocations
from workflows.tables import AwardDecision, Nomination

PROPOSAL = {
    "ground": "fraud",
    "evidence": "Kết luận 31/KL-TTTP",
    "explanation": "Khai thành tích của người khác",
}


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give an award of February 2026, and in December another nomination of the same person."""
    made = Chain(session, "2026-02-02 09:00")
    award(made, "2026-02", "Nguyễn An")
    made.do(HEADS["P1"], "acknowledge_results", informed=True)
    made.move("2026-12-01 09:00")
    made.open_month("2026-12")
    other = individual("Nguyễn An", achievement="Lập phương án điều phối vật tư mùa bão lũ")
    made.propose("P1", "2026-12", [other])
    yield made
    clock.unpin()


def award(chain: Chain, period: str, subject: str) -> None:
    """Let the department award a Giấy khen."""
    chain.open_month(period)
    chain.propose("P1", period, [individual(subject)])
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    chain.decide(DEPARTMENT_OFFICE, "appraise", recommend)
    chain.decide(DEPARTMENT_DIRECTOR, "decide", pass_up, decision="approve")


def awarded(chain: Chain) -> Nomination:
    """Return the nomination that was awarded in February."""
    query = select(Nomination).where(Nomination.award_decision_id.is_not(None))
    return chain.session.scalars(query).one()


def begin(chain: Chain, login: str = INSPECTOR) -> ProcessInstance:
    """Let somebody propose the cancellation."""
    actor = chain.actor(login)
    variables = revocations.case_variables(chain.session, awarded(chain), actor)
    started = instances.start(chain.session, "revocation", variables, actor)
    act(chain, login, "propose_revocation", **PROPOSAL)
    return started


def test_scenario_29_the_department_director_cancels_and_item_and_money_are_recovered(chain: Chain) -> None:
    started = begin(chain)
    original = chain.session.scalars(select(AwardDecision)).one()

    act(chain, DEPARTMENT_DIRECTOR, "decide_revocation", verdict="cancel")
    both = sorted(chain.open_tasks(DEPARTMENT_OFFICE))
    chain.move("2026-12-10 09:00")
    act(chain, DEPARTMENT_OFFICE, "recover_item", item_recovered_on="2026-12-08", item_note="Đã hủy phôi")
    act(chain, DEPARTMENT_OFFICE, "recover_money", money_recovered_on="2026-12-10")

    assert both == ["recover_item", "recover_money"]
    assert started.status == "completed"
    nomination = awarded(chain)
    found = revocations.latest(chain.session, nomination)
    assert found is not None
    assert (found.status, found.award_decision_id, found.decided_by) == (
        "recovered",
        original.id,
        DEPARTMENT_DIRECTOR,
    )
    assert found.number is not None
    assert found.number != original.number
    assert found.money_amount == 710_000  # 0,3 × 2.340.000, rounded up, on the day of the award
    assert nomination.status == "revoked"
    assert "hủy" in nominations.describe_result(nomination).vi
    assert "Đ93" in nomination.reason
    (notice,) = [one for one in chain.notices("award.revoked") if one.group_name == "P1.head"]
    assert original.number in notice.vi


def test_scenario_29_other_nominations_of_the_person_are_flagged(chain: Chain) -> None:
    begin(chain)

    act(chain, DEPARTMENT_DIRECTOR, "decide_revocation", verdict="cancel")

    later = chain.nomination("Nguyễn An")
    (flag,) = revocations.flags(chain.session, later)
    assert flag.about == awarded(chain).id
    assert later.status == "open"
    assert [step.outcome for step in later.steps][-1] == "flagged"


def test_an_award_that_is_kept_stays_with_the_reason(chain: Chain) -> None:
    started = begin(chain, DEPARTMENT_OFFICE)

    with pytest.raises(FormInvalid) as invalid:
        act(chain, DEPARTMENT_DIRECTOR, "decide_revocation", verdict="keep")
    chain.session.rollback()
    act(chain, DEPARTMENT_DIRECTOR, "decide_revocation", verdict="keep", reason="Kết luận không về việc này")

    assert list(invalid.value.messages) == ["reason"]
    assert started.status == "completed"
    assert awarded(chain).status == "awarded"


def test_only_who_awarded_inspectors_and_auditors_begin_and_only_once(chain: Chain) -> None:
    with pytest.raises(NotAllowed):
        revocations.case_variables(chain.session, awarded(chain), chain.actor(HEADS["P1"]))
    begin(chain)
    with pytest.raises(Refused):
        revocations.case_variables(chain.session, awarded(chain), chain.actor(INSPECTOR))

    act(chain, DEPARTMENT_DIRECTOR, "decide_revocation", verdict="cancel")

    with pytest.raises(Refused) as refused:
        revocations.case_variables(chain.session, awarded(chain), chain.actor(INSPECTOR))
    assert "Đ93" in refused.value.source
