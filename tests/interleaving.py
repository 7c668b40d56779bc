"""Interleave two transactions deterministically: the second one comes between two statements of the first.

The first one runs in a thread that stops before its n-th statement (or commit). Then the second one runs as
far as it can: to its end, or until a lock of the first one holds it. Then the first one goes on. Every n is
tried: each statement and each commit of the first one has been the place where somebody else came in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from engine import steps
from engine.errors import EngineError, StaleInstance

Command = Callable[[Session], object]
HELD = 0.03  # seconds without a sign of life after which the second one counts as held by a lock
LONG = 30.0
MOST = 60  # statements of one command; more would be a command that never ends


@dataclass(frozen=True)
class Outcome:
    """What became of both commands: results or refusals; whether the first was stopped; its statements."""

    first: object
    second: object
    stopped: bool
    statements: int


class _Track:
    """One command in a thread of its own; it stops before statement `stop`, when it comes so far."""

    def __init__(self, place: Engine, command: Command, stop: int | None) -> None:
        self.place, self.command, self.stop = place, command, stop
        self.seen, self.result = 0, None
        self.arrived, self.moved, self.go = threading.Event(), threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run)

    def step(self) -> None:
        """Note a statement or commit; stop at the chosen one."""
        self.moved.set()
        self.seen += 1
        if self.stop is not None and self.seen == self.stop + 1:
            self.arrived.set()
            assert self.go.wait(LONG), "nobody let the first one go on"

    def _run(self) -> None:
        self.result = attempt(self.place, self.command)
        self.arrived.set()
        self.moved.set()

    def wait_until_done_or_held(self) -> None:
        """Wait as long as the command shows that it moves."""
        while self.thread.is_alive() and self.moved.wait(HELD):
            self.moved.clear()


def attempt(place: Engine, command: Command) -> object:
    """Run a command in a transaction; return its result, or the refusal that the caller would be told."""
    with Session(place) as session:
        try:
            result = command(session)
            session.commit()
        except EngineError as error:
            return error
        except DBAPIError as error:
            # pages and worker tell both as what they are: somebody else was first (web/problems.py)
            if not isinstance(error, IntegrityError) and not steps.is_lost_race(error):
                raise
            return StaleInstance(instance=0)
    return result


@contextmanager
def _listening(tracks: list[_Track]) -> Iterator[None]:
    def tell(*_: Any) -> None:
        current = threading.current_thread()
        for track in tracks:
            if track.thread is current:
                track.step()

    event.listen(Engine, "before_cursor_execute", tell)
    event.listen(Engine, "commit", tell)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", tell)
        event.remove(Engine, "commit", tell)


def interleave(place: Engine, first: Command, second: Command, stop: int) -> Outcome:
    """Let the second command come in before the statement number `stop` (0, 1, …) of the first."""
    one, two = _Track(place, first, stop), _Track(place, second, None)
    with _listening([one, two]):
        one.thread.start()
        assert one.arrived.wait(LONG), "the first one neither stopped nor ended"
        stopped = one.thread.is_alive() and one.seen == stop + 1
        two.thread.start()
        two.wait_until_done_or_held()
        one.go.set()
        for track in (one, two):
            track.thread.join(LONG)
            assert not track.thread.is_alive(), "two transactions hold each other for ever"
    return Outcome(one.result, two.result, stopped, one.seen)


def stops(run: Callable[[int], Outcome], stride: int) -> Iterator[Outcome]:
    """Run for every `stride`-th statement of the first command, and for the last ones, around its commit."""
    stop = 0
    while (outcome := run(stop)).stopped:
        yield outcome
        assert stop < MOST, f"more than {MOST} statements"
        stop += stride
    yield outcome
    assert outcome.statements > 3, "the first command was never stopped"
    for last in (outcome.statements - 2, outcome.statements - 1):
        if last % stride:
            yield run(last)
