"""Hostile requests to the API: refused as problem details or harmless; nothing stored by what was refused.

The corpus' bodies, diagrams, archives and tables, paths, letters that databases, headers and logs choke on,
against a whole site. The cost of each is measured in processor time.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, func, select
from werkzeug.test import TestResponse

from engine.tables import Base
from tests import calling, working
from tests.calling import Caller
from web import db

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "attacks"
CANARY = "CANARY-FILE-CONTENT"
SECONDS = 1.0  # of processor time, for one request
REFUSED = ("reject", "400", "http 413")
# what a refusal may leave behind: that it was refused
NOTES = {"security_event", "request_count", "history_event", "history_chain"}
HOSTILE = {
    "a nul": "a\x00b",
    "half a letter": "\ud800",
    "an end of line": "a\r\nSet-Cookie: x=1",
    "another direction": "\u202egnp.exe",
    "a quote": "'; drop table user_task--",
    "a wildcard": "%_\\*?[",
    "an element": "<script>alert(1)</script>",
    "a template": "{{7*7}}${7*7}#{7*7}",
    "a formula": "=cmd|' /C calc'!A0",
    "a lookup": "${jndi:ldap://127.0.0.1:1/a}",
    "a long text": "ắ" * 300_000,
    "letters beyond the first plane": "\U0001f600\U000e0041",
    "a path": "../../../../etc/passwd",
}
PATHS = (
    "../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e%5c%2e%2e%5cwindows",
    "102%00",
    "102%0d%0aSet-Cookie:%20x=1",
    "102;DROP%20TABLE%20job",
    "102'%20or%20'1'='1",
    "%D9%A1%D9%A0%D9%A2",
    "-102",
    "1e2",
    "0x66",
    "9" * 25,
    "9" * 5_000,
    "%F0%28%8C%28",
    "{{7*7}}",
    "%252e%252e%252f",
)
BODIES: Mapping[str, bytes] = {
    "a hundred thousand brackets": b"[" * 100_000,
    "a hundred thousand objects": b'{"a":' * 100_000,
    "an endless number": b'{"processDefinitionVersion":' + b"9" * 10_000 + b"}",
    "not a number": b'{"filter":{"processDefinitionVersion":NaN}}',
    "the same twice": b'{"name":"a","name":"b","filter":{},"filter":1}',
    "no letters": b"\xff\xfe\x00{",
    "sixteen bits": '{"name":"x"}'.encode("utf-16"),
    "a mark before": b"\xef\xbb\xbf{}",
    "too much": b'{"name":"' + b"x" * 20_000_000 + b'"}',
    "nothing but blanks": b" \n\t",
    "an unfinished text": b'{"name":"',
}
PLACES: Mapping[str, Callable[[Any], tuple[str, Any]]] = {
    "a variable": lambda text: (
        "/process-instances",
        {"processDefinitionId": "charging", "variables": {"v": text}},
    ),
    "the name of a variable": lambda text: (
        "/process-instances",
        {"processDefinitionId": "charging", "variables": {text: 1}},
    ),
    "a process": lambda text: ("/process-instances", {"processDefinitionId": text}),
    "a business id": lambda text: (
        "/process-instances",
        {"processDefinitionId": "charging", "businessId": text},
    ),
    "a message": lambda text: ("/messages/publication", {"name": text, "correlationKey": text}),
    "a correlation": lambda text: ("/messages/correlation", {"name": text, "correlationKey": text}),
    "a signal": lambda text: ("/signals/broadcast", {"signalName": text}),
    "a filter": lambda text: ("/process-instances/search", {"filter": {"businessId": text}}),
    "a pattern": lambda text: ("/user-tasks/search", {"filter": {"name": {"$like": text}}}),
    "a value looked for": lambda text: (
        "/variables/search",
        {"filter": {"value": text, "name": {"$in": [text]}}},
    ),
    "an order": lambda text: ("/jobs/search", {"sort": [{"field": text, "order": text}]}),
    "a cursor": lambda text: ("/incidents/search", {"page": {"limit": 1, "after": text}}),
    "a type of job": lambda text: (
        "/jobs/activation",
        {"type": text, "timeout": 1000, "maxJobsToActivate": 1, "requestTimeout": -1, "worker": text},
    ),
    "an unknown property": lambda text: ("/incidents/search", {text: text}),
    "a decision": lambda text: ("/decision-definitions/evaluation", {"decisionDefinitionId": text}),
    "a tenant": lambda text: ("/messages/publication", {"name": "n", "tenantId": text}),
}


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    if not (CORPUS / "expected.json").is_file():
        pytest.skip(f"the attack corpus is absent: {CORPUS}")
    with working.open_office(tmp_path_factory.mktemp("attacked")) as app:
        yield app


@pytest.fixture(scope="module")
def caller(office: Flask) -> Caller:
    made = calling.as_person(office, working.OPERATOR)
    working.start(made)
    return made


def stored(app: Flask) -> dict[str, int]:
    """Return how many rows each table has, but for the notes of refusals."""
    tables: list[Table] = [table for table in Base.metadata.sorted_tables if table.name not in NOTES]
    with app.app_context():
        session = db.db.session()
        return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def attack(app: Flask, send: Callable[[], TestResponse]) -> TestResponse:
    """Send, and judge the answer as every attack is judged."""
    before, began = stored(app), time.process_time()
    answer = send()
    spent = time.process_time() - began
    assert answer.status_code < 500, answer.text[:500]
    assert spent < SECONDS
    assert CANARY not in answer.text
    assert "Set-Cookie" not in answer.headers
    if answer.status_code >= 400:
        calling.problem(answer)
        assert "Traceback" not in answer.text
        assert stored(app) == before
    elif answer.status_code == 200:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return answer


def post(caller: Caller, path: str, body: bytes) -> TestResponse:
    return caller.client.post(
        f"/v2{path}", data=body, headers=caller.headers, content_type="application/json"
    )


def deploy(caller: Caller, name: str, content: bytes) -> TestResponse:
    """Deploy one file, its request written here: the test client would leave large ones open."""
    head = f'--x\r\nContent-Disposition: form-data; name="resources"; filename="{name}"\r\n\r\n'
    return caller.client.post(
        "/v2/deployments",
        data=head.encode() + content + b"\r\n--x--\r\n",
        headers=caller.headers,
        content_type="multipart/form-data; boundary=x",
    )


def corpus(kind: str) -> list[str]:
    return sorted(path.name for path in (CORPUS / kind).glob("*"))


def content_of(kind: str, name: str) -> bytes:
    content = (CORPUS / kind / name).read_bytes()
    return content.replace(b"/CANARY", str(CORPUS / "canary.txt").encode())


@pytest.mark.parametrize("name", corpus("api"))
@pytest.mark.parametrize(
    "path",
    [
        "/process-instances",
        "/process-instances/search",
        "/user-tasks/search",
        "/jobs/activation",
        "/messages/publication",
        "/process-instances/102/modification",
        "/user-tasks/104/completion",
        "/user-tasks/104/assignment",
    ],
)
def test_a_hostile_body_is_refused(office: Flask, caller: Caller, path: str, name: str) -> None:
    answer = attack(office, lambda: post(caller, path, content_of("api", name)))

    assert answer.status_code == 400, answer.text[:300]


@pytest.mark.parametrize("name", corpus("api"))
def test_hostile_variables_are_values_or_refused(office: Flask, caller: Caller, name: str) -> None:
    body = b'{"processDefinitionId":"charging","variables":' + content_of("api", name) + b"}"

    answer = attack(office, lambda: post(caller, "/process-instances", body))

    if answer.status_code == 200:
        found = working.find(caller, "variables", processInstanceKey=answer.json["processInstanceKey"])  # type: ignore[index]
        given = json.loads(content_of("api", name))
        assert {row["name"]: json.loads(row["value"]) for row in found} == given


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/process-instances", "/user-tasks/search", "/messages/publication"])
def test_a_broken_body_is_refused_or_read_as_nothing(
    office: Flask, caller: Caller, path: str, name: str
) -> None:
    attack(office, lambda: post(caller, path, BODIES[name]))


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
@pytest.mark.parametrize("noun", ["process-instances", "user-tasks", "users", "groups", "resources"])
def test_a_hostile_path_finds_nothing(office: Flask, caller: Caller, noun: str, path: str) -> None:
    answer = attack(office, lambda: caller.get(f"/{noun}/{path}"))

    assert answer.status_code >= 400
    assert answer.status_code == 400 or "%00" not in path  # PostgreSQL would choke on it


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_hostile_letters_are_text_or_refused(office: Flask, caller: Caller, place: str, text: str) -> None:
    path, body = PLACES[place](HOSTILE[text])
    sent = json.dumps(body).encode()  # half letters are sent as \\ud800

    attack(office, lambda: post(caller, path, sent))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_file_may_be_called_whatever_it_is(office: Flask, caller: Caller, text: str) -> None:
    name = HOSTILE[text][:300].encode("utf-8", "replace").decode() + ".txt"

    attack(office, lambda: caller.deploy((name, b"content")))


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind in ("xml", "structure", "xss", "csv", "archive") for name in corpus(kind)],
)
def test_a_hostile_file_is_refused_or_kept_as_it_is(
    office: Flask, caller: Caller, kind: str, name: str
) -> None:
    expected = {
        case["file"]: case["expect"].lower() for case in json.loads((CORPUS / "expected.json").read_text())
    }

    answer = attack(office, lambda: deploy(caller, name, content_of(kind, name)))

    if kind == "xml" and expected.get(f"{kind}/{name}", "").startswith(REFUSED) and name.endswith("bpmn"):
        assert answer.status_code == 400
    if kind in ("xml", "structure"):
        assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        for entry in answer.json["deployments"]:  # type: ignore[index]
            definition = entry["processDefinition"]
            if definition is not None:
                shown = caller.get(f"/process-definitions/{definition['processDefinitionKey']}/xml")
                assert CANARY not in shown.text
                assert shown.content_type.startswith("text/xml")
                assert "attachment" in shown.headers.get("Content-Disposition", "attachment")


def test_a_file_larger_than_any_is_refused_unread(office: Flask, caller: Caller) -> None:
    answer = attack(office, lambda: deploy(caller, "large.bpmn", b"<a" + b" " * 52_000_000))

    assert answer.status_code == 413
