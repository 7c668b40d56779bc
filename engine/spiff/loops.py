"""Loops: a body token holds the place of the activity while its iterations run, each in its own scope."""

from __future__ import annotations

from collections.abc import Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.bpmn.model import Element, EventDefinition, Loop
from engine.handlers import Json
from engine.spiff.game import ITERATIONS, Game, StepFailed


def begin(body: Task) -> bool:
    """Start the iterations; True when there is nothing to run, so that the activity is done at once."""
    loop = _loop(body)
    if loop.kind == "standard":
        return _begin_standard(body, loop)
    items = _items(body, loop)
    if not items:
        _collect(body, [])
        return True
    sequential = loop.kind == "sequential"
    body.internal_data.update(count=len(items), results=[None] * len(items), finished=0)
    body.internal_data["remaining"] = items[1:] if sequential else []
    body._set_state(TaskState.STARTED)
    for index, item in enumerate(items[:1] if sequential else items):
        _iterate(body, index, item)
    return False


def _begin_standard(body: Task, loop: Loop) -> bool:
    body.internal_data["finished"] = 0
    if loop.test_before and not _goes_on(body, loop, 0, body.workflow.variables(body)):
        body.internal_data["done"] = True
        return True
    body._set_state(TaskState.STARTED)
    _iterate(body, 0, None)
    return False


def _loop(token: Task) -> Loop:
    loop: Loop | None = token.task_spec.element.loop
    if loop is None:
        raise LookupError("only the body of a loop has iterations")
    return loop


def _goes_on(body: Task, loop: Loop, finished: int, view: Mapping[str, Json]) -> bool:
    """Tell whether a standard loop runs once more after so many iterations."""
    game: Game = body.workflow
    if loop.loop_maximum is not None:
        most = game.calculate(loop.loop_maximum, view)
        if not _is_count(most):
            raise _wrong(body, "its loop maximum is no whole number", "số vòng tối đa không phải số nguyên")
        if finished >= int(str(most)):
            return False
    if loop.loop_condition is None:
        return True
    return feel.condition(loop.loop_condition, {**view, "loopCounter": finished}, game.host.now)


def _items(body: Task, loop: Loop) -> list[Json]:
    """Return what the iterations are for: the items of the collection, or the numbers from 1."""
    game: Game = body.workflow
    source = loop.input_collection or loop.cardinality or "null"
    value = game.calculate(source, game.variables(body))
    if loop.input_collection is None:
        if not _is_count(value) or int(str(value)) > ITERATIONS:
            raise _wrong(
                body,
                f"its cardinality is not a whole number from 0 to {ITERATIONS}",
                f"số lần lặp không phải số nguyên từ 0 đến {ITERATIONS}",
            )
        return list(range(1, int(str(value)) + 1))
    if not isinstance(value, list) or len(value) > ITERATIONS:
        raise _wrong(
            body,
            f"its collection is not a list of at most {ITERATIONS} items",
            f"danh sách lặp không phải là danh sách có tối đa {ITERATIONS} mục",
        )
    return value


def _is_count(value: Json) -> bool:
    return type(value) is int and value >= 0


def _wrong(body: Task, reason: str, reason_vi: str) -> StepFailed:
    return StepFailed(element=body.task_spec.element.id, reason=reason, reason_vi=reason_vi)


def _iterate(body: Task, index: int, item: Json) -> None:
    game: Game = body.workflow
    loop = _loop(body)
    scope = body.internal_data.get("local", body.internal_data["scope"])
    token = game.place(body.task_spec.element.id, scope, body=body.id, index=index)
    local = token.task_spec.local(token)
    game.scopes.rows[local].variables["loopCounter"] = index + 1
    if loop.input_element:
        game.scopes.write(local, loop.input_element, item)
    target = (loop.output_element or "").removeprefix("=").strip()
    if target.isidentifier():
        # an iteration keeps its own result: without this line the iterations would overwrite each other
        game.scopes.rows[local].variables.setdefault(target, None)


def finish_iteration(token: Task) -> None:
    """Take an iteration that ends off the game; start the next one, or end the loop."""
    game: Game = token.workflow
    body = game.token(token.internal_data["body"])
    if body is None:
        raise LookupError("an iteration lives only inside its body")
    loop = _loop(body)
    view = game.variables(token)
    data, index = body.internal_data, token.internal_data["index"]
    finished = data["finished"] + 1
    thrown: list[EventDefinition | None] = []
    # everything that can fail comes before the first change: a failed iteration keeps its place
    if loop.kind == "standard":
        goes_on = _goes_on(body, loop, finished, view)
    else:
        result = game.calculate(loop.output_element, view) if loop.output_element else None
        thrown, complex_over = _behave(body, loop, view)
        goes_on = not (complex_over or _is_over(body, loop, view))
        data["results"][index] = result
    data["finished"] = finished
    game.remove(token)
    token.task_spec.close(token)
    game.note("element.completed", token, flows=[], index=index)
    for definition in thrown:
        _throw(body, definition, counts(body, finished, active=len(game.iterations(body))))
    if not goes_on:
        _end(body)
    elif loop.kind == "standard":
        _iterate(body, finished, None)
    elif data["remaining"]:
        _iterate(body, index + 1, data["remaining"].pop(0))


def counts(body: Task, finished: int, active: int) -> dict[str, Json]:
    """Return the numbers of instances that a completion condition may name."""
    data = body.internal_data
    return {
        "numberOfInstances": data["count"],
        "numberOfActiveInstances": active,
        "numberOfCompletedInstances": finished,
        "numberOfTerminatedInstances": data["count"] - finished - active - len(data["remaining"]),
    }


def _counts_at_end(body: Task) -> dict[str, Json]:
    """Return the numbers as they are when the iteration that ends now is counted as completed."""
    return counts(body, body.internal_data["finished"] + 1, len(body.workflow.iterations(body)) - 1)


def _is_over(body: Task, loop: Loop, view: Mapping[str, Json]) -> bool:
    """Tell whether a multi-instance is over with the iteration that ends now."""
    game: Game = body.workflow
    if len(game.iterations(body)) == 1 and not body.internal_data["remaining"]:
        return True
    if loop.completion_condition is None:
        return False
    return feel.condition(loop.completion_condition, {**view, **_counts_at_end(body)}, game.host.now)


def _behave(body: Task, loop: Loop, view: Mapping[str, Json]) -> tuple[list[EventDefinition | None], bool]:
    """Return the events that the iteration that ends now throws, and whether one of them ends the loop.

    None stands for the default signal (BPMN 2.0.2, table 10.30).
    """
    game: Game = body.workflow
    if loop.behavior == "None" or (loop.behavior == "One" and body.internal_data["finished"] == 0):
        return [loop.event], False
    if loop.behavior != "Complex":
        return [], False
    seen = {**view, **_counts_at_end(body)}
    met = [event for condition, event in loop.complex if feel.condition(condition, seen, game.host.now)]
    return [event for event in met if event is not None], bool(met)


def _throw(body: Task, definition: EventDefinition | None, numbers: dict[str, Json]) -> None:
    """Let the boundary events of the loop catch an event that it throws itself; the loop goes on beside them.

    They stay armed: the behavior None throws once per instance.
    """
    game: Game = body.workflow
    for boundary in body.task_spec.boundaries:
        armed = any(
            token.internal_data.get("host") == body.id and token.task_spec.element is boundary
            for token in game.tokens()
        )
        if armed and catches(boundary, definition):
            caught = game.hold(boundary.id, body.internal_data["scope"], wait={"kind": "behavior"})
            game.wake(caught, numbers if boundary.details.outputs else {})


def catches(boundary: Element, thrown: EventDefinition | None) -> bool:
    """Tell whether a boundary event catches what a loop throws; any signal event catches the default one."""
    if thrown is None:
        return any(own.kind == "signal" for own in boundary.event_definitions)
    codes = {thrown.code, None} if thrown.kind in ("error", "escalation") else {thrown.code}
    return any(
        own.kind == thrown.kind and own.code in codes and own.message == thrown.message
        for own in boundary.event_definitions
    )


def _end(body: Task) -> None:
    game: Game = body.workflow
    for other in game.iterations(body):
        game.cancel_token(other)
    _collect(body, body.internal_data.get("results", []))
    body._set_state(TaskState.READY)
    game.agenda.append(body)


def _collect(body: Task, results: list[Json]) -> None:
    collection = _loop(body).output_collection
    if collection:
        body.workflow.scopes.assign(body.internal_data["scope"], {collection: results})
    body.internal_data["done"] = True


def given(body: Task) -> list[Json]:
    """Return the results that a multi-instance already has, in the order of its input."""
    results: list[Json] = body.internal_data.get("results", [])
    return results


def hand_over(body: Task) -> None:
    """Assign what an interrupted multi-instance has collected: votes given before a deadline are not lost."""
    loop: Loop | None = body.task_spec.element.loop
    if loop is not None and loop.output_collection and any(result is not None for result in given(body)):
        body.workflow.scopes.assign(body.internal_data["scope"], {loop.output_collection: given(body)})


def add(body: Task, item: Json) -> None:
    """Add an iteration with this item to a multi-instance under way; a sequential one runs it last."""
    data = body.internal_data
    if data["count"] >= ITERATIONS:
        raise _wrong(body, f"it has {ITERATIONS} iterations already", f"đã có {ITERATIONS} lượt")
    data["count"] += 1
    data["results"].append(None)
    if _loop(body).kind == "sequential":
        data["remaining"].append(item)
    else:
        _iterate(body, data["count"] - 1, item)


def drop(iteration: Task) -> None:
    """Take an iteration off a loop without a result; the next one starts, or the loop ends with the last."""
    game: Game = iteration.workflow
    body = game.token(iteration.internal_data["body"])
    index = iteration.internal_data["index"]
    game.cancel_token(iteration)
    if body is None or game.iterations(body):
        return
    if body.internal_data.get("remaining"):
        _iterate(body, index + 1, body.internal_data["remaining"].pop(0))
    else:
        _end(body)
