"""The state of an instance as ordered JSON: tokens and scopes, nothing that can be read elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.util.task import TaskState

from engine.handlers import Json
from engine.spiff import shape
from engine.spiff.compiling import Compiled
from engine.spiff.game import Game, Host, Token, spec_name
from engine.spiff.scopes import Scope, Scopes

FORMAT = 2  # format 1, of releases before it, lacks only what has a default
_STATES = {
    "future": TaskState.FUTURE,
    "waiting": TaskState.WAITING,
    "ready": TaskState.READY,
    "started": TaskState.STARTED,
}
_NAMES = {value: name for name, value in _STATES.items()}


@dataclass(frozen=True)
class Wait:
    """One thing that a token waits for, as the index tables show it."""

    kind: str  # task, job, timer, message, signal, conditional, call, incident
    token: int
    element: str
    details: dict[str, Any]
    flows: tuple[str, ...] = ()  # the flow that led here, for the drawing of the path
    scope: int = 0


INDEXED = frozenset({"task", "job", "timer", "message", "signal", "conditional", "call"})


def dump(game: Game) -> str:
    """Return the state as one line of ordered JSON."""
    scopes = [[s.id, s.parent, s.owner, s.variables] for s in game.scopes.rows.values()]
    tokens = [
        [token.id, token.task_spec.element.id, _NAMES[token.state], token.internal_data]
        for token in game.tokens()
    ]
    body = {"format": FORMAT, "next": game.next_number, "scopes": scopes, "tokens": tokens}
    if game.records:
        body["compensation"] = game.records
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def load(compiled: Compiled, text: str, status: str, host: Host) -> Game:
    """Return the game of a saved state; raises shape.Damaged for one that cannot be read."""
    body = shape.read(text, FORMAT)
    shape.check_tokens(body, compiled.process.elements, _STATES)
    game = Game(compiled.spec, compiled.process, host)
    game.status, game.read_from = status, text
    game.next_number = body["next"]
    game.records = body.get("compensation", [])
    game.scopes = Scopes({row[0]: Scope(*row) for row in body["scopes"]})
    game.loaded = {token[0]: token[1] for token in body["tokens"]}
    for number, element, state, data in body["tokens"]:
        token = Token(
            game, compiled.spec.task_specs[spec_name(element)], game.task_tree, _STATES[state], number
        )
        token.internal_data = data
    return game


def new(compiled: Compiled, host: Host) -> Game:
    """Return a game without tokens."""
    return Game(compiled.spec, compiled.process, host)


def variables(text: str) -> dict[str, Json]:
    """Return the process variables of a saved state without loading it."""
    found: dict[str, Json] = shape.read(text, FORMAT)["scopes"][0][3]
    return found


def elements(text: str) -> dict[int, str]:
    """Return the element of each token of a saved state by the token's number, without loading it."""
    return {token[0]: token[1] for token in shape.read(text, FORMAT)["tokens"]}


def waits(game: Game) -> dict[tuple[str, int], Wait]:
    """Return everything the tokens wait for: the one source of the index tables."""
    found: dict[tuple[str, int], Wait] = {}
    for token in game.tokens():
        element = token.task_spec.element.id
        wait = token.internal_data.get("wait")
        if wait is not None and wait["kind"] in INDEXED and token.state != TaskState.FUTURE:
            flow = token.internal_data.get("flow")
            found[wait["kind"], token.id] = Wait(
                wait["kind"],
                token.id,
                element,
                wait,
                () if flow is None else (flow,),
                token.internal_data["scope"],
            )
        incident = token.internal_data.get("incident")
        if incident is not None:
            found["incident", token.id] = Wait("incident", token.id, element, incident)
    return found
