"""A game that was loaded to look at a task is gone on with, unless the case has moved in between."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, messages, tasks
from engine.actors import Actor
from engine.handlers import Json, Registration, ServiceCall
from engine.spiff import state
from engine.tables import ProcessInstance, UserTask
from tests.builders import Z, a_process

NORA = Actor("nora", frozenset({"staff"}))
COMPLETING = Z.taskListeners(Z.taskListener(eventType="completing", type="listen"))


def start(session: Session) -> ProcessInstance:
    process = a_process("looked_at").start().user_task("a", COMPLETING, candidateGroups="staff")
    process.user_task("b").end()
    process.boundary("news", "a", process.message("news", '="K"'), interrupting=False)
    process.user_task("read_news").end("e2")
    deployments.deploy(session, [process.file()], NORA)
    return instances.start(session, "looked_at", {}, NORA)


def open_tasks(session: Session) -> list[str]:
    query = select(UserTask.element).where(UserTask.status == "open")
    return sorted(session.scalars(query))


def test_what_a_listener_sets_going_in_the_same_case_is_not_overwritten(session: Session) -> None:
    def listen(session: Session, _call: ServiceCall) -> dict[str, Json]:
        messages.publish(session, "news", "K", {"headline": "heard"})
        return {}

    session.info["handlers"] = {"listen": Registration(listen)}
    instance = start(session)
    first = session.scalars(select(UserTask)).one()

    tasks.complete(session, first.id, {}, NORA)

    session.expire_all()
    assert open_tasks(session) == ["b", "read_news"]
    assert state.variables(instance.state)["headline"] == "heard"
    assert sorted(state.elements(instance.state).values()) == ["b", "read_news"]


def test_a_game_that_was_loaded_before_leads_to_the_same_as_a_fresh_one(session: Session) -> None:
    def listen(session: Session, call: ServiceCall) -> dict[str, Json]:
        if (
            call.business_key == "fresh"
        ):  # the same text read again: nobody goes on with what was loaded from it
            session.refresh(session.get_one(ProcessInstance, call.instance_id), ["state"])
        return {"answer": 42}

    session.info["handlers"] = {"listen": Registration(listen)}
    start(session)
    cases = [instances.start(session, "looked_at", {}, NORA, key) for key in ("loaded", "fresh")]
    query = select(UserTask.id).where(UserTask.instance_id.in_([case.id for case in cases]))

    for task in session.scalars(query.order_by(UserTask.id)).all():
        tasks.complete(session, task, {}, NORA)

    loaded, fresh = (
        [(one.kind, one.element) for one in history.of_instance(session, case.id)] for case in cases
    )
    assert loaded == fresh
    assert cases[0].state == cases[1].state
    assert state.variables(cases[0].state) == {"answer": 42}
