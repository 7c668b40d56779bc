"""What large cases cost per completion, beside the library alone: a long chain with its dossier, a council.

The same diagram runs on both (`tests/conformance/plain.py`): cold is load the saved state, complete one task,
run to the next wait state, save; warm keeps the case in memory and only completes and saves. The reference is
the library's load, complete, save each time.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from engine.handlers import Json
from engine.spiff import state, stepping
from engine.spiff.game import Game
from tests.bench.figures import Figure, spend_in_turns
from tests.builders import ProcessBuilder, a_process, each
from tests.conformance import plain
from tests.conformance.plain import Plain
from tests.playing import Play

SUBJECT = "large cases in memory, processor time per completion"
STOCK = "stock SpiffWorkflow"
REPEATS = 15
DOSSIER = 100_000  # bytes
STEPS = 50
MEMBERS = 500
Values = Mapping[str, Json]


@dataclass(frozen=True)
class Case:
    """A case on both engines as it was saved before the completion that is measured."""

    name: str
    ours: Play
    theirs: Plain
    element: str
    values: Values

    def cold(self) -> str:
        """Load, complete, save on our engine."""
        return state.dump(complete(self.ours.load(), self.element, self.values))

    def stock(self) -> str:
        """Load, complete, save on the library."""
        workflow = plain.load(self.saved)
        task = next(
            task for task in workflow.get_tasks(manual=True) if task.task_spec.bpmn_id == self.element
        )
        task.data.update(copy.deepcopy(dict(self.values)))
        task.run()
        plain.settle(workflow)
        return plain.save(workflow)

    @property
    def saved(self) -> str:
        """Return what the library has saved, written once."""
        text: str = self.theirs.__dict__.setdefault("saved", plain.save(self.theirs.workflow))
        return text


def complete(game: Game, element: str, values: Values) -> Game:
    """Complete the first open task of an element."""
    numbers = [wait.token for wait in state.waits(game).values() if wait.element == element]
    token = game.token(min(numbers))
    assert token is not None
    stepping.finish(game, token, copy.deepcopy(dict(values)))
    return game


def dossier(edited: int) -> dict[str, Json]:
    """Return about 100 kB of a nested dossier in which one field says how often it was edited."""
    row = {"họ tên": "Nguyễn Hồng Ánh", "thành tích": "Thiết kế mẫu chốt kiểm soát. " * 12, "đạt": True}
    size = len(str(row).encode())
    rows: list[Json] = [{"số": number, **row} for number in range(DOSSIER // size)]
    return {"lần sửa": {"số": edited}, "danh sách": rows}


def chain(name: str, steps: int) -> ProcessBuilder:
    """Return so many user tasks, one after the other."""
    process = a_process(name).start()
    for number in range(steps):
        process.user_task(f"step{number}")
    return process.end()


def walk_chain(dossiers: bool) -> Case:
    """Walk to the last but one of 50 steps; each has edited one field of the dossier."""
    ours, theirs = Play(chain("dossier", STEPS)), Plain(chain("dossier", STEPS))
    for number in range(STEPS - 2):
        values: dict[str, Json] = {"dossier": dossier(number)} if dossiers else {f"note{number}": "ngắn"}
        ours.go_on(f"step{number}", **copy.deepcopy(values))
        theirs.complete(f"step{number}", **copy.deepcopy(values))
    last: Values = {"dossier": dossier(STEPS)} if dossiers else {"note": "ngắn"}
    name = f"step {STEPS - 1} of {STEPS}" + (f", dossier of {DOSSIER // 1000} kB edited" if dossiers else "")
    return Case(name, ours, theirs, f"step{STEPS - 2}", last)


def walk_council() -> Case:
    """Let half of 500 members vote."""
    loop = each("=members", "member", outputCollection="votes", outputElement="=vote")
    process = a_process("council").start().user_task("ballot", loop).end()
    variables = {"members": [f"Ủy viên {number}" for number in range(MEMBERS)]}
    ours, theirs = Play(process, variables), Plain(process, variables)
    game = ours.load()
    for _ in range(MEMBERS // 2):
        complete(game, "ballot", {"vote": "thuận"})
        task = theirs.task("ballot")
        task.data["vote"] = "thuận"
        task.run()
    theirs.settle()
    ours._save(game)
    return Case(f"vote {MEMBERS // 2 + 1} of {MEMBERS}", ours, theirs, "ballot", {"vote": "thuận"})


def changes(case: Case) -> list[Json]:
    """Return what history tells of the variables that the completion changes; the library tells nothing."""
    game = complete(case.ours.load(), case.element, case.values)
    return [{"name": one.name, "before": one.before, "after": one.after} for one in game.scopes.changes]


def measure() -> list[Figure]:
    """Return bytes and processor milliseconds per completion of every case."""
    return [
        figure
        for case in (walk_chain(dossiers=False), walk_chain(dossiers=True), walk_council())
        for figure in _figures(case)
    ]


def _figures(case: Case) -> list[Figure]:
    text, told = case.cold(), json.dumps(changes(case), ensure_ascii=False)
    warm: Callable[[], str] = _warm(case)
    cold, stock, kept = (
        median(one.processor for one in found)
        for found in spend_in_turns([case.cold, case.stock, warm], REPEATS)
    )
    written, before = len(text.encode()), len(case.stock().encode())
    budget = "≤ 40 kB + dossier" if "dossier" in case.name else "≤ 40 kB" if "step" in case.name else ""
    return [
        Figure(SUBJECT, f"{case.name}: state", written, "B", before, STOCK, budget),
        Figure(
            SUBJECT,
            f"{case.name}: with history",
            written + len(told.encode()),
            "B",
            before,
            STOCK,
        ),
        Figure(SUBJECT, f"{case.name}: cold", cold, "ms", stock, STOCK, "≤ 0.25 ×"),
        Figure(SUBJECT, f"{case.name}: warm", kept, "ms", stock, STOCK, "≤ 0.125 ×"),
    ]


def _warm(case: Case) -> Callable[[], str]:
    """Return the act on a case that is in memory already; each time on a game of its own, loaded before."""
    games: list[Any] = [case.ours.load() for _ in range(REPEATS + 1)]
    return lambda: state.dump(complete(games.pop(), case.element, case.values))
