"""Every path of a small model up to a bound: all waits, all values of its choices, each place once."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from engine.handlers import Json
from engine.spiff import state, stepping
from engine.spiff.game import Game
from tests.builders import ProcessBuilder
from tests.playing import Play

TOKENS = 10  # more of them, and a path is not followed any further
COMBINATIONS = 64
_COUNTS = ("index", "finished", "part")
_NUMBERS = ("scope", "local", "host", "body", "group", "whole", "listens")


@dataclass
class Explored:
    """What was found: places, whether all of them were followed, incidents with the path that led there."""

    places: int = 0
    complete: bool = True
    ended: bool = False
    incidents: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def explore(
    process: ProcessBuilder,
    choices: Mapping[str, Sequence[Json]],
    *,
    most: int = 300,
    fixed: Mapping[str, Json] | None = None,
) -> Explored:
    """Follow every path until `most` places are known."""
    found = Explored()
    seen: set[str] = set()
    waiting: deque[tuple[Play, tuple[str, ...]]] = deque()
    values = list(islice(_combinations(choices), COMBINATIONS + 1))
    if len(values) > COMBINATIONS:
        values.pop()
        found.complete = False  # what the others choose is not followed
    for first in values:
        _meet(found, seen, waiting, Play(process, {**(fixed or {}), **first}), ("start",))
    while waiting and found.places < most:
        play, path = waiting.popleft()
        for element, index in sorted(_waits(play)):
            for given in values:
                _meet(found, seen, waiting, _branch(play, element, index, given), (*path, element))
    found.complete = found.complete and not waiting
    return found


def _combinations(choices: Mapping[str, Sequence[Json]]) -> Iterator[dict[str, Json]]:
    names = list(choices)
    return (dict(zip(names, chosen, strict=True)) for chosen in product(*choices.values()))


def _meet(found: Explored, seen: set[str], waiting: deque[Any], play: Play, path: tuple[str, ...]) -> None:
    game = play.load()
    place = _place(game)
    if place in seen:
        return
    seen.add(place)
    found.places += 1
    found.ended = found.ended or play.status == "completed"
    stuck = [wait for wait in state.waits(game).values() if wait.kind == "incident"]
    found.incidents += [(f"{wait.details['kind']} at {wait.element}", path) for wait in stuck]
    if stuck or play.status != "active":
        return
    if len(game.tasks) > TOKENS:
        found.complete = False
        return
    waiting.append((play, path))


def _place(game: Game) -> str:
    """Return where the tokens are, without their numbers and without variables: each step sets those anew."""
    numbers: dict[int, int] = {0: 0}
    for token in game.tokens():
        numbers[token.id] = len(numbers)
    for scope in game.scopes.rows:
        numbers.setdefault(scope, len(numbers))
    tokens = [
        (
            token.task_spec.element.id,
            token.state,
            sorted(
                (key, numbers.get(token.internal_data[key], 0))
                for key in _NUMBERS
                if key in token.internal_data
            ),
            [token.internal_data.get(key) for key in ("flow", *_COUNTS)],
            [token.internal_data.get("wait", {}).get(key) for key in ("kind", "left")],
        )
        for token in game.tokens()
    ]
    return json.dumps([game.status, tokens])


def _waits(play: Play) -> Iterable[tuple[str, int]]:
    """Return what can be finished: one of several tokens that stand for the same thing is enough."""
    waits = sorted(state.waits(play.load()).values(), key=lambda wait: wait.token)
    return {(wait.element, 0): None for wait in waits}


def _branch(play: Play, element: str, index: int, values: Mapping[str, Json]) -> Play:
    """Return the process after one wait was finished; the one it came from stays as it was."""
    other = Play.__new__(Play)
    other.__dict__.update(play.__dict__, elements=[], thrown=[])
    game = other.load()
    tokens = [wait.token for wait in state.waits(game).values() if wait.element == element]
    token = game.token(sorted(tokens)[index])
    assert token is not None
    stepping.finish(game, token, values)
    other._save(game)
    return other
