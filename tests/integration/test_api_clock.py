"""The clock through the API: only where tests are allowed, only for moments that there are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from engine import clock
from tests import calling
from tests.site import close, open_site
from web import create_app

MOMENT = datetime(2026, 11, 22, 11, 21, 51, 808000, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened
    clock.unpin()


def pin(app: Flask, body: Any) -> Any:
    return app.test_client().put("/v2/clock", json=body)


def test_a_pinned_clock_stands_until_it_is_reset(app: Flask) -> None:
    answer = pin(app, {"timestamp": round(MOMENT.timestamp() * 1000)})
    held = clock.now()

    reset = app.test_client().post("/v2/clock/reset")

    assert (answer.status_code, answer.data, held) == (204, b"", MOMENT)
    assert (reset.status_code, reset.data) == (204, b"")
    assert abs(clock.now() - datetime.fromtimestamp(time.time(), UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"timestamp": "1760000000000"},
        {"timestamp": True},
        {"timestamp": 1.5},
        {"timestamp": -1},
        {"timestamp": 10**18},
        {"timestamp": None},
        {"timestamp": 0, "zone": "UTC"},
        [1],
    ],
    ids=str,
)
def test_no_moment_changes_nothing(app: Flask, body: Any) -> None:
    before = clock.now()

    answer = pin(app, body)

    assert calling.problem(answer)["status"] == 400
    assert clock.now() - before < timedelta(minutes=1)


def test_nobody_holds_the_clock_of_a_real_site(tmp_path: Path) -> None:
    app = create_app({"BANGVANG_INSTANCE": str(tmp_path)})

    answer = pin(app, {"timestamp": 0})

    close(app)
    assert calling.problem(answer)["status"] == 404
    assert clock.now().year > 2000
