"""Find connections that died while they waited in the pool, without asking the database.

A waiting connection of PostgreSQL has nothing to read; when it has, the server said goodbye or is gone. One
poll of the socket costs a microsecond, a statement before each request would cost a round trip.
"""

from __future__ import annotations

import select
from typing import Any

from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError

from web import db


def init_app(app: Flask) -> None:
    """Watch the pool of an application on PostgreSQL; SQLite's connections are files."""
    with app.app_context():
        engine = db.db.engine
    if engine.dialect.name == "postgresql":
        event.listen(engine, "checkout", refuse_dead)


def refuse_dead(connection: Any, _record: object, _proxy: object) -> None:
    """Raise InvalidatePoolError for a dead connection: the pool forgets its like and opens another."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        raise InvalidatePoolError("the server closed this connection while it waited")
