"""Complete tasks in a database with few finished cases, in turns with one that has very many.

One client, one transaction after another, fsync on, the page around it left out: what is asked is whether a
completion becomes dearer with what has ended. A finished case has eight completed user tasks and its history;
the engine wrote the first, bulk insert the others (`tests.bench.seeding`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from flask import Flask
from sqlalchemy import Engine, func, select, text

from engine import deployments, instances, tasks
from engine.actors import SYSTEM, Actor
from engine.tables import HistoryEvent, UserTask
from tests.bench import places, plain, seeding
from tests.bench.figures import MILLISECONDS, Figure, quantile, spend_in_turns
from tests.builders import a_process
from web import db

SUBJECT = "Growth: completing one task, {database}, fsync on, in process"
FEW = 10
CASES = 20  # that are worked on
COMPLETIONS = 200
STEPS = 8
FINISHED = "bench_finished"
WORKER = Actor(plain.WORKER, frozenset({plain.GROUP}))


def finish_one(app: Flask) -> int:
    """Let one case of eight user tasks be done from beginning to end; return the instance."""
    builder = a_process(FINISHED, "Đã xong").start()
    for step in range(STEPS):
        builder.user_task(f"step{step}", candidateGroups=plain.GROUP)
    with app.app_context(), db.transaction() as session:
        deployments.deploy(session, [builder.end().file()], SYSTEM)
        case = instances.start(session, FINISHED, {"subject": "Nguyễn Hồng Ánh"}, SYSTEM, business_key="x/1")
        instance: int = case.id
        for _ in range(STEPS):
            waiting = select(UserTask.id).where(UserTask.instance_id == instance, UserTask.status == "open")
            tasks.complete(session, session.scalars(waiting).one(), {"note": "Đã xem hồ sơ"}, WORKER)
    return instance


def measure(number: int) -> list[Figure]:
    """Return what a completion takes beside `number` finished cases, and what such a case takes on disk."""
    return [figure for database in places.available() for figure in _measure(database, number)]


def _measure(database: str, number: int) -> list[Figure]:
    subject = SUBJECT.format(database=places.NAMES[database])
    with ExitStack() as stack:
        acts, sizes = [], []
        for finished in (FEW, number):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            app = stack.enter_context(places.open_app(database, folder))
            case, engine = finish_one(app), places.writing(app)
            before = _bytes(engine)
            seeding.multiply(engine, case, finished - 1)
            sizes.append((_bytes(engine) - before) / (finished - 1))
            acts.append(_complete(app, plain.start(app, CASES)))
        with engine.connect() as connection:
            query = select(func.count()).where(HistoryEvent.instance_id == case)
            events = connection.scalar(query) or 0
        few, many = spend_in_turns(acts, COMPLETIONS)
    of, beside = f"with {FEW} finished", f"beside {number:,} finished"
    rates = [MILLISECONDS / median(one.wall for one in spent) for spent in (many, few)]
    slow = [quantile([one.wall for one in spent], 0.95) for spent in (many, few)]
    work = [median(one.processor for one in spent) for spent in (many, few)]
    return [
        Figure(subject, f"completions per second {beside}", rates[0], "/s", rates[1], of, "flat: 1 ×"),
        Figure(subject, f"p95 {beside}", slow[0], "ms", slow[1], of),
        Figure(subject, f"processor time {beside}", work[0], "ms", work[1], of),
        Figure(subject, f"a finished case of {STEPS} tasks on disk", sizes[1], "B", 36_000, "SpiffArena's"),
        Figure(subject, "events of such a case", events, "", STEPS, "tasks"),
    ]


def _complete(app: Flask, waiting: list[int]) -> Callable[[], None]:
    """Return the act: complete the oldest open task; its case comes back with another one."""

    def act() -> None:
        with app.app_context(), db.transaction() as session:
            task = tasks.complete(session, waiting.pop(0), {}, WORKER)
            again = select(UserTask.id).where(
                UserTask.instance_id == task.instance_id, UserTask.status == "open"
            )
            waiting.append(session.scalars(again).one())

    return act


def _bytes(engine: Engine) -> int:
    """Return how large the database is."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            return connection.scalar(select(func.pg_database_size(func.current_database()))) or 0
        pages = connection.scalar(text("PRAGMA page_count")) or 0
        size: int = connection.scalar(text("PRAGMA page_size")) or 0
        return int(pages) * size
