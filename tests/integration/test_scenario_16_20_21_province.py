"""Scenarios 16, 20 and 21: who passes the council, the list published before it, the opinions asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import Refused
from engine.tables import ProcessInstance, UserTask
from tests.chain import CHAIR, HEADS, HOME_AFFAIRS, Chain, Row, individual
from tests.province import (
    INSPECTOR,
    MERIT,
    ORDER,
    SECRETARY,
    TITLE,
    act,
    appraise,
    bring_up,
    entitle,
    gather_council,
    hold_council,
    mine,
    post_list,
    report,
    show,
    vote_and_sign,
)
from workflows import disclosures, opinions
from workflows.tables import Nomination, Person

TAX, PARTY = "nga.thue", "kiet.btv"


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain on the morning of 3 August 2026."""
    yield Chain(session, "2026-08-03 09:00")
    clock.unpin()


def processes(chain: Chain) -> set[str]:
    """Return the processes that ran so far."""
    return set(chain.session.scalars(select(ProcessInstance.process_id)))


def test_scenario_16_a_certificate_goes_to_the_chairman_without_the_council_a_title_does_not(
    chain: Chain,
) -> None:
    entitle(chain, "Trần Bình")
    title = {**TITLE, "initiative_ref": "sk-tran binh", "type": "merit"}
    bring_up(chain, "2026-08", [individual("Nguyễn An", **MERIT), individual("Trần Bình", **title)])

    appraise(chain)
    direct = processes(chain)
    chain.decide(CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})
    first = chain.nomination("Nguyễn An").status
    hold_council(chain, "2026-08-14 08:00")
    chain.decide(CHAIR, "decide_titles", lambda _: {"decision": "award", "reason": ""})

    assert "council_session" in direct
    convened = chain.session.scalars(select(UserTask).where(UserTask.element == "vote")).all()
    assert len(convened) == 11
    assert first == "awarded"
    assert chain.nomination("Trần Bình").status == "awarded"
    steps = {step.outcome for step in chain.nomination("Nguyễn An").steps}
    assert not any(outcome.startswith("council") for outcome in steps)


def test_scenario_16_only_certificates_create_no_task_of_the_council(chain: Chain) -> None:
    bring_up(chain, "2026-08", [individual("Nguyễn An", **MERIT)])

    appraise(chain)
    chain.decide(CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})

    assert "council_session" not in processes(chain)
    assert chain.nomination("Nguyễn An").status == "awarded"
    assert chain.open_tasks(HEADS["P1"]) == ["acknowledge_results"]


def test_a_title_that_misses_its_threshold_is_answered_with_its_votes(chain: Chain) -> None:
    entitle(chain, "Trần Bình")
    title = {**TITLE, "initiative_ref": "sk-tran binh", "type": "merit"}
    bring_up(chain, "2026-08", [individual("Trần Bình", **title)])
    appraise(chain)

    hold_council(chain, "2026-08-14 08:00", {"Trần Bình": 2})

    nomination = chain.nomination("Trần Bình")
    assert nomination.status == "declined"
    assert "9/11" in nomination.reason
    assert chain.open_tasks(CHAIR) == []
    assert chain.open_tasks(HEADS["P1"]) == ["acknowledge_results"]


def bring_order(chain: Chain, subject: str = "Nguyễn An") -> Nomination:
    """Bring a nominee for an order up to the disclosure of the province."""
    bring_up(chain, "2026-08", [individual(subject, **ORDER)])
    appraise(chain)
    return chain.nomination(subject)


def test_scenario_20_posting_too_late_for_the_council_is_refused_with_the_latest_day(chain: Chain) -> None:
    nomination = bring_order(chain)
    chain.move("2026-08-28 09:00")

    with pytest.raises(Refused) as refused:
        post_list(chain, "2026-09-10", "2026-08-28")
    chain.session.rollback()
    with pytest.raises(Refused):
        post_list(chain, "2026-09-10", "2026-08-24")
    chain.session.rollback()
    post_list(chain, "2026-09-10", "2026-08-22")

    assert "22/08/2026" in refused.value.text("vi")
    assert " 5 ngày làm việc" in refused.value.text("vi")
    assert "Đ46k2" in refused.value.source
    (found,) = disclosures.of_nomination(chain.session, nomination)
    assert found.closes_at is not None
    assert clock.local(found.closes_at).date().isoformat() == "2026-09-09"


def test_scenario_20_two_objections_become_papers_of_the_nomination_and_reach_council_and_signer(
    chain: Chain,
) -> None:
    nomination = bring_order(chain)
    chain.move("2026-08-21 09:00")
    post_list(chain, "2026-09-10", "2026-08-21")

    for sender in ("Ông Lê Văn Dũng", "Bà Hồ Thị Sen"):
        objection = {"sender": sender, "content": "Thành tích do cả nhóm làm", "received_on": "2026-08-21"}
        chain.do(HOME_AFFAIRS, "record_objection", nominee=str(nomination.id), **objection)
    waiting = chain.open_tasks(HOME_AFFAIRS)
    chain.move("2026-09-09 09:00")
    (found,) = disclosures.of_nomination(chain.session, nomination)
    closed = found.status
    read = str(show(chain, SECRETARY, "convene")["papers"])
    gather_council(chain, "2026-09-10 08:00")
    ballot = str(show(chain, "huy.sct", "vote")["papers"])
    vote_and_sign(chain, {})
    context = show(chain, CHAIR, "sign_state_submission")

    assert waiting == ["record_objection"]
    assert closed == "closed"
    said = disclosures.objections(chain.session, [nomination.id])
    assert [one.sender for one in said] == ["Ông Lê Văn Dũng", "Bà Hồ Thị Sen"]
    assert read.count("Thành tích do cả nhóm làm") == 2
    assert ballot.count("Thành tích do cả nhóm làm") == 2
    assert "Công khai từ 21/08/2026" in ballot
    assert "Lê Văn Dũng" not in ballot
    assert "Lê Văn Dũng" in str(context["papers"])
    assert "Hồ Thị Sen" in str(context["papers"])


def test_the_council_reads_that_a_nominee_was_cleared_and_not_who_denounced_it(chain: Chain) -> None:
    bring_order(chain)
    chain.move("2026-08-21 09:00")
    post_list(chain, "2026-09-10", "2026-08-21")
    report(chain, "Nguyễn An", summary="Bà Trịnh Thị Mây tố cáo kê khai khống")
    verdict = {"verdict": "cleared", "conclusion_document": "20/KL-TTTP"}
    act(chain, INSPECTOR, "conclude_complaint", **verdict)
    appraise(chain)

    chain.move("2026-09-09 09:00")
    said = str(show(chain, SECRETARY, "convene")["papers"])

    assert "Tố cáo đang xác minh; kết luận không vi phạm (20/KL-TTTP)" in said
    assert "Trịnh Thị Mây" not in said


@pytest.mark.parametrize(("council_on", "warned"), [("2026-09-10", True), ("2026-09-11", False)])
def test_a_list_posted_on_its_last_day_tells_by_when_the_council_is_convened(
    chain: Chain, council_on: str, warned: bool
) -> None:
    bring_order(chain)
    chain.move("2026-08-22 09:00")
    offered = show(chain, HOME_AFFAIRS, "post_list")

    post_list(chain, council_on, "2026-08-22")

    assert (offered["earliest_council"], offered["advised_council"]) == ("10/09/2026", "11/09/2026")
    said = show(chain, HOME_AFFAIRS, "record_objection")["convening_warning"]
    assert ("ngày cuối để triệu tập Hội đồng họp 10/09/2026 cũng là 09/09/2026" in said) is warned
    assert len(chain.notices("disclosure.tight")) == int(warned)


def manage(chain: Chain, subject: str) -> None:
    """Let a nominee be a person of the office whom the standing board manages."""
    person = Person(login="managed.p1", name=subject, position="", unit_code="P1", memberships=[])
    person.managed_by_standing_board = True
    chain.session.add(person)
    chain.session.commit()


def agree(_row: Row) -> Row:
    """Agree to a nominee."""
    return {"decision": "agree", "reason": ""}


@pytest.mark.parametrize(
    ("managed", "asked"), [(True, ["agency", "agency", "party"]), (False, ["agency"] * 2)]
)
def test_scenario_21_the_party_is_asked_for_an_order_only_when_it_manages_the_nominee(
    chain: Chain, managed: bool, asked: list[str]
) -> None:
    if managed:
        manage(chain, "Nguyễn An")

    nomination = bring_order(chain)

    found = opinions.of_nomination(chain.session, nomination)
    assert sorted(one.kind for one in found) == asked
    assert ("give_party_opinion" in chain.open_tasks(PARTY)) is managed
    assert chain.open_tasks(TAX) == ["give_agency_opinion"]


def test_scenario_21_opinions_run_in_parallel_and_the_silent_are_passed_over(chain: Chain) -> None:
    manage(chain, "Nguyễn An")
    nomination = bring_order(chain)
    due = mine(chain, PARTY, "give_party_opinion").due_at

    letter = {"document": "12/TU", "document_date": "2026-08-05", "file_reference": "Hộp 3"}
    chain.move("2026-08-05 09:00")
    act(chain, PARTY, "give_party_opinion", agree, **letter)
    act(chain, TAX, "give_agency_opinion", agree, **{**letter, "document": "77/CT"})
    chain.move("2026-08-18 09:00")

    assert due is not None
    assert clock.local(due).date().isoformat() == "2026-08-17"
    found = {
        one.agency: (one.answer, one.document) for one in opinions.of_nomination(chain.session, nomination)
    }
    assert found == {"BTV": ("agree", "12/TU"), "THUE": ("agree", "77/CT"), "TTTP": ("silent", "")}
    asked = select(ProcessInstance).where(ProcessInstance.process_id == "inter_agency_opinion")
    assert chain.session.scalars(asked).one().status == "completed"
