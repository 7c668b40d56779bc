"""What the front door notices: who signed in, who was refused, what was done, and what strangers flood."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine import clock
from tests import site
from web import db, security_events, sqlite, tokens
from web.access_tables import SecurityEvent


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with site.open_site(tmp_path) as opened:
        yield opened


def events(app: Flask, *kinds: str) -> list[SecurityEvent]:
    with app.app_context():
        query = select(SecurityEvent).order_by(SecurityEvent.id)
        return list(db.db.session().scalars(query.where(SecurityEvent.kind.in_(kinds)) if kinds else query))


def fail(app: Flask, name: str, password: str = "wrong") -> None:  # noqa: S107
    with pytest.raises(AssertionError):
        site.sign_in(app, name, password)


def test_every_sign_in_is_kept_good_wrong_and_paused_and_every_end(app: Flask) -> None:
    visitor = site.sign_in(app, "an.p1")
    visitor.post("/sign-out")
    for _ in range(6):
        fail(app, "chi.p2")

    kept = [(event.kind, event.actor, event.detail) for event in events(app)]

    assert kept == [
        ("sign_in.accepted", "an.p1", ""),
        ("sign_in.ended", "an.p1", ""),
        *[("sign_in.failed", "", "chi.p2")] * 5,
        ("sign_in.paused", "", "chi.p2"),
    ]


def test_a_refusal_is_kept_with_who_where_and_the_requests_id(app: Flask) -> None:
    visitor = site.sign_in(app, "an.p1")

    answer = visitor.client.get("/audit/instances?q=a", headers={"X-Request-ID": "abc-123"})
    app.test_client().get("/v2/topology/none", headers={"Authorization": "Bearer x"})

    (event,) = events(app, "refused.forbidden")
    assert answer.status_code == 403
    assert (event.actor, event.address, event.path) == ("an.p1", "127.0.0.1", "GET /audit/instances")
    assert event.correlation_id == answer.headers["X-Request-ID"]


def test_a_flood_of_one_stranger_leaves_few_rows_that_still_count_it_all(app: Flask) -> None:
    for _ in range(200):
        with app.test_request_context("/tasks/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
            security_events.note("refused.unknown", "")

    kept = [event for event in events(app, "refused.unknown") if event.address == "203.0.113.9"]
    assert len(kept) == 10 + 4  # then the 16th, 32nd, 64th and 128th
    assert sum(event.times for event in kept) == 128


def test_a_flood_from_everywhere_is_bounded_too_and_the_next_hour_counts_anew(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(security_events, "KEPT_ALL", 30)
    clock.pin(clock.now())

    def come(number: int) -> None:
        with app.test_request_context("/", environ_base={"REMOTE_ADDR": f"2001:db8::{number:x}"}):
            security_events.note("refused.unknown", "")

    for number in range(security_events.KEPT_ALL + 50):
        come(number)
    within = len(events(app, "refused.unknown"))
    clock.pin(clock.now() + timedelta(hours=1, seconds=1))
    come(1)
    clock.unpin()

    assert within == security_events.KEPT_ALL
    assert len(events(app, "refused.unknown")) == within + 1


def test_what_strangers_send_cannot_forge_lines_or_cells(app: Flask) -> None:
    fail(app, "=cmd|'/c calc'!A1\r\n2026 admin signed in")
    auditor = site.sign_in(app, "uyen.tt")

    (event,) = events(app, "sign_in.failed")
    exported = auditor.get("/audit/security?format=csv&kind=sign_in.failed").data.decode("utf-8-sig")

    assert "\n" not in event.detail
    assert list(csv.reader(io.StringIO(exported)))[1][5].startswith("'=cmd")


def test_a_password_that_was_typed_as_a_name_is_the_only_secret_that_can_come_in(app: Flask) -> None:
    fail(app, "an.p1", "my secret password")
    with app.test_request_context(method="POST"), db.transaction() as session:
        token = tokens.create(session, "an.p1", "", "system")
    app.test_client().get("/v2/topology", headers={"Authorization": f"Bearer {token}x"})

    told = " ".join(f"{event.detail} {event.path}" for event in events(app))

    assert "my secret password" not in told
    assert token not in told


def test_the_database_itself_refuses_to_change_or_delete_an_event(app: Flask) -> None:
    site.sign_in(app, "an.p1")

    for statement in ("UPDATE security_event SET actor = 'nobody'", "DELETE FROM security_event"):
        with (
            app.app_context(),
            pytest.raises(DBAPIError, match="append-only"),
            sqlite.writing(db.db.engine).begin() as connection,
        ):
            connection.execute(text(statement))

    assert [event.actor for event in events(app)] == ["an.p1"]


@pytest.mark.parametrize(
    ("name", "status"), [("uyen.tt", 200), ("vinh.it", 200), ("an.p1", 403), ("thao.it", 403)]
)
def test_auditors_and_administrators_read_the_log(app: Flask, name: str, status: int) -> None:
    visitor = site.sign_in(app, name)

    assert visitor.get("/audit/security").status_code == status


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("kind=sign_in.failed", 1),
        ("actor=an.p1", 1),
        ("address=127.0.0.1", 3),
        ("address=127.0.0.2", 0),
        ("q=CHI.P2", 1),
        ("from=01/01/2999", 0),
        ("to=01/01/2000", 0),
        ("from=nonsense", 3),
        ("sort=-times&page=1", 3),
    ],
)
def test_the_log_can_be_searched_sorted_and_taken_away(app: Flask, query: str, found: int) -> None:
    site.sign_in(app, "an.p1")
    fail(app, "chi.p2")
    auditor = site.sign_in(app, "uyen.tt")

    page = auditor.get(f"/audit/security?{query}").text
    rows = auditor.get(f"/audit/security?{query}&format=csv").data.decode("utf-8-sig").splitlines()

    assert page.count('<th scope="row">') == found
    assert len(rows) == found + 1
