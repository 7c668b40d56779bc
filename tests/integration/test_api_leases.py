"""Many workers at once: no job goes to two of them, nobody waits for another, waiting pollers leave room."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, jobs, leases
from engine.actors import Actor
from engine.leases import Wanted
from engine.operations import suspension
from engine.tables import Job, ProcessInstance
from tests import calling, working
from tests.builders import a_process
from tests.integration import queue_places
from web import sqlite
from web.api import waiting

NORA = Actor("nora")
WORKERS, JOBS = 8, 60


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Give a database with the recipe of the pages: an SQLite file, and PostgreSQL where there is one."""
    with queue_places.open_place(request.param, tmp_path) as opened:
        yield sqlite.writing(opened.engine)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with working.open_office(tmp_path_factory.mktemp("office")) as opened:
        yield opened


def begin(place: Engine, count: int) -> None:
    with Session(place) as session:
        process = a_process("mailing").start().service_task("mail", "mail").end()
        deployments.deploy(session, [process.file()], NORA)
        for number in range(count):
            instances.start(session, "mailing", {"number": number}, NORA)
        session.commit()


def wanted(limit: int = 5, *, fenced: bool = False) -> Wanted:
    return Wanted("mail", "w", limit, timedelta(minutes=5), fenced=fenced)


def test_eight_workers_at_once_get_every_job_exactly_once(place: Engine) -> None:
    begin(place, JOBS)
    lent: list[int] = []
    start = threading.Barrier(WORKERS)

    def work() -> None:
        start.wait()
        while len(lent) <= JOBS:
            with Session(place) as session:
                found = [one.job.id for one in leases.activate(session, wanted())]
                session.commit()
            if not found:
                with Session(place) as session:
                    if not leases.is_any_free(session, "mail"):
                        return
            lent.extend(found)

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(lent) == JOBS
    assert max(Counter(lent).values()) == 1


def test_a_case_that_stands_still_gives_no_job_until_it_goes_on(place: Engine, morning: object) -> None:
    begin(place, 1)
    with Session(place) as session:
        number = session.scalars(select(ProcessInstance.id)).one()

        suspension.suspend(session, number, NORA, "checked")
        held = leases.activate(session, wanted())
        suspension.resume(session, number, NORA, "fine")
        going = leases.activate(session, wanted())

        assert (len(held), len(going)) == (0, 1)


def test_a_worker_whose_lease_went_to_another_one_ends_nothing(place: Engine, morning: object) -> None:
    begin(place, 1)
    with Session(place) as session:
        old = leases.activate(session, wanted(fenced=True))[0].job.lease
        clock.pin(clock.now() + timedelta(minutes=6))
        job = leases.activate(session, wanted(fenced=True))[0].job

        with pytest.raises(leases.LeaseLost):
            jobs.complete(session, job.id, {}, NORA, lease=old)
        jobs.complete(session, job.id, {}, NORA, lease=job.lease)

        assert session.scalars(select(Job.status)).one() == "completed"


def test_a_poller_is_answered_as_soon_as_there_is_a_job(app: Flask) -> None:
    caller, poller = calling.as_person(app, working.OPERATOR), calling.as_person(app, working.OPERATOR)
    app.config["API_WAIT"] = 30.0
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.extend(working.activate(poller, requestTimeout=30_000)))

    thread.start()
    time.sleep(0.3)  # it looks for the first time, finds nothing and waits
    key = working.start(caller, "charging")
    thread.join(timeout=20)

    app.config["API_WAIT"] = 0.5
    assert [job["processInstanceKey"] for job in found] == [key]  # type: ignore[index]


def test_when_too_many_wait_the_next_one_is_answered_at_once_with_nothing(app: Flask) -> None:
    caller = calling.as_person(app, working.OPERATOR)
    app.config["API_WAIT"] = 1000.0  # who would wait for it would not come back
    with app.app_context():
        places = [waiting.place() for _ in range(waiting.PLACES)]
        given = [place.__enter__() for place in places]

        jobs_given = working.activate(caller, requestTimeout=900_000, type="nobody-has-it")

        for place in places:
            place.__exit__(None, None, None)
    app.config["API_WAIT"] = 0.5
    assert all(given)
    assert jobs_given == []
