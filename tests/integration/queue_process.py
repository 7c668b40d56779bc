"""A worker in a process of its own, to be killed and paused by tests."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess

from sqlalchemy.orm import Session

from engine import queue, worker
from engine.worker import Work
from tests.integration.queue_places import PACE, make_engine, make_sessions, record

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def do_work(lasts: float = 0.0) -> Work:
    """Return work that leaves one effect per timer, job and failure; each takes `lasts` seconds."""

    def fire(session: Session, timer_id: int) -> None:
        record(session, "timer", timer_id, lasts=lasts)

    def run(session: Session, job_id: int) -> None:
        record(session, "job", job_id, lasts=lasts)

    def fail(session: Session, job_id: int, error: str) -> None:
        record(session, "failure", job_id, error)

    return Work(fire_timer=fire, run_job=run, fail_job=fail)


def serve(url: str, lasts: float, hold: float) -> None:
    """Work until SIGTERM; `hold` seconds pass between taking a job and its transaction."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    opened = queue.open_queue(url, pace=PACE)
    sessions = make_sessions(make_engine(url))

    def open_session() -> Session:
        time.sleep(hold)
        return sessions()

    # The main thread stays free for the signal, as in the command of the web room.
    running = threading.Thread(target=partial(worker.run, opened, open_session, do_work(lasts), stop))
    running.start()
    while running.is_alive():
        running.join(0.1)


@contextmanager
def worker_process(url: str, *, lasts: float = 0.0, hold: float = 0.0) -> Iterator[BaseProcess]:
    """Run a worker process for the block; a survivor is asked to stop, then killed."""
    process = CONTEXT.Process(target=serve, args=(url, lasts, hold), daemon=True)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join(10)
        process.kill()
        process.join()
