"""Sessions, forged forms, headers and limits: what every page and address has in common."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from tests import site
from web import accounts, create_app, db, rate_limits, tokens
from web.access_tables import EndedSession

SAMPLES = {"kind": "pdf", "change": "cancel"}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with site.open_site(tmp_path) as opened:
        yield opened


def cookie_of(client: FlaskClient) -> str:
    found = client.get_cookie("bangvang")
    assert found is not None
    return found.value


def test_signing_in_begins_a_new_session_so_that_nobody_can_plant_one(app: Flask) -> None:
    planted = app.test_client()
    planted.get("/sign-in")
    with planted.session_transaction() as session:
        session["planted"] = True
        session[accounts.KEY] = "known to the attacker"
        forged = session["csrf_token"]
    visitor = site.Visitor("an.p1", planted)

    token = re.search(r'name="csrf_token" value="([^"]+)"', planted.get("/sign-in").text)
    assert token is not None
    form = {"name": "an.p1", "password": site.PASSWORD, "csrf_token": token[1]}
    planted.post("/sign-in", data=form)

    assert visitor.get("/tasks/").status_code == 200
    with planted.session_transaction() as session:
        assert "planted" not in session
        assert session[accounts.KEY] != "known to the attacker"
        assert session.get("csrf_token") != forged


def test_signing_out_ends_the_session_for_a_copy_of_its_cookie_too_and_for_no_other(app: Flask) -> None:
    visitor, elsewhere = site.sign_in(app, "an.p1"), site.sign_in(app, "an.p1")
    thief = app.test_client()
    thief.set_cookie("bangvang", cookie_of(visitor.client))
    before = thief.get("/tasks/").status_code

    visitor.post("/sign-out")

    assert before == 200
    assert thief.get("/tasks/").status_code == 303
    assert visitor.client.get("/tasks/").status_code == 303
    assert elsewhere.client.get("/tasks/").status_code == 200


def test_a_session_ends_after_its_longest_time_however_busy_it_is(app: Flask) -> None:
    visitor = site.sign_in(app, "an.p1")

    with visitor.client.session_transaction() as session:
        session[accounts.BEGAN] -= int(accounts.LONGEST_SESSION.total_seconds()) - 60
    late = visitor.client.get("/tasks/").status_code
    with visitor.client.session_transaction() as session:
        session[accounts.BEGAN] -= 120
    over = visitor.client.get("/tasks/").status_code

    assert (late, over) == (200, 303)


def test_sessions_that_are_over_anyway_are_forgotten(app: Flask) -> None:
    with app.test_request_context(method="POST"), db.transaction() as session:
        old = accounts.datetime.now(accounts.UTC) - accounts.LONGEST_SESSION - timedelta(days=1)
        session.add(EndedSession(key="old", at=old))

    site.sign_in(app, "an.p1").post("/sign-out")

    with app.app_context():
        assert db.db.session().scalar(select(func.count()).select_from(EndedSession)) == 1


@pytest.mark.parametrize("change", [{accounts.KEY: None}, {accounts.BEGAN: None}, {accounts.BEGAN: "1"}])
def test_a_cookie_without_its_key_or_beginning_names_nobody(app: Flask, change: dict[str, object]) -> None:
    visitor = site.sign_in(app, "an.p1")

    with visitor.client.session_transaction() as session:
        session.update(change)

    assert visitor.client.get("/tasks/").status_code == 303


def test_the_cookie_is_kept_from_scripts_other_sites_and_unsafe_ways(tmp_path: Path) -> None:
    app = create_app({"BANGVANG_INSTANCE": str(tmp_path), "BANGVANG_SECURE_COOKIES": "1"})

    sent = app.test_client().get("/sign-in", base_url="https://localhost").headers["Set-Cookie"]

    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= {part.strip() for part in sent.split(";")}


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Return endpoint, method and address of every rule, with 1 for whatever it asks."""
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        return [
            (
                rule.endpoint,
                method,
                adapter.build(rule.endpoint, {key: SAMPLES.get(key, 1) for key in rule.arguments}, method),
            )
            for rule in app.url_map.iter_rules()
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
            if rule.endpoint != "static"
        ]


def test_every_page_that_changes_something_refuses_a_forged_form(app: Flask) -> None:
    visitor = site.sign_in(app, "an.p1")
    pages = [one for one in addresses(app) if not one[2].startswith("/v2/") and one[0] != "oauth.grant"]

    found = {
        (endpoint, method): visitor.client.open(address, method=method).status_code
        for endpoint, method, address in pages
        if method in UNSAFE
    }

    assert len(found) > 40
    assert {key: status for key, status in found.items() if status != 400} == {}


def test_no_address_for_programs_takes_a_cookie_for_a_name(app: Flask) -> None:
    visitor = site.sign_in(app, "vinh.it")
    open_to_all = {endpoint for endpoint in app.view_functions if "public" in site_audiences(app, endpoint)}
    asked = [one for one in addresses(app) if one[2].startswith("/v2/") and one[0] not in open_to_all]

    found = {
        (endpoint, method): visitor.client.open(address, method=method, json={}).status_code
        for endpoint, method, address in asked
    }

    assert {key: status for key, status in found.items() if status != 401} == {}


def site_audiences(app: Flask, endpoint: str) -> frozenset[str]:
    found: frozenset[str] = getattr(app.view_functions[endpoint], "audiences", frozenset())
    return found


def test_every_answer_carries_the_headers(app: Flask) -> None:
    client = app.test_client()
    wanted = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Permissions-Policy")

    bare = [
        (method, address, name)
        for _, method, address in [*addresses(app), ("", "GET", "/no/such/page"), ("", "GET", "/v2/no/such")]
        for answer in [client.open(address, method=method)]
        for name in (*wanted, "Cross-Origin-Opener-Policy", "Cache-Control")
        if name not in answer.headers
    ]

    assert bare == []


def test_a_name_tried_too_often_waits_and_another_name_does_not(tmp_path: Path) -> None:
    with site.open_site(tmp_path) as app:
        app.config["RATE_SIGN_IN"] = "2 per hour"
        rate_limits.init_app(app)
        client = app.test_client()

        for _ in range(2):
            site.sign_in(app, "an.p1")
        form = {"name": "an.p1", "password": site.PASSWORD, "csrf_token": token_of(client)}
        third = client.post("/sign-in", data=form)

        assert third.status_code == 429
        assert 0 < int(third.headers["Retry-After"]) <= 3600
        assert "2 per 1 hour" in third.text
        site.sign_in(app, "chi.p2")


def test_a_program_that_asks_too_often_gets_problem_details_and_others_go_on(tmp_path: Path) -> None:
    with site.open_site(tmp_path) as app:
        app.config["RATE_API"] = "3 per hour"
        rate_limits.init_app(app)
        client = app.test_client()
        with app.test_request_context(method="POST"), db.transaction() as session:
            one, other = (tokens.create(session, name, "", "system") for name in ("an.p1", "chi.p2"))

        answers = [client.get("/v2/authentication/me", headers=bearer(one)) for _ in range(4)]
        further = client.get("/v2/authentication/me", headers=bearer(other))

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].content_type == "application/problem+json"
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert further.status_code == 200


def test_limits_can_be_switched_off_and_a_word_that_is_no_limit_stops_the_start(tmp_path: Path) -> None:
    environ = {"BANGVANG_INSTANCE": str(tmp_path)}

    app = create_app({**environ, "BANGVANG_RATE_SIGN_IN": "0", "BANGVANG_RATE_API": "off"})

    assert app.extensions["bangvang.limits"]["sign_in"] is None
    assert app.extensions["bangvang.limits"]["address"] is not None
    with pytest.raises(ValueError, match="many"):
        create_app({**environ, "BANGVANG_RATE_API": "many"})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def token_of(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert found is not None
    return found[1]
