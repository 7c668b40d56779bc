"""Programs at the front door: tokens, service accounts, names with passwords; cookies do not count."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine import clock
from tests import site
from web import accounts, db, people, service_accounts, tokens
from web.access_tables import ApiToken, SecurityEvent
from web.accounts import current_actor
from web.security import SIGNED_IN, open_to
from workflows import organisation
from workflows.tables import Person


@open_to(SIGNED_IN)
def who() -> dict[str, object]:
    return {"name": current_actor().name, "groups": sorted(current_actor().groups)}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with site.open_site(tmp_path) as opened:
        opened.add_url_rule("/v2/who", view_func=who, methods=["GET", "POST"])
        yield opened


def token_of(app: Flask, owner: str, days: int | None = None) -> str:
    with app.test_request_context(method="POST"), db.transaction() as session:
        return tokens.create(session, owner, "test", "system", days)


def service(app: Flask, name: str, *groups: str) -> str:
    with app.test_request_context(method="POST"), db.transaction() as session:
        return service_accounts.add(session, name, groups, "system")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def ask_token(client: FlaskClient, name: str, secret: str, **more: str) -> TestResponse:
    form = {"grant_type": "client_credentials", "client_id": name, "client_secret": secret, **more}
    return client.post("/oauth/token", data=form)


def change(app: Flask, act: Callable[[Session], object]) -> None:
    with app.test_request_context(method="POST"), db.transaction() as session:
        act(session)


def test_a_token_speaks_for_its_owner_with_the_groups_of_now(app: Flask) -> None:
    client, token = app.test_client(), token_of(app, "an.p1")

    before = client.get("/v2/who", headers=bearer(token)).json
    change(app, lambda session: people.add(session, "an.p1", ["auditors"], site.PASSWORD))
    after = client.get("/v2/who", headers=bearer(token)).json

    assert before == {"name": "an.p1", "groups": ["P1.staff"]}
    assert after == {"name": "an.p1", "groups": ["P1.staff", "auditors"]}


def test_who_calls_and_the_groups_are_one_statement(app: Flask) -> None:
    client, token = app.test_client(), token_of(app, "an.p1")
    client.get("/v2/who", headers=bearer(token))  # the first use of a day is written down

    statements: list[str] = []
    with app.app_context():
        engine = db.db.engine
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    client.get("/v2/who", headers=bearer(token))

    assert len([text for text in statements if text.startswith("SELECT")]) == 1


def test_only_the_digest_of_a_token_is_kept_and_its_use_by_day(app: Flask) -> None:
    token = token_of(app, "an.p1")
    app.test_client().get("/v2/who", headers=bearer(token))

    with app.app_context():
        row = db.db.session().scalars(select(ApiToken)).one()
        values = [str(value) for value in vars(row).values()]

    assert token not in values
    assert token.startswith(f"{row.prefix}_")
    assert row.used_on == organisation.today()


@pytest.mark.parametrize(
    "wrong", ["", "bv_", "bv_x", "a.b.c", "Bearer", "\u00e9", "x" * 5000, "null", "' or 1=1"]
)
def test_a_token_that_was_never_made_is_nobody(app: Flask, wrong: str) -> None:
    answer = app.test_client().get(
        "/v2/who", headers={"Authorization": f"Bearer {wrong}".encode().decode("latin1")}
    )

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers.getlist("WWW-Authenticate")[0].startswith("Bearer")


def test_a_token_dies_with_its_day_with_its_revocation_and_with_its_owner(app: Flask) -> None:
    client = app.test_client()
    lasting, ending, revoked = (token_of(app, "an.p1", days) for days in (None, 3, None))
    orphan = token_of(app, "chi.p2")

    change(app, lambda session: tokens.revoke(session, revoked[:11], "system"))
    change(
        app,
        lambda session: session.execute(update(Person).where(Person.login == "chi.p2").values(active=False)),
    )
    clock.pin(clock.now() + timedelta(days=4))
    found = [
        client.get("/v2/who", headers=bearer(one)).status_code for one in (lasting, ending, revoked, orphan)
    ]
    clock.unpin()

    assert found == [200, 401, 401, 401]


def test_a_cookie_opens_no_address_for_programs_and_a_token_opens_no_page(app: Flask) -> None:
    visitor, token = site.sign_in(app, "an.p1"), token_of(app, "an.p1")

    by_cookie = visitor.client.get("/v2/who")
    by_token = app.test_client().get("/tasks/", headers=bearer(token))

    assert by_cookie.status_code == 401
    assert by_token.status_code == 303
    assert by_token.location == "/sign-in"


def test_programs_send_no_forgery_token_and_pages_still_ask_for_one(app: Flask) -> None:
    token = token_of(app, "an.p1")

    sent = app.test_client().post("/v2/who", headers=bearer(token))
    page = app.test_client().post("/sign-in", data={"name": "an.p1"}, headers=bearer(token))

    assert sent.status_code == 200
    assert page.status_code == 400


def test_name_and_password_work_and_wrong_ones_pause_the_name_for_pages_too(app: Flask) -> None:
    client = app.test_client()

    right = client.get("/v2/who", headers=basic("an.p1", site.PASSWORD)).status_code
    wrong = [client.get("/v2/who", headers=basic("an.p1", f"wrong {n}")).status_code for n in range(5)]
    paused = client.get("/v2/who", headers=basic("an.p1", site.PASSWORD))

    assert right == 200
    assert wrong == [401] * 5
    assert paused.status_code == 429  # although this process has just verified that very password
    assert paused.headers["Retry-After"] == "300"
    with pytest.raises(AssertionError, match=r"429|5 lần"):
        site.sign_in(app, "an.p1")


def test_a_remembered_password_is_forgotten_with_a_new_one(app: Flask) -> None:
    client = app.test_client()
    client.get("/v2/who", headers=basic("an.p1", site.PASSWORD))

    change(app, lambda session: accounts.set_password(session, "an.p1", "another one"))

    assert client.get("/v2/who", headers=basic("an.p1", site.PASSWORD)).status_code == 401
    assert client.get("/v2/who", headers=basic("an.p1", "another one")).status_code == 200


def test_a_password_is_hashed_once_and_not_at_every_request(app: Flask) -> None:
    client = app.test_client()
    client.get("/v2/who", headers=basic("an.p1", site.PASSWORD))

    with app.app_context():  # whoever hashed it again would find it wrong: the pause would count it
        memory = app.extensions["bangvang.passwords"]
        assert len(memory.verified) == 1
        assert site.PASSWORD.encode() not in b"".join(memory.verified)
    client.get("/v2/who", headers=basic("an.p1", site.PASSWORD))

    with app.app_context():
        kept = (
            db.db.session().scalars(select(SecurityEvent.detail).where(SecurityEvent.actor == "an.p1")).all()
        )
    assert kept == ["Basic"]  # one sign-in


def test_a_service_account_gets_an_access_token_by_form_and_by_basic(app: Flask) -> None:
    client, secret = app.test_client(), service(app, "ioc", "workers")

    by_form = ask_token(client, "ioc", secret, audience="zeebe.camunda.io", scope="all")
    by_basic = client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, headers=basic("ioc", secret)
    )

    assert by_form.json is not None
    assert by_basic.json is not None
    assert by_form.json["token_type"] == "Bearer"
    assert by_form.json["expires_in"] == 3600
    assert by_form.headers["Cache-Control"] == "no-store"
    for granted in (by_form.json, by_basic.json):
        who = client.get("/v2/who", headers=bearer(granted["access_token"])).json
        assert who == {"name": "ioc", "groups": ["workers"]}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        (
            {"grant_type": "client_credentials", "client_id": "ioc", "client_secret": "x"},
            401,
            "invalid_client",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "an.p1", "client_secret": site.PASSWORD},
            401,
            "invalid_client",
        ),
    ],
)
def test_a_wrong_request_for_a_token_gets_the_answer_of_the_standard(
    app: Flask, form: dict[str, object], status: int, error: str
) -> None:
    service(app, "ioc", "workers")

    answer = app.test_client().post("/oauth/token", data=form)

    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"] == error
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_new_secret_ends_the_old_one_and_every_access_token_it_got(app: Flask) -> None:
    client, old = app.test_client(), service(app, "ioc", "workers")
    granted = ask_token(client, "ioc", old).json
    assert granted is not None

    new = service(app, "ioc")

    assert client.get("/v2/who", headers=bearer(granted["access_token"])).status_code == 401
    assert ask_token(client, "ioc", old).status_code == 401
    assert ask_token(client, "ioc", new).status_code == 200


def test_an_access_token_ends_by_itself_and_cannot_be_made_up(app: Flask) -> None:
    client, secret = app.test_client(), service(app, "ioc", "workers")
    good = ask_token(client, "ioc", secret).json
    app.config["ACCESS_TOKEN_SECONDS"] = "-1"
    over = ask_token(client, "ioc", secret).json
    assert good is not None
    assert over is not None

    head, claims, signature = good["access_token"].split(".")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    forged = [
        over["access_token"],
        f"{head}.{claims}.{'A' * len(signature)}",
        f"{unsigned}.{claims}.",
        f"{unsigned}.{claims}.{signature}",
    ]

    assert [client.get("/v2/who", headers=bearer(one)).status_code for one in forged] == [401] * 4
    assert client.get("/v2/who", headers=bearer(good["access_token"])).status_code == 200


def test_a_service_account_signs_in_at_no_page(app: Flask) -> None:
    secret = service(app, "ioc", "workers")

    for password in (secret, ""):
        with pytest.raises(AssertionError):
            site.sign_in(app, "ioc", password)
    assert app.test_client().get("/v2/who", headers=basic("ioc", secret)).status_code == 401


def test_a_person_is_not_turned_into_a_service_account(app: Flask) -> None:
    with pytest.raises(service_accounts.NameTaken):
        service(app, "an.p1", "workers")

    assert site.sign_in(app, "an.p1").get("/tasks/").status_code == 200
