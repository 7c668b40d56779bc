"""Places where a queue can live in a test: an SQLite file, and a real PostgreSQL started for the tests.

PostgreSQL is a child process on a Unix socket of its own that dies with the tests; TEST_DATABASE_URL names
another server. Without any, the PostgreSQL half is skipped and says so.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql as psycopg_sql
from sqlalchemy import Column, Engine, Float, Integer, MetaData, Table, Text, create_engine, make_url, select
from sqlalchemy.orm import Session, sessionmaker

from engine import queue, queue_tables
from engine.queue import Pace, Queue
from web import sqlite

DATABASES = ("sqlite", "postgresql")
UPKEEP = ("rescue", "remove_old", "expire", "checkpoint")  # periodic tasks of the worker itself
PACE = Pace(heartbeat=0.3, stall=1.0, poll=0.3, rescue=1)
BINARIES = ("/usr/local/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/bin")
# Without fsync a power cut loses data, the death of the process does not.
OPTIONS = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off"}

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
    """A database with a queue and a table of effects, opened by this process."""

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
    url = f"sqlite:///{folder}/place.db" if database == "sqlite" else make_database()
    opened = queue.open_queue(url, clock=clock or (lambda: datetime.now(UTC)), pace=PACE)
    engine = make_engine(url)
    queue.create_schema(opened)
    with sqlite.writing(engine).begin() as connection:
        METADATA.create_all(connection)
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


def make_database() -> str:
    """Create a PostgreSQL database with the queue's schema, return its URL."""
    name, template = f"queue_{uuid.uuid4().hex[:12]}", make_template()
    copy = psycopg_sql.SQL("create database {} template {}")
    with psycopg.connect(start_server(), autocommit=True) as connection:
        connection.execute(copy.format(psycopg_sql.Identifier(name), psycopg_sql.Identifier(template)))
    return name_database(name)


@functools.cache
def make_template() -> str:
    """Create the database that the others are copied from: four times as fast as making the schema anew."""
    name = f"template_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(start_server(), autocommit=True) as connection:
        connection.execute(psycopg_sql.SQL("create database {}").format(psycopg_sql.Identifier(name)))
    queue.create_schema(queue.open_queue(name_database(name)))
    return name


def name_database(name: str) -> str:
    """Return the URL of a database on the server."""
    return (
        make_url(start_server()).set(drivername="postgresql+psycopg", database=name).render_as_string(False)
    )


@functools.cache
def start_server() -> str:
    """Start a PostgreSQL that dies with this process, return its URL; skip when there is none."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given.startswith("postgresql"):
        return given
    return start_server_in(Path(tempfile.mkdtemp(prefix="queue-pg-")), find_binaries())[1]


def find_binaries() -> Path:
    """Return the folder of PostgreSQL's programs; skip when there is none."""
    for path in map(Path, BINARIES):
        if (path / "initdb").exists() and (path / "postgres").exists():
            return path
    pytest.skip("NOT TESTED on PostgreSQL: no initdb found and no TEST_DATABASE_URL given")


def start_server_in(
    home: Path, folder: Path, account: str = "postgres"
) -> tuple[subprocess.Popen[bytes], str]:
    """Run initdb once and postgres as a direct child; root becomes `account`, which postgres insists on."""
    identity: dict[str, object] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam(account)
        os.chown(home, user.pw_uid, user.pw_gid)
        identity = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    data, quiet = home / "data", subprocess.DEVNULL
    if not data.exists():
        command = [
            "initdb",
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        subprocess.run(
            [folder / command[0], *command[1:], "--no-sync"], check=True, stdout=quiet, cwd="/", **identity
        )
    options = [
        f"-c{name}={value}" for name, value in {**OPTIONS, "unix_socket_directories": str(home)}.items()
    ]
    library = ctypes.CDLL(None)
    server = subprocess.Popen(
        [folder / "postgres", "-D", data, *options],
        stdout=quiet,
        stderr=quiet,
        cwd="/",
        preexec_fn=lambda: library.prctl(1, signal.SIGQUIT),  # the kernel stops it when this process dies
        **identity,
    )
    atexit.register(_stop_server, server, home)
    url = f"postgresql://postgres@/postgres?host={home}"
    if not wait_until(lambda: server.poll() is not None or _answers(url)) or server.poll() is not None:
        raise RuntimeError(f"PostgreSQL did not start, see {home}")
    return server, url


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _stop_server(server: subprocess.Popen[bytes], home: Path) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        server.wait(10)
    shutil.rmtree(home, ignore_errors=True)
