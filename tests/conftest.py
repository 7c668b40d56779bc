"""What every test may ask for: a database of its own, a session with handlers, a pinned clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from engine import clock
from engine.tables import Base
from tests import databases, postgresql

MORNING = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _databases_of_this_test() -> Iterator[None]:
    """Drop what was made on the PostgreSQL server meanwhile."""
    spared = postgresql.name_made()
    yield
    postgresql.drop_made(spared)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the tables once: SQLite waits for the disk at each of them."""
    url = databases.keep(databases.make(tmp_path_factory.mktemp("empty")))
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
    return url


@pytest.fixture
def database(tmp_path: Path, empty_database: str) -> Iterator[Engine]:
    """Give an empty database: an SQLite file of its own, or one of PostgreSQL."""
    engine = create_engine(databases.copy(empty_database, tmp_path))
    yield engine
    engine.dispose()


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """Give a session without handlers; a test adds its own to `session.info`."""
    with Session(database) as opened:
        opened.info["handlers"] = {}
        yield opened


@pytest.fixture
def morning() -> Iterator[datetime]:
    """Hold the clock at 09:00 local time on Thursday 1 October 2026."""
    clock.pin(MORNING)
    yield MORNING
    clock.unpin()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run browser tests last: Playwright keeps an event loop running in this thread."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
