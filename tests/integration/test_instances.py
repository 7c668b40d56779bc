"""Instances, user tasks, messages, timers, jobs and history on a real database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

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
    messages,
    simulation,
    tasks,
    timers,
)
from engine.actors import SYSTEM, Actor
from engine.errors import (
    Conflict,
    DeploymentRejected,
    FormInvalid,
    NotAllowed,
    NotFound,
    Refused,
    TaskNotOpen,
)
from engine.handlers import Json, Registration, ServiceCall
from engine.tables import (
    HistoryEvent,
    Incident,
    Job,
    Message,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)
from tests.builders import B, ProcessBuilder, Z, a_process

NORA = Actor("nora", frozenset({"staff"}))
MIA = Actor("mia", frozenset({"staff"}))
ULF = Actor("ulf", frozenset({"others"}))


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployments.deploy(session, [process.file() for process in processes], NORA)


def only_task(session: Session) -> UserTask:
    return session.scalars(select(UserTask).where(UserTask.status == "open")).one()


def test_completing_a_task_opens_the_next_in_the_same_transaction(
    session: Session, morning: datetime
) -> None:
    deploy(session, a_process("chain").start().user_task("a").user_task("b").end())
    instance = instances.start(session, "chain", {"office": "P1"}, NORA, business_key="P1/2026-10")

    tasks.complete(session, only_task(session).id, {"note": "x"}, NORA)
    session.commit()

    task = only_task(session)
    assert (task.element, task.business_key, task.created_at) == ("b", "P1/2026-10", morning)
    tasks.complete(session, task.id, {}, MIA)
    assert instance.status == "completed"
    assert instance.ended_at == morning


def test_completing_twice_is_refused_with_who_and_when(session: Session, morning: datetime) -> None:
    deploy(session, a_process("chain").start().user_task("a").end())
    instances.start(session, "chain", {}, NORA)
    task = only_task(session)
    tasks.complete(session, task.id, {}, NORA)

    with pytest.raises(TaskNotOpen) as refused:
        tasks.complete(session, task.id, {}, MIA)

    assert "nora" in refused.value.text("vi")
    assert "01/10/2026 09:00" in refused.value.text("vi")


def test_somebody_elses_task_is_refused(session: Session) -> None:
    deploy(session, a_process("chain").start().user_task("a").end())
    instances.start(session, "chain", {}, NORA)
    task = only_task(session)

    with pytest.raises(NotAllowed):
        tasks.complete(session, task.id, {}, ULF)
    tasks.claim(session, task.id, NORA)
    with pytest.raises(Conflict):
        tasks.claim(session, task.id, MIA)
    with pytest.raises(NotAllowed):
        tasks.complete(session, task.id, {}, MIA)

    tasks.release(session, task.id, NORA)
    tasks.complete(session, task.id, {}, MIA)
    assert task.ended_by == "mia"


def test_an_unknown_task_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        tasks.complete(session, 999, {}, NORA)


def test_lists_show_own_tasks_and_those_of_the_groups(session: Session) -> None:
    deploy(session, a_process("chain").start().user_task("a").end())
    instances.start(session, "chain", {}, NORA)
    instances.start(session, "chain", {}, NORA)
    tasks.claim(session, session.scalars(select(UserTask)).first().id, NORA)  # type: ignore[union-attr]

    assert len(session.scalars(tasks.mine(NORA)).all()) == 1
    assert len(session.scalars(tasks.of_my_groups(NORA)).all()) == 1
    assert len(session.scalars(tasks.open_for(NORA)).all()) == 2
    assert len(session.scalars(tasks.open_for(MIA)).all()) == 1
    assert session.scalars(tasks.open_for(ULF)).all() == []


def _sender() -> ProcessBuilder:
    process = a_process("sender")
    payload = Z.ioMapping(Z.input(source="=proposal", target="proposal"))
    submitted = process.message("proposal.submitted", "=key")
    return process.start().throw("send", payload, submitted).end()


def _receiver() -> ProcessBuilder:
    process = a_process("receiver")
    process.start().user_task("review").catch("receive", process.message("proposal.submitted", "=key"))
    return process.user_task("after").end()


def test_a_message_thrown_before_anybody_waits_is_kept_and_delivered_once(session: Session) -> None:
    deploy(session, _sender(), _receiver())
    instances.start(session, "sender", {"proposal": 7, "key": "TTTV"}, NORA)
    receiver = instances.start(session, "receiver", {"key": "TTTV"}, NORA)

    assert session.scalars(select(Message)).one().status == "buffered"
    tasks.complete(session, only_task(session).id, {}, NORA)

    assert only_task(session).element == "after"
    message = session.scalars(select(Message)).one()
    assert (message.status, message.instance_id) == ("correlated", receiver.id)
    assert session.scalars(select(Subscription)).all() == []


def test_a_message_reaches_only_the_instance_with_its_key(session: Session) -> None:
    deploy(session, _receiver())
    for key in ("TTTV", "SXD"):
        instances.start(session, "receiver", {"key": key}, NORA)
    for task in session.scalars(tasks.of_my_groups(NORA)).all():
        tasks.complete(session, task.id, {}, NORA)

    messages.publish(session, "proposal.submitted", "SXD", {"proposal": 1})

    assert only_task(session).instance.business_key == ""
    waiting = session.scalars(select(Subscription)).one()
    assert waiting.correlation_key == "TTTV"


def test_the_same_message_id_twice_changes_nothing(session: Session) -> None:
    first = messages.publish(session, "x", "1", {}, time_to_live=timedelta(days=1), message_id="m1")
    second = messages.publish(session, "x", "1", {}, time_to_live=timedelta(days=1), message_id="m1")

    assert first is second


def test_a_message_start_event_starts_an_instance_of_the_newest_version(session: Session) -> None:
    def version(name: str) -> ProcessBuilder:
        process = a_process("review", name)
        return process.start("received", process.message("submission.sent")).user_task("appraise").end()

    deploy(session, version("one"))
    deploy(session, version("two"))

    messages.publish(session, "submission.sent", "TTr-1", {"submission": 1})

    started = session.scalars(select(ProcessInstance)).one()
    assert started.business_key == "TTr-1"
    assert started.definition.version == 2


def test_a_timer_fires_when_it_is_due_and_not_before(session: Session, morning: datetime) -> None:
    process = a_process("timed")
    process.start().user_task("a").end()
    process.boundary("late", "a", process.timer("timeDate", "=due_at"), interrupting=False).user_task(
        "urge"
    ).end("u")
    deploy(session, process)
    instances.start(session, "timed", {"due_at": "2026-10-16T00:00:00+07:00"}, NORA)
    timer = session.scalars(select(Timer)).one()

    assert timers.fire(session, timer.id) is False
    clock.pin(datetime.fromisoformat("2026-10-16T00:00:00+07:00"))
    assert timers.fire(session, timer.id) is True
    assert timers.fire(session, timer.id) is False

    elements = {task.element for task in session.scalars(select(UserTask).where(UserTask.status == "open"))}
    assert elements == {"a", "urge"}


def test_a_start_timer_starts_an_instance_each_month(session: Session, morning: datetime) -> None:
    process = a_process("monthly")
    cycle = process.timer("timeCycle", "R/2026-10-31T08:00:00+07:00/P1M")
    deploy(session, process.start("start", cycle).user_task("a").end())

    for day in ("2026-10-31", "2026-11-30", "2026-12-31"):
        clock.pin(datetime.fromisoformat(f"{day}T08:00:00+07:00"))
        (timer,) = timers.due(session, clock.now())
        timers.fire(session, timer.id)

    assert len(session.scalars(select(ProcessInstance)).all()) == 3


def test_running_instances_stay_on_their_version(session: Session) -> None:
    deploy(session, a_process("chain").start().user_task("a").user_task("old").end())
    instances.start(session, "chain", {}, NORA)
    deploy(session, a_process("chain").start().user_task("a").user_task("new").end())

    tasks.complete(session, only_task(session).id, {}, NORA)

    assert only_task(session).element == "old"
    assert [d.version for d in deployments.versions(session, "chain")] == [2, 1]


def test_deploying_the_same_file_again_makes_no_version(session: Session) -> None:
    for _ in range(2):
        deploy(session, a_process("chain").start().user_task("a").end())

    assert session.scalars(select(ProcessDefinition)).one().version == 1


def test_a_file_with_errors_stores_nothing(session: Session) -> None:
    broken = a_process("broken").start().add("serviceTask", "x").end()

    with pytest.raises(DeploymentRejected) as rejected:
        deploy(session, a_process("fine").start().end(), broken)

    assert {finding.element for finding in rejected.value.findings} == {"x"}
    assert session.scalars(select(ProcessDefinition)).all() == []


def test_a_handler_runs_inside_the_step(session: Session) -> None:
    def register(_session: Session, call: ServiceCall) -> Mapping[str, Json]:
        return {"number": f"{call.business_key}-1"}

    session.info["handlers"] = {"register": Registration(register)}
    deploy(session, a_process("served").start().service_task("s", "register").user_task("a").end())

    instance = instances.start(session, "served", {}, NORA, business_key="P1")

    events = history.of_instance(session, instance.id)
    assert history.completed_elements(events) == ["start", "s"]
    (changed,) = [event for event in events if event.kind == "variables.changed"]
    assert changed.data["changes"] == [{"name": "number", "before": None, "after": "P1-1"}]


def test_a_job_without_retries_left_is_an_incident_that_can_be_repaired(session: Session) -> None:
    deploy(session, a_process("mailing").start().service_task("mail", "send.mail").end())
    instance = instances.start(session, "mailing", {}, NORA)
    job = session.scalars(select(Job)).one()

    for _ in range(3):
        jobs.fail(session, job.id, "no connection")
    incident = session.scalars(select(Incident)).one()
    assert (incident.status, job.status, instance.status) == ("open", "failed", "active")
    incidents.retry(session, incident.id, NORA)
    jobs.complete(session, job.id, {"sent": True}, SYSTEM)

    assert incident.status == "resolved"
    assert instance.status == "completed"


def test_a_completing_listener_decides_what_reaches_the_process(session: Session) -> None:
    def prepare(_session: Session, call: ServiceCall) -> Mapping[str, Json]:
        if call.variables["names"] == []:
            raise Refused("chưa có ai", "nobody is named", "KH 598/KH-TTTV")
        return {"count": len(call.variables["names"])}  # type: ignore[arg-type]

    session.info["handlers"] = {"prepare": Registration(prepare)}
    listener = Z.taskListeners(Z.taskListener(eventType="completing", type="prepare"))
    deploy(session, a_process("listening").start().user_task("a", listener).user_task("b").end())
    instance = instances.start(session, "listening", {}, NORA)

    with pytest.raises(Refused):
        tasks.complete(session, only_task(session).id, {"names": []}, NORA)
    assert only_task(session).element == "a"
    tasks.complete(session, only_task(session).id, {"names": ["An", "Bình"]}, NORA)

    assert only_task(session).element == "b"
    changes = [
        e.data["changes"] for e in history.of_instance(session, instance.id) if e.kind == "variables.changed"
    ]
    assert changes == [[{"name": "count", "before": None, "after": 2}]]


def test_a_form_decides_which_fields_may_be_written(session: Session) -> None:
    schema = (
        b'{"type":"default","id":"decision","schemaVersion":19,"components":['
        b'{"type":"textfield","id":"f1","key":"note","label":"Ghi ch\xc3\xba","validate":{"required":true}}]}'
    )
    process = (
        a_process("formed").start().user_task("a", Z.formDefinition(formId="decision")).user_task("b").end()
    )
    deployments.deploy(session, [("decision.form", schema), process.file()], NORA)
    instance = instances.start(session, "formed", {"office": "P1"}, NORA)

    with pytest.raises(FormInvalid) as invalid:
        tasks.complete(session, only_task(session).id, {"note": ""}, NORA)
    assert list(invalid.value.messages) == ["note"]
    tasks.complete(session, only_task(session).id, {"note": "ok", "office": "hacked"}, NORA)

    (changed,) = [e for e in history.of_instance(session, instance.id) if e.kind == "variables.changed"][1:]
    assert [change["name"] for change in changed.data["changes"]] == ["note"]


def test_history_is_numbered_without_gaps(session: Session) -> None:
    deploy(session, a_process("chain").start().user_task("a").user_task("b").end())
    instance = instances.start(session, "chain", {}, NORA)
    while session.scalars(tasks.open_for(NORA)).all():
        tasks.complete(session, only_task(session).id, {}, NORA)

    events = session.scalars(select(HistoryEvent).order_by(HistoryEvent.id)).all()

    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert events[0].kind == "instance.started"
    assert events[-1].kind == "instance.completed"
    assert instance.events == len(events)


def test_a_simulation_stops_at_a_person_and_goes_on_when_asked() -> None:
    process = a_process("simulated")
    process.start().user_task("a").catch("wait", process.timer("timeDuration", "P3D")).end()
    files = [process.file()]
    start = datetime.fromisoformat("2026-10-01T09:00:00+07:00")

    stopped = simulation.simulate(simulation.Plan(files, start=start))
    waits = simulation.simulate(simulation.Plan(files, start=start, complete_user_tasks=True))
    ended = simulation.simulate(
        simulation.Plan(files, start=start, until=start + timedelta(days=4), complete_user_tasks=True)
    )

    assert (stopped.status, stopped.waiting) == (
        "active",
        [{"element": "a", "kind": "userTask", "due": None}],
    )
    assert waits.waiting == [{"element": "wait", "kind": "timer", "due": "2026-10-04T09:00:00+07:00"}]
    assert (ended.status, ended.elements) == ("completed", ["start", "a", "wait", "end"])


def test_a_simulation_of_a_refused_file_names_its_findings() -> None:
    process = a_process("refused").start().end("end", B.signalEventDefinition(signalRef="nowhere"))

    outcome = simulation.simulate(simulation.Plan([process.file()]))

    assert outcome.status == "refused"
    assert any(finding["element"] == "end" for finding in outcome.findings)
