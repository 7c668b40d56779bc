"""A whole site for tests: demonstration people, the chain deployed, real sign-in, real forgery protection."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from engine import deployments, queue
from engine.actors import SYSTEM
from tests import databases
from web import create_app, db, people, sqlite
from web.tables import Credential
from workflows import chains

BPMN = chains.ROOT / "da_nang"
PASSWORD = "bangvang"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
MOVEMENT = "598/KH-TTTV"


@dataclass(frozen=True)
class Visitor:
    """One signed-in person with a browser of their own."""

    name: str
    client: FlaskClient

    def get(self, address: str, **options: object) -> TestResponse:
        """Open a page, following redirects."""
        return self.client.get(address, follow_redirects=True, **options)  # type: ignore[arg-type]

    def post(self, address: str, data: Mapping[str, object] | None = None, **options: object) -> TestResponse:
        """Send a form with the token of the visitor's own session; redirects are not followed."""
        sent = {**(data or {}), "csrf_token": self.token()}
        return self.client.post(address, data=sent, **options)  # type: ignore[arg-type]

    def token(self) -> str:
        """Return the token that the visitor's pages carry."""
        return forgery_token(self.client.get("/movements/").text)


def forgery_token(page: str) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@contextmanager
def open_site(folder: Path) -> Iterator[Flask]:
    """Give an application on a fresh copy of the demonstration's database."""
    settings = databases.settings(folder, databases.copy(_template(), folder))
    app = create_app({**settings, "BANGVANG_TEST_CLOCK": "1"})
    yield app
    close(app)


def sign_in(app: Flask, name: str, password: str = PASSWORD) -> Visitor:
    """Sign a person in through the page."""
    client = app.test_client()
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    answer = client.post("/sign-in", data={"name": name, "password": password, "csrf_token": token[1]})
    assert answer.status_code == 303, answer.text
    return Visitor(name, client)


def start_proposal(visitor: Visitor, period: str = "2026-10") -> int:
    """Start the proposal of the visitor's office through the page; return its first task."""
    answer = visitor.post("/start/office_proposal", {"movement": MOVEMENT, "period": period})
    assert answer.status_code == 303, answer.text
    return newest_task(visitor)


def newest_task(visitor: Visitor, scope: str = "group") -> int:
    """Return the task that was created last among those the visitor may take or holds."""
    found = re.search(r'href="/tasks/(\d+)"', visitor.get(f"/tasks/?scope={scope}&sort=-created").text)
    assert found is not None
    return int(found[1])


def cheapen(session: Session) -> None:
    """Let everybody's password be verified at once: few tests are about how long guessing takes."""
    session.execute(update(Credential).values(password_hash=CHEAP.hash(PASSWORD)))


def close(app: Flask) -> None:
    """Give every connection of an application back."""
    with app.app_context():
        db.db.session.remove()
        queue.close_queue(db.current_queue())
        sqlite.forget(db.db.engine)


@lru_cache(maxsize=1)
def _template() -> str:
    """Build the demonstration's database once for the whole run."""
    folder = Path(tempfile.mkdtemp(prefix="bangvang-site-"))
    url = databases.keep(databases.make(folder))
    app = create_app(databases.settings(folder, url))
    with app.app_context():
        db.db.metadata.create_all(sqlite.writing(db.db.engine))
        queue.create_schema(db.current_queue())
        with db.transaction() as session:
            people.load_demo(session, PASSWORD)
            cheapen(session)
            found = [(path.name, path.read_bytes()) for path in chains.files()]
            deployments.deploy(session, found, SYSTEM)
    close(app)
    return url
