"""A disk that is full: what was acknowledged stays, people are told, work goes on when there is room."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, make_url, select, text

from engine.audit import log, verification
from engine.tables import ProcessInstance
from tests import databases, postgresql
from tests.browsing import ROOT, command
from tests.site import MOVEMENT, Visitor, close, open_site, sign_in
from web import create_app, db

PERIODS = [f"2027-{month:02}" for month in range(1, 13)]
BALLAST = "ballast"
SAFE = {"fsync": "on"}  # what an installation has


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """Give a folder on a disk of its own; only root may make one."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: a full disk, because no small one could be mounted (needs root)")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=False)


def fill(folder: Path) -> None:
    """Leave no byte on the disk of a folder."""
    with (folder / BALLAST).open("ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass


def start(visitor: Visitor, period: str) -> int:
    """Start a proposal through the page, return the status."""
    return visitor.post("/start/office_proposal", {"movement": MOVEMENT, "period": period}).status_code


def running(app: Flask) -> int:
    """Return how many proposals a database holds; its history must be whole."""
    with app.app_context(), db.snapshot() as session:
        report = verification.verify(log.records(session))
        assert report.count == 0, report.findings
        return session.scalar(select(func.count()).select_from(ProcessInstance)) or 0


def work_until_told(visitor: Visitor, periods: Iterator[str]) -> tuple[list[int], str]:
    """Start proposals until one is not taken, return the answers and the period that was refused."""
    seen: list[int] = []
    for period in periods:
        seen.append(start(visitor, period))
        if seen[-1] != 303:
            return seen, period
    return seen, ""


@databases.only_sqlite
def test_a_full_disk_loses_nothing_and_room_is_all_it_needs(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", "16m") as disk, open_site(disk) as app:
        visitor, periods = sign_in(app, "an.p1"), iter(PERIODS)
        before = start(visitor, next(periods))

        fill(disk)
        answers, refused = work_until_told(visitor, periods)
        told = visitor.post("/start/office_proposal", {"movement": MOVEMENT, "period": refused})
        reads = visitor.client.get("/movements/").status_code
        (disk / BALLAST).unlink()
        after = start(visitor, refused)
        found = running(app)
        with app.app_context(), db.reading() as session:
            sound = session.scalar(text("pragma integrity_check"))

    assert (before, answers[-1], told.status_code, after) == (303, 503, 503, 303)
    assert told.headers["Retry-After"] == "60"
    assert "Cơ sở dữ liệu tạm thời chưa trả lời" in told.text
    assert reads == 200
    assert found == 1 + answers.count(303) + 1
    assert sound == "ok"


def keep_serving(home: Path, server: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Start PostgreSQL again when it ended, as its supervisor does."""
    if server.poll() is None:
        return server
    (home / "data" / "postmaster.pid").unlink(missing_ok=True)
    return postgresql.start_server_in(home, postgresql.find_binaries(), SAFE)[0]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that the account of PostgreSQL reaches; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="bangvang-disk-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.soak
def test_postgresql_on_a_full_disk_loses_nothing(open_folder: Path, tmp_path: Path) -> None:
    with small_disk(open_folder / "small", "160m") as disk:
        disk.chmod(0o755)
        home = disk / "postgresql"
        home.mkdir()
        server, url = postgresql.start_server_in(home, postgresql.find_binaries(), SAFE)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create database office")
        address = make_url(url).set(drivername="postgresql+psycopg", database="office")
        environment = {
            "BANGVANG_INSTANCE": str(tmp_path),
            "BANGVANG_DATABASE_URL": address.render_as_string(hide_password=False),
        }
        demo = command("demo", "--no-serve", "--no-story")
        subprocess.run(demo, env={**os.environ, **environment}, cwd=ROOT, check=True, capture_output=True)
        app = create_app(environment)
        visitor, periods = sign_in(app, "an.p1"), iter(PERIODS * 2)
        before = start(visitor, next(periods))

        fill(disk)
        answers, refused = work_until_told(visitor, periods)
        (disk / BALLAST).unlink()
        server = keep_serving(home, server)
        after = start(visitor, refused)
        found = running(app)
        close(app)
        server.send_signal(signal.SIGINT)
        server.wait(20)

    assert (before, answers[-1], after) == (303, 503, 303)
    assert found == 1 + answers.count(303) + 1
