"""Process definitions through the API: who sees which versions, their XML, start form and counts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import calling
from tests.builders import Z, a_process
from tests.calling import Caller
from tests.site import newest_task, open_site, sign_in, start_proposal

ITEM = {
    "name",
    "resourceName",
    "version",
    "versionTag",
    "processDefinitionId",
    "tenantId",
    "processDefinitionKey",
    "hasStartForm",
    "state",
}
FORM = b'{"type":"default","id":"ask","schemaVersion":19,"components":[]}'


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
def designer(app: Flask) -> Caller:
    return calling.as_person(app, "thao.it")


def search(caller: Caller, filter_: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = caller.post("/process-definitions/search", {"filter": filter_, **more})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]  # type: ignore[index]
    assert all(set(item) == ITEM for item in items)
    return items


def versions(designer: Caller) -> list[str]:
    keys = []
    for step in ("one", "two"):
        process = a_process("leave", "Leave").start("start", Z.formDefinition(formId="ask")).end(step)
        answer = designer.deploy(process.file(), ("ask.form", FORM))
        found = [entry["processDefinition"] for entry in answer.json["deployments"]]  # type: ignore[index]
        keys += [one["processDefinitionKey"] for one in found if one]
    return keys


def test_no_body_finds_what_is_deployed(designer: Caller) -> None:
    answer = designer.post("/process-definitions/search")

    assert answer.status_code == 200
    assert answer.json is not None
    assert len(answer.json["items"]) == answer.json["page"]["totalItems"] > 5
    assert set(answer.json["page"]) == {"totalItems", "hasMoreTotalItems", "startCursor", "endCursor"}


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({"isLatestVersion": True}, [2]),
        ({"isLatestVersion": False}, [1]),
        ({"version": 1}, [1]),
        ({"name": {"$like": "lea*"}}, [2, 1]),
        ({"resourceName": "leave.bpmn"}, [2, 1]),
        ({"hasStartForm": True, "state": "ACTIVE"}, [2, 1]),
        ({"hasStartForm": False}, []),
        ({"state": "DELETED"}, []),
        ({"state": "DRAINING"}, []),
        ({"versionTag": "none"}, []),
        ({"tenantId": "other"}, []),
        ({"tenantId": "<default>"}, [2, 1]),
    ],
    ids=str,
)
def test_each_filter_chooses(designer: Caller, filter_: dict[str, Any], found: list[int]) -> None:
    versions(designer)

    items = search(
        designer, {"processDefinitionId": "leave", **filter_}, sort=[{"field": "version", "order": "DESC"}]
    )

    assert [item["version"] for item in items] == found


def test_every_sort_is_taken(designer: Caller) -> None:
    versions(designer)

    for name in (
        "name",
        "processDefinitionId",
        "processDefinitionKey",
        "resourceName",
        "tenantId",
        "version",
        "versionTag",
    ):
        page = {"limit": 3}
        first = search(designer, {}, sort=[{"field": name}], page=page)
        assert len(first) == 3, name


def test_one_version_gives_its_xml_and_start_form(designer: Caller) -> None:
    key = versions(designer)[1]

    told = designer.get(f"/process-definitions/{key}").json
    xml = designer.get(f"/process-definitions/{key}/xml")
    form = designer.get(f"/process-definitions/{key}/form").json

    assert told is not None
    assert (told["version"], told["hasStartForm"], told["state"]) == (2, True, "ACTIVE")
    assert xml.mimetype == "text/xml"
    assert b'id="leave"' in xml.data
    assert form is not None
    assert set(form) == {"tenantId", "formId", "schema", "version", "formKey"}
    assert designer.get(f"/forms/{form['formKey']}").json == form


def test_a_version_without_start_form_has_no_content(designer: Caller) -> None:
    designer.deploy(a_process("plain").start().end().file())
    key = search(designer, {"processDefinitionId": "plain"})[0]["processDefinitionKey"]

    answer = designer.get(f"/process-definitions/{key}/form")

    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize("part", ["", "/xml", "/form", "/statistics/element-instances"])
def test_a_wrong_key_is_told_apart(designer: Caller, part: str) -> None:
    ask = designer.post if part.startswith("/statistics") else designer.get

    statuses = [
        calling.problem(ask(f"/process-definitions/{key}{part}"))["status"]
        for key in ("99999901", "102", "abc", "1e5", "9" * 26)
    ]

    assert statuses == [404, 404, 400, 400, 400]


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"filter": {"order_by": "id; drop table task--"}}, "filter.order_by"),
        ({"filter": {"version": "1"}}, "filter.version"),
        ({"filter": {"state": "GONE"}}, "filter.state"),
        ({"filter": {"processDefinitionKey": 12}}, "filter.processDefinitionKey"),
        ({"sort": [{"field": "id; drop table task--"}]}, "sort.0.field"),
        ({"page": {"limit": 0}}, "page.limit"),
        ({"page": {"after": "x", "before": "y"}}, "page"),
        ({"__proto__": {}}, "__proto__"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(designer: Caller, body: Any, wrong: str) -> None:
    answer = designer.post("/process-definitions/search", body)

    assert calling.problem(answer)["status"] == 400
    assert wrong in calling.problem(answer)["errors"]


def test_staff_see_the_versions_of_their_cases_and_what_they_may_start(app: Flask) -> None:
    visitor = sign_in(app, "an.p1")
    staff = calling.as_person(app, "an.p1")
    before = {item["processDefinitionId"] for item in search(staff, {})}

    start_proposal(visitor)
    key = search(staff, {"processDefinitionId": "office_proposal"})[0]["processDefinitionKey"]

    assert "office_proposal" in before
    assert "state_award" not in before
    assert staff.get(f"/process-definitions/{key}").status_code == 200
    assert calling.problem(staff.get(f"/process-definitions/{key}/xml"))["status"] == 403
    assert calling.problem(calling.as_stranger(app).get(f"/process-definitions/{key}"))["status"] == 401


def test_elements_are_counted_over_the_cases_that_the_caller_sees(app: Flask, designer: Caller) -> None:
    visitor = sign_in(app, "an.p1")
    start_proposal(visitor)
    assert newest_task(visitor)
    key = search(designer, {"processDefinitionId": "office_proposal"})[0]["processDefinitionKey"]
    path = f"/process-definitions/{key}/statistics/element-instances"

    seen = calling.as_person(app, "an.p1").post(path).json
    hidden = designer.post(path, {"filter": {"state": "ACTIVE"}}).json

    assert seen is not None
    assert sum(item["active"] for item in seen["items"]) >= 1
    assert all(
        set(item) == {"elementId", "active", "canceled", "incidents", "completed"} for item in seen["items"]
    )
    assert hidden == {"items": []}


def test_elements_are_counted_over_the_cases_that_wait_at_one(app: Flask, designer: Caller) -> None:
    start_proposal(sign_in(app, "an.p1"))
    key = search(designer, {"processDefinitionId": "office_proposal"})[0]["processDefinitionKey"]
    path = f"/process-definitions/{key}/statistics/element-instances"
    caller = calling.as_person(app, "an.p1")

    here = caller.post(path, {"filter": {"elementId": "no_such_element"}}).json
    either = caller.post(
        path, {"filter": {"$or": [{"state": "ACTIVE"}, {"elementId": "no_such_element"}]}}
    ).json

    assert here == {"items": []}
    assert either is not None
    assert sum(item["active"] for item in either["items"]) >= 1


def test_counts_tell_nobody_the_values_of_cases(app: Flask, designer: Caller) -> None:
    key = search(designer, {"processDefinitionId": "office_proposal"})[0]["processDefinitionKey"]
    guess = {"name": "movement", "value": '"598/KH-TTTV"'}

    refused = calling.as_person(app, "an.p1").post(
        f"/process-definitions/{key}/statistics/element-instances", {"filter": {"variables": [guess]}}
    )

    assert calling.problem(refused)["status"] == 403
