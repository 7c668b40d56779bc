"""Collaborations: messages without a key, start events, missed cycles, failures as errors, simulations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import (
    clock,
    deployments,
    instances,
    jobs,
    messages,
    signals,
    simulation,
    timers,
)
from engine.errors import Refused
from engine.handlers import Json, Registration, ServiceCall
from engine.tables import Incident, Job, Message, Subscription, Timer
from tests.builders import B, ProcessBuilder, Z, a_process
from tests.integration.cases import NORA, complete, completed, facts, of, open_tasks

WEEK = timedelta(days=7)


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployment = deployments.deploy(session, [process.file() for process in processes], NORA)
    instances.open_starts(session, deployment, NORA)


def together(*processes: ProcessBuilder) -> tuple[str, bytes]:
    """Return one file that holds several processes."""
    first, *others = processes
    for other in others:
        first.codes.update(other.codes)
        first.messages.update(other.messages)
    root = etree.fromstring(first.xml())
    root.extend([other.node for other in others])
    return "together.bpmn", etree.tostring(root)


def _fails(_session: Session, _call: ServiceCall) -> Mapping[str, Json]:
    raise RuntimeError("no connection")


@pytest.mark.parametrize("as_error", [True, False])
def test_a_job_without_retries_is_an_error_only_where_the_diagram_says_so(
    session: Session, as_error: bool
) -> None:
    session.info["handlers"] = {"mail": Registration(_fails, outside=True)}
    named = [Z.properties(Z.property(name="bv:failureAsError", value="unreachable"))] if as_error else []
    process = a_process("mailing").start().service_task("mail", "mail", *named).end()
    process.boundary("caught", "mail", process.coded("error", "unreachable")).user_task("call").end("called")
    deploy(session, process)
    instance = instances.start(session, "mailing", {}, NORA)
    job = session.scalars(select(Job)).one()

    for _ in range(3):
        jobs.fail(session, job.id, "no connection")

    incidents = [incident.kind for incident in session.scalars(select(Incident))]
    assert (open_tasks(session), incidents) == ((["call"], []) if as_error else ([], ["job"]))
    assert bool(facts(session, instance, "failure.thrown")) == as_error


def test_a_handler_of_the_step_whose_failure_is_an_error_runs_as_a_job_of_its_own(session: Session) -> None:
    def refuse(_session: Session, _call: ServiceCall) -> Mapping[str, Json]:
        raise Refused("không", "no", "article 1")

    session.info["handlers"] = {"check": Registration(refuse)}
    named = Z.properties(Z.property(name="bv:failureAsError", value="unfit"))
    process = a_process("checking").start().service_task("check", "check", named).end()
    process.boundary("caught", "check", process.coded("error", "unfit")).user_task("return").end("returned")
    deploy(session, process)
    instances.start(session, "checking", {}, NORA)
    job = session.scalars(select(Job)).one()

    with pytest.raises(Refused):
        jobs.run(session, job.id)
    for _ in range(3):
        jobs.fail(session, job.id, "refused")

    assert open_tasks(session) == ["return"]


def _partners(prefix: str = "") -> tuple[ProcessBuilder, ProcessBuilder]:
    sender, receiver = a_process(prefix + "sender"), a_process(prefix + "receiver")
    sender.start().user_task("write").throw("send", sender.message("letter")).end()
    receiver.start().catch("receive", receiver.message("letter")).user_task("read").end()
    return sender, receiver


def test_a_message_without_a_key_reaches_a_partner_of_the_same_file_only(session: Session) -> None:
    deploy(session, *_partners("other_"))
    deploy(session, *_partners())
    elsewhere = instances.start(session, "other_receiver", {}, NORA)
    partner = instances.start(session, "receiver", {}, NORA)
    instances.start(session, "sender", {}, NORA)

    complete(session, "write")

    assert completed(session, partner) == ["start", "receive"]
    assert completed(session, elsewhere) == ["start"]


def test_a_message_without_a_key_waits_for_a_partner_that_comes_later(session: Session) -> None:
    deploy(session, *_partners("other_"))
    deploy(session, *_partners())
    instances.start(session, "sender", {}, NORA)
    complete(session, "write")

    elsewhere = instances.start(session, "other_receiver", {}, NORA)
    partner = instances.start(session, "receiver", {}, NORA)

    assert completed(session, partner) == ["start", "receive"]
    assert completed(session, elsewhere) == ["start"]


def test_partners_still_reach_each_other_after_one_was_deployed_anew(session: Session) -> None:
    deploy(session, *_partners())
    sender, _ = _partners()
    deploy(session, sender.at("write").user_task("sign").end("signed"))
    partner = instances.start(session, "receiver", {}, NORA)
    instances.start(session, "sender", {}, NORA)

    complete(session, "write")

    assert completed(session, partner) == ["start", "receive"]


def test_a_message_start_event_takes_what_was_sent_before_it_was_deployed(session: Session) -> None:
    for number in (1, 2):
        messages.publish(session, "letter", f"K{number}", {"number": number}, time_to_live=WEEK)
    process = a_process("answering")
    process.start("s", process.message("letter")).user_task("answer").end()

    deploy(session, process)

    assert [instance.business_key for instance in of(session, "answering")] == ["K1", "K2"]
    assert {message.status for message in session.scalars(select(Message))} == {"correlated"}


def test_a_start_event_with_several_definitions_begins_at_any_of_them(
    session: Session, morning: datetime
) -> None:
    process = a_process("starting")
    process.start(
        "s", process.message("letter"), process.signal("opened"), process.timer("timeDuration", "PT1H")
    )
    process.user_task("work").end()
    deploy(session, process)

    messages.publish(session, "letter", "K", {}, time_to_live=WEEK)
    signals.broadcast(session, "opened", {}, NORA)
    clock.pin(morning + timedelta(hours=1))
    for timer in timers.due(session, clock.now()):
        timers.fire(session, timer.id)

    assert len(of(session, "starting")) == 3


def test_a_receive_task_may_begin_an_instance(session: Session) -> None:
    process = a_process("receiving")
    process.message("letter")
    process.add("receiveTask", "receive", messageRef="Message_1", instantiate="true")
    deploy(session, process.user_task("read").end())

    messages.publish(session, "letter", "K", {"page": 1})

    (instance,) = of(session, "receiving")
    assert completed(session, instance) == ["receive"]
    assert (instance.business_key, open_tasks(session)) == ("K", ["read"])


@pytest.mark.parametrize(("way", "left"), [("Exclusive", 0), ("Parallel", 1)])
def test_an_event_gateway_may_begin_an_instance_with_any_or_all_of_its_messages(
    session: Session, way: str, left: int
) -> None:
    process = a_process("either")
    process.add("eventBasedGateway", "g", instantiate="true", eventGatewayType=way)
    process.catch("a", process.message("order", "=key")).end("e1")
    process.at("g").catch("b", process.message("payment", "=key")).end("e2")
    deploy(session, process)

    messages.publish(session, "payment", "K", {"key": "K"})

    (instance,) = of(session, "either")
    assert completed(session, instance) == ["g", "b", "e2"]
    assert (
        len(session.scalars(select(Subscription).where(Subscription.instance_id.is_not(None))).all()) == left
    )
    messages.publish(session, "order", "K", {"key": "K"})
    assert len(of(session, "either")) == 2 - left


def test_a_start_event_that_was_missed_for_days_begins_one_instance_and_tells_how_many(
    session: Session, morning: datetime
) -> None:
    process = a_process("daily")
    process.start("s", process.timer("timeCycle", "R/P1D")).user_task("work").end()
    deploy(session, process)
    clock.pin(morning + timedelta(days=9, hours=1))

    while due := timers.due(session, clock.now()):
        timers.fire(session, due[0].id)

    (instance,) = of(session, "daily")
    assert facts(session, instance, "timer.skipped") == [{"count": 8}]
    waiting = session.scalars(select(Timer).where(Timer.status == "waiting")).one()
    assert waiting.due_at == morning + timedelta(days=10)


def test_a_missed_cycle_runs_through_in_a_simulation(morning: datetime) -> None:
    process = a_process("reminding").start().user_task("work").end()
    process.boundary("remind", "work", process.timer("timeCycle", "R5/P1D"), interrupting=False).end("told")

    outcome = simulation.simulate(
        simulation.Plan([process.file()], start=morning, until=morning + timedelta(days=3, hours=1))
    )

    assert outcome.elements.count("told") == 3


def test_processes_started_together_play_a_collaboration() -> None:
    sender, receiver = a_process("sender"), a_process("receiver")
    sender.start().throw("send", sender.message("letter")).catch("answered", sender.message("answer")).end()
    receiver.messages.update(sender.messages)
    receiver.start("s").catch("receive", receiver.message("letter"))
    receiver.throw("reply", receiver.message("answer")).end("replied")

    outcome = simulation.simulate(
        simulation.Plan([together(sender, receiver)], processes=["sender", "receiver"]), "en"
    )

    assert (outcome.status, outcome.waiting) == ("completed", [])
    assert outcome.elements[-2:] == ["answered", "end"]


def test_a_simulation_lists_signals_and_conditions_that_are_waited_for() -> None:
    process = a_process("waiting")
    process.start().gateway("await", "eventBased").catch("heard", process.signal("opened")).end("a")
    process.at("await").catch("ready", process.conditional("=ready")).end("b")

    outcome = simulation.simulate(simulation.Plan([process.file()]), "en")

    assert outcome.status == "active"
    assert outcome.waiting == [
        {"element": "heard", "kind": "signal", "due": None},
        {"element": "ready", "kind": "conditional", "due": None},
    ]


def test_a_simulation_that_does_not_come_to_rest_says_so(
    monkeypatch: pytest.MonkeyPatch, morning: datetime
) -> None:
    monkeypatch.setattr(simulation, "ROUNDS", 20)
    process = a_process("endless").start().catch("tick", a_process().timer("timeCycle", "R/PT1S")).end()

    outcome = simulation.simulate(
        simulation.Plan([process.file()], start=morning, until=morning + timedelta(days=1)), "en"
    )

    assert (outcome.status, [incident["kind"] for incident in outcome.incidents]) == ("active", ["limit"])


def test_an_error_that_the_caller_caught_is_no_incident_of_a_simulation() -> None:
    child = a_process("child").start().end("bad", B.errorEventDefinition(errorRef="error_bad"))
    child.coded("error", "bad")
    parent = a_process("parent").start().add("callActivity", "call", Z.calledElement(processId="child")).end()
    parent.boundary("caught", "call", parent.coded("error", "bad")).end("handled")

    outcome = simulation.simulate(simulation.Plan([child.file(), parent.file()], ["parent"]), "en")

    assert (outcome.status, outcome.incidents) == ("completed", [])
