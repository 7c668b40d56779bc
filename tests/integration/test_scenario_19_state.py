"""Scenario 19: the way to the State with its limits, refused or awarded, and back down to the office."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import FormInvalid
from tests.chain import CHAIR, HEADS, HOME_AFFAIRS, Chain, individual
from tests.province import ORDER, STATE, act, appraise, bring_up, hold_council, post_list
from workflows import states
from workflows.tables import AwardDecision, Submission

PERIOD = "2026-07"


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain on the morning of 1 July 2026."""
    yield Chain(session, "2026-07-01 09:00")
    clock.unpin()


def send_to_state(chain: Chain, nominee: dict[str, object]) -> Submission:
    """Bring a nominee through opinions, disclosure, council and the chairman's signature to the ministry."""
    bring_up(chain, PERIOD, [nominee])
    appraise(chain)
    if nominee["form"] == "labour_order_third":
        post_list(chain, "2026-07-30", "2026-07-01")
    chain.move("2026-07-29 09:00")
    hold_council(chain, "2026-07-30 08:00")
    chain.do(CHAIR, "sign_state_submission", sign=True)
    return chain.session.scalars(select(Submission).where(Submission.to_unit == "NN")).one()


def refuse(row: dict[str, object]) -> dict[str, object]:
    """Refuse a nominee."""
    return {"decision": "declined", "reason": "Phạm vi ảnh hưởng chưa đến toàn quốc"}


def award(_row: dict[str, object]) -> dict[str, object]:
    """Award a nominee by a numbered decision."""
    return {"decision": "awarded", "decision_number": "1035/QĐ-CTN", "decision_date": "2026-08-03"}


def test_scenario_19_a_refusal_of_the_prime_minister_reaches_the_office_and_awards_nothing(
    chain: Chain,
) -> None:
    letter = send_to_state(chain, individual("Nguyễn An", **STATE))
    chain.move("2026-08-03 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-08-03")
    first = {one.step: one.due_on.isoformat() for one in states.deadlines(chain.session, letter)}

    chain.move("2026-08-10 09:00")
    act(chain, HOME_AFFAIRS, "record_appraisal", measure="opinions", step_on="2026-08-10")
    again = states.deadline(chain.session, letter, "appraisal")
    assert again is not None
    after_opinions = again.due_on.isoformat()
    chain.move("2026-08-20 09:00")
    submitted = {"measure": "decided", "step_on": "2026-08-20"}
    act(chain, HOME_AFFAIRS, "record_appraisal", lambda _: {"decision": "submit_up"}, **submitted)
    chain.move("2026-09-14 09:00")
    dates = {"answered_on": "2026-09-03", "told_on": "2026-09-14"}
    act(chain, HOME_AFFAIRS, "record_prime_minister", refuse, **dates)
    before = chain.nomination("Nguyễn An").status
    chain.move("2026-09-21 09:00")
    informing = act(chain, HOME_AFFAIRS, "inform_nominees", told=True)

    assert first == {"return": "2026-08-10", "appraisal": "2026-08-28"}  # Sat 22/8 is worked
    assert after_opinions == "2026-08-22"
    assert before == "declined"
    assert informing.due_at is not None
    assert clock.local(informing.due_at).date().isoformat() == "2026-09-28"
    met = {one.step: (one.due_on.isoformat(), one.late) for one in states.deadlines(chain.session, letter)}
    assert met["notice"] == ("2026-09-17", False)
    assert met["nominees"] == ("2026-09-28", False)
    assert all("311/QĐ-BNV" in one.source for one in states.deadlines(chain.session, letter))
    _task, context, _values = chain.form(HEADS["P1"], "acknowledge_results")
    assert "chưa đến toàn quốc" in str(context["rows"])
    assert chain.session.scalars(select(AwardDecision)).all() == []


def test_scenario_19_the_ministry_returns_a_dossier_late_and_says_so(chain: Chain) -> None:
    letter = send_to_state(chain, individual("Nguyễn An", **STATE))
    chain.move("2026-08-03 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-08-03")
    chain.move("2026-09-03 09:00")
    told = chain.notices("state.late")

    returned = {"decision": "decline", "reason": "Thiếu xác nhận của cấp trình"}
    given = {"measure": "decided", "step_on": "2026-08-12"}
    act(chain, HOME_AFFAIRS, "record_appraisal", lambda _: returned, **given)
    act(chain, HOME_AFFAIRS, "inform_nominees", told=True)

    assert {notice.group_name for notice in told} == {"SNV.staff", "UBND.chair"}
    assert "28/08/2026" in told[0].vi
    late = {one.step: one.late for one in states.deadlines(chain.session, letter)}
    assert late["return"] is True
    nomination = chain.nomination("Nguyễn An")
    assert (nomination.status, nomination.reason) == ("declined", "Thiếu xác nhận của cấp trình")
    assert chain.open_tasks(HEADS["P1"]) == ["acknowledge_results"]


def test_scenario_19_an_order_passes_prime_minister_and_president_and_is_awarded(chain: Chain) -> None:
    letter = send_to_state(chain, individual("Nguyễn An", **ORDER))
    chain.move("2026-08-03 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-08-03")
    submitted = {"measure": "decided", "step_on": "2026-08-03"}
    act(chain, HOME_AFFAIRS, "record_appraisal", lambda _: {"decision": "submit_up"}, **submitted)
    dates = {"answered_on": "2026-08-03", "told_on": "2026-08-03"}

    with pytest.raises(FormInvalid):
        act(chain, HOME_AFFAIRS, "record_prime_minister", award, **dates)
    chain.session.rollback()
    act(chain, HOME_AFFAIRS, "record_prime_minister", lambda _: {"decision": "to_president"}, **dates)
    act(chain, HOME_AFFAIRS, "record_president", award, **dates)
    act(chain, HOME_AFFAIRS, "inform_nominees", told=True)

    decision = chain.session.scalars(select(AwardDecision)).one()
    assert (decision.number, decision.form) == ("1035/QĐ-CTN", "labour_order_third")
    assert chain.nomination("Nguyễn An").status == "awarded"
    assert chain.open_tasks(HEADS["P1"]) == ["acknowledge_results"]
    assert letter.status == "decided"
