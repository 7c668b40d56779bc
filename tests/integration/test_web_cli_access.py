"""`bangvang token …`, `bangvang service …` and the account page: what is printed once and never again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from tests import databases, site
from tests.calling import Caller
from web import cli


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    with site.open_site(tmp_path) as opened:
        with opened.app_context():
            url = str(opened.config["SQLALCHEMY_DATABASE_URI"])
        for name, value in databases.settings(tmp_path, url).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("BANGVANG_SECRET_KEY", str(opened.config["SECRET_KEY"]))
        yield opened


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.bangvang, list(arguments))


def status(app: Flask, token: str) -> int:
    return Caller(app.test_client(), token).get("/authentication/me").status_code


def test_a_token_is_all_that_is_printed_and_opens_the_api_until_it_is_revoked(app: Flask) -> None:
    made = run("token", "create", "an.p1", "--expires", "30", "--label", "báo cáo")
    token = made.stdout.strip()
    listed = run("token", "list").stdout

    before = status(app, token)
    revoked = run("token", "revoke", token.rpartition("_")[0][:11])

    assert (made.exit_code, made.stdout) == (0, f"{token}\n")
    assert re.fullmatch(r"bv_[0-9a-f]{8}_[\w-]{43}", token)
    assert token not in listed
    assert "an.p1" in listed
    assert "báo cáo" in listed
    assert (before, revoked.exit_code, status(app, token)) == (200, 0, 401)


def test_a_token_for_nobody_is_a_clear_error(app: Flask) -> None:
    made = run("token", "create", "nobody")
    revoked = run("token", "revoke", "bv_00000000")

    assert (made.exit_code, made.stdout) == (1, "")
    assert "nobody" in made.stderr
    assert "Traceback" not in made.stderr
    assert revoked.exit_code == 1


def test_a_service_account_gets_id_and_secret_once_and_a_token_of_its_own(app: Flask) -> None:
    added = run("service", "add", "ioc", "--group", "workers")
    secret = re.search(r"client_secret: (\S+)", added.stdout)
    token = run("token", "create", "ioc").stdout.strip()

    assert added.stdout.startswith("client_id: ioc\n")
    assert secret is not None
    form = {"grant_type": "client_credentials", "client_id": "ioc", "client_secret": secret[1]}
    assert app.test_client().post("/oauth/token", data=form).status_code == 200
    assert status(app, token) == 200
    assert run("service", "add", "an.p1").exit_code == 1


def test_a_group_that_nobody_knows_is_taken_with_a_warning(app: Flask) -> None:
    slip = run("user", "add", "new.p1", "--group", "P1.staf", "--password", "a long password")
    right = run(
        "user", "add", "other.p1", "--group", "P1.staff", "--group", "workers", "--password", "another"
    )

    assert (slip.exit_code, right.exit_code) == (0, 0)
    assert "P1.staf" in slip.stderr
    assert "P1.staff" not in right.stderr


def test_a_person_makes_and_revokes_own_tokens_on_the_account_page(app: Flask) -> None:
    visitor, other = site.sign_in(app, "an.p1"), site.sign_in(app, "chi.p2")

    made = visitor.post("/account/tokens", {"label": "<b>Excel</b>", "days": "30"}).text
    token = re.search(r"bv_[0-9a-f]{8}_[\w-]{43}", made)
    assert token is not None
    prefix = token[0][:11]
    again = visitor.get("/account/tokens").text
    stolen = other.post(f"/account/tokens/{prefix}/revoke").status_code
    before = status(app, token[0])
    visitor.post(f"/account/tokens/{prefix}/revoke")

    assert token[0] not in again
    assert prefix in again
    assert "<b>Excel" not in again
    assert prefix not in other.get("/account/tokens").text
    assert (stolen, before, status(app, token[0])) == (404, 200, 401)


@pytest.mark.parametrize("days", ["", "0", "-1", "3651", "1e3", "abc", "٣"])
def test_a_token_for_no_number_of_days_is_not_made(app: Flask, days: str) -> None:
    visitor = site.sign_in(app, "an.p1")

    answer = visitor.post("/account/tokens", {"days": days})

    assert answer.status_code in (400, 422)
    assert "bv_" not in visitor.get("/account/tokens").text
