"""Signing in with an OpenID provider: a certified one in a process of its own, and ones that lie."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests import openid, site
from web import configuration, create_app, db, oidc
from web.access_tables import SecurityEvent
from web.tables import Credential
from workflows import organisation
from workflows.tables import Membership


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("provider")


@pytest.fixture(scope="module")
def issuer(folder: Path) -> Iterator[str]:
    with openid.certified(folder) as address:
        yield address


@contextmanager
def open_site(folder: Path, issuer: str, **settings: str) -> Iterator[Flask]:
    environ = openid.settings(issuer) | settings
    with site.open_site(folder) as app:
        app.config.update({name.removeprefix("BANGVANG_"): value for name, value in environ.items()})
        oidc.init_app(app)
        yield app


@pytest.fixture
def app(tmp_path: Path, issuer: str) -> Iterator[Flask]:
    with open_site(tmp_path, issuer) as opened:
        yield opened


def go(client: FlaskClient) -> str:
    """Ask to sign in elsewhere; return the provider's address."""
    answer = client.get("/sign-in/oidc")
    assert answer.status_code == 302, answer.text
    return answer.location


def come_back(client: FlaskClient, address: str) -> TestResponse:
    parts = urlsplit(address)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: FlaskClient, login: str) -> TestResponse:
    return come_back(client, openid.pass_through(go(client), login))


def lie_to(client: FlaskClient) -> TestResponse:
    """Go to a lying provider and back with the state it was given."""
    state = requests.get(go(client), timeout=10).json()["state"]
    return client.get(f"/sign-in/oidc/back?code=code&state={state}")


def credential(app: Flask, login: str) -> Credential:
    with app.app_context():
        return db.db.session().scalars(select(Credential).where(Credential.name == login)).one()


def test_a_person_signs_in_with_the_certified_provider_and_comes_to_the_page_that_was_asked_for(
    app: Flask,
) -> None:
    client = app.test_client()
    client.get("/honours/")

    page = client.get("/sign-in")
    answer = sign_in(client, "an.p1")

    assert "/sign-in/oidc" in page.text
    assert answer.status_code == 303, answer.text
    assert answer.location == "/honours/"
    assert client.get("/tasks/").status_code == 200
    assert credential(app, "an.p1").oidc_subject is not None


def test_the_request_carries_state_nonce_and_a_challenge(app: Flask) -> None:
    asked = parse_qs(urlsplit(go(app.test_client())).query)

    assert {"state", "nonce", "code_challenge"} <= set(asked)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [openid.BACK]


def test_a_stranger_is_told_what_to_do_and_is_not_added(app: Flask) -> None:
    client = app.test_client()

    answer = sign_in(client, "nobody.here")

    assert answer.status_code == 403
    assert "nobody.here" in answer.text
    assert "bangvang user add" in answer.text
    assert client.get("/tasks/").status_code == 303


def test_a_login_that_was_given_to_somebody_else_there_opens_nothing_here(app: Flask) -> None:
    sign_in(app.test_client(), "an.p1")

    with app.test_request_context(method="POST"), db.transaction() as session:
        session.execute(update(Credential).where(Credential.name == "an.p1").values(oidc_subject="other"))
    answer = sign_in(app.test_client(), "an.p1")

    assert answer.status_code == 403


def test_the_groups_of_the_provider_become_the_persons_as_far_as_they_exist(app: Flask, folder: Path) -> None:
    claims = folder / "claims.json"

    claims.write_text(json.dumps({"groups": ["auditors", "no.such", "P2.staff"]}), "utf-8")
    sign_in(app.test_client(), "an.p1")
    with app.app_context():
        taken = organisation.groups(db.db.session(), "an.p1", organisation.today())

    claims.write_text(json.dumps({"groups": ["P1.staff"]}), "utf-8")
    sign_in(app.test_client(), "an.p1")
    claims.write_text("{}", "utf-8")
    with app.app_context():
        back = organisation.groups(db.db.session(), "an.p1", organisation.today())
        kept = set(db.db.session().scalars(select(Membership.group_name)))

    assert taken == {"auditors", "P2.staff"}
    assert back == {"P1.staff"}
    assert "no.such" not in kept


def test_an_answer_cannot_be_used_twice_nor_in_another_browser(app: Flask) -> None:
    client, other = app.test_client(), app.test_client()
    address = openid.pass_through(go(client), "an.p1")

    elsewhere = come_back(other, address)
    first = come_back(client, address)
    again = come_back(client, address)

    assert [elsewhere.status_code, first.status_code, again.status_code] == [422, 303, 422]
    assert other.get("/tasks/").status_code == 303


def test_a_cookie_of_before_replayed_with_its_answer_finds_the_code_used(app: Flask) -> None:
    client, thief = app.test_client(), app.test_client()
    address = openid.pass_through(go(client), "an.p1")
    stolen = client.get_cookie("bangvang")
    assert stolen is not None
    come_back(client, address)

    thief.set_cookie("bangvang", stolen.value)
    answer = come_back(thief, address)

    assert answer.status_code == 422
    assert thief.get("/tasks/").status_code == 303


def test_signing_out_ends_the_session_and_offers_to_end_the_providers(app: Flask) -> None:
    client = app.test_client()
    sign_in(client, "an.p1")
    visitor = site.Visitor("an.p1", client)

    left = visitor.post("/sign-out")
    page = client.get(left.location).text
    further = client.get("/sign-in/oidc/leave")

    assert client.get("/tasks/").status_code == 303
    assert "/sign-in/oidc/leave" in page
    assert further.location.startswith(app.config["OIDC_ISSUER"] + "/session/end")


def change(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda claims: claims.update({name: value})


LIES: Mapping[str, tuple[Callable[[dict[str, Any]], None] | None, dict[str, Any]]] = {
    "another issuer": (change("iss", "https://elsewhere.example"), {}),
    "another issuer's discovery": (None, {"issuer": "https://elsewhere.example"}),
    "another audience": (change("aud", "another site"), {}),
    "no audience": (lambda claims: claims.pop("aud"), {}),
    "another nonce": (change("nonce", "another"), {}),
    "no nonce": (lambda claims: claims.pop("nonce"), {}),
    "over": (change("exp", 1), {}),
    "no end": (lambda claims: claims.pop("exp"), {}),
    "not yet": (change("nbf", 4_000_000_000), {}),
    "another key": (None, {"key": RSAKey.generate_key(2048, {"kid": "1"})}),
    "no signature": (None, {"alg": "none"}),
    "a signature that we could make, too": (None, {"alg": "HS256", "key": OctKey.import_key(openid.SECRET)}),
    "no id token": (None, {"silent": True}),
    "no token at all": (None, {"id_token": "nonsense"}),
    "no subject": (lambda claims: claims.pop("sub"), {}),
}


def test_a_provider_that_tells_the_truth_is_believed(tmp_path: Path) -> None:
    with openid.lying() as issuer, open_site(tmp_path, issuer) as app:
        answer = lie_to(app.test_client())

        assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_refused_and_written_down(tmp_path: Path, name: str) -> None:
    lie, answers = LIES[name]
    with openid.lying(lie, **answers) as issuer, open_site(tmp_path, issuer) as app:
        client = app.test_client()

        answer = client.get("/sign-in/oidc") if "issuer" in answers else lie_to(client)

        assert answer.status_code == 422
        assert client.get("/tasks/").status_code == 303
        with app.app_context():
            kinds = db.db.session().scalars(select(SecurityEvent.kind)).all()
        assert "oidc.failed" in kinds


def test_an_address_that_the_provider_has_not_verified_names_nobody(tmp_path: Path) -> None:
    claim = {"BANGVANG_OIDC_LOGIN_CLAIM": "email"}
    for verified, status in ((False, 403), (True, 303)):
        lie: Callable[[dict[str, Any]], None] = lambda claims: claims.update(  # noqa: E731
            email="an.p1",
            email_verified=verified,  # noqa: B023
        )
        with openid.lying(lie) as issuer, open_site(tmp_path, issuer, **claim) as app:
            answer = lie_to(app.test_client())

        assert answer.status_code == status


def test_a_provider_that_is_away_leaves_the_password(tmp_path: Path) -> None:
    with openid.lying() as issuer:
        pass
    with open_site(tmp_path, issuer) as app:
        answer = app.test_client().get("/sign-in/oidc")

        assert answer.status_code == 422
        assert 'name="password"' in answer.text
        site.sign_in(app, "an.p1")


def test_no_provider_no_button_no_address(tmp_path: Path) -> None:
    with site.open_site(tmp_path) as app:
        client = app.test_client()

        assert "/sign-in/oidc" not in client.get("/sign-in").text
        assert client.get("/sign-in/oidc").status_code == 404
        assert client.get("/sign-in/oidc/back?code=x&state=y").status_code == 404


@pytest.mark.parametrize(
    "environ",
    [
        {"BANGVANG_OIDC_ISSUER": "http://provider.example", "BANGVANG_OIDC_CLIENT_ID": "x"},
        {"BANGVANG_OIDC_ISSUER": "https://provider.example"},
    ],
)
def test_a_provider_without_https_or_without_our_id_stops_the_start(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match="BANGVANG_OIDC"):
        create_app({"BANGVANG_INSTANCE": str(tmp_path), **environ})

    assert "OIDC_CLIENT_SECRET" in {setting.name for setting in configuration.SETTINGS}
