"""Whose case it is: one rule for pages and programs; others are told nothing, not even that there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Select, select, text, update
from sqlalchemy.orm import Session

from engine import instances, tasks
from engine.actors import Actor
from engine.errors import NotFound
from engine.tables import HistoryEvent, ProcessInstance, UserTask
from tests import calling, site, working
from tests.builders import a_process
from tests.calling import Caller
from web import db, people, relations
from web.api import keys
from web.security import audiences_of

OUTSIDER = Actor("chi.p2", frozenset({"P2.staff"}))
MEMBER = Actor("mai.tchc", frozenset({"TCHC.staff"}))
NAMED = Actor("an.p1", frozenset({"P1.staff"}))
STARTER = Actor(working.OPERATOR, frozenset({"workers"}))
AUDITOR = Actor("uyen.tt", frozenset({"auditors"}))
ADMINISTRATOR = Actor("vinh.it", frozenset({"administrators"}))
# Addresses with a key that anybody who is signed in may ask about: what they tell belongs to no case.
NOBODYS = ("process-definitions", "decision-definitions", "forms", "resources", "users", "groups", "roles")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with working.open_office(tmp_path_factory.mktemp("office")) as opened:
        calling.as_person(opened, working.OPERATOR).deploy(
            a_process("calling")
            .start()
            .add("callActivity", "below", working.Z.calledElement(processId="purchase"))
            .end()
            .file(),
            a_process("eyes")
            .start()
            .user_task("propose", candidateGroups="P1.staff")
            .user_task("approve", _four_eyes(), candidateGroups="P1.staff,P2.staff")
            .end()
            .file(),
        )
        yield opened


def _four_eyes() -> Any:
    return working.Z.properties(working.Z.property(name="bv:fourEyes", value="true"))


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    with app.app_context():
        yield db.db.session()


@pytest.fixture
def case(app: Flask) -> int:
    return keys.read("process_instance", working.start(calling.as_person(app, working.OPERATOR)))


def seen(session: Session, actor: Actor) -> set[int]:
    return set(session.scalars(select(ProcessInstance.id).where(relations.visible_instances(actor))))


def sees(session: Session, instance_id: int, actor: Actor) -> bool:
    """Tell it by the condition, and make sure that the check of one case says the same."""
    try:
        relations.ensure_sees(session, instance_id, actor)
        alone = True
    except NotFound:
        alone = False
    assert alone == (instance_id in seen(session, actor))
    return alone


def test_who_started_it_who_is_offered_a_task_and_who_reads_all_sees_a_case(
    session: Session, case: int
) -> None:
    told = {
        actor.name: sees(session, case, actor) for actor in (STARTER, NAMED, MEMBER, AUDITOR, ADMINISTRATOR)
    }

    assert set(told.values()) == {True}
    assert not sees(session, case, OUTSIDER)


def test_who_did_a_task_keeps_the_case_and_who_might_have_done_it_does_not(app: Flask, case: int) -> None:
    with app.test_request_context(method="POST"), db.transaction() as session:
        task_id = session.scalars(select(UserTask.id).where(UserTask.instance_id == case)).one()
        tasks.complete(session, task_id, {"agreed": True}, MEMBER)

    with app.app_context():
        session = db.db.session()
        assert sees(session, case, MEMBER)
        assert not sees(session, case, NAMED)
        assert set(session.scalars(select(UserTask.id).where(relations.visible_tasks(MEMBER)))) >= {task_id}


def test_a_called_case_follows_its_caller_and_not_the_other_way_round(app: Flask) -> None:
    starter = Actor("chi.p2", frozenset({"P2.staff"}))
    with app.test_request_context(method="POST"), db.transaction() as session:
        above = instances.start(session, "calling", {"order": "B", "total": 1}, starter).id
        called = update(ProcessInstance).where(ProcessInstance.parent_id == above)
        session.execute(called.values(started_by="system"))  # as when a timer's step had called it
    with app.app_context():
        session = db.db.session()
        below = session.scalars(select(ProcessInstance.id).where(ProcessInstance.parent_id == above)).one()

        assert sees(session, above, starter)
        assert sees(session, below, starter)
        assert sees(session, below, MEMBER)
        assert not sees(session, above, MEMBER)


def test_a_hidden_case_and_a_missing_one_are_refused_in_the_same_words(session: Session, case: int) -> None:
    texts = []
    for number in (case, 999_999):
        with pytest.raises(NotFound) as refused:
            relations.ensure_sees(session, number, OUTSIDER)
        texts.append(refused.value.text("en").replace(str(number), "N"))

    assert texts[0] == texts[1]


@pytest.mark.parametrize("noun", ["instances", "tasks"])
def test_finding_ones_own_cases_reads_no_table_from_end_to_end(session: Session, noun: str) -> None:
    if session.get_bind().dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole, whatever indexes there are")
    queries: Mapping[str, Select[int]] = {
        "instances": select(ProcessInstance.id).where(relations.visible_instances(OUTSIDER)),
        "tasks": select(UserTask.id).where(relations.visible_tasks(OUTSIDER)),
    }
    compiled = queries[noun].compile(session.get_bind(), compile_kwargs={"literal_binds": True})

    plan = [row[3] for row in session.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))]

    assert [line for line in plan if line.startswith(("SCAN process_instance", "SCAN user_task"))] == []


def keys_of(app: Flask, case: int) -> Mapping[str, str]:
    """Return one key of each kind that belongs to a case."""
    with app.app_context():
        session = db.db.session()
        task = session.scalars(select(UserTask).where(UserTask.instance_id == case)).first()
        event = session.scalars(select(HistoryEvent.id).where(HistoryEvent.instance_id == case)).first()
        assert task is not None
        return {
            "process-instances": keys.write("process_instance", case),
            "user-tasks": keys.write("user_task", task.id),
            "element-instances": keys.write_element(case, task.token),
            "audit-logs": keys.write("audit_log", event or 0),
        }


@pytest.mark.parametrize("name", ["chi.p2", "thao.it"])
def test_no_address_for_programs_tells_others_anything_about_a_case(app: Flask, case: int, name: str) -> None:
    caller, mine = calling.as_person(app, name), keys_of(app, case)
    rules = [
        rule for rule in app.url_map.iter_rules() if "<key>" in rule.rule and rule.rule.startswith("/v2/")
    ]
    asked = [rule for rule in rules if rule.rule.split("/")[2] not in NOBODYS]

    answers = {
        f"{method} {rule.rule}": _ask(caller, method, rule.rule.replace("<key>", key)).status_code
        for rule in asked
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        for key in [mine.get(rule.rule.split("/")[2], keys.write("job", 1))]
    }

    assert len(answers) > 20
    assert {asked: status for asked, status in answers.items() if status not in (400, 403, 404)} == {}


def test_the_same_addresses_answer_whoever_the_case_is_of(app: Flask, case: int) -> None:
    caller, mine = calling.as_person(app, "mai.tchc"), keys_of(app, case)

    statuses = {noun: caller.get(f"/{noun}/{key}").status_code for noun, key in mine.items()}

    assert statuses == dict.fromkeys(mine, 200)


@pytest.mark.parametrize(
    "noun", ["process-instances", "user-tasks", "element-instances", "audit-logs", "incidents"]
)
def test_no_search_finds_a_case_of_others(app: Flask, case: int, noun: str) -> None:
    filters = {"processInstanceKey": keys.write("process_instance", case)}

    others = working.find(calling.as_person(app, "chi.p2"), noun, **filters)
    ours = working.find(calling.as_person(app, "mai.tchc"), noun, **filters)

    assert others == []
    assert ours or noun == "incidents"


def _ask(caller: Caller, method: str, path: str) -> Any:
    body = None if method == "GET" else {}
    return caller.client.open(path, method=method, json=body, headers=caller.headers)


def test_no_page_of_a_case_opens_to_another_office(app: Flask) -> None:
    task = site.start_proposal(site.sign_in(app, "an.p1"))
    other = site.sign_in(app, "chi.p2")
    with app.app_context():
        case = db.db.session().get_one(UserTask, task).instance_id
    samples = {"task_id": task, "instance_id": case}
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.arguments & set(samples) and rule.arguments <= {*samples, "job_id", "kind"}
    ]

    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
    answers = {
        f"{method} {rule.rule}": other.client.open(
            adapter.build(rule.endpoint, {name: samples.get(name, 1) for name in rule.arguments}, method),
            method=method,
            headers={"X-CSRFToken": other.token()},
        ).status_code
        for rule in rules
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if "public" not in audiences_of(app, rule.endpoint)
    }

    assert len(answers) > 8
    # the one redirect leads to the task's page, which refuses
    assert {asked: status for asked, status in answers.items() if status not in (403, 404)} == {
        "GET /tasks/<int:task_id>/complete": 303
    }


def test_an_auditor_starts_and_ends_nothing_through_the_api_either(app: Flask, case: int) -> None:
    auditor, mine = calling.as_person(app, "uyen.tt"), keys_of(app, case)

    started = auditor.post("/process-instances", {"processDefinitionId": "purchase"})
    ended = auditor.post(f"/user-tasks/{mine['user-tasks']}/completion", {"variables": {"agreed": True}})
    taken = auditor.post(f"/user-tasks/{mine['user-tasks']}/assignment", {"assignee": "uyen.tt"})

    assert [started.status_code, ended.status_code, taken.status_code] == [403, 403, 403]


def test_four_eyes_hold_on_every_way_to_complete_a_task(app: Flask) -> None:
    operator, proposer = calling.as_person(app, "vinh.it"), calling.as_person(app, "an.p1")
    key = working.start(calling.as_person(app, working.OPERATOR), "eyes")
    propose = working.task_of(proposer, key)["userTaskKey"]
    assert proposer.post(f"/user-tasks/{propose}/completion", {}).status_code == 204
    approve = working.task_of(proposer, key)["userTaskKey"]
    page = f"/tasks/{keys.read('user_task', approve)}"
    visitor = site.sign_in(app, "an.p1")

    def ways() -> dict[str, int]:
        return {
            "the page": visitor.post(f"{page}/complete").status_code,
            "claiming on the page": visitor.post(f"{page}/claim").status_code,
            "the API": proposer.post(f"/user-tasks/{approve}/completion", {}).status_code,
            "taking it through the API": proposer.post(
                f"/user-tasks/{approve}/assignment", {"assignee": "an.p1"}
            ).status_code,
        }

    offered = ways()
    handed = operator.post(f"/user-tasks/{approve}/assignment", {"assignee": "an.p1"}).status_code
    given = ways()
    operator.post(f"/user-tasks/{approve}/assignment", {"assignee": "chi.p2"})
    second = calling.as_person(app, "chi.p2").post(f"/user-tasks/{approve}/completion", {})

    assert set(offered.values()) <= {403, 409}
    assert {way: status for way, status in given.items() if status not in (403, 409)} == {}
    assert handed in (204, 403)
    assert second.status_code == 204


def test_an_operator_who_took_part_goes_no_other_way_around_four_eyes(app: Flask) -> None:
    name = "an.operator"
    with app.test_request_context(method="POST"), db.transaction() as session:
        people.add(session, name, ["administrators", "P1.staff"], site.PASSWORD)
    involved, other = calling.as_person(app, name), calling.as_person(app, "vinh.it")
    key = working.start(calling.as_person(app, working.OPERATOR), "eyes")
    propose = working.task_of(involved, key)["userTaskKey"]
    involved.post(f"/user-tasks/{propose}/completion", {})
    at = working.task_of(involved, key)["elementInstanceKey"]
    with app.app_context():
        target = db.db.session().get_one(ProcessInstance, keys.read("process_instance", key)).definition_id
    ways = {
        f"/process-instances/{key}/modification": {
            "activateInstructions": [{"elementId": "propose"}],
            "terminateInstructions": [{"elementInstanceKey": at}],
        },
        f"/process-instances/{key}/migration": {
            "targetProcessDefinitionKey": keys.write("process_definition", target),
            "mappingInstructions": [{"sourceElementId": "approve", "targetElementId": "approve"}],
        },
    }

    refused = {path: involved.post(path, body).status_code for path, body in ways.items()}
    variables = working.change(
        involved,
        "PUT",
        f"/element-instances/{keys.write_element(keys.read('process_instance', key), 0)}/variables",
        {"variables": {"approved": True}},
    )
    allowed = other.post(*next(iter(ways.items())))

    assert set(refused.values()) == {403}
    assert variables == 403
    assert allowed.status_code == 204, allowed.text
