"""Copy a database while it serves: one moment of it, nobody waits.

SQLite copies its pages inside one read transaction; PostgreSQL gives its rows (COPY) inside one REPEATABLE
READ snapshot. No program outside is needed, so the way that is tested is the way that is used.
"""

from __future__ import annotations

import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.orm import Session

from engine import clock
from engine.audit import checkpoints
from web.backups import archive
from web.backups.archive import Manifest

PAGES = 2_000  # of one step: 8 MB
DATABASE = "database.sqlite3"
VERSION_TABLE = "alembic_version"
Tell = Callable[[str], object]


def copy(engine: Engine, path: Path, tell: Tell) -> Manifest:
    """Write a backup of a database to a new file, return its manifest; `tell` hears of the progress."""
    with archive.create(path) as made:
        if engine.dialect.name == "sqlite":
            return _copy_file(Path(str(engine.url.database)), path, made, tell)
        return _copy_rows(engine, made, tell)


def _copy_file(source: Path, path: Path, made: zipfile.ZipFile, tell: Tell) -> Manifest:
    copied = path.with_name(f"{path.name}.database")
    try:
        os.close(os.open(copied, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        copy_pages(source, copied, tell)
        with copied.open("rb") as file:
            member = archive.add(made, DATABASE, lambda write: _pass_on(file.read, write))
        with sqlite3.connect(f"file:{copied}?mode=ro&immutable=1", uri=True) as opened:
            manifest = _describe_file(opened, {DATABASE: member})
        opened.close()
        archive.add_manifest(made, manifest)
        return manifest
    finally:
        copied.unlink(missing_ok=True)


def copy_pages(source: Path, copied: Path, tell: Tell) -> None:
    """Copy the pages of a file as they are at this moment; writers go on, what they write is not in it."""

    def progress(_status: int, left: int, whole: int) -> None:
        tell(f"{whole - left}/{whole}")

    reader = sqlite3.connect(source, isolation_level=None)
    writer = sqlite3.connect(copied, isolation_level=None)
    try:
        reader.execute("begin")
        reader.execute("select count(*) from sqlite_master").fetchone()  # holds the moment until the end
        reader.backup(writer, pages=PAGES, progress=progress, sleep=0)
        writer.execute("pragma journal_mode=delete")  # one file, no companions
    finally:
        writer.close()
        reader.close()


def _describe_file(opened: sqlite3.Connection, members: dict[str, Any]) -> Manifest:
    names = opened.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
    )
    counts = {name: opened.execute(f'select count(*) from "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608
    newest = opened.execute("select body from audit_checkpoint order by size desc limit 1").fetchone()
    revision = opened.execute(f"select version_num from {VERSION_TABLE}").fetchone()[0]  # noqa: S608
    return _manifest("sqlite", revision, counts, members=members, checkpoint=_parsed(newest))


def _copy_rows(engine: Engine, made: zipfile.ZipFile, tell: Tell) -> Manifest:
    one_moment = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with one_moment.connect() as connection:
        connection.execute(text("set local statement_timeout = 0"))
        revision = str(connection.scalar(text(f"select version_num from {VERSION_TABLE}")))  # noqa: S608
        with Session(connection) as session:
            newest = checkpoints.latest(session)
            checkpoint = None if newest is None else dict(newest.body)
        columns, members = read_columns(connection), {}
        for table, names in columns.items():
            members[f"{table}.copy"] = archive.add(made, f"{table}.copy", _rows_of(connection, table, names))
            tell(f"{table}: {members[f'{table}.copy']['rows']}")
        manifest = _manifest(
            "postgresql",
            revision,
            {table: members[f"{table}.copy"]["rows"] for table in columns},
            members=members,
            checkpoint=checkpoint,
            columns=columns,
            sequences=read_sequences(connection),
        )
    archive.add_manifest(made, manifest)
    return manifest


def read_columns(connection: Connection) -> dict[str, list[str]]:
    """Return the columns of every table, tables in an order in which rows find what they refer to."""
    looked = inspect(connection)
    order = [name for name, _ in looked.get_sorted_table_and_fkc_names() if name and name != VERSION_TABLE]
    return {
        name: [column["name"] for column in looked.get_columns(name) if "computed" not in column]
        for name in order
    }


def read_sequences(connection: Connection) -> dict[str, int]:
    """Return the last number of each sequence; read after the rows, so never less than theirs."""
    found = connection.execute(
        text("select sequencename, last_value from pg_sequences where schemaname = current_schema()")
    )
    return {str(name): int(value) for name, value in found if value is not None}


def _rows_of(
    connection: Connection, table: str, names: list[str]
) -> Callable[[Callable[[bytes], object]], int]:
    command = SQL("copy {} ({}) to stdout").format(Identifier(table), SQL(", ").join(map(Identifier, names)))

    def write_rows(write: Callable[[bytes], object]) -> int:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            with cursor.copy(command) as rows:
                for block in rows:
                    write(bytes(block))
            return int(cursor.rowcount)

    return write_rows


def _pass_on(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> int:
    while block := read(archive.BLOCK):
        write(block)
    return 0


def _manifest(kind: str, revision: str, tables: dict[str, int], **rest: Any) -> Manifest:
    return Manifest(kind, revision, clock.now().isoformat(), version("bangvang"), tables, **rest)


def _parsed(row: tuple[str] | None) -> dict[str, Any] | None:
    return None if row is None else dict(json.loads(row[0]))
