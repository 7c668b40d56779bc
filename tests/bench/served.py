"""Servers as processes of their own, on both databases with fsync on: the product, and the bare application.

`bangvang serve` is one process with eight threads and the worker in it, `bangvang web` two processes with
four threads each; the bare application is served in the same way as the product beside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

from flask import Flask

from tests import databases, postgresql
from tests.bench import bare
from tests.browsing import ROOT, START, command, free_port, make_demo
from tests.site import close
from web import create_app

DATABASES = ("sqlite", "postgresql")
WORKERS, THREADS = 2, 4
FORMS = {
    "serve": "one process, 8 threads (`bangvang serve`)",
    "web": f"{WORKERS} processes, {THREADS} threads each (`bangvang web`)",
}


@dataclass(frozen=True)
class Served:
    """One server that answers: its port, and the processes whose work is counted."""

    port: int
    process: int
    database: int | None  # PostgreSQL's process

    @property
    def work(self) -> float:
        """Return the processor seconds of the server's processes so far."""
        return processor_seconds(self.process)

    @property
    def work_of_database(self) -> float:
        """Return the processor seconds of PostgreSQL so far; SQLite works inside the server."""
        return 0.0 if self.database is None else processor_seconds(self.database)


@contextmanager
def durable(kind: str) -> Iterator[int | None]:
    """Let databases of a kind be made that lose nothing at a power cut; give PostgreSQL's process."""
    if kind != "postgresql":
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="bangvang-bench-pg-"))
    server, url = postgresql.start_server_in(home, postgresql.find_binaries(), {"fsync": "on"})
    named = os.environ.get("TEST_DATABASE_URL")
    os.environ["TEST_DATABASE_URL"] = url
    postgresql.start_server.cache_clear()
    make_demo.cache_clear()
    try:
        yield server.pid
    finally:
        postgresql.drop_made(set())
        postgresql.start_server.cache_clear()
        make_demo.cache_clear()
        del os.environ["TEST_DATABASE_URL"]
        if named is not None:
            os.environ["TEST_DATABASE_URL"] = named
        server.send_signal(signal.SIGINT)
        server.wait(10)


@contextmanager
def open_demo(kind: str, folder: Path) -> Iterator[tuple[Flask, dict[str, str]]]:
    """Give an application on a fresh demonstration database, and the settings that lead there."""
    settings = databases.settings(folder, databases.copy(make_demo(kind), folder))
    app = create_app(settings)
    try:
        yield app, settings
    finally:
        close(app)


@contextmanager
def product(form: str, settings: Mapping[str, str], database: int | None) -> Iterator[Served]:
    """Serve the product in one of the FORMS."""
    port = free_port()
    words = {
        "serve": ("serve", "--port", str(port)),
        "web": (
            *("web", "--workers", str(WORKERS), "--threads", str(THREADS)),
            *("--bind", f"127.0.0.1:{port}"),
        ),
    }
    with _running(command(*words[form]), settings, port, Path(settings["BANGVANG_INSTANCE"])) as process:
        yield Served(port, process, database)


@contextmanager
def reference(form: str, url: str, cases: int, folder: Path, database: int | None) -> Iterator[Served]:
    """Serve the bare application in one of the FORMS, with that many cases."""
    bare.prepare(url, cases).dispose()
    port = free_port()
    words = [sys.executable, "-m", "tests.bench.bare", str(port)]
    if form == "web":
        words = [sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--no-control-socket"]
        words += ["--workers", str(WORKERS), "--threads", str(THREADS)]
        words += ["--bind", f"127.0.0.1:{port}", "tests.bench.bare:served()"]
    with _running(words, {bare.DATABASE: url}, port, folder) as process:
        yield Served(port, process, database)


@contextmanager
def _running(words: list[str], settings: Mapping[str, str], port: int, folder: Path) -> Iterator[int]:
    """Run a server until the block ends; give its process when it answers."""
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(words, env={**os.environ, **settings}, cwd=ROOT, stdout=log, stderr=log)
    try:
        end = time.monotonic() + START
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((folder / "server.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/sign-in")
        return connection.getresponse().status == 200
    return False


def processor_seconds(process: int) -> float:
    """Return the processor time of a process and of all it has started; nan where the system has no /proc."""
    folder = Path(f"/proc/{process}")
    if not folder.exists():
        return float("nan")
    numbers = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    own = sum(map(int, numbers[11:15])) / os.sysconf("SC_CLK_TCK")  # its own and of ended children, proc(5)
    children = (folder / "task" / str(process) / "children").read_text(encoding="utf-8").split()
    return own + sum(processor_seconds(int(child)) for child in children if Path(f"/proc/{child}").exists())
