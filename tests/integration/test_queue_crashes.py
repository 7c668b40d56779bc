"""Workers that are killed or paused at any moment: every effect happens, and happens once."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import time
from collections import defaultdict
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select, update

from engine import queue, queue_tables
from tests.integration.queue_places import (
    EFFECTS,
    Place,
    read_effects,
    read_holder,
    read_jobs,
    wait_until,
)
from tests.integration.queue_process import worker_process
from web import sqlite

BACKLOG = 400  # jobs
REST = 300.0  # seconds; SQLite does one job after the other


def defer_jobs(place: Place, numbers: range, instances: int) -> None:
    with place.session() as session:
        for number in numbers:
            queue.defer_job(session, number, number % instances)
        session.commit()


def kill_workers(place: Place, *, kills: int, jobs_per_kill: int) -> None:
    """Keep two workers at work, kill one of them at a random moment, again and again."""
    chance = random.Random(20261001)  # noqa: S311  moments, not secrets
    cut_off = 0
    with ExitStack() as survivors:
        workers = [survivors.enter_context(worker_process(place.url, lasts=0.02)) for _ in range(2)]
        for number in range(kills):
            defer_jobs(place, range(number * jobs_per_kill, (number + 1) * jobs_per_kill), 50)
            time.sleep(chance.uniform(0.05, 0.35))
            victim = workers.pop(0)
            victim.kill()
            victim.join()
            cut_off += sum(status == "doing" for _, status, _ in read_jobs(place))
            workers.append(survivors.enter_context(worker_process(place.url, lasts=0.02)))
        assert wait_until(lambda: read_jobs(place) == [], REST), read_jobs(place)

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert sorted(read_effects(place, "job")) == list(range(kills * jobs_per_kill))
    assert cut_off > 0, "no kill hit a running job: the test shows nothing"


def test_rule_6_killed_workers_leave_each_effect_exactly_once(place: Place) -> None:
    kill_workers(place, kills=10, jobs_per_kill=12)


@pytest.mark.soak
def test_rule_6_a_hundred_killed_workers_leave_each_effect_exactly_once(place: Place) -> None:
    kill_workers(place, kills=100, jobs_per_kill=30)


def leave(place: Place, number: int) -> None:
    """Let a job look as if the worker that ran it had died."""
    jobs = queue_tables.JOBS
    with sqlite.writing(place.engine).begin() as connection:
        mine = jobs.c.queueing_lock == f"job:{number}"
        left = connection.execute(update(jobs).where(mine).values(status="doing"))
    assert left.rowcount == 1


def test_what_a_lost_worker_held_does_not_wait_for_a_backlog(place: Place) -> None:
    defer_jobs(place, range(1), BACKLOG)
    leave(place, 0)
    defer_jobs(place, range(1, BACKLOG), BACKLOG)

    with worker_process(place.url, lasts=0.02):
        assert wait_until(lambda: 0 in read_effects(place, "job"), 60)
        done = len(read_effects(place, "job"))

    assert done < BACKLOG - 100


def pause_between_transactions(place: Place, process: int) -> None:
    """Stop a worker; on SQLite not while it holds the one right to write, which nobody could take from it."""
    while True:
        os.kill(process, signal.SIGSTOP)
        if not place.url.startswith("sqlite"):
            return
        with Path(f"{place.engine.url.database}.writer").open("a") as turn:
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.kill(process, signal.SIGCONT)
                time.sleep(0.01)
            else:
                return


def test_rule_5_a_paused_worker_is_fenced_when_it_wakes_up(place: Place) -> None:
    defer_jobs(place, range(1), 1)
    with worker_process(place.url, hold=0.6) as paused:
        assert wait_until(lambda: read_holder(place) is not None)
        first = read_holder(place)
        pause_between_transactions(place, paused.pid or 0)

        # The other worker has taken the job but not begun its transaction: both could still do it.
        with worker_process(place.url, hold=1.5) as other:
            assert wait_until(lambda: read_holder(place) not in (None, first))
            os.kill(paused.pid or 0, signal.SIGCONT)
            assert wait_until(lambda: read_effects(place, "job") == [0])
            with place.engine.connect() as connection:
                effects = connection.execute(select(EFFECTS.c.process)).scalars().all()

    assert effects == [other.pid]
    assert read_effects(place, "job") == [0]
    assert read_jobs(place) == []


def test_jobs_of_one_instance_never_overlap(place: Place) -> None:
    defer_jobs(place, range(80), 8)

    with worker_process(place.url, lasts=0.01), worker_process(place.url, lasts=0.01):
        assert wait_until(lambda: read_jobs(place) == [], 30)

    spans = defaultdict(list)
    with place.engine.connect() as connection:
        for row in connection.execute(select(EFFECTS).order_by(EFFECTS.c.began)):
            spans[row.ref % 8].append((row.began, row.ended, row.ref))
    for rows in spans.values():
        assert [ref for _, _, ref in rows] == sorted(ref for _, _, ref in rows)
        assert all(first[1] <= second[0] for first, second in pairwise(rows))
