"""The process that is measured: a user task that comes back to itself and counts, no form, no handler."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from engine import deployments, instances
from engine.actors import SYSTEM
from engine.tables import UserTask
from tests.builders import a_process
from web import db

PROCESS = "bench_plain"
WORKER, GROUP = "an.p1", "P1.staff"
TOGETHER = 50  # instances started per transaction


def file() -> tuple[str, bytes]:
    """Return name and content of the diagram: work → count → again? → work."""
    builder = (
        a_process(PROCESS, "Đo tốc độ")
        .start()
        .user_task("work", candidateGroups=GROUP)
        .script("count", "=counter + 1", "counter")
        .gateway("again")
    )
    builder.when("=counter > 1000000").end()
    return builder.default("again", "work").file()


def deploy(app: Flask) -> None:
    """Deploy the process into the application's database."""
    with app.app_context(), db.transaction() as session:
        deployments.deploy(session, [file()], SYSTEM)


def start(app: Flask, number: int) -> list[int]:
    """Start a number of instances; return their open tasks."""
    for begin in range(0, number, TOGETHER):
        with app.app_context(), db.transaction() as session:
            for key in range(begin, min(begin + TOGETHER, number)):
                instances.start(session, PROCESS, {"counter": 0}, SYSTEM, business_key=f"bench/{key}")
    return tasks_of(app)


def tasks_of(app: Flask) -> list[int]:
    """Return the open tasks of the process, one per instance."""
    query = select(UserTask.id).where(UserTask.process_id == PROCESS, UserTask.status == "open")
    with app.app_context(), db.reading() as session:
        return list(session.scalars(query.order_by(UserTask.id)))
