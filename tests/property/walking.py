"""Walk a drawn model along a random path in memory, and what must hold wherever it rests."""

from __future__ import annotations

import random

from engine.spiff import state, stepping
from engine.spiff.game import Game
from tests.playing import Play, compile_anew
from tests.property.blocks import ASIDE, Model

STEPS = 400
TIRED = 25  # steps after which loops end and events beside an activity stay away
FRESH = 0.04  # how often the saved state is looked at by freshly compiled specs
HANDLERS = {"inside": lambda _variables: {"served": True}}


def start(model: Model, chance: random.Random) -> Play:
    """Start a model with random variables."""
    compiled = model.compiled = model.compiled or compile_anew(model.process)
    return Play(model.process, {"key": "K", **model.values(chance)}, HANDLERS, compiled=compiled)


def walk(model: Model, chance: random.Random) -> Play:
    """Walk one path to its end; saved after every step beside a game that is never saved."""
    play = start(model, chance)
    live = play.load()
    for step in range(STEPS):
        assert_at_rest(play)
        assert state.dump(live) == play.text
        if chance.random() < FRESH:
            assert_the_same_for_a_new_process(play, model)
        if play.status != "active":
            break
        finish_one(play, live, model, chance, tired=step > TIRED)
    assert play.status == "completed", play.waiting
    assert len(play.load().scopes.rows) == 1
    return play


def assert_at_rest(play: Play) -> None:
    """Somebody waits and nobody is stuck; open user tasks are the tokens on user tasks."""
    game = play.load()
    waits = state.waits(game)
    assert bool(waits) == (game.status == "active")
    assert [wait.details["en"] for wait in waits.values() if wait.kind == "incident"] == []
    people = [token.id for token in game.tokens() if token.task_spec.manual and _is_work(token)]
    assert sorted(wait.token for wait in waits.values() if wait.kind == "task") == sorted(people)
    assert {token.internal_data["scope"] for token in game.tokens()} <= set(game.scopes.rows)
    assert state.dump(game) == play.text


def _is_work(token: object) -> bool:
    """Tell whether a token stands for one piece of work: the body of a loop only holds its place."""
    data, element = token.internal_data, token.task_spec.element  # type: ignore[attr-defined]
    return element.loop is None or "body" in data


def assert_the_same_for_a_new_process(play: Play, model: Model) -> None:
    """Another process reads diagram and state anew, and finds the same."""
    game = state.load(compile_anew(model.process), play.text, play.status, play)
    assert state.dump(game) == play.text
    assert state.waits(game) == state.waits(play.load())


def finish_one(play: Play, live: Game, model: Model, chance: random.Random, tired: bool) -> None:
    """Finish one random wait, in the saved game and in the one that is never saved."""
    waits = sorted(state.waits(live).values(), key=lambda wait: (wait.token, wait.kind))
    if tired:
        waits = [wait for wait in waits if not wait.element.endswith(ASIDE)]
    wait, values = chance.choice(waits), model.values(chance, tired)
    failed = wait.kind == "call" and chance.random() < 0.3
    saved = play.load()
    for game in (saved, live):
        game.facts.clear()
        token = game.token(wait.token)
        assert token is not None
        if failed:
            stepping.throw(game, token, "failed")
        else:
            stepping.finish(game, token, values)
    play._save(saved)
