"""Errors and escalations look for a catcher: nearest scope first, a matching code before a catch-all."""

from __future__ import annotations

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.spiff.game import Fact, Game


def throw(game: Game, token: Task, code: str) -> None:
    """Throw the error of a handler at its activity, then outwards."""
    token._set_state(TaskState.STARTED)
    throw_from(game, token.internal_data["scope"], token, code)


def throw_from(game: Game, scope: int, activity: Task | None, code: str | None) -> None:
    """Throw an error from an activity or a scope outwards; uncaught, the instance ends with status error."""
    host = activity if activity is not None else game.owner(scope)
    while host is not None:
        host = _body(game, host)
        catcher = _catcher(game, host, "error", code)
        if catcher is not None:
            game.wake(catcher, {})
            return
        host = game.owner(host.internal_data["scope"])
    game.cancel_all("error")
    game.facts.append(Fact("error.uncaught", game.process.id, {"code": code}))


def escalate(game: Game, token: Task, code: str | None) -> None:
    """Throw an escalation outwards; uncaught, it only leaves a fact."""
    host = game.owner(token.internal_data["scope"])
    while host is not None:
        host = _body(game, host)
        catcher = _catcher(game, host, "escalation", code)
        if catcher is not None:
            game.wake(catcher, {})
            return
        host = game.owner(host.internal_data["scope"])
    game.note("escalation.uncaught", token, code=code)


def _body(game: Game, token: Task) -> Task:
    """Return the token that boundary events hang on: the body of a loop, not one iteration."""
    body = game.token(token.internal_data["body"]) if "body" in token.internal_data else None
    return token if body is None else body


def _catcher(game: Game, host: Task, kind: str, code: str | None) -> Task | None:
    attached = [
        token
        for token in game.tokens()
        if token.internal_data.get("host") == host.id
        and token.internal_data.get("wait", {}).get("kind") == kind
    ]
    exact = [token for token in attached if token.internal_data["wait"]["code"] == code]
    any_code = [token for token in attached if token.internal_data["wait"]["code"] is None]
    return next(iter(exact + any_code), None)
