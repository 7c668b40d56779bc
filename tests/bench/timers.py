"""Let workers fire the timers that are due while very many others wait for another day.

Worker processes as an installation has them: four on PostgreSQL, one on SQLite, whose writers wait for each
other anyway. They run before the clock does; then the timers of some cases become due at once, in one
transaction, and the time is taken until the last of them has fired. Each must have fired once.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine, Text, cast, func, insert, literal, select, type_coerce, update

from engine import clock, deployments, instances, queue_tables
from engine.actors import SYSTEM
from engine.tables import HistoryEvent, ProcessInstance, Timer
from tests.bench import places, seeding
from tests.bench.figures import Figure
from tests.browsing import ROOT, command
from tests.builders import a_process
from web import db

SUBJECT = "Timers: {due:,} due at once, {database}, {workers} worker processes"
WORKERS = {"sqlite": 1, "postgresql": 4}
FEW = 10
PROCESS = "bench_timer"
TOGETHER = 100
PATIENCE = 300.0  # seconds
FIRED = "timer.fired"


def measure(pending: int, due: int) -> list[Figure]:
    """Return timers fired per second beside `pending` others, and beside a few."""
    found = []
    for database in places.available():
        rates = [_fire(database, waiting, due) for waiting in (pending, FEW)]
        subject = SUBJECT.format(due=due, database=places.NAMES[database], workers=WORKERS[database])
        name, budget = f"fired per second, {pending:,} others wait", "≥ 200 /s, none twice"
        found.append(Figure(subject, name, rates[0], "/s", rates[1], f"beside {FEW}", budget))
    return found


def _fire(database: str, pending: int, due: int) -> float:
    with tempfile.TemporaryDirectory() as folder, places.open_app(database, Path(folder)) as app:
        engine = places.writing(app)
        with app.app_context():
            reading = db.db.engine  # looks that never stand in the writers' queue
        (pattern,) = _start(app, 1)
        _multiply(engine, pattern, pending - 1)
        cases = _start(app, due)
        with _working(app, Path(folder), WORKERS[database]):
            _wait_for_workers(engine, WORKERS[database])
            _make_due(engine, cases)
            begin = time.monotonic()
            while (ended := _count_ended(reading, cases)) < due and time.monotonic() - begin < PATIENCE:
                time.sleep(0.1)
            taken = time.monotonic() - begin
            time.sleep(2)  # a second firing would come now
        fired = _count_fired(engine, cases)
        if (ended, fired) != (due, due):
            raise RuntimeError(f"{due} timers were due, {fired} fired, {ended} cases ended")
        return due / taken


def _start(app: Flask, number: int) -> list[int]:
    """Start cases that wait for a year; return their ids."""
    builder = a_process(PROCESS, "Chờ").start()
    builder.catch("wait", builder.timer("timeDuration", "P365D"))
    found: list[int] = []
    with app.app_context(), db.transaction() as session:
        deployments.deploy(session, [builder.end().file()], SYSTEM)
    for begin in range(0, number, TOGETHER):
        with app.app_context(), db.transaction() as session:
            for each in range(begin, min(begin + TOGETHER, number)):
                case = instances.start(session, PROCESS, {}, SYSTEM, business_key=f"timer/{each}")
                found.append(case.id)
    return found


def _multiply(engine: Engine, pattern: int, times: int) -> None:
    """Copy the waiting case, and give each copied timer its job in the queue."""
    first = seeding.multiply(engine, pattern, times)
    jobs = queue_tables.JOBS
    number = cast(Timer.id, Text)
    make = func.jsonb_build_object if engine.dialect.name == "postgresql" else func.json_object
    with engine.begin() as connection:
        query = select(*queue_tables.JOB_COLUMNS).where(jobs.c.task_name == "timer")
        model = connection.execute(query).first()
        assert model is not None
        values: dict[str, Any] = {
            "queue_name": literal(model.queue_name),
            "task_name": literal(model.task_name),
            "priority": literal(model.priority),
            "queueing_lock": literal("timer:").concat(number),
            "args": type_coerce(make("timer_id", Timer.id, "failures", 0), jobs.c.args.type),
            "status": literal("todo", jobs.c.status.type),
            "scheduled_at": Timer.due_at,
            "attempts": literal(0),
            "abort_requested": literal(False),
        }
        source = select(*values.values()).where(Timer.instance_id >= first)
        connection.execute(insert(jobs).from_select(list(values), source))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"ANALYZE {jobs.name}")


def _make_due(engine: Engine, cases: list[int]) -> None:
    jobs, now = queue_tables.JOBS, clock.now() - timedelta(seconds=1)
    with engine.begin() as connection:
        mine = select(Timer.id).where(Timer.instance_id.in_(cases))
        connection.execute(update(Timer).where(Timer.id.in_(mine)).values(due_at=now))
        locks = [f"timer:{timer}" for timer in connection.scalars(mine)]
        connection.execute(update(jobs).where(jobs.c.queueing_lock.in_(locks)).values(scheduled_at=now))


def _wait_for_workers(engine: Engine, number: int) -> None:
    """Wait until every worker has enlisted and looked for work once."""
    end = time.monotonic() + PATIENCE
    query = select(func.count()).select_from(queue_tables.WORKERS)
    while time.monotonic() < end:
        with engine.connect() as connection:
            if (connection.scalar(query) or 0) >= number:
                time.sleep(2)
                return
        time.sleep(0.1)
    raise RuntimeError("the workers did not start")


def _count_ended(engine: Engine, cases: list[int]) -> int:
    """Return how many of the cases have ended; a look that costs nothing, however many others wait."""
    query = select(func.count()).where(ProcessInstance.id.in_(cases), ProcessInstance.status == "completed")
    with engine.connect() as connection:
        return connection.scalar(query) or 0


def _count_fired(engine: Engine, cases: list[int]) -> int:
    """Return how often timers of the cases have fired, each firing counted."""
    query = select(func.count()).where(HistoryEvent.kind == FIRED, HistoryEvent.instance_id.in_(cases))
    with engine.connect() as connection:
        return connection.scalar(query) or 0


@contextmanager
def _working(app: Flask, folder: Path, number: int) -> Iterator[None]:
    """Run worker processes on the application's database for the block."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    settings = {"BANGVANG_INSTANCE": str(folder), "BANGVANG_DATABASE_URL": str(url)}
    with (folder / "worker.log").open("ab") as log:
        processes = [
            subprocess.Popen(
                command("worker"), env={**os.environ, **settings}, cwd=ROOT, stdout=log, stderr=log
            )
            for _ in range(number)
        ]
    try:
        yield
        if any(process.poll() is not None for process in processes):
            raise RuntimeError((folder / "worker.log").read_text("utf-8")[-2000:])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
