"""Dossiers returned for supplement by a department to those who submit to it directly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, tasks
from engine.actors import SYSTEM
from engine.clock import local
from engine.errors import FormInvalid
from engine.handlers import ServiceCall
from engine.tables import UserTask
from tests.chain import at, individual
from workflows import HANDLERS, calendar, chains, demo, organisation_people, starting, story
from workflows.dossiers import evidence
from workflows.tables import Document, Nomination, Proposal

STAFF, HEAD = "phuong.gt.cb1", "tien.gt.cb1"
DESK, DIRECTOR = "trinh.gt.vp", "hao.gt.sgtvt"
OANH, TAI = "Hoàng Kim Oanh", "Mã Văn Tài"
REASON = "Chưa ghi số lượt hỗ trợ"
DONE = {"decision": "recommend", "reason": ""}
RETURNED = {"decision": "return", "reason": REASON}


@pytest.fixture
def world(session: Session) -> Iterator[Session]:
    """Give the chain of Sở GTVT with two examples that the cell has just submitted."""
    session.info.update(handlers=HANDLERS, calendar=calendar.due_after)
    clock.pin(at("2026-10-02 09:00"))
    demo.load(session)
    deployments.deploy(session, [(path.name, path.read_bytes()) for path in chains.files("gtvt")], SYSTEM)
    actor = organisation_people.find_actor(session, STAFF)
    (offer,) = [one for one in starting.offers(session, actor) if one.process_id == "gtvt_example"]
    values = {"period": "2026-10", **offer.fixed}
    story.instances.start(session, "gtvt_example", values, actor, offer.key(values))
    examples = [individual(subject, to_be_spread=False) for subject in (OANH, TAI)]
    listed = {"report_kind": "proposal", "nominees": examples}
    story.complete(session, STAFF, "describe_examples", lambda _: listed)
    yield session
    clock.unpin()


def sign(session: Session) -> None:
    story.complete(session, HEAD, "head_confirm", lambda _: {"decision": "sign"})


def appraise(session: Session, **said: Any) -> None:
    """Appraise the oldest list: who is not named is recommended."""
    story.decide(session, DESK, "appraise", lambda row: said.get(row["subject"].split()[-1], DONE))


def supplement(session: Session) -> None:
    changed = {"achievement": "Hỗ trợ 1.200 lượt lái xe trong hai tháng.", "note": "Đã ghi số lượt"}
    story.complete(
        session,
        STAFF,
        "supplement",
        lambda values: {"nominees": [{**row, **changed} for row in values["nominees"]]},
    )
    sign(session)


def find(session: Session, subject: str) -> Nomination:
    return session.scalars(select(Nomination).where(Nomination.subject == subject)).one()


def lists(session: Session, login: str, element: str) -> list[list[str]]:
    """Return whom each open task of an element shows, oldest first."""
    actor = organisation_people.find_actor(session, login)
    query = tasks.open_for(actor).where(UserTask.element == element).order_by(UserTask.id)
    return [
        [row["subject"] for row in story.read_form(session, task, actor)["rows"]]
        for task in session.scalars(query)
    ]


def test_one_dossier_goes_back_with_a_slip_and_the_other_is_decided_meanwhile(world: Session) -> None:
    sign(world)

    appraise(world, Tài=RETURNED)
    story.decide(world, DIRECTOR, "decide", lambda _: {"decision": "award"}, decision="approve")

    assert [find(world, one).status for one in (OANH, TAI)] == ["awarded", "returned"]
    slip = world.scalars(select(Document).where(Document.kind == "supplement_request")).one()
    assert (slip.unit, slip.nomination_id) == ("GT.SGTVT", find(world, TAI).id)
    assert REASON in slip.values["reason"]
    task = story.find_task(world, organisation_people.find_actor(world, STAFF), "supplement")
    assert task.due_at is not None
    # three working days from Friday 2 October
    assert local(task.due_at).date().isoformat() == "2026-10-07"


def test_what_was_supplemented_comes_back_as_a_new_version_into_a_review_of_its_own(world: Session) -> None:
    sign(world)
    appraise(world, Tài=RETURNED)
    back = {"decision": "return", "return_reason": "Xem lại"}
    story.complete(world, DIRECTOR, "decide", lambda _: back)

    supplement(world)

    assert lists(world, DESK, "appraise") == [[OANH], [TAI]]
    came_back = find(world, TAI)
    assert (came_back.version, [kept.number for kept in came_back.versions]) == (2, [1, 2])
    assert "1.200" not in came_back.versions[0].content["achievement"]
    appraise(world)
    appraise(world)
    assert lists(world, DIRECTOR, "decide") == [[OANH], [TAI]]


def test_no_second_dossier_goes_back_while_the_unit_still_supplements_the_first(world: Session) -> None:
    sign(world)
    appraise(world, Tài=RETURNED)
    back = {"decision": "return", "return_reason": "Xem lại"}
    story.complete(world, DIRECTOR, "decide", lambda _: back)

    with pytest.raises(FormInvalid) as refused:
        appraise(world, Oanh=RETURNED)

    assert set(refused.value.messages) == {"rows.0.decision"}


def test_a_supplement_after_its_date_is_taken_and_marked_late(world: Session) -> None:
    sign(world)
    appraise(world, Oanh=RETURNED, Tài=RETURNED)

    clock.pin(at("2026-10-08 08:00"))
    supplement(world)

    proposal = world.scalars(select(Proposal)).one()
    assert (proposal.version, proposal.late, proposal.supplement_late) == (2, False, True)
    assert lists(world, DESK, "appraise") == [[OANH, TAI]]


def test_the_desk_reads_which_papers_are_missing_and_by_which_rule(world: Session) -> None:
    actor = organisation_people.find_actor(world, STAFF)
    call = ServiceCall(0, "", "", "", {}, {}, actor, clock.now())
    upload = evidence.Upload("achievement_report", "báo cáo.pdf", b"%PDF-1.7 ...")
    evidence.add(world, call, find(world, OANH), upload)
    sign(world)

    desk = organisation_people.find_actor(world, DESK)
    shown: Any = tasks.form_context(world, story.find_task(world, desk, "appraise"), desk)["rows"]

    said = {row["subject"]: row["papers"] for row in shown}
    report = "Báo cáo thành tích"
    assert [report in said[one] for one in (OANH, TAI)] == [False, True]
    assert all(text.startswith("Còn thiếu: ") and "Luật" in text for text in said.values())
    assert all("Tờ trình" not in text for text in said.values())
