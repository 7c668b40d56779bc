"""Read from the database what the work looks like now: a few bounded statements, the same in every process.

A count of what is open ends at LIMIT. Completions are those of the day in Việt Nam and begin again at
midnight, which Prometheus takes for a counter that was reset; so no process has to remember any.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from engine import clock, queue, queue_tables
from engine.tables import Incident, Job, UserTask

LIMIT = 1_000_000
HEARD = timedelta(seconds=30)  # a worker silent for longer is given up (engine.queue.Pace)


@dataclass(frozen=True)
class Figure:
    """One number with its name, what it means, and whether it only grows."""

    name: str
    meaning: str
    value: float
    grows: bool = False


def read(session: Session) -> list[Figure]:
    """Return the figures of this moment."""
    return [*_tasks(session), *_jobs(session), *_workers(session)]


def _tasks(session: Session) -> list[Figure]:
    now = clock.now()
    midnight = datetime.combine(clock.local(now).date(), time(), clock.ZONE)
    open_now = UserTask.status == "open"
    completed = and_(UserTask.status == "completed", UserTask.ended_at >= midnight)
    return [
        Figure("completions", "Tasks completed today.", _count(session, UserTask.id, completed), grows=True),
        Figure("tasks_open", "Tasks that wait for people.", _count(session, UserTask.id, open_now)),
        Figure(
            "tasks_overdue",
            "Open tasks past their limit.",
            _count(session, UserTask.id, and_(open_now, UserTask.due_at < now)),
        ),
        Figure(
            "incidents_open",
            "Steps that could not go on.",
            _count(session, Incident.id, Incident.status == "open"),
        ),
    ]


def _jobs(session: Session) -> list[Figure]:
    """Return how late the queue is: the oldest due timer, or the oldest job that waits for a worker."""
    now, jobs = clock.now(), queue_tables.JOBS.c
    late = and_(jobs.scheduled_at <= now, jobs.task_name == queue.TIMER)
    oldest = session.scalar(select(func.min(jobs.scheduled_at)).where(queue_tables.due(now)))
    waits = [moment for moment in (oldest, _oldest_job(session)) if moment is not None]
    lag = max(((now - moment).total_seconds() for moment in waits), default=0.0)
    return [
        Figure("job_lag_seconds", "Age of the oldest job or timer that is due.", max(lag, 0.0)),
        Figure(
            "jobs_waiting", "Jobs and timers that are due.", _count(session, jobs.id, queue_tables.due(now))
        ),
        Figure("jobs_failed", "Jobs the queue gave up.", _count(session, jobs.id, jobs.status == "failed")),
        Figure(
            "timers_late", "Timers that are due.", _count(session, jobs.id, and_(jobs.status == "todo", late))
        ),
    ]


def _oldest_job(session: Session) -> datetime | None:
    """Return when the first waiting job without a moment was made; the queue itself does not keep it."""
    jobs = queue_tables.JOBS.c
    first = (
        select(jobs.args)
        .where(jobs.status == "todo", jobs.task_name == queue.JOB, jobs.scheduled_at.is_(None))
        .order_by(jobs.id)
        .limit(1)
    )
    arguments = session.scalar(first)
    if arguments is None:
        return None
    return session.scalar(select(Job.created_at).where(Job.id == arguments["job_id"]))


def _workers(session: Session) -> list[Figure]:
    """Return who works; a worker that starts, or starts again, gets the next number."""
    workers = queue_tables.WORKERS.c
    heard = workers.last_heartbeat >= datetime.now(UTC) - HEARD  # real time, whatever the clock is held at
    starts = session.scalar(select(func.max(workers.id))) or 0
    return [
        Figure("workers", "Workers heard of lately.", _count(session, workers.id, heard)),
        Figure("worker_starts", "Workers started, restarts included.", starts, grows=True),
    ]


def _count(
    session: Session, column: ColumnElement[int] | InstrumentedAttribute[int], condition: ColumnElement[bool]
) -> int:
    bounded = select(column).where(condition).limit(LIMIT).subquery()
    return session.scalar(select(func.count()).select_from(bounded)) or 0
