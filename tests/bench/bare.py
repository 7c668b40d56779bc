"""The reference: a bare transaction of the size of a completion, on a bare Flask application under waitress.

It locks and updates one row of 1 kB, inserts six rows and commits once, on PostgreSQL or on SQLite with the
product's own recipe (WAL, fsync at every commit, writers in a queue); no sign-in, no engine, no ORM. Nothing
that saves state could do with less. The environment's BARE_DATABASE names the database.
As a program: `python -m tests.bench.bare PORT`; for gunicorn it is `tests.bench.bare:served()`.
"""

from __future__ import annotations

import logging
import os
import sys

import waitress
from flask import Flask
from sqlalchemy import Column, Engine, Integer, MetaData, Table, Text, create_engine, insert, select, update

from web import cli_serve, sqlite

ROWS = 6
STATE = "x" * 1000
DATABASE = "BARE_DATABASE"
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


def prepare(url: str, cases: int) -> Engine:
    """Return an engine on a database with the tables and that many cases."""
    engine = sqlite.prepare(create_engine(url))
    writing = sqlite.writing(engine)
    METADATA.create_all(writing)
    with writing.begin() as connection:
        if connection.scalar(select(CASE.c.id).limit(1)) is None:
            connection.execute(insert(CASE), [{"id": case, "state": STATE} for case in range(1, cases + 1)])
    return engine


def transact(engine: Engine, case: int) -> None:
    """Read one case, write it back, add six facts, commit."""
    with sqlite.writing(engine).begin() as connection:
        state = connection.scalar(select(CASE.c.state).where(CASE.c.id == case).with_for_update())
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


def served() -> Flask:
    """Return the application on the database that the environment names."""
    return create_app(prepare(os.environ[DATABASE], cases=1))


if __name__ == "__main__":
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a full queue is what is measured
    waitress.serve(served(), host="127.0.0.1", port=int(sys.argv[1]), threads=cli_serve.THREADS)
