"""A change that is sent again with the same Idempotency-Key happens once and is answered alike."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine import clock
from engine.tables import Deployment, ProcessInstance
from tests.builders import a_process
from tests.calling import as_person, problem
from tests.site import open_site
from web import db
from web.tables import IdempotentRequest

DESIGNER, OPERATOR = "thao.it", "vinh.it"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        as_person(app, DESIGNER).deploy(
            a_process("trial").start().user_task("first", assignee="an.p1").end().file()
        )
        yield app


def count(app: Flask, table: type) -> int:
    with app.app_context(), db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_request_again_is_answered_alike_and_changes_nothing(site: Flask) -> None:
    caller, body = as_person(site, OPERATOR), {"processDefinitionId": "trial", "businessId": "H-1"}

    first = caller.post("/process-instances", body, Idempotency_Key="a-1")
    again = caller.post("/process-instances", body, Idempotency_Key="a-1")
    other = caller.post("/process-instances", body, Idempotency_Key="a-2")

    assert first.status_code == again.status_code == other.status_code == 200
    assert first.json == again.json
    assert first.json["processInstanceKey"] != other.json["processInstanceKey"]
    assert count(site, ProcessInstance) == 2


def test_a_key_that_was_used_for_another_request_is_refused(site: Flask) -> None:
    caller = as_person(site, OPERATOR)
    caller.post("/process-instances", {"processDefinitionId": "trial"}, Idempotency_Key="a-1")

    answer = caller.post(
        "/process-instances", {"processDefinitionId": "trial", "businessId": "H-2"}, Idempotency_Key="a-1"
    )

    assert answer.status_code == 422
    assert "a-1" in problem(answer)["detail"]
    assert count(site, ProcessInstance) == 1


def test_keys_of_other_people_are_other_keys(site: Flask) -> None:
    body = {"processDefinitionId": "trial"}

    answers = [
        as_person(site, login).post("/process-instances", body, Idempotency_Key="same")
        for login in (OPERATOR, DESIGNER)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert count(site, ProcessInstance) == 2


def test_a_refused_request_leaves_its_key_free(site: Flask) -> None:
    caller = as_person(site, OPERATOR)
    refused = caller.post("/process-instances", {"processDefinitionId": "nothing"}, Idempotency_Key="a-1")

    answer = caller.post("/process-instances", {"processDefinitionId": "trial"}, Idempotency_Key="a-1")

    assert refused.status_code == 404
    assert answer.status_code == 200


def test_files_deployed_again_with_the_same_key_are_one_deployment_whatever_their_borders(
    site: Flask,
) -> None:
    caller = as_person(site, DESIGNER)
    file = a_process("other").start().user_task("first", assignee="an.p1").end().file()
    before = count(site, Deployment)

    answers = [caller.deploy(file, Idempotency_Key="d-1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json == answers[1].json
    assert count(site, Deployment) == before + 1


def test_the_same_request_eight_times_at_once_starts_one_case(site: Flask) -> None:
    callers = [as_person(site, OPERATOR) for _ in range(8)]
    ready, answers = threading.Barrier(len(callers)), []

    def send(number: int) -> None:
        ready.wait()
        body = {"processDefinitionId": "trial"}
        answers.append(callers[number].post("/process-instances", body, Idempotency_Key="once"))

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(callers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["processInstanceKey"] for answer in answers}) == 1
    assert count(site, ProcessInstance) == 1


def test_keys_are_forgotten_after_a_week(site: Flask) -> None:
    caller, body = as_person(site, OPERATOR), {"processDefinitionId": "trial"}
    now = clock.now()
    caller.post("/process-instances", body, Idempotency_Key="old")

    with clock.pinned(now + timedelta(days=8)):
        caller.post("/process-instances", body, Idempotency_Key="new")

    assert count(site, IdempotentRequest) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there"])
def test_a_key_that_cannot_be_kept_is_bad_input(site: Flask, key: str) -> None:
    answer = as_person(site, OPERATOR).post(
        "/process-instances", {"processDefinitionId": "trial"}, Idempotency_Key=key
    )

    assert answer.status_code == 400
    assert problem(answer)["errors"]["Idempotency-Key"]
    assert count(site, ProcessInstance) == 0
