"""What options of the command line say: variables as JSON, moments as durations or times."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any, NoReturn

import click

from engine import clock, feel
from engine.feel.limits import MAX_DATA_DEPTH


def read_variables(text: str) -> dict[str, Any]:
    """Return the JSON object of an option; refuse anything else."""
    try:
        found = json.loads(text, parse_constant=_refuse_number, parse_float=_read_float)
        depth = _depth(found)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"not JSON: {error}", param_hint="--variables") from error
    if not isinstance(found, dict):
        raise click.BadParameter("expected a JSON object", param_hint="--variables")
    if depth > MAX_DATA_DEPTH:
        message = f"expected at most {MAX_DATA_DEPTH} levels, found {depth}"
        raise click.BadParameter(message, param_hint="--variables")
    return found


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _read_float(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    """Refuse what JSON does not know as a number, or no float can hold: NaN, Infinity, 1e999."""
    raise ValueError(f"{text} is no number that can be kept")


def read_until(text: str, start: datetime) -> datetime:
    """Return the moment an option names: a duration such as P3DT4H after `start`, or a time with zone."""
    message = "expected a duration like P3D or a time like 2026-10-16T00:00:00+07:00"
    try:
        if text.startswith("P"):
            return feel.timer_due("duration", text, {}, start)[0]
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=clock.ZONE)).astimezone(UTC)
    except (ValueError, OverflowError, feel.FeelError) as error:
        raise click.BadParameter(message, param_hint="--until") from error
