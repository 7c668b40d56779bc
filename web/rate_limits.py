"""Limit how often one caller may knock: 429 with Retry-After for who comes too often.

The counts stand in the memory of each process, or for all in the store that BANGVANG_RATE_STORAGE names.
"""

from __future__ import annotations

import math
import time

from flask import Flask, current_app, g, request
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter, RateLimiter

from engine.errors import EngineError

OFF = frozenset({"", "0", "off", "none"})
# What is counted → the setting that says how often.
SETTINGS = {"sign_in": "RATE_SIGN_IN", "address": "RATE_ADDRESS", "api": "RATE_API"}


class TooManyRequests(EngineError):
    """Expected at most {limit}; there were more."""

    vi = "Gửi quá nhiều yêu cầu (cho phép {limit}). Chưa có gì thay đổi; hãy thử lại sau {seconds} giây."
    en = "Too many requests (at most {limit}). Nothing was changed; try again in {seconds} seconds."
    status = 429


def init_app(app: Flask) -> None:
    """Read the limits; raises ValueError for one that is none, such as "many"."""
    limits: dict[str, RateLimitItem | None] = {name: read(app.config[key]) for name, key in SETTINGS.items()}
    app.extensions["bangvang.limits"] = limits
    app.extensions["bangvang.limiter"] = FixedWindowRateLimiter(
        storage_from_string(app.config["RATE_STORAGE"])
    )


def read(text: str) -> RateLimitItem | None:
    """Return a limit written as "20 per minute", None for one that is off; raises ValueError."""
    return None if text.strip().lower() in OFF else parse(text)


def count(what: str, who: str = "") -> None:
    """Count one more of a kind for an account at the request's address; raises TooManyRequests."""
    _hit(what, who, request.remote_addr or "")


def count_caller(name: str) -> None:
    """Count one more request of a program's account, from wherever it comes; raises TooManyRequests."""
    _hit("api", name)


def _hit(what: str, *source: str) -> None:
    limit: RateLimitItem | None = current_app.extensions["bangvang.limits"][what]
    if limit is None:
        return
    limiter: RateLimiter = current_app.extensions["bangvang.limiter"]
    if not limiter.hit(limit, what, *source):
        g.retry_after = max(
            math.ceil(limiter.get_window_stats(limit, what, *source).reset_time - time.time()), 1
        )
        raise TooManyRequests(limit=str(limit), seconds=g.retry_after)
