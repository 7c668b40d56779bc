"""The step loop: from wait state to wait state."""

from __future__ import annotations

from collections.abc import Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.errors import BpmnError, EngineError
from engine.handlers import Json
from engine.spiff import errors
from engine.spiff.game import Game, StepFailed
from engine.spiff.scopes import PROCESS

STEPS = 10_000


def begin(game: Game, start_event: str, variables: Mapping[str, Json]) -> None:
    """Put the first token on a start event, with the variables of the process."""
    for name, value in variables.items():
        game.scopes.write(PROCESS, name, value)
    game.place(start_event, PROCESS, triggered=True)
    run(game)


def run(game: Game) -> None:
    """Walk from wait state to wait state; stop a game that does not come to rest with an incident."""
    for _ in range(STEPS):
        if game.status != "active" or not _step(game):
            break
    else:
        token = game.agenda[0] if game.agenda else next(game.tokens())
        game.agenda.clear()
        _fail(
            game,
            token,
            StepFailed(
                element=token.task_spec.element.id,
                reason=f"the process did not come to rest within {STEPS} steps",
                reason_vi=f"quy trình không dừng sau {STEPS} bước",
            ),
            "limit",
        )
    if game.status == "active" and not any(game.tokens()):
        game.status = "completed"


def _step(game: Game) -> bool:
    if game.agenda:
        token = game.agenda.popleft()
        if token.id in game.tasks:
            advance(game, token)
        return True
    return _fire_inclusive_joins(game) or _finish_scopes(game)


def advance(game: Game, token: Task) -> None:
    """Activate or run one token; what cannot go on keeps its place as an incident."""
    token.internal_data.pop("incident", None)
    try:
        if token.state == TaskState.FUTURE:
            token.task_spec._update(token)
        if token.state == TaskState.READY and (token.internal_data.get("done") or not token.task_spec.manual):
            token.run()
    except BpmnError as error:
        errors.throw(game, token, error.code)
    except (feel.FeelError, StepFailed) as error:
        _fail(game, token, error, "expression")


def finish(game: Game, token: Task, values: Mapping[str, Json]) -> None:
    """Go on with a token that waited, with the values that it waited for."""
    game.wake(token, values)
    run(game)


def retry(game: Game, token: Task) -> None:
    """Try a token again that stopped with an incident."""
    game.agenda.append(token)
    run(game)


def _fail(game: Game, token: Task, error: EngineError, kind: str) -> None:
    if token.internal_data.get("done"):
        # what was done stays done: only the way on is tried again
        token._set_state(TaskState.READY)
    else:
        game.cancel_attached(token)
        if "local" in token.internal_data and "body" not in token.internal_data:
            game.cancel_scope(token.internal_data.pop("local"))
        token._set_state(TaskState.FUTURE)
        token.internal_data.pop("wait", None)
    token.internal_data["incident"] = {"kind": kind, "vi": error.text("vi"), "en": error.text("en")}


def _fire_inclusive_joins(game: Game) -> bool:
    for token in list(game.tokens()):
        if token.internal_data.get("wait", {}).get("kind") == "join" and token.task_spec.may_fire(token):
            token.task_spec.fire(token)
            return True
    return False


def _finish_scopes(game: Game) -> bool:
    for token in list(game.tokens()):
        if token.internal_data.get("inner") and not game.inside(token.internal_data["local"]):
            token.internal_data.pop("inner")
            token._set_state(TaskState.READY)
            advance(game, token)
            return True
    return False
