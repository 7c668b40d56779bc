"""Requests that wait, few at a time: whoever waits keeps a thread that pages need, too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from flask import current_app

from web.db import db

PLACES = 4  # half of the threads that `bangvang serve` has by default; of each process
_places = BoundedSemaphore(PLACES)


@contextmanager
def place() -> Iterator[bool]:
    """Take a place to wait and let the request's connection go; False when all are taken, waits for none."""
    given = _places.acquire(blocking=False)
    try:
        db.session().close()  # a connection that only waits is one that others lack
        yield given
    finally:
        if given:
            _places.release()


def seconds(asked: float, default: float) -> float:
    """Return how long a request may wait: as asked, at most API_WAIT; 0 asks for the default."""
    longest = float(current_app.config["API_WAIT"])
    return min(asked or default, longest)
