"""Kill web nodes, workers and PostgreSQL at random moments under load: nothing lost, doubled or stuck.

Two web nodes and two workers on a durable PostgreSQL of their own; people drive the chain through the pages,
programs work errands through the API. The long run, on a quiet machine:

    KILLS=200 SEED=5 .venv/bin/python -m pytest -s -m soak tests/integration/test_kill_everything.py
"""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError

from tests import databases, errands, ledger_check
from tests.errands import Ledger, Office, Program
from tests.estate import FEW, Box, Estate
from tests.integration.test_kill import check
from tests.site import close
from web import create_app

MONTHS = 12
DURING = 0.2  # part of the kills after which nobody waits until all is back: the next falls into the recovery
REST = 600.0  # seconds


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    made = Estate(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(tmp_path)
    yield made
    made.stop()


def plan(kinds: Mapping[str, int], kills: int, seed: int) -> list[str]:
    """Return what is killed, in order: each kind at least once."""
    chance = random.Random(seed)  # noqa: S311  moments, not secrets
    drawn = chance.choices(list(kinds), list(kinds.values()), k=max(kills - len(kinds), 0))
    planned = [*kinds, *drawn]
    chance.shuffle(planned)
    return planned


class Siege:
    """One run: the load, the kills, the way back to rest and the judgement."""

    def __init__(self, estate: Estate, seed: int, offices: int) -> None:
        self.estate, self.seed = estate, seed
        self.chance = random.Random(seed)  # noqa: S311  moments, not secrets
        self.ledger = Ledger()
        app = create_app(databases.settings(estate.folder, estate.database))
        token = errands.prepare(app)
        with app.app_context():
            close(app)
        self.offices = [Office(estate, self.ledger) for _ in range(offices)]
        self.programs = [Program(estate, self.ledger, f"program{n}", token, seed) for n in (1, 2)]
        self.backs: list[float] = []

    @property
    def workers(self) -> Sequence[Office | Program]:
        """Return everybody who works."""
        return [*self.offices, *self.programs]

    def run(self, kinds: Sequence[str]) -> None:
        """Kill under load, then let everything come to rest."""
        self.estate.start()
        for office in self.offices:
            office.sign_in()
        threads = [threading.Thread(target=one.work, daemon=True) for one in self.workers]
        for thread in threads:
            thread.start()
        for number, kind in enumerate(kinds):
            for office in self.offices:
                office.months = 1 + number * (MONTHS - 1) // len(kinds)
            self._await_progress(3)
            self.estate.wait_for_all(lambda: False, self.chance.uniform(0.0, 0.5))
            self._kill(kind)
        self._await_progress(3)
        self._come_to_rest()
        for one in self.workers:
            one.finished.set()
        self.estate.wait_for_all(lambda: not any(thread.is_alive() for thread in threads))

    def judge(self) -> list[str]:
        """Return everything that is wrong."""
        engine = create_engine(self.estate.database)
        compared = ledger_check.compare(engine, self.ledger)
        engine.dispose()
        kept = check(self.estate, self.ledger)  # type: ignore[arg-type]  # it asks for an address and a list
        return [*self.estate.faults, *self.ledger.faults, *compared, *kept]

    def tell(self, kinds: Sequence[str], problems: Sequence[str]) -> str:
        """Return one line that says what happened."""
        ledger, backs = self.ledger, self.backs or [0.0]
        parts = {
            "tasks": ledger.acknowledged,
            "starts": ledger.starts,
            "jobs": ledger.jobs,
            "messages": ledger.messages,
        }
        told = (
            f"seed {self.seed}: {len(kinds)} kills {dict(Counter(kinds))}",
            f"{self.estate.restarts} starts again of what found no database",
            f"{ledger.count} acknowledged { {name: len(found) for name, found in parts.items()} }",
            f"{ledger.resolved} incidents resolved",
            f"refusals {dict(ledger.refusals)}",
            f"seconds back p50 {statistics.median(backs):.1f} max {max(backs):.1f}",
            f"{len(problems)} problems",
        )
        return "; ".join(told)

    def _kill(self, kind: str) -> None:
        began = self.estate.strike(kind, self.chance)
        if kind == "pause" or self.chance.random() < DURING:
            return
        if not self.estate.wait_for_all(self.estate.is_ready):
            self.estate.faults.append(f"nobody was ready again after {kind}")
        self.backs.append(time.monotonic() - began)

    def _await_progress(self, steps: int) -> None:
        goal = self.ledger.count + steps
        if not self.estate.wait_for_all(lambda: self.ledger.count >= goal):
            self.estate.faults.append(f"nothing was acknowledged any more after {self.ledger.count}")

    def _come_to_rest(self) -> None:
        """Wait until everybody has looked three times without finding anything to do."""
        for office in self.offices:
            office.stop.set()
        for program in self.programs:
            program.resting.set()
        engine = create_engine(self.estate.database, pool_pre_ping=True)
        since: tuple[int, dict[Office | Program, int]] = (-1, {})

        def is_quiet() -> bool:
            nonlocal since
            rounds = {one: one.rounds for one in self.workers}
            resting = False
            with suppress(DBAPIError):
                resting = ledger_check.is_at_rest(engine)
            partial = any(office.partial for office in self.offices)
            if partial or not resting or since[0] != self.ledger.count:
                since = (self.ledger.count, rounds)
                return False
            return all(count - since[1][one] >= 3 for one, count in rounds.items())

        if not self.estate.wait_for_all(is_quiet, REST):
            self.estate.faults.append("the work did not come to rest")
        engine.dispose()


def besiege(estate: Estate, kinds: Sequence[str], seed: int, offices: int) -> str:
    """Kill so often, compare, and return what happened in a line."""
    siege = Siege(estate, seed, offices)
    siege.run(kinds)
    problems = siege.judge()
    told = siege.tell(kinds, problems)
    assert siege.ledger.count > 3 * len(kinds), f"too little was done to show anything: {told}"
    assert problems == [], "\n".join([told, *problems[:20], estate.read_logs()])
    return told


def read_seed() -> int:
    """Return the seed that was asked for, or a new one."""
    return int(os.environ.get("SEED", time.time()))


def read_kills() -> int:
    """Return how many kills were asked for."""
    return int(os.environ.get("KILLS", "200"))


def test_killing_anything_loses_doubles_and_holds_up_nothing(estate: Estate) -> None:
    seed = read_seed()
    print(besiege(estate, plan(FEW, 3, seed), seed, offices=1))  # noqa: T201  read by people


@pytest.mark.soak
def test_killing_anything_two_hundred_times_loses_doubles_and_holds_up_nothing(estate: Estate) -> None:
    seed = read_seed()
    print(besiege(estate, plan(estate.kinds, read_kills(), seed), seed, offices=2))  # noqa: T201  as above


@pytest.mark.soak
def test_killing_the_one_process_on_sqlite_two_hundred_times_loses_nothing(box: Box) -> None:
    seed = read_seed()
    print(besiege(box, plan(box.kinds, read_kills(), seed), seed, offices=1))  # noqa: T201  as above
