"""The reference: a bare transaction of the size of a completion, on a bare Flask application under waitress.

It updates one row of 1 kB, inserts six rows and commits once, on SQLite with the product's own recipe (WAL,
fsync at every commit, writers in a queue); no sign-in, no engine, no ORM. Nothing that saves state could do
with less.
As a program: `python -m tests.bench.bare DATABASE PORT`.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import waitress
from flask import Flask
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, create_engine, insert, select, update

from web import cli, sqlite

ROWS = 6
STATE = "x" * 1000
METADATA = MetaData()
CASE = Table("bare_case", METADATA, Column("id", Integer, primary_key=True), Column("state", Text))
FACT = Table(
    "bare_fact",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, index=True),
    Column("kind", Text),
    Column("data", Text),
)


def prepare(path: Path, cases: int) -> Engine:
    """Return an engine on a file with the tables and that many cases."""
    engine = sqlite.prepare(create_engine(f"sqlite:///{path}"))
    writing = sqlite.writing(engine)
    METADATA.create_all(writing)
    with writing.begin() as connection:
        if connection.scalar(select(CASE.c.id).limit(1)) is None:
            connection.execute(insert(CASE), [{"id": case, "state": STATE} for case in range(1, cases + 1)])
    return engine


def transact(engine: Engine, case: int) -> None:
    """Read one case, write it back, add six facts, commit."""
    with sqlite.writing(engine).begin() as connection:
        state = connection.scalar(select(CASE.c.state).where(CASE.c.id == case))
        connection.execute(update(CASE).where(CASE.c.id == case).values(state=state))
        facts = [{"case_id": case, "kind": f"kind.{row}", "data": "{}" * 40} for row in range(ROWS)]
        connection.execute(insert(FACT), facts)


def create_app(engine: Engine) -> Flask:
    """Return the application: one POST is one transaction."""
    app = Flask("bare")

    @app.post("/<int:case>")
    def write(case: int) -> tuple[str, int]:
        transact(engine, case)
        return "", 303

    @app.get("/sign-in")
    def ready() -> str:
        return "ready"

    return app


if __name__ == "__main__":
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is what is measured
    waitress.serve(
        create_app(prepare(Path(sys.argv[1]), cases=1)),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        threads=cli.THREADS,
    )
