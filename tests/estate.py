"""A whole estate to take away: web nodes, workers and a durable PostgreSQL, supervised as by systemd.

Everything is started from the test's main thread and dies with it (PR_SET_PDEATHSIG asks for the thread).
"""

from __future__ import annotations

import ctypes
import http.client
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib import error, request

import psycopg
from sqlalchemy import make_url

from tests import browsing, databases, postgresql
from tests.browsing import ROOT, command
from tests.cluster import Cluster

# How often each is drawn; `together` is a node, a worker and the database, `everything` all there is.
FEW = {"web": 1, "worker": 1, "database": 1}
KINDS = {"web": 6, "worker": 5, "database": 5, "together": 2, "pause": 2, "everything": 2}
DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
STALL = 4.0  # seconds: a soak cannot wait the 30 that a worker is given in service
PAUSE = STALL + 2.5  # how long a worker sleeps: long enough that its jobs are given to another one
ABSENCES = (0.5, 0.5, 6.0)  # seconds at most without a database: a long one ends what is started meanwhile
PATIENCE = 120.0  # seconds until whoever does not come back counts as lost
QUICK = (
    "from functools import partial; from engine import queue; "
    f"pace = queue.Pace(heartbeat=1.0, stall={STALL}, poll=0.3, rescue=1); "
    "queue.open_queue = partial(queue.open_queue, pace=pace); from web.cli import main; main()"
)
BROKEN = (OSError, http.client.HTTPException)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Estate(Cluster):
    """Web nodes and workers on a PostgreSQL that is killed, too; what it told wrongly stands in `faults`."""

    kinds: Mapping[str, int] = KINDS

    def __init__(self, folder: Path) -> None:
        self.home, self.programs = (
            Path(tempfile.mkdtemp(prefix="bangvang-estate-")),
            postgresql.find_binaries(),
        )
        self.server, url = postgresql.start_server_in(self.home, self.programs, DURABLE)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("create database office")
        address = make_url(url).set(drivername="postgresql+psycopg", database="office")
        database = address.render_as_string(hide_password=False)
        browsing.fill_demo(folder, database)
        super().__init__(folder, database=database)
        self.prepare()

    def prepare(self) -> None:
        """Take the limits off that one address of many people would meet; nothing has happened yet."""
        self.environment |= {"BANGVANG_RATE_API": "0", "BANGVANG_RATE_SIGN_IN": "0"}
        self.paused: dict[str, float] = {}
        self.restarts = 0
        self.faults: list[str] = []

    def launch(self, name: str) -> None:
        """Start one process in a group of its own; a worker is given up sooner than in service."""
        place = f"127.0.0.1:{self.ports[int(name[-1])]}"
        arguments = [sys.executable, "-c", QUICK, "worker"]
        if name.startswith("web"):
            arguments = command("web", "--workers", "1", "--threads", "6", "--bind", place)
        self._run(name, arguments)

    def _run(self, name: str, arguments: Sequence[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                arguments,
                env=self.environment,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def attend(self) -> None:
        """Start again what ended, let go on what slept long enough."""
        for name, until in list(self.paused.items()):
            if time.monotonic() > until:
                self._signal(name, signal.SIGCONT)
                del self.paused[name]
        for name, process in list(self.processes.items()):
            if process.poll() is not None:
                self.restarts += 1
                self.kill(name)
                self.launch(name)

    def wait_for_all(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
        """Attend to the estate until a condition holds; return whether it did in time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            self.attend()
            time.sleep(0.05)
        return True

    def is_ready(self) -> bool:
        """Tell whether every node says that requests may come."""
        return all(self.ask_ready(port)[0] == 200 for port in self.ports)

    def ask_ready(self, port: int) -> tuple[int, str | None]:
        """Return what a node's readiness answers, with its Retry-After; 0 when nobody answers."""
        try:
            with request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=15) as answer:
                return answer.status, None
        except error.HTTPError as refusal:
            return refusal.code, refusal.headers.get("Retry-After")
        except BROKEN:
            return 0, None

    def strike(self, kind: str, chance: random.Random) -> float:
        """Kill -9 (or hold) something, and let it be started again as systemd would.

        Return the moment from which on nothing more is missing than its start.
        """
        began = time.monotonic()
        nodes = [name for name in self.names if name.startswith("web")]
        workers = [name for name in self.names if name.startswith("worker")]
        if kind == "pause":
            self._pause(chance.choice(workers))
            return began
        node, worker = chance.choice(nodes), chance.choice(workers)
        lost = {"web": [node], "worker": [worker], "together": [node, worker], "everything": self.names}
        gone = kind in ("database", "together", "everything")
        if gone:
            self._kill_database()
        for name in lost.get(kind, []):
            self.kill(name)
            self.paused.pop(name, None)
            self.launch(name)
        if gone:
            self._doubt_readiness()
            time.sleep(chance.uniform(0.0, chance.choice(ABSENCES)))
            began = time.monotonic()
            (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)
            self.server, _ = postgresql.start_server_in(self.home, self.programs, DURABLE)
        return began

    def stop(self) -> list[int]:
        """End everything, the database last."""
        for name in self.paused:
            self._signal(name, signal.SIGCONT)
        codes = super().stop()
        self.server.send_signal(signal.SIGINT)
        self.server.wait(20)
        return codes

    def _pause(self, name: str) -> None:
        self._signal(name, signal.SIGSTOP)
        self.paused[name] = time.monotonic() + PAUSE

    def _signal(self, name: str, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.processes[name].pid, number)

    def _kill_database(self) -> None:
        """Kill the postmaster and all its children; held first, so that it starts no other one meanwhile."""
        self.server.send_signal(signal.SIGSTOP)
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text("ascii")
        for child in [*map(int, children.split()), self.server.pid]:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.server.wait(20)

    def _doubt_readiness(self) -> None:
        """Compare what the nodes say of themselves with what is known: there is no database."""
        for port in self.ports:
            status, again = self.ask_ready(port)
            if status not in (0, 503) or (status == 503 and again is None):
                self.faults.append(f"without a database /ready answered {status}, Retry-After {again}")


class Box(Estate):
    """One process of `bangvang serve` on an SQLite file: pages and worker go together."""

    kinds = types.MappingProxyType({"serve": 1})

    def __init__(self, folder: Path) -> None:
        database = databases.copy(browsing.make_demo("sqlite"), folder)
        Cluster.__init__(self, folder, nodes=1, workers=0, database=database)
        self.prepare()

    def launch(self, name: str) -> None:
        """Start it; a worker is given up sooner than in service."""
        self._run(name, [sys.executable, "-c", QUICK, "serve", "--port", str(self.ports[0])])

    def strike(self, kind: str, chance: random.Random) -> float:
        """Kill -9 everything there is, and let it be started again; return when."""
        began = time.monotonic()
        for name in self.names:
            self.kill(name)
            self.launch(name)
        return began

    def stop(self) -> list[int]:
        """End it."""
        return Cluster.stop(self)
