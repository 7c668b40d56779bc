"""A history worth proving, on both databases, and somebody who goes past the triggers to change it."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from engine import deployments, instances, tasks
from engine.actors import Actor
from engine.audit import checkpoints, signing, verification
from engine.audit import formats as audit_formats
from engine.audit import log as audit_log
from engine.audit.verification import Report
from engine.tables import UserTask
from tests import databases, postgresql
from tests.builders import a_process
from tests.integration import queue_places
from web import sqlite

NORA = Actor("nora", frozenset({"staff", "P1.staff"}), on_behalf_of="mia")
ANSWERS: Mapping[str, Any] = {"ten": "Nguyễn Văn An", "nam_sinh": 1980, "ty_le": 0.85}


@dataclass(frozen=True)
class Place:
    """A database with a history, and the folder of its key."""

    engine: Engine
    folder: Path

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Give a writing session that knows the key; what it did is committed at the end."""
        with Session(self.engine) as session:
            session.info["audit_key"] = self.folder / "audit_key"
            yield session
            session.commit()

    def checkpoint(self) -> dict[str, Any]:
        """Sign what has happened and return the checkpoint."""
        with self.session() as session:
            made = checkpoints.make(session)
            assert made is not None
            body: dict[str, Any] = made.body
            return body

    def verify(self, *anchors: Mapping[str, Any]) -> Report:
        """Prove the history of the database."""
        key = signing.public_text(signing.read_key(self.folder / "audit_key"))
        with self.session() as session:
            return verification.verify(audit_log.records(session), {key}, anchors)

    def events(self, case: int) -> list[dict[str, Any]]:
        """Return the events of a case as an export has them."""
        with self.session() as session:
            return [one for one in audit_log.events(session) if one["inst"] == case]

    def export(self) -> Path:
        """Write the history into a file."""
        path = self.folder / "history.jsonl"
        with self.session() as session, path.open("w", encoding="utf-8") as file:
            file.writelines(audit_formats.write_jsonl(session))
        return path

    def verify_export(self, *anchors: Mapping[str, Any]) -> Report:
        """Prove the history from a file alone."""
        with self.export().open(encoding="utf-8") as lines:
            return verification.verify(verification.read_lines(lines), anchors=anchors)

    @contextmanager
    def tampering(self) -> Iterator[Connection]:
        """Give a connection of somebody who owns the database: no trigger stops them."""
        with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(text("set local session_replication_role = replica"))
            else:
                names = select(text("name from sqlite_master where type = 'trigger'"))
                for name in connection.execute(names).scalars().all():
                    connection.execute(text(f"drop trigger {name}"))
                connection.execute(text("pragma defer_foreign_keys = on"))
            yield connection


@contextmanager
def open_history(database: str, folder: Path) -> Iterator[Place]:
    """Give three cases of three tasks, the last task still open; a checkpoint covers the first two cases."""
    told = _tell(database)
    shutil.copy(told.folder / "audit_key", folder)
    place = Place(sqlite.writing(queue_places.make_engine(_copy(told, folder))), folder)
    yield place
    sqlite.forget(place.engine)


@functools.cache
def _tell(database: str) -> Place:
    """Make the history that the others are copied from."""
    folder = Path(tempfile.mkdtemp(prefix="history-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = databases.keep(databases.copy(queue_places.make_template(database), folder))
    place = Place(sqlite.writing(queue_places.make_engine(url)), folder)
    process = a_process("told")
    process.start().user_task("a").user_task("b").user_task("c").end()
    with place.session() as session:
        deployments.deploy(session, [process.file()], NORA)
    work(place, 2)
    place.checkpoint()
    work(place, 1)
    place.engine.dispose()  # nobody copies a database that is in use
    return place


def _copy(told: Place, folder: Path) -> str:
    """Copy the database of a history, return the address of the copy."""
    source = told.engine.url.database or ""
    if told.engine.dialect.name == "sqlite":
        return f"sqlite:///{shutil.copy(source, folder)}"
    return postgresql.make_database(source)


def work(place: Place, cases: int) -> None:
    """Start cases and complete two tasks of each."""
    for number in range(cases):
        with place.session() as session:
            case = instances.start(
                session, "told", {"so": number, "lon": 2**64}, NORA, business_key=f"K{number}"
            )
            for _ in range(2):
                complete(session, case.id)


def complete(session: Session, case: int) -> None:
    """Complete the open task of a case."""
    found = select(UserTask.id).where(UserTask.instance_id == case, UserTask.status == "open")
    tasks.complete(session, session.scalars(found).one(), ANSWERS, NORA)


def kinds(report: Report) -> set[str]:
    """Return what kinds of findings a proof has."""
    return {found.kind for found in report.findings}


def places(report: Report) -> set[tuple[int | None, int | None]]:
    """Return instance and event of each finding."""
    return {(found.instance, found.sequence) for found in report.findings}


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the records of an export."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
