"""Random models with compensation, transactions, loops, ad-hoc parts and complex gateways, on random paths.

`make soak` walks SOAK_MODELS of them (2,000). The seed of a model that fails stands in the name of its test.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from tests.dialect import check_file
from tests.playing import Play
from tests.property import walking_rows
from tests.property.blocks import Model
from tests.property.undoing import draw

STEPS = 1_000
SHARE = range(100)


def walk(seed: int) -> Play:
    """Finish what waits, in random order, until nothing is left; every step is saved and loaded."""
    chance = random.Random(seed)  # noqa: S311  a path to be walked again
    play = Play(draw(seed), {"cancel": False})
    for _ in range(STEPS):
        if play.status != "active":
            return play
        assert_at_rest(play)
        kind, element = chance.choice(play.waiting)
        index = chance.randrange(play.waiting.count((kind, element)))
        values = {"cancel": chance.random() < 0.3} if kind == "task" else {}
        play.go_on(element, index, **values)
    raise AssertionError(f"it goes on and on: {play.waiting[:5]}")


def assert_at_rest(play: Play) -> None:
    """Nobody is stuck, and what is remembered was completed in a scope that is still open."""
    game = play.load()
    assert "incident" not in {kind for kind, _ in play.waiting}, play.waiting
    assert {record["scope"] for record in game.records} <= set(game.scopes.rows)


def assert_well_undone(play: Play) -> None:
    """Nothing is undone more often than it was done, and nothing is left when all has ended."""
    times = Counter(play.elements)
    for element, number in times.items():
        if element.startswith("undo_"):
            assert number <= times[element.removeprefix("undo_")], element
    assert (play.status, play.waiting, play.load().records) == ("completed", [], [])
    assert len(play.load().scopes.rows) == 1


@pytest.mark.parametrize("seed", SHARE)
def test_every_path_ends_and_undoes_nothing_twice(seed: int) -> None:
    assert_well_undone(walk(seed))


@pytest.mark.parametrize("seed", SHARE)
def test_the_check_lets_such_models_pass(seed: int) -> None:
    errors = [one for one in check_file(draw(seed).xml(), "m.bpmn") if one.severity == "error"]

    assert [(one.rule, one.element) for one in errors] == []


@pytest.mark.parametrize("seed", range(5))
def test_rows_and_history_follow_such_models(seed: int) -> None:
    model = Model(draw(seed), choices={"cancel": [False, False, True]})

    with walking_rows.database() as engine:
        walking_rows.walk(engine, model, random.Random(seed))  # noqa: S311  a path to be walked again


@pytest.mark.soak
def test_many_models_end_and_undo_nothing_twice() -> None:
    for seed in range(int(os.environ.get("SOAK_MODELS", "2000"))):
        assert_well_undone(walk(seed))
