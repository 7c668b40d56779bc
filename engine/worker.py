"""Run due timers and jobs, each in a transaction of its own, exactly once.

    stop = threading.Event()
    work = Work(fire_timer=timers.fire, run_job=jobs.run, fail_job=jobs.fail)
    worker.run(queue, session_factory, work, stop)            # `bangvang worker`: returns when `stop` is set
    running = worker.start_thread(queue, session_factory, work)   # `serve`: a daemon thread
    worker.stop_thread(running)

A timer that has fired is followed by others that are due, up to TURN, taken out of the queue by the very
transaction that fires them: one commit each. One that goes wrong so is left to a job of its own, below.

The worker opens a session from `session_factory`, gives it the queue (`session.info["queue"]`) and commits
it. In the transaction of the effect it first removes the queue's own job, if that is still its own
(`queue_tables.settle`): so effect and end of the job are one commit, a job run again after a crash finds no
second effect, and a worker that was paused until it was given up is refused.

A handler that reaches outside is called before that transaction, with a session that only reads (`Outside`).

What goes wrong in an effect rolls everything back. A lost version check, a deadlock of PostgreSQL or a lost
connection costs no retry. Any other error is one failure, recorded in a new transaction: `fail_job` takes one
retry from the job, and as long as retries are left the same transaction puts it back with a longer pause each
time; with the last one `fail_job` makes the incident. A timer is tried again likewise and goes on with the
longest pause, unless there is a `fail_timer` that makes an incident instead.

Here and in the web room's transaction, and nowhere else, sessions are committed; here alone any exception
is caught.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from procrastinate import App, JobContext
from procrastinate.app import WorkerOptions
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from engine import held_jobs, messages, queue_tables, queue_upkeep, steps
from engine import queue as queues
from engine.audit import checkpoints
from engine.errors import StaleInstance, StateUnreadable
from engine.operations import damage
from engine.queue import Queue

logger = logging.getLogger(__name__)

CONCURRENCY = 4
TURN = 25  # further timers fired one after the other; then the queue says again what is first
STALE_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.5)  # seconds between tries when another transaction was first
RETRY_PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800))  # the last one repeats
TIMER_RETRIES = 3
TAKEN_LIMIT = 5  # runs that neither ended nor failed, because their worker died: counts as one failure
GIVE_UP_LIMIT = 10  # the same when not even the failure can be recorded: the job is kept as failed
BREATH = 1.0  # seconds before a job goes back at once
RESTART_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before a broken worker is started again
HEALTHY_AFTER = 60.0  # seconds of running after which the next restart is quick again
STOP_INTERVAL = 0.05
# PostgreSQL ends the transaction of a worker that sleeps inside it, so that no lock outlives a long pause.
PAUSED = "idle_in_transaction_session_timeout"
PAUSED_LIMIT = select(func.set_config(PAUSED, "300000", False))  # milliseconds; told once per connection
EXPIRY = "23 3 * * *"  # nobody is given an expired message meanwhile: the time says so before the row does
CHECKPOINT = "* * * * * */10"  # a look every ten seconds; `checkpoints` knows when it is time for one

Effect = Callable[[Session], object]
Recovery = Callable[[Session, str], object]


@dataclass(frozen=True)
class Outside:
    """A job in three steps, so that what its handler waits for outside locks nobody else's rows.

    `prepare` looks it up (None: not wanted any more), `call` runs the handler with a session that only reads,
    `take` goes on with what `call` returned, in the transaction that ends the job.
    """

    prepare: Callable[[Session, int], Any]
    call: Callable[[Session, Any], Any]
    take: Callable[[Session, int, Any], object]


@dataclass(frozen=True)
class Work:
    """What the queue's jobs do; each takes a session inside a transaction and the id of a row.

    `fire_timer` and `run_job` return quietly when the row is no longer wanted. `fail_job` is called at every
    failure with the error's text, takes one retry and makes the incident when it was the last; `fail_timer`
    is called once, when a timer failed TIMER_RETRIES times. `outside` is done in place of `run_job`.
    """

    fire_timer: Callable[[Session, int], object]
    run_job: Callable[[Session, int], object]
    fail_job: Callable[[Session, int, str], object]
    fail_timer: Callable[[Session, int, str], object] | None = None
    outside: Outside | None = None


@dataclass(frozen=True)
class Running:
    """A worker in a thread of this process, and how to stop it."""

    thread: threading.Thread
    stop: threading.Event


@dataclass(frozen=True)
class _Room:
    """What every task of one worker needs."""

    queue: Queue
    session_factory: Callable[[], Session]
    work: Work
    stop: threading.Event


class Fenced(Exception):
    """Expected to still run the job, but it was handed to another worker."""


class _AtOnce(BaseRetryStrategy):
    """Put back at once whatever a task raised: nothing that was queued is lost, its attempts are counted."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Return: now; or None when there is no hope."""
        return RetryDecision() if job.attempts < GIVE_UP_LIMIT else None


def run(queue: Queue, session_factory: Callable[[], Session], work: Work, stop: threading.Event) -> None:
    """Work until `stop` is set; start again with growing pauses whenever the database was away."""
    room = _Room(queue, session_factory, work, stop)
    restarts = 0
    while not stop.is_set():
        started = time.monotonic()
        error = _failure_of(lambda: asyncio.run(_serve(room)), "the worker broke")
        if stop.is_set():
            return
        restarts = 0 if time.monotonic() - started > HEALTHY_AFTER else restarts
        pause = RESTART_PAUSES[min(restarts, len(RESTART_PAUSES) - 1)]
        logger.error("the worker starts again in %s s: %s", pause, error or "its connection broke")
        restarts += 1
        stop.wait(pause)


def start_thread(queue: Queue, session_factory: Callable[[], Session], work: Work) -> Running:
    """Run the worker in a daemon thread of this process."""
    stop = threading.Event()
    arguments = (queue, session_factory, work, stop)
    thread = threading.Thread(target=run, args=arguments, name="worker", daemon=True)
    thread.start()
    return Running(thread, stop)


def stop_thread(running: Running, timeout: float = 30.0) -> bool:
    """Stop the worker after the jobs it runs now, return whether it ended within `timeout` seconds."""
    running.stop.set()
    running.thread.join(timeout)
    return not running.thread.is_alive()


async def _serve(room: _Room) -> None:
    """Run one worker until it breaks or is asked to stop."""
    app = _build_app(room)
    working = asyncio.create_task(_work(app))
    while not room.stop.is_set() and not working.done():
        await asyncio.wait({working}, timeout=STOP_INTERVAL)
    if not working.done():
        working.cancel()
    try:
        await working
    except asyncio.CancelledError:
        logger.debug("the worker stopped as asked")


async def _work(app: App) -> None:
    async with app.open_async():
        await app.run_worker_async()


def _build_app(room: _Room) -> App:
    pace = room.queue.pace
    defaults: WorkerOptions = {
        "concurrency": CONCURRENCY,
        "delete_jobs": "successful",
        "install_signal_handlers": False,
        "fetch_job_polling_interval": pace.poll,
        "update_heartbeat_interval": pace.heartbeat,
        "stalled_worker_timeout": pace.stall,
    }
    connector = queues.open_connector(room.queue)
    app = App(connector=connector, worker_defaults=defaults)
    app.job_manager = held_jobs.HeldJobs(connector)
    _add_effects(app, room)
    queue_upkeep.add_tasks(app, room.queue.pace)
    _add_expiry(app, room)
    _add_checkpoints(app, room)
    return app


def _add_effects(app: App, room: _Room) -> None:
    """Name the tasks that change the engine's state."""

    @app.task(name=queues.TIMER, queue=queues.NAME, pass_context=True, retry=_AtOnce())
    def timer(context: JobContext, *, timer_id: int, failures: int) -> None:
        def recover(session: Session, error: str) -> None:
            if room.work.fail_timer is not None and failures + 1 >= TIMER_RETRIES:
                room.work.fail_timer(session, timer_id, error)
            else:
                again = room.queue.clock() + _pause(failures)
                queues.defer_timer(session, timer_id, again, failures=failures + 1)

        _perform(room, context.job, lambda session: room.work.fire_timer(session, timer_id), recover)
        _fire_further(room)

    @app.task(name=queues.JOB, queue=queues.NAME, pass_context=True, retry=_AtOnce())
    def job(context: JobContext, *, job_id: int, instance_id: int, retries: int, failures: int) -> None:
        def recover(session: Session, error: str) -> None:
            room.work.fail_job(session, job_id, error)
            if failures + 1 < retries:
                again = room.queue.clock() + _pause(failures)
                queues.defer_job(
                    session, job_id, instance_id, at=again, retries=retries, failures=failures + 1
                )

        _run_job(room, context.job, job_id, recover)

    @app.task(name=queues.WAKE, queue=queues.NAME, pass_context=True, retry=_AtOnce())
    def wake(context: JobContext, *, job_id: int, instance_id: int, retries: int, failures: int) -> None:
        again = partial(queues.defer_job, job_id=job_id, instance_id=instance_id, retries=retries)
        _commit(room, context.job, partial(again, failures=failures))


def _add_expiry(app: App, room: _Room) -> None:
    """Name the periodic task that marks the messages whose time has ended."""

    @app.periodic(cron=EXPIRY)
    @app.task(name="expire", queueing_lock="expire", pass_context=True)
    def expire(context: JobContext, timestamp: int) -> None:
        _commit(room, context.job, messages.expire)


def _add_checkpoints(app: App, room: _Room) -> None:
    """Name the periodic task that signs what has happened since the last checkpoint, when it is time."""

    @app.periodic(cron=CHECKPOINT)
    @app.task(name="checkpoint", queueing_lock="checkpoint", pass_context=True)
    def checkpoint(context: JobContext, timestamp: int) -> None:
        _commit(room, context.job, checkpoints.keep_up)


def _perform(room: _Room, job: Job, effect: Effect, recover: Recovery) -> None:
    """Run one effect; on failure record it in a new transaction.

    1. A lost race is tried again at once; when it is lost each time, the job goes back as it is.
    2. So does a job whose connection broke, and one whose failure can not be recorded.
    3. A state that cannot be read is an incident of its instance, which waits until it is repaired.
    4. Any other error, or a job that was taken up too often, is recorded by `recover`.
    """
    error = _try_effect(room, job, effect) if job.attempts < TAKEN_LIMIT else None
    if isinstance(error, Fenced) or (error is None and job.attempts < TAKEN_LIMIT):
        return
    _record_failure(room, job, error, recover)


def _fire_further(room: _Room) -> None:
    """Fire what is due besides, each in a transaction of its own, as long as timers are first in the queue.

    None of them is marked as run by this worker: one that dies or is paused leaves it to the next.
    """
    for _ in range(TURN):
        fired: list[int] = []
        error = _failure_of(partial(_write, room, partial(_fire_next, room, fired)), "rolled back")
        if error is not None or not fired or room.stop.is_set():
            return


def _fire_next(room: _Room, fired: list[int], session: Session) -> None:
    timer_id = queues.take_timer(session)
    if timer_id is not None:
        fired.append(timer_id)
        room.work.fire_timer(session, timer_id)


def _run_job(room: _Room, job: Job, job_id: int, recover: Recovery) -> None:
    if room.work.outside is None:
        _perform(room, job, lambda session: room.work.run_job(session, job_id), recover)
    else:
        _reach_out(room, room.work.outside, job, job_id, recover)


def _reach_out(room: _Room, outside: Outside, job: Job, job_id: int, recover: Recovery) -> None:
    """Call a handler that reaches outside without holding a transaction, then take its outcome in one.

    A worker that dies in between calls it again: who reaches outside is called at least once.
    """
    outcomes: list[Any] = []

    def call() -> None:
        with room.session_factory() as session:
            prepared = outside.prepare(session, job_id)
        if prepared is None:
            return
        with room.session_factory() as session:
            # what a handler writes here would be lost when its outcome is not taken: it is refused
            session.connection(execution_options={"write": False, "postgresql_readonly": True})
            outcomes.append(outside.call(session, prepared))

    error = _failure_of(call, "not called") if job.attempts < TAKEN_LIMIT else None
    if error is not None:
        _record_failure(room, job, error, recover)
    elif outcomes:
        _perform(room, job, lambda session: outside.take(session, job_id, outcomes[0]), recover)
    else:
        _perform(room, job, lambda _session: None, recover)


def _record_failure(room: _Room, job: Job, error: Exception | None, recover: Recovery) -> None:
    message = f"{type(error).__name__}: {error}" if error else f"taken up {job.attempts} times without an end"

    def record(session: Session) -> object:
        if isinstance(error, StateUnreadable):
            return damage.report(session, error)
        return recover(session, message)

    failure = error if _is_free(error) else _failure_of(lambda: _commit(room, job, record), "not recorded")
    if failure is not None:
        room.stop.wait(BREATH)
        raise failure


def _try_effect(room: _Room, job: Job, effect: Effect) -> Exception | None:
    """Run one effect, again at once as long as another transaction was first; return what went wrong."""
    error = None
    for pause in STALE_PAUSES:
        error = _failure_of(lambda: _commit(room, job, effect), "rolled back")
        if not _is_lost_race(error):
            break
        room.stop.wait(pause)
    return error


def _is_free(error: Exception | None) -> bool:
    """Say whether an error costs no retry: nothing is wrong with the job itself."""
    return _is_lost_race(error) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def _is_lost_race(error: Exception | None) -> bool:
    """Say whether another transaction was first: a version check tells it, or PostgreSQL."""
    return isinstance(error, StaleInstance) or (isinstance(error, DBAPIError) and steps.is_lost_race(error))


def _commit(room: _Room, job: Job, effect: Effect) -> None:
    """Run one effect and end its job in one transaction; raise Fenced when the job is another worker's."""

    def act(session: Session) -> None:
        if session.connection().execute(queue_tables.settle(job)).rowcount != 1:
            raise Fenced
        effect(session)

    _write(room, act)


def _write(room: _Room, act: Effect) -> None:
    with room.session_factory() as session:
        session.info["queue"] = room.queue
        # On SQLite this asks for a write transaction from the first statement on; elsewhere it means nothing.
        connection = session.connection(execution_options={"write": True})
        told = connection.info  # of the connection, which the pool keeps for the next transactions
        if connection.dialect.name == "postgresql" and PAUSED not in told:
            connection.execute(PAUSED_LIMIT)
        act(session)
        session.commit()
        told[PAUSED] = True  # not before: a rollback takes the limit back


def _failure_of(action: Callable[[], object], outcome: str) -> Exception | None:
    """Run `action`, return what it raised: the one place where any exception is caught."""
    try:
        action()
    except Fenced as error:
        logger.warning("a job was handed to another worker while this one was paused")
        return error
    except Exception as error:
        if not _is_lost_race(error):
            logger.exception(outcome)
        return error
    return None


def _pause(failures: int) -> timedelta:
    return RETRY_PAUSES[min(failures, len(RETRY_PAUSES) - 1)]
