"""The worker over both databases: failures, retries, clocks, restarts, and the thread inside `serve`."""

from __future__ import annotations

import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from engine import clock, queue, queue_tables, worker
from engine.errors import BadInput, NotFound, StaleInstance
from engine.queue import Pace
from engine.worker import Work
from tests import postgresql
from tests.integration.queue_places import (
    DATABASES,
    EFFECTS,
    METADATA,
    PACE,
    Place,
    make_engine,
    make_sessions,
    open_place,
    read_effects,
    read_jobs,
    record,
    wait_until,
)
from tests.integration.queue_process import do_work
from web import sqlite


@dataclass
class MovableClock:
    """A clock that a test moves on by hand, beside the time that passes."""

    ahead: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def moved() -> MovableClock:
    return MovableClock()


@pytest.fixture(params=DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path, moved: MovableClock) -> Iterator[Place]:
    with open_place(request.param, tmp_path, clock=moved) as opened:
        yield opened


@contextmanager
def working(place: Place, work: Work, *, pace: Pace = PACE) -> Iterator[worker.Running]:
    """Run a worker thread for the block; it must stop when told to."""
    running = worker.start_thread(replace(place.queue, pace=pace), make_sessions(place.engine), work)
    try:
        yield running
    finally:
        assert worker.stop_thread(running, 15)


def defer(place: Place, action: Callable[[Session], None]) -> None:
    with place.session() as session:
        action(session)
        session.commit()


def count_workers(place: Place) -> int:
    with place.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(queue_tables.WORKERS)).scalar_one()


def test_a_worker_thread_starts_works_and_stops_promptly(place: Place) -> None:
    running = worker.start_thread(place.queue, make_sessions(place.engine), do_work())
    defer(place, lambda session: queue.defer_job(session, 1, 1))
    assert wait_until(lambda: read_effects(place, "job") == [1])
    assert count_workers(place) == 1

    began = time.monotonic()
    assert worker.stop_thread(running, 10)

    assert time.monotonic() - began < 5
    assert count_workers(place) == 0
    assert read_jobs(place) == []


def test_stopping_lets_the_running_job_end(place: Place) -> None:
    running = worker.start_thread(place.queue, make_sessions(place.engine), do_work(lasts=0.5))
    defer(place, lambda session: queue.defer_job(session, 1, 1))
    assert wait_until(lambda: [status for _, status, _ in read_jobs(place)] == ["doing"])

    assert worker.stop_thread(running, 10)

    assert read_effects(place, "job") == [1]


def test_a_job_deferred_by_another_connection_wakes_the_worker(place: Place) -> None:
    sleepy = Pace(poll=60, rescue=60)
    with working(place, do_work(), pace=sleepy):
        assert wait_until(lambda: count_workers(place) == 1)
        time.sleep(0.5)

        defer(place, lambda session: queue.defer_job(session, 1, 1))

        assert wait_until(lambda: read_effects(place, "job") == [1], 5)


def test_writers_and_the_worker_wait_for_each_other_without_deadlock(place: Place) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 20):
            defer(place, lambda session, number=number: queue.defer_job(session, number, number % 5))

    with working(place, do_work()):
        writers = [threading.Thread(target=write, args=(100 * index,)) for index in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(30)

        assert wait_until(lambda: len(read_effects(place, "job")) == 80, 30)
    assert len(set(read_effects(place, "job"))) == 80


def test_a_pinned_clock_makes_a_far_timer_fire(tmp_path: Path) -> None:
    far = datetime(2031, 6, 1, 8, tzinfo=clock.ZONE)
    for database in DATABASES:
        with open_place(database, tmp_path, clock=clock.now) as place:
            defer(place, lambda session: queue.defer_timer(session, 1, far))
            defer(place, lambda session: queue.defer_timer(session, 2, far + timedelta(seconds=1)))
            with working(place, do_work()):
                assert wait_until(lambda: count_workers(place) == 1)
                assert read_effects(place, "timer") == []

                clock.pin(far)
                try:
                    assert wait_until(lambda: read_effects(place, "timer") == [1])
                    time.sleep(0.5)
                finally:
                    clock.unpin()
                assert read_effects(place, "timer") == [1]


def test_a_failing_job_is_tried_again_later_until_its_retries_are_used(
    place: Place, moved: MovableClock
) -> None:
    def run(session: Session, job_id: int) -> None:
        record(session, "job", job_id)
        raise BadInput(expected="a mail server", found="none")

    defer(place, lambda session: queue.defer_job(session, 1, 1, retries=3))
    with working(place, replace(do_work(), run_job=run)):
        for failures in (1, 2):
            waits = ("wake", "todo", {"job_id": 1, "instance_id": 1, "retries": 3, "failures": failures})
            assert wait_until(lambda waits=waits: read_jobs(place) == [waits])
            assert read_effects(place, "failure") == [1] * failures
            moved.ahead += timedelta(seconds=400)
        assert wait_until(lambda: read_effects(place, "failure") == [1, 1, 1])

    assert read_effects(place, "job") == []
    assert read_jobs(place) == []
    with place.engine.connect() as connection:
        notes = connection.execute(select(EFFECTS.c.note)).scalars().all()
    assert set(notes) == {"BadInput: Expected a mail server, but got none."}


def test_a_job_that_waits_for_its_next_attempt_holds_up_no_other_job_of_its_instance(place: Place) -> None:
    def run(session: Session, job_id: int) -> None:
        if job_id == 1:
            raise OSError("mail server away")
        record(session, "job", job_id)

    defer(place, lambda session: queue.defer_job(session, 1, 1))
    defer(place, lambda session: queue.defer_job(session, 2, 1))

    with working(place, replace(do_work(), run_job=run)):
        assert wait_until(lambda: read_effects(place, "job") == [2])
    assert [task for task, _, _ in read_jobs(place)] == ["wake"]


def test_a_lost_version_check_costs_no_retry(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = []
    monkeypatch.setattr(worker, "BREATH", 0.01)

    def run(session: Session, job_id: int) -> None:
        record(session, "job", job_id)
        if len(lost) < 8:
            lost.append(job_id)
            raise StaleInstance(instance=1)

    defer(place, lambda session: queue.defer_job(session, 1, 1, retries=1))

    with working(place, replace(do_work(), run_job=run)):
        assert wait_until(lambda: read_effects(place, "job") == [1])
    assert read_effects(place, "failure") == []


def test_a_failing_timer_is_never_lost(place: Place, moved: MovableClock) -> None:
    calls = []

    def fire(session: Session, timer_id: int) -> None:
        calls.append(timer_id)
        if len(calls) < 5:
            raise BadInput(expected="a form", found="none")
        record(session, "timer", timer_id)

    defer(place, lambda session: queue.defer_timer(session, 1, moved()))
    with working(place, replace(do_work(), fire_timer=fire)):
        for count in range(1, 5):
            waits = ("timer", "todo", {"timer_id": 1, "failures": count})
            assert wait_until(lambda waits=waits: read_jobs(place) == [waits])
            moved.ahead += timedelta(hours=1)
        assert wait_until(lambda: read_effects(place, "timer") == [1])


def test_a_failing_timer_becomes_an_incident_where_somebody_makes_one(
    place: Place, moved: MovableClock
) -> None:
    def fire(session: Session, timer_id: int) -> None:
        raise BadInput(expected="a form", found="none")

    def fail(session: Session, timer_id: int, error: str) -> None:
        record(session, "incident", timer_id, error)

    defer(place, lambda session: queue.defer_timer(session, 1, moved()))
    with working(place, replace(do_work(), fire_timer=fire, fail_timer=fail)):
        for failures in (1, 2):
            waits = ("timer", "todo", {"timer_id": 1, "failures": failures})
            assert wait_until(lambda waits=waits: read_jobs(place) == [waits])
            moved.ahead += timedelta(hours=1)
        assert wait_until(lambda: read_effects(place, "incident") == [1])

    assert read_jobs(place) == []


def test_rule_4_the_job_of_a_lost_worker_runs_again(place: Place) -> None:
    workers, jobs = queue_tables.WORKERS, queue_tables.JOBS
    defer(place, lambda session: queue.defer_job(session, 1, 1))
    with place.session() as session:
        connection = session.connection()
        silent = workers.insert().values(last_heartbeat=datetime.now(UTC) - timedelta(hours=1))
        dead = connection.execute(silent.returning(workers.c.id)).scalar_one()
        connection.execute(jobs.update().values(status="doing", worker_id=dead))
        session.commit()

    with working(place, do_work()):
        assert wait_until(lambda: read_effects(place, "job") == [1])


def test_a_job_that_kills_every_worker_counts_as_failed(place: Place) -> None:
    taken = queue_tables.JOBS.update().values(attempts=worker.TAKEN_LIMIT)
    defer(place, lambda session: queue.defer_job(session, 1, 1, retries=1))
    defer(place, lambda session: session.connection().execute(taken))

    with working(place, do_work()):
        assert wait_until(lambda: read_effects(place, "failure") == [1])
    assert read_effects(place, "job") == []
    assert read_jobs(place) == []


def test_a_job_that_can_neither_run_nor_fail_is_kept_as_failed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(session: Session, *_: object) -> None:
        raise NotFound(kind="job", key=1)

    monkeypatch.setattr(worker, "BREATH", 0.01)
    monkeypatch.setattr(worker, "GIVE_UP_LIMIT", 3)
    defer(place, lambda session: queue.defer_job(session, 1, 1))

    with working(place, replace(do_work(), run_job=refuse, fail_job=refuse)):
        assert wait_until(lambda: [status for _, status, _ in read_jobs(place)] == ["failed"])


def test_rule_7_a_worker_that_lost_its_place_starts_again(place: Place) -> None:
    with working(place, do_work()):
        assert wait_until(lambda: count_workers(place) == 1)

        defer(place, lambda session: session.connection().execute(delete(queue_tables.WORKERS)))
        defer(place, lambda session: queue.defer_job(session, 1, 1))

        assert wait_until(lambda: read_effects(place, "job") == [1])


def test_rule_8_without_the_notifying_trigger_polling_finds_the_job(tmp_path: Path) -> None:
    with open_place("postgresql", tmp_path) as place:
        with place.engine.begin() as connection:
            connection.execute(
                text("drop trigger procrastinate_jobs_notify_queue_job_inserted_v1 on procrastinate_jobs")
            )
        with working(place, do_work()):
            assert wait_until(lambda: count_workers(place) == 1)
            time.sleep(0.5)

            defer(place, lambda session: queue.defer_job(session, 1, 1))

            assert wait_until(lambda: read_effects(place, "job") == [1], 5)


def test_rule_7_the_worker_comes_back_after_postgresql_was_killed(tmp_path: Path) -> None:
    folder = postgresql.find_binaries()
    home = Path(tempfile.mkdtemp(prefix="queue-pg-"))
    server, url = postgresql.start_server_in(home, folder)
    opened = queue.open_queue(url, pace=PACE)
    place = Place(url, opened, make_engine(url.replace("postgresql://", "postgresql+psycopg://")))
    queue.create_schema(opened)
    METADATA.create_all(place.engine)

    with working(place, do_work()):
        defer(place, lambda session: queue.defer_job(session, 1, 1))
        assert wait_until(lambda: read_effects(place, "job") == [1])
        server.send_signal(signal.SIGQUIT)  # no checkpoint, no farewell: it recovers at the next start
        server.wait()
        time.sleep(1.0)
        place.engine.dispose()
        server, _ = postgresql.start_server_in(home, folder)
        defer(place, lambda session: queue.defer_job(session, 2, 2))

        assert wait_until(lambda: read_effects(place, "job") == [1, 2])
    sqlite.forget(place.engine)
    queue.close_queue(opened)
