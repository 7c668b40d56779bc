"""Random models on random paths: the engine against an independent model, and what holds after each step."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from lxml import etree

from engine.bpmn import checking
from engine.bpmn.reading import read
from engine.spiff import state, stepping
from tests.playing import Play
from tests.property import blocks, graphs, terms, walking
from tests.property.blocks import Tree

TRY = settings(
    max_examples=100,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


@TRY
@given(blocks.flow_trees, blocks.seeds)
def test_the_same_tasks_are_open_as_in_an_independent_model(tree: Tree, seed: int) -> None:
    model, chance = blocks.draw(tree), blocks.chance_of(seed)
    values = model.values(chance)
    term = terms.begin(terms.name(tree), values)
    play = Play(model.process, values)

    for step in range(walking.STEPS):
        assert [element for _, element in play.waiting] == terms.opened(term)
        if not terms.opened(term):
            break
        task, values = chance.choice(terms.opened(term)), model.values(chance, step > walking.TIRED)
        play.go_on(task, **values)
        term = terms.complete(term, task, values)

    assert play.status == "completed"


@TRY
@given(blocks.trees, blocks.seeds)
@example(
    ("loop", ("or", (("and", (("task",), ("task",))), ("sub", ("or", (("task",), ("task",))), False)))), 0
)
def test_every_path_ends_and_saving_never_changes_anything(tree: Tree, seed: int) -> None:
    walking.walk(blocks.draw(tree), blocks.chance_of(seed))


@settings(TRY, max_examples=60)
@given(blocks.trees)
def test_the_check_finds_no_error_in_a_block_structured_model(tree: Tree) -> None:
    root = etree.fromstring(blocks.draw(tree).process.xml())

    findings = checking.check(read(root), root)

    assert [finding.text("en") for finding in findings if finding.severity == "error"] == []


@settings(TRY, max_examples=300, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(graphs.graphs, blocks.seeds)
def test_whatever_the_check_passes_is_never_stuck(graph: graphs.Graph, seed: int) -> None:
    """An active instance always waits for something, or shows as an incident why it does not."""
    process, chance = graphs.draw_graph(graph), blocks.chance_of(seed)
    root = etree.fromstring(process.xml())
    if checking.has_errors(checking.check(read(root), root)):
        return
    values = {f"way{number}": chance.random() < 0.5 for number in range(graphs.NODES)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stepping, "STEPS", 300)
        play = Play(process, values)
        for _ in range(12):
            waits = state.waits(play.load())
            assert bool(waits) == (play.status == "active")
            tasks = [element for kind, element in play.waiting if kind == "task"]
            if not tasks:
                break
            play.go_on(chance.choice(tasks), **{name: chance.random() < 0.5 for name in values})
