"""States and databases that release 1 wrote are finished by this one.

`tests/fixtures/release_1/making.py` tells how they were made.
"""

from __future__ import annotations

import json
import lzma
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import (
    clock,
    deployments,
    history,
    incidents,
    instances,
    jobs,
    messages,
    tasks,
    timers,
)
from engine.actors import Actor
from engine.audit import log as audit_log
from engine.audit import verification
from engine.bpmn import reading
from engine.spiff import state
from engine.spiff.compiling import compile_process
from engine.tables import Incident, Job, ProcessDefinition, ProcessInstance, Subscription, Timer, UserTask
from tests import carrying, databases, site
from tests.builders import a_process
from tests.playing import Play
from web import cli, create_app, db
from workflows import organisation_people, story
from workflows.tables import Person

RELEASE = Path(__file__).parents[1] / "fixtures" / "release_1"
STATES: dict[str, dict[str, Any]] = json.loads((RELEASE / "states.json").read_text(encoding="utf-8"))
MOMENT = datetime(2026, 10, 6, 2, 0, tzinfo=UTC)
NORA = Actor("nora", frozenset({"staff"}))
STEPS = 400
# what would go on for ever, or end a case before its own waits have been finished
ASIDE = frozenset({"beside", "late", "slow", "heard", "reminded", "taken"})


class Old(Play):
    """A process in memory that goes on from a saved state of the release."""

    def __init__(self, saved: Mapping[str, Any]) -> None:
        diagram = reading.read(etree.fromstring(saved["diagram"].encode()))
        self.compiled = compile_process(diagram.processes[saved["process"]])
        self.handlers, self.now = {}, MOMENT
        self.elements, self.thrown, self.signals, self.facts = [], [], [], []
        self.text, self.status = saved["state"], saved["status"]


@pytest.mark.parametrize("name", STATES)
def test_a_saved_state_goes_on_as_the_release_went_on(name: str) -> None:
    saved = STATES[name]
    play = Old(saved)

    for _ in range(STEPS):
        waits = sorted(state.waits(play.load()).values(), key=lambda wait: wait.token)
        chosen = next((wait for wait in waits if wait.element not in ASIDE and wait.kind != "incident"), None)
        if chosen is not None:
            number = [wait.token for wait in waits if wait.element == chosen.element].index(chosen.token)
            play.go_on(chosen.element, number, **saved["answers"].get(chosen.element, {}))
        elif waits:
            play.retry(waits[0].element)
        else:
            break

    found = {"status": play.status, "elements": play.elements, "variables": play.variables}
    assert found == saved["expected"]


@pytest.mark.parametrize("name", STATES)
def test_a_saved_state_waits_for_the_same_after_it_was_saved_by_this_release(name: str) -> None:
    play = Old(STATES[name])
    before = state.waits(play.load())

    play.text = state.dump(play.load())

    assert before
    assert state.waits(play.load()) == before


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    """Give an application on the upgraded database of the release, at the moment it was left."""
    text = lzma.decompress((RELEASE / "database.sql.xz").read_bytes()).decode()
    with closing(sqlite3.connect(tmp_path / databases.FILE)) as connection:
        connection.executescript(text)
    clock.pin(MOMENT)
    made = create_app(databases.settings(tmp_path))
    with made.app_context():
        if databases.ON_POSTGRESQL:
            flask_migrate.upgrade(revision=carrying.read_revision(tmp_path / databases.FILE))
            carrying.carry(tmp_path / databases.FILE, db.db.engine)
        cli.prepare_database()
        yield made
    site.close(made)
    clock.unpin()


def test_every_instance_of_an_upgraded_database_ends(app: Flask) -> None:
    with db.reading() as session:
        before = {row.id: row.events for row in session.scalars(select(ProcessInstance))}

    for _ in range(STEPS):
        with db.transaction() as session:
            if not do_next(session):
                break

    with db.reading() as session:
        rows = session.scalars(select(ProcessInstance)).all()
        left = [
            (row.process_id, row.business_key, row.status, waits_of(session, row))
            for row in rows
            if row.status == "active"
        ]
        assert left == []
        assert len(rows) > len(before)  # the consolidation went on to the department
        assert {row.status for row in rows} == {"completed", "cancelled"}
        for row in rows:
            numbers = [event.sequence for event in history.of_instance(session, row.id)]
            assert numbers == list(range(1, row.events + 1))
            assert row.events >= before.get(row.id, 0)
        for table, is_open in (
            (UserTask, UserTask.status == "open"),
            (Job, Job.status == "open"),
            (Timer, (Timer.status == "waiting") & Timer.instance_id.is_not(None)),
            (Incident, Incident.status == "open"),
            (Subscription, Subscription.instance_id.is_not(None)),
        ):
            assert session.scalars(select(table).where(is_open)).all() == []  # type: ignore[var-annotated]
        # what the release wrote is chained, and what came after hangs on it
        report = verification.verify(audit_log.records(session))
        assert report.findings == []
        assert report.events == sum(row.events for row in rows)


def test_what_waited_for_a_person_or_a_message_is_still_theirs(app: Flask) -> None:
    with db.transaction() as session:
        held = session.scalars(
            select(UserTask).where(UserTask.assignee == "nora", UserTask.status == "open")
        ).one()
        mia = Actor("mia", frozenset({"staff"}))
        assert not tasks.may_act(held, mia)

        tasks.release(session, held.id, NORA)
        tasks.claim(session, held.id, mia)
        late = Actor("ulf", frozenset({"staff"}))
        started = a_process("r1_late").start()
        started.catch("wait", started.message("r1_event_news", '="E9"')).end()
        deployments.deploy(session, [started.file()], late)
        instance = instances.start(session, "r1_late", {}, late)

    # the message was buffered by the release, weeks of its time to live are left
    assert instance.status == "completed"
    assert state.variables(instance.state) == {"kept": True}


def test_the_upgraded_schema_is_the_one_of_this_release(app: Flask) -> None:
    with db.reading() as session:
        found = compare_metadata(MigrationContext.configure(session.connection()), db.db.metadata)

    # the tables of the queue are its own affair
    assert [change for change in found if "procrastinate" not in repr(change)] == []


def waits_of(session: Session, instance: ProcessInstance) -> list[tuple[str, str]]:
    game = instances.load(session, instance, NORA)
    return sorted((wait.kind, wait.element) for wait in state.waits(game).values())


def do_next(session: Session) -> bool:
    """Do one thing that somebody waits for; False when nothing is left to do."""
    acts = (_complete_a_case, _complete_a_job, _publish, _tell_the_story, _retry, _fire)
    return any(act(session) for act in acts)


def answers_for(process_id: str, element: str) -> dict[str, Any]:
    saved = next((one for one in STATES.values() if one["process"] == process_id), {"answers": {}})
    return dict(saved["answers"].get(element, {}))


def _complete_a_case(session: Session) -> bool:
    query = select(UserTask).where(UserTask.status == "open", UserTask.process_id.startswith("r1_"))
    task = session.scalars(query.where(UserTask.element.not_in(ASIDE)).order_by(UserTask.id)).first()
    if task is None:
        return False
    actor = Actor(task.assignee or "nora", frozenset({"staff"}))
    tasks.complete(session, task.id, answers_for(task.process_id, task.element), actor)
    return True


def _complete_a_job(session: Session) -> bool:
    job = session.scalars(select(Job).where(Job.status == "open").order_by(Job.id)).first()
    if job is None:
        return False
    jobs.complete(session, job.id, {"answer": 42}, NORA)
    return True


def _publish(session: Session) -> bool:
    waiting = select(Subscription).where(Subscription.instance_id.is_not(None))
    query = waiting.where(Subscription.message_name.startswith("r1_"), Subscription.element.not_in(ASIDE))
    row = session.scalars(query.order_by(Subscription.id)).first()
    if row is None:
        return False
    messages.publish(session, row.message_name, row.correlation_key or "", {"text": "đã nhận"})
    return True


def _retry(session: Session) -> bool:
    incident = session.scalars(
        select(Incident).where(Incident.status == "open").order_by(Incident.id)
    ).first()
    if incident is None:
        return False
    if incident.kind == "call":
        later = a_process("r1_later").start().user_task("work").end()
        session.info.pop("groups")  # nora and her group belong to no organisation
        deployments.deploy(session, [later.file()], NORA)
    if incident.kind == "timer":
        # it goes on waiting by itself; a retry only asks the queue again
        timer = session.scalars(select(Timer).where(Timer.token == incident.token, Timer.element == "pause"))
        with clock.pinned(max(row.due_at for row in timer)):
            _fire_all(session, incident.instance_id)
        return True
    incidents.retry(session, incident.id, NORA)
    return True


def _fire_all(session: Session, instance_id: int) -> None:
    for timer in session.scalars(select(Timer).where(Timer.instance_id == instance_id)).all():
        timers.fire(session, timer.id)


def _fire(session: Session) -> bool:
    """Let the first timer fire that belongs to an instance; the clock moves on to it."""
    query = select(Timer).where(Timer.status == "waiting", Timer.instance_id.is_not(None))
    timer = session.scalars(query.order_by(Timer.due_at, Timer.id)).first()
    if timer is None:
        return False
    clock.pin(max(timer.due_at, clock.now()))
    timers.fire(session, timer.id)
    return True


def _tell_the_story(session: Session) -> bool:
    """Let whoever has a task of the chain do it; the list of the month comes after what it waits for."""
    found = [
        (task.element == "review_proposals", task.id, login, task.element)
        for login in session.scalars(select(Person.login).order_by(Person.id)).all()
        for task in session.scalars(tasks.open_for(organisation_people.find_actor(session, login)))
    ]
    if not found:
        return False
    _, _, login, element = min(found)

    def answer(values: dict[str, Any]) -> dict[str, Any]:
        told = dict(_ANSWERS.get(element, {}))
        if "rows" in values:
            reason = "Phạm vi ảnh hưởng chưa đến toàn quốc" if element == "record_state_answer" else ""
            told["rows"] = [
                {**row, "decision": _choice(element, row), "reason": reason} for row in values["rows"]
            ]
        return told

    story.complete(session, login, element, answer)
    return True


_ANSWERS: Mapping[str, dict[str, Any]] = {
    "prepare_proposal": {"report_kind": "nothing_to_report", "nominees": []},
    "head_review": {"decision": "sign"},
    "review_proposals": {"closed": True},
    "sign_submission": {"decision": "sign"},
    "decide": {"decision": "approve"},
    "sign_state_submission": {"sign": True},
    "acknowledge_results": {"informed": True},
}


def _choice(element: str, row: Mapping[str, Any]) -> str:
    if element == "decide":
        return "award" if str(row["form_label"]).startswith("Giấy khen") else "submit_up"
    choices = {"review_proposals": "accept", "appraise": "recommend", "record_state_answer": "declined"}
    return choices.get(element, "award")


def test_the_fixture_has_every_kind_of_wait_and_of_row(app: Flask) -> None:
    with db.reading() as session:
        active = select(ProcessInstance).where(ProcessInstance.status == "active")
        waits = {kind for row in session.scalars(active) for kind, _ in waits_of(session, row)}
        kinds = set(session.scalars(select(Incident.kind)))
        starts = session.scalars(
            select(ProcessDefinition).where(ProcessDefinition.process_id == "r1_starting")
        )
        assert len(starts.all()) == 1

    assert waits == {"task", "job", "timer", "message", "call", "incident"}
    assert kinds == {"expression", "call", "job", "timer"}
