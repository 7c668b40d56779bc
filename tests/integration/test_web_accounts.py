"""Passwords and sessions: wrong ones are counted for everybody alike, a new one ends every session."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.dialects import postgresql
from werkzeug.test import TestResponse

from engine import clock
from tests.site import open_site, sign_in
from web import accounts, db, people
from web.tables import Credential


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        yield app


def try_to_enter(client: FlaskClient, name: str, password: str) -> TestResponse:
    token = re.search(r'csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    return client.post("/sign-in", data={"name": name, "password": password, "csrf_token": token[1]})


def test_a_new_password_ends_the_sessions_of_the_old_one(site: Flask) -> None:
    visitor = sign_in(site, "an.p1")
    before = visitor.client.get("/tasks/").status_code

    with site.app_context(), db.transaction() as session:
        accounts.set_password(session, "an.p1", "một mật khẩu khác")

    assert before == 200
    assert visitor.client.get("/tasks/").headers["Location"] == "/sign-in"


def test_a_cookie_ends_twelve_hours_after_the_last_request(site: Flask) -> None:
    answer = try_to_enter(site.test_client(), "an.p1", "bangvang")

    assert site.permanent_session_lifetime == timedelta(hours=12)
    assert "Expires=" in answer.headers["Set-Cookie"]


def test_a_pause_does_not_tell_whether_a_name_exists(site: Flask) -> None:
    client = site.test_client()

    known = [try_to_enter(client, "an.p1", "wrong").status_code for _ in range(6)]
    unknown = [try_to_enter(client, "nobody.p1", "wrong").status_code for _ in range(6)]

    assert unknown == known == [422, 422, 422, 422, 422, 429]


def test_a_name_nobody_has_is_free_again_after_the_pause(site: Flask) -> None:
    client = site.test_client()
    for _ in range(6):
        try_to_enter(client, "nobody.p1", "wrong")

    with clock.pinned(clock.now() + accounts.PAUSE + timedelta(seconds=1)):
        answer = try_to_enter(client, "nobody.p1", "wrong")

    assert answer.status_code == 422


def test_strangers_fill_no_memory(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "STRANGERS_KEPT", 3)

    with site.app_context(), db.transaction() as session:
        for number in range(10):
            accounts.record_attempt(session, f"stranger{number}", False)

    assert list(site.extensions["bangvang.strangers"]) == ["stranger7", "stranger8", "stranger9"]


def test_guesses_sent_together_are_all_counted(site: Flask) -> None:
    statement = str(accounts.LOCKED.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]

    with site.app_context(), db.transaction() as session:
        for _ in range(accounts.FAILURES_ALLOWED):
            accounts.record_attempt(session, "an.p1", False)

    assert "FOR UPDATE" in statement
    with site.app_context(), db.transaction() as session, pytest.raises(accounts.SignInPaused):
        accounts.record_attempt(session, "an.p1", True)


def test_a_new_password_keeps_the_language(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        accounts.set_language(session, "an.p1", "en")

    with site.app_context(), db.transaction() as session:
        accounts.set_password(session, "an.p1", "một mật khẩu khác")

    with site.app_context():
        language = db.db.session().scalar(select(Credential.language).where(Credential.name == "an.p1"))
    assert language == "en"


@pytest.mark.parametrize("name", ["system", "System"])
def test_nobody_is_called_like_the_system(site: Flask, name: str) -> None:
    with (
        pytest.raises(accounts.NameReserved),
        site.app_context(),
        db.transaction() as session,
    ):
        people.add(session, name, ["P1.staff"], "bangvang")

    with site.app_context():
        assert accounts.load(name) is None
