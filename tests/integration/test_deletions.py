"""Deleted versions begin nothing more, and nothing that happened on them is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deletions, deployments, history, instances, messages, tasks
from engine.actors import Actor
from engine.deletions import CasesRunning, StillUsed
from engine.deployment_tables import DecisionRequirements, Deletion, FileVersion
from engine.errors import NotFound
from engine.tables import Form, ProcessInstance, Subscription, Timer, UserTask
from tests.builders import ProcessBuilder, Z, a_process
from tests.deciding import a_decision, a_model, text

NORA = Actor("nora", frozenset({"staff"}))
FORM = b'{"type":"default","id":"ask","schemaVersion":19,"components":[]}'
pytestmark = pytest.mark.usefixtures("morning")


def deploy(session: Session, *files: tuple[str, bytes]) -> None:
    deployments.deploy_named(session, files, NORA)


def heard(step: str) -> ProcessBuilder:
    process = a_process("heard")
    return process.start("start", process.message("called")).user_task(step).end()


def test_the_version_before_becomes_the_newest_one(session: Session) -> None:
    deploy(session, a_process("p").start().user_task("one").end().file())
    deploy(session, a_process("p").start().user_task("two").end().file())

    deletions.delete_process(session, deployments.latest(session, "p").id, NORA)

    instance = instances.start(session, "p", {}, NORA)
    assert instance.definition.version == 1
    assert [one.version for one in deployments.list_latest(session)] == [1]


def test_the_number_of_a_deleted_version_is_never_given_again(session: Session) -> None:
    file = a_process("p").start().end().file()
    deploy(session, file)
    deletions.delete_process(session, deployments.latest(session, "p").id, NORA)

    deploy(session, file)

    assert deployments.latest(session, "p").version == 2


def test_a_version_that_a_case_runs_on_stays(session: Session) -> None:
    deploy(session, a_process("p").start().user_task("one").end().file())
    instance = instances.start(session, "p", {}, NORA)

    with pytest.raises(CasesRunning):
        deletions.delete_process(session, instance.definition_id, NORA)

    assert deployments.latest(session, "p").id == instance.definition_id


def test_history_and_picture_of_ended_cases_stay(session: Session) -> None:
    deploy(session, a_process("p").start().user_task("one").end().file())
    instance = instances.start(session, "p", {}, NORA)
    task = session.scalars(select(UserTask)).one()
    tasks.complete(session, task.id, {}, NORA)
    told = [event.kind for event in history.of_instance(session, instance.id)]

    deletions.delete_process(session, instance.definition_id, NORA)

    assert [event.kind for event in history.of_instance(session, instance.id)] == told
    assert tasks.element(session, task).id == "one"
    assert deployments.root(instance.definition) is not None
    deleted = session.scalars(select(Deletion)).one()
    assert (deleted.kind, deleted.number, deleted.actor) == (
        "process_definition",
        instance.definition_id,
        "nora",
    )


def test_nothing_starts_on_a_deleted_version(session: Session) -> None:
    deploy(session, a_process("p").start().end().file())
    definition = deployments.latest(session, "p")
    deletions.delete_process(session, definition.id, NORA)

    with pytest.raises(NotFound):
        instances.start(session, "p", {}, NORA)
    with pytest.raises(NotFound):
        instances.start_at(session, definition, "start", {}, NORA, "")
    with pytest.raises(NotFound):
        deletions.delete_process(session, definition.id, NORA)


def test_start_events_follow_the_newest_version_that_is_left(session: Session) -> None:
    deploy(session, heard("one").file())
    deploy(session, heard("two").file())

    deletions.delete_process(session, deployments.latest(session, "heard").id, NORA)
    messages.publish(session, "called", "", {}, actor=NORA)

    subscription = session.scalars(select(Subscription)).one()
    assert subscription.definition_id == deployments.latest(session, "heard").id
    assert session.scalars(select(ProcessInstance)).one().definition.version == 1


def test_the_last_version_takes_its_timers_with_it(session: Session) -> None:
    process = a_process("timed")
    deploy(session, process.start("start", process.timer("timeCycle", "R/P1D")).end().file())

    deletions.delete_process(session, deployments.latest(session, "timed").id, NORA)

    assert session.scalars(select(Timer.status)).all() == ["cancelled"]


def test_a_form_in_use_stays_and_an_old_version_goes(session: Session) -> None:
    process = a_process("p").start().user_task("one", Z.formDefinition(formId="ask")).end()
    deploy(session, ("ask.form", FORM), process.file())
    deploy(session, ("ask.form", FORM.replace(b"[]", b"[ ]").replace(b"}", b',"more":1}')))
    newest, oldest = session.scalars(select(Form).order_by(Form.version.desc())).all()
    deletions.delete_form(session, newest.id, NORA)

    with pytest.raises(StillUsed):
        deletions.delete_form(session, oldest.id, NORA)

    session.rollback()


def test_a_form_that_nothing_names_goes(session: Session) -> None:
    deploy(session, ("ask.form", FORM))

    deletions.delete_form(session, session.scalars(select(Form.id)).one(), NORA)

    with pytest.raises(NotFound):
        deployments.form(session, "ask")


def test_decisions_go_with_their_file_unless_a_diagram_calls_them(session: Session) -> None:
    model = ("d.dmn", a_model(a_decision("award", text("1"))))
    deploy(session, model, a_process("p").start().business_rule("ask", "award", "x").end().file())
    graph = session.scalars(select(DecisionRequirements)).one()
    savepoint = session.begin_nested()

    with pytest.raises(StillUsed):
        deletions.delete_requirements(session, graph.id, NORA)
    savepoint.rollback()
    deletions.delete_process(session, deployments.latest(session, "p").id, NORA)
    deletions.delete_requirements(session, graph.id, NORA)

    assert graph.deleted_at is not None


def test_a_file_has_versions_of_its_name(session: Session) -> None:
    deploy(session, ("notes.txt", b"one"))
    deploy(session, ("notes.txt", b"two"))
    newest = session.scalars(select(FileVersion).where(FileVersion.version == 2)).one()

    deletions.delete_file(session, newest.id, NORA)
    deploy(session, ("notes.txt", b"two"))

    versions = session.scalars(select(FileVersion.version).where(FileVersion.deleted_at.is_(None)))
    assert sorted(versions) == [1, 3]
