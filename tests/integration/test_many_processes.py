"""Two web nodes, two workers, one PostgreSQL: several clients drive the chain, nothing is lost or doubled."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from engine import deployments, instances
from engine.actors import SYSTEM
from engine.tables import HistoryEvent, ProcessInstance, Timer
from tests import databases
from tests.browsing import Visitor
from tests.builders import a_process
from tests.cluster import Cluster
from tests.integration.queue_places import wait_until
from tests.integration.test_kill import Script, check, wait_for_progress
from tests.site import close
from web import create_app, db
from workflows import demo

BRANCHES = ("a", "b", "c")


class Balanced(Visitor):
    """A person whose every request goes to another node."""

    def __init__(self, cluster: Cluster, login: str) -> None:
        self.cluster = cluster
        super().__init__("", login)

    @property
    def base(self) -> str:  # type: ignore[override]
        return self.cluster.base

    @base.setter
    def base(self, _address: str) -> None:
        """The balancer knows the addresses."""


class Client(Script):
    """Everybody of the chain, behind the balancer; several clients do the same people's work at once."""

    def __init__(self, cluster: Cluster, months: int) -> None:
        super().__init__(cluster)  # type: ignore[arg-type]  # it asks for an address only
        self.months = months
        self.people = {login: Balanced(cluster, login) for login, *_ in demo.PEOPLE[:14]}

    def work(self) -> None:
        """Do everything there is to do, until three looks find nothing."""
        idle = 0
        while idle < 3:
            idle = 0 if self.round() or self.partial or self.started < self.months else idle + 1

    def _start_month(self, person: Visitor) -> None:
        if self.started < self.months:
            super()._start_month(person)

    def _complete(self, person: Visitor, login: str, task: int) -> bool:
        try:
            return super()._complete(person, login, task)
        except StopIteration:
            return False  # another client was first: the page shows the task, and no form any more


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Give two web nodes and two workers on the demo; the queue's runs are noted."""
    made = Cluster(tmp_path)
    made.watch_queue()
    yield made
    made.stop()


def start_clocks(cluster: Cluster, cases: int) -> list[int]:
    """Start cases that wait for three timers at the same moment, return their ids."""
    process = a_process("clocks").start().gateway("split", "parallel")
    for branch in BRANCHES:
        process.at("split").catch(branch, process.timer("timeDuration", "PT3S"))
    process.gateway("join", "parallel").end()
    for branch in BRANCHES[:-1]:
        process.flow(branch, "join")
    app = create_app(databases.settings(cluster.folder, cluster.database))
    with app.app_context():
        with db.transaction() as session:
            deployments.deploy(session, [process.file()], SYSTEM)
            found = [instances.start(session, "clocks", {}, SYSTEM).id for _ in range(cases)]
        close(app)
    return found


def drive(cluster: Cluster, clients: Sequence[Client]) -> None:
    """Let all clients work until nobody finds anything to do."""
    for client in clients:
        client.sign_in()
    threads = [threading.Thread(target=client.work, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(900)
        assert not thread.is_alive(), cluster.read_logs()


def judge(cluster: Cluster, clients: Sequence[Client], clocks: Sequence[int]) -> list[str]:
    """Return what is lost, doubled, torn, stuck, fired twice or was run beside its like."""
    acknowledged = Counter(task for client in clients for task in client.acknowledged)
    problems = [f"task {task} acknowledged {n} times" for task, n in acknowledged.items() if n != 1]
    for client in clients:
        problems += check(cluster, client)  # type: ignore[arg-type]  # it asks for the database only
    engine = cluster.open()
    with Session(engine) as session:
        problems += _judge_clocks(session, clocks)
        problems += _judge_runs(session)
    engine.dispose()
    return problems


def _judge_clocks(session: Session, clocks: Sequence[int]) -> list[str]:
    fired = select(HistoryEvent.instance_id, HistoryEvent.element).where(
        HistoryEvent.kind == "timer.fired", HistoryEvent.instance_id.in_(clocks)
    )
    times = Counter((row.instance_id, row.element) for row in session.execute(fired))
    expected = {(case, branch): 1 for case in clocks for branch in BRANCHES}
    found = select(ProcessInstance.status, func.count()).where(ProcessInstance.id.in_(clocks))
    ended = {row[0]: row[1] for row in session.execute(found.group_by(ProcessInstance.status))}
    problems = [] if times == expected else [f"timers fired {dict(times - Counter(expected))} too often"]
    return problems if ended == {"completed": len(clocks)} else [*problems, f"clocks ended {ended}"]


def _judge_runs(session: Session) -> list[str]:
    """Compare the queue's own record: no run twice, no two runs under one lock at once."""
    spans: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    rows = session.execute(text("select * from queue_run where ended is not null order by began")).all()
    for row in rows:
        spans[f"{row.task} {row.job}"].append((row.began, row.ended))
    return [
        f"{name} ran beside itself"
        for name, runs in spans.items()
        if any(a[1] > b[0] for a, b in pairwise(runs))
    ]


def count_working(cluster: Cluster) -> int:
    """Return how many workers ran timers."""
    engine = cluster.open()
    with engine.connect() as connection:
        found = connection.execute(text("select count(distinct worker) from queue_run where task = 'timer'"))
        workers = int(found.scalar_one())
    engine.dispose()
    return workers


def all_fired(cluster: Cluster, clocks: Sequence[int]) -> bool:
    """Say whether no timer of the cases waits any more."""
    engine = cluster.open()
    with Session(engine) as session:
        query = select(Timer.id).where(Timer.instance_id.in_(clocks), Timer.status == "waiting")
        waiting = session.scalars(query.limit(1)).first()
    engine.dispose()
    return waiting is None


def test_two_nodes_and_two_workers_lose_and_double_nothing_under_several_clients(cluster: Cluster) -> None:
    clocks = start_clocks(cluster, 40)
    cluster.start()
    clients = [Client(cluster, months=1) for _ in range(2)]

    drive(cluster, clients)

    assert wait_until(lambda: all_fired(cluster, clocks), 60), cluster.read_logs()
    problems = judge(cluster, clients, clocks)
    assert problems == [], problems[:5]
    assert count_working(cluster) == 2, "one worker did everything: the test shows nothing"
    assert all(client.acknowledged for client in clients), "one client did everything: the test shows nothing"
    assert set(cluster.stop()) == {0}, cluster.read_logs()


@pytest.mark.soak
def test_nodes_and_workers_killed_one_after_the_other_lose_and_double_nothing(cluster: Cluster) -> None:
    seed = int(time.time())
    chance = random.Random(seed)  # noqa: S311  moments, not secrets
    clocks = start_clocks(cluster, 200)
    cluster.start()
    clients = [Client(cluster, months=12) for _ in range(2)]
    stop = threading.Event()

    def kill_some() -> None:
        for name in (chance.choice(cluster.names) for _ in range(50)):
            wait_for_progress(clients[0], 1)
            if stop.wait(chance.uniform(0.0, 1.0)):
                return
            cluster.kill(name)
            cluster.launch(name)

    killing = threading.Thread(target=kill_some, daemon=True)
    killing.start()
    drive(cluster, clients)
    stop.set()
    killing.join(90)

    assert wait_until(lambda: all_fired(cluster, clocks), 120), cluster.read_logs()
    problems = judge(cluster, clients, clocks)
    assert problems == [], f"seed {seed}: {problems[:5]}"
    print(f"{[len(client.acknowledged) for client in clients]} acknowledged, seed {seed}")  # noqa: T201
