"""What several files here share: a database that many sessions can use, as the worker and the pages do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import queue_places
from tests.integration.queue_places import Place


@pytest.fixture(params=queue_places.DATABASES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Give a database with the tables of product and queue, on each of DATABASES."""
    with queue_places.open_place(request.param, tmp_path) as opened:
        yield opened
