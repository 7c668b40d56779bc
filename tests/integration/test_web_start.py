"""Starting cases in the pages: for the right office, and without holding the writers up before it is sent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import clock
from engine.tables import Draft, ProcessInstance
from tests.site import MOVEMENT, open_site, sign_in, start_proposal
from web import db, people, sqlite

PATIENCE = 10.0  # seconds
STARTED = {"movement": MOVEMENT, "period": "2026-10"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as app, clock.pinned(datetime(2026, 10, 5, 9, 0, tzinfo=clock.ZONE)):
        yield app


def test_somebody_of_two_offices_starts_for_either(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        people.add(session, "an.p1", ["P2.staff"], "bangvang")
    an = sign_in(site, "an.p1")

    listed = an.get("/start/").text
    first = an.post("/start/office_proposal?office=P1", STARTED)
    second = an.post("/start/office_proposal?office=P2", STARTED)

    assert "/start/office_proposal?office=P1" in listed
    assert "/start/office_proposal?office=P2" in listed
    assert (first.status_code, second.status_code) == (303, 303), first.text + second.text
    with site.app_context():
        keys = set(db.db.session().scalars(select(ProcessInstance.business_key)))
    assert keys == {"P1/598/2026-10", "P2/598/2026-10"}


def test_an_office_is_never_guessed_and_never_anybody_elses(site: Flask) -> None:
    with site.app_context(), db.transaction() as session:
        people.add(session, "an.p1", ["P2.staff"], "bangvang")
    an = sign_in(site, "an.p1")

    unsaid = an.post("/start/office_proposal", STARTED)
    foreign = an.post("/start/office_proposal?office=P3", STARTED)

    assert (unsaid.status_code, foreign.status_code) == (422, 403)


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("/start/office_proposal", {**STARTED, "_refresh": "movement"}),
        ("/tasks/{task}/complete", {"_add": "nominees"}),
    ],
)
def test_a_form_that_is_only_drawn_again_does_not_wait_for_the_writers(
    site: Flask, address: str, values: dict[str, str]
) -> None:
    an = sign_in(site, "an.p1")
    task = start_proposal(an, "2026-11")
    token = an.token()
    answers: list[int] = []

    def draw_again() -> None:
        sent = {**values, "csrf_token": token}
        answers.append(an.client.post(address.format(task=task), data=sent).status_code)

    with site.app_context(), Session(sqlite.writing(db.db.engine)) as writer:
        writer.execute(update(Draft).values(version=Draft.version))
        thread = threading.Thread(target=draw_again)
        thread.start()
        thread.join(PATIENCE)
        waited = thread.is_alive()
    thread.join()

    assert not waited
    assert answers == [200]


def test_a_reading_session_has_what_forms_ask_for(site: Flask) -> None:
    with site.app_context(), db.reading() as session:
        assert {"handlers", "calendar", "queue"} <= set(session.info)
