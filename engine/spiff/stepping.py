"""The step loop: from wait state to wait state."""

from __future__ import annotations

from collections.abc import Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.errors import BpmnError, EngineError
from engine.handlers import Json
from engine.spiff import errors, state
from engine.spiff.game import Game, StepFailed
from engine.spiff.scopes import PROCESS

STEPS = 10_000
TOKENS = 5_000  # a loop around a parallel split makes tokens without end, each step slower than the last
_JOINS = ("parallel", "join")


def begin(game: Game, start_event: str, variables: Mapping[str, Json]) -> None:
    """Put the first token on a start event, with the variables of the process."""
    for name, value in variables.items():
        game.scopes.write(PROCESS, name, value)
    game.place(start_event, PROCESS, triggered=True)
    run(game)


def run(game: Game) -> None:
    """Walk from wait state to wait state; stop a game that does not come to rest with an incident."""
    steps = 0
    while game.status == "active" and _step(game):
        steps += 1
        if (steps >= STEPS or len(game.tasks) > TOKENS) and _stop_moving(game):
            break
    if game.status == "active":
        _come_to_rest(game)


def _stop_moving(game: Game) -> bool:
    """Keep every token that would go on as an incident, so that a retry finds all of them."""
    moving = [token for token in game.agenda if token.id in game.tasks]
    game.agenda.clear()
    for token in moving:
        error = StepFailed(
            element=token.task_spec.element.id,
            reason=f"the process did not come to rest within {STEPS} steps and {TOKENS} tokens",
            reason_vi=f"quy trình không dừng sau {STEPS} bước hoặc {TOKENS} nhánh",
        )
        _fail(game, token, error, "limit")
    return bool(moving)


def _come_to_rest(game: Game) -> None:
    """Complete a game without tokens; show one whose tokens only wait for each other as an incident."""
    tokens = list(game.tokens())
    if not tokens:
        game.status = "completed"
    elif not state.waits(game):
        joins = [token for token in tokens if token.internal_data.get("wait", {}).get("kind") in _JOINS]
        token = (joins or tokens)[0]
        element = token.task_spec.element.id
        error = StepFailed(
            element=element,
            reason="it waits for a branch that nothing can reach any more",
            reason_vi="chờ một nhánh không còn gì đi tới được",
        )
        token.internal_data["incident"] = _incident(error, "deadlock")


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


def throw(game: Game, token: Task, code: str) -> None:
    """Throw a business error at an activity that waited, on behalf of whoever did its work."""
    errors.throw(game, token, code)
    run(game)


def fail(game: Game, token: Task, error: EngineError, kind: str) -> None:
    """Let a token that waited keep its place as an incident."""
    _fail(game, token, error, kind)
    run(game)


def hold(token: Task, error: EngineError, kind: str) -> None:
    """Show a token that goes on waiting as an incident; nothing around it is cancelled."""
    token.internal_data["incident"] = _incident(error, kind)


def cancel(game: Game) -> None:
    """Cancel everything."""
    game.cancel_all("cancelled")


def retry(game: Game, token: Task) -> None:
    """Try a token again that stopped with an incident; a game that was stopped goes on with all tokens."""
    again = [token]
    if token.internal_data.get("incident", {}).get("kind") == "limit":
        again = [o for o in game.tokens() if o.internal_data.get("incident", {}).get("kind") == "limit"]
    game.agenda.extend(again)
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
    token.internal_data["incident"] = _incident(error, kind)


def _incident(error: EngineError, kind: str) -> dict[str, Json]:
    return {"kind": kind, "vi": error.text("vi"), "en": error.text("en")}


def _fire_inclusive_joins(game: Game) -> bool:
    asked: set[tuple[str, int]] = set()
    for token in list(game.tokens()):
        if token.internal_data.get("wait", {}).get("kind") != "join":
            continue
        # the answer is the same for all tokens of a join in one scope; there can be thousands
        place = (token.task_spec.element.id, token.internal_data["scope"])
        if place not in asked and token.task_spec.may_fire(token):
            token.task_spec.fire(token)
            return True
        asked.add(place)
    return False


def _finish_scopes(game: Game) -> bool:
    occupied = {token.internal_data["scope"] for token in game.tokens()}
    for token in list(game.tokens()):
        if token.internal_data.get("inner") and token.internal_data["local"] not in occupied:
            token.internal_data.pop("inner")
            token._set_state(TaskState.READY)
            advance(game, token)
            return True
    return False
