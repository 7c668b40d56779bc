"""Timers and jobs that fail become incidents that say why in both languages and are tried again."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from engine import (
    deployments,
    history,
    incidents,
    instances,
    jobs,
    messages,
    queue,
    steps,
    tasks,
    timers,
    worker,
)
from engine.actors import SYSTEM, Actor
from engine.errors import BadInput
from engine.handlers import Registration, ServiceCall
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import Incident, Job, Message, Timer, UserTask
from tests.builders import ProcessBuilder, a_process
from tests.integration import queue_places
from tests.integration.queue_places import Place, wait_until
from web import sqlite

NORA = Actor("nora", frozenset({"staff"}))
WORK = worker.Work(fire_timer=timers.fire, run_job=jobs.run, fail_job=jobs.fail, fail_timer=timers.fail)


def _reminding() -> ProcessBuilder:
    process = a_process("reminding").start().user_task("a").end()
    process.boundary("remind", "a", process.timer("timeDuration", "PT0S"), interrupting=False)
    return process.service_task("mail", "mail").end("reminded")


def _mailing() -> ProcessBuilder:
    return a_process("mailing").start().service_task("mail", "mail").end()


def _open(session: Session) -> list[tuple[str, str]]:
    rows = session.scalars(select(Incident).where(Incident.status == "open"))
    return [(row.kind, row.element) for row in rows]


def test_a_timer_that_fails_is_an_incident_that_leaves_its_activity_alone(session: Session) -> None:
    deployments.deploy(session, [_reminding().file()], NORA)
    instance = instances.start(session, "reminding", {}, NORA)
    timer = session.scalars(select(Timer)).one()

    timers.fail(session, timer.id, "no mail server")

    assert _open(session) == [("timer", "remind")]
    assert timer.status == "waiting"
    assert session.scalars(select(UserTask.status)).all() == ["open"]
    incident = session.scalars(select(Incident)).one()
    assert incident.text("vi") == "Hẹn giờ “remind” không chạy được: no mail server"
    assert incident.text("en") == "Timer 'remind' could not fire: no mail server"
    tasks.complete(session, session.scalars(select(UserTask.id)).one(), {}, NORA)
    assert (_open(session), instance.status) == ([], "completed")


def test_a_failing_start_timer_is_tried_again_later(place: Place) -> None:
    process = a_process("monthly").start("start").user_task("a").end()
    process.find("start").append(process.timer("timeCycle", "R/P1M"))
    with place.session() as session:
        deployments.deploy(session, [process.file()], NORA)
        timer = session.scalars(select(Timer)).one()
        timers.fail(session, timer.id, "no mail server")
        session.commit()
        assert (timer.status, _open(session)) == ("waiting", [])

    (waiting,) = queue_places.read_jobs(place)
    assert waiting == ("timer", "todo", {"timer_id": 1, "failures": 0})


def test_a_failing_timer_is_seen_and_fires_again_through_the_worker(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [True]

    def mail(_session: Session, _call: ServiceCall) -> None:
        if broken:
            raise BadInput(expected="a mail server", found="none")

    monkeypatch.setattr(worker, "RETRY_PAUSES", (timedelta(0),))
    equipment = {"handlers": {"mail": Registration(mail)}}
    with place.session() as session:
        session.info.update(equipment)
        deployments.deploy(session, [_reminding().file()], NORA)
        instance_id = instances.start(session, "reminding", {}, NORA).id
        session.commit()

    sessions = sessionmaker(sqlite.writing(place.engine), info=equipment)
    running = worker.start_thread(place.queue, sessions, WORK)
    try:
        assert wait_until(lambda: _read_open(place) == [("timer", "remind")])
        assert wait_until(lambda: queue_places.read_jobs(place) == [])
        broken.clear()
        with place.session() as session:
            incidents.retry(session, session.scalars(select(Incident.id)).one(), NORA)
            session.commit()
        assert wait_until(lambda: "element.completed:reminded" in _read_history(place, instance_id))
    finally:
        assert worker.stop_thread(running, 15)

    kinds = [line.split(":")[0] for line in _read_history(place, instance_id)]
    assert _read_open(place) == []
    assert [kind for kind in kinds if kind.startswith("incident")] == [
        "incident.raised",
        "incident.retried",
        "incident.resolved",
    ]


def _read_open(place: Place) -> list[tuple[str, str]]:
    with place.session() as session:
        return _open(session)


def _read_history(place: Place, instance_id: int) -> list[str]:
    with place.session() as session:
        return [f"{event.kind}:{event.element}" for event in history.of_instance(session, instance_id)]


def test_a_failed_job_says_why_in_both_languages(session: Session) -> None:
    deployments.deploy(
        session, [a_process("mailing").start().service_task("mail", "mail").end().file()], NORA
    )
    instance = instances.start(session, "mailing", {}, NORA)
    for _ in range(3):
        jobs.fail(session, session.scalars(select(Job.id)).one(), "no connection")

    incident = session.scalars(select(Incident)).one()
    incidents.retry(session, incident.id, NORA)

    texts = {
        "vi": "Bước tự động “mail” lỗi: no connection",
        "en": "Job 'mail' failed: no connection",
    }
    assert {language: incident.text(language) for language in texts} == texts
    events = {event.kind: event for event in history.of_instance(session, instance.id)}
    assert events["incident.retried"].data == {"incident": incident.id, "kind": "job", **texts}
    assert events["incident.resolved"].data == {"token": incident.token, "kind": "job"}
    assert events["incident.resolved"].actor == "nora"


def test_an_incident_with_another_reason_is_raised_anew_and_not_called_resolved(session: Session) -> None:
    deployments.deploy(
        session, [a_process("mailing").start().service_task("mail", "mail").end().file()], NORA
    )
    instance = instances.start(session, "mailing", {}, NORA)
    instances.advance(session, instance, SYSTEM, lambda game: _hold(game, "first"))

    instances.advance(session, instance, SYSTEM, lambda game: _hold(game, "second"))

    kinds = [event.kind for event in history.of_instance(session, instance.id)]
    assert [kind for kind in kinds if kind.startswith("incident")] == ["incident.raised"] * 2
    assert session.scalars(select(Incident.status).order_by(Incident.id)).all() == ["resolved", "open"]


def _hold(game: Game, error: str) -> None:
    for token in game.tokens():
        stepping.hold(token, jobs.JobFailed(type="mail", error=error), "job")


def test_a_real_deadlock_is_a_lost_race(tmp_path: Path) -> None:
    with queue_places.open_place("postgresql", tmp_path) as place:
        with place.session() as session:
            deployments.deploy(session, [a_process("one").start().user_task("a").end().file()], NORA)
            pair = [instances.start(session, "one", {}, NORA).id for _ in range(2)]
            session.commit()
        barrier, errors = threading.Barrier(2), list[DBAPIError]()

        def lock(first: int, second: int) -> None:
            with place.session() as session:
                steps.locked(session, first)
                barrier.wait()
                try:
                    steps.locked(session, second)
                except DBAPIError as error:
                    errors.append(error)

        threads = [threading.Thread(target=lock, args=order) for order in (pair, pair[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert [steps.is_lost_race(error) for error in errors] == [True]


def test_a_deadlock_costs_a_job_no_retry(place: Place) -> None:
    lost: list[int] = []

    def run(session: Session, job_id: int) -> None:
        if len(lost) < 2:
            lost.append(job_id)
            raise OperationalError("", {}, psycopg.errors.DeadlockDetected())
        queue_places.record(session, "job", job_id)

    def fail(session: Session, job_id: int, error: str) -> None:
        queue_places.record(session, "failure", job_id, error)

    with place.session() as session:
        queue.defer_job(session, 1, 1, retries=1)
        session.commit()
    work = replace(WORK, run_job=run, fail_job=fail)
    running = worker.start_thread(place.queue, queue_places.make_sessions(place.engine), work)
    try:
        assert wait_until(lambda: queue_places.read_effects(place, "job") == [1])
    finally:
        assert worker.stop_thread(running, 15)

    assert queue_places.read_effects(place, "failure") == []


def test_the_worker_marks_messages_whose_time_has_ended(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "EXPIRY", "* * * * * *")
    with place.session() as session:
        messages.publish(session, "news", "K", {}, time_to_live=timedelta(0))
        messages.publish(session, "news", "K", {}, time_to_live=timedelta(days=1))
        session.commit()

    running = worker.start_thread(place.queue, queue_places.make_sessions(place.engine), WORK)
    try:
        assert wait_until(lambda: "expired" in _read_messages(place))
    finally:
        assert worker.stop_thread(running, 15)

    assert _read_messages(place) == ["expired", "buffered"]


def _read_messages(place: Place) -> list[str]:
    with place.session() as session:
        return list(session.scalars(select(Message.status).order_by(Message.id)))
