"""Deployments through the API: what each file came to, and what is refused with everything that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from engine.tables import Deployment, ProcessDefinition, Resource
from tests import calling
from tests.builders import B, Z, a_process
from tests.deciding import a_decision, a_model, an_input, text
from tests.site import open_site
from web import db
from web.api import deployments

FORM = b'{"type":"default","id":"leave_form","schemaVersion":19,"components":[]}'
MEMBERS = {"processDefinition", "decisionDefinition", "decisionRequirements", "form", "resource"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


def leave(step: str = "approve", **assignment: str) -> tuple[str, bytes]:
    assignment = assignment or {"candidateGroups": "TCHC.staff"}
    return a_process("leave").start().user_task(step, **assignment).end().file()


def decisions(expression: str = "score + 1") -> tuple[str, bytes]:
    names = [a_decision("base", text(expression), inputs=["score"]), a_decision("bonus", text("1"))]
    return "awards.dmn", a_model(an_input("score", "number"), *names)


def entries(answer: Any) -> list[tuple[str, dict[str, Any]]]:
    assert answer.status_code == 200, answer.text
    found = []
    for entry in answer.json["deployments"]:
        assert set(entry) == MEMBERS
        given = [(name, part) for name, part in entry.items() if part is not None]
        assert len(given) == 1
        found += given
    return found


def count(app: Flask, table: Any) -> int:
    with app.app_context():
        return db.db.session().scalar(select(func.count()).select_from(table)) or 0


def test_every_file_tells_what_became_of_it(app: Flask) -> None:
    designer = calling.as_person(app, "thao.it")

    found = entries(designer.deploy(leave(), decisions(), ("leave.form", FORM), ("notes.json", b'{"a": 1}')))

    assert sorted(kind for kind, _ in found) == [
        "decisionDefinition",
        "decisionDefinition",
        "decisionRequirements",
        "form",
        "processDefinition",
        "resource",
    ]
    told = dict(found)
    assert told["processDefinition"] == {
        "processDefinitionId": "leave",
        "processDefinitionVersion": 1,
        "resourceName": "leave.bpmn",
        "tenantId": "<default>",
        "processDefinitionKey": told["processDefinition"]["processDefinitionKey"],
    }
    assert (
        told["decisionDefinition"]["decisionRequirementsKey"]
        == (told["decisionRequirements"]["decisionRequirementsKey"])
    )
    keys = [value for _, part in found for name, value in part.items() if name.endswith("Key")]
    assert all(isinstance(key, str) and key.isdecimal() for key in keys)


def test_what_is_unchanged_keeps_its_key_and_is_listed_all_the_same(app: Flask) -> None:
    designer = calling.as_person(app, "thao.it")
    files = (leave(), decisions(), ("leave.form", FORM), ("notes.txt", b"one"))
    first = entries(designer.deploy(*files))

    second = entries(designer.deploy(*files))
    third = dict(entries(designer.deploy(leave("sign"), decisions("score + 2"), ("notes.txt", b"two"))))

    assert second == first
    assert third["processDefinition"]["processDefinitionVersion"] == 2
    assert third["decisionRequirements"]["version"] == 2
    assert third["resource"]["version"] == 2


def test_a_deployment_is_all_or_nothing_and_names_every_finding(app: Flask) -> None:
    designer = calling.as_person(app, "thao.it")
    before = count(app, Deployment), count(app, Resource)
    bad = a_process("bad").start().add("serviceTask", "work").user_task("wait", assignee="").end()

    answer = designer.deploy(leave(), bad.file())

    told = calling.problem(answer)
    assert (answer.status_code, told["title"]) == (400, "INVALID_ARGUMENT")
    assert {"work", "wait"} <= set(told["errors"])
    assert "unassigned: " in told["errors"]["wait"][0]
    assert all(f"[{element}]" in told["detail"] for element in ("work", "wait"))
    assert (count(app, Deployment), count(app, Resource)) == before


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("../evil.bpmn", b"<a/>", "file-name"),
        ("..", b"x", "file-name"),
        ("a/b.txt", b"x", "file-name"),
        ("x" * 201, b"x", "file-name"),
        ("leave.form", b"[1", "form-unreadable"),
        ("leave.form", b"\xff\xfe{", "form-unreadable"),
        ("empty.bpmn", b"", "not-well-formed"),
        ("page.bpmn", b"<html><body/></html>", "not-bpmn"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_its_rule(
    app: Flask, name: str, content: bytes, rule: str
) -> None:
    answer = calling.as_person(app, "thao.it").deploy((name, content))

    assert answer.status_code == 400
    assert f"{rule}: " in calling.problem(answer)["detail"]
    assert not (Path(app.instance_path) / "evil.bpmn").exists()


def test_too_large_and_too_many_files_are_refused(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    designer = calling.as_person(app, "thao.it")
    many = [(f"note{number}.txt", b"x") for number in range(101)]
    crowd = designer.deploy(*many)
    twice = designer.deploy(("a.txt", b"1"), ("a.txt", b"2"))
    monkeypatch.setattr(deployments, "DEPLOYMENT_BYTES", 10_000)

    large = designer.deploy(("large.txt", b"x" * 20_000))

    assert "too-many-files: " in calling.problem(crowd)["detail"]
    assert "file-twice: " in calling.problem(twice)["detail"]
    assert calling.problem(large)["status"] == 413


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ({"fields": {}}, "resources"),
        ({"fields": {"resources": "text"}}, "resources"),
        ({"fields": {"tenantId": "other"}}, "tenantId"),
        ({"fields": {"order_by": "id"}}, "order_by"),
    ],
)
def test_other_parts_are_refused_by_name(app: Flask, parts: dict[str, Any], wrong: str) -> None:
    answer = calling.as_person(app, "thao.it").deploy(**parts)

    assert answer.status_code == 400
    assert list(calling.problem(answer)["errors"]) == [wrong]


def test_a_body_that_is_no_form_holds_no_file(app: Flask) -> None:
    designer = calling.as_person(app, "thao.it")

    statuses = [
        calling.problem(designer.post("/deployments", body))["status"] for body in ({}, [1], "x", {"a": 1})
    ]

    assert statuses == [400, 400, 400, 400]


def test_only_designers_deploy(app: Flask) -> None:
    statuses = {
        login: calling.problem(calling.as_person(app, login).deploy(leave()))["status"]
        for login in ("an.p1", "uyen.tt")
    }
    statuses["stranger"] = calling.problem(calling.as_stranger(app).deploy(leave()))["status"]

    assert statuses == {"an.p1": 403, "uyen.tt": 403, "stranger": 401}
    assert "leave" not in _processes(app)


def test_the_default_tenant_and_any_name_of_a_part_are_taken(app: Flask) -> None:
    designer = calling.as_person(app, "thao.it")

    answer = designer.deploy(leave(), part="leave.bpmn", fields={"tenantId": "<default>"})

    assert [kind for kind, _ in entries(answer)] == ["processDefinition"]


def test_one_idempotency_key_deploys_once(app: Flask) -> None:
    designer = calling.as_person(app, "thao.it")
    first = designer.deploy(leave(), Idempotency_Key="k1")

    again = designer.deploy(leave(), Idempotency_Key="k1")
    other = designer.deploy(leave("sign"), Idempotency_Key="k1")

    assert again.json == first.json
    assert calling.problem(other)["status"] == 422
    assert _processes(app).count("leave") == 1


def test_a_version_tag_is_kept(app: Flask) -> None:
    process = a_process("tagged").start().end()
    process.node.insert(0, B.extensionElements(Z.versionTag(value="v1.0")))
    designer = calling.as_person(app, "thao.it")
    key = entries(designer.deploy(process.file()))[0][1]["processDefinitionKey"]

    told = designer.get(f"/process-definitions/{key}").json

    assert told is not None
    assert told["versionTag"] == "v1.0"


def _processes(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.db.session().scalars(select(ProcessDefinition.process_id)))
