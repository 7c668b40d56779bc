"""Scenarios 25 and 26: limits in working days over make-up days, and a day off decided while cases run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history
from engine.actors import Actor
from engine.audit import replay
from engine.tables import ProcessInstance, Timer, UserTask
from tests.chain import CHAIR, HOME_AFFAIRS, Chain, at, individual
from tests.province import STATE, act, appraise, bring_up, hold_council
from workflows import calendar_changes, states
from workflows.calendar_changes import Day
from workflows.tables import Consolidation, Submission

ADMINISTRATOR = Actor("vinh.it", frozenset({"administrators"}))
CULTURE_DAY = Day(date(2026, 11, 24), "holiday", "Ngày Văn hóa Việt Nam", "Luật sửa đổi Đ112 (giả định)")


@pytest.fixture
def chain(session: Session) -> Iterator[Chain]:
    """Give the deployed chain on the morning of 1 July 2026."""
    yield Chain(session, "2026-07-01 09:00")
    clock.unpin()


def send_to_state(chain: Chain, *names: str) -> Submission:
    """Bring nominees through the council and the chairman's signature to the ministry."""
    bring_up(chain, "2026-07", [individual(name, **STATE) for name in names])
    appraise(chain)
    chain.move("2026-07-29 09:00")
    hold_council(chain, "2026-07-30 08:00")
    chain.do(CHAIR, "sign_state_submission", sign=True)
    return chain.session.scalars(select(Submission).where(Submission.to_unit == "NN")).one()


def due(task: UserTask) -> str:
    return clock.written(task.due_at)


def limits(chain: Chain, letter: Submission) -> dict[str, str]:
    """Return until when each step of the State runs."""
    return {one.step: f"{one.due_on:%d/%m}" for one in states.deadlines(chain.session, letter)}


def events(chain: Chain, process: str, *kinds: str) -> list[dict[str, Any]]:
    query = select(ProcessInstance.id).where(ProcessInstance.process_id == process)
    (number,) = chain.session.scalars(query).all()
    return [event.data for event in history.of_instance(chain.session, number) if event.kind in kinds]


def test_scenario_25_ten_working_days_from_14_august_count_the_worked_saturday(chain: Chain) -> None:
    letter = send_to_state(chain, "Nguyễn An")
    chain.move("2026-08-14 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-08-03")

    # the last opinion came on Friday 14/8: ten working days remain (QĐ 311/QĐ-BNV)
    act(chain, HOME_AFFAIRS, "record_appraisal", measure="opinions", step_on="2026-08-14")

    assert limits(chain, letter)["appraisal"] == "27/08"
    assert due(chain.task(HOME_AFFAIRS, "record_appraisal")) == "27/08/2026 23:59"


def test_scenario_25_five_working_days_from_27_august_pass_over_the_swapped_holiday(chain: Chain) -> None:
    letter = send_to_state(chain, "Nguyễn An")
    chain.move("2026-08-27 09:00")

    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-08-27")

    # 31/8 is off in exchange for 22/8, 1/9 and 2/9 are Quốc khánh (TB 9441/TB-BNV)
    assert limits(chain, letter)["return"] == "08/09"


def test_scenario_26_the_24th_of_november_moves_running_limits_and_leaves_closed_ones(chain: Chain) -> None:
    letter = send_to_state(chain, "Nguyễn An")
    chain.move("2026-11-02 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-11-02")
    before = limits(chain, letter)["appraisal"], due(chain.task(HOME_AFFAIRS, "record_appraisal"))

    change = calendar_changes.put_day(chain.session, ADMINISTRATOR, CULTURE_DAY)

    task = chain.task(HOME_AFFAIRS, "record_appraisal")
    late = chain.session.scalars(select(Timer).where(Timer.element == "appraisal_overdue")).all()[-1]
    assert before == ("30/11", "30/11/2026 23:59")
    assert (limits(chain, letter)["appraisal"], due(task)) == ("01/12", "01/12/2026 23:59")
    assert clock.written(late.due_at) == "01/12/2026 23:59"
    assert change.recomputed == 1
    (told,) = events(chain, "state_award", "task.due_recomputed")
    (timer,) = events(chain, "state_award", "timer.moved")
    for one, cause in ((told, told["vi"]), (timer, timer["reason"])):
        assert (one["before"], one["after"]) == ("2026-11-30T16:59:00+00:00", "2026-12-01T16:59:00+00:00")
        assert "24/11/2026" in cause
        assert "Luật sửa đổi Đ112" in cause
    assert replay.differences(chain.session, task.instance) == []


def test_scenario_26_what_has_been_done_keeps_its_date(chain: Chain) -> None:
    letter = send_to_state(chain, "Nguyễn An")
    chain.move("2026-11-02 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-11-02")
    decided = {"measure": "decided", "step_on": "2026-11-02"}
    act(chain, HOME_AFFAIRS, "record_appraisal", lambda _: {"decision": "submit_up"}, **decided)
    closed = chain.session.scalars(select(UserTask).where(UserTask.element == "record_appraisal")).one()

    calendar_changes.put_day(chain.session, ADMINISTRATOR, CULTURE_DAY)

    assert limits(chain, letter)["appraisal"] == "30/11"
    assert due(closed) == "30/11/2026 23:59"
    assert events(chain, "state_award", "task.due_changed", "task.due_recomputed") == []


def test_scenario_26_switching_the_day_off_again_brings_the_old_date_back(chain: Chain) -> None:
    letter = send_to_state(chain, "Nguyễn An")
    chain.move("2026-11-02 09:00")
    act(chain, HOME_AFFAIRS, "record_receipt", full_dossier_on="2026-11-02")
    undecided = Day(CULTURE_DAY.day, "holiday", CULTURE_DAY.name, "Chưa ban hành", active=False)

    calendar_changes.put_day(chain.session, ADMINISTRATOR, CULTURE_DAY)
    calendar_changes.put_day(chain.session, ADMINISTRATOR, undecided)

    assert limits(chain, letter)["appraisal"] == "30/11"
    assert due(chain.task(HOME_AFFAIRS, "record_appraisal")) == "30/11/2026 23:59"
    assert [one.about for one in calendar_changes.versions(chain.session)] == ["24/11/2026"] * 2


def test_scenario_26_a_month_that_runs_gets_its_reminder_on_another_day(chain: Chain) -> None:
    chain.open_month("2026-07")
    month = chain.session.scalars(select(Consolidation)).one()
    before = clock.written(month.report_reminder_at)
    storm = Day(date(2026, 7, 15), "holiday", "Nghỉ tránh bão", "Công điện (giả định)")

    calendar_changes.put_day(chain.session, ADMINISTRATOR, storm)

    waiting = select(Timer.due_at).where(Timer.status == "waiting").order_by(Timer.due_at)
    moments = [clock.written(moment) for moment in chain.session.scalars(waiting)]
    assert (before, clock.written(month.report_reminder_at)) == ("15/07/2026 08:00", "14/07/2026 08:00")
    assert "14/07/2026 08:00" in moments
    assert "15/07/2026 08:00" not in moments
    assert month.report_due_at == at("2026-07-16 00:00")  # the named day itself stays
