"""Scenario 17: an ad hoc award outside the months; with a ground the short dossier, else the ordinary."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.handlers import Json, ServiceCall
from engine.tables import ProcessInstance
from tests.chain import (
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    MOVEMENT,
    STAFF,
    Chain,
    collective,
)
from tests.province import act, pass_up, recommend
from workflows.dossiers import evidence

TEAM = "Tổ hiện trường Phòng 4"
GROUND = "ad_hoc_achievement"


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain on the evening of 25 October 2026, after both dates of the month."""
    yield Chain(session, "2026-10-25 19:00")
    clock.unpin()


def begin(chain: Chain, ground: str) -> ProcessInstance:
    """Let the staff of P4 propose its team, with a ground or without."""
    variables: dict[str, Json] = {"movement": MOVEMENT, "office": "P4", "center": "TTTV"}
    started = instances.start(chain.session, "ad_hoc_award", variables, chain.actor(STAFF["P4"]), "P4/598/ĐX")
    team = collective(TEAM, achievement="Cứu bốn công nhân trong vụ sạt lở tại công trường ngày 25/10")
    act(chain, STAFF["P4"], "prepare_ad_hoc", nominees=[team], ground=ground)
    return started


def upload(chain: Chain, paper: str) -> None:
    """Put one paper into the dossier of the team."""
    call = ServiceCall(0, "", "", "", {}, {}, chain.actor(STAFF["P4"]), clock.now())
    file = evidence.Upload(paper, "giay to.pdf", b"%PDF-1.7 ...")
    evidence.add(chain.session, call, chain.nomination(TEAM), file)
    chain.session.commit()


def missing(chain: Chain) -> list[str]:
    """Return the papers that the form says are missing."""
    _task, context, _values = chain.form(STAFF["P4"], "complete_dossier")
    return [row["paper"] for row in context["missing"]]


def test_scenario_17_with_a_ground_letter_and_short_report_are_enough_and_no_month_is_waited_for(
    chain: Chain,
) -> None:
    started = begin(chain, GROUND)
    wanted = missing(chain)

    upload(chain, "short_report")
    act(chain, STAFF["P4"], "complete_dossier")
    act(chain, HEADS["P4"], "head_review", decision="sign")
    act(chain, DIRECTOR, "sign_ad_hoc", decision="sign")
    chain.decide(DEPARTMENT_OFFICE, "appraise", recommend)
    chain.decide(DEPARTMENT_DIRECTOR, "decide", pass_up, decision="approve")
    act(chain, HEADS["P4"], "acknowledge_results", informed=True)

    assert wanted == ["Báo cáo tóm tắt thành tích"]
    nomination = chain.nomination(TEAM)
    assert (nomination.procedure, nomination.ground, nomination.type) == ("simplified", GROUND, "ad_hoc")
    assert nomination.status == "awarded"
    assert nomination.proposal.report_due_at is None
    assert started.status == "completed"


def test_scenario_17_without_a_ground_the_ordinary_checklist_asks_for_minutes(chain: Chain) -> None:
    begin(chain, "")

    wanted = missing(chain)
    upload(chain, "short_report")
    act(chain, STAFF["P4"], "complete_dossier")
    still = missing(chain)
    act(chain, STAFF["P4"], "complete_dossier", ground=GROUND)

    assert len(wanted) == 2
    assert any("iên bản" in paper for paper in wanted)
    assert still == wanted
    assert chain.open_tasks(HEADS["P4"]) == ["head_review"]


def test_an_ad_hoc_list_that_the_director_returns_comes_back_with_the_reason(chain: Chain) -> None:
    begin(chain, GROUND)
    upload(chain, "short_report")
    act(chain, STAFF["P4"], "complete_dossier")
    act(chain, HEADS["P4"], "head_review", decision="sign")

    act(chain, DIRECTOR, "sign_ad_hoc", decision="return", reason="Ghi rõ số người được cứu")
    _task, context, _values = chain.form(STAFF["P4"], "prepare_ad_hoc")

    assert context["return_reason"] == "Ghi rõ số người được cứu"
    assert [row["subject"] for row in context["nominees"]] == [TEAM]
