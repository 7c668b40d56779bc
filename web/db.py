"""Own the database session of the pages: one per request, it writes in `transaction` only, the only commit.

A request that only shows something, a POST that draws a form again included, cannot write and never waits in
the queue of the writers. The recipe that makes SQLite safe stands in `web.sqlite`; PostgreSQL is told with
BEGIN that a transaction reads only, which costs no statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flask
import structlog
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from engine import calendars, queue, tracing
from engine.queue import Queue
from engine.tables import Base
from web import sqlite
from workflows import HANDLERS, calendar, organisation_people, task_notices

log = structlog.get_logger(__name__)
READS = frozenset({"GET", "HEAD", "OPTIONS"})
READING = "bangvang.reading"


class PageSession(FlaskSession):
    """A session that reads a snapshot and writes inside `transaction` only; a GET that writes fails."""

    def __init__(self, db: SQLAlchemy, **kwargs: Any) -> None:
        super().__init__(db, **kwargs)
        self.info.update(equipment())

    def get_bind(self, *args: Any, **kwargs: Any) -> Engine | Connection:
        """Return the writing engine inside a transaction and outside a request, else the reading one."""
        bind = super().get_bind(*args, **kwargs)
        if not isinstance(bind, Engine):
            return bind
        if flask.has_request_context() and not _writes():
            return reading_engine()
        return sqlite.writing(bind)


def _writes() -> bool:
    return flask.request.method not in READS and bool(flask.g.get("writing"))


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": PageSession})


def init_app(app: flask.Flask) -> None:
    """Attach the database and the job queue of one application; nothing is connected yet."""
    db.init_app(app)
    app.teardown_appcontext(_let_go)  # before the extension's own, which ends what this one has begun
    with app.app_context():
        sqlite.prepare(db.engine)
        app.extensions[READING] = _only_reading(db.engine)
        app.extensions["bangvang.queue"] = queue.open_queue(db.engine)
    app.before_request(_lend_calendars)
    app.teardown_request(_take_back)


def _only_reading(engine: Engine) -> Engine:
    """Return the view of an engine whose transactions cannot write; SQLite needs none."""
    if engine.dialect.name != "postgresql":
        return engine
    return engine.execution_options(postgresql_readonly=True)


def reading_engine() -> Engine:
    """Return the engine of the current application whose transactions cannot write."""
    found: Engine = flask.current_app.extensions[READING]
    return found


def _let_go(_error: BaseException | None) -> None:
    """Give the connection back; one that died after the last statement takes no answer with it.

    The database has rolled back by itself what was not committed. An error here would turn an answer that is
    made already, an acknowledged change included, into the bare 500 of the server.
    """
    try:
        db.session.remove()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        log.warning("database.lost_at_the_end", error=type(error).__name__)


def _lend_calendars() -> None:
    """Let the expressions of this request count working days; asked only by those that do."""
    flask.g.loan = calendars.lend(db.session())


def _take_back(_error: BaseException | None) -> None:
    loan = flask.g.pop("loan", None)
    if loan is not None:
        calendars.give_back(loan)


def current_queue() -> Queue:
    """Return the job queue of the current application."""
    found: Queue = flask.current_app.extensions["bangvang.queue"]
    return found


def equipment() -> dict[str, object]:
    """Return what every session carries: handlers, calendar, groups, queue of the jobs, keys."""
    return {
        "handlers": HANDLERS,
        "calendar": calendar.due_after,
        "working_days": calendar.working_days,
        "notify": task_notices.deliver,
        "groups": organisation_people.known_groups,
        "queue": current_queue(),
        "audit_key": flask.current_app.config["AUDIT_KEY"],
        "ballot_key": flask.current_app.config["BALLOT_KEY"],
    }


@contextmanager
def transaction() -> Iterator[Session]:
    """Give the session, commit when the block ends well, roll everything back when it does not.

    What the request has read before belongs to an older snapshot: it is forgotten and read again.
    """
    session = db.session()
    session.rollback()
    flask.g.writing = True
    try:
        with tracing.span("transaction"):
            yield session
            session.commit()
    finally:
        session.rollback()  # after a commit there is nothing left to roll back
        flask.g.writing = False


@contextmanager
def reading() -> Iterator[Session]:
    """Give a session of its own that sees a snapshot and cannot write, whatever the request's method."""
    with Session(reading_engine(), info=equipment()) as session:
        yield session


@contextmanager
def aside() -> Iterator[Session]:
    """Give a writing session of its own, whatever the request's method; commit when the block ends well.

    For what is to be known even when the request is refused. Never inside `transaction`: each would wait for
    the other.
    """
    with Session(sqlite.writing(db.engine), info=equipment()) as session, session.begin():
        yield session


@contextmanager
def snapshot() -> Iterator[Session]:
    """Give a session that cannot write and sees one moment of the database, however long it reads."""
    engine = reading_engine()
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(engine, info=equipment()) as session:
        yield session


def session_factory() -> sessionmaker[Session]:
    """Return the factory of writing sessions for the worker; needs the application's context once."""
    return sessionmaker(sqlite.writing(db.engine), info=equipment())
