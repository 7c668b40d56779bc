"""User tasks through the API: found, given to somebody, changed, completed as the page does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests import calling, working
from tests.builders import Z, a_process
from tests.calling import Caller
from tests.working import change, find, start, task_of

ITEM = {
    "name",
    "state",
    "assignee",
    "elementId",
    "candidateGroups",
    "candidateUsers",
    "processDefinitionId",
    "creationDate",
    "completionDate",
    "followUpDate",
    "dueDate",
    "tenantId",
    "externalFormReference",
    "processDefinitionVersion",
    "customHeaders",
    "userTaskKey",
    "elementInstanceKey",
    "processName",
    "processDefinitionKey",
    "processInstanceKey",
    "rootProcessInstanceKey",
    "businessId",
    "formKey",
    "tags",
    "priority",
}
ANSWERS = {"variables": {"agreed": True, "note": "ok"}}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with working.open_office(tmp_path_factory.mktemp("office")) as opened:
        yield opened


@pytest.fixture
def caller(app: Flask) -> Caller:
    return calling.as_person(app, working.OPERATOR)


@pytest.fixture
def member(app: Flask) -> Caller:
    """A program of the person whom the task is offered to."""
    return calling.as_person(app, "an.p1")


def path_of(task: Any) -> str:
    return f"/user-tasks/{task['userTaskKey']}"


def test_a_task_is_told_with_every_field(caller: Caller) -> None:
    instance = start(caller)

    task = task_of(caller, instance)

    assert set(task) == ITEM
    assert (task["candidateGroups"], task["candidateUsers"]) == (["TCHC.staff"], ["an.p1"])
    assert (task["customHeaders"], task["priority"]) == ({"area": "finance"}, 50)
    assert (task["processName"], task["dueDate"]) == ("Purchase", "2030-01-01T00:00:00.000000Z")
    assert task["followUpDate"] == "2029-12-01T00:00:00.000000Z"
    assert caller.get(path_of(task)).json == task
    form = caller.get(f"{path_of(task)}/form").json
    assert (form["formKey"], form["formId"]) == (task["formKey"], "check_form")


def test_a_candidate_takes_a_task_and_completes_it_with_its_form(caller: Caller, member: Caller) -> None:
    task = task_of(caller, start(caller))
    path = path_of(task)

    taken = change(member, "POST", f"{path}/assignment", {"assignee": "an.p1", "action": "assign"})
    to_another = change(member, "POST", f"{path}/assignment", {"assignee": "binh.p1"})
    completed = change(member, "POST", f"{path}/completion", ANSWERS)
    again = member.post(f"{path}/completion", ANSWERS)

    assert (taken, to_another, completed, again.status_code) == (204, 403, 204, 404)
    calling.problem(again)
    done = caller.get(path).json
    assert (done["state"], done["assignee"]) == ("COMPLETED", "an.p1")
    assert done["candidateGroups"] == ["TCHC.staff"]  # as they were when it ended


def test_an_assigned_task_is_overridden_only_when_allowed(caller: Caller) -> None:
    task = task_of(caller, start(caller))
    path = f"{path_of(task)}/assignment"

    first = change(caller, "POST", path, {"assignee": "an.p1"})
    kept = change(caller, "POST", path, {"assignee": "binh.p1", "allowOverride": False})
    overridden = change(caller, "POST", path, {"assignee": "binh.p1"})
    freed = change(caller, "DELETE", f"{path_of(task)}/assignee")

    assert (first, kept, overridden, freed) == (204, 409, 204, 204)
    assert caller.get(path_of(task)).json["assignee"] is None


def test_an_update_changes_what_it_names_and_clears_what_is_empty(caller: Caller) -> None:
    path = path_of(task_of(caller, start(caller)))

    changeset = {
        "dueDate": "2031-02-03T04:05:06Z",
        "followUpDate": "2031-01-01T00:00:00+07:00",
        "candidateGroups": ["TCHC.head"],
        "candidateUsers": [],
        "priority": 80,
    }
    assert change(caller, "PATCH", path, {"changeset": changeset, "action": "update"}) == 204
    changed = caller.get(path).json
    assert change(caller, "PATCH", path, {"changeset": {"dueDate": "", "priority": None}}) == 204
    cleared = caller.get(path).json

    assert (changed["candidateGroups"], changed["candidateUsers"]) == (["TCHC.head"], [])
    assert (changed["dueDate"], changed["priority"]) == ("2031-02-03T04:05:06.000000Z", 80)
    assert changed["followUpDate"] == "2030-12-31T17:00:00.000000Z"
    assert (cleared["dueDate"], cleared["priority"]) == (None, 80)


def test_variables_that_the_form_does_not_ask_for_are_refused_by_name(caller: Caller) -> None:
    path = path_of(task_of(caller, start(caller)))
    change(caller, "POST", f"{path}/assignment", {"assignee": "operator"})

    answer = caller.post(f"{path}/completion", {"variables": {"agreed": True, "total": 1}})

    assert answer.status_code == 400
    assert set(calling.problem(answer)["errors"]) == {"total"}
    assert caller.get(path).json["state"] == "CREATED"


def test_a_task_shows_its_variables_scope_by_scope(caller: Caller, member: Caller) -> None:
    instance = start(caller, note="before")
    path = path_of(task_of(caller, instance))

    seen = caller.post(f"{path}/variables/search", {"filter": {"name": {"$in": ["total", "order"]}}}).json
    effective = caller.post(f"{path}/effective-variables/search?truncateValues=false").json
    asked_for = member.post(f"{path}/effective-variables/search").json

    assert {row["name"]: row["value"] for row in seen["items"]} == {"total": "10", "order": '"A-1"'}
    assert {row["scopeKey"] for row in seen["items"]} == {instance}
    assert effective["page"]["totalItems"] == 3
    assert [row["name"] for row in asked_for["items"]] == ["note"]  # what the form of the task shows


def test_staff_see_their_tasks_only_and_search_by_no_variable(app: Flask, caller: Caller) -> None:
    task = task_of(caller, start(caller))
    stranger = calling.as_person(app, "chi.p2")

    hidden = find(stranger, "user-tasks", userTaskKey=task["userTaskKey"])
    got = stranger.get(path_of(task))
    refused = stranger.post(f"{path_of(task)}/completion", ANSWERS)
    probing = stranger.post(
        "/user-tasks/search", {"filter": {"processInstanceVariables": [{"name": "total", "value": "10"}]}}
    )

    assert hidden == []
    assert (got.status_code, refused.status_code, probing.status_code) == (404, 403, 403)
    assert "check" not in calling.problem(refused)["detail"]


def test_the_audit_log_of_a_task_tells_who_did_what(caller: Caller, member: Caller) -> None:
    path = path_of(task_of(caller, start(caller)))
    change(caller, "POST", f"{path}/assignment", {"assignee": "an.p1"})
    change(caller, "PATCH", path, {"changeset": {"priority": 7}})
    change(member, "POST", f"{path}/completion", ANSWERS)

    log = caller.post(f"{path}/audit-logs/search", {"sort": [{"field": "timestamp"}]}).json["items"]
    ends = caller.post(f"{path}/audit-logs/search", {"filter": {"operationType": "COMPLETE"}}).json["items"]
    alone = caller.get(f"/audit-logs/{ends[0]['auditLogKey']}").json

    assert [(row["operationType"], row["actorId"]) for row in log] == [
        ("ASSIGN", "operator"),
        ("UPDATE", "operator"),
        ("COMPLETE", "an.p1"),
    ]
    assert {row["entityKey"] for row in log} == {path.rpartition("/")[2]}
    assert (alone["category"], alone["entityType"], alone["result"]) == ("USER_TASKS", "USER_TASK", "SUCCESS")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"filter": {"state": "NO"}}, "filter.state"),
        ({"filter": {"nothing": 1}}, "filter.nothing"),
        ({"sort": [{"field": "nothing"}]}, "sort.0.field"),
        ({"page": {"limit": 0}}, "page.limit"),
        ({"page": {"after": "x"}}, "page"),
        ({"filter": {"$or": [{"priority": {"$gt": "a"}}]}}, "filter.$or.0.priority"),
    ],
)
def test_a_wrong_search_is_refused_with_its_field(caller: Caller, body: Any, field: str) -> None:
    answer = caller.post("/user-tasks/search", body)

    assert answer.status_code == 400
    assert field in calling.problem(answer)["errors"]


def test_a_form_tells_what_it_shows_to_whoever_may_answer_it(
    app: Flask, caller: Caller, member: Caller
) -> None:
    table = {"type": "table", "dataSource": "=rows", "columns": [{"key": "name", "label": "Name"}]}
    words = {"type": "text", "text": "Period {{period}}"}
    form = {"type": "default", "id": "list_form", "schemaVersion": 19, "components": [table, words]}
    process = a_process("listing").start()
    process.user_task("look", Z.formDefinition(formId="list_form"), candidateUsers="an.p1").end()
    told = caller.deploy(process.file(), ("list.form", json.dumps(form).encode()))
    assert told.status_code == 200, told.text
    rows = [{"name": "An", "salary": 7}]
    path = path_of(task_of(caller, start(caller, "listing", rows=rows, period="2026-11")))

    seen = member.post(f"{path}/effective-variables/search").json["items"]  # type: ignore[index]
    page = {"filter": {"name": {"$like": "ro*"}}, "page": {"limit": 1}}
    found = member.post(f"{path}/effective-variables/search", page).json
    stranger = calling.as_person(app, "chi.p2").post(f"{path}/effective-variables/search")

    assert {row["name"]: json.loads(row["value"]) for row in seen} == {
        "rows": [{"name": "An"}],
        "period": "2026-11",
    }
    assert [row["name"] for row in found["items"]] == ["rows"]  # type: ignore[index]
    assert found["page"]["totalItems"] == 1  # type: ignore[index]
    assert caller.get(f"/variables/{seen[0]['variableKey']}").status_code == 404
    assert stranger.status_code == 404
