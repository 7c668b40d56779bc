"""Random models on random paths: the engine against an independent model, and what holds after each step."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from lxml import etree

from engine.bpmn import checking
from engine.bpmn.reading import read
from engine.spiff import state, stepping
from engine.spiff.game import Game
from tests.playing import Play
from tests.property import blocks, terms
from tests.property.blocks import Tree

STEPS = 400
TIRED = 25  # steps after which loops end and events beside an activity stay away
TRY = settings(
    max_examples=150,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
HANDLERS = {"inside": lambda _variables: {"served": True}}


@TRY
@given(blocks.flow_trees, blocks.seeds)
def test_the_same_tasks_are_open_as_in_an_independent_model(tree: Tree, seed: int) -> None:
    model, chance = blocks.draw(tree), blocks.chance_of(seed)
    values = model.values(chance)
    term = terms.begin(terms.name(tree), values)
    play = Play(model.process, values)

    for step in range(STEPS):
        assert [element for _, element in play.waiting] == terms.opened(term)
        if not terms.opened(term):
            break
        task, values = chance.choice(terms.opened(term)), model.values(chance, step > TIRED)
        play.go_on(task, **values)
        term = terms.complete(term, task, values)

    assert play.status == "completed"


@TRY
@given(blocks.trees, blocks.seeds)
@example(
    ("loop", ("or", (("and", (("task",), ("task",))), ("sub", ("or", (("task",), ("task",))), False)))), 0
)
def test_every_path_ends_and_saving_never_changes_anything(tree: Tree, seed: int) -> None:
    model, chance = blocks.draw(tree), blocks.chance_of(seed)
    play = Play(model.process, {"key": "K", **model.values(chance)}, HANDLERS)
    live = play.load()  # walks the same path without ever being saved

    for step in range(STEPS):
        assert_at_rest(play)
        assert state.dump(live) == play.text
        if play.status != "active":
            break
        choose_and_finish(play, live, model, chance, tired=step > TIRED)

    assert play.status == "completed"
    assert len(play.load().scopes.rows) == 1


def assert_at_rest(play: Play) -> None:
    game = play.load()
    waits = state.waits(game)
    again = state.load(play.compiled, state.dump(game), game.status, play)
    assert (state.dump(again), state.waits(again)) == (play.text, waits)
    assert bool(waits) == (game.status == "active")
    assert not [wait for wait in waits.values() if wait.kind == "incident"]
    people = [t.id for t in game.tokens() if t.task_spec.manual and "count" not in t.internal_data]
    assert sorted(wait.token for wait in waits.values() if wait.kind == "task") == sorted(people)
    scopes = {token.internal_data["scope"] for token in game.tokens()}
    assert scopes <= set(game.scopes.rows)


def choose_and_finish(
    play: Play, live: Game, model: blocks.Model, chance: random.Random, tired: bool
) -> None:
    waits = sorted(state.waits(live).values(), key=lambda wait: wait.token)
    if tired:
        waits = [wait for wait in waits if not wait.element.endswith(("_beside", "_due"))]
    wait, values = chance.choice(waits), model.values(chance, tired)
    saved = play.load()
    for game in (saved, live):
        game.facts.clear()
        token = game.token(wait.token)
        assert token is not None
        stepping.finish(game, token, values)
    play._save(saved)


@settings(TRY, max_examples=60)
@given(blocks.trees)
def test_the_check_finds_no_error_in_a_block_structured_model(tree: Tree) -> None:
    root = etree.fromstring(blocks.draw(tree).process.xml())

    findings = checking.check(read(root), root)

    assert [finding.text("en") for finding in findings if finding.severity == "error"] == []


@settings(TRY, max_examples=300, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(blocks.graphs, blocks.seeds)
def test_whatever_the_check_passes_is_never_stuck(graph: blocks.Graph, seed: int) -> None:
    """An active instance always waits for something, or shows as an incident why it does not."""
    process, chance = blocks.draw_graph(graph), blocks.chance_of(seed)
    root = etree.fromstring(process.xml())
    if checking.has_errors(checking.check(read(root), root)):
        return
    values = {f"way{number}": chance.random() < 0.5 for number in range(blocks.NODES)}
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
