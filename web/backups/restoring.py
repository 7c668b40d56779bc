"""Put a backup back into an empty database, and prove that it is what was copied.

First the whole file is compared with its checksums; only then is anything made. A restore that fails leaves
the database as empty as it was.
"""

from __future__ import annotations

import sqlite3
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import flask_migrate
from psycopg.sql import SQL, Identifier, Literal
from sqlalchemy import Engine, MetaData, inspect, text

from engine import queue
from engine.audit import log, signing, verification
from engine.audit.verification import Report
from engine.errors import EngineError
from web import db, sqlite
from web.backups import archive, copying
from web.backups.archive import BackupUnreadable, Manifest
from web.backups.copying import Tell
from web.operability import health

EVENTS = "procrastinate_events"  # a trigger writes them when jobs are put in


class DatabaseNotEmpty(EngineError):
    """Expected an empty database, but {place} has tables."""

    vi = (
        "Cơ sở dữ liệu {place} đã có dữ liệu; chưa có gì thay đổi. Hãy khôi phục vào nơi trống bằng --to, "
        "rồi chuyển BANGVANG_DATABASE_URL sang đó."
    )
    en = (
        "The database {place} has data already; nothing was changed. Restore into an empty one with --to, "
        "then point BANGVANG_DATABASE_URL there."
    )
    status = 409


class WrongKind(EngineError):
    """Expected a backup for {place}, but this one was made of {kind}."""

    vi = "Bản sao lưu này của {kind}, nơi khôi phục là {place}; chưa có gì thay đổi. Hãy chọn --to cùng loại."
    en = "This backup is of {kind}, the target {place}; nothing was changed. Choose a --to of the same kind."
    status = 409


def restore(engine: Engine, path: Path, audit_key: Path, tell: Tell) -> tuple[Manifest, Report]:
    """Restore a file into the empty database of the current application, prove the history, return both.

    Raises BackupUnreadable, DatabaseNotEmpty, WrongKind; what was begun is removed then.
    """
    with archive.opened(path) as (found, manifest):
        ensure_possible(engine, manifest)
        tell("sha256")
        archive.ensure_whole(found, manifest)
        if manifest.kind == "sqlite":
            _put_file(engine, found, manifest)
        else:
            _put_rows(engine, found, manifest, tell)
    flask_migrate.upgrade()
    queue.create_schema(db.current_queue())
    tell("audit verify")
    return manifest, prove(manifest, audit_key)


def ensure_possible(engine: Engine, manifest: Manifest) -> None:
    """Refuse another kind of database, one with tables, and a schema that this program does not know."""
    if manifest.kind != engine.dialect.name:
        raise WrongKind(kind=manifest.kind, place=engine.dialect.name)
    if manifest.revision not in health.revisions()[1]:
        problem = f"its schema {manifest.revision} is newer than this program"
        raise BackupUnreadable(
            problem=problem, problem_vi=f"lược đồ {manifest.revision} mới hơn chương trình"
        )
    if is_taken(engine):
        raise DatabaseNotEmpty(place=engine.url.render_as_string(hide_password=True))


def is_taken(engine: Engine) -> bool:
    """Tell whether a database holds any table."""
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
        return False
    with engine.connect() as connection:
        return bool(inspect(connection).get_table_names())


def prove(manifest: Manifest, audit_key: Path) -> Report:
    """Verify the history of the restored database, anchored to the checkpoint that the manifest names."""
    trusted = {signing.public_text(signing.read_key(audit_key))} if audit_key.exists() else set()
    anchors = [] if manifest.checkpoint is None else [manifest.checkpoint]
    with db.snapshot() as session:
        return verification.verify(log.records(session), trusted, anchors)


def _put_file(engine: Engine, found: zipfile.ZipFile, manifest: Manifest) -> None:
    target = Path(str(engine.url.database))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    engine.dispose()
    try:
        archive.extract(found, copying.DATABASE, part)
        opened = sqlite3.connect(part)
        try:
            ensure_sound(opened, manifest)
        finally:
            opened.close()
        for ending in ("", "-wal", "-shm"):  # an empty file may stand there
            Path(f"{target}{ending}").unlink(missing_ok=True)
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def ensure_sound(opened: sqlite3.Connection, manifest: Manifest) -> None:
    """Refuse damaged pages, rows that refer to nothing, and other counts than the manifest's."""
    damage = opened.execute("pragma integrity_check(1)").fetchone()[0]
    loose = opened.execute("pragma foreign_key_check").fetchone()
    if damage != "ok" or loose is not None:
        problem = str(loose or damage)
        raise BackupUnreadable(problem=problem, problem_vi=problem)
    counts = {
        name: opened.execute(f'select count(*) from "{name}"').fetchone()[0]  # noqa: S608  names of our own
        for name in manifest.tables
    }
    _ensure_counts(counts, manifest)


def _put_rows(engine: Engine, found: zipfile.ZipFile, manifest: Manifest, tell: Tell) -> None:
    with ExitStack() as undone:
        undone.callback(empty, engine)
        flask_migrate.upgrade(revision=manifest.revision)
        queue.create_schema(db.current_queue())
        with engine.begin() as connection:
            connection.execute(text("set local statement_timeout = 0"))
            driver: Any = connection.connection.driver_connection
            counts = {}
            for table, names in manifest.columns.items():
                if table == EVENTS:
                    driver.execute(SQL("delete from {}").format(Identifier(table)))
                counts[table] = _put_table(driver, found, table, names)
                tell(f"{table}: {counts[table]}")
            _ensure_counts(counts, manifest)
            for name, value in manifest.sequences.items():
                driver.execute(SQL("select setval({}, {})").format(Literal(name), Literal(value)))
        undone.pop_all()


def _put_table(driver: Any, found: zipfile.ZipFile, table: str, names: list[str]) -> int:
    command = SQL("copy {} ({}) from stdin").format(Identifier(table), SQL(", ").join(map(Identifier, names)))
    with driver.cursor() as cursor:
        with archive.open_member(found, f"{table}.copy") as member, cursor.copy(command) as rows:
            while block := member.read(archive.BLOCK):
                rows.write(block)
        return int(cursor.rowcount)


def empty(engine: Engine) -> None:
    """Remove every table from a database that was empty before."""
    queue.drop_schema(db.current_queue())
    with sqlite.writing(engine).begin() as connection:
        made = MetaData()
        made.reflect(connection)
        made.drop_all(connection)


def _ensure_counts(counts: Mapping[str, int], manifest: Manifest) -> None:
    wrong = sorted(name for name, rows in manifest.tables.items() if counts.get(name) != rows)
    if wrong:
        problem = f"other numbers of rows in {', '.join(wrong)}"
        raise BackupUnreadable(problem=problem, problem_vi=f"số dòng khác ở {', '.join(wrong)}")
