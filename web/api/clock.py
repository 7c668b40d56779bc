"""Hold the engine's clock for tests and demonstrations; served only with BANGVANG_TEST_CLOCK.

Timers that become due by it are fired by the worker, which reads the same clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields, validate

from engine import clock
from web.api import blueprints
from web.api.schemas import Request
from web.security import PUBLIC, open_to

blueprint = blueprints.make("clock", "The clock, where tests are allowed.", "/clock")
LATEST = 253_370_764_800_000  # 9999-01-01: a year before what moments can hold


class ClockPin(Request):
    """Where the clock is held."""

    timestamp = fields.Integer(strict=True, required=True, validate=validate.Range(min=0, max=LATEST))


@blueprint.put("")
@blueprint.arguments(ClockPin)
@blueprint.response(204)
@blueprint.refuses(400)
@open_to(PUBLIC)
def pin(body: Mapping[str, Any]) -> None:
    """Hold the clock at the given moment, in milliseconds since 1970 UTC."""
    clock.pin(datetime.fromtimestamp(body["timestamp"] / 1000, UTC))


@blueprint.post("/reset")
@blueprint.response(204)
@open_to(PUBLIC)
def reset() -> None:
    """Let the clock run again."""
    clock.unpin()
