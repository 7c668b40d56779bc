"""Reminders and escalation levels of user tasks: when they come, who hears, that each comes once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, instances, task_deadlines, tasks, timers
from engine.actors import USER
from engine.audit import replay
from engine.deadline_tables import TaskDeadline
from engine.operations import migration, suspension
from engine.tables import Incident, ProcessInstance, Timer
from engine.task_alerts import Alert
from tests.builders import Z, a_process
from tests.chain import at
from tests.limited import BOSS, NORA, begin, deploy, event, kinds, listen, moments, move, wake


@pytest.fixture
def told(session: Session) -> Iterator[list[Alert]]:
    """Hold the clock on Friday 14 August 2026 and keep what people are told."""
    yield listen(session)
    clock.unpin()


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        # 10 working days from Friday 14/8 end on Thursday 27/8: Saturday 22/8 counts
        ({"dueInWorkingDays": "10", "remindBefore": "2,1"}, ["25/08 08:00", "26/08 08:00"]),
        ({"dueInWorkingDays": "10", "remindBefore": "0"}, ["27/08 08:00"]),
        # the weekend before Monday 17/8 is spanned
        ({"dueInWorkingDays": "2", "remindBefore": "1"}, ["17/08 08:00"]),
        # after Friday 28/8: 31/8 to 2/9 are days off
        ({"dueInWorkingDays": "11", "remindAfter": "1"}, ["03/09 08:00"]),
        ({"dueInWorkingDays": "11", "escalateAfter": "1,3", "escalateTo": "bosses"},
         ["03/09 08:00", "07/09 08:00"]),
        # counted from the day when the dossier was complete, not from the day when the task began
        ({"dueInWorkingDays": "10", "dueFrom": "2026-08-12", "remindBefore": "0"}, ["25/08 08:00"]),
        # at once when due
        ({"dueInWorkingDays": "1", "escalateAfter": "0", "escalateTo": "bosses"}, ["17/08 23:59"]),
        # what lies behind already warns of nothing
        ({"dueInWorkingDays": "1", "remindBefore": "1,2"}, []),
        ({"remindUnclaimed": "1,2"}, ["17/08 08:00", "18/08 08:00"]),
        # no limit, nothing to remind of
        ({"remindBefore": "1"}, []),
        ({"dueInWorkingDays": "=5 + 5", "remindBefore": "=[1]"}, ["26/08 08:00"]),
    ],
)  # fmt: skip
def test_reminders_and_levels_are_planned_with_the_task(
    session: Session, told: list[Alert], rules: dict[str, str], expected: list[str]
) -> None:
    task = begin(session, **rules)

    assert moments(session, task) == expected
    assert kinds(session, task) == (["deadline.planned"] if expected else [])
    assert replay.differences(session, task.instance) == []


def test_a_reminder_goes_to_the_holder_and_to_the_candidates_while_nobody_holds_it(
    session: Session, told: list[Alert]
) -> None:
    task = begin(session, dueInWorkingDays="10", remindBefore="2,1")

    move(session, "2026-08-25 12:00")
    tasks.claim(session, task.id, NORA)
    move(session, "2026-08-26 12:00")

    assert [alert.groups for alert in told] == [("staff",), (USER + "nora",)]
    assert kinds(session, task, "reminder") == ["reminder.fired", "reminder.delivered"] * 2
    assert "late_minutes" not in event(session, task, "reminder.fired")


def test_a_reminder_for_an_unclaimed_task_falls_away_when_somebody_holds_it(
    session: Session, told: list[Alert]
) -> None:
    task = begin(session, remindUnclaimed="1")
    tasks.claim(session, task.id, NORA)

    move(session, "2026-08-18 09:00")

    assert told == []
    assert kinds(session, task, "reminder") == ["reminder.dropped"]


def test_each_level_adds_its_group_raises_the_priority_and_tells_once(
    session: Session, told: list[Alert]
) -> None:
    task = begin(session, dueInWorkingDays="1", escalateAfter="1,2", escalateTo="bosses,directors")

    move(session, "2026-08-30 09:00")

    assert [(alert.level, alert.groups) for alert in told] == [(1, ("bosses",)), (2, ("directors",))]
    assert sorted(group.group_name for group in task.candidate_groups) == ["bosses", "directors", "staff"]
    assert task.priority == 70
    assert tasks.may_act(task, BOSS)


def test_after_days_without_a_worker_there_is_one_reminder_and_every_level_once(
    session: Session, told: list[Alert]
) -> None:
    task = begin(
        session, dueInWorkingDays="2", remindBefore="1", remindAfter="1,2", escalateAfter="1,2",
        escalateTo="bosses,directors",
    )  # fmt: skip

    wake(session, "2026-08-21 08:00")

    assert [(alert.kind, alert.level) for alert in told] == [
        ("reminder", 0), ("escalation", 1), ("escalation", 2)
    ]  # fmt: skip
    assert event(session, task, "reminder.fired")["missed"] == 2
    assert event(session, task, "reminder.fired")["late_minutes"] == 24 * 60
    assert event(session, task, "escalation.fired")["late_minutes"] == 24 * 60
    assert moments(session, task) == []


def test_an_escalation_to_an_empty_group_reaches_who_stands_in_for_it(
    session: Session, told: list[Alert]
) -> None:
    task = begin(session, dueInWorkingDays="1", escalateAfter="0", escalateTo="empty")

    move(session, "2026-08-18 09:00")

    assert {group.group_name for group in task.candidate_groups} == {"administrators", "empty", "staff"}
    assert event(session, task, "escalation.delivered")["groups"] == ["administrators"]


def test_nobody_told_is_recorded_as_nobody(session: Session, told: list[Alert]) -> None:
    session.info["notify"] = lambda _session, _alert: []
    task = begin(session, dueInWorkingDays="1", remindBefore="0")

    move(session, "2026-08-18 09:00")

    assert kinds(session, task, "reminder") == ["reminder.fired", "reminder.undelivered"]


def test_a_completed_task_lets_its_reminders_go(session: Session, told: list[Alert]) -> None:
    task = begin(session, dueInWorkingDays="1", remindBefore="0", escalateAfter="1", escalateTo="bosses")
    waiting = task_deadlines.waiting(session, task.id)

    tasks.complete(session, task.id, {}, NORA)
    clock.pin(waiting[0].due_at)

    # the worker comes at the same instant: what it was to fire is not wanted any more
    assert [timers.fire(session, timer.id) for timer in waiting] == [False, False]
    assert told == []
    assert event(session, task, "deadline.cancelled")["count"] == 2


def test_a_suspended_case_reminds_nobody_until_it_goes_on(session: Session, told: list[Alert]) -> None:
    task = begin(session, dueInWorkingDays="2", remindBefore="1")
    suspension.suspend(session, task.instance_id, BOSS, "chờ xác minh")

    wake(session, "2026-08-17 09:00")
    nothing = list(told)
    suspension.resume(session, task.instance_id, BOSS, "xong")
    wake(session, "2026-08-17 10:00")

    assert (nothing, [alert.kind for alert in told]) == ([], ["reminder"])


def test_a_migrated_task_keeps_its_due_date_and_the_levels_that_have_fired(
    session: Session, told: list[Alert]
) -> None:
    rules = {"dueInWorkingDays": "1", "escalateAfter": "1,2", "escalateTo": "bosses"}
    task = begin(session, **rules)
    move(session, "2026-08-18 09:00")
    deploy(session, "work", Z.properties(Z.property(name="bv:dueInWorkingDays", value="30")))
    target = deployments.latest(session, "work")

    migration.migrate(session, task.instance_id, migration.Plan(target.id), BOSS, "phiên bản mới")
    move(session, "2026-08-30 09:00")

    assert task.due_at == at("2026-08-17 23:59")
    assert [alert.level for alert in told] == [1, 2]


def test_a_limit_by_a_calendar_that_nobody_has_is_an_incident_and_a_reminder_by_it_a_note(
    session: Session, told: list[Alert]
) -> None:
    rules = {"bv:dueInWorkingDays": "5", "bv:calendar": "NOPE"}
    deploy(
        session, "wrong", Z.properties(*(Z.property(name=name, value=text) for name, text in rules.items()))
    )

    instance = instances.start(session, "wrong", {}, NORA)
    task = begin(session, remindUnclaimed="1", calendar="NOPE")

    assert "NOPE" in session.scalars(select(Incident.en).where(Incident.instance_id == instance.id)).one()
    assert "NOPE" in event(session, task, "deadline.unplanned")["en"]


def test_a_task_without_such_rules_keeps_no_row_and_no_timer(session: Session, told: list[Alert]) -> None:
    begin(session)

    assert session.scalars(select(TaskDeadline)).all() == session.scalars(select(Timer)).all() == []
    assert "deadline" not in session.scalars(select(ProcessInstance)).one().state


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"remindBefore": "two"}, "bv:remindBefore"),
        ({"escalateAfter": "1"}, "bv:escalateTo"),
        ({"escalateAfter": "-1", "escalateTo": "bosses"}, "bv:escalateAfter"),
    ],
)
def test_a_rule_that_nobody_can_obey_is_refused_by_the_check(rules: dict[str, str], named: str) -> None:
    properties = Z.properties(*(Z.property(name=f"bv:{name}", value=text) for name, text in rules.items()))
    file = a_process("wrong").start().user_task("a", properties).end().file()

    (finding,) = deployments.check(None, [file])

    assert (finding.rule, finding.element, finding.severity) == ("time-rule", "a", "error")
    assert named in finding.text("en")


def test_a_group_that_is_no_text_when_the_task_begins_is_an_incident(
    session: Session, told: list[Alert]
) -> None:
    with_level = Z.properties(
        Z.property(name="bv:escalateAfter", value="1"), Z.property(name="bv:escalateTo", value="=boss")
    )
    deploy(session, "unknown", with_level)

    instance = instances.start(session, "unknown", {}, NORA)

    assert "incident.raised" in [e.kind for e in history.of_instance(session, instance.id)]
