"""A suspended case, or version, stands still: nothing fires, runs, arrives or is done until it is resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine import (
    clock,
    deployments,
    history,
    incidents,
    instances,
    jobs,
    messages,
    operations,
    signals,
    tasks,
    timers,
    worker,
)
from engine.actors import SYSTEM, Actor
from engine.errors import Conflict
from engine.handlers import Json, Registration, ServiceCall
from engine.operations import corrections, holds, suspension
from engine.tables import (
    HistoryEvent,
    Incident,
    Job,
    Message,
    ProcessDefinition,
    ProcessInstance,
    Timer,
    UserTask,
)
from tests.builders import B, ProcessBuilder, Z, a_process
from tests.integration import queue_places
from tests.integration.cases import NORA, open_tasks
from tests.integration.queue_places import Place, wait_until
from web import sqlite

WORK = worker.Work(fire_timer=timers.fire, run_job=jobs.run, fail_job=jobs.fail, fail_timer=timers.fail)
WHY = "chờ kết luận thanh tra"


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployments.deploy(session, [process.file() for process in processes], NORA)


def events_of(session: Session, instance: ProcessInstance, kind: str) -> list[HistoryEvent]:
    return [event for event in history.of_instance(session, instance.id) if event.kind == kind]


def _late() -> ProcessBuilder:
    process = a_process("late").start().user_task("a").end()
    process.boundary("deadline", "a", process.timer("timeDuration", "P1D")).user_task("after").end("e2")
    return process


def test_nobody_works_on_a_suspended_case_and_is_told_who_stopped_it_and_why(session: Session) -> None:
    deploy(session, a_process("plain").start().user_task("a").end())
    instance = instances.start(session, "plain", {}, NORA)
    task = session.scalars(select(UserTask)).one()

    suspension.suspend(session, instance.id, NORA, f"  {WHY} ")

    for act in (tasks.claim, tasks.release, _complete):
        with pytest.raises(holds.Suspended) as refused:
            act(session, task.id, NORA)
        assert WHY in refused.value.text("vi")
        assert "nora" in refused.value.text("en")
    assert (task.status, task.assignee) == ("open", None)
    (event,) = events_of(session, instance, "instance.suspended")
    assert (event.actor, event.data["reason"]) == ("nora", WHY)

    suspension.resume(session, instance.id, NORA, "đã có kết luận")
    _complete(session, task.id, NORA)

    assert instance.status == "completed"
    (event,) = events_of(session, instance, "instance.resumed")
    assert event.data["reason"] == "đã có kết luận"


def _complete(session: Session, task_id: int, actor: Actor) -> UserTask:
    return tasks.complete(session, task_id, {}, actor)


@pytest.mark.parametrize("act", [suspension.suspend, suspension.resume])
def test_no_operation_without_a_reason_and_none_on_an_ended_case(
    session: Session, act: Callable[[Session, int, Actor, str], object]
) -> None:
    deploy(session, a_process("plain").start().user_task("a").end())
    instance = instances.start(session, "plain", {}, NORA)

    with pytest.raises(operations.ReasonMissing) as missing:
        act(session, instance.id, NORA, "   ")
    instances.cancel(session, instance.id, NORA, reason="lập nhầm")
    with pytest.raises(operations.InstanceEnded) as ended:
        act(session, instance.id, NORA, WHY)

    assert "lý do" in missing.value.text("vi")
    assert f"hồ sơ {instance.id} đã hủy" in ended.value.text("vi")
    assert "has ended (cancelled)" in ended.value.text("en")
    (event,) = events_of(session, instance, "instance.cancelled")
    assert event.data == {"reason": "lập nhầm"}
    with pytest.raises(operations.ReasonMissing):
        instances.cancel(session, instance.id, NORA, reason="")


def test_a_case_is_suspended_once_and_resumed_once(session: Session) -> None:
    deploy(session, a_process("plain").start().user_task("a").end())
    instance = instances.start(session, "plain", {}, NORA)

    with pytest.raises(Conflict):
        suspension.resume(session, instance.id, NORA, WHY)
    suspension.suspend(session, instance.id, NORA, WHY)
    with pytest.raises(Conflict):
        suspension.suspend(session, instance.id, NORA, WHY)

    assert len(events_of(session, instance, "instance.suspended")) == 1


def test_a_timer_that_fell_due_meanwhile_fires_after_the_resumption(
    session: Session, morning: datetime
) -> None:
    deploy(session, _late())
    instance = instances.start(session, "late", {}, NORA)
    timer = session.scalars(select(Timer)).one()
    suspension.suspend(session, instance.id, NORA, WHY)
    clock.pin(morning + timedelta(days=3))

    assert timers.fire(session, timer.id) is False
    assert timers.due(session, clock.now()) == []
    assert open_tasks(session) == ["a"]
    suspension.resume(session, instance.id, NORA, WHY)

    assert timers.due(session, clock.now()) == [timer]
    assert timers.fire(session, timer.id)
    assert open_tasks(session) == ["after"]


def test_a_message_waits_until_the_case_goes_on(session: Session) -> None:
    process = a_process("asking")
    process.start().catch("answer", process.message("answer", '="K"')).user_task("read").end()
    deploy(session, process)
    instance = instances.start(session, "asking", {}, NORA)
    suspension.suspend(session, instance.id, NORA, WHY)

    messages.publish(session, "answer", "K", {"yes": True}, time_to_live=timedelta(days=1))
    assert session.scalars(select(Message.status)).one() == "buffered"
    suspension.resume(session, instance.id, NORA, WHY)

    assert session.scalars(select(Message.status)).one() == "correlated"
    assert open_tasks(session) == ["read"]


def test_a_condition_that_a_correction_made_true_meanwhile_takes_effect_at_the_resumption(
    session: Session,
) -> None:
    process = a_process("waiting").start()
    process.catch("until", B.conditionalEventDefinition(B.condition("=ready"))).user_task("a").end()
    deploy(session, process)
    instance = instances.start(session, "waiting", {"ready": False}, NORA)
    suspension.suspend(session, instance.id, NORA, WHY)

    corrections.set_variables(session, instance.id, {"ready": True}, NORA, WHY)

    assert open_tasks(session) == []
    suspension.resume(session, instance.id, NORA, WHY)
    assert open_tasks(session) == ["a"]


def test_a_resumed_case_takes_no_message_for_the_signal_of_the_same_name(session: Session) -> None:
    process = a_process("hearing").start().gateway("fork", "parallel").user_task("a").end()
    process.at("fork").catch("heard", process.signal("news")).user_task("b").end("e2")
    deploy(session, process)
    instance = instances.start(session, "hearing", {}, NORA)
    messages.publish(session, "news", "", {}, time_to_live=timedelta(days=1))
    suspension.suspend(session, instance.id, NORA, WHY)
    signals.broadcast(session, "news", {}, NORA)

    suspension.resume(session, instance.id, NORA, WHY)

    assert open_tasks(session) == ["a"]
    signals.broadcast(session, "news", {}, NORA)
    assert open_tasks(session) == ["a", "b"]


def test_a_message_finds_another_case_while_the_first_one_stands_still(session: Session) -> None:
    process = a_process("asking")
    process.start().catch("answer", process.message("answer", '="K"')).user_task("read").end()
    deploy(session, process)
    first, second = (instances.start(session, "asking", {}, NORA) for _ in range(2))
    suspension.suspend(session, first.id, NORA, WHY)

    messages.publish(session, "answer", "K", {})

    assert session.scalars(select(UserTask.instance_id)).all() == [second.id]


def test_children_of_a_suspended_case_stand_still_with_it(session: Session) -> None:
    inner = a_process("inner").start().user_task("work").end()
    outer = a_process("outer").start()
    outer.add("callActivity", "call", Z.calledElement(processId="inner")).user_task("last").end()
    deploy(session, inner, outer)
    parent = instances.start(session, "outer", {}, NORA)
    task = session.scalars(select(UserTask)).one()
    child = session.get_one(ProcessInstance, task.instance_id)

    suspension.suspend(session, parent.id, NORA, WHY)

    with pytest.raises(holds.Suspended):
        _complete(session, task.id, NORA)
    assert events_of(session, child, "instance.suspended")[0].data == {
        "reason": WHY,
        "by_instance": parent.id,
    }
    suspension.suspend(session, child.id, NORA, "riêng hồ sơ con")
    suspension.resume(session, parent.id, NORA, WHY)
    with pytest.raises(holds.Suspended) as refused:
        _complete(session, task.id, NORA)
    assert "riêng hồ sơ con" in refused.value.text()
    suspension.resume(session, child.id, NORA, WHY)
    _complete(session, task.id, NORA)
    assert open_tasks(session) == ["last"]


def test_a_job_that_is_done_while_the_case_stands_still_is_neither_lost_nor_done_twice(
    session: Session,
) -> None:
    calls: list[int] = []

    def mail(_session: Session, call: ServiceCall) -> Mapping[str, Json]:
        calls.append(call.instance_id)
        return {"sent": True}

    session.info["handlers"] = {"mail": Registration(mail, outside=True)}
    deploy(session, a_process("mailing").start().service_task("mail", "mail").user_task("next").end())
    instance = instances.start(session, "mailing", {}, NORA)
    job = session.scalars(select(Job)).one()
    prepared = jobs.prepare(session, job.id)
    assert prepared is not None

    outcome = jobs.call(session, prepared)
    suspension.suspend(session, instance.id, NORA, WHY)
    jobs.take(session, job.id, outcome)
    jobs.fail(session, job.id, "too late")
    jobs.run(session, job.id)

    assert (job.status, job.retries, open_tasks(session)) == ("open", 3, [])
    suspension.resume(session, instance.id, NORA, WHY)
    assert (job.status, open_tasks(session), calls) == ("completed", ["next"], [instance.id])
    changes = [event.data["changes"] for event in events_of(session, instance, "variables.changed")]
    assert changes == [[{"name": "sent", "before": None, "after": True}]]


def test_somebody_elses_worker_may_report_while_the_case_stands_still(session: Session) -> None:
    deploy(session, a_process("mailing").start().service_task("mail", "mail").user_task("next").end())
    instance = instances.start(session, "mailing", {}, NORA)
    job = session.scalars(select(Job)).one()
    suspension.suspend(session, instance.id, NORA, WHY)

    jobs.complete(session, job.id, {"sent": 1}, SYSTEM)
    with pytest.raises(Conflict):
        jobs.complete(session, job.id, {"sent": 2}, SYSTEM)
    assert open_tasks(session) == []
    suspension.resume(session, instance.id, NORA, WHY)

    assert open_tasks(session) == ["next"]


def test_a_suspended_version_takes_no_new_cases_and_holds_its_running_ones(
    session: Session, morning: datetime
) -> None:
    process = a_process("monthly").start("start").user_task("a").end()
    process.at(None).add("startEvent", "tick", process.timer("timeCycle", "R/P1D")).flow("tick", "a")
    process.add("startEvent", "called", process.message("call")).flow("called", "a")
    deploy(session, process)
    instance = instances.start(session, "monthly", {}, NORA)
    definition = session.scalars(select(ProcessDefinition)).one()

    suspension.suspend_version(session, definition.id, NORA, WHY)
    clock.pin(morning + timedelta(days=1, hours=1))

    with pytest.raises(holds.VersionSuspended) as refused:
        instances.start(session, "monthly", {}, NORA)
    assert "phiên bản 1" in refused.value.text()
    messages.publish(session, "call", "", {}, time_to_live=timedelta(days=9))
    assert timers.due(session, clock.now()) == []
    assert timers.fire(session, session.scalars(select(Timer.id)).one()) is False
    assert session.scalars(select(ProcessInstance.id)).all() == [instance.id]
    with pytest.raises(holds.Suspended):
        _complete(session, session.scalars(select(UserTask.id)).one(), NORA)

    suspension.resume_version(session, definition.id, NORA, "đã sửa")
    assert timers.fire(session, timers.due(session, clock.now())[0].id)

    started = session.scalars(select(ProcessInstance)).all()
    assert len(started) == 3  # the first, by the message that waited, by the time that came
    assert {row.suspended_at for row in started} == {None}
    (event,) = events_of(session, instance, "instance.resumed")
    assert event.data == {"reason": "đã sửa", "by_definition": definition.id, "held": False}


def test_a_call_of_a_suspended_version_is_an_incident_until_it_is_resumed(session: Session) -> None:
    outer = a_process("outer").start()
    outer.add("callActivity", "call", Z.calledElement(processId="inner")).end()
    deploy(session, a_process("inner").start().user_task("work").end(), outer)
    inner = session.scalars(select(ProcessDefinition).where(ProcessDefinition.process_id == "inner")).one()
    suspension.suspend_version(session, inner.id, NORA, WHY)

    instances.start(session, "outer", {}, NORA)
    incident = session.scalars(select(Incident)).one()
    assert (incident.kind, open_tasks(session)) == ("call", [])
    suspension.resume_version(session, inner.id, NORA, WHY)
    incidents.retry(session, incident.id, NORA)

    assert open_tasks(session) == ["work"]


def test_an_incident_of_a_suspended_case_is_retried_when_it_goes_on(session: Session) -> None:
    deploy(session, a_process("asking").start().gateway("ok").when("=ok").user_task("next").end())
    instance = instances.start(session, "asking", {"ok": "?"}, NORA)
    incident = session.scalars(select(Incident)).one()
    suspension.suspend(session, instance.id, NORA, WHY)

    with pytest.raises(holds.Suspended):
        incidents.retry(session, incident.id, NORA)

    assert incident.status == "open"


def test_the_worker_leaves_a_suspended_case_alone_and_takes_it_up_again(place: Place) -> None:
    equipment = {"handlers": {"mail": Registration(lambda _session, _call: {"sent": True}, outside=True)}}
    process = a_process("busy").start().gateway("fork", "parallel")
    process.service_task("mail", "mail").user_task("mailed").end()
    process.at("fork").catch("wait", process.timer("timeDuration", "PT0S")).user_task("waited").end("e2")
    with place.session() as session:
        session.info.update(equipment)
        deployments.deploy(session, [process.file()], NORA)
        instance = instances.start(session, "busy", {}, NORA)
        suspension.suspend(session, instance.id, NORA, WHY)
        number = instance.id
        session.commit()

    running = worker.start_thread(
        place.queue, sessionmaker(sqlite.writing(place.engine), info=equipment), WORK
    )
    try:
        assert wait_until(lambda: queue_places.read_jobs(place) == [])
        with place.session() as session:
            session.info.update(equipment)
            assert open_tasks(session) == []
            assert session.scalars(select(Job.status)).one() == "open"
            suspension.resume(session, number, NORA, WHY)
            session.commit()
        assert wait_until(lambda: _open_in(place) == ["mailed", "waited"])
    finally:
        assert worker.stop_thread(running, 15)


def _open_in(place: Place) -> list[str]:
    with place.session() as session:
        return sorted(open_tasks(session))
