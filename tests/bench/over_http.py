"""Complete tasks over HTTP against `bangvang serve`, in turns with the bare transaction over HTTP.

Both servers are processes of their own with fsync on; the clients are threads of this process, each with one
connection that is kept. Every task is completed once a round: the ids are known before the clock runs, so
that no client asks for its next task while it is measured. Processor time of the server is the figure that a
busy machine spoils least.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib import parse

from tests.bench import bare, plain
from tests.bench.figures import MILLISECONDS, Figure, quantile
from tests.browsing import ROOT, START, Server, Visitor, fields, free_port
from tests.site import close
from web import create_app

SUBJECT = "Completions over HTTP, `bangvang serve`, SQLite, fsync on ({clients}, {number} completions)"
CLIENTS = (1, 8)
CASES = 400  # open tasks of a round
ROUNDS = 3
ROUND = 2.0  # seconds after which a round ends, whatever is left
SEE_OTHER = 303
QUANTILES = ((0.5, "median", ""), (0.95, "p95", "< 50 ms"), (0.99, "p99", "≤ 100 ms"), (1.0, "max", ""))
RATE = "≥ 300 /s"
Headers = dict[str, str]


@dataclass
class Load:
    """What a number of clients saw: milliseconds of requests, seconds of rounds, processor seconds."""

    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    processor: float = 0.0

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return len(self.times) / self.seconds

    @property
    def work(self) -> float:
        """Return the server's processor milliseconds per request."""
        return self.processor / len(self.times) * MILLISECONDS


@dataclass(frozen=True)
class Target:
    """One server: how a request for one task or case is made, and what there is to do."""

    port: int
    process: int
    request: Callable[[HTTPConnection, int], int]
    todo: Callable[[], list[int]]
    load: dict[int, Load] = field(default_factory=lambda: {clients: Load() for clients in CLIENTS})


def drive(target: Target, clients: int, limit: float = ROUND) -> None:
    """Let the clients work off what is to do, for at most `limit` seconds; record what they saw."""
    todo, wrong, load = deque(target.todo()), list[int](), target.load[clients]
    ready = threading.Barrier(clients + 1)

    def work() -> None:
        with closing(HTTPConnection("127.0.0.1", target.port, timeout=60)) as connection:
            connection.connect()
            ready.wait()
            end = time.monotonic() + limit
            while todo and time.monotonic() < end:
                with suppress(IndexError):  # another client was first
                    task = todo.popleft()
                    begin = time.perf_counter()
                    status = target.request(connection, task)
                    load.times.append((time.perf_counter() - begin) * MILLISECONDS)
                    if status != SEE_OTHER:
                        wrong.append(status)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    used = processor_seconds(target.process)
    ready.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    load.seconds += time.perf_counter() - begin
    load.processor += processor_seconds(target.process) - used
    if wrong:
        raise RuntimeError(f"{len(wrong)} requests were refused, the first with {wrong[0]}")


def processor_seconds(process: int) -> float:
    """Return the processor time a process has used; nan where the system has no /proc."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return float("nan")
    numbers = path.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")  # user and system, proc(5)


def post(connection: HTTPConnection, path: str, body: str, headers: Headers) -> int:
    """Send a form; return the status."""
    connection.request("POST", path, body, headers)
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


@contextmanager
def product(folder: Path) -> Iterator[Target]:
    """Serve the product on a fresh demonstration database with the plain process."""
    server = Server(folder)
    server.load_demo()
    app = create_app({"BANGVANG_INSTANCE": str(folder)})
    plain.deploy(app)
    plain.start(app, CASES)
    server.start()
    try:
        assert server.process is not None
        yield Target(server.port, server.process.pid, _completing(server), lambda: plain.tasks_of(app))
    finally:
        server.kill()
        close(app)


def _completing(server: Server) -> Callable[[HTTPConnection, int], int]:
    visitor = Visitor(server.base, plain.WORKER)
    visitor.sign_in()
    task = visitor.tasks()[0]
    shown = fields(visitor.get(f"/tasks/{task}"), f"/tasks/{task}/complete")
    body = parse.urlencode(shown)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.jar),
    }
    return lambda connection, task: post(connection, f"/tasks/{task}/complete", body, headers)


@contextmanager
def reference(folder: Path) -> Iterator[Target]:
    """Serve the bare application; give what makes its transactions."""
    database, port = folder / "bare.sqlite3", free_port()
    bare.prepare(database, CASES).dispose()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.bare", str(database), str(port)], cwd=ROOT, env=os.environ
    )
    try:
        _wait(process, port)
        yield Target(
            port,
            process.pid,
            lambda connection, case: post(connection, f"/{case}", "", {}),
            lambda: list(range(1, CASES + 1)),
        )
    finally:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.connect()
            return
        time.sleep(0.05)
    raise RuntimeError("the bare application did not start")


def measure() -> list[Figure]:
    """Return latency and rate at each number of clients."""
    with (
        tempfile.TemporaryDirectory() as name,
        product(Path(name)) as ours,
        reference(Path(name)) as theirs,
    ):
        for target in (ours, theirs):
            drive(target, 8, limit=0.5)
            target.load[8] = Load()
        for _ in range(ROUNDS):
            for clients in CLIENTS:
                for target in (ours, theirs):
                    drive(target, clients)
    return [
        figure
        for clients in CLIENTS
        for figure in _figures(clients, ours.load[clients], theirs.load[clients])
    ]


def _figures(clients: int, ours: Load, theirs: Load) -> list[Figure]:
    words = f"{clients} client{'s' if clients > 1 else ''}"
    subject = SUBJECT.format(clients=words, number=len(ours.times))
    of = "bare transaction over HTTP"
    figures = [
        Figure(
            subject,
            name,
            quantile(ours.times, share),
            "ms",
            quantile(theirs.times, share),
            of,
            budget if clients == max(CLIENTS) else "",
        )
        for share, name, budget in QUANTILES
    ]
    return [
        *figures,
        Figure(
            subject, "completions per second", ours.rate, "/s", theirs.rate, of, RATE if clients > 1 else ""
        ),
        Figure(subject, "server's processor time each", ours.work, "ms", theirs.work, of),
    ]
