"""Data, due dates, timers and attempts of a running case are corrected with a reason and what was before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import (
    clock,
    deployments,
    history,
    incidents,
    instances,
    jobs,
    operations,
    queue_tables,
    tasks,
    timers,
)
from engine.actors import Actor
from engine.errors import BadInput, Conflict, NotAllowed, NotFound, TaskNotOpen
from engine.handlers import Json, Registration, ServiceCall
from engine.operations import corrections, handovers
from engine.spiff import state
from engine.spiff.relocation import NotMovable
from engine.tables import Incident, Job, ProcessInstance, Timer, UserTask
from tests.builders import B, a_process, each
from tests.integration import queue_places
from tests.integration.cases import NORA, begin

MIA = Actor("mia", frozenset({"staff"}))
ULF = Actor("ulf", frozenset({"others"}))
WHY = "nhập sai từ đầu"


def only_task(session: Session) -> UserTask:
    return session.scalars(select(UserTask).where(UserTask.status == "open")).one()


def only_event(session: Session, instance: ProcessInstance, kind: str) -> tuple[str, dict[str, Any]]:
    (event,) = [event for event in history.of_instance(session, instance.id) if event.kind == kind]
    return event.actor, event.data


def test_variables_are_corrected_with_what_was_before(session: Session) -> None:
    process = a_process("sums").start().user_task("a").gateway("big").when("=n > 5").user_task("b").end()
    process.default("big", "a")
    instance = begin(session, process, n=1)

    corrections.set_variables(session, instance.id, {"n": 9, "new": {"x": [1]}}, NORA, WHY)
    tasks.complete(session, only_task(session).id, {}, NORA)

    assert only_task(session).element == "b"
    assert state.variables(instance.state) == {"n": 9, "new": {"x": [1]}}
    changes = [
        {"name": "n", "before": 1, "after": 9},
        {"name": "new", "before": None, "after": {"x": [1]}},
    ]
    told = {"reason": WHY, "scope": 0, "changes": changes}
    assert only_event(session, instance, "variables.corrected") == ("nora", told)


def test_variables_of_one_iteration_are_corrected_there_alone(session: Session) -> None:
    votes = each("=people", "who", outputCollection="names", outputElement="=who")
    instance = begin(session, a_process("loop").start().user_task("a", votes).end(), people=["x", "y"])
    first, second = session.scalars(select(UserTask).order_by(UserTask.id)).all()

    corrections.set_variables(session, instance.id, {"who": "z"}, NORA, WHY, token=second.token)
    for task in (first, second):
        tasks.complete(session, task.id, {}, NORA)

    assert state.variables(instance.state)["names"] == ["x", "z"]


def test_a_condition_that_a_correction_makes_true_takes_effect(session: Session) -> None:
    process = a_process("waiting").start()
    process.catch("until", B.conditionalEventDefinition(B.condition("=ready"))).user_task("a").end()
    instance = begin(session, process, ready=False)

    corrections.set_variables(session, instance.id, {"ready": True}, NORA, WHY)

    assert only_task(session).element == "a"


@pytest.mark.parametrize("variables", [{}, {"": 1}, {"  ": 1}])
def test_a_correction_without_a_name_is_refused(session: Session, variables: Mapping[str, Json]) -> None:
    instance = begin(session, a_process("one").start().user_task("a").end())

    with pytest.raises(BadInput):
        corrections.set_variables(session, instance.id, variables, NORA, WHY)
    with pytest.raises(NotMovable):
        corrections.set_variables(session, instance.id, {"n": 1}, NORA, WHY, token=99)

    assert state.variables(instance.state) == {}


def test_no_correction_without_a_reason_and_none_of_an_ended_case(
    session: Session, morning: datetime
) -> None:
    process = a_process("late").start().user_task("a").end()
    process.boundary("deadline", "a", process.timer("timeDuration", "P1D")).end("e2")
    instance = begin(session, process)
    task, timer = only_task(session), session.scalars(select(Timer)).one()

    def correct(reason: str) -> list[type[Exception]]:
        raised = []
        for act in (
            lambda: corrections.set_variables(session, instance.id, {"n": 1}, NORA, reason),
            lambda: corrections.set_due(session, task.id, morning, NORA, reason),
            lambda: corrections.move_timer(session, timer.id, morning, NORA, reason),
            lambda: handovers.reassign(session, task.id, NORA, reason, assignee="mia"),
        ):
            with pytest.raises((operations.ReasonMissing, operations.InstanceEnded, TaskNotOpen)) as refused:
                act()
            raised.append(refused.type)
        return raised

    assert set(correct(" ")) == {operations.ReasonMissing}
    tasks.complete(session, task.id, {}, NORA)
    assert set(correct(WHY)) == {operations.InstanceEnded}


def test_a_due_date_is_changed_and_taken_away(session: Session, morning: datetime) -> None:
    process = a_process("due").start().user_task("a").end()
    process.find("a").find("{*}extensionElements").append(_schedule("2026-10-09T17:00:00+07:00"))
    instance = begin(session, process)
    task = only_task(session)
    old, new = task.due_at, morning + timedelta(days=30)
    assert old is not None

    corrections.set_due(session, task.id, new, NORA, WHY)

    assert task.due_at == new
    told = {"reason": WHY, "task": task.id, "before": old.isoformat(), "after": new.isoformat()}
    assert only_event(session, instance, "task.due_changed") == ("nora", told)
    (wait,) = state.waits(instances.load(session, instance, NORA)).values()
    assert wait.details["due"] == new.isoformat()
    corrections.set_due(session, task.id, None, NORA, WHY)
    assert task.due_at is None
    with pytest.raises(NotFound):
        corrections.set_due(session, 99, None, NORA, WHY)


def _schedule(due: str) -> Any:
    from tests.builders import Z  # noqa: PLC0415

    return Z.taskSchedule(dueDate=due)


def test_a_timer_is_moved_with_its_job_in_the_queue(tmp_path: Path, morning: datetime) -> None:
    process = a_process("late").start().user_task("a").end()
    process.boundary("deadline", "a", process.timer("timeDuration", "P1D")).user_task("after").end("e2")
    with queue_places.open_place("sqlite", tmp_path, clock=clock.now) as place, place.session() as session:
        instance = begin(session, process)
        timer = session.scalars(select(Timer)).one()

        corrections.move_timer(session, timer.id, morning + timedelta(days=9), NORA, WHY)

        session.commit()
        with place.engine.connect() as connection:
            planned = connection.execute(select(queue_tables.JOBS.c.scheduled_at)).scalars().all()
        assert [str(moment)[:10] for moment in planned] == ["2026-10-10"]
        clock.pin(morning + timedelta(days=2))
        assert timers.fire(session, timer.id) is False
        clock.pin(morning + timedelta(days=9))
        assert timers.fire(session, timer.id)
        assert only_task(session).element == "after"
        _, told = only_event(session, instance, "timer.moved")
        assert told == {
            "reason": WHY,
            "timer": timer.id,
            "before": (morning + timedelta(days=1)).isoformat(),
            "after": (morning + timedelta(days=9)).isoformat(),
        }
        with pytest.raises(Conflict):
            corrections.move_timer(session, timer.id, morning, NORA, WHY)


def test_moving_one_occurrence_leaves_the_later_ones_of_a_cycle_alone(
    session: Session, morning: datetime
) -> None:
    process = a_process("reminding").start().user_task("a").end()
    process.boundary("remind", "a", process.timer("timeCycle", "R3/P1D"), interrupting=False).end("e2")
    begin(session, process)
    timer = session.scalars(select(Timer)).one()

    corrections.move_timer(session, timer.id, morning, NORA, WHY)
    timers.fire(session, timer.id)

    later = session.scalars(select(Timer).where(Timer.status == "waiting")).one()
    assert later.due_at == morning + timedelta(days=2)


def test_the_timer_of_a_start_event_is_moved_by_another_version_only(session: Session) -> None:
    process = a_process("monthly").start("start").user_task("a").end()
    process.find("start").append(process.timer("timeCycle", "R/P1M"))
    deployments.deploy(session, [process.file()], NORA)

    with pytest.raises(Conflict) as refused:
        corrections.move_timer(session, session.scalars(select(Timer.id)).one(), clock.now(), NORA, WHY)

    assert "phiên bản khác" in refused.value.text("vi")


def test_a_task_is_handed_to_a_named_person_or_another_group(session: Session) -> None:
    instance = begin(session, a_process("one").start().user_task("a").end())
    task = only_task(session)
    tasks.claim(session, task.id, NORA)

    with pytest.raises(NotAllowed):
        handovers.reassign(session, task.id, MIA, WHY, assignee="mia")
    handovers.reassign(session, task.id, NORA, WHY, assignee="mia")
    assert task.assignee == "mia"
    handovers.reassign(session, task.id, ULF, "chị Mia nghỉ ốm", groups=["others"], as_operator=True)

    assert (task.assignee, [group.group_name for group in task.candidate_groups]) == (None, ["others"])
    told = [e.data for e in history.of_instance(session, instance.id) if e.kind == "task.reassigned"]
    assert told == [
        {"reason": WHY, "task": task.id, "token": task.token, "before": "nora", "after": "mia"},
        {
            "reason": "chị Mia nghỉ ốm",
            "task": task.id,
            "token": task.token,
            "before": "mia",
            "after": None,
            "groups_before": ["staff"],
            "groups_after": ["others"],
        },
    ]
    tasks.complete(session, task.id, {}, ULF)
    assert instance.status == "completed"


def test_handing_a_task_to_nobody_is_refused(session: Session) -> None:
    begin(session, a_process("one").start().user_task("a").end())

    for nobody in ({}, {"assignee": " "}, {"groups": []}):
        with pytest.raises(BadInput):
            handovers.reassign(session, only_task(session).id, NORA, WHY, **nobody)  # type: ignore[arg-type]


def test_an_incident_is_repaired_by_the_data_that_was_missing(session: Session) -> None:
    process = a_process("asking").start().gateway("ok").when("=ok").user_task("next").end()
    instance = begin(session, process, ok="?")
    incident = session.scalars(select(Incident)).one()

    with pytest.raises(operations.ReasonMissing):
        incidents.repair(session, incident.id, {"ok": True}, NORA, "")
    incidents.repair(session, incident.id, {"ok": True}, NORA, WHY)

    assert (incident.status, only_task(session).element) == ("resolved", "next")
    assert only_event(session, instance, "variables.corrected")[1]["reason"] == WHY
    assert only_event(session, instance, "incident.retried")[1]["reason"] == WHY


def test_a_job_gets_more_attempts_and_is_tried_again(session: Session) -> None:
    tries: list[int] = []

    def mail(_session: Session, call: ServiceCall) -> None:
        tries.append(call.instance_id)

    session.info["handlers"] = {"mail": Registration(mail, outside=True)}
    instance = begin(session, a_process("mailing").start().service_task("mail", "mail").user_task("b").end())
    job = session.scalars(select(Job)).one()
    for _ in range(3):
        jobs.fail(session, job.id, "no connection")

    for wrong in (0, -1, 10_000):
        with pytest.raises(BadInput):
            incidents.set_retries(session, job.id, wrong, NORA, WHY)
    incidents.set_retries(session, job.id, 5, NORA, WHY)

    assert (job.status, job.retries) == ("open", 5)
    assert session.scalars(select(Incident.status)).all() == ["resolved"]
    assert only_event(session, instance, "job.retries_set")[1] == {
        "reason": WHY,
        "job": job.id,
        "before": 0,
        "after": 5,
    }
    jobs.run(session, job.id)
    assert (len(tries), only_task(session).element) == (1, "b")
    with pytest.raises(Conflict):
        incidents.set_retries(session, job.id, 5, NORA, WHY)


def test_of_many_incidents_each_is_retried_and_each_refusal_is_told(session: Session) -> None:
    process = a_process("asking").start().gateway("ok").when("=ok").user_task("next").end()
    cases = [begin(session, process, ok="?") for _ in range(3)]
    numbers = list(session.scalars(select(Incident.id).order_by(Incident.id)))
    corrections.set_variables(session, cases[0].id, {"ok": True}, NORA, WHY)
    instances.cancel(session, cases[1].id, NORA, reason=WHY)
    seen: list[tuple[int, int]] = []

    results = incidents.retry_many(
        session, [*numbers, 99], NORA, WHY, lambda done, of: seen.append((done, of))
    )

    assert [(one.number, type(one.refusal).__name__) for one in results] == [
        (numbers[0], "NoneType"),
        (numbers[1], "InstanceEnded"),
        (numbers[2], "NoneType"),
        (99, "NotFound"),
    ]
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert only_task(session).instance_id == cases[0].id
    still_open = session.scalars(select(Incident.instance_id).where(Incident.status == "open")).all()
    assert still_open == [cases[2].id]
    for case in cases:
        numbers = [event.sequence for event in history.of_instance(session, case.id)]
        assert numbers == list(range(1, case.events + 1))
