"""What every test may ask for: a database of its own, a session with handlers, a pinned clock."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from engine import clock
from engine.tables import Base

MORNING = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tables once: SQLite waits for the disk at each of them."""
    path = tmp_path_factory.mktemp("empty") / "test.db"
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_database: Path) -> Iterator[Engine]:
    """Give an empty SQLite database in a file of its own."""
    shutil.copy(empty_database, tmp_path / "test.db")
    engine = create_engine(f"sqlite:///{tmp_path}/test.db")
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
