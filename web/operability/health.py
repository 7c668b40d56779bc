"""Answer a supervisor: does the process live (`/health`), should it get requests (`/ready`).

Ready means: not stopping, the database answers at a schema this program can work with, the folder of the
instance can be written, the worker of the same process lives. A newer schema is no fault: during an upgrade
the older program goes on beside the newer one (web/decisions/0002-operations.md).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import structlog
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue

from engine.worker import Running
from web import db
from web.operability import absence
from web.security import PUBLIC, open_to

MIGRATIONS = Path(__file__).parent.parent / "migrations"
DRAINING = "draining"  # a file of that name in the instance folder: finish what runs, take nothing new
ROOM = 32 * 1024 * 1024  # bytes that the disk of the instance must have left
FINE = "ok"
RETRY_AFTER = "5"

log = structlog.get_logger(__name__)
blueprint = Blueprint("operability", __name__)


def init_app(app: Flask) -> None:
    """Remember what readiness depends on besides the database."""
    app.extensions["bangvang.worker"] = None
    app.extensions["bangvang.stopping"] = False


def watch_worker(app: Flask, running: Running) -> None:
    """Make readiness depend on a worker in this process."""
    app.extensions["bangvang.worker"] = running


def stop_accepting(app: Flask) -> None:
    """Let readiness fail from now on."""
    app.extensions["bangvang.stopping"] = True


@blueprint.get("/health")
@open_to(PUBLIC)
def health() -> ResponseReturnValue:
    """Say that the process lives; asks nobody else."""
    return jsonify(status="up")


@blueprint.get("/ready")
@open_to(PUBLIC)
def ready() -> ResponseReturnValue:
    """Say whether requests should come here (200) or not (503), and what each check found."""
    found = look()
    fine = set(found.values()) == {FINE}
    answer = jsonify(status="ready" if fine else "not ready", checks=found)
    if not fine:
        answer.status_code = 503
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def look() -> dict[str, str]:
    """Return what each check found, "ok" or what is wrong in a few words; no addresses, no secrets."""
    checks: dict[str, Callable[[], str]] = {
        "serving": _serving,
        "database": _database,
        "disk": _disk,
        "worker": _worker,
    }
    found = {name: check() for name, check in checks.items()}
    if set(found.values()) != {FINE}:
        log.warning("not ready", **found)
    return found


def _serving() -> str:
    draining = current_app.extensions["bangvang.stopping"] or (_folder() / DRAINING).exists()
    return "stopping" if draining else FINE


def _database() -> str:
    try:
        with db.reading() as session:
            found = MigrationContext.configure(session.connection()).get_current_revision()
    except absence.ERRORS as error:
        found_absence = absence.why(error)
        return found_absence.reason if found_absence else "refused"
    if found is None:
        return "never upgraded"
    newest, known = revisions()
    return "older than this program" if found in known and found != newest else FINE


def _disk() -> str:
    folder = _folder()
    try:
        if not os.access(folder, os.W_OK):
            return "not writable"
        return FINE if shutil.disk_usage(folder).free >= ROOM else "full"
    except OSError:
        return "not there"


def _worker() -> str:
    running: Running | None = current_app.extensions["bangvang.worker"]
    return FINE if running is None or running.thread.is_alive() else "ended"


def _folder() -> Path:
    return Path(current_app.config["INSTANCE"])


@lru_cache(maxsize=1)
def revisions() -> tuple[str | None, frozenset[str]]:
    """Return the newest schema of this program and all it knows of."""
    scripts = ScriptDirectory(str(MIGRATIONS))
    return scripts.get_current_head(), frozenset(script.revision for script in scripts.walk_revisions())
