"""A round of 2,000 nominations of 200 offices: small state, few statements, pages, parts decided."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.errors import Conflict, FormInvalid
from engine.handlers import View
from engine.tables import ProcessInstance, UserTask
from tests import crowd
from workflows import organisation_people, story
from workflows.long_lists import PAGE
from workflows.tables import Achievement, Document, Nomination, NominationStep, Notice, SubmissionEntry

OFFICES, NOMINEES = 200, 2_000
STATE = 40_000  # bytes


@pytest.fixture
def month(session: Session) -> Iterator[ProcessInstance]:
    opened = crowd.open_round(session)
    yield opened
    clock.unpin()


def waiting(session: Session, login: str, element: str) -> tuple[UserTask, Any]:
    """Return a task with who has it; everything read before is forgotten, as in a new request."""
    session.commit()
    session.expunge_all()
    actor = organisation_people.find_actor(session, login)
    return story.find_task(session, actor, element), actor


def count_by_status(session: Session) -> dict[str, int]:
    """Return how many nominations stand in each status."""
    found = session.execute(select(Nomination.status, func.count()).group_by(Nomination.status))
    return {status: number for status, number in found}  # noqa: C416  rows are not pairs to mypy


def test_a_round_of_two_thousand_is_opened_decided_and_closed_by_few_statements(
    session: Session, database: Engine, month: ProcessInstance
) -> None:
    crowd.send_proposals(session, OFFICES, NOMINEES)
    sizes = [len(month.state.encode())]

    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    with crowd.watching(database) as opening:
        shown = tasks.form_context(session, task, actor, View())
    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    decided = {"id": shown["rows"][0]["id"], "decision": "accept", "reason": ""}  # type: ignore[index,call-overload]
    with crowd.watching(database) as deciding:
        tasks.complete(session, task.id, {"rows": [decided]}, actor)
        session.commit()
    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    answer = {"rows": [], "rest": "accept", "rest_count": NOMINEES - 1, "closed": True}
    sizes.append(len(session.get_one(ProcessInstance, task.instance_id).state.encode()))
    with crowd.watching(database) as closing:
        tasks.complete(session, task.id, answer, actor)
        session.commit()

    assert len(shown["rows"]) == PAGE  # type: ignore[arg-type]
    assert (len(opening) <= 12, len(deciding) <= 40, len(closing) <= 60) == (True, True, True)
    sizes.append(len(session.get_one(ProcessInstance, task.instance_id).state.encode()))
    assert max(sizes) < STATE
    assert session.scalar(select(func.count(SubmissionEntry.nomination_id))) == NOMINEES
    accepted = select(func.count(NominationStep.id)).where(NominationStep.outcome == "accepted")
    assert session.scalar(accepted) == NOMINEES


def test_whoever_accepts_the_rest_unseen_must_know_how_many_they_are(
    session: Session, month: ProcessInstance
) -> None:
    crowd.send_proposals(session, 6, 60)
    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    answer = {"rows": [], "rest": "accept", "rest_count": 59, "closed": True}

    with pytest.raises(FormInvalid) as refused:
        tasks.complete(session, task.id, answer, actor)
    session.rollback()
    with pytest.raises(Conflict):
        tasks.complete(session, task.id, {"rows": [], "closed": True}, actor)
    session.rollback()

    assert set(refused.value.messages) == {"rest_count"}
    assert session.scalar(select(func.count(Nomination.id)).where(Nomination.status == "open")) == 60


def test_a_part_decided_leaves_the_others_open_for_the_next_round(
    session: Session, month: ProcessInstance
) -> None:
    crowd.send_proposals(session, 6, 60)
    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    rows: Any = tasks.form_context(session, task, actor, View(page=2))["rows"]
    reason = "Báo cáo thành tích thiếu xác nhận"
    given = [
        {"id": rows[0]["id"], "decision": "return", "reason": reason},
        {"id": rows[1]["id"], "decision": "accept", "reason": ""},
    ]

    tasks.complete(session, task.id, {"rows": given}, actor)
    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    again: Any = tasks.form_context(session, task, actor, View())

    assert count_by_status(session) == {"open": 58, "returned": 1, "accepted": 1}
    assert (again["rest_count"], again["rows_view"]["total"]) == (58, 59)


def test_a_department_decides_a_long_list_as_appraised_but_for_the_rows_it_names(
    session: Session, month: ProcessInstance
) -> None:
    crowd.send_proposals(session, 6, 60)
    task, actor = waiting(session, story.COORDINATION, "review_proposals")
    tasks.complete(session, task.id, {"rows": [], "rest": "accept", "rest_count": 60, "closed": True}, actor)
    task, actor = waiting(session, story.DIRECTOR, "sign_submission")
    tasks.complete(session, task.id, {"decision": "sign"}, actor)
    task, actor = waiting(session, story.DEPARTMENT_OFFICE, "appraise")
    rows: Any = tasks.form_context(session, task, actor, View(text="Q003"))["rows"]
    doubted = [{"id": row["id"], "decision": "decline", "reason": "Chưa rõ"} for row in rows[:2]]

    with pytest.raises(Conflict):
        tasks.complete(session, task.id, {"rows": doubted}, actor)
    session.rollback()
    tasks.complete(session, task.id, {"rows": doubted, "rest": "recommend"}, actor)
    task, actor = waiting(session, story.DEPARTMENT_DIRECTOR, "decide")
    spared = [{"id": rows[0]["id"], "decision": "award", "reason": ""}]
    tasks.complete(session, task.id, {"decision": "approve", "rows": spared, "rest": "follow"}, actor)
    session.commit()

    assert len(rows) == 10
    assert count_by_status(session) == {"awarded": 59, "declined": 1}
    assert session.get_one(Nomination, int(rows[1]["id"])).reason == "Chưa rõ"


def count_statements(session: Session, database: Engine, login: str, element: str, **answer: Any) -> int:
    """Return how many statements completing a task takes, as in a request of its own."""
    task, actor = waiting(session, login, element)
    with crowd.watching(database) as seen:
        tasks.complete(session, task.id, answer, actor)
        session.commit()
    return len(seen)


@pytest.mark.parametrize("nominees", [60, 720])
def test_appraising_and_deciding_a_letter_take_as_many_statements_for_few_nominees_as_for_many(
    session: Session, database: Engine, month: ProcessInstance, nominees: int
) -> None:
    crowd.send_proposals(session, 6, nominees)
    closed = {"rows": [], "rest": "accept", "rest_count": nominees, "closed": True}
    count_statements(session, database, story.COORDINATION, "review_proposals", **closed)
    count_statements(session, database, story.DIRECTOR, "sign_submission", decision="sign")

    task, actor = waiting(session, story.DEPARTMENT_OFFICE, "appraise")
    with crowd.watching(database) as opening:
        shown: Any = tasks.form_context(session, task, actor, View())
    declined = [{"id": row["id"], "decision": "decline", "reason": "Chưa rõ"} for row in shown["rows"][:20]]
    appraised = count_statements(
        session, database, story.DEPARTMENT_OFFICE, "appraise", rows=declined, rest="recommend"
    )
    decided = count_statements(
        session, database, story.DEPARTMENT_DIRECTOR, "decide", decision="approve", rows=[], rest="follow"
    )

    assert (len(opening) <= 20, appraised <= 40, decided <= 110) == (True, True, True)
    assert count_by_status(session) == {"awarded": nominees - 20, "declined": 20}
    told = select(func.count(Notice.id)).where(Notice.kind == "nomination.decided")
    assert session.scalar(told) == 2 * nominees
    kept = select(func.count(NominationStep.id)).where(NominationStep.outcome.in_(("awarded", "declined")))
    assert session.scalar(kept) == nominees
    certificates = select(func.count(Document.id)).where(Document.kind == "certificate")
    assert session.scalar(certificates) == session.scalar(select(func.count(Achievement.id))) == nominees - 20
