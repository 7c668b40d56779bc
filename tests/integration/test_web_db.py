"""The SQLite recipe under threads: no update is lost, readers never wait, a reader can never write."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from engine import clock
from engine.tables import Base, Draft
from tests import databases, postgresql
from tests.site import close
from web import create_app, db, sqlite

THREADS = 6
ROUNDS = 25


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = sqlite.prepare(create_engine(f"sqlite:///{tmp_path}/test.sqlite3"))
    Base.metadata.create_all(sqlite.writing(made))
    with Session(sqlite.writing(made)) as session:
        session.add(
            Draft(process_id="p", name="p", content=b"", version=0, saved_by="", saved_at=clock.now())
        )
        session.commit()
    yield made
    sqlite.forget(made)


def read_version(session: Session) -> Draft:
    return session.scalars(select(Draft)).one()


def test_no_update_of_many_threads_is_lost(engine: Engine) -> None:
    failures: list[Exception] = []

    def count_up() -> None:
        try:
            for _ in range(ROUNDS):
                with Session(sqlite.writing(engine)) as session:
                    read_version(session).version += 1
                    session.commit()
        except OperationalError as error:
            failures.append(error)

    threads = [threading.Thread(target=count_up) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    with Session(engine) as session:
        assert read_version(session).version == THREADS * ROUNDS


def test_a_reader_sees_the_last_commit_while_a_writer_holds_the_database(engine: Engine) -> None:
    with Session(sqlite.writing(engine)) as writer:
        read_version(writer).version = 7
        writer.flush()

        with Session(engine) as reader:
            seen = read_version(reader).version
        writer.commit()

    assert seen == 0
    with Session(engine) as reader:
        assert read_version(reader).version == 7


def test_a_reader_can_never_write(engine: Engine) -> None:
    with Session(engine) as reader:
        read_version(reader).version = 7

        with pytest.raises(OperationalError, match="readonly"):
            reader.flush()


def test_the_writing_view_of_an_engine_is_always_the_same(engine: Engine) -> None:
    assert sqlite.writing(engine) is sqlite.writing(engine)


def test_a_connection_that_dies_after_the_last_statement_takes_no_answer_with_it(tmp_path: Path) -> None:
    url = databases.make(tmp_path, "postgresql")
    app = create_app(databases.settings(tmp_path, url))
    with app.app_context():
        own = db.db.session.scalar(text("select pg_backend_pid()"))
        with psycopg.connect(postgresql.start_server(), autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s)", (own,))

    with app.app_context():
        answer = db.db.session.scalar(text("select 1"))
    close(app)

    assert answer == 1
