"""Load on an estate under kills: people at the pages, programs at the API, both as stubborn as real ones.

A program starts errands, works their jobs, completes their tasks, publishes their messages and resolves their
incidents. Whatever it sends it sends with an Idempotency-Key, again and again until it is answered.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib import error, request

from flask import Flask
from lxml import html

from engine import deployments
from engine.actors import SYSTEM
from tests import calling
from tests.builders import a_process
from tests.cluster import Cluster
from tests.estate import BROKEN
from tests.integration.test_many_processes import Balanced, Client
from web import db, people
from web.api import keys
from workflows import demo

PROCESS, TYPE, OPERATOR = "errand", "run-errand", "operator"
GROUPS = ("administrators", "workers")
LEASE = 4_000  # milliseconds until a job that nobody ends is lent again
FAILING = 0.15  # part of the jobs that fail once, with an incident
IMPATIENT = 0.3  # seconds: who is told to wait for five tries sooner, as some do
HOUR = 3_600_000  # milliseconds
PASSED_ON = (429, 503)


class Ledger:
    """What was acknowledged to whom, what was refused, and what should never have been answered."""

    def __init__(self) -> None:
        self.acknowledged: list[int] = []  # user tasks
        self.starts: dict[str, str] = {}  # our number → key of the case
        self.jobs: list[int] = []
        self.messages: list[str] = []
        self.resolved = 0
        self.refusals: Counter[int] = Counter()
        self.faults: list[str] = []

    @property
    def count(self) -> int:
        """Return how much was acknowledged."""
        return len(self.acknowledged) + len(self.starts) + len(self.jobs) + len(self.messages)

    def note(self, refusal: error.HTTPError, where: str) -> None:
        """Note a refusal; one of ours, or one that does not say when to come again, is a fault."""
        self.refusals[refusal.code] += 1
        again = refusal.headers.get("Retry-After")
        if refusal.code in PASSED_ON and not (again or "").isdecimal():
            self.faults.append(f"{where} was answered {refusal.code} without Retry-After")
        if refusal.code >= 500 and refusal.code not in PASSED_ON:
            self.faults.append(f"{where} was answered {refusal.code}: {refusal.read()[:300]!r}")


class Person(Balanced):
    """Somebody at the pages, whose refusals are noted."""

    def __init__(self, cluster: Cluster, login: str, ledger: Ledger) -> None:
        super().__init__(cluster, login)
        self.ledger = ledger

    def get(self, path: str) -> html.HtmlElement:
        try:
            return super().get(path)
        except error.HTTPError as refusal:
            self.ledger.note(refusal, f"GET {path}")
            raise

    def send(self, path: str, values: Any) -> str:
        try:
            return super().send(path, values)
        except error.HTTPError as refusal:
            self.ledger.note(refusal, f"POST {path}")
            raise


class Office(Client):
    """Everybody of the chain at the pages, until told that all has come to rest."""

    def __init__(self, cluster: Cluster, ledger: Ledger) -> None:
        super().__init__(cluster, months=1)
        self.people = {login: Person(cluster, login, ledger) for login, *_ in demo.PEOPLE[:14]}
        self.acknowledged = ledger.acknowledged
        self.finished = threading.Event()
        self.rounds = 0

    def work(self) -> None:
        """Look and do, again and again."""
        while not self.finished.is_set():
            done = self.round()
            self.rounds += 1
            time.sleep(0.05 if done else 0.2)


class Program:
    """A program with a token; `name` keeps its keys apart from those of others."""

    def __init__(self, cluster: Cluster, ledger: Ledger, name: str, token: str, seed: int) -> None:
        self.cluster, self.ledger, self.name, self.token = cluster, ledger, name, token
        self.chance = random.Random(f"{seed}{name}")  # noqa: S311  moments, not secrets
        self.leases = name.endswith("1")  # one program asks for fenced leases, the other does not
        self.numbers, self.rounds = 0, 0
        self.failed: set[str] = set()
        self.resting, self.finished = threading.Event(), threading.Event()

    def work(self) -> None:
        """Do everything that a program does, again and again."""
        while not self.finished.is_set():
            if not self.resting.is_set():
                self.start()
            self.run_jobs()
            self.complete_tasks()
            self.resolve_incidents()
            self.rounds += 1
            time.sleep(self.chance.uniform(0.0, 0.2))

    def start(self) -> None:
        """Start one errand and publish the message that it will wait for."""
        self.numbers += 1
        number = f"{self.name}-{self.numbers}"
        body = {"processDefinitionId": PROCESS, "variables": {"number": number}, "businessId": number}
        started = self.send("POST", "/process-instances", body, f"start {number}")
        if started is not None:
            self.ledger.starts[number] = started["processInstanceKey"]
        message = {"name": "paid", "correlationKey": number, "timeToLive": HOUR, "messageId": number}
        if self.send("POST", "/messages/publication", message, f"message {number}") is not None:
            self.ledger.messages.append(number)

    def run_jobs(self) -> None:
        """Take jobs and end them, some with a failure first."""
        self.numbers += 1
        asked = {
            "type": TYPE,
            "worker": self.name,
            "timeout": LEASE,
            "maxJobsToActivate": 5,
            "requestTimeout": -1,
            "withLease": self.leases,
        }
        found = self.send("POST", "/jobs/activation", asked, f"take {self.name}-{self.numbers}")
        for job in (found or {}).get("jobs", ()):
            key, token = job["jobKey"], {"jobLeaseToken": job.get("jobLeaseToken")} if self.leases else {}
            if key not in self.failed and self.chance.random() < FAILING:
                self.failed.add(key)
                told = {"retries": 0, "errorMessage": "no ink", **token}
                self.send("POST", f"/jobs/{key}/failure", told, f"{self.name} fails {key}")
            elif self.send("POST", f"/jobs/{key}/completion", token, self._ending(job)) is not None:
                self.ledger.jobs.append(keys.read("job", key))

    def complete_tasks(self) -> None:
        """Complete what waits for the operator."""
        asked = {"filter": {"state": "CREATED", "processDefinitionId": PROCESS}, "page": {"limit": 10}}
        for task in (self.send("POST", "/user-tasks/search", asked) or {}).get("items", ()):
            key = task["userTaskKey"]
            if self.send("POST", f"/user-tasks/{key}/completion", {}, f"{self.name} does {key}") is not None:
                self.ledger.acknowledged.append(keys.read("user_task", key))

    def resolve_incidents(self) -> None:
        """Give failed jobs another attempt and try again what else stands still."""
        asked = {"filter": {"state": "ACTIVE"}, "page": {"limit": 10}}
        for incident in (self.send("POST", "/incidents/search", asked) or {}).get("items", ()):
            key, job = incident["incidentKey"], incident.get("jobKey")
            if job is not None:
                body = {"changeset": {"retries": 1}}
                self.send("PATCH", f"/jobs/{job}", body, f"{self.name} retries {job} of {key}")
            answer = self.send("POST", f"/incidents/{key}/resolution", {}, f"{self.name} resolves {key}")
            self.ledger.resolved += answer is not None

    def send(self, method: str, path: str, body: Any, key: str | None = None) -> Mapping[str, Any] | None:
        """Send until there is an answer that stands; None for a refusal."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        while True:
            asked = request.Request(
                f"{self.cluster.base}/v2{path}", json.dumps(body).encode(), headers, method=method
            )
            try:
                with request.urlopen(asked, timeout=30) as answer:
                    read: Mapping[str, Any] = json.loads(answer.read() or b"{}")
                    return read
            except error.HTTPError as refusal:
                self.ledger.note(refusal, f"{method} {path}")
                if refusal.code not in PASSED_ON:
                    return None
                time.sleep(IMPATIENT)
            except BROKEN:
                time.sleep(0.05)

    def _ending(self, job: Mapping[str, Any]) -> str:
        """Return the key of a completion: another lease is another request."""
        return f"{self.name} ends {job['jobKey']} {job.get('jobLeaseToken') or ''}"


def prepare(app: Flask) -> str:
    """Deploy the errand and make its operator, return the operator's token."""
    process = a_process(PROCESS).start()
    process.catch("wait", process.timer("timeDuration", "PT1S")).service_task("run", TYPE)
    process.user_task("sign", assignee=OPERATOR)
    process.catch("await_payment", process.message("paid", "=number")).end()
    with app.app_context(), db.transaction() as session:
        people.add(session, OPERATOR, GROUPS, "a password of a test")
        deployments.deploy(session, [process.file()], SYSTEM)
    return calling.as_person(app, OPERATOR).token
