"""What tests of running cases ask of the database and do as the first person at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, history, instances, tasks
from engine.actors import Actor
from engine.handlers import Json
from engine.tables import ProcessInstance, UserTask
from tests.builders import ProcessBuilder

NORA = Actor("nora", frozenset({"staff"}))
OPEN = select(UserTask).where(UserTask.status == "open").order_by(UserTask.id)


def deploy(session: Session, *processes: ProcessBuilder) -> int:
    """Deploy and return the id of the newest version of the first process."""
    deployments.deploy(session, [process.file() for process in processes], NORA)
    return deployments.latest(session, processes[0].id).id


def begin(session: Session, process: ProcessBuilder, **variables: Any) -> ProcessInstance:
    deploy(session, process)
    return instances.start(session, process.id, variables, NORA)


def facts(session: Session, instance: ProcessInstance, kind: str) -> list[Mapping[str, Json]]:
    return [event.data for event in history.of_instance(session, instance.id) if event.kind == kind]


def completed(session: Session, instance: ProcessInstance) -> list[str]:
    return history.completed_elements(history.of_instance(session, instance.id))


def of(session: Session, process: str) -> list[ProcessInstance]:
    query = select(ProcessInstance).where(ProcessInstance.process_id == process)
    return list(session.scalars(query.order_by(ProcessInstance.id)))


def open_tasks(session: Session) -> list[str]:
    return [task.element for task in session.scalars(OPEN)]


def complete(session: Session, element: str, **values: Json) -> None:
    task = session.scalars(OPEN.where(UserTask.element == element)).first()
    tasks.complete(session, task.id, values, NORA)


def complete_all(session: Session) -> None:
    while (task := session.scalars(OPEN).first()) is not None:
        tasks.complete(session, task.id, {}, NORA)
