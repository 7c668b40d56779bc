"""Drives without monthly dates: who may start, peer review, straight to the department, examples spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments
from engine.actors import SYSTEM
from engine.errors import FormInvalid, Refused
from tests.chain import at, individual
from workflows import HANDLERS, calendar, chains, demo, organisation_people, starting, story
from workflows.tables import Notice, PeerReview, Proposal, Submission

STAFF, HEAD = "tham.vp.th", "tri.vp.th"
CRITERIA = ("timely_advice", "exemplary", "it_reform", "punctual", "no_alcohol_tobacco", "no_private_use")
MEETING = {"held_on": "02/10/2026", "members": 9, "present": 8}


@pytest.fixture
def world(session: Session) -> Iterator[Session]:
    """Give the two chains whose offices propose straight to their department."""
    session.info.update(handlers=HANDLERS, calendar=calendar.due_after)
    clock.pin(at("2026-10-02 09:00"))
    demo.load(session)
    files = [(path.name, path.read_bytes()) for path in chains.files("vinh_phuc", "gtvt")]
    deployments.deploy(session, files, SYSTEM)
    yield session
    clock.unpin()


def begin(session: Session, login: str, process: str) -> Any:
    """Start a process as the start page does: what the rules offer, and the month."""
    actor = organisation_people.find_actor(session, login)
    (offer,) = [one for one in starting.offers(session, actor) if one.process_id == process]
    values = {"period": "2026-10", **offer.fixed}
    return story.instances.start(session, process, values, actor, offer.key(values))


def nominee(subject: str, **changes: Any) -> dict[str, Any]:
    """Return somebody who meets every criterion of 83/KH-SKHĐT."""
    return individual(subject, **{**dict.fromkeys((*CRITERIA, "united"), True), **changes})


def write(session: Session, *nominees: dict[str, Any]) -> None:
    answer = {"report_kind": "proposal", "nominees": list(nominees)}
    story.complete(session, STAFF, "prepare_proposal", lambda _: answer)


def vote(session: Session, choose: Any, **meeting: Any) -> None:
    story.decide(session, STAFF, "peer_review", choose, **{**MEETING, **meeting})


def test_each_unit_is_offered_the_processes_of_its_own_chain(world: Session) -> None:
    offered = {
        login: {
            offer.process_id for offer in starting.offers(world, organisation_people.find_actor(world, login))
        }
        for login in ("an.p1", STAFF, "phuong.gt.cb1", "loan.gt.cd", "cuc.gt.ttdk", HEAD)
    }

    assert "office_proposal" in offered["an.p1"]
    assert offered[STAFF] >= {"vinh_phuc_proposal"}
    assert not {"office_proposal", "gtvt_example"} & offered[STAFF]
    assert all("gtvt_example" in offered[login] for login in ("phuong.gt.cb1", "loan.gt.cd", "cuc.gt.ttdk"))
    assert offered[HEAD] == set()


def test_a_drive_sets_no_date_and_one_list_is_written_at_a_time(world: Session) -> None:
    started = begin(world, STAFF, "vinh_phuc_proposal")

    with pytest.raises(Refused) as refused:
        begin(world, STAFF, "vinh_phuc_proposal")

    proposal = world.scalars(select(Proposal)).one()
    assert (proposal.key, proposal.report_due_at, proposal.late) == ("VP.SKHDT.TH/83/2026-10", None, False)
    assert started.business_key == proposal.key
    assert refused.value.source == "83/KH-SKHĐT"
    task = story.find_task(world, organisation_people.find_actor(world, STAFF), "prepare_proposal")
    assert task.due_at is None


def test_units_of_other_kinds_find_examples_several_times_a_month(world: Session) -> None:
    for subject in ("Hoàng Kim Oanh", "Mã Văn Tài"):
        begin(world, "phuong.gt.cb1", "gtvt_example")
        listed = {"report_kind": "proposal", "nominees": [individual(subject, to_be_spread=True)]}
        story.complete(world, "phuong.gt.cb1", "describe_examples", lambda _, listed=listed: listed)
        story.complete(world, "tien.gt.cb1", "head_confirm", lambda _: {"decision": "sign"})
    story.decide(world, "trinh.gt.vp", "appraise", lambda _: {"decision": "recommend", "reason": ""})
    story.decide(
        world, "hao.gt.sgtvt", "decide", lambda _: {"decision": "award", "reason": ""}, decision="approve"
    )

    keys = world.scalars(select(Proposal.key).order_by(Proposal.id)).all()
    assert keys == ["GT.SGTVT.CB1/SGTVT/2026-10", "GT.SGTVT.CB1/SGTVT/2026-10/2"]
    letters = world.execute(select(Submission.from_unit, Submission.to_unit, Submission.number)).all()
    assert [row[:2] for row in letters] == [("GT.SGTVT.CB1", "GT.SGTVT")] * 2
    assert len({row.number for row in letters}) == 2
    told = world.scalars(select(Notice.group_name).where(Notice.kind == "example.spread")).all()
    assert {"GT.SGTVT.QLVT.head", "GT.SGTVT.CD.staff", "GT.SGTVT.CB2.head"} <= set(told)


def test_peer_review_keeps_its_minutes_and_refuses_numbers_that_cannot_be(world: Session) -> None:
    begin(world, STAFF, "vinh_phuc_proposal")
    write(world, nominee("Đỗ Minh Sang"), nominee("Trần Công Vinh"), nominee("Lê Hiên", punctual=False))

    def choose(row: dict[str, Any]) -> dict[str, Any]:
        left = row["subject"] == "Trần Công Vinh"
        return {
            "votes_for": 2 if left else 8,
            "decision": "leave" if left else "select",
            "reason": "Chưa nổi trội" if left else "",
        }

    with pytest.raises(FormInvalid) as present:
        vote(world, choose, present=10)
    with pytest.raises(FormInvalid) as votes:
        vote(world, lambda _: {"votes_for": 9, "decision": "select"})
    with pytest.raises(FormInvalid) as future:
        vote(world, choose, held_on="03/10/2026")
    vote(world, choose)
    story.complete(world, HEAD, "head_review", lambda _: {"decision": "sign"})

    assert set(present.value.messages) == {"present"}
    assert set(votes.value.messages) == {"rows.0.votes_for", "rows.1.votes_for"}
    assert set(future.value.messages) == {"held_on"}
    kept = world.execute(select(PeerReview.votes_for, PeerReview.selected, PeerReview.reason)).all()
    assert [tuple(row) for row in kept] == [(8, True, ""), (2, False, "Chưa nổi trội")]
    proposal = world.scalars(select(Proposal)).one()
    assert {one.subject: (one.status, one.level) for one in proposal.nominations} == {
        "Đỗ Minh Sang": ("open", "department"),
        "Trần Công Vinh": ("set_aside", "office"),
        "Lê Hiên": ("ineligible", "office"),
    }
    failure = next(one for one in proposal.nominations if one.subject == "Lê Hiên").precheck["failures"][0]
    assert (failure["key"], "83/KH-SKHĐT" in failure["source"]) == ("punctual", True)
