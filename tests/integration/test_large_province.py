"""Six hundred nominees at the province: shown by pages, appraised and decided as a whole with exceptions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.handlers import Json, View
from engine.tables import UserTask
from tests import crowd
from tests.chain import CHAIR, DEPARTMENT_DIRECTOR, DEPARTMENT_OFFICE, DIRECTOR, HOME_AFFAIRS, Chain
from workflows import organisation_people, story
from workflows.long_lists import PAGE
from workflows.tables import Nomination

NOMINEES = 600


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain with 600 nominations for a Bằng khen at the centre."""
    found = Chain(session, crowd.MOMENT)
    found.open_month(crowd.PERIOD)
    crowd.send_proposals(session, 12, NOMINEES)
    session.execute(update(Nomination).values(form="certificate_of_merit", influence="city_field"))
    session.commit()
    yield found
    clock.unpin()


def answer(chain: Chain, login: str, element: str, **answers: Json) -> None:
    """Complete a task with nothing but the answers, in a session that remembers nothing."""
    chain.session.expunge_all()
    actor = organisation_people.find_actor(chain.session, login)
    task = story.find_task(chain.session, actor, element)
    tasks.complete(chain.session, task.id, answers, actor)
    chain.session.commit()


def shown(chain: Chain, login: str, element: str, view: View) -> dict[str, Json]:
    """Return what a page of the form of a task shows."""
    actor = organisation_people.find_actor(chain.session, login)
    task: UserTask = story.find_task(chain.session, actor, element)
    return tasks.form_context(chain.session, task, actor, view)


def ids(context: dict[str, Json]) -> list[str]:
    """Return the ids of the rows of a form."""
    rows = context["rows"]
    assert isinstance(rows, list)
    return [str(row["id"]) for row in rows if isinstance(row, dict)]


def test_six_hundred_certificates_of_merit_are_appraised_and_decided_by_pages(chain: Chain) -> None:
    answer(
        chain,
        story.COORDINATION,
        "review_proposals",
        rows=[],
        rest="accept",
        rest_count=NOMINEES,
        closed=True,
    )
    answer(chain, DIRECTOR, "sign_submission", decision="sign")
    answer(chain, DEPARTMENT_OFFICE, "appraise", rows=[], rest="recommend")
    answer(chain, DEPARTMENT_DIRECTOR, "decide", decision="approve", rows=[], rest="follow")

    first = shown(chain, HOME_AFFAIRS, "appraise", View())
    second = shown(chain, HOME_AFFAIRS, "appraise", View(page=2))
    declined: Json = [{"id": ids(second)[0], "decision": "decline", "reason": "Thiếu xác nhận"}]
    answer(chain, HOME_AFFAIRS, "appraise", rows=declined, rest="recommend")
    chairman = shown(chain, CHAIR, "decide_merit", View())
    left_out: Json = [{"id": ids(chairman)[0], "decision": "decline", "reason": "Chưa tiêu biểu"}]
    answer(chain, CHAIR, "decide_merit", rows=left_out, rest="follow")

    assert (len(ids(first)), len(ids(second)), len(ids(chairman))) == (PAGE, PAGE, PAGE)
    assert not set(ids(first)) & set(ids(second))
    counted = chain.session.execute(select(Nomination.status, func.count()).group_by(Nomination.status))
    assert {row[0]: row[1] for row in counted} == {"awarded": NOMINEES - 2, "declined": 2}
