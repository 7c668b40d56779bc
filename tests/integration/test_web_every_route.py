"""Every route × every role, as every_route.md says; a route without a row fails, a row without a route, too.

The views themselves are replaced by a mark: what is asked here is whether the door opens. What a view shows
of whose case is asked in test_web_relations.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import site
from web import db, service_accounts, tokens

TABLE = Path(__file__).with_name("every_route.md")
PEOPLE = {"staff": "an.p1", "designer": "thao.it", "auditor": "uyen.tt", "administrator": "vinh.it"}
ROLES = ("stranger", *PEOPLE, "service")
SAMPLES = {"kind": "pdf", "change": "cancel"}
LET_IN = "let in"
Row = tuple[str, ...]  # what each role meets


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Row]]:
    """Knock at every route as everybody; give what each role met, by method and address."""
    with site.open_site(tmp_path_factory.mktemp("site")) as app:
        doors = [_stranger(app), *(_person(app, name) for name in PEOPLE.values()), _service(app)]
        for endpoint, view in app.view_functions.items():
            app.view_functions[endpoint] = _mark(view)
        with app.test_request_context():
            adapter = app.url_map.bind("localhost")
        yield {
            f"{method} {rule.rule}": tuple(
                _met(knock(method, adapter.build(rule.endpoint, _sample(rule), method))) for knock in doors
            )
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            if rule.endpoint != "static"
        }


Knock = Callable[[str, str], TestResponse]


def _sample(rule: Rule) -> dict[str, Any]:
    return {key: SAMPLES.get(key, 1) for key in rule.arguments}


def _mark(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def told(**_: Any) -> str:
        return LET_IN

    return told


def _knock(client: FlaskClient, forgery_token: str, headers: dict[str, str]) -> Knock:
    """Knock with the forgery token of the session, and with the token of the API: each door takes its own."""

    def knock(method: str, address: str) -> TestResponse:
        return client.open(address, method=method, headers={"X-CSRFToken": forgery_token, **headers})

    return knock


def _stranger(app: Flask) -> Knock:
    client = app.test_client()
    return _knock(client, site.forgery_token(client.get("/sign-in").text), {})


def _person(app: Flask, name: str) -> Knock:
    visitor = site.sign_in(app, name)
    with app.test_request_context(method="POST"), db.transaction() as session:
        token = tokens.create(session, name, "", "system")
    return _knock(visitor.client, visitor.token(), {"Authorization": f"Bearer {token}"})


def _service(app: Flask) -> Knock:
    with app.test_request_context(method="POST"), db.transaction() as session:
        service_accounts.add(session, "program", ["workers"], "system")
        token = tokens.create(session, "program", "", "system")
    client = app.test_client()
    forgery_token = site.forgery_token(client.get("/sign-in").text)
    return _knock(client, forgery_token, {"Authorization": f"Bearer {token}"})


def _met(answer: TestResponse) -> str:
    if answer.status_code == 303 and answer.location == "/sign-in":
        return "sign in"
    return "yes" if answer.text == LET_IN else str(answer.status_code)


def read_table() -> dict[str, Row]:
    """Return the rows of the table: method and address → what each role meets."""
    lines = [line for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): tuple(row[1:]) for row in cells}


def write_row(route: str, row: Row) -> str:
    """Return a row as the table has it."""
    return f"| `{route}` | {' | '.join(row)} |"


def test_every_route_has_a_row(found: dict[str, Row]) -> None:
    table = read_table()

    missing = [write_row(route, row) for route, row in sorted(found.items()) if route not in table]

    assert missing == [], "look whether each of these is right, then add it:\n" + "\n".join(missing)


def test_every_row_is_a_route(found: dict[str, Row]) -> None:
    assert [route for route in read_table() if route not in found] == []


def test_every_role_meets_what_the_table_says(found: dict[str, Row]) -> None:
    wrong = {
        route: dict(zip(ROLES, row, strict=True))
        for route, row in read_table().items()
        if route in found and found[route] != row
    }

    assert wrong == {}
