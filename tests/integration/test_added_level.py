"""One more level needs no code: a unit as a row, copies of diagrams with other ids, groups and messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments
from engine.actors import SYSTEM
from engine.tables import ProcessInstance
from tests.chain import (
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    Chain,
    Row,
    individual,
)
from workflows import chains
from workflows.tables import Membership, Person, Submission, Unit

PERIOD = "2026-10"
CORPORATION = "TCT"
DESK, SIGNER = "yen.tct", "bach.tct"
FOLDER = chains.ROOT / "da_nang"


def copied(name: str, **changes: str) -> tuple[str, bytes]:
    """Return a diagram as a file of its own, with words of it changed."""
    text = (FOLDER / f"{name}.bpmn").read_text(encoding="utf-8")
    for before, after in changes.items():
        assert before in text, before
        text = text.replace(before, after)
    return f"{changes.get(name, name)}.bpmn", text.encode()


def add_corporation(session: Session) -> None:
    """Put a corporation between the centre and the department: one unit, two people."""
    session.add(
        Unit(
            code=CORPORATION,
            name="Tổng công ty Hạ tầng",
            short_name="Tổng công ty",
            kind="corporation",
            parent_code="SXD",
            desk_group="TCT.office",
            signer_group="TCT.director",
        )
    )
    session.scalars(select(Unit).where(Unit.code == "TTTV")).one().parent_code = CORPORATION
    for login, group, rank in ((DESK, "TCT.office", ""), (SIGNER, "TCT.director", "head")):
        session.add(
            Person(
                login=login,
                name=login,
                position="Giám đốc" if rank else "",
                rank=rank,
                unit_code=CORPORATION,
                memberships=[Membership(group_name=group)],
            )
        )
    session.flush()


def deploy_level(session: Session) -> None:
    """Deploy the copies: the centre sends to the corporation, which sends on to the department."""
    review = copied(
        "department_review",
        **{
            "submission.to_province": "submission.onward",
            "submission.to_department": "submission.to_corporation",
            "submission.onward": "submission.to_department",
            "submission_to_department": "submission_to_corporation",
            "SXD.office": "TCT.office",
            "SXD.director": "TCT.director",
            "department_review": "corporation_review",
        },
    )
    center = copied("center_consolidation", **{"submission.to_department": "submission.to_corporation"})
    deployments.deploy(session, [review, center], SYSTEM)


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the chain with a corporation between centre and department."""
    made = Chain(session, "2026-10-01 09:00")
    add_corporation(session)
    deploy_level(session)
    session.commit()
    yield made
    clock.unpin()


def test_a_nomination_climbs_through_a_level_that_only_diagrams_and_rows_know(chain: Chain) -> None:
    chain.open_month(PERIOD)
    office = chain.propose("P1", PERIOD, [individual("Nguyễn An"), individual("Trần Bình")])
    chain.review(closed=True)
    chain.do(DIRECTOR, "sign_submission", decision="sign")
    at_corporation = chain.nomination("Nguyễn An")
    placed = (at_corporation.unit_code, at_corporation.level, at_corporation.holder)

    chain.decide(DESK, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    _task, context, _values = chain.form(SIGNER, "decide")

    def choose(row: Row) -> Row:
        declined = row["subject"] == "Trần Bình"
        return {
            "decision": "decline" if declined else "submit_up",
            "reason": "Chưa đủ thời gian" if declined else "",
        }

    chain.decide(SIGNER, "decide", choose, decision="approve")
    chain.decide(DEPARTMENT_OFFICE, "appraise", lambda row: {"decision": "recommend", "reason": ""})
    chain.decide(
        DEPARTMENT_DIRECTOR, "decide", lambda row: {"decision": "award", "reason": ""}, decision="approve"
    )
    chain.do(HEADS["P1"], "acknowledge_results", informed=True)

    assert placed == (CORPORATION, "corporation", "TCT.office")
    assert [choice["value"] for choice in context["rows"][0]["choices"]] == ["submit_up", "decline"]
    routed = chain.session.execute(select(Submission.from_unit, Submission.to_unit).order_by(Submission.id))
    assert [tuple(row) for row in routed] == [("TTTV", CORPORATION), (CORPORATION, "SXD")]
    told = chain.nomination("Nguyễn An")
    assert (told.status, told.unit_code, told.award.level if told.award else "") == (
        "awarded",
        "SXD",
        "department",
    )
    climbed = [step.outcome for step in told.steps if step.outcome.startswith(("submitted_", "received_"))]
    assert climbed == [
        "submitted_above",
        "received_above",
        "submitted_to_department",
        "received_by_department",
    ]
    assert chain.nomination("Trần Bình").reason == "Chưa đủ thời gian"
    assert office.status == "completed"
    ended = select(ProcessInstance.status).where(ProcessInstance.process_id == "corporation_review")
    assert chain.session.scalars(ended).all() == ["completed"]
