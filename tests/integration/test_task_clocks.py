"""The clock of user tasks: a changed date, a pause, a changed calendar, a task put aside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, tasks
from engine.deadline_tables import TaskSnooze
from engine.errors import Conflict, ReasonMissing, Text
from engine.operations import corrections, due_dates
from engine.tables import UserTask
from engine.task_alerts import Alert
from tests.builders import Z, a_process
from tests.chain import at
from tests.limited import BOSS, FRIDAY, NORA, begin, event, listen, moments, move, wake
from workflows import calendar


@pytest.fixture
def told(session: Session) -> Iterator[list[Alert]]:
    """Hold the clock on Friday 14 August 2026 and keep what people are told."""
    yield listen(session)
    clock.unpin()


def test_a_changed_due_date_takes_its_reminders_along_and_fires_no_level_twice(
    session: Session, told: list[Alert]
) -> None:
    task = begin(session, dueInWorkingDays="1", remindBefore="1", escalateAfter="1,2", escalateTo="bosses")
    move(session, "2026-08-18 09:00")

    corrections.set_due(session, task.id, at("2026-08-27 17:00"), BOSS, "gia hạn")

    # level 1 has fired on 18/8; level 2 comes two working days after 27/8, past the holiday of 31/8 to 2/9
    assert moments(session, task) == ["26/08 08:00", "03/09 08:00"]
    assert event(session, task, "task.due_changed")["after"] == "2026-08-27T10:00:00+00:00"
    assert [alert.level for alert in told] == [1]


@pytest.mark.parametrize("due", ["2026-08-13 10:00", FRIDAY])
def test_a_due_date_that_has_come_already_escalates_at_once_and_reminds_of_nothing_ahead(
    session: Session, told: list[Alert], due: str
) -> None:
    task = begin(session, dueInWorkingDays="9", remindBefore="1", escalateAfter="0", escalateTo="bosses")

    corrections.set_due(session, task.id, at(due), BOSS, "theo công văn")
    wake(session, FRIDAY)

    assert [alert.kind for alert in told] == ["escalation"]
    assert moments(session, task) == []


def test_a_paused_clock_keeps_the_working_days_that_were_left(session: Session, told: list[Alert]) -> None:
    task = begin(session, dueInWorkingDays="10", remindBefore="1")
    move(session, "2026-08-18 15:00")

    due_dates.pause(session, task.id, BOSS, "chờ giải trình")
    paused = task.due_at
    move(session, "2026-09-03 09:00")
    due_dates.resume(session, task.id, BOSS, "đã giải trình")

    assert (paused, told) == (None, [])
    assert event(session, task, "clock.paused")["remaining"] == 8
    # 8 working days from Thursday 3/9, not counted
    assert task.due_at == at("2026-09-15 23:59")
    assert moments(session, task) == ["14/09 08:00"]


def test_a_pause_asks_for_a_reason_and_a_running_clock(session: Session, told: list[Alert]) -> None:
    task = begin(session, dueInWorkingDays="10")

    with pytest.raises(ReasonMissing):
        due_dates.pause(session, task.id, BOSS, " ")
    with pytest.raises(Conflict):
        due_dates.resume(session, task.id, BOSS, "nhầm")
    due_dates.pause(session, task.id, BOSS, "chờ")
    with pytest.raises(Conflict):
        due_dates.pause(session, task.id, BOSS, "chờ nữa")


def test_what_was_late_before_a_pause_is_as_late_after_it(session: Session, told: list[Alert]) -> None:
    task = begin(session, dueInWorkingDays="1")
    move(session, "2026-08-20 15:00")

    due_dates.pause(session, task.id, BOSS, "chờ")
    due_dates.resume(session, task.id, BOSS, "tiếp")

    assert task.due_at == at("2026-08-17 23:59")


def limit() -> etree._Element:
    return Z.properties(Z.property(name="bv:dueInWorkingDays", value="5"))


def test_every_clock_of_a_case_stops_and_goes_on_together(session: Session, told: list[Alert]) -> None:
    process = a_process("three").start().user_task("done", limit()).gateway("both", "parallel")
    process.user_task("a", limit()).end("e1").at("both").user_task("b", limit()).end("e2")
    deployments.deploy(session, [process.file()], NORA)
    instance = instances.start(session, "three", {}, NORA)
    done = session.scalars(select(UserTask)).one()
    tasks.complete(session, done.id, {}, NORA)
    task = session.scalars(select(UserTask).where(UserTask.element == "a")).one()
    instance = instances.locked(session, instance.id)

    stopped = due_dates.pause_instance(session, instance, BOSS, "đơn thư")
    started = due_dates.resume_instance(session, instance, BOSS, "đã kết luận")

    assert (stopped, started) == (2, 2)
    assert task.due_at == done.due_at == at("2026-08-21 23:59")


def test_a_day_off_that_is_added_moves_running_limits_and_says_why(
    session: Session, told: list[Alert]
) -> None:
    clock.pin(at("2026-11-02 09:00"))
    running = begin(session, "running", dueInWorkingDays="20", remindBefore="1")
    by_hand = begin(session, "by_hand", dueInWorkingDays="20")
    closed = begin(session, "closed", dueInWorkingDays="20")
    corrections.set_due(session, by_hand.id, at("2026-11-27 17:00"), BOSS, "theo giấy mời")
    tasks.complete(session, closed.id, {}, NORA)

    _switch(session, "2026-11-24", active=True)
    moved = due_dates.recompute(session, Text("24/11 là ngày nghỉ", "24/11 is a day off"), BOSS)

    assert moved == 1
    assert running.due_at == at("2026-12-01 23:59")
    assert moments(session, running) == ["30/11 08:00"]
    assert event(session, running, "task.due_recomputed")["vi"] == "24/11 là ngày nghỉ"
    assert (by_hand.due_at, closed.due_at) == (at("2026-11-27 17:00"), at("2026-11-30 23:59"))


def _switch(session: Session, day: str, *, active: bool) -> None:
    row = session.scalars(
        select(calendar.CalendarDay).where(calendar.CalendarDay.day == at(f"{day} 00:00").date())
    ).one()
    row.active = active
    session.flush()


def test_a_limit_beyond_the_known_years_keeps_its_date_and_says_that_nothing_is_planned(
    session: Session, told: list[Alert]
) -> None:
    clock.pin(at("2027-12-20 09:00"))

    task = begin(session, dueInWorkingDays="8", remindBefore="1", remindAfter="5")

    assert moments(session, task) == ["29/12 08:00"]
    assert "2028" in event(session, task, "deadline.unplanned")["en"]


def test_a_task_put_aside_is_put_aside_for_one_person_only(session: Session, told: list[Alert]) -> None:
    task = begin(session, dueInWorkingDays="2")

    due_dates.snooze(session, task.id, at("2026-09-14 08:00"), NORA)
    (row,) = session.scalars(select(TaskSnooze)).all()
    kept = (row.person, row.until, task.due_at)
    due_dates.snooze(session, task.id, None, NORA)

    assert kept == ("nora", at("2026-09-14 08:00"), at("2026-08-18 23:59"))
    assert session.scalars(select(TaskSnooze)).all() == []
    with pytest.raises(Conflict):
        due_dates.snooze(session, task.id, at("2026-08-13 08:00"), NORA)
