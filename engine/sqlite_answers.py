"""Answer each of Procrastinate's named queries with SQLAlchemy statements on SQLite.

A reading answer takes a connection and the query's arguments, a writing one the engine's time besides; both
return rows as dictionaries. Arguments are named as Procrastinate names them. Heartbeats and the age of
ended jobs are real time: a pinned clock must not make living workers look dead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from procrastinate import exceptions, sql
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT
from procrastinate.types import JobToDefer
from sqlalchemy import Connection, Update, delete, func, insert, inspect, or_, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or_ignore
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from engine import queue_tables
from engine.queue_tables import JOB_COLUMNS, JOBS, PERIODIC_DEFERS, WORKERS

Rows: TypeAlias = list[dict[str, Any]]


@contextmanager
def translated() -> Iterator[None]:
    """Raise the database's errors as Procrastinate's, which its worker and ours know."""
    try:
        yield
    except IntegrityError as error:
        if "queueing_lock" not in str(error.orig):
            raise exceptions.ConnectorException from error
        raise exceptions.UniqueViolation(
            constraint_name=QUEUEING_LOCK_CONSTRAINT, queueing_lock=None
        ) from error
    except SQLAlchemyError as error:
        raise exceptions.ConnectorException from error


def _rows(connection: Connection, statement: Any) -> Rows:
    return [dict(row) for row in connection.execute(statement).mappings()]


def _before(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def _matching(columns: Mapping[str, object]) -> list[Any]:
    return [JOBS.c[name] == value for name, value in columns.items() if value is not None]


def check_connection(connection: Connection) -> Rows:
    """Say whether the tables exist."""
    return [{"check": JOBS.name if inspect(connection).has_table(JOBS.name) else None}]


def get_job_status(connection: Connection, *, job_id: int) -> Rows:
    """Read the status of one job."""
    return _rows(connection, select(JOBS.c.status).where(JOBS.c.id == job_id))


def list_jobs(connection: Connection, **columns: object) -> Rows:
    """Read the jobs whose columns have the given values; None stands for any."""
    return _rows(connection, select(*JOB_COLUMNS).where(*_matching(columns)).order_by(JOBS.c.id))


def list_jobs_to_abort(connection: Connection, *, queue_name: str | None) -> Rows:
    """Read the running jobs that somebody asked to abort."""
    conditions = _matching({"queue_name": queue_name, "status": "doing", "abort_requested": True})
    return _rows(connection, select(JOBS.c.id).where(*conditions))


def list_stalled(connection: Connection, *, seconds_since_heartbeat: float, **columns: object) -> Rows:
    """Read the running jobs whose worker is gone or has been silent for the given seconds."""
    conditions = _matching(
        {"status": "doing", "queue_name": columns["queue"], "task_name": columns["task_name"]}
    )
    silent = or_(WORKERS.c.id.is_(None), WORKERS.c.last_heartbeat < _before(seconds_since_heartbeat))
    workers = JOBS.outerjoin(WORKERS, WORKERS.c.id == JOBS.c.worker_id)
    return _rows(connection, select(*JOB_COLUMNS).select_from(workers).where(silent, *conditions))


def count_jobs_status(connection: Connection) -> Rows:
    """Count the jobs of each status."""
    return _rows(connection, select(func.count().label("count"), JOBS.c.status).group_by(JOBS.c.status))


def _count_by(column: str) -> Callable[..., Rows]:
    def count(connection: Connection, **columns: object) -> Rows:
        """Count the jobs of each status for each value of a column."""
        by = JOBS.c[column]
        counts = select(by, JOBS.c.status, func.count()).where(by.is_not(None), *_matching(columns))
        stats: dict[str, dict[str, int]] = defaultdict(dict)
        for name, status, number in connection.execute(counts.group_by(by, JOBS.c.status).order_by(by)):
            stats[name][status] = number
        return [
            {"name": name, "jobs_count": sum(found.values()), "stats": found} for name, found in stats.items()
        ]

    return count


def defer_jobs(connection: Connection, _now: datetime, *, jobs: Sequence[JobToDefer]) -> Rows:
    """Insert jobs; raise UniqueViolation when one waits already under the same queueing lock."""
    with translated():
        return [
            {"id": connection.execute(insert(JOBS).values(**job._asdict()).returning(JOBS.c.id)).scalar_one()}
            for job in jobs
        ]


def defer_periodic_job(connection: Connection, now: datetime, **wanted: Any) -> Rows:
    """Insert the job of one tick of a periodic task once, whoever asks; forget the earlier ticks."""
    tick = {name: wanted.pop(name) for name in ("periodic_id", "defer_timestamp")}
    task = wanted["task_name"]
    taken = insert_or_ignore(PERIODIC_DEFERS).values(task_name=task, **tick).on_conflict_do_nothing()
    if connection.execute(taken).rowcount == 0:
        return [{"id": None}]
    ticks = PERIODIC_DEFERS.c
    connection.execute(
        delete(PERIODIC_DEFERS).where(
            ticks.task_name == task,
            ticks.periodic_id == tick["periodic_id"],
            ticks.defer_timestamp < tick["defer_timestamp"],
        )
    )
    job = JobToDefer(queue_name=wanted.pop("queue"), scheduled_at=None, **wanted)
    return defer_jobs(connection, now, jobs=[job])


def fetch_job(connection: Connection, now: datetime, *, queues: Iterable[str] | None, worker_id: int) -> Rows:
    """Take the first due job whose lock is free."""
    return _rows(connection, queue_tables.fetch(worker_id, now, queues)) or [{"id": None}]


def finish_job(connection: Connection, _now: datetime, *, job_id: int, status: str, delete_job: bool) -> Rows:
    """End a job by its id alone, as an operator does; a worker ends its jobs by `queue_tables.settle`."""
    wanted = (JOBS.c.id == job_id, JOBS.c.status.in_(("todo", "doing")))
    ended: Update = (
        update(JOBS).where(*wanted).values(status=status, abort_requested=False, ended_at=_before(0))
    )
    if connection.execute(delete(JOBS).where(*wanted) if delete_job else ended).rowcount != 1:
        raise exceptions.ConnectorException(f"Expected job {job_id} to wait or run, but it does neither")
    return []


def retry_job(connection: Connection, _now: datetime, *, job_id: int, retry_at: datetime, **new: Any) -> Rows:
    """Make a running or failed job wait again, by its id alone."""
    changed = {name.removeprefix("new_"): value for name, value in new.items() if value is not None}
    statement = update(JOBS).where(JOBS.c.id == job_id, JOBS.c.status.in_(("doing", "failed")))
    values = {"status": "todo", "attempts": JOBS.c.attempts + 1, "scheduled_at": retry_at, **changed}
    if connection.execute(statement.values(**values)).rowcount != 1:
        raise exceptions.ConnectorException(f"Expected job {job_id} to run or to have failed, but it did not")
    return []


def cancel_job(connection: Connection, _now: datetime, *, job_id: int, abort: bool, delete_job: bool) -> Rows:
    """Cancel a waiting job; ask a running one to abort."""
    waiting = (JOBS.c.id == job_id, JOBS.c.status == "todo")
    cancelled: Update = update(JOBS).where(*waiting).values(status="cancelled", ended_at=_before(0))
    count = connection.execute(delete(JOBS).where(*waiting) if delete_job else cancelled).rowcount
    if not count and abort:
        running = update(JOBS).where(JOBS.c.id == job_id, JOBS.c.status == "doing")
        count = connection.execute(running.values(abort_requested=True)).rowcount
    return [{"id": job_id if count else None}]


def delete_old_jobs(
    connection: Connection, _now: datetime, *, nb_hours: int, queue: str | None, statuses: Sequence[str]
) -> Rows:
    """Remove the jobs that ended more than `nb_hours` ago with one of the statuses."""
    old = (JOBS.c.ended_at < _before(3600 * nb_hours), JOBS.c.status.in_(statuses))
    connection.execute(delete(JOBS).where(*old, *_matching({"queue_name": queue})))
    return []


def register_worker(connection: Connection, _now: datetime) -> Rows:
    """Insert a worker that lives now."""
    return _rows(
        connection,
        insert(WORKERS).values(last_heartbeat=_before(0)).returning(WORKERS.c.id.label("worker_id")),
    )


def unregister_worker(connection: Connection, _now: datetime, *, worker_id: int) -> Rows:
    """Remove a worker that stopped."""
    connection.execute(delete(WORKERS).where(WORKERS.c.id == worker_id))
    return []


def update_heartbeat(connection: Connection, _now: datetime, *, worker_id: int) -> Rows:
    """Note that a worker lives now."""
    connection.execute(update(WORKERS).where(WORKERS.c.id == worker_id).values(last_heartbeat=_before(0)))
    return []


def prune_stalled_workers(connection: Connection, _now: datetime, *, seconds_since_heartbeat: float) -> Rows:
    """Remove the workers that have been silent for the given seconds."""
    silent = delete(WORKERS).where(WORKERS.c.last_heartbeat < _before(seconds_since_heartbeat))
    return _rows(connection, silent.returning(WORKERS.c.id.label("worker_id")))


READS: dict[str, Callable[..., Rows]] = {
    "check_connection": check_connection,
    "get_job_status": get_job_status,
    "list_jobs": list_jobs,
    "list_jobs_to_abort": list_jobs_to_abort,
    "select_stalled_jobs_by_heartbeat": list_stalled,
    "count_jobs_status": count_jobs_status,
    "list_queues": _count_by("queue_name"),
    "list_tasks": _count_by("task_name"),
    "list_locks": _count_by("lock"),
}
WRITES: dict[str, Callable[..., Rows]] = {
    answer.__name__: answer
    for answer in (
        defer_jobs,
        defer_periodic_job,
        fetch_job,
        finish_job,
        retry_job,
        cancel_job,
        delete_old_jobs,
        register_worker,
        unregister_worker,
        update_heartbeat,
        prune_stalled_workers,
    )
}
# Queries with no answer: LISTEN is replaced by `listen_notify`, the other one is deprecated by Procrastinate.
UNANSWERED = frozenset({"listen_queue", "select_stalled_jobs_by_started"})
NAMES: dict[str, str] = {text: name for name, text in sql.queries.items() if name not in UNANSWERED}
