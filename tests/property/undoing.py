"""Draw random models of what can be undone: compensation, transactions, loops, ad-hoc, complex gateways."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from lxml import etree

from tests.builders import B, ProcessBuilder, a_process, each

CANCELS = "=cancel"


@dataclass(frozen=True)
class Draft:
    """A model on the way: its builder, what decides, and the activities that can be undone."""

    process: ProcessBuilder
    chance: random.Random
    undone: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def name(self, kind: str) -> str:
        """Return a new id."""
        return f"{kind}{next(self.numbers)}"

    def perhaps(self) -> bool:
        """Toss a coin."""
        return self.chance.random() < 0.5


def draw(seed: int) -> ProcessBuilder:
    """Return the model of a seed; the handler of activity `a` is called `undo_a`."""
    chance = random.Random(seed)  # noqa: S311  a model to be drawn again
    draft = Draft(a_process().start(), chance)
    _sequence(draft, 3)
    throws = [B.compensateEventDefinition()] if draft.perhaps() else []
    return draft.process.end("end", *throws)


def _block(draft: Draft, depth: int) -> None:
    kinds = [_task] * 3 if depth <= 0 else [_task, *_BLOCKS]
    draft.chance.choice(kinds)(draft, depth - 1)


def _sequence(draft: Draft, depth: int) -> None:
    for _ in range(draft.chance.randint(1, 3)):
        _block(draft, depth)


def _task(draft: Draft, _depth: int, *children: etree._Element) -> None:
    name = draft.name("task")
    draft.process.user_task(name, *children)
    if draft.perhaps():
        draft.process.compensation(name, f"undo_{name}")
        draft.undone.append(name)
    if draft.chance.random() < 0.2:
        late = draft.name("late")
        draft.process.boundary(late, name, draft.process.timer("timeDuration", "P1D"), interrupting=False)
        draft.process.user_task(draft.name("task")).at(name)


def _looping_task(draft: Draft, depth: int) -> None:
    loop = B.standardLoopCharacteristics(B.loopCondition("=loopCounter < 3"))
    _task(draft, depth, loop if draft.perhaps() else each("=[1,2,3]", "x", sequential=draft.perhaps()))


def _throw(draft: Draft, _depth: int) -> None:
    names = {"waitForCompletion": "false"} if draft.chance.random() < 0.3 else {}
    if draft.undone and draft.chance.random() < 0.3:
        names["activityRef"] = draft.chance.choice(draft.undone)
    draft.process.throw(draft.name("throw"), B.compensateEventDefinition(**names))


def _sub_process(draft: Draft, depth: int) -> None:
    loops = [B.standardLoopCharacteristics(B.loopCondition("=loopCounter < 2")), each("=[1,2]", "y")]
    loop = [draft.chance.choice(loops)] if draft.perhaps() else []
    draft.process.open_sub_process(draft.name("sub"), *loop).start(draft.name("start"))
    _block(draft, depth)
    draft.process.end(draft.name("end"))
    if draft.perhaps():
        _event_sub_process(draft, B.compensateEventDefinition())
    if draft.perhaps():
        timer = draft.process.timer("timeDuration", "P1D")
        _event_sub_process(draft, timer, interrupting=draft.perhaps())
    draft.process.close_sub_process()


def _event_sub_process(draft: Draft, definition: etree._Element, interrupting: bool = True) -> None:
    draft.process.open_event_sub_process(draft.name("event"), definition, interrupting)
    _task(draft, 0)
    if draft.perhaps():
        draft.process.throw(draft.name("throw"), B.compensateEventDefinition())
    draft.process.end(draft.name("end")).close_sub_process()


def _transaction(draft: Draft, depth: int) -> None:
    name, choice, end, merge = (draft.name(kind) for kind in ("deal", "choice", "end", "merge"))
    loop = [each("=[1,2]", "y")] if draft.perhaps() else []
    draft.process.open_sub_process(name, *loop, kind="transaction").start(draft.name("start"))
    _block(draft, depth)
    draft.process.gateway(choice).when(CANCELS).end(draft.name("cancel"), B.cancelEventDefinition())
    draft.process.default(choice, end).at(None).end(end).close_sub_process().gateway(merge)
    draft.process.boundary(draft.name("cancelled"), name, B.cancelEventDefinition())
    sorry = draft.name("task")
    draft.process.user_task(sorry).flow(sorry, merge).at(merge)


def _ad_hoc(draft: Draft, _depth: int) -> None:
    order = {"ordering": "Sequential"} if draft.perhaps() else {}
    draft.process.open_sub_process(draft.name("box"), kind="adHocSubProcess", **order)
    for _ in range(draft.chance.randint(1, 3)):
        draft.process.at(None)
        _task(draft, 0)
    if draft.perhaps():
        draft.process.container.append(B.completionCondition(CANCELS))
    draft.process.close_sub_process()


def _branches(draft: Draft, depth: int) -> None:
    """Split and join: in parallel with any join that fits, or by conditions."""
    joins = [("parallel", "parallel"), ("parallel", "inclusive"), ("parallel", "complex")]
    splits = [*joins, ("inclusive", "inclusive"), ("complex", "complex"), ("exclusive", "exclusive")]
    kind, joining = draft.chance.choice(splits)
    split, join, number = draft.name("split"), draft.name("join"), draft.chance.randint(2, 3)
    draft.process.gateway(split, kind)
    ends = [_branch(draft, depth, split, kind, index == number - 1) for index in range(number)]
    draft.process.at(None).gateway(join, joining)
    if (kind, joining) == ("parallel", "complex"):
        needed = draft.chance.randint(1, number)
        draft.process.find(join).append(B.activationCondition(f"=activationCount >= {needed}"))
    for end in ends:
        draft.process.flow(end, join)
    draft.process.at(join)


def _branch(draft: Draft, depth: int, split: str, kind: str, last: bool) -> str:
    draft.process.at(split)
    if kind != "parallel" and last:
        first = draft.name("pass")
        draft.process.default(split, first).at(None).throw(first)
    elif kind != "parallel":
        draft.process.when(draft.chance.choice(["=true", "=false"]))
    _block(draft, depth)
    return str(draft.process.last)


_BLOCKS: list[Callable[[Draft, int], None]] = [
    _sequence,
    _looping_task,
    _throw,
    _sub_process,
    _transaction,
    _ad_hoc,
    _branches,
    _branches,
]
