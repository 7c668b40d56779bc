"""What the database refuses because somebody else was first is told so, not as an error of the server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from engine import clock
from engine.tables import Draft
from tests.site import open_site, sign_in
from web import db


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app:
        app.config["PROPAGATE_EXCEPTIONS"] = False
        yield app


def _answer_with(site: Flask, error: DBAPIError) -> tuple[int, str]:
    def refuse() -> str:
        raise error

    refuse.audiences = frozenset({"signed in"})  # type: ignore[attr-defined]
    visitor = sign_in(site, "an.p1")
    site.view_functions["notices.show"] = refuse
    page = visitor.get("/notices/")
    return page.status_code, page.text


@pytest.mark.parametrize("kind", [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure])
def test_a_deadlock_is_told_as_a_lost_race(site: Flask, kind: type[psycopg.Error]) -> None:
    status, page = _answer_with(site, OperationalError("", {}, kind()))

    assert status == 409
    assert "người khác đã thay đổi" in page


def test_another_error_of_the_database_is_an_error_of_the_server(site: Flask) -> None:
    status, page = _answer_with(site, OperationalError("the secret", {}, psycopg.errors.DatatypeMismatch()))

    assert status == 500
    assert "the secret" not in page


@pytest.mark.parametrize("kind", [psycopg.errors.DiskFull, psycopg.errors.AdminShutdown])
def test_a_database_that_cannot_serve_now_is_told_as_away(site: Flask, kind: type[psycopg.Error]) -> None:
    status, page = _answer_with(site, OperationalError("the secret", {}, kind()))

    assert status == 503
    assert "the secret" not in page


def test_a_row_that_another_one_has_just_put_there_is_told_as_a_lost_race(
    site: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    def write_twice() -> str:
        with db.transaction() as session:
            for _ in range(2):
                values = {"name": "p", "content": b"", "version": 1, "saved_by": "an.p1"}
                session.add(Draft(process_id="p", saved_at=clock.now(), **values))
        return ""

    write_twice.audiences = frozenset({"signed in"})  # type: ignore[attr-defined]
    visitor = sign_in(site, "an.p1")
    site.view_functions["tasks.claim"] = lambda task_id: write_twice()
    site.view_functions["tasks.claim"].audiences = write_twice.audiences  # type: ignore[attr-defined]

    answer = visitor.post("/tasks/1/claim")

    assert answer.status_code == 409
    assert "người khác đã thay đổi" in answer.text
    assert "page.lost_race" in capsys.readouterr().out
    with pytest.raises(IntegrityError), site.app_context():
        write_twice()
