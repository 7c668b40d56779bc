"""Random block-structured models: a tree of blocks, and how it is drawn as BPMN.

A tree is nested tuples, so that a failing example prints as something that can be pasted into a test. Every
choice of a path is a variable named after its gateway; whoever completes a step sets all of them anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from lxml import etree

from engine.handlers import Json
from engine.spiff.compiling import Compiled
from tests.builders import XSI, B, ProcessBuilder, Z, a_process, each

Tree = tuple[Any, ...]
BRANCHES = 3  # at most
ASIDE = ("_beside", "_due", "_es_start")  # what may happen beside an activity again and again
_SIMPLE: st.SearchStrategy[Tree] = st.just(("task",))
_LEAVES: st.SearchStrategy[Tree] = st.one_of(
    _SIMPLE,
    st.tuples(st.just("timed"), st.booleans()),
    st.tuples(st.just("each"), st.booleans(), st.integers(0, 3)),
    st.tuples(st.just("service"), st.sampled_from(["inside", "outside"])),
    st.just(("pair",)),
    st.just(("choose_event",)),
    st.just(("signal",)),
    st.tuples(st.just("conditional"), st.booleans()),
    st.tuples(st.just("repeat"), st.booleans(), st.integers(1, 3)),
    st.tuples(st.just("undo"), st.booleans()),
    st.just(("transact",)),
    st.tuples(st.just("ad_hoc"), st.booleans()),
)
WATCHED = ["message", "timer", "signal", "error", "escalation", "conditional"]


def _grow(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    several = st.lists(children, min_size=2, max_size=BRANCHES).map(tuple)
    return st.one_of(
        st.tuples(st.sampled_from(["seq", "xor", "and", "or"]), several), st.tuples(st.just("loop"), children)
    )


def _grow_scopes(children: st.SearchStrategy[Tree]) -> st.SearchStrategy[Tree]:
    return st.one_of(
        _grow(children),
        st.tuples(st.just("sub"), children, st.booleans()),
        st.tuples(st.just("each_sub"), children, st.booleans()),
        st.tuples(st.just("call"), children, st.booleans()),
        st.tuples(st.just("first"), st.lists(children, min_size=2, max_size=BRANCHES).map(tuple)),
        st.tuples(st.just("watched"), children, st.sampled_from(WATCHED), st.booleans()),
    )


flow_trees = st.recursive(_SIMPLE, _grow, max_leaves=8)
trees = st.recursive(_LEAVES, _grow_scopes, max_leaves=8)
seeds = st.integers(0, 2**32 - 1)


def chance_of(seed: int) -> random.Random:
    """Return the choices of one path; the seed is part of a failing example."""
    return random.Random(seed)  # noqa: S311  not for secrets


@dataclass
class Model:
    """A drawn tree: the process, and the variables that decide its paths with the values each may take."""

    process: ProcessBuilder  # the one that is drawn at the moment, at last the one that is started
    called: list[ProcessBuilder] = field(default_factory=list)
    choices: dict[str, list[Json]] = field(default_factory=dict)
    compiled: Compiled | None = None
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def name(self, kind: str) -> str:
        """Return the next id."""
        return f"{kind}{next(self.numbers)}"

    def values(self, chance: random.Random, tired: bool = False) -> dict[str, Json]:
        """Return new values for all choices; when tired, no loop goes on."""
        drawn = {name: chance.choice(options) for name, options in self.choices.items()}
        return {name: False if tired and name.startswith("again") else value for name, value in drawn.items()}


def draw(tree: Tree) -> Model:
    """Draw a tree as a process; ids are numbered in the order of the tree."""
    model = Model(a_process("random"))
    model.process.start()
    _draw(model, tree)
    model.process.end()
    return model


def _draw(model: Model, tree: Tree) -> None:
    _DRAW[tree[0]](model, *tree[1:])


def _task(model: Model) -> None:
    model.process.user_task(model.name("task"))


def _seq(model: Model, parts: tuple[Tree, ...]) -> None:
    for part in parts:
        _draw(model, part)


def _split(model: Model, kind: str, parts: tuple[Tree, ...], condition: Callable[[str, int], str]) -> None:
    """Draw the last branch as the default one, when the split has conditions at all."""
    process, name = model.process, model.name(kind)
    process.gateway(f"{name}_split", kind)
    for index, part in enumerate(parts):
        entry = f"{name}_in{index}"
        process.at(None).add("task", entry)
        if kind == "parallel":
            process.flow(f"{name}_split", entry)
        elif index == len(parts) - 1:
            process.default(f"{name}_split", entry)
        else:
            process.flow(f"{name}_split", entry, condition(name, index))
        _draw(model, part)
        process.flow(str(process.last), f"{name}_join")
    process.at(None).gateway(f"{name}_join", kind)


def _xor(model: Model, parts: tuple[Tree, ...]) -> None:
    def condition(name: str, index: int) -> str:
        model.choices[f"{name}_way"] = list(range(len(parts)))
        return f"={name}_way = {index}"

    _split(model, "exclusive", parts, condition)


def _or(model: Model, parts: tuple[Tree, ...]) -> None:
    def condition(name: str, index: int) -> str:
        model.choices[f"{name}_way{index}"] = [True, False]
        return f"={name}_way{index}"

    _split(model, "inclusive", parts, condition)


def _and(model: Model, parts: tuple[Tree, ...]) -> None:
    _split(model, "parallel", parts, lambda _name, _index: "")


def _loop(model: Model, body: Tree) -> None:
    process, name = model.process, model.name("loop")
    model.choices[f"again_{name}"] = [True, False]
    process.gateway(f"{name}_in").user_task(f"{name}_task")
    _draw(model, body)
    process.gateway(f"{name}_out").flow(f"{name}_out", f"{name}_in", f"=again_{name}")
    process.at(None).add("task", f"{name}_exit").default(f"{name}_out", f"{name}_exit")


def _timed(model: Model, interrupting: bool) -> None:
    process, name = model.process, model.name("timed")
    process.user_task(name)
    if interrupting:
        process.boundary(f"{name}_due", name, process.timer("timeDuration", "P1D"))
        process.user_task(f"{name}_late").at(name).gateway(f"{name}_merge").flow(
            f"{name}_late", f"{name}_merge"
        )
    else:
        process.boundary(f"{name}_due", name, process.timer("timeCycle", "R2/P1D"), interrupting=False)
        process.service_task(f"{name}_remind", "inside").end(f"{name}_reminded").at(name)


def _each(model: Model, sequential: bool, count: int) -> None:
    items = "=" + str(list(range(count)))
    loop = each(items, "item", sequential, outputCollection="items", outputElement="=item")
    model.process.user_task(model.name("each"), loop)


def _service(model: Model, job_type: str) -> None:
    model.process.service_task(model.name("service"), job_type)


def _pair(model: Model) -> None:
    """One branch throws what the other one waits for."""
    process, name = model.process, model.name("pair")
    news = (f"news_{name}", "=key")
    process.gateway(f"{name}_split", "parallel").user_task(f"{name}_task")
    process.throw(f"{name}_throw", process.message(*news)).flow(f"{name}_throw", f"{name}_join")
    process.at(f"{name}_split").catch(f"{name}_catch", process.message(*news)).gateway(
        f"{name}_join", "parallel"
    )


def _choose_event(model: Model) -> None:
    process, name = model.process, model.name("event")
    process.gateway(name, "eventBased").catch(f"{name}_late", process.timer("timeDuration", "P1D"))
    process.flow(f"{name}_late", f"{name}_merge").at(name)
    process.catch(f"{name}_news", process.message(f"news_{name}", "=key")).gateway(f"{name}_merge")


def _sub(model: Model, body: Tree, interrupting: bool) -> None:
    """A sub-process that ends well, with an error or with an escalation, a message beside it."""
    process, name = model.process, model.name("sub")
    model.choices[f"{name}_way"] = [0, 1, 2]
    process.open_sub_process(name).start(f"{name}_start")
    _draw(model, body)
    process.user_task(f"{name}_task").gateway(f"{name}_how")
    process.when(f"={name}_way = 0").end(f"{name}_failed", process.coded("error", "failed"))
    process.at(f"{name}_how").when(f"={name}_way = 1")
    process.end(f"{name}_raised", process.coded("escalation", "raised"))
    process.at(None).end(f"{name}_end").default(f"{name}_how", f"{name}_end").close_sub_process()
    process.gateway(f"{name}_merge")
    process.boundary(f"{name}_error", name, process.coded("error", "failed")).flow(
        f"{name}_error", f"{name}_merge"
    )
    process.boundary(f"{name}_escalation", name, process.coded("escalation", "raised"), interrupting)
    process.user_task(f"{name}_look")
    if interrupting:
        process.flow(f"{name}_look", f"{name}_merge")
    else:
        process.end(f"{name}_looked")
    beside = process.message(f"news_{name}", "=key")
    process.boundary(f"{name}_beside", name, beside, interrupting=False).end(f"{name}_heard").at(
        f"{name}_merge"
    )


def _each_sub(model: Model, body: Tree, sequential: bool) -> None:
    process, name = model.process, model.name("office")
    process.open_sub_process(name, each("=[1,2]", "office", sequential)).start(f"{name}_start")
    _draw(model, body)
    process.end(f"{name}_end").close_sub_process()


def _call(model: Model, body: Tree, interrupting: bool) -> None:
    """Call a process that ends well, with an error or with an escalation."""
    outer, name = model.process, model.name("call")
    model.choices[f"{name}_way"] = [0, 1, 2]
    model.process = inner = a_process(f"{name}_process")
    model.called.append(inner)
    inner.start()
    _draw(model, body)
    inner.user_task(f"{name}_task").gateway(f"{name}_how")
    inner.when(f"={name}_way = 0").end(f"{name}_failed", inner.coded("error", "failed"))
    inner.at(f"{name}_how").when(f"={name}_way = 1")
    inner.end(f"{name}_raised", inner.coded("escalation", "raised"))
    inner.at(None).end(f"{name}_end").default(f"{name}_how", f"{name}_end")
    model.process = outer
    outer.add("callActivity", name, Z.calledElement(processId=inner.id)).gateway(f"{name}_merge")
    outer.boundary(f"{name}_error", name, outer.coded("error", "failed")).flow(
        f"{name}_error", f"{name}_merge"
    )
    outer.boundary(f"{name}_escalation", name, outer.coded("escalation", "raised"), interrupting)
    outer.user_task(f"{name}_look")
    if interrupting:
        outer.flow(f"{name}_look", f"{name}_merge")
    else:
        outer.end(f"{name}_looked")
    outer.at(f"{name}_merge")


def _first(model: Model, parts: tuple[Tree, ...]) -> None:
    """Parallel branches of which the first one leads on; the others come to nothing at a complex gateway."""
    _split(model, "parallel", parts, lambda _name, _index: "")
    join = model.process.find(str(model.process.last))
    join.tag = etree.QName(join).namespace.join("{}") + "complexGateway"
    condition = B.activationCondition("=activationCount >= 1")
    condition.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
    join.append(condition)


def _watched(model: Model, body: Tree, kind: str, interrupting: bool) -> None:
    """A sub-process with an event sub-process in it."""
    process, name = model.process, model.name("watched")
    events: dict[str, Callable[[], Any]] = {
        "message": lambda: process.message(f"news_{name}", "=key"),
        "timer": lambda: process.timer("timeDuration", "P1D"),
        "signal": lambda: process.signal(f"signal_{name}"),
        "error": lambda: process.coded("error", "failed"),
        "escalation": lambda: process.coded("escalation", "raised"),
        "conditional": lambda: process.conditional(f"=ready_{name}"),
    }
    model.choices[f"again_{name}"] = [True, False]
    model.choices[f"ready_{name}"] = [True, False]
    process.open_sub_process(name).start(f"{name}_begin")
    _draw(model, body)
    process.user_task(f"{name}_task")
    if kind in ("error", "escalation", "signal"):
        process.gateway(f"{name}_how").when(f"=again_{name}").end(f"{name}_thrown", events[kind]())
        process.at(None).end(f"{name}_end").default(f"{name}_how", f"{name}_end")
    else:
        process.end(f"{name}_end")
    process.open_event_sub_process(f"{name}_es", events[kind](), interrupting or kind == "error")
    process.user_task(f"{name}_repair").end(f"{name}_repaired").close_sub_process()
    process.close_sub_process()


def _signal(model: Model) -> None:
    """One branch throws the signal that the other one waits for."""
    process, name = model.process, model.name("signal")
    process.gateway(f"{name}_split", "parallel").user_task(f"{name}_task")
    process.throw(f"{name}_throw", process.signal(name)).flow(f"{name}_throw", f"{name}_join")
    process.at(f"{name}_split").catch(f"{name}_catch", process.signal(name)).gateway(
        f"{name}_join", "parallel"
    )


def _conditional(model: Model, interrupting: bool) -> None:
    process, name = model.process, model.name("conditional")
    model.choices[f"ready_{name}"] = [True, False]
    process.user_task(name).gateway(f"{name}_merge")
    process.boundary(f"{name}_ready", name, process.conditional(f"=ready_{name}"), interrupting)
    process.user_task(f"{name}_look")
    if interrupting:
        process.flow(f"{name}_look", f"{name}_merge")
    else:
        process.end(f"{name}_looked")
    process.at(f"{name}_merge")


def _repeat(model: Model, before: bool, most: int) -> None:
    name = model.name("repeat")
    model.choices[f"again_{name}"] = [True, False]
    loop = B.standardLoopCharacteristics(
        B.loopCondition(f"=again_{name}"), testBefore="true" if before else "false", loopMaximum=str(most)
    )
    model.process.user_task(name, loop)


def _undo(model: Model, whole: bool) -> None:
    """Two things that are perhaps undone: all of them, or the first one."""
    process, name = model.process, model.name("undo")
    model.choices[f"{name}_way"] = [0, 1]
    process.open_sub_process(name).start(f"{name}_begin")
    process.user_task(f"{name}_a").compensation(f"{name}_a", f"{name}_a_undone")
    process.user_task(f"{name}_b").compensation(f"{name}_b", f"{name}_b_undone")
    process.gateway(f"{name}_how").when(f"={name}_way = 1")
    what = {} if whole else {"activityRef": f"{name}_a"}
    process.throw(f"{name}_throw", B.compensateEventDefinition(**what)).end(f"{name}_undone")
    process.at(None).end(f"{name}_end").default(f"{name}_how", f"{name}_end").close_sub_process()


def _transact(model: Model) -> None:
    process, name = model.process, model.name("transact")
    model.choices[f"{name}_way"] = [0, 1]
    process.open_sub_process(name, kind="transaction").start(f"{name}_begin")
    process.user_task(f"{name}_a").compensation(f"{name}_a", f"{name}_a_undone").user_task(f"{name}_task")
    process.gateway(f"{name}_how").when(f"={name}_way = 1").end(f"{name}_off", B.cancelEventDefinition())
    process.at(None).end(f"{name}_end").default(f"{name}_how", f"{name}_end").close_sub_process()
    process.gateway(f"{name}_merge")
    process.boundary(f"{name}_cancelled", name, B.cancelEventDefinition())
    process.flow(f"{name}_cancelled", f"{name}_merge").at(f"{name}_merge")


def _ad_hoc(model: Model, sequential: bool) -> None:
    process, name = model.process, model.name("ad_hoc")
    order = {"ordering": "Sequential" if sequential else "Parallel"}
    process.open_sub_process(name, kind="adHocSubProcess", **order)
    process.user_task(f"{name}_a").user_task(f"{name}_b").at(None).user_task(f"{name}_c")
    process.close_sub_process()


_DRAW: Mapping[str, Callable[..., None]] = {
    "task": _task,
    "seq": _seq,
    "xor": _xor,
    "or": _or,
    "and": _and,
    "loop": _loop,
    "timed": _timed,
    "each": _each,
    "service": _service,
    "pair": _pair,
    "choose_event": _choose_event,
    "sub": _sub,
    "each_sub": _each_sub,
    "call": _call,
    "watched": _watched,
    "first": _first,
    "signal": _signal,
    "conditional": _conditional,
    "repeat": _repeat,
    "undo": _undo,
    "transact": _transact,
    "ad_hoc": _ad_hoc,
}
