"""Give each request an id that its log lines share, and one line at its end.

The id is the caller's `X-Request-ID` when it looks like one, and is sent back. What stands in a line: the
address as a template, never the address itself, its query or a form; the person only when signed in.
"""

from __future__ import annotations

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from engine import tracing
from web.operability import metrics

HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
UNROUTED = "unmatched"
QUIET = frozenset({"static", "operability.health", "operability.ready", "metrics.measure"})

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Begin and end every request; the first to hear of it, and the last."""
    app.before_request(begin)
    app.after_request(sign)
    app.teardown_request(end)


def begin() -> None:
    """Name the request and start its clock and span."""
    g.began = time.perf_counter()
    g.request_id = read_id(request.headers.get(HEADER))
    g.status = 500  # of a request that nothing answers
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    name = f"{request.method} {route()}"
    g.span = tracing.begin_request(name, request.headers, request_id=g.request_id)


def sign(response: Response) -> Response:
    """Send the id back and remember the status."""
    g.status = response.status_code
    if "request_id" in g:
        response.headers[HEADER] = g.request_id
    return response


def end(_error: BaseException | None) -> None:
    """Write the line, count the request, end its span."""
    if "began" not in g:
        return
    seconds = time.perf_counter() - g.began
    metrics.count_request(request.method, route(), g.status, seconds)
    tracing.end_request(g.pop("span"), g.status)
    if request.endpoint not in QUIET or g.status >= 500:
        log.info("request", **facts(seconds))
    structlog.contextvars.clear_contextvars()


def facts(seconds: float) -> dict[str, object]:
    """Return what the line of a request tells, the numbers in its address included."""
    person = g.get("_login_user")  # where Flask-Login keeps who it looked up; `current_user` may ask again
    told: dict[str, object] = {
        "method": request.method,
        "route": route(),
        "status": g.status,
        "ms": round(seconds * 1000, 1),
    }
    if person is not None and person.is_authenticated:
        told["person"] = person.name
    told |= {name: value for name, value in (request.view_args or {}).items() if isinstance(value, int)}
    return told


def route() -> str:
    """Return the template of the address, the same for all its values."""
    return request.url_rule.rule if request.url_rule is not None else UNROUTED


def read_id(sent: str | None) -> str:
    """Return the caller's id when it is short and plain, else a new one."""
    return sent if sent is not None and ACCEPTED.fullmatch(sent) else uuid.uuid4().hex
