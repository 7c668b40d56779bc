"""Random models of everything that is executed, on random paths: in memory and on a real database.

`make soak` walks 2,000 models on 20 paths each; SOAK_MODELS, SOAK_PATHS and SOAK_SEED change that. The seed
is printed: the same seed gives the same models and paths.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from lxml import etree

from engine.bpmn import checking
from engine.bpmn.reading import read
from engine.spiff import stepping
from tests.builders import ProcessBuilder
from tests.property import blocks, exploring, graphs, operating, walking, walking_rows
from tests.property.blocks import Tree

CALM = settings(
    deadline=None, derandomize=False, database=None, print_blob=True, suppress_health_check=list(HealthCheck)
)
UNSOUND = frozenset({"possible-deadlock", "busy-loop", "runs-twice"})  # warnings: such a model does not pass


@settings(CALM, max_examples=40)
@given(blocks.trees, blocks.seeds)
def test_every_path_of_a_random_model_ends(tree: Tree, number: int) -> None:
    model = blocks.draw(tree)

    for path in range(2):
        walking.walk(model, blocks.chance_of(number + path))


@settings(CALM, max_examples=20)
@given(blocks.trees)
def test_no_path_of_a_model_that_passes_the_check_is_stuck(tree: Tree) -> None:
    model = blocks.draw(tree)

    found = exploring.explore(model.process, model.choices, fixed={"key": "K"}, most=40)

    assert found.incidents == []
    assert found.ended or not found.complete


@settings(CALM, max_examples=250, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(graphs.graphs)
@example(
    (
        ("userTask", (1, 4, 5)),
        ("inclusive", (5, 3)),
        ("inclusive", (1, 3)),
        ("userTask", (4, 5, 6)),
        ("inclusive", (5,)),
        ("inclusive", (2, 5, 4)),
    )
)
@example(
    (
        ("userTask", (5, 6, 1)),
        ("inclusive", (2, 4)),
        ("exclusive", (3, 4)),
        ("exclusive", (0, 3)),
        ("inclusive", (1, 4, 2)),
        ("exclusive", (1,)),
    )
)
def test_no_path_of_a_graph_that_passes_the_check_is_stuck(graph: graphs.Graph) -> None:
    process = graphs.draw_graph(graph)
    if not passes(process):
        return
    choices = {f"way{number}": [True, False] for number, (_, targets) in enumerate(graph) if len(targets) > 1}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepping, "STEPS", 300)
        found = exploring.explore(process, choices, most=60)

    assert found.incidents == []


def passes(process: ProcessBuilder) -> bool:
    """Tell whether the check has nothing to say about how the process runs."""
    root = etree.fromstring(process.xml())
    return not any(f.severity == "error" or f.rule in UNSOUND for f in checking.check(read(root), root))


@pytest.mark.soak
def test_two_thousand_models_on_twenty_paths() -> None:
    models, paths = int(os.environ.get("SOAK_MODELS", "2000")), int(os.environ.get("SOAK_PATHS", "20"))
    number = int(os.environ.get("SOAK_SEED", str(int(time.time()))))
    count: Counter[str] = Counter()
    begun = time.monotonic()

    @seed(number)
    @settings(CALM, max_examples=models, phases=[Phase.generate, Phase.shrink])
    @given(blocks.trees, blocks.seeds)
    def walk_all(tree: Tree, first: int) -> None:
        model = blocks.draw(tree)
        for path in range(1, paths):
            play = walking.walk(model, blocks.chance_of(first + path))
            count["completed elements"] += len(play.elements)
        with walking_rows.database() as engine:
            walking_rows.walk(engine, model, blocks.chance_of(first), operating.operate)
        count["models"] += 1
        count.update(f"models with {kind}" for kind in set(kinds(tree)))
        if count["models"] % 100 == 0:
            say(f"{count['models']} models, {time.monotonic() - begun:.0f} s")

    say(f"seed {number}: {models} models, {paths} paths each, one of them on a database")
    walk_all()

    walked, seconds = count.pop("models"), time.monotonic() - begun
    say(f"{walked} models × {paths} paths in {seconds:.0f} s: {dict(sorted(count.items()))}")
    assert count["completed elements"] > models * paths


def kinds(tree: Tree) -> Iterator[str]:
    """Return the kinds of all blocks of a tree."""
    yield tree[0]
    for part in tree[1:]:
        for inner in part if isinstance(part, tuple) and part and isinstance(part[0], tuple) else (part,):
            if isinstance(inner, tuple) and inner:
                yield from kinds(inner)


@pytest.mark.soak
def test_random_graphs_that_pass_the_check_are_never_stuck() -> None:
    number = int(os.environ.get("SOAK_SEED", str(int(time.time()))))
    chance, passed, places = random.Random(number), 0, 0  # noqa: S311  models, not secrets
    say(f"seed {number}: 30,000 random graphs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepping, "STEPS", 300)
        for _ in range(30_000):
            graph = graphs.random_graph(chance)
            process = graphs.draw_graph(graph)
            if not passes(process):
                continue
            choices = {f"way{n}": [True, False] for n, (_, targets) in enumerate(graph) if len(targets) > 1}
            found = exploring.explore(process, choices)
            passed, places = passed + 1, places + found.places
            assert found.incidents == [], (number, graph)
    say(f"{passed} graphs passed the check, none of their {places} places is stuck")
    assert passed


def say(text: str) -> None:
    """Print progress; a soak is read by people."""
    print(text, flush=True)  # noqa: T201
