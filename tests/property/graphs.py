"""Random graphs of gateways and user tasks with arbitrary flows between them; most of them are not sound."""

from __future__ import annotations

import random

from hypothesis import strategies as st

from tests.builders import ProcessBuilder, a_process

NODES = 6
_KINDS = ["exclusive", "parallel", "inclusive", "userTask"]
Graph = tuple[tuple[str, tuple[int, ...]], ...]
graphs: st.SearchStrategy[Graph] = st.lists(
    st.tuples(
        st.sampled_from(_KINDS),
        st.lists(st.integers(0, NODES), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    min_size=NODES,
    max_size=NODES,
).map(tuple)


def draw_graph(graph: Graph) -> ProcessBuilder:
    """Draw nodes with arbitrary flows between them; target NODES is the end event."""
    process = a_process("random").start()
    for number, (kind, _) in enumerate(graph):
        process.at("start" if number == 0 else None)
        if kind == "userTask":
            process.user_task(f"node{number}")
        else:
            process.gateway(f"node{number}", kind)
    process.at(None).end(f"node{NODES}")
    for number, (kind, targets) in enumerate(graph):
        for index, target in enumerate(targets):
            _draw_flow(process, kind, number, index, len(targets), target)
    return process


def _draw_flow(process: ProcessBuilder, kind: str, number: int, index: int, count: int, target: int) -> None:
    source, there = f"node{number}", f"node{target}"
    if kind in ("parallel", "userTask") or count == 1:
        process.flow(source, there)
    elif index == count - 1:
        process.default(source, there)
    else:
        process.flow(source, there, f"=way{number}" if index == 0 else f"=not(way{number})")


def random_graph(chance: random.Random) -> Graph:
    """Return nodes with arbitrary flows between them."""
    return tuple(
        (chance.choice(_KINDS), tuple(chance.sample(range(NODES + 1), chance.randint(1, 3))))
        for _ in range(NODES)
    )
