"""Signals and event sub-processes with the database: rows, other instances, start events, call activities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, messages, signals, timers
from engine.actors import SYSTEM
from engine.audit import replay
from engine.handlers import Json, Registration, ServiceCall
from engine.spiff import state
from engine.tables import Subscription, Timer
from tests.builders import B, ProcessBuilder, Z, a_process
from tests.integration.cases import NORA, complete, completed, facts, of, open_tasks

WEEK = timedelta(days=7)


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployment = deployments.deploy(session, [process.file() for process in processes], NORA)
    instances.open_starts(session, deployment, NORA)


def _waiting(process_id: str) -> ProcessBuilder:
    process = a_process(process_id)
    return process.start().catch("heard", process.signal("opened")).user_task("after").end()


def _thrower() -> ProcessBuilder:
    process = a_process("thrower")
    return process.start().throw("shout", process.signal("opened")).user_task("mine").end()


def test_a_signal_is_a_row_and_reaches_every_instance_that_waits(session: Session) -> None:
    deploy(session, _waiting("first"), _waiting("second"), _thrower())
    hearers = [instances.start(session, name, {}, NORA) for name in ("first", "second", "first")]
    rows = session.scalars(select(Subscription)).all()
    assert [(row.kind, row.message_name, row.correlation_key) for row in rows] == [
        ("signal", "opened", None)
    ] * 3

    thrower = instances.start(session, "thrower", {}, NORA)

    assert open_tasks(session) == ["mine", "after", "after", "after"]
    assert facts(session, thrower, "signal.thrown") == [{"name": "opened", "variables": {}}]
    assert all(facts(session, hearer, "signal.received") for hearer in hearers)
    assert session.scalars(select(Subscription)).all() == []


def test_a_signal_from_outside_brings_its_variables(session: Session) -> None:
    deploy(session, _waiting("first"))
    hearer = instances.start(session, "first", {}, NORA)

    signals.broadcast(session, "opened", {"round": 3}, NORA)

    assert state.variables(hearer.state) == {"round": 3}


def test_a_signal_is_never_kept(session: Session) -> None:
    deploy(session, _waiting("first"))

    signals.broadcast(session, "opened", {}, NORA)
    instances.start(session, "first", {}, NORA)

    assert open_tasks(session) == []


def test_a_message_of_the_same_name_is_no_signal(session: Session) -> None:
    deploy(session, _waiting("first"))
    instances.start(session, "first", {}, NORA)

    messages.publish(session, "opened", "", {}, time_to_live=WEEK)

    assert open_tasks(session) == []


def test_a_message_of_the_same_name_begins_nothing_at_a_signal_start_event(session: Session) -> None:
    listening = a_process("listening")
    listening.start("s", listening.signal("opened")).user_task("work").end()
    deploy(session, listening)

    messages.publish(session, "opened", "", {}, time_to_live=WEEK)

    assert of(session, "listening") == []


def test_who_throws_a_signal_does_not_hear_it_at_an_event_that_it_comes_to_later(session: Session) -> None:
    process = a_process("thrower")
    process.start().throw("shout", process.signal("opened")).catch("later", process.signal("opened")).end()
    deploy(session, process)

    instance = instances.start(session, "thrower", {}, NORA)

    assert completed(session, instance) == ["start", "shout"]


def test_a_signal_start_event_begins_an_instance_of_the_newest_version(session: Session) -> None:
    listening = a_process("listening")
    listening.start("s", listening.signal("opened")).user_task("old").end()
    deploy(session, listening, _thrower())
    newer = a_process("listening")
    newer.start("s", newer.signal("opened")).user_task("new").end()
    deploy(session, newer)

    instances.start(session, "thrower", {}, NORA)

    assert open_tasks(session) == ["mine", "new"]


def test_a_signal_wakes_two_events_of_an_instance_in_one_step(session: Session) -> None:
    process = a_process("both")
    process.start().gateway("split", "parallel").catch("one", process.signal("opened")).end("e1")
    process.at("split").catch("two", process.signal("opened")).end("e2")
    deploy(session, process)
    instance = instances.start(session, "both", {}, NORA)

    signals.broadcast(session, "opened", {}, NORA)

    assert instance.status == "completed"
    assert len(facts(session, instance, "signal.received")) == 1


def test_listeners_are_rows_that_vanish_with_their_scope(session: Session, morning: datetime) -> None:
    process = a_process("listening").start().user_task("work").end()
    process.open_event_sub_process("late", process.timer("timeCycle", "R/P1D"), interrupting=False)
    process.end("told").close_sub_process()
    process.open_event_sub_process("stop", process.message("stop", '="K"')).end("e2").close_sub_process()
    process.open_event_sub_process("ready", process.conditional("=ready")).end("e3").close_sub_process()
    deploy(session, process)
    instance = instances.start(session, "listening", {}, NORA)

    kinds = [(row.kind, row.message_name) for row in session.scalars(select(Subscription))]
    assert kinds == [("message", "stop"), ("conditional", "=ready")]
    clock.pin(morning + timedelta(days=1))
    assert timers.fire(session, session.scalars(select(Timer).where(Timer.status == "waiting")).one().id)
    assert completed(session, instance) == ["start", "late_start", "told", "late"]
    complete(session, "work")

    assert instance.status == "completed"
    assert session.scalars(select(Subscription)).all() == []
    assert session.scalars(select(Timer).where(Timer.status == "waiting")).all() == []


def test_a_variable_that_a_task_brings_makes_a_condition_true(session: Session) -> None:
    process = a_process("stopping").start().user_task("work").user_task("more").end()
    process.open_event_sub_process("stop", process.conditional("=withdrawn")).end("e3").close_sub_process()
    deploy(session, process)
    instance = instances.start(session, "stopping", {}, NORA)

    complete(session, "work", withdrawn=True)

    assert instance.status == "completed"
    assert completed(session, instance)[-1] == "stop"


def _calling(interrupting: bool) -> tuple[ProcessBuilder, ProcessBuilder]:
    child = (
        a_process("child")
        .start()
        .throw("raise", B.escalationEventDefinition(escalationRef="escalation_late"))
    )
    child.coded("escalation", "late")
    child.user_task("work").end()
    parent = a_process("parent").start().add("callActivity", "call", Z.calledElement(processId="child")).end()
    parent.boundary("noticed", "call", parent.coded("escalation", "late"), interrupting).user_task("look")
    return child, parent.end("looked")


def test_an_escalation_of_a_child_is_noticed_beside_its_call(session: Session) -> None:
    deploy(session, *_calling(interrupting=False))
    parent = instances.start(session, "parent", {}, NORA)

    assert open_tasks(session) == ["work", "look"]
    complete(session, "work")
    complete(session, "look")

    assert parent.status == "completed"
    assert facts(session, of(session, "child")[0], "escalation.passed")


def test_an_escalation_of_a_child_may_end_its_call(session: Session) -> None:
    deploy(session, *_calling(interrupting=True))
    instances.start(session, "parent", {}, NORA)

    assert open_tasks(session) == ["look"]
    assert of(session, "child")[0].status == "cancelled"


def test_an_escalation_that_nobody_notices_is_only_told(session: Session) -> None:
    child, _ = _calling(interrupting=True)
    deploy(session, child)
    instance = instances.start(session, "child", {}, NORA)

    assert facts(session, instance, "escalation.uncaught")[0]["code"] == "late"
    assert open_tasks(session) == ["work"]


def test_an_error_of_a_child_is_caught_by_an_event_sub_process_around_its_call(session: Session) -> None:
    child = (
        a_process("child").start().user_task("work").end("e", B.errorEventDefinition(errorRef="error_bad"))
    )
    child.coded("error", "bad")
    parent = a_process("parent").start().add("callActivity", "call", Z.calledElement(processId="child")).end()
    parent.open_event_sub_process("mending", parent.coded("error", "bad")).user_task("mend").end("m")
    deploy(session, child, parent.close_sub_process())
    instances.start(session, "parent", {}, NORA)

    complete(session, "work")

    assert open_tasks(session) == ["mend"]


def test_a_handler_that_throws_a_signal_inside_a_step_is_heard_after_it(session: Session) -> None:
    def shout(opened: Session, _call: ServiceCall) -> Mapping[str, Json]:
        signals.broadcast(opened, "opened", {}, SYSTEM)
        return {}

    session.info["handlers"] = {"shout": Registration(shout)}
    process = a_process("shouting")
    process.start().gateway("split", "parallel").catch("heard", process.signal("opened")).end("e1")
    process.at("split").service_task("call", "shout").end("e2")
    deploy(session, process)

    instance = instances.start(session, "shouting", {}, NORA)

    assert instance.status == "completed"
    assert completed(session, instance)[-2:] == ["heard", "e1"]


def test_history_tells_where_every_listener_and_part_is(session: Session, morning: datetime) -> None:
    process = a_process("listening").start().open_sub_process("inner").start("s").user_task("work").end("e")
    process.open_event_sub_process("noting", process.signal("opened"), interrupting=False)
    process.find("noting_start").append(process.timer("timeCycle", "R/P1D"))
    process.user_task("note").end("noted").close_sub_process().close_sub_process().end()
    process.boundary("both", "inner", process.message("stop", '="K"'))
    process.find("both").append(process.conditional("=ready"))
    process.find("both").set("parallelMultiple", "true")
    process.end("stopped")
    deploy(session, process)
    instance = instances.start(session, "listening", {}, NORA)
    assert replay.differences(session, instance) == []

    signals.broadcast(session, "opened", {}, NORA)
    clock.pin(morning + timedelta(days=1))
    for timer in timers.due(session, clock.now()):
        timers.fire(session, timer.id)
    messages.publish(session, "stop", "K", {})
    assert open_tasks(session) == ["work", "note", "note"]
    assert replay.differences(session, instance) == []
    complete(session, "note", ready=True)

    assert instance.status == "completed"
    assert replay.differences(session, instance) == []
    assert completed(session, instance)[-2:] == ["both", "stopped"]
