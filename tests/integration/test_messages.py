"""Messages between instances: buffered ones, several in one step, to oneself, from handlers, long chains."""

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
    instances,
    jobs,
    messages,
    simulation,
    tasks,
    timers,
)
from engine.actors import SYSTEM
from engine.errors import BpmnError, Conflict
from engine.handlers import Json, Registration, ServiceCall
from engine.spiff import state
from engine.tables import Job, Message, Subscription, Timer, UserTask
from tests.builders import ProcessBuilder, Z, a_process, each
from tests.integration.cases import NORA, completed

WEEK = timedelta(days=7)


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployments.deploy(session, [process.file() for process in processes], NORA)


def _collector() -> ProcessBuilder:
    process = a_process("collector")
    process.start().user_task("review").end()
    process.boundary("received", "review", process.message("proposal", '="K"'), interrupting=False)
    return process.script("record", "=append(seen, number)", "seen").end("recorded")


def test_every_buffered_message_reaches_a_repeating_event_in_the_order_of_publishing(
    session: Session,
) -> None:
    deploy(session, _collector())
    for number in range(300):
        messages.publish(session, "proposal", "K", {"number": number}, time_to_live=WEEK)

    collector = instances.start(session, "collector", {"seen": []}, NORA)

    assert state.variables(collector.state)["seen"] == list(range(300))
    assert session.scalars(select(Message).where(Message.status != "correlated")).all() == []
    assert len(session.scalars(select(Subscription)).all()) == 1


def test_buffered_messages_stop_at_the_one_that_ends_the_wait(session: Session) -> None:
    process = a_process("receiver")
    process.start().user_task("work").end()
    process.boundary("stop", "work", process.message("proposal", '="K"')).end("stopped")
    deploy(session, process)
    for number in range(3):
        messages.publish(session, "proposal", "K", {"number": number}, time_to_live=WEEK)

    receiver = instances.start(session, "receiver", {}, NORA)

    assert receiver.status == "completed"
    statuses = session.scalars(select(Message.status).order_by(Message.id)).all()
    assert statuses == ["correlated", "buffered", "buffered"]


def test_several_messages_of_one_step_reach_their_instances(session: Session) -> None:
    receiver = a_process("receiver")
    receiver.start().catch("wait", receiver.message("result", "=key")).user_task("read").end()
    sender = (
        a_process("sender")
        .start()
        .add("sendTask", "send", each("=keys", "key"), messageRef="Message_1")
        .end()
    )
    sender.message("result", "=key")
    deploy(session, receiver, sender)
    for key in ("a", "b", "c"):
        instances.start(session, "receiver", {"key": key}, NORA)

    instances.start(session, "sender", {"keys": ["c", "a", "b"]}, NORA)

    assert len(session.scalars(select(UserTask).where(UserTask.element == "read")).all()) == 3


def test_an_instance_can_receive_its_own_message(session: Session) -> None:
    process = a_process("selfish")
    process.start().gateway("split", "parallel").throw("send", process.message("news", '="K"')).end("sent")
    process.at("split").catch("wait", process.message("news")).end("received")
    deploy(session, process)

    instance = instances.start(session, "selfish", {}, NORA)

    assert instance.status == "completed"
    assert completed(session, instance)[-2:] == ["wait", "received"]


def test_a_message_to_an_instance_that_ends_in_the_same_step_is_kept(session: Session) -> None:
    process = a_process("ending")
    process.start().gateway("wait", "eventBased").catch("news", process.message("news", '="K"')).end(
        "received"
    )
    process.at("wait").catch("go", process.message("go", '="K"')).throw("send", process.message("news")).end(
        "sent"
    )
    deploy(session, process)
    instance = instances.start(session, "ending", {}, NORA)

    messages.publish(session, "go", "K", {})

    assert instance.status == "completed"
    assert "received" not in completed(session, instance)
    assert session.scalars(select(Message).where(Message.name == "news")).one().status == "buffered"


def test_a_long_conversation_of_two_instances_needs_no_deep_stack(session: Session) -> None:
    asking = a_process("asking").start().gateway("in")
    asking.throw("ask", asking.message("question", '="K"')).catch("hear", asking.message("answer", '="K"'))
    asking.script("count", "=n + 1", "n").gateway("again").when("=n >= 200").end().default("again", "in")
    answering = a_process("answering")
    answering.start().user_task("present").end()
    answering.boundary("asked", "present", answering.message("question", '="K"'), interrupting=False)
    answering.throw("reply", answering.message("answer", '="K"')).end("replied")
    deploy(session, asking, answering)
    instances.start(session, "answering", {}, NORA)

    asker = instances.start(session, "asking", {"n": 0}, NORA)

    assert (asker.status, state.variables(asker.state)["n"]) == ("completed", 200)


def test_instances_that_answer_each_other_without_end_are_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = a_process("echo")
    process.start().user_task("present").end()
    process.boundary("heard", "present", process.message("call", '="K"'), interrupting=False)
    process.throw("call", process.message("call")).end("called")
    deploy(session, process)
    instances.start(session, "echo", {}, NORA)
    session.commit()
    monkeypatch.setattr(instances, "EFFECTS", 50)

    with pytest.raises(instances.Restless):
        messages.publish(session, "call", "K", {})
    session.rollback()

    assert session.scalars(select(Message)).all() == []


def test_a_message_published_by_a_handler_is_given_after_the_step(session: Session) -> None:
    def tell(opened: Session, call: ServiceCall) -> Mapping[str, Json]:
        messages.publish(opened, "told", "K", {"told": True}, time_to_live=WEEK)
        return {"asked": True}

    session.info["handlers"] = {"tell": Registration(tell)}
    process = a_process("telling")
    process.start().gateway("split", "parallel").catch("hear", process.message("told", '="K"')).end("heard")
    process.at("split").user_task("go").service_task("tell", "tell").end("e")
    deploy(session, process)
    instance = instances.start(session, "telling", {}, NORA)

    tasks.complete(session, session.scalars(select(UserTask)).one().id, {}, NORA)

    assert instance.status == "completed"
    assert state.variables(instance.state) == {"asked": True, "told": True}


def test_a_handler_may_not_move_the_instance_of_its_own_step(session: Session) -> None:
    def meddle(opened: Session, call: ServiceCall) -> None:
        instances.cancel(opened, call.instance_id, NORA, reason="lập nhầm")

    session.info["handlers"] = {"meddle": Registration(meddle)}
    deploy(session, a_process("meddling").start().service_task("s", "meddle").end())

    with pytest.raises(Conflict):
        instances.start(session, "meddling", {}, NORA)


def _mailing() -> ProcessBuilder:
    process = a_process("mailing")
    process.start().service_task("mail", "mail").end()
    process.boundary("refused", "mail", process.coded("error", "bounced")).user_task("repair").end("repaired")
    return process


def test_a_business_error_of_an_outside_handler_is_caught_at_its_activity(session: Session) -> None:
    def bounce(_session: Session, _call: ServiceCall) -> None:
        raise BpmnError("bounced", "no such address")

    session.info["handlers"] = {"mail": Registration(bounce, outside=True)}
    deploy(session, _mailing())
    instances.start(session, "mailing", {}, NORA)

    jobs.run(session, session.scalars(select(Job)).one().id)

    assert session.scalars(select(UserTask)).one().element == "repair"
    assert session.scalars(select(Job)).one().status == "completed"


def test_somebody_elses_worker_can_throw_a_business_error(session: Session) -> None:
    session.info["handlers"] = {"mail": Registration(lambda _session, _call: None, outside=True)}
    deploy(session, _mailing())
    instances.start(session, "mailing", {}, NORA)
    job = session.scalars(select(Job)).one()

    jobs.throw(session, job.id, "bounced", SYSTEM)

    assert session.scalars(select(UserTask)).one().element == "repair"
    with pytest.raises(Conflict):
        jobs.throw(session, job.id, "bounced", SYSTEM)


def test_a_timer_whose_moment_has_passed_fires_at_once(session: Session, morning: datetime) -> None:
    process = a_process("late")
    process.start().catch("wait", process.timer("timeDate", "=due")).end()
    deploy(session, process)
    instance = instances.start(session, "late", {"due": "2020-01-01T00:00:00+07:00"}, NORA)

    (timer,) = timers.due(session, clock.now())
    timers.fire(session, timer.id)

    assert instance.status == "completed"


def test_cycles_missed_while_nothing_ran_are_one_late_firing_that_history_tells(
    session: Session, morning: datetime
) -> None:
    process = a_process("reminding")
    process.start().user_task("a").end()
    process.boundary("remind", "a", process.timer("timeCycle", "R5/P1D"), interrupting=False).end("reminded")
    deploy(session, process)
    instance = instances.start(session, "reminding", {}, NORA)
    clock.pin(morning + timedelta(days=3, hours=1))

    while due := timers.due(session, clock.now()):
        timers.fire(session, due[0].id)
    tasks.complete(session, session.scalars(select(UserTask)).one().id, {}, NORA)

    assert completed(session, instance).count("reminded") == 1
    events = history.of_instance(session, instance.id)
    skipped = [event.data["count"] for event in events if event.kind == "timer.skipped"]
    assert skipped == [2]
    assert session.scalars(select(Timer).where(Timer.status == "waiting")).all() == []


def test_time_never_goes_back_in_a_simulation() -> None:
    process = a_process("simulated")
    process.start().catch("first", process.timer("timeDuration", "P3D")).user_task("a")
    process.catch("second", process.timer("timeDuration", "PT1H")).end()
    start = datetime.fromisoformat("2026-10-01T09:00:00+07:00")

    until = start + timedelta(days=3)
    outcome = simulation.simulate(
        simulation.Plan([process.file()], start=start, until=until, complete_user_tasks=True)
    )

    assert outcome.waiting == [{"element": "second", "kind": "timer", "due": "2026-10-04T10:00:00+07:00"}]


def test_a_subscription_on_the_element_itself_is_matched(session: Session) -> None:
    process = a_process("keyed").start().add("receiveTask", "wait", Z.subscription(correlationKey="=key"))
    process.find("wait").set("messageRef", "Message_1")
    process.end().message("news")
    deploy(session, process)
    instance = instances.start(session, "keyed", {"key": "K"}, NORA)

    messages.publish(session, "news", "K", {})

    assert instance.status == "completed"
