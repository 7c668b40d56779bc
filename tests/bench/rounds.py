"""How state and engine time grow with return rounds: the head returns the list to the staff, again and again.

The rounds are walked by the real chain: real diagram, forms and handlers. What is timed is the engine's own
part of one completion, in memory: load the saved state, find what waits, complete the head's review, run to
the next wait state, find what waits now, save. Our state names its definition by hash, the library's contains
the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import clock, deployments
from engine.bpmn.model import Element
from engine.handlers import Json
from engine.spiff import state, stepping
from engine.spiff.compiling import Compiled
from engine.tables import Base, ProcessInstance
from tests.bench.figures import Figure, spend_in_turns
from tests.bench.stock import Stock
from tests.chain import HEADS, Chain, individual
from tests.site import BPMN

SUBJECT = "office_proposal after return rounds, in memory, processor time"
ROUNDS = (1, 200)
REPEATS = 40
OFFICE, PERIOD, MOMENT = "P1", "2026-10", "2026-10-05 09:00"
RETURNED: Mapping[str, Json] = {"decision": "return"}


@dataclass(frozen=True)
class _Nobody:
    """Host of a game whose step reaches no handler."""

    now: datetime

    def call(self, element: Element, variables: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Refuse: the measured step has no service task."""
        raise RuntimeError(element.id)


@dataclass(frozen=True)
class Saved:
    """The states of the same case, ours and the stock library's, waiting at the head's review."""

    rounds: int
    compiled: Compiled
    ours: str
    stock: Stock
    theirs: str

    def step(self) -> str:
        """Complete the head's review on our engine."""
        game = state.load(self.compiled, self.ours, "active", _Nobody(clock.now()))
        waits = state.waits(game)
        ((_kind, number),) = [key for key, wait in waits.items() if wait.element == "head_review"]
        token = game.token(number)
        assert token is not None
        stepping.finish(game, token, RETURNED)
        if [wait.element for wait in state.waits(game).values()] != ["prepare_proposal"]:
            raise RuntimeError("the list did not go back to the staff")
        return state.dump(game)

    def step_stock(self) -> str:
        """Complete the same review on the stock library."""
        return self.stock.load_complete_save(self.theirs, {"head_decision": "return"})


def walk(session: Session) -> list[Saved]:
    """Walk the real chain and the stock one through the rounds; return what was saved at some of them."""
    chain = Chain(session, MOMENT)
    instance = chain.open_proposal(OFFICE, PERIOD)
    nominees: list[dict[str, Any]] = [individual("Nguyễn Hồng Ánh"), individual("Trần Văn Bình")]
    chain.prepare(OFFICE, nominees)
    stock = Stock(BPMN / "office_proposal.bpmn", state.variables(instance.state))
    stock.complete()
    found: list[Saved] = []
    for number in range(1, max(ROUNDS) + 1):
        chain.do(HEADS[OFFICE], "head_review", decision="return", reason="Thiếu số liệu")
        chain.prepare(OFFICE, nominees)
        stock.complete(head_decision="return")
        stock.complete()
        if number in ROUNDS:
            found.append(_save(session, instance, stock, number))
    return found


def _save(session: Session, instance: ProcessInstance, stock: Stock, number: int) -> Saved:
    if stock.waiting != "head_review":
        raise RuntimeError(f"the reference waits at {stock.waiting}")
    return Saved(number, deployments.compiled(session, instance), instance.state, stock, stock.save())


def measure() -> list[Figure]:
    """Return bytes of state and processor milliseconds per completion after each number of rounds."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        try:
            saves = walk(session)
            pairs = [spend([saved.step, saved.step_stock]) for saved in saves]
            grown, first = spend([saves[-1].step, saves[0].step])
        finally:
            clock.unpin()
    engine.dispose()
    figures: list[Figure] = []
    for saved, (ours, theirs) in zip(saves, pairs, strict=True):
        size, of = len(saved.ours.encode()), "stock SpiffWorkflow"
        figures += [
            Figure(
                SUBJECT, f"state after {_rounds(saved)}", size, "B", len(saved.theirs.encode()), of, "≤ 40 kB"
            ),
            Figure(
                SUBJECT, f"load, complete, save after {_rounds(saved)}", ours, "ms", theirs, of, "≤ 0.25 ×"
            ),
        ]
    growth = f"after {_rounds(saves[0])}"
    return [
        *figures,
        Figure(
            SUBJECT,
            f"growth of time until {_rounds(saves[-1])}",
            grown,
            "ms",
            first,
            growth,
            "≤ 1.5 ×",
        ),
    ]


def spend(acts: Sequence[Callable[[], object]]) -> list[float]:
    """Return the median processor milliseconds of each act, in turns with the others and nothing else.

    The library with 200 rounds empties the caches of the processor: no smaller case is measured beside it.
    """
    return [median(one.processor for one in found) for found in spend_in_turns(acts, REPEATS)]


def _rounds(saved: Saved) -> str:
    return f"{saved.rounds} round{'s' if saved.rounds > 1 else ''}"
