"""The demonstration shows every chain of the seeds under way, each with somebody to act next."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.tables import Incident, UserTask
from tests.chain import Chain, at
from workflows import story, story_chains
from workflows.tables import Nomination, SummaryReport

# a Sunday early in a month, and a day after the reporting dates of one
TODAY = ("2026-08-02 08:00", "2026-11-20 15:00")
# process → what waits there
WAITING = {
    "vinh_phuc_review": "decide",
    "vinh_phuc_proposal": "peer_review",
    "gtvt_review": "appraise",
    "gtvt_example": "acknowledge_results",
    "construction_launch": "receive_plan",
    "summary_report": "sign_report",
    "movement_launch": "sign_plan",
    "difficulty_report": "answer_difficulty",
    "council_session": "reply",
    "office_proposal": "head_review",
    "center_consolidation": "review_proposals",
}


@pytest.fixture(params=TODAY)
def told(request: pytest.FixtureRequest, session: Session) -> Session:
    """Tell the whole story on a day, as the demonstration does."""
    Chain(session, request.param)
    clock.unpin()
    with clock.pinned(at(request.param)):
        story.play(session)
        story_chains.play(session)
    return session


def test_every_chain_waits_for_somebody_and_nothing_went_wrong(told: Session) -> None:
    open_tasks = select(UserTask.process_id, UserTask.element).where(UserTask.status == "open")
    waiting = {tuple(row) for row in told.execute(open_tasks)}
    incidents = told.scalars(select(Incident.en).where(Incident.status == "open")).all()
    awarded = set(told.scalars(select(Nomination.subject).where(Nomination.status == "awarded")))
    report = told.scalars(select(SummaryReport).where(SummaryReport.unit_code == "QN.SXD")).one()

    assert set(WAITING.items()) <= waiting
    assert list(incidents) == []
    assert {"Hoàng Kim Oanh", "Phòng Giám sát"} <= awarded
    assert "1447/QĐ-UBND" in report.warnings[0]["vi"]
