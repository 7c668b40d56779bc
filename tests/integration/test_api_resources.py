"""Resources through the API: files that nothing runs, and deletion of what was deployed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import calling
from tests.builders import Z, a_process
from tests.calling import Caller
from tests.deciding import a_decision, a_model, text
from tests.site import open_site, sign_in, start_proposal

FORM = b'{"type":"default","id":"ask","schemaVersion":19,"components":[]}'
ITEM = {"resourceName", "version", "versionTag", "resourceId", "tenantId", "resourceKey"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
def designer(app: Flask) -> Caller:
    return calling.as_person(app, "thao.it")


def deployed(designer: Caller, *files: tuple[str, bytes]) -> dict[str, str]:
    """Deploy files; return the key of the last version of each kind."""
    answer = designer.deploy(*files)
    assert answer.status_code == 200, answer.text
    parts = [part for entry in answer.json["deployments"] for part in entry.values() if part]  # type: ignore[index]
    return {name: value for part in parts for name, value in part.items() if name.endswith("Key")}


def test_a_file_is_read_as_it_was_deployed(designer: Caller) -> None:
    key = deployed(designer, ("prompt.json", b'{"a": [1, "\xc4\x91"]}'))["resourceKey"]

    told = designer.get(f"/resources/{key}").json
    content = designer.get(f"/resources/{key}/content")
    binary = designer.get(f"/resources/{key}/content/binary")

    assert told == {
        "resourceName": "prompt.json",
        "version": 1,
        "versionTag": None,
        "resourceId": "prompt.json",
        "tenantId": "<default>",
        "resourceKey": key,
    }
    assert content.json == {"a": [1, "đ"]}
    assert binary.data == b'{"a": [1, "\xc4\x91"]}'
    assert binary.mimetype == "application/octet-stream"


@pytest.mark.parametrize("content", [b"not json", b"[1]", b"\x00\xff\xfe", b"[" * 100_000])
def test_what_is_no_object_has_no_content_as_json(designer: Caller, content: bytes) -> None:
    key = deployed(designer, ("note.bin", content))["resourceKey"]

    refused = designer.get(f"/resources/{key}/content")

    assert calling.problem(refused)["status"] == 406
    assert designer.get(f"/resources/{key}/content/binary").data == content


def test_a_page_of_html_is_never_shown_as_one(designer: Caller) -> None:
    key = deployed(designer, ("page.html", b"<script>alert(1)</script>"))["resourceKey"]

    answer = designer.get(f"/resources/{key}/content/binary")

    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_files_are_found_by_name_and_version(designer: Caller) -> None:
    deployed(designer, ("a.txt", b"1"), ("b.txt", b"1"))
    deployed(designer, ("a.txt", b"2"))
    body = {"filter": {"resourceName": {"$in": ["a.txt"]}}, "sort": [{"field": "version", "order": "DESC"}]}

    answer = designer.post("/resources/search", body)

    assert answer.json is not None
    assert [(item["resourceId"], item["version"]) for item in answer.json["items"]] == [
        ("a.txt", 2),
        ("a.txt", 1),
    ]
    assert all(set(item) == ITEM for item in answer.json["items"])


def test_a_deleted_process_is_no_longer_the_newest(designer: Caller) -> None:
    first = deployed(designer, a_process("leave").start().end("one").file())["processDefinitionKey"]
    second = deployed(designer, a_process("leave").start().end("two").file())["processDefinitionKey"]

    answer = designer.post(f"/resources/{second}/deletion")

    newest = {"filter": {"processDefinitionId": "leave", "isLatestVersion": True}}
    found = designer.post("/process-definitions/search", newest).json
    assert answer.json == {"resourceKey": second, "batchOperation": None}
    assert found is not None
    assert [item["processDefinitionKey"] for item in found["items"]] == [first]
    assert _state(designer, second) == "DELETED"
    assert calling.problem(designer.post(f"/resources/{second}/deletion"))["status"] == 404


def test_every_kind_of_resource_can_be_deleted(designer: Caller) -> None:
    model = ("d.dmn", a_model(a_decision("award", text("1"))))
    keys = deployed(designer, model, ("ask.form", FORM), ("note.txt", b"x"))
    body = {"operationReference": 7, "deleteHistory": True}

    statuses = [
        designer.post(f"/resources/{keys[kind]}/deletion", body).status_code
        for kind in ("decisionRequirementsKey", "formKey", "resourceKey")
    ]

    assert statuses == [200, 200, 200]
    assert designer.get(f"/forms/{keys['formKey']}").status_code == 404
    assert designer.get(f"/resources/{keys['resourceKey']}").status_code == 404
    assert designer.get(f"/decision-definitions/{keys['decisionDefinitionKey']}").status_code == 404


def test_what_is_in_use_is_not_deleted(app: Flask, designer: Caller) -> None:
    start_proposal(sign_in(app, "an.p1"))
    found = designer.post(
        "/process-definitions/search", {"filter": {"processDefinitionId": "office_proposal"}}
    )
    running = found.json["items"][0]["processDefinitionKey"]  # type: ignore[index]
    process = a_process("asking").start("start", Z.formDefinition(formId="ask")).end()
    form = deployed(designer, ("ask.form", FORM), process.file())["formKey"]

    refused = [designer.post(f"/resources/{key}/deletion") for key in (running, form)]

    assert [calling.problem(one)["title"] for one in refused] == ["INVALID_STATE", "INVALID_STATE"]
    assert _state(designer, running) == "ACTIVE"
    assert designer.get(f"/forms/{form}").status_code == 200


def test_only_designers_delete(app: Flask, designer: Caller) -> None:
    key = deployed(designer, ("note.txt", b"x"))["resourceKey"]

    statuses = [
        calling.problem(caller.post(f"/resources/{key}/deletion"))["status"]
        for caller in (
            calling.as_person(app, "an.p1"),
            calling.as_person(app, "uyen.tt"),
            calling.as_stranger(app),
        )
    ]

    assert statuses == [403, 403, 401]
    assert designer.get(f"/resources/{key}").status_code == 200


@pytest.mark.parametrize(
    ("key", "body", "status"),
    [
        ("99999909", {}, 404),
        ("102", {}, 404),
        ("x", {}, 400),
        ("99999909", {"nope": 1}, 400),
        ("99999909", {"operationReference": 0}, 400),
        ("99999909", {"deleteHistory": "perhaps"}, 400),
        ("99999909", ["not", "an", "object"], 400),
    ],
)
def test_a_wrong_deletion_is_refused(designer: Caller, key: str, body: Any, status: int) -> None:
    assert calling.problem(designer.post(f"/resources/{key}/deletion", body))["status"] == status


def _state(designer: Caller, key: str) -> str:
    told = designer.get(f"/process-definitions/{key}").json
    assert told is not None
    return str(told["state"])
