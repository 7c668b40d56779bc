"""A call activity runs the version that it is bound to, also when newer ones have come since."""

from __future__ import annotations

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, instances
from engine.actors import Actor
from engine.spiff import state
from engine.tables import Incident, ProcessInstance
from tests.builders import B, ProcessBuilder, Z, a_process

NORA = Actor("nora", frozenset({"staff"}))


def deploy(session: Session, *processes: ProcessBuilder) -> None:
    deployments.deploy(session, [process.file() for process in processes], NORA)


def a_child(step: str, tag: str | None = None) -> ProcessBuilder:
    process = a_process("child").start().user_task(step).end()
    if tag is not None:
        process.node.insert(0, B.extensionElements(Z.versionTag(value=tag)))
    return process


def calling(version: str | None = None, **attributes: str) -> ProcessBuilder:
    pinned = [Z.properties(Z.property(name="bv:calledVersion", value=version))] if version else []
    called = Z.calledElement(processId="child", **attributes)
    return a_process("parent").start().add("callActivity", "call", called, *pinned).end()


def called_version(session: Session) -> int | None:
    instances.start(session, "parent", {}, NORA)
    child = session.scalars(select(ProcessInstance).where(ProcessInstance.process_id == "child")).first()
    return None if child is None else child.definition.version


@pytest.mark.parametrize(
    ("parent", "version"),
    [
        (calling(), 3),
        (calling("1"), 1),
        (calling(bindingType="versionTag", versionTag="good"), 2),
        (calling(bindingType="deployment"), 2),
    ],
    ids=["latest", "number", "tag", "deployment"],
)
def test_a_call_runs_its_version(session: Session, parent: ProcessBuilder, version: int) -> None:
    deploy(session, a_child("one", "good"))
    deploy(session, a_child("two", "good"), parent)
    deploy(session, a_child("three"))

    assert called_version(session) == version


def test_a_process_left_unchanged_by_the_deployment_of_its_caller_is_still_its_companion(
    session: Session,
) -> None:
    deploy(session, a_child("one"))
    deploy(session, a_child("one"), calling(bindingType="deployment"))
    deploy(session, a_child("two"))

    assert called_version(session) == 1


@pytest.mark.parametrize(
    "parent", [calling("9"), calling("first"), calling(bindingType="versionTag", versionTag="unknown")]
)
def test_a_version_that_is_not_there_is_an_incident(session: Session, parent: ProcessBuilder) -> None:
    deploy(session, a_child("one"), parent)

    assert called_version(session) is None
    (incident,) = session.scalars(select(Incident))
    assert (incident.element, incident.kind) == ("call", "call")
    assert "child" in incident.en


def test_a_process_without_start_event_is_started_and_called(session: Session) -> None:
    deploy(session, a_process("child").user_task("a").at(None).user_task("b"), calling())

    instances.start(session, "child", {}, NORA)

    assert called_version(session) == 1


def test_a_global_task_is_called_as_a_process_of_this_one_task(session: Session) -> None:
    script = Z.script(expression="=number + 1", resultVariable="answer")
    task = B.globalScriptTask(B.extensionElements(script), id="count", name="count")
    parent = a_process("parent").start().add("callActivity", "call", calledElement="count").end()
    name, content = parent.file()
    root = etree.fromstring(content)
    root.insert(0, task)

    deployments.deploy(session, [(name, etree.tostring(root))], NORA)
    instance = instances.start(session, "parent", {"number": 1}, NORA)

    assert instance.status == "completed"
    assert state.variables(instance.state) == {"number": 1, "answer": 2}
