"""Timers that are due together: fired one after the other, each in one transaction, each once."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, jobs, queue, queue_tables, timers, worker
from engine.actors import SYSTEM
from engine.errors import BadInput
from engine.tables import HistoryEvent
from tests.bench import served
from tests.builders import a_process
from tests.integration.queue_places import (
    DATABASES,
    Place,
    make_sessions,
    open_place,
    read_effects,
    read_jobs,
    record,
    wait_until,
)
from tests.integration.queue_process import do_work, worker_process
from web import db

DUE = 40
# taken out of the queue, instance locked, timer read, three written
STATEMENTS = 6
TAKE = "DELETE FROM procrastinate_jobs"
FUTURE = timedelta(days=365)


def defer_timers(place: Place, numbers: range) -> None:
    with place.session() as session:
        for number in numbers:
            queue.defer_timer(session, number, datetime.now(UTC) - timedelta(seconds=100 - number % 100))
        session.commit()


def take(place: Place) -> int | None:
    with place.session() as session:
        return queue.take_timer(session)  # rolled back: nobody fires it


@contextmanager
def watching_transactions() -> Iterator[list[list[str]]]:
    """Give the statements of every transaction that was committed, BEGIN and PRAGMA left out."""
    found: list[list[str]] = []
    open_ones: dict[int, list[str]] = {}

    def begin(connection: Any) -> None:
        open_ones[id(connection)] = []

    def send(connection: Any, _cursor: Any, text: str, *_: Any) -> None:
        if not text.startswith(("BEGIN", "PRAGMA")):
            open_ones.setdefault(id(connection), []).append(text)

    def commit(connection: Any) -> None:
        found.append(open_ones.pop(id(connection), []))

    listeners = {"begin": begin, "before_cursor_execute": send, "commit": commit}
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield found
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)


def start_overdue(app: Flask, number: int) -> None:
    """Start cases that wait for a moment that has passed."""
    builder = a_process("overdue").start()
    builder.catch("wait", builder.timer("timeDuration", "PT1H"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with clock.pinned(yesterday), app.app_context(), db.transaction() as session:
        deployments.deploy(session, [builder.end().file()], SYSTEM)
        for _ in range(number):
            instances.start(session, "overdue", {}, SYSTEM)


@pytest.mark.parametrize("database", DATABASES)
def test_a_timer_among_many_costs_one_commit_and_a_handful_of_statements(
    database: str, tmp_path: Path
) -> None:
    with served.open_demo(database, tmp_path) as (app, _settings):
        start_overdue(app, DUE)
        with app.app_context():
            opened, sessions, engine = db.current_queue(), db.session_factory(), db.db.engine
        fired = select(func.count()).where(HistoryEvent.kind == "timer.fired")

        def count_fired() -> int:
            with engine.connect() as connection:
                return connection.scalar(fired) or 0

        with watching_transactions() as transactions:
            work = worker.Work(fire_timer=timers.fire, run_job=jobs.run, fail_job=jobs.fail)
            running = worker.start_thread(opened, sessions, work)
            assert wait_until(lambda: count_fired() == DUE, 60)
            assert worker.stop_thread(running)

    firing = [texts for texts in transactions if any("UPDATE timer" in text for text in texts)]
    taken = [
        texts for texts in firing if any(text.startswith(TAKE) and "RETURNING" in text for text in texts)
    ]
    assert len(firing) == DUE
    assert len(taken) > DUE / 2
    usual = [texts for texts in taken if not any("set_config" in text for text in texts)]
    assert {len(texts) for texts in usual} == {STATEMENTS}, "\n".join(usual[0])
    assert len(taken) - len(usual) <= worker.CONCURRENCY  # PostgreSQL is told of pauses once per connection


def test_a_timer_that_goes_wrong_stops_no_other_that_is_due(place: Place) -> None:
    def fire(session: Session, timer_id: int) -> None:
        record(session, "timer", timer_id)
        if timer_id == 7:
            raise BadInput(expected="a form", found="none")

    defer_timers(place, range(30))
    running = worker.start_thread(
        place.queue, make_sessions(place.engine), replace(do_work(), fire_timer=fire)
    )

    waits = ("timer", "todo", {"timer_id": 7, "failures": 1})
    assert wait_until(lambda: read_jobs(place) == [waits])
    assert worker.stop_thread(running)
    assert sorted(read_effects(place, "timer")) == [number for number in range(30) if number != 7]


def test_the_timer_due_longest_is_taken_and_none_before_its_time(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 1, datetime.now(UTC) + FUTURE)
        session.commit()
    assert take(place) is None

    defer_timers(place, range(10, 13))

    assert take(place) == 10
    assert take(place) == 10, "it waits again when nobody fired it"


def test_a_job_that_waits_for_no_moment_goes_before_every_timer(place: Place) -> None:
    defer_timers(place, range(3))

    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()
    assert take(place) is None

    with place.session() as session:
        queue.cancel_job(session, 1)
        session.commit()
    assert take(place) == 0


def test_a_timer_that_was_taken_up_before_is_left_to_a_job_of_its_own(place: Place) -> None:
    defer_timers(place, range(3))

    with place.session() as session:
        first = queue_tables.JOBS.c.queueing_lock == "timer:0"
        session.execute(update(queue_tables.JOBS).where(first).values(attempts=1))
        session.commit()

    assert take(place) is None


def test_two_workers_take_two_timers_and_neither_waits(tmp_path: Path) -> None:
    with open_place("postgresql", tmp_path) as place:
        defer_timers(place, range(3))

        with place.session() as one, place.session() as other:
            first, second = queue.take_timer(one), queue.take_timer(other)
            other.commit()

        assert (first, second) == (0, 1)
        assert take(place) == 0


def test_killed_workers_leave_each_timer_fired_exactly_once(place: Place) -> None:
    chance = random.Random(20261120)  # noqa: S311  moments, not secrets
    with ExitStack() as survivors:
        workers = [survivors.enter_context(worker_process(place.url, lasts=0.02)) for _ in range(2)]
        for number in range(3):
            defer_timers(place, range(number * 30, (number + 1) * 30))
            assert wait_until(lambda seen=number * 30: len(read_effects(place, "timer")) > seen)
            time.sleep(chance.uniform(0.05, 0.3))
            victim = workers.pop(0)
            victim.kill()
            victim.join()
            workers.append(survivors.enter_context(worker_process(place.url, lasts=0.02)))
        assert wait_until(lambda: read_jobs(place) == [], 60), read_jobs(place)

    assert sorted(read_effects(place, "timer")) == list(range(90))
