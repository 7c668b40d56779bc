"""The OpenAPI document is true, whatever is sent: requests made from it find no error of the server.

Every operation gets requests that fit the document and requests that do not, half of them with the keys of
rows that exist; each answer has the status, the content type and the shape that the document promises.
`make test` sends a share, `make soak` many more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from engine import deployments, instances
from engine.actors import SYSTEM, Actor
from tests.builders import a_process
from tests.calling import Caller
from tests.site import open_site
from web import api, db, people, tokens
from web.api import keys

ALL_GROUPS = ("administrators", "designers", "auditors", "workers")
SHARE, MANY = 6, 400  # requests of each kind for each operation
PROMISED = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
# waits for the time that the request names
SLOW = {"/v2/jobs/activation"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("site")) as app:
        app.config["API_WAIT"] = 0.01
        with app.app_context(), db.transaction() as session:
            people.add(session, "tester", ALL_GROUPS, "a password of a test")
            process = a_process("trial").start().user_task("first", assignee="tester")
            process.service_task("call", "outside").end()
            deployments.deploy(session, [process.file()], SYSTEM)
        yield app


@pytest.fixture(scope="module")
def caller(site: Flask) -> Caller:
    with site.test_request_context(method="POST"), db.transaction() as session:
        token = tokens.create(session, "tester", "test", "system", None)
    return Caller(site.test_client(), token)


def known_keys(app: Flask) -> Mapping[str, str]:
    """Start a case, so that whatever the last request ended is there again; return keys by kind."""
    with app.app_context(), db.transaction() as session:
        case = instances.start(session, "trial", {"n": 1}, Actor("tester"), "H-1")
        numbers = {"process_instance": case.id, "process_definition": case.definition_id}
        from_one = dict.fromkeys(keys.CODES, case.id) | numbers
        return {kind: keys.write(kind, number) for kind, number in from_one.items()}


def kind_in(path: str) -> str:
    """Return the kind of key that a path takes: /v2/user-tasks/{key} takes that of a user task."""
    noun = path.split("/")[2].removesuffix("s").replace("-", "_")
    return noun if noun in keys.CODES else "process_instance"


def operations() -> list[tuple[str, str]]:
    return [
        (path, method)
        for path, one in api.describe()["paths"].items()
        for method in one
        if method != "parameters"
    ]


@pytest.mark.parametrize(("path", "method"), operations())
def test_no_request_made_from_the_document_finds_an_error(
    site: Flask, caller: Caller, path: str, method: str
) -> None:
    send_and_check(site, caller, path, method, SHARE)


@pytest.mark.soak
@pytest.mark.parametrize(("path", "method"), operations())
def test_many_requests_made_from_the_document_find_no_error(
    site: Flask, caller: Caller, path: str, method: str
) -> None:
    send_and_check(site, caller, path, method, MANY)


def send_and_check(app: Flask, caller: Caller, path: str, method: str, number: int) -> None:
    schema = schemathesis.openapi.from_dict(api.describe())
    schema.app = app
    operation = schema[path][method.upper()]
    quiet = settings(
        max_examples=number,
        deadline=None,
        database=None,
        derandomize=number == SHARE,
        suppress_health_check=list(HealthCheck),
    )
    takes_something = bool(operation.body or any(True for _ in operation.iter_parameters()))
    for mode in (GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes_something else [])):

        @quiet
        @given(case=operation.as_strategy(generation_mode=mode), real=some.booleans())
        def send(case: Any, real: bool) -> None:
            if real and "key" in (case.path_parameters or {}):
                case.path_parameters["key"] = known_keys(app)[kind_in(path)]
            if path in SLOW and isinstance(case.body, dict):
                case.body["requestTimeout"] = -1
            answer = case.call(headers=caller.headers)
            assert answer.status_code not in (500, 502, 504), (case.body, answer.text)
            case.validate_response(answer, checks=PROMISED)

        send()
