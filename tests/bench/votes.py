"""Fifty people vote in one instance, sixteen of them at any moment: everybody's vote waits for its turn.

The votes are the iterations of one parallel multi-instance user task, each assigned to one person, so all of
them change the same row. A vote that is told 409 (somebody was first) is sent again; anything else that is no
acceptance is an error. Every voter has signed in and opened the form before the clock runs.
"""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib import parse

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from engine import deployments, instances
from engine.actors import SYSTEM
from engine.spiff import state
from engine.tables import ProcessInstance, UserTask
from tests.bench import over_http, served
from tests.bench.figures import MILLISECONDS, Figure, quantile
from tests.browsing import PASSWORD, Visitor, fields
from tests.builders import a_process, each
from web import db
from web.tables import Credential

SUBJECT = "{voters} votes in one instance by {clients} clients at once, {database}, fsync on, {form}"
PROCESS = "bench_votes"
VOTERS, CLIENTS = 50, 16
CONFLICT = 409
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # signing in is not what is measured
Ballot = tuple[str, str, dict[str, str]]  # address, form as it is sent, headers of the voter


@dataclass
class Poll:
    """What the clients saw: milliseconds from the first sending of a vote to its end, answers by status."""

    times: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """Return how many answers were neither an acceptance nor a clean 409."""
        return sum(
            number for status, number in self.answers.items() if status not in (over_http.SEE_OTHER, CONFLICT)
        )


def open_poll(app: Flask, voters: int) -> int:
    """Deploy the process, let its people sign in from now on, start it; return the instance."""
    process = a_process(PROCESS, "Bỏ phiếu").start()
    everybody = each("=voters", "voter", outputCollection="votes", outputElement="=voter")
    process.user_task("vote", everybody, assignee="=voter")
    names = [f"voter.{number}" for number in range(voters)]
    with app.app_context(), db.transaction() as session:
        known = CHEAP.hash(PASSWORD)
        for name in names:
            session.add(Credential(name=name, password_hash=known, language="vi", active=True, failures=0))
        deployments.deploy(session, [process.end().file()], SYSTEM)
        return instances.start(session, PROCESS, {"voters": list(names)}, SYSTEM).id


def hand_out(app: Flask, port: int, instance: int) -> list[Ballot]:
    """Sign every voter in and open the form; return what each will send."""
    query = select(UserTask.id, UserTask.assignee).where(
        UserTask.instance_id == instance, UserTask.status == "open"
    )
    with app.app_context(), db.reading() as session:
        open_ones = session.execute(query.order_by(UserTask.id)).all()
    return [_ballot(port, row.id, row.assignee or "") for row in open_ones]


def _ballot(port: int, task: int, login: str) -> Ballot:
    visitor = Visitor(f"http://127.0.0.1:{port}", login)
    visitor.sign_in()
    address = f"/tasks/{task}/complete"
    shown: Mapping[str, str] = fields(visitor.get(f"/tasks/{task}"), address)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.jar),
    }
    return address, parse.urlencode(shown), headers


def cast(port: int, ballots: list[Ballot], clients: int) -> Poll:
    """Send every vote, `clients` at a time, again after a 409; return what came of it."""
    todo, poll = deque(ballots), Poll()
    ready = threading.Barrier(clients + 1)

    def work() -> None:
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.connect()
            ready.wait()
            with suppress(IndexError):  # nothing is left
                while True:
                    ballot = todo.popleft()
                    begin = time.perf_counter()
                    while (status := over_http.post(connection, *ballot)) == CONFLICT:
                        poll.answers[status] += 1
                    poll.answers[status] += 1
                    poll.times.append((time.perf_counter() - begin) * MILLISECONDS)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    poll.seconds = time.perf_counter() - begin
    return poll


def count(app: Flask, instance: int) -> tuple[str, list[str]]:
    """Return the status of the instance and whose votes it has counted."""
    with app.app_context(), db.reading() as session:
        row = session.get_one(ProcessInstance, instance)
        found: list[str] = state.variables(row.state)["votes"]
        return row.status, found


def measure() -> list[Figure]:
    """Return latency of a vote on each database, in each form of serving, beside a vote nobody disturbs."""
    found: list[Figure] = []
    for kind in served.DATABASES:
        with served.durable(kind) as database:
            for form in served.FORMS:
                with tempfile.TemporaryDirectory() as name:
                    found += _measure(kind, form, Path(name), database)
    return found


def _measure(kind: str, form: str, folder: Path, database: int | None) -> list[Figure]:
    with served.open_demo(kind, folder) as (app, settings):
        instance = open_poll(app, VOTERS + 5)
        with served.product(form, settings, database) as product:
            ballots = hand_out(app, product.port, instance)
            alone = cast(product.port, ballots[:5], 1)
            poll = cast(product.port, ballots[5:], CLIENTS)
    words = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[kind]
    subject = SUBJECT.format(voters=VOTERS, clients=CLIENTS, database=words, form=served.FORMS[form])
    median, of = quantile(alone.times, 0.5), "median of one client alone"
    return [
        *(
            Figure(subject, name, quantile(poll.times, share), "ms", median, of)
            for share, name in ((0.5, "median"), (0.95, "p95"), (1.0, "max"))
        ),
        Figure(subject, "votes per second", len(poll.times) / poll.seconds, "/s", MILLISECONDS / median, of),
        Figure(subject, "answered 409 and sent again", poll.answers[CONFLICT], "", VOTERS, "votes"),
        Figure(subject, "other errors", poll.errors, "", VOTERS, "votes", "0"),
    ]
