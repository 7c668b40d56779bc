"""Users, groups and roles through the API, to be read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import calling
from tests.calling import Caller
from tests.site import open_site


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
def auditor(app: Flask) -> Caller:
    return calling.as_person(app, "uyen.tt")


def items(caller: Caller, path: str, body: Any = None) -> list[dict[str, Any]]:
    answer = caller.post(path, body)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]  # type: ignore[index]
    return found


def test_people_are_found_and_read(app: Flask) -> None:
    staff = calling.as_person(app, "an.p1")

    found = items(staff, "/users/search", {"filter": {"username": {"$like": "an.*"}}})

    assert [set(one) for one in found] == [{"username", "name", "email"}] * len(found)
    assert "an.p1" in {one["username"] for one in found}
    assert staff.get("/users/an.p1").json in found
    assert calling.problem(staff.get("/users/nobody"))["status"] == 404


def test_either_of_several_filters_is_enough(auditor: Caller) -> None:
    either = {"$or": [{"username": "an.p1"}, {"username": "binh.p1"}]}

    found = items(
        auditor, "/users/search", {"filter": either, "sort": [{"field": "username", "order": "DESC"}]}
    )

    assert [one["username"] for one in found] == ["binh.p1", "an.p1"]


def test_groups_have_members(auditor: Caller) -> None:
    groups = items(auditor, "/groups/search", {"filter": {"groupId": {"$like": "P1.*"}}})

    members = items(auditor, "/groups/P1.staff/users/search")

    assert {"groupId": "P1.staff", "name": groups[-1]["name"], "description": None} in groups
    assert {"username": "an.p1"} in members
    assert items(auditor, "/groups/P1.staff/roles/search") == []
    assert auditor.get("/groups/P1.staff").json in groups


def test_roles_are_the_groups_of_the_system(auditor: Caller) -> None:
    roles = items(auditor, "/roles/search", {"sort": [{"field": "roleId"}]})

    members = items(auditor, "/roles/designers/users/search", {"filter": {"username": "thao.it"}})

    assert [one["roleId"] for one in roles] == ["administrators", "auditors", "designers", "workers"]
    assert members == [{"username": "thao.it"}]
    assert items(auditor, "/roles/designers/groups/search") == []
    assert set(auditor.get("/roles/designers").json or {}) == {"roleId", "name", "description"}


def test_pages_lead_from_one_to_the_next(auditor: Caller) -> None:
    everything = [one["groupId"] for one in items(auditor, "/groups/search", {"page": {"limit": 1000}})]
    collected: list[str] = []
    page: dict[str, Any] = {"limit": 5}

    while True:
        answer = auditor.post("/groups/search", {"page": page}).json
        assert answer is not None
        if not answer["items"]:
            break
        collected += [one["groupId"] for one in answer["items"]]
        page = {"limit": 5, "after": answer["page"]["endCursor"]}

    assert len(collected) > 5
    assert sorted(collected) == sorted(everything)


@pytest.mark.parametrize(
    "path", ["/groups/none.at.all", "/roles/P1.staff", "/groups/designers", "/users/%00", "/roles/none"]
)
def test_what_is_not_there_is_not_found(auditor: Caller, path: str) -> None:
    assert calling.problem(auditor.get(path))["status"] in (400, 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users/search", {"filter": {"password": "x"}}),
        ("/users/search", {"filter": {"username": 5}}),
        ("/users/search", {"filter": {"$or": {"username": "x"}}}),
        ("/groups/search", {"sort": [{"field": "password"}]}),
        ("/groups/search", {"filter": {"name": {"$gt": "x"}}}),
        ("/roles/search", {"page": {"after": "no cursor", "from": 1}}),
        ("/roles/designers/users/search", {"filter": {"groupId": "x"}}),
    ],
    ids=str,
)
def test_a_wrong_search_is_refused(auditor: Caller, path: str, body: Any) -> None:
    assert calling.problem(auditor.post(path, body))["status"] == 400


def test_staff_do_not_see_who_has_which_role(app: Flask) -> None:
    staff = calling.as_person(app, "an.p1")

    statuses = {calling.problem(staff.post(path))["status"] for path in ("/roles/search", "/groups/search")}

    assert statuses == {403}
