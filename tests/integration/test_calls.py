"""Call activities: an instance of another process as a child, with its variables, errors and end."""

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
    history,
    incidents,
    instances,
    messages,
    simulation,
    tasks,
    timers,
)
from engine.actors import Actor
from engine.errors import Conflict
from engine.handlers import Json
from engine.spiff import state
from engine.tables import Incident, ProcessInstance, Subscription, Timer, UserTask
from tests.builders import ProcessBuilder, Z, a_process, each, mappings

NORA = Actor("nora", frozenset({"staff"}))


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployments.deploy(session, [process.file() for process in processes], NORA)


def calling(process: str = "child", *children: etree._Element, propagate: str = "true") -> ProcessBuilder:
    called = Z.calledElement(processId=process, propagateAllChildVariables=propagate)
    return a_process("parent").start().add("callActivity", "call", called, *children)


def a_child() -> ProcessBuilder:
    return a_process("child").start().user_task("work").end()


def open_tasks(session: Session) -> dict[str, UserTask]:
    return {task.element: task for task in session.scalars(select(UserTask).where(UserTask.status == "open"))}


def complete(session: Session, element: str, **values: Json) -> None:
    tasks.complete(session, open_tasks(session)[element].id, values, NORA)


def child_of(session: Session, parent: ProcessInstance) -> ProcessInstance:
    return session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == parent.id)).one()


def variables(instance: ProcessInstance) -> Mapping[str, Json]:
    return state.variables(instance.state)


def test_a_call_starts_a_child_and_goes_on_when_it_has_ended(session: Session) -> None:
    deploy(session, a_child(), calling().user_task("after").end())
    parent = instances.start(session, "parent", {"office": "P1"}, NORA, business_key="P1/2026-10")
    child = child_of(session, parent)

    assert (child.business_key, variables(child)) == ("P1/2026-10", {"office": "P1"})
    assert list(open_tasks(session)) == ["work"]
    assert [wait.kind for wait in state.waits(instances.load(session, parent, NORA)).values()] == ["call"]
    complete(session, "work", result="fine")

    assert list(open_tasks(session)) == ["after"]
    assert variables(parent) == {"office": "P1", "result": "fine"}
    started = [
        event.data["instance"]
        for event in history.of_instance(session, parent.id)
        if event.kind == "call.started"
    ]
    assert started == [child.id]


def test_input_mappings_decide_what_the_child_gets(session: Session) -> None:
    io = mappings(("input", '=office + "!"', "unit"))
    deploy(session, a_child(), calling("child", io).end())

    parent = instances.start(session, "parent", {"office": "P1", "secret": 1}, NORA)

    assert variables(child_of(session, parent)) == {"unit": "P1!"}


def test_output_mappings_decide_what_comes_back(session: Session) -> None:
    io = mappings(("output", "=result", "outcome"))
    deploy(session, a_child(), calling("child", io).end())
    parent = instances.start(session, "parent", {}, NORA)

    complete(session, "work", result="fine", secret=1)

    assert (parent.status, variables(parent)) == ("completed", {"outcome": "fine"})


def test_nothing_comes_back_when_child_variables_are_not_propagated(session: Session) -> None:
    deploy(session, a_child(), calling(propagate="false").end())
    parent = instances.start(session, "parent", {}, NORA)

    complete(session, "work", result="fine")

    assert (parent.status, variables(parent)) == ("completed", {})


def test_a_child_without_wait_states_ends_in_the_same_command(session: Session) -> None:
    deploy(session, a_process("child").start().script("s", "=1 + 1", "two").end(), calling().end())

    parent = instances.start(session, "parent", {}, NORA)

    assert (parent.status, variables(parent)) == ("completed", {"two": 2})


def test_the_process_to_call_can_be_computed_and_is_the_newest_version(session: Session) -> None:
    deploy(session, a_child())
    deploy(session, a_process("child").start().user_task("newer").end(), calling('="chi" + rest').end())

    instances.start(session, "parent", {"rest": "ld"}, NORA)

    assert list(open_tasks(session)) == ["newer"]


def test_an_unknown_process_is_an_incident_that_goes_on_when_it_is_deployed(session: Session) -> None:
    deploy(session, calling("=chosen").end())
    parent = instances.start(session, "parent", {"chosen": "child"}, NORA)

    incident = session.scalars(select(Incident)).one()
    assert (incident.kind, incident.element, parent.status) == ("call", "call", "active")
    deploy(session, a_child())
    incidents.retry(session, incident.id, NORA)

    assert incident.status == "resolved"
    complete(session, "work")
    assert parent.status == "completed"


def test_an_error_that_the_child_does_not_catch_is_thrown_at_the_call(session: Session) -> None:
    child = a_process("child")
    child.start().user_task("work").end("failed", child.coded("error", "refused"))
    parent_process = calling().user_task("never").end()
    parent_process.boundary("caught", "call", parent_process.coded("error", "refused")).user_task(
        "repair"
    ).end("e2")
    deploy(session, child, parent_process)
    parent = instances.start(session, "parent", {}, NORA)

    complete(session, "work")

    assert (child_of(session, parent).status, parent.status) == ("error", "active")
    assert list(open_tasks(session)) == ["repair"]


def test_an_error_that_nobody_catches_ends_every_caller(session: Session) -> None:
    child = a_process("child")
    child.start().user_task("work").end("failed", child.coded("error", "refused"))
    deploy(session, child, calling().end())
    parent = instances.start(session, "parent", {}, NORA)

    complete(session, "work")

    assert parent.status == "error"


def test_cancelling_the_call_cancels_the_child_with_all_that_waits(
    session: Session, morning: datetime
) -> None:
    grandchild = a_process("grandchild")
    grandchild.start().user_task("deep").end()
    grandchild.boundary("news", "deep", grandchild.message("news", "=1"), interrupting=False).end("e2")
    grandchild.boundary("due", "deep", grandchild.timer("timeDuration", "P9D"), interrupting=False).end("e3")
    child = (
        a_process("child").start().add("callActivity", "inner", Z.calledElement(processId="grandchild")).end()
    )
    parent_process = calling().end()
    parent_process.boundary("late", "call", parent_process.timer("timeDuration", "P1D")).user_task(
        "after"
    ).end("e4")
    deploy(session, grandchild, child, parent_process)
    parent = instances.start(session, "parent", {}, NORA)
    late = session.scalars(select(Timer).where(Timer.element == "late")).one()

    clock.pin(morning + timedelta(days=2))
    timers.fire(session, late.id)

    statuses = session.scalars(select(ProcessInstance.status).order_by(ProcessInstance.id)).all()
    assert (parent.status, statuses) == ("active", ["active", "cancelled", "cancelled"])
    assert list(open_tasks(session)) == ["after"]
    assert session.scalars(select(Subscription)).all() == []
    assert session.scalars(select(Timer.element).where(Timer.status == "waiting")).all() == []


def test_every_iteration_calls_a_child_of_its_own(session: Session) -> None:
    loop = each("=offices", "office", outputCollection="results", outputElement="=result")
    deploy(session, a_child(), calling("child", loop).end())
    parent = instances.start(session, "parent", {"offices": ["P1", "P2", "P3"]}, NORA)
    children = session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == parent.id)).all()
    work = session.scalars(select(UserTask).order_by(UserTask.id.desc())).all()

    assert [variables(child)["office"] for child in children] == ["P1", "P2", "P3"]
    for number, task in enumerate(work):
        tasks.complete(session, task.id, {"result": number}, NORA)

    assert parent.status == "completed"
    assert variables(parent)["results"] == [2, 1, 0]


def test_an_instance_is_cancelled_with_its_children_but_no_child_alone(session: Session) -> None:
    deploy(session, a_child(), calling().end())
    parent = instances.start(session, "parent", {}, NORA)
    child = child_of(session, parent)

    with pytest.raises(Conflict):
        instances.cancel(session, child.id, NORA, reason="lập nhầm")
    instances.cancel(session, parent.id, NORA, reason="lập nhầm")

    assert (parent.status, child.status) == ("cancelled", "cancelled")
    assert open_tasks(session) == {}
    assert [event.kind for event in history.of_instance(session, child.id)][-1] == "instance.cancelled"
    with pytest.raises(Conflict):
        instances.cancel(session, parent.id, NORA, reason="lập nhầm")


def test_a_message_that_ends_the_call_comes_after_the_child_has_begun(session: Session) -> None:
    child = a_process("child")
    child.start().throw("give_up", child.message("give.up", "=1")).user_task("work").end()
    parent_process = calling().end()
    parent_process.boundary("stop", "call", parent_process.message("give.up", "=1")).user_task("after").end(
        "e2"
    )
    deploy(session, child, parent_process)

    parent = instances.start(session, "parent", {}, NORA)

    assert child_of(session, parent).status == "cancelled"
    assert list(open_tasks(session)) == ["after"]


def test_processes_that_call_each_other_without_end_are_refused(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "EFFECTS", 30)
    deploy(session, calling('="par" + "ent"').end())

    with pytest.raises(instances.Restless):
        instances.start(session, "parent", {}, NORA)
    session.rollback()
    messages.publish(session, "anything", "1", {})


def test_a_simulation_runs_what_is_called() -> None:
    files = [a_process("child").start().script("s", "=2", "two").end().file(), calling().end().file()]

    outcome = simulation.simulate(simulation.Plan(files, processes=["parent"]))

    assert (outcome.status, outcome.variables["two"]) == ("completed", 2)


def test_a_simulation_reports_how_the_caller_ended_not_the_child() -> None:
    child = a_process("child")
    child.start().end("failed", child.coded("error", "refused"))
    parent_process = calling().end()
    parent_process.boundary("caught", "call", parent_process.coded("error", "refused")).end("handled")

    outcome = simulation.simulate(
        simulation.Plan([child.file(), parent_process.file()], processes=["parent"])
    )

    assert outcome.status == "completed"
    assert outcome.elements[-1] == "handled"
