"""Errors and escalations look for a catcher: nearest scope first, a matching code before a catch-all.

In a scope its event sub-processes are asked before the boundary events of the activity that the scope is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.errors import EngineError
from engine.handlers import Json
from engine.spiff.game import Fact, Game

FAILURE = "bv:failureAsError"  # property of an activity: the error that its technical failures are thrown as


def is_caught(game: Game, token: Task, code: str) -> bool:
    """Tell whether something in this game catches an error thrown at an activity."""
    return _catcher(game, token.internal_data["scope"], token, "error", code) is not None


def throw(game: Game, token: Task, code: str, values: Mapping[str, Json] | None = None) -> None:
    """Throw the error of a handler at its activity, then outwards; whoever catches it gets the values."""
    token._set_state(TaskState.STARTED)
    throw_from(game, token.internal_data["scope"], token, code, values)


def throw_from(
    game: Game,
    scope: int,
    activity: Task | None,
    code: str | None,
    values: Mapping[str, Json] | None = None,
) -> None:
    """Throw an error from an activity or a scope outwards; uncaught, the instance ends with status error."""
    catcher = _catcher(game, scope, activity, "error", code)
    if catcher is not None:
        game.wake(catcher, values or {})
        return
    game.cancel_all("error")
    game.facts.append(Fact("error.uncaught", game.process.id, {"code": code}))


def escalate(game: Game, token: Task, code: str | None) -> None:
    """Throw an escalation from where a token stands outwards; uncaught, it only leaves a fact."""
    _escalate(game, token, None, code)


def escalate_at(game: Game, activity: Task, code: str | None) -> None:
    """Throw an escalation at an activity, on behalf of the process that it called."""
    _escalate(game, activity, activity, code)


def _escalate(game: Game, token: Task, activity: Task | None, code: str | None) -> None:
    catcher = _catcher(game, token.internal_data["scope"], activity, "escalation", code)
    if catcher is not None:
        game.wake(catcher, {})
    else:
        game.note("escalation.uncaught", token, code=code)


def throw_failure(game: Game, token: Task, failure: EngineError) -> bool:
    """Throw the technical failure of an activity as an error when the diagram says so; tell whether it does.

    It says so with the property `bv:failureAsError`, and with an error boundary event on a script task:
    nothing else could be thrown there.
    """
    element = token.task_spec.element
    code = element.details.properties.get(FAILURE)
    catcher = None
    if code is None and element.kind == "scriptTask":
        catcher = _pick(_attached(game, _body(game, token)), "error", None, any_code=True)
    if token.internal_data.get("settled") or (code is None and catcher is None):
        return False
    thrown = code if catcher is None else catcher.internal_data["wait"].get("code")
    game.note("failure.thrown", token, code=thrown, vi=failure.text("vi"), en=failure.text("en"))
    if catcher is not None:
        token._set_state(TaskState.STARTED)
        game.wake(catcher, {})
    else:
        throw(game, token, str(code))
    return True


def _body(game: Game, token: Task) -> Task:
    """Return the token that boundary events hang on: the body of a loop, not one iteration."""
    body = game.token(token.internal_data["body"]) if "body" in token.internal_data else None
    return token if body is None else body


def _catcher(game: Game, scope: int, activity: Task | None, kind: str, code: str | None) -> Task | None:
    """Return who catches what is thrown at an activity, or inside a scope."""
    while True:
        if activity is not None:
            host = _body(game, activity)
            scope = host.internal_data["scope"]
            found = _pick(_attached(game, host), kind, code)
            if found is not None:
                return found
        listeners = [token for token in game.tokens() if token.internal_data.get("listens") == scope]
        found = _pick(listeners, kind, code)
        activity = game.owner(scope)
        if found is not None or activity is None:
            return found


def _attached(game: Game, host: Task) -> list[Task]:
    return [token for token in game.tokens() if token.internal_data.get("host") == host.id]


def _pick(armed: Iterable[Task], kind: str, code: str | None, any_code: bool = False) -> Task | None:
    """Return the armed token, or part of one, that catches a code; the exact code comes first."""
    waiting: list[Task] = []
    for token in armed:
        waiting += [token, *token.workflow.parts(token)]
    fitting = [token for token in waiting if token.internal_data.get("wait", {}).get("kind") == kind]
    exact = [token for token in fitting if token.internal_data["wait"]["code"] == code]
    catching_all = [token for token in fitting if token.internal_data["wait"]["code"] is None]
    return next(iter([*exact, *catching_all, *(fitting if any_code else [])]), None)
