"""A handler that reaches outside holds no lock while it waits there; its outcome is taken once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from engine import deployments, instances, jobs, tasks, timers, worker
from engine.actors import Actor
from engine.errors import BadInput, BpmnError
from engine.handlers import Handler, Json, Registration, ServiceCall
from engine.operations import suspension
from engine.tables import Incident, Job, ProcessInstance, UserTask
from tests.builders import ProcessBuilder, a_process
from tests.integration.queue_places import Place, wait_until
from web import sqlite

NORA = Actor("nora", frozenset({"staff"}))
WORK = worker.Work(
    fire_timer=timers.fire,
    run_job=jobs.run,
    fail_job=jobs.fail,
    fail_timer=timers.fail,
    outside=worker.Outside(jobs.prepare, jobs.call, jobs.take),
)


def _mailing() -> ProcessBuilder:
    process = a_process("mailing").start().gateway("fork", "parallel")
    process.service_task("mail", "mail").user_task("mailed").end()
    process.at("fork").user_task("beside").user_task("after").end("e2")
    process.boundary("refused", "mail", process.coded("error", "bounced")).user_task("repair").end("e3")
    return process


def begin(place: Place, handler: Handler) -> tuple[int, Callable[[], worker.Running]]:
    """Start an instance whose job waits in the queue; return its id and how to start a worker."""
    equipment = {"handlers": {"mail": Registration(handler, outside=True)}}
    with place.session() as session:
        session.info.update(equipment)
        deployments.deploy(session, [_mailing().file()], NORA)
        number = instances.start(session, "mailing", {}, NORA).id
        session.commit()
    sessions = sessionmaker(sqlite.writing(place.engine), info=equipment)
    return number, lambda: worker.start_thread(place.queue, sessions, WORK)


def open_elements(place: Place) -> list[str]:
    with place.session() as session:
        query = select(UserTask.element).where(UserTask.status == "open").order_by(UserTask.element)
        return list(session.scalars(query))


class Outside:
    """Somebody outside who answers when the test lets them."""

    def __init__(self) -> None:
        self.asked, self.answer, self.calls = threading.Event(), threading.Event(), 0

    def handle(self, session: Session, _call: ServiceCall) -> Mapping[str, Json]:
        """Read what is there, wait for the answer."""
        session.scalars(select(ProcessInstance.id)).all()
        self.calls += 1
        self.asked.set()
        assert self.answer.wait(20)
        return {"sent": True}


def test_others_go_on_with_the_same_case_while_a_handler_waits_outside(place: Place) -> None:
    outside = Outside()
    _, start = begin(place, outside.handle)
    running = start()
    try:
        assert outside.asked.wait(20)
        with place.session() as session:
            task = session.scalars(select(UserTask).where(UserTask.element == "beside")).one()
            tasks.complete(session, task.id, {}, NORA)
            session.commit()
        assert open_elements(place) == ["after"]
        outside.answer.set()
        assert wait_until(lambda: open_elements(place) == ["after", "mailed"])
    finally:
        outside.answer.set()
        assert worker.stop_thread(running, 15)
    assert outside.calls == 1


def test_the_answer_for_a_case_that_was_suspended_meanwhile_is_kept(place: Place) -> None:
    outside = Outside()
    number, start = begin(place, outside.handle)
    running = start()
    try:
        assert outside.asked.wait(20)
        with place.session() as session:
            suspension.suspend(session, number, NORA, "chờ thanh tra")
            session.commit()
        outside.answer.set()
        assert wait_until(lambda: _kept(place))
        with place.session() as session:
            suspension.resume(session, number, NORA, "xong")
            session.commit()
        assert open_elements(place) == ["beside", "mailed"]
    finally:
        outside.answer.set()
        assert worker.stop_thread(running, 15)
    assert outside.calls == 1


def _kept(place: Place) -> bool:
    with place.session() as session:
        return session.scalars(select(Job.results)).one() is not None


def test_a_business_error_from_outside_is_caught_at_its_step(place: Place) -> None:
    def bounce(_session: Session, _call: ServiceCall) -> None:
        raise BpmnError("bounced")

    _, start = begin(place, bounce)
    running = start()
    try:
        assert wait_until(lambda: open_elements(place) == ["beside", "repair"])
    finally:
        assert worker.stop_thread(running, 15)


def test_a_handler_outside_that_fails_or_writes_becomes_an_incident(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "RETRY_PAUSES", (worker.timedelta(0),))
    tries: list[int] = []

    def write(session: Session, call: ServiceCall) -> None:
        tries.append(call.instance_id)
        if len(tries) == 1:
            raise BadInput(expected="a mail server", found="none")
        session.execute(update(ProcessInstance).values(business_key="written"))

    _, start = begin(place, write)
    running = start()
    try:
        assert wait_until(lambda: _incidents(place) == ["job"])
    finally:
        assert worker.stop_thread(running, 15)

    assert len(tries) == 3
    with place.session() as session:
        assert session.scalars(select(ProcessInstance.business_key)).one() == ""


def _incidents(place: Place) -> list[str]:
    with place.session() as session:
        return list(session.scalars(select(Incident.kind).where(Incident.status == "open")))
