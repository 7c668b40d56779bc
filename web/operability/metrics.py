"""Measure requests, jobs and the state of the work for Prometheus at `/metrics`.

Requests and jobs are counted in each process; several processes of one machine share their counts when
PROMETHEUS_MULTIPROC_DIR names a folder (prometheus_client's own way). What the work looks like is asked from
the database, so every process says the same. Labels are templates and kinds: no person, no case.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from sqlalchemy.pool import QueuePool

from web import db
from web.operability import absence, figures
from web.security import PUBLIC, open_to

SHARED = "PROMETHEUS_MULTIPROC_DIR"
FRESH = 15.0  # seconds for which the figures of the database are told again without asking
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

disable_created_metrics()  # type: ignore[no-untyped-call]  # a number per label that nobody asks for
if os.environ.get(SHARED):  # the measures below write there as soon as they are made
    Path(os.environ[SHARED]).mkdir(parents=True, exist_ok=True)
OWN = CollectorRegistry()
REQUESTS = Counter(
    "bangvang_http_requests", "Requests answered.", ("method", "route", "status"), registry=OWN
)
SECONDS = Histogram(
    "bangvang_http_request_seconds", "Time to answer.", ("method", "route"), buckets=BUCKETS, registry=OWN
)
JOBS = Counter("bangvang_jobs_run", "Jobs and timers run by workers.", ("kind", "outcome"), registry=OWN)
JOB_SECONDS = Histogram(
    "bangvang_job_seconds", "Time a job or timer took.", ("kind",), buckets=BUCKETS, registry=OWN
)
POOL = Gauge(
    "bangvang_database_connections_in_use",
    "Connections lent to requests at this moment.",
    registry=OWN,
    multiprocess_mode="livesum",
)
blueprint = Blueprint("metrics", __name__)


@dataclass(frozen=True)
class Told:
    """Families as a registry tells them."""

    families: Sequence[Metric]

    def collect(self) -> Sequence[Metric]:
        """Return them."""
        return self.families


def init_app(app: Flask) -> None:
    """Remember the figures of the database for a while, and watch the pool."""
    app.extensions["bangvang.figures"] = {"lock": Lock(), "until": 0.0, "told": Told(())}
    app.before_request(_measure_pool)


def share(folder: Path) -> None:
    """Have the processes started from here count together, in a folder that is emptied first."""
    os.environ.setdefault(SHARED, str(folder / "metrics"))
    shutil.rmtree(os.environ[SHARED], ignore_errors=True)
    Path(os.environ[SHARED]).mkdir(parents=True, exist_ok=True)


@blueprint.get("/metrics")
@open_to(PUBLIC)
def measure() -> ResponseReturnValue:
    """Return all measures as text; only to who may know them."""
    refuse_strangers()
    counted = generate_latest(_shared() if os.environ.get(SHARED) else OWN)
    return Response(counted + generate_latest(tell_figures()), content_type=CONTENT_TYPE_LATEST)


def tell_figures() -> Told:
    """Return what the database says, asked once in FRESH seconds; only `up 0` while it is away."""
    kept: dict[str, Any] = current_app.extensions["bangvang.figures"]
    with kept["lock"]:
        if time.monotonic() >= kept["until"]:
            kept["told"] = _ask()
            kept["until"] = time.monotonic() + FRESH
        told: Told = kept["told"]
        return told


def _ask() -> Told:
    meaning = "1 when the database answers."
    try:
        with db.reading() as session:
            found = figures.read(session)
    except absence.ERRORS:
        return Told([GaugeMetricFamily("bangvang_database_up", meaning, value=0)])
    families: list[Metric] = [GaugeMetricFamily("bangvang_database_up", meaning, value=1)]
    for figure in found:
        make = CounterMetricFamily if figure.grows else GaugeMetricFamily
        families.append(make(f"bangvang_{figure.name}", figure.meaning, value=figure.value))
    return Told(families)


def _shared() -> CollectorRegistry:
    """Return what all processes of this machine counted; a dead one lends no connections any more."""
    for path in Path(os.environ[SHARED]).glob("gauge_live*_*.db"):
        number = path.stem.rpartition("_")[2]
        if number.isdigit() and not Path("/proc", number).exists():
            mark_process_dead(int(number))  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def refuse_strangers() -> None:
    """Refuse who sends no or a wrong token; without a token set, who does not ask from this machine.

    Behind a proxy every caller seems to ask from this machine: there only the token opens.
    """
    token = str(current_app.config["METRICS_TOKEN"])
    sent = request.headers.get("Authorization", "")
    if token:
        if not hmac.compare_digest(sent.encode(), f"Bearer {token}".encode()):
            abort(401)
    elif current_app.config["SECURE_COOKIES"] or "X-Forwarded-For" in request.headers or not _is_near():
        abort(403)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    kind = method if method in METHODS else "other"
    REQUESTS.labels(kind, route, str(status)).inc()
    SECONDS.labels(kind, route).observe(seconds)


def count_job(kind: str, outcome: str, seconds: float) -> None:
    """Count one run of a job or timer."""
    JOBS.labels(kind, outcome).inc()
    JOB_SECONDS.labels(kind).observe(seconds)


def _is_near() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:  # a Unix socket has no address
        return False


def _measure_pool() -> None:
    pool: Any = db.db.engine.pool
    if isinstance(pool, QueuePool):
        POOL.set(pool.checkedout())
