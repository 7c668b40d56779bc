"""A database of the release before is upgraded: its history is chained and proved from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
from sqlalchemy import MetaData, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError

from engine.audit import log as audit_log
from engine.audit import verification
from tests import databases
from tests.integration import queue_places
from tests.site import close
from web import create_app, db, sqlite

ROWS = 7
MOMENT = datetime(2026, 9, 1, 2, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=queue_places.DATABASES)
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    return databases.make(tmp_path, str(request.param))


@contextmanager
def upgraded(address: str, folder: Path, revision: str) -> Iterator[None]:
    """Bring a database to a revision, inside an application on it."""
    app = create_app({"BANGVANG_INSTANCE": str(folder), "BANGVANG_DATABASE_URL": address})
    with app.app_context():
        flask_migrate.upgrade(revision=revision)
        yield
    close(app)


def write_old_history(address: str) -> None:
    """Write two cases as the release before wrote them, their events mixed."""
    engine = sqlite.writing(sqlite.prepare(create_engine(address)))
    values = {"values": {"tên": "An", "số": 2**64, "tỷ lệ": 1.0}, "task": 1}
    event = {"at": MOMENT, "kind": "task.completed", "element": "a", "actor": "nora", "on_behalf_of": None}
    case = {"definition_id": 1, "definition_hash": "", "process_id": "p", "business_key": "", "state": "{}"}
    case |= {"status": "completed", "version": 1, "events": ROWS, "started_by": "nora", "started_at": MOMENT}
    definition = {"id": 1, "process_id": "p", "version": 1, "name": "p", "hash": ""}
    rows: dict[str, list[dict[str, Any]]] = {
        "deployment": [{"id": 1, "at": MOMENT, "actor": "thao"}],
        "resource": [{"id": 1, "deployment_id": 1, "name": "p", "content": b"", "sha256": ""}],
        "process_definition": [{**definition, "resource_id": 1, "deployment_id": 1}],
        "process_instance": [{"id": number, **case} for number in (1, 2)],
        "history_event": [
            {**event, "instance_id": number, "sequence": n, "data": json.dumps(values, ensure_ascii=False)}
            for n in range(1, ROWS + 1)
            for number in (1, 2)
        ],
    }
    tables = MetaData()
    tables.reflect(engine)
    with engine.begin() as connection:
        for name, found in rows.items():
            connection.execute(tables.tables[name].insert(), found)
    sqlite.forget(engine)


def test_the_history_of_the_release_before_is_chained_and_protected(address: str, tmp_path: Path) -> None:
    with upgraded(address, tmp_path, "0001"):
        pass
    write_old_history(address)

    with upgraded(address, tmp_path, "head"):
        with db.snapshot() as session:
            report = verification.verify(audit_log.records(session))
            events = [one for one in audit_log.events(session) if one["inst"] == 2]
        with pytest.raises(DBAPIError, match="append-only"), db.transaction() as session:
            session.execute(text("update history_event set actor = 'mia'"))

    assert (report.findings, report.events) == ([], 2 * ROWS)
    assert [one["n"] for one in events] == list(range(1, ROWS + 1))
    assert events[0]["prev"] == ""
    assert events[0]["data"]["values"] == {"tên": "An", "số": str(2**64), "tỷ lệ": 1.0}
    assert events[0]["at"] == "2026-09-01T02:00:00.123456+00:00"


def test_the_upgrade_can_be_taken_back(address: str, tmp_path: Path) -> None:
    with upgraded(address, tmp_path, "0002"):
        flask_migrate.downgrade(revision="0001")
        columns = {column["name"] for column in inspect(db.db.engine).get_columns("history_event")}
        tables = set(inspect(db.db.engine).get_table_names())

    assert columns.isdisjoint({"hash", "prev", "salts", "actor_groups"})
    assert tables.isdisjoint({"audit_leaf", "audit_checkpoint"})
