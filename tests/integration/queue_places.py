"""Places where a queue can live in a test: an SQLite file, and a real PostgreSQL started for the tests.

Without a PostgreSQL (`tests.postgresql`) that half is skipped and says so.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, Engine, Float, Integer, MetaData, Table, Text, create_engine, select
from sqlalchemy.orm import Session, sessionmaker

from engine import queue, queue_tables
from engine.queue import Pace, Queue
from engine.tables import Base
from tests import databases
from web import sqlite

DATABASES = ("sqlite", "postgresql")
UPKEEP = ("rescue", "remove_old", "expire", "checkpoint")  # periodic tasks of the worker itself
PACE = Pace(heartbeat=0.3, stall=1.0, poll=0.3, rescue=1)

METADATA = MetaData()
EFFECTS = Table(
    "effect",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Integer, nullable=False),  # no unique key: a second effect must be seen, not prevented
    Column("note", Text),
    Column("began", Float, nullable=False),
    Column("ended", Float),
    Column("process", Integer, nullable=False),
)


@dataclass(frozen=True)
class Place:
    """A database with a queue, our tables and one of effects, opened by this process."""

    url: str
    queue: Queue
    engine: Engine

    def session(self) -> Session:
        """Open a writing session that knows the queue."""
        session = make_sessions(self.engine)()
        session.info["queue"] = self.queue
        return session


def make_engine(url: str) -> Engine:
    """Return the engine that sessions use, prepared as the pages' one is."""
    return sqlite.prepare(create_engine(url))


def make_sessions(engine: Engine) -> Callable[[], Session]:
    """Return a factory of writing sessions."""
    return sessionmaker(sqlite.writing(engine))


@contextmanager
def open_place(
    database: str, folder: Path, *, clock: Callable[[], datetime] | None = None
) -> Iterator[Place]:
    """Give an empty place on one of DATABASES; skip the test when that database cannot be had."""
    url = databases.copy(make_template(database), folder)
    opened = queue.open_queue(url, clock=clock or (lambda: datetime.now(UTC)), pace=PACE)
    engine = make_engine(url)
    try:
        yield Place(url, opened, engine)
    finally:
        sqlite.forget(engine)
        queue.close_queue(opened)


def record(session: Session, kind: str, ref: int, note: str = "", *, lasts: float = 0.0) -> None:
    """Insert one effect that took `lasts` seconds."""
    began = time.time()
    time.sleep(lasts)
    values = {"kind": kind, "ref": ref, "note": note, "began": began, "ended": time.time()}
    session.execute(EFFECTS.insert().values(process=os.getpid(), **values))


def read_effects(place: Place, kind: str) -> list[int]:
    """Return what the effects of a kind refer to, in their order."""
    with place.engine.connect() as connection:
        refs = select(EFFECTS.c.ref).where(EFFECTS.c.kind == kind).order_by(EFFECTS.c.id)
        return list(connection.execute(refs).scalars())


def read_holder(place: Place) -> int | None:
    """Return the worker that runs a job of the test, None while none does."""
    jobs = queue_tables.JOBS.c
    with place.engine.connect() as connection:
        running = select(jobs.worker_id).where(jobs.status == "doing", jobs.task_name.not_in(UPKEEP))
        return connection.execute(running).scalars().first()


def read_jobs(place: Place) -> list[tuple[str, str, dict[str, object]]]:
    """Return task, status and arguments of every job in the queue, upkeep left out."""
    jobs = queue_tables.JOBS.c
    with place.engine.connect() as connection:
        rows = connection.execute(
            select(jobs.task_name, jobs.status, jobs.args)
            .where(jobs.task_name.not_in(UPKEEP))
            .order_by(jobs.id)
        )
        return [(row.task_name, row.status, row.args) for row in rows]


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Look every 20 ms, return whether the condition came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@functools.cache
def make_template(database: str) -> str:
    """Make the tables of queue, product and effects once: a copy is there many times as fast."""
    folder = Path(tempfile.mkdtemp(prefix="bangvang-place-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = databases.keep(databases.make(folder, database))
    opened, engine = queue.open_queue(url), make_engine(url)
    queue.create_schema(opened)
    for metadata in (Base.metadata, METADATA):
        metadata.create_all(sqlite.writing(engine))
    sqlite.forget(engine)
    queue.close_queue(opened)
    return url
