"""An ended case is started again with what it knew at its end; the old one stays as it ended."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, messages, operations, tasks
from engine.actors import Actor
from engine.errors import Conflict
from engine.operations import restarting
from engine.spiff import state
from engine.tables import ProcessInstance, UserTask
from tests.builders import ProcessBuilder, Z, a_process

NORA = Actor("nora", frozenset({"staff"}))
WHY = "hủy nhầm"


def begin(session: Session, process: ProcessBuilder, **variables: Any) -> ProcessInstance:
    deployments.deploy(session, [process.file()], NORA)
    return instances.start(session, process.id, variables, NORA, "K1")


def open_elements(session: Session) -> list[str]:
    return list(session.scalars(select(UserTask.element).where(UserTask.status == "open")))


def test_a_cancelled_case_is_started_again_on_the_newest_version(session: Session) -> None:
    old = begin(session, a_process("chain").start().user_task("a").user_task("b").end(), n=1)
    tasks.complete(session, session.scalars(select(UserTask.id)).one(), {"more": [2]}, NORA)
    instances.cancel(session, old.id, NORA, reason=WHY)
    events = old.events
    deployments.deploy(session, [a_process("chain").start().user_task("c").end().file()], NORA)

    new = restarting.restart(session, old.id, NORA, WHY)

    assert (new.definition.version, new.business_key, open_elements(session)) == (2, "K1", ["c"])
    assert state.variables(new.state) == {"n": 1, "more": [2]}
    assert (old.status, old.events) == ("cancelled", events)
    event = history.of_instance(session, new.id)[-1]
    assert (event.kind, event.actor, event.data) == (
        "instance.restarted",
        "nora",
        {"reason": WHY, "from": old.id},
    )


def test_a_case_that_a_message_began_begins_there_again(session: Session) -> None:
    process = a_process("called").start().user_task("a").end()
    process.at(None).add("startEvent", "heard", process.message("call")).user_task("b").end("e2")
    deployments.deploy(session, [process.file()], NORA)
    messages.publish(session, "call", "K1", {})
    old = session.scalars(select(ProcessInstance)).one()
    instances.cancel(session, old.id, NORA, reason=WHY)

    restarting.restart(session, old.id, NORA, WHY)

    assert open_elements(session) == ["b"]


def test_only_an_ended_case_of_its_own_is_started_again_and_only_with_a_reason(session: Session) -> None:
    outer = a_process("outer").start()
    outer.add("callActivity", "call", Z.calledElement(processId="inner")).end()
    deployments.deploy(session, [a_process("inner").start().user_task("work").end().file()], NORA)
    parent = begin(session, outer)
    child = session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == parent.id)).one()

    with pytest.raises(Conflict):
        restarting.restart(session, parent.id, NORA, WHY)
    instances.cancel(session, parent.id, NORA, reason=WHY)
    with pytest.raises(operations.ReasonMissing):
        restarting.restart(session, parent.id, NORA, " ")
    with pytest.raises(Conflict):
        restarting.restart(session, child.id, NORA, WHY)

    assert len(session.scalars(select(ProcessInstance.id)).all()) == 2
