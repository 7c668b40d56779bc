"""A saved state that cannot be read is an incident of its case; everybody else goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from engine import (
    clock,
    deployments,
    history,
    incidents,
    instances,
    jobs,
    messages,
    queue,
    tasks,
    timers,
    worker,
)
from engine.actors import SYSTEM, Actor
from engine.errors import StateUnreadable
from engine.operations import damage, holds
from engine.spiff import state
from engine.tables import Base, Incident, Message, ProcessInstance, Timer, UserTask
from tests import databases, site
from tests.builders import ProcessBuilder, Z, a_process
from tests.integration import queue_places
from tests.integration.queue_places import Place, wait_until
from web import cli, create_app, db, sqlite

NORA = Actor("nora", frozenset({"staff"}))
WORK = worker.Work(fire_timer=timers.fire, run_job=jobs.run, fail_job=jobs.fail, fail_timer=timers.fail)
Body = dict[str, Any]


def _late() -> ProcessBuilder:
    process = a_process("late").start().user_task("a").end()
    process.boundary("deadline", "a", process.timer("timeDuration", "PT0S")).user_task("after").end("e2")
    return process


def _damage(session: Session, instance_id: int, text: str) -> str:
    """Write another state into the row, past the engine; return what was there."""
    before = session.get_one(ProcessInstance, instance_id).state
    session.execute(update(ProcessInstance).where(ProcessInstance.id == instance_id).values(state=text))
    session.expire_all()
    return before


def _open_tasks(session: Session, instance_id: int) -> list[str]:
    query = select(UserTask.element).where(UserTask.instance_id == instance_id, UserTask.status == "open")
    return list(session.scalars(query))


def _next_format(body: Body) -> None:
    body["format"] = state.FORMAT + 1


def _unknown_element(body: Body) -> None:
    body["tokens"][0][1] = "nowhere"


def _no_scope(body: Body) -> None:
    body["tokens"][0][3]["scope"] = 77


def _wait_is_text(body: Body) -> None:
    body["tokens"][0][3]["wait"] = "task"


def _twice(body: Body) -> None:
    body["tokens"].append(body["tokens"][0])


def _no_tokens(body: Body) -> None:
    del body["tokens"]


def _no_scopes(body: Body) -> None:
    body["scopes"] = []


def _circle(body: Body) -> None:
    body["scopes"].append([3, 3, None, {}])


def _unknown_state(body: Body) -> None:
    body["tokens"][0][2] = "asleep"


def _scope_of_another(body: Body) -> None:
    body["tokens"][0][3]["local"] = 0


def _no_place_in_the_loop(body: Body) -> None:
    body["tokens"][0][3].update(results=[], remaining=[], finished=0, count=0)
    number, element, state_, _ = body["tokens"][0]
    body["scopes"].append([body["next"], 0, body["next"], {}])
    own = {"scope": 0, "body": number, "index": 0, "local": body["next"]}
    body["tokens"].append([body["next"], element, state_, own])
    body["next"] += 1


DAMAGES = (
    _scope_of_another,
    _no_place_in_the_loop,
    _next_format,
    _unknown_element,
    _no_scope,
    _wait_is_text,
    _twice,
    _no_tokens,
    _no_scopes,
    _circle,
    _unknown_state,
)


@pytest.mark.parametrize("break_it", DAMAGES, ids=lambda break_it: break_it.__name__.strip("_"))
def test_a_damaged_state_is_named_with_its_case_and_its_cause(
    session: Session, break_it: Callable[[Body], None]
) -> None:
    deployments.deploy(session, [_late().file()], NORA)
    instance = instances.start(session, "late", {}, NORA)
    body = json.loads(instance.state)
    break_it(body)
    _damage(session, instance.id, json.dumps(body))

    with pytest.raises(StateUnreadable) as refused:
        tasks.complete(session, session.scalars(select(UserTask.id)).one(), {}, NORA)

    assert refused.value.instance == instance.id
    assert f"hồ sơ {instance.id}:" in refused.value.text("vi")
    assert f"process instance {instance.id} " in refused.value.text("en")
    assert [error.instance for error in damage.find(session)] == [instance.id]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"format":"1"}', '{"format":true}'])
def test_whatever_stands_in_the_row_is_an_engine_error(session: Session, text: str) -> None:
    deployments.deploy(session, [_late().file()], NORA)
    instance = instances.start(session, "late", {}, NORA)
    _damage(session, instance.id, text)

    with pytest.raises(StateUnreadable):
        instances.load(session, instance, SYSTEM)


def test_the_incident_of_a_damaged_state_holds_its_case_until_it_can_be_read(
    session: Session, morning: datetime
) -> None:
    deployments.deploy(session, [_late().file()], NORA)
    instance = instances.start(session, "late", {}, NORA)
    before = _damage(session, instance.id, '{"format":99}')
    with pytest.raises(StateUnreadable) as refused:
        instances.load(session, instance, SYSTEM)

    incident = damage.report(session, refused.value)
    assert incident is not None
    assert damage.report(session, refused.value) is incident
    assert (incident.kind, incident.element) == ("state", "late")
    assert "định dạng 99" in incident.text("vi")
    with pytest.raises(holds.Suspended) as told:
        tasks.complete(session, session.scalars(select(UserTask.id)).one(), {}, NORA)
    assert "định dạng 99" in told.value.text("vi")
    with pytest.raises(StateUnreadable):
        incidents.retry(session, incident.id, NORA)
    assert timers.due(session, clock.now() + timedelta(days=1)) == []

    _damage(session, instance.id, before)
    incidents.retry(session, incident.id, NORA, reason="đã khôi phục từ bản sao")
    assert (incident.status, instance.suspended_at) == ("resolved", None)
    assert timers.fire(session, session.scalars(select(Timer.id)).one())
    assert _open_tasks(session, instance.id) == ["after"]
    kinds = [event.kind for event in history.of_instance(session, instance.id)]
    assert [kind for kind in kinds if kind.startswith("incident")] == [
        "incident.raised",
        "incident.retried",
        "incident.resolved",
    ]


def test_the_incident_of_a_damaged_state_ends_with_its_case(session: Session) -> None:
    deployments.deploy(session, [_late().file()], NORA)
    instance = instances.start(session, "late", {}, NORA)
    before = _damage(session, instance.id, "")
    (error,) = damage.find(session)
    damage.report(session, error)
    _damage(session, instance.id, before)

    instances.cancel(session, instance.id, NORA, reason="không cần nữa")

    assert session.scalars(select(Incident.status)).all() == ["resolved"]
    assert damage.report(session, error) is None


def test_who_sends_a_message_to_a_damaged_case_is_not_harmed_and_the_message_waits(session: Session) -> None:
    asking = a_process("asking")
    asking.start().catch("answer", asking.message("answer", '="K"')).user_task("read").end()
    telling = a_process("telling")
    telling.start().throw("tell", telling.message("answer", '="K"')).user_task("told").end()
    deployments.deploy(session, [asking.file(), telling.file()], NORA)
    damaged = instances.start(session, "asking", {}, NORA)
    before = _damage(session, damaged.id, "{}")

    teller = instances.start(session, "telling", {}, NORA)

    assert _open_tasks(session, teller.id) == ["told"]
    assert session.scalars(select(Message.status)).one() == "buffered"
    incident = session.scalars(select(Incident)).one()
    assert (incident.instance_id, incident.kind) == (damaged.id, "state")
    _damage(session, damaged.id, before)
    incidents.retry(session, incident.id, NORA)
    assert _open_tasks(session, damaged.id) == ["read"]


def test_a_message_passes_a_damaged_case_and_reaches_the_next_one(session: Session) -> None:
    asking = a_process("asking")
    asking.start().catch("answer", asking.message("answer", '="K"')).user_task("read").end()
    deployments.deploy(session, [asking.file()], NORA)
    damaged, sound = (instances.start(session, "asking", {}, NORA) for _ in range(2))
    _damage(session, damaged.id, "{}")

    messages.publish(session, "answer", "K", {})

    assert _open_tasks(session, sound.id) == ["read"]


def test_a_case_that_cannot_be_read_can_still_be_cancelled_with_what_it_called(session: Session) -> None:
    inner = a_process("inner").start().user_task("work").end()
    outer = a_process("outer").start().gateway("fork", "parallel").user_task("a").end()
    outer.boundary("late", "a", outer.timer("timeDuration", "P1D")).end("e2")
    outer.at("fork").add("callActivity", "call", Z.calledElement(processId="inner")).end("e3")
    deployments.deploy(session, [inner.file(), outer.file()], NORA)
    parent = instances.start(session, "outer", {}, NORA)
    child = session.scalars(select(ProcessInstance).where(ProcessInstance.parent_id == parent.id)).one()
    for damaged in (parent, child):
        _damage(session, damaged.id, "?")

    instances.cancel(session, parent.id, NORA, reason="không khôi phục được")

    assert (parent.status, child.status) == ("cancelled", "cancelled")
    assert set(session.scalars(select(UserTask.status))) == {"cancelled"}
    assert session.scalars(select(Timer.status)).all() == ["cancelled"]
    last = history.of_instance(session, parent.id)[-1]
    assert (last.kind, last.data) == ("instance.cancelled", {"reason": "không khôi phục được"})


def test_the_worker_names_a_damaged_case_and_goes_on_with_the_others(place: Place) -> None:
    with place.session() as session:
        deployments.deploy(session, [_late().file()], NORA)
        damaged, sound = (instances.start(session, "late", {}, NORA).id for _ in range(2))
        before = _damage(session, damaged, "not a state")
        session.commit()

    running = worker.start_thread(place.queue, sessionmaker(sqlite.writing(place.engine)), WORK)
    try:
        assert wait_until(lambda: _elements(place, sound) == ["after"])
        assert wait_until(lambda: _kinds(place) == ["state"])
        assert wait_until(lambda: queue_places.read_jobs(place) == [])
        with place.session() as session:
            _damage(session, damaged, before)
            incidents.retry(session, session.scalars(select(Incident.id)).one(), NORA)
            session.commit()
        assert wait_until(lambda: _elements(place, damaged) == ["after"])
    finally:
        assert worker.stop_thread(running, 15)


def _elements(place: Place, instance_id: int) -> list[str]:
    with place.session() as session:
        return _open_tasks(session, instance_id)


def _kinds(place: Place) -> list[str]:
    with place.session() as session:
        return list(session.scalars(select(Incident.kind).where(Incident.status == "open")))


def test_the_check_beside_the_database_names_what_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in databases.settings(tmp_path).items():
        monkeypatch.setenv(name, value)
    app = create_app()
    with app.app_context():
        Base.metadata.create_all(sqlite.writing(db.db.engine))
        queue.create_schema(db.current_queue())
        with db.transaction() as session:
            deployments.deploy(session, [_late().file()], NORA)
            damaged, sound = (instances.start(session, "late", {}, NORA).id for _ in range(2))
            _damage(session, damaged, "")
    site.close(app)
    path = tmp_path / "late.bpmn"
    path.write_bytes(_late().file()[1])

    answer = CliRunner().invoke(cli.bangvang, ["check", "--database", str(path)])

    assert answer.exit_code == 0
    assert f"process instance {damaged} " in answer.stderr
    assert f"process instance {sound} " not in answer.stderr
    app = create_app()
    with app.app_context(), db.reading() as session:
        assert session.scalars(select(Incident.instance_id)).all() == [damaged]
    site.close(app)


def test_who_sends_a_step_of_a_damaged_case_is_told_and_the_incident_is_raised(tmp_path: Path) -> None:
    with site.open_site(tmp_path) as app:
        an = site.sign_in(app, "an.p1")
        task_id = site.start_proposal(an)
        with app.app_context(), db.transaction() as session:
            number = session.get_one(UserTask, task_id).instance_id
            _damage(session, number, "{}")

        shown, sent = an.get(f"/tasks/{task_id}"), an.post(f"/tasks/{task_id}/complete", {})

        assert (shown.status_code, sent.status_code) == (409, 409)
        assert f"hồ sơ {number}: định dạng None" in sent.text
        with app.app_context(), db.reading() as session:
            assert session.scalars(select(Incident.instance_id)).all() == [number]
        assert an.get("/").status_code == 200
