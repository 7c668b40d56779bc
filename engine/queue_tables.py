"""Describe the job queue's tables and the few statements that both databases share.

On PostgreSQL the tables are Procrastinate's own (its schema.sql makes them); on SQLite these definitions
make them. They have their own MetaData, so that migrations of the engine's tables never touch them: every
name begins with `procrastinate_`, which is what a migration script filters on.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from procrastinate.jobs import Job, Status
from procrastinate.manager import QUEUEING_LOCK_CONSTRAINT
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Delete,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    false,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import Column, UniqueConstraint
from sqlalchemy.sql.dml import ReturningDelete

from engine.tables import Identity, UtcDateTime

PREFIX = "procrastinate_"
METADATA = MetaData()
STATUS = Enum(*(status.value for status in Status), "aborting", name="procrastinate_job_status")

WORKERS = Table(
    "procrastinate_workers",
    METADATA,
    Column("id", Identity, primary_key=True),
    Column("last_heartbeat", UtcDateTime, nullable=False, index=True),
    sqlite_autoincrement=True,  # an id used again would let a dead worker pass for a living one
)

JOBS = Table(
    "procrastinate_jobs",
    METADATA,
    Column("id", Identity, primary_key=True),
    Column("queue_name", Text, nullable=False),
    Column("task_name", Text, nullable=False),
    Column("priority", Integer, nullable=False, default=0),
    Column("lock", Text),
    Column("queueing_lock", Text),
    Column("args", JSON().with_variant(JSONB, "postgresql"), nullable=False),
    Column("status", STATUS, nullable=False, default="todo"),
    Column("scheduled_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, default=0),
    Column("abort_requested", Boolean, nullable=False, default=False),
    Column("worker_id", ForeignKey("procrastinate_workers.id", ondelete="SET NULL")),
    Column("ended_at", UtcDateTime),  # SQLite only; PostgreSQL has procrastinate_events
    sqlite_autoincrement=True,
)

PERIODIC_DEFERS = Table(
    "procrastinate_periodic_defers",
    METADATA,
    Column("id", Identity, primary_key=True),
    Column("task_name", Text, nullable=False),
    Column("periodic_id", Text, nullable=False),
    Column("defer_timestamp", BigInteger, nullable=False),
    UniqueConstraint("task_name", "periodic_id", "defer_timestamp"),
)

# Written out, not bound: a partial index serves only a condition that the planner can read.
_TODO = JOBS.c.status == literal_column("'todo'")
_LOCKING: tuple[ColumnElement[Any], ...] = (literal_column("'todo'"), literal_column("'doing'"))
_OPEN = JOBS.c.status.in_(_LOCKING)
Index(QUEUEING_LOCK_CONSTRAINT, JOBS.c.queueing_lock, unique=True, sqlite_where=_TODO)
Index("procrastinate_jobs_lock_idx_v1", JOBS.c.lock, unique=True, sqlite_where=JOBS.c.status == "doing")
Index("procrastinate_jobs_priority_idx_v1", JOBS.c.priority.desc(), JOBS.c.id, sqlite_where=_TODO)


_AT_ONCE = and_(_TODO, JOBS.c.scheduled_at.is_(None))
# Ours on PostgreSQL, too: what is not due is met by nobody who looks for a job.
DUE_INDICES = (
    Index(
        "procrastinate_jobs_open_lock_idx",
        JOBS.c.lock,
        JOBS.c.priority,
        JOBS.c.id,
        sqlite_where=_OPEN,
        postgresql_where=and_(_OPEN, JOBS.c.lock.is_not(None)),
    ),
    Index(
        "procrastinate_jobs_at_once_idx",
        JOBS.c.priority.desc(),
        JOBS.c.id,
        sqlite_where=_AT_ONCE,
        postgresql_where=_AT_ONCE,
    ),
    Index(
        "procrastinate_jobs_in_time_idx",
        JOBS.c.scheduled_at,
        JOBS.c.id,
        sqlite_where=_TODO,
        postgresql_where=_TODO,
    ),
)

# What Procrastinate reads of a job; `ended_at` is not among it.
JOB_COLUMNS = [column for column in JOBS.c if column.name != "ended_at"]


def due(now: datetime, queues: Iterable[str] | None = None) -> ColumnElement[bool]:
    """Return the condition that a job waits and its time has come."""
    return and_(_waiting(queues), or_(JOBS.c.scheduled_at.is_(None), JOBS.c.scheduled_at <= now))


def _waiting(queues: Iterable[str] | None) -> ColumnElement[bool]:
    return _TODO if queues is None else and_(_TODO, JOBS.c.queue_name.in_(list(queues)))


def fetch(worker_id: int, now: datetime, queues: Iterable[str] | None = None) -> Update:
    """Take the first due job whose lock is free, as `procrastinate_fetch_job_v2` does, but by a given clock.

    What waits for no moment goes first, by priority; then what waited for one, the longest due first. So the
    cost follows what is due, however many timers wait.

    A lock is free when no job with it runs and none waits before this one, due or not.
    """
    other = JOBS.alias("other")
    waits_before = and_(
        other.c.status == "todo",
        or_(
            other.c.priority > JOBS.c.priority,
            and_(other.c.priority == JOBS.c.priority, other.c.id < JOBS.c.id),
        ),
    )
    # The status stands a second time so that the partial index on open jobs can be used.
    blocked = (
        select(other.c.id)
        .where(
            other.c.lock == JOBS.c.lock,
            other.c.status.in_(_LOCKING),
            or_(other.c.status == "doing", waits_before),
        )
        .exists()
    )
    # Asked for each job in its turn: as a join, PostgreSQL would read all that waits at every look.
    ready = and_(_waiting(queues), or_(JOBS.c.lock.is_(None), ~blocked))
    at_once = _first(ready, JOBS.c.scheduled_at.is_(None), JOBS.c.priority.desc(), JOBS.c.id).cte("at_once")
    in_time = _first(ready, JOBS.c.scheduled_at <= now, JOBS.c.scheduled_at, JOBS.c.id).cte("in_time")
    # The second is only looked for, and locked, when the first finds nothing.
    found = func.coalesce(select(at_once.c.id).scalar_subquery(), select(in_time.c.id).scalar_subquery())
    return (
        update(JOBS)
        .where(JOBS.c.id == found)
        .values(status="doing", worker_id=worker_id)
        .returning(*JOB_COLUMNS)
    )


def _first(ready: ColumnElement[bool], due: ColumnElement[bool], *order: ColumnElement[Any]) -> Select[Any]:
    """Return the query for the first job in an order that has an index: it meets none that is not due."""
    query = select(JOBS.c.id).where(ready, due).order_by(*order).limit(1)
    return query.with_for_update(of=JOBS, skip_locked=True)


@functools.cache
def take(task: str) -> ReturningDelete[Any]:
    """Remove the job due longest at `:now`, when it is one of `task` that nobody has taken up before.

    Met by nobody else until the transaction ends, and waiting as before when that is rolled back: there is
    nothing to end afterwards. Takes nothing as long as a job waits that waits for no moment: it goes first.
    """
    other = JOBS.alias("other")
    at_once = select(other.c.id).where(
        other.c.status == literal_column("'todo'"), other.c.scheduled_at.is_(None)
    )
    due = JOBS.c.scheduled_at <= bindparam("now", type_=UtcDateTime)
    first = _first(_TODO, due, JOBS.c.scheduled_at, JOBS.c.id)
    return (
        delete(JOBS)
        .where(
            JOBS.c.id == first.where(~at_once.exists()).scalar_subquery(),
            JOBS.c.task_name == task,
            JOBS.c.attempts == 0,
            JOBS.c.lock.is_(None),
        )
        .returning(JOBS.c.args)
    )


def held(job: Job) -> ColumnElement[bool]:
    """Return the condition that `job` is still run by the worker that fetched it, in the same attempt.

    A worker that was paused and given up finds nothing: its job was handed to another one.
    """
    return and_(
        JOBS.c.id == job.id,
        JOBS.c.status == "doing",
        JOBS.c.worker_id.is_not_distinct_from(job.worker_id),
        JOBS.c.attempts == job.attempts,
    )


def settle(job: Job) -> Delete:
    """Remove a held job: in the transaction of its effect this is the fence and the end of the job in one."""
    return delete(JOBS).where(held(job))


def end(job: Job, status: str, **values: object) -> Update:
    """Keep a held job with the status it ended with."""
    ended = {"status": status, "abort_requested": false(), "attempts": JOBS.c.attempts + 1, **values}
    return update(JOBS).where(held(job)).values(**ended)


def hand_back(job: Job, at: datetime | None) -> Update:
    """Put a held job back to wait, at once or until `at`; its next run is another attempt."""
    return (
        update(JOBS)
        .where(held(job))
        .values(status="todo", abort_requested=false(), attempts=JOBS.c.attempts + 1, scheduled_at=at)
    )


def forget(*queueing_locks: str) -> Delete:
    """Remove the jobs that wait under these queueing locks; one that runs already is left alone."""
    return delete(JOBS).where(JOBS.c.queueing_lock.in_(queueing_locks), _TODO)
