"""Hold the engine's clock for tests and demonstrations; registered only with BANGVANG_TEST_CLOCK.

Paths and JSON are those of the Camunda 8 API: PUT /v2/clock {"timestamp": ms}, POST /v2/clock/reset.
"""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from engine import clock
from engine.errors import BadInput
from web.security import PUBLIC, open_to

blueprint = Blueprint("testing_clock", __name__, url_prefix="/v2/clock")


@blueprint.put("")
@open_to(PUBLIC)
def pin() -> ResponseReturnValue:
    """Hold the clock at the given moment, in milliseconds since 1970 UTC."""
    sent = request.get_json(silent=True)
    timestamp = sent.get("timestamp") if isinstance(sent, dict) else None
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):
        raise BadInput(
            expected="a timestamp in milliseconds", expected_vi="mốc giờ tính bằng mili giây", found=timestamp
        )
    clock.pin(datetime.fromtimestamp(timestamp / 1000, UTC))
    return "", 204


@blueprint.post("/reset")
@open_to(PUBLIC)
def reset() -> ResponseReturnValue:
    """Let the clock run again."""
    clock.unpin()
    return "", 204
