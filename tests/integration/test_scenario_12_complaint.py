"""Scenario 12: a denunciation stops one nominee with the days that were left; the others go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.errors import NotAllowed, Refused
from tests.chain import CHAIR, COORDINATION, DIRECTOR, HEADS, HOME_AFFAIRS, STAFF, Chain, individual
from tests.province import INSPECTOR, MERIT, act, appraise, bring_up, report, show
from workflows import complaints, suspensions

PERIOD = "2026-10"
CLEARED = {"verdict": "cleared", "conclusion_document": "20/KL-TTTP"}


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give two Bằng khen nominees being appraised at Home Affairs since 1 October 2026."""
    made = Chain(session, "2026-10-01 09:00")
    bring_up(made, PERIOD, [individual("Nguyễn An", **MERIT), individual("Trần Bình", **MERIT)])
    yield made
    clock.unpin()


def rows_of(chain: Chain, login: str, element: str) -> list[str]:
    """Return whom a task shows."""
    _task, context, _values = chain.form(login, element)
    return [row["subject"] for row in context["rows"]]


def test_scenario_12_a_denunciation_suspends_one_and_the_other_is_awarded(chain: Chain) -> None:
    chain.move("2026-10-08 09:00")
    before = chain.task(HOME_AFFAIRS, "appraise").due_at

    report(chain, "Trần Bình")
    shown = rows_of(chain, HOME_AFFAIRS, "appraise")
    appraise(chain)
    chain.decide(CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})

    assert shown == ["Nguyễn An"]
    assert chain.nomination("Nguyễn An").status == "awarded"
    stopped = chain.nomination("Trần Bình")
    found = suspensions.current(chain.session, stopped)
    assert found is not None
    assert (stopped.status, found.kind, found.recorded_by) == ("suspended", "denunciation", INSPECTOR)
    assert before is not None
    assert found.due_at == before
    assert (clock.local(before).date().isoformat(), found.remaining_days) == ("2026-10-22", 10)
    (told,) = [one for one in chain.notices("nomination.suspended") if one.group_name == "P1.head"]
    assert "Đ4k4" in told.vi


def test_scenario_12_a_cleared_nominee_goes_on_with_exactly_the_days_that_were_left(chain: Chain) -> None:
    chain.move("2026-10-08 09:00")
    report(chain, "Trần Bình")
    appraise(chain)
    chain.decide(CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})
    chain.move("2026-12-01 09:00")

    act(chain, INSPECTOR, "conclude_complaint", **CLEARED)
    task = chain.task(HOME_AFFAIRS, "appraise")
    shown = rows_of(chain, HOME_AFFAIRS, "appraise")
    appraise(chain)
    chain.decide(CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})

    assert task.due_at is not None
    assert clock.local(task.due_at).date().isoformat() == "2026-12-15"
    assert shown == ["Trần Bình"]
    (found,) = suspensions.history(chain.session, chain.nomination("Trần Bình"))
    assert found.new_due_at == task.due_at
    assert chain.nomination("Trần Bình").status == "awarded"
    assert chain.open_tasks(HEADS["P1"]) == ["acknowledge_results"]


def test_scenario_12_a_cleared_nominee_rejoins_a_list_that_is_still_open(chain: Chain) -> None:
    chain.move("2026-10-08 09:00")
    report(chain, "Trần Bình")
    chain.move("2026-10-09 09:00")

    act(chain, INSPECTOR, "conclude_complaint", **CLEARED)

    assert rows_of(chain, HOME_AFFAIRS, "appraise") == ["Nguyễn An", "Trần Bình"]
    assert chain.open_tasks(HOME_AFFAIRS) == ["appraise"]
    (found,) = suspensions.history(chain.session, chain.nomination("Trần Bình"))
    assert found.new_due_at is not None
    assert clock.local(found.new_due_at).date().isoformat() == "2026-10-23"


def test_scenario_12_the_clock_of_a_task_stands_while_nobody_is_left_on_its_list(chain: Chain) -> None:
    chain.move("2026-10-08 09:00")
    report(chain, "Trần Bình")
    running = chain.task(HOME_AFFAIRS, "appraise").due_at
    report(chain, "Nguyễn An")
    standing = chain.task(HOME_AFFAIRS, "appraise").due_at
    chain.move("2026-11-02 09:00")

    for _ in range(2):
        act(chain, INSPECTOR, "conclude_complaint", **CLEARED)
    task = chain.task(HOME_AFFAIRS, "appraise")

    assert running is not None
    assert standing is None
    assert task.due_at is not None
    assert clock.local(task.due_at).date().isoformat() == "2026-11-16"
    dues = {
        one.new_due_at
        for name in ("Nguyễn An", "Trần Bình")
        for one in suspensions.history(chain.session, chain.nomination(name))
    }
    assert dues == {task.due_at}


def test_scenario_12_a_discipline_ends_the_nomination_and_later_achievements_count_from_its_end(
    chain: Chain,
) -> None:
    chain.move("2026-10-08 09:00")
    nomination = report(chain, "Trần Bình")
    chain.move("2026-11-02 09:00")

    given = {
        "verdict": "disciplined",
        "conclusion_document": "88/QĐ-SXD",
        "discipline_began": "2026-11-01",
        "discipline_ends": "2027-11-01",
        "reason": "Khiển trách do vi phạm quy chế",
    }
    act(chain, INSPECTOR, "conclude_complaint", **given)
    appraise(chain)
    chain.decide(CHAIR, "decide_merit", lambda _: {"decision": "award", "reason": ""})

    assert nomination.status == "not_awarded"
    assert "Khiển trách" in nomination.reason
    assert "01/11/2027" in nomination.reason
    end = suspensions.discipline_end(chain.session, nomination.subject_key)
    assert end is not None
    assert end.isoformat() == "2027-11-01"
    _task, context, _values = chain.form(HEADS["P1"], "acknowledge_results")
    assert "Khiển trách" in str(context["rows"])


def test_an_office_may_not_record_a_complaint_and_nothing_is_suspended_twice(chain: Chain) -> None:
    nomination = chain.nomination("Trần Bình")

    with pytest.raises(NotAllowed):
        complaints.case_variables(chain.session, nomination, chain.actor(HEADS["P1"]))
    report(chain, "Trần Bình")

    with pytest.raises(Refused) as refused:
        complaints.case_variables(chain.session, nomination, chain.actor(HOME_AFFAIRS))
    assert "Đ4k4" in refused.value.source


def test_a_report_that_is_no_case_for_a_suspension_is_put_aside_with_a_reason(chain: Chain) -> None:
    nomination = chain.nomination("Trần Bình")
    actor = chain.actor(INSPECTOR)
    variables = complaints.case_variables(chain.session, nomination, actor)
    started = instances.start(chain.session, "complaint_suspension", variables, actor)

    act(chain, INSPECTOR, "record_complaint", measure="dismiss", reason="Đơn nặc danh, không có căn cứ")

    assert started.status == "completed"
    assert nomination.status == "open"
    assert suspensions.history(chain.session, nomination) == []


def test_a_nominee_cleared_before_the_director_signs_is_in_the_letter_again(session: Session) -> None:
    made = Chain(session, "2026-10-01 09:00")
    made.open_month(PERIOD)
    made.propose("P1", PERIOD, [individual("Nguyễn An"), individual("Trần Bình")])
    made.review(closed=True)
    report(made, "Trần Bình")
    before = rows_of(made, DIRECTOR, "sign_submission")

    act(made, INSPECTOR, "conclude_complaint", **CLEARED)
    after = rows_of(made, DIRECTOR, "sign_submission")
    made.do(DIRECTOR, "sign_submission", decision="sign")

    assert (before, after) == (["Nguyễn An"], ["Nguyễn An", "Trần Bình"])
    assert made.nomination("Trần Bình").level == "department"
    clock.unpin()


@pytest.fixture
def returned(session: Session) -> Iterator[Chain]:
    """Give two nominees returned to their office for a supplement, one of them suspended since."""
    made = Chain(session, "2026-10-01 09:00")
    made.open_month(PERIOD)
    made.propose("P1", PERIOD, [individual("Nguyễn An", **MERIT), individual("Trần Bình", **MERIT)])
    missing = ("return", "Thiếu xác nhận")
    made.review(Nguyễn_An=missing, Trần_Bình=missing)
    report(made, "Trần Bình")
    yield made
    clock.unpin()


def test_a_nominee_cleared_while_its_supplement_is_awaited_is_supplemented_with_the_others(
    returned: Chain,
) -> None:
    act(returned, INSPECTOR, "conclude_complaint", **CLEARED)

    task, context, values = returned.form(STAFF["P1"], "supplement")

    assert task.status == "open"
    assert [row["subject"] for row in context["rows"]] == ["Nguyễn An", "Trần Bình"]
    assert [row["subject"] for row in values["nominees"]] == ["Nguyễn An", "Trần Bình"]
    assert returned.nomination("Trần Bình").status == "returned"
    assert returned.open_tasks(DIRECTOR) == []


def test_a_nominee_cleared_after_the_others_were_supplemented_goes_back_to_the_center_unsupplemented(
    returned: Chain,
) -> None:
    _task, _context, values = returned.form(STAFF["P1"], "supplement")
    returned.do(STAFF["P1"], "supplement", nominees=values["nominees"])
    returned.do(HEADS["P1"], "head_review", decision="sign")

    act(returned, INSPECTOR, "conclude_complaint", **CLEARED)
    waiting = rows_of(returned, COORDINATION, "review_proposals")
    returned.review(Trần_Bình=("return", "Vẫn thiếu xác nhận"))

    assert waiting == ["Nguyễn An", "Trần Bình"]
    assert returned.nomination("Trần Bình").status == "returned"
    assert "supplement" in returned.open_tasks(STAFF["P1"])


def test_a_nominee_cleared_after_its_month_was_sent_is_signed_with_what_it_lacks_in_view(
    returned: Chain,
) -> None:
    _task, _context, values = returned.form(STAFF["P1"], "supplement")
    returned.do(STAFF["P1"], "supplement", nominees=values["nominees"])
    returned.do(HEADS["P1"], "head_review", decision="sign")
    returned.review(closed=True)
    returned.do(DIRECTOR, "sign_submission", decision="sign")

    act(returned, INSPECTOR, "conclude_complaint", **CLEARED)

    assert "Thiếu xác nhận" in show(returned, DIRECTOR, "sign_supplementary")["missing_supplement"]
