"""The step loop: from wait state to wait state."""

from __future__ import annotations

from collections.abc import Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.errors import BpmnError, EngineError
from engine.handlers import Json
from engine.spiff import compensation, errors, events, listeners, state, waits
from engine.spiff.game import Fact, Game, StepFailed, is_armed
from engine.spiff.nodes import emit
from engine.spiff.scopes import PROCESS

STEPS = 10_000
TOKENS = 5_000  # a loop around a parallel split makes tokens without end, each step slower than the last
_JOINS = ("parallel", "join", "quantity")


def begin(game: Game, start_event: str, variables: Mapping[str, Json]) -> None:
    """Put the first token on a start event, with the variables of the process.

    Without one ("") everything begins that has no incoming flow, as BPMN says.
    """
    for name, value in variables.items():
        game.scopes.write(PROCESS, name, value)
    listeners.open_scope(game, PROCESS, game.process.id)
    implicit = [element.id for element in game.process.implicit_starts(game.process.id)]
    for element in [start_event] if start_event else implicit:
        if start_event and game.process.elements[element].kind != "startEvent":
            _begin_behind(game, element)
        else:
            game.place(element, PROCESS, triggered=True)
    run(game)


def _begin_behind(game: Game, element: str) -> None:
    """Begin at a receive task, or an event behind a gateway, whose message made the instance."""
    token = game.hold(element, PROCESS, done=True, fired={}, received={})
    token._set_state(TaskState.READY)
    game.agenda.append(token)
    for flow in game.process.elements[element].incoming:
        token.internal_data["flow"] = flow
        gateway = game.process.elements[game.process.flows[flow].source]
        game.facts.append(Fact("element.completed", gateway.id, {"token": token.id, "flows": []}))
        for other in gateway.outgoing if gateway.awaits_all else ():
            if other != flow:
                emit(game, other, PROCESS)


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
    tokens = [token for token in game.tokens() if not is_armed(token)]
    if not tokens:
        listeners.close_scope(game, PROCESS)
        game.records.clear()
        game.status = "completed"
    elif not any(_frees(game, number) for _, number in state.waits(game)):
        joins = [token for token in tokens if token.internal_data.get("wait", {}).get("kind") in _JOINS]
        token = (joins or tokens)[0]
        element = token.task_spec.element.id
        error = StepFailed(
            element=element,
            reason="it waits for a branch that nothing can reach any more",
            reason_vi="chờ một nhánh không còn gì đi tới được",
        )
        token.internal_data["incident"] = _incident(error, "deadlock")


def _frees(game: Game, number: int) -> bool:
    """Tell whether a wait can move those who wait for each other: what only runs beside them cannot."""
    token = game.tasks[number]
    return not is_armed(token) or bool(token.task_spec.element.interrupting)


def _step(game: Game) -> bool:
    _ask_conditions(game)
    if game.agenda:
        token = game.agenda.popleft()
        if token.id in game.tasks:
            advance(game, token)
        return True
    return compensation.resume(game) or _fire_inclusive_joins(game) or _finish_scopes(game)


def advance(game: Game, token: Task) -> None:
    """Activate or run one token; what cannot go on keeps its place as an incident."""
    if token.state == TaskState.WAITING:
        return  # it still waits: what it waits for names it
    token.internal_data.pop("incident", None)
    try:
        if token.state == TaskState.FUTURE:
            token.task_spec._update(token)
        if token.state == TaskState.READY and (token.internal_data.get("done") or not token.task_spec.manual):
            token.run()
    except BpmnError as error:
        errors.throw(game, token, error.code)
    except (feel.FeelError, StepFailed) as error:
        if not errors.throw_failure(game, token, error):
            _fail(game, token, error, "expression")


def _ask_conditions(game: Game) -> None:
    """Fire the conditional events whose condition has become true, when variables were changed."""
    if game.seen_changes == len(game.scopes.changes):
        return
    game.seen_changes = len(game.scopes.changes)
    if game.process.has_conditions:
        became_true = [token for token in list(waits.conditional(game)) if _ask(token)]
        game.wake_all(became_true, {})


def _ask(token: Task) -> bool:
    """Tell whether the condition of a token has become true; one that fails is shown and waits on."""
    data = token.internal_data
    before = data["wait"]["held"]
    try:
        data["wait"]["held"] = waits.is_true(token, data["wait"]["condition"])
    except (feel.FeelError, StepFailed) as error:
        hold(token, error, "expression")
        return False
    data.pop("incident", None)
    return bool(data["wait"]["held"] and not before)


def finish(game: Game, token: Task, values: Mapping[str, Json]) -> None:
    """Go on with a token that waited, with the values that it waited for."""
    game.wake(token, values)
    run(game)


def hear(game: Game, name: str, values: Mapping[str, Json]) -> None:
    """Go on with every token that waits for a signal."""
    events.hear_signal(game, name, values)
    run(game)


def escalate(game: Game, token: Task, code: str | None) -> None:
    """Throw an escalation at a call activity, on behalf of the instance that it called."""
    errors.escalate_at(game, token, code)
    run(game)


def throw(game: Game, token: Task, code: str, values: Mapping[str, Json] | None = None) -> None:
    """Throw a business error at an activity that waited, on behalf of whoever did its work."""
    errors.throw(game, token, code, values)
    run(game)


def note_locally(game: Game, number: int, values: Mapping[str, Json]) -> None:
    """Set variables in the activity of a token that goes on waiting; conditions that became true fire."""
    token = game.token(number)
    if token is None:
        return
    local = getattr(token.task_spec, "local", None)  # a throwing event has no scope of its own
    scope = token.internal_data["scope"] if local is None else local(token)
    for name, value in values.items():
        game.scopes.write(scope, name, value)
    run(game)


def fail(game: Game, token: Task, error: EngineError, kind: str) -> None:
    """Let a token that waited keep its place as an incident, or throw the failure if the diagram says so."""
    if not errors.throw_failure(game, token, error):
        _fail(game, token, error, kind)
    run(game)


def give_up(game: Game, token: Task, error: EngineError, kind: str) -> None:
    """Hold a token whose work has failed for good, or throw the failure if the diagram says so."""
    if errors.throw_failure(game, token, error):
        run(game)
    else:
        hold(token, error, kind)


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
    for one in again:
        one.internal_data.pop("incident", None)
    game.agenda.extend(again)
    game.seen_changes = -1  # a condition that failed is asked again, too
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
    occupied = {token.internal_data["scope"] for token in game.tokens() if not is_armed(token)}
    for token in list(game.tokens()):
        if token.internal_data.get("inner") and token.internal_data["local"] not in occupied:
            if token.task_spec.start_next(token):
                return True
            listeners.close_scope(game, token.internal_data["local"])
            token.internal_data.pop("inner")
            token._set_state(TaskState.READY)
            advance(game, token)
            return True
    return False
