"""Complete tasks over HTTP on both databases, in turns with the bare transaction over HTTP.

Both servers are processes of their own with fsync on (`served`); the clients are threads of this process,
each with one connection that is kept. Every task is completed once a round: the ids are known before the
clock runs, so that no client asks for its next task while it is measured. Processor time of the server is the
figure that a busy machine spoils least.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib import parse

from tests import databases
from tests.bench import plain, served
from tests.bench.figures import MILLISECONDS, Figure, quantile
from tests.bench.served import Served
from tests.browsing import Visitor, fields

SUBJECT = "Completions over HTTP, {database}, fsync on, {form}, {clients} ({number} completions)"
CLIENTS = (1, 8)
CASES = 400  # open tasks of a round
ROUNDS = 2
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
    server: float = 0.0
    database: float = 0.0

    @property
    def rate(self) -> float:
        """Return requests per second."""
        return len(self.times) / self.seconds

    def each(self, seconds: float) -> float:
        """Return the milliseconds per request of so many seconds."""
        return seconds / len(self.times) * MILLISECONDS


@dataclass(frozen=True)
class Target:
    """One server: how a request for one task or case is made, and what there is to do."""

    served: Served
    request: Callable[[HTTPConnection, int], int]
    todo: Callable[[], list[int]]
    load: dict[int, Load] = field(default_factory=lambda: {clients: Load() for clients in CLIENTS})


def drive(target: Target, clients: int, limit: float = ROUND) -> None:
    """Let the clients work off what is to do, for at most `limit` seconds; record what they saw."""
    todo, wrong, load = deque(target.todo()), list[int](), target.load[clients]
    ready = threading.Barrier(clients + 1)

    def work() -> None:
        with closing(HTTPConnection("127.0.0.1", target.served.port, timeout=60)) as connection:
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
    before = target.served.work, target.served.work_of_database
    ready.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    load.seconds += time.perf_counter() - begin
    load.server += target.served.work - before[0]
    load.database += target.served.work_of_database - before[1]
    if wrong:
        raise RuntimeError(f"{len(wrong)} requests were refused, the first with {wrong[0]}")


def post(connection: HTTPConnection, path: str, body: str, headers: Headers) -> int:
    """Send a form; return the status."""
    connection.request("POST", path, body, headers)
    with connection.getresponse() as answer:
        answer.read()
        return answer.status


def completing(port: int, login: str, task: int) -> Callable[[HTTPConnection, int], int]:
    """Return how a person who is signed in sends the form of a task, as the page shows it, for any task."""
    visitor = Visitor(f"http://127.0.0.1:{port}", login)
    visitor.sign_in()
    shown = fields(visitor.get(f"/tasks/{task}"), f"/tasks/{task}/complete")
    body = parse.urlencode(shown)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.jar),
    }
    return lambda connection, task: post(connection, f"/tasks/{task}/complete", body, headers)


def measure() -> list[Figure]:
    """Return latency and rate on each database, in each form of serving, at each number of clients."""
    found: list[Figure] = []
    for kind in served.DATABASES:
        with served.durable(kind) as database:
            for form in served.FORMS:
                with tempfile.TemporaryDirectory() as name:
                    found += _measure(kind, form, Path(name), database)
    return found


def _measure(kind: str, form: str, folder: Path, database: int | None) -> list[Figure]:
    (folder / "bare").mkdir()
    url = databases.make(folder / "bare", kind)
    with served.open_demo(kind, folder) as (app, settings):
        plain.deploy(app)
        first = plain.start(app, CASES)[0]
        with (
            served.product(form, settings, database) as product,
            served.reference(form, url, CASES, folder, database) as bare,
        ):
            ours = Target(product, completing(product.port, plain.WORKER, first), lambda: plain.tasks_of(app))
            theirs = Target(
                bare,
                lambda connection, case: post(connection, f"/{case}", "", {}),
                lambda: list(range(1, CASES + 1)),
            )
            _drive_in_turns(ours, theirs)
    words = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind]
    return [
        figure
        for clients in CLIENTS
        for figure in _figures(
            SUBJECT.format(
                database=words,
                form=served.FORMS[form],
                clients=f"{clients} client{'s' if clients > 1 else ''}",
                number=len(ours.load[clients].times),
            ),
            ours.load[clients],
            theirs.load[clients],
            judged=clients == max(CLIENTS),
        )
    ]


def _drive_in_turns(ours: Target, theirs: Target) -> None:
    for target in (ours, theirs):
        drive(target, 8, limit=0.5)
        target.load[8] = Load()
    for _ in range(ROUNDS):
        for clients in CLIENTS:
            for target in (ours, theirs):
                drive(target, clients)


def _figures(subject: str, ours: Load, theirs: Load, *, judged: bool) -> list[Figure]:
    of = "bare transaction over HTTP"
    figures = [
        Figure(
            subject,
            name,
            quantile(ours.times, share),
            "ms",
            quantile(theirs.times, share),
            of,
            budget if judged else "",
        )
        for share, name, budget in QUANTILES
    ]
    figures += [
        Figure(subject, "completions per second", ours.rate, "/s", theirs.rate, of, RATE if judged else ""),
        Figure(
            subject,
            "server's processor time each",
            ours.each(ours.server),
            "ms",
            theirs.each(theirs.server),
            of,
        ),
    ]
    if ours.database:
        figures.append(
            Figure(
                subject,
                "database's processor time each",
                ours.each(ours.database),
                "ms",
                theirs.each(theirs.database),
                of,
            )
        )
    return figures
