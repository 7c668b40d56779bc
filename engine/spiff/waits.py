"""What catching events wait for: how it is told, when it is over, what is waited for next.

An event with several definitions waits through one part per definition, a token of its own each: the whole
is woken by any of them, or by all of them when the event is parallel multiple.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.bpmn.model import Element, EventDefinition
from engine.handlers import Json
from engine.spiff.game import Game, StepFailed

Wait = dict[str, Any]


def arm(token: Task, element: Element) -> None:
    """Let a held token wait for what its event says, through parts when it says several things."""
    definitions = element.event_definitions
    if len(definitions) == 1:
        _listen(token, wait_for(token, element, definitions[0]))
        return
    waits = {number: wait_for(token, element, one) for number, one in enumerate(definitions)}
    _await_all(token, waits)


def _await_all(whole: Task, waits: Mapping[int, Wait]) -> None:
    """Let an event wait through parts, by the numbers of its definitions."""
    game: Game = whole.workflow
    data = whole.internal_data
    data["wait"] = {"kind": "multiple", "happened": [], "values": {}}
    whole._set_state(TaskState.WAITING)
    # all are there before the first one listens: a condition that is true at once is not the last one
    element, scope = whole.task_spec.element.id, data["scope"]
    parts = [game.hold(element, scope, whole=whole.id, part=number) for number in waits]
    for part, wait in zip(parts, waits.values(), strict=True):
        if part.id in game.tasks:
            _listen(part, wait)


def _listen(token: Task, wait: Wait) -> None:
    token.internal_data["wait"] = wait
    token._set_state(TaskState.WAITING)
    if wait["kind"] == "conditional" and wait["held"] and not wait.pop("again", False):
        token.workflow.wake(token, {})


def arm_again(token: Task, element: str, **place: Json) -> None:
    """Let another token wait, in the same place, for the next time of a non-interrupting event that fired.

    What has not happened yet goes on waiting as it is; nobody waits when nothing can happen any more.
    """
    game: Game = token.workflow
    fired: dict[str, Any] = token.internal_data["fired"]
    happened: list[Any] = fired["happened"] if fired["kind"] == "multiple" else [[0, fired]]
    again = {number: wait for number, old in happened if (wait := _next(token, old)) is not None}
    left, parallel = game.parts(token), token.task_spec.element.parallel_multiple
    if (parallel and len(again) < len(happened)) or not (left or again):
        game.disarm_parts(token)
        return
    other = game.hold(element, token.internal_data["scope"], **place)
    if fired["kind"] != "multiple":
        _listen(other, again[0])
        return
    for part in left:
        part.internal_data["whole"] = other.id
    _await_all(other, again)


def _next(token: Task, wait: Wait) -> Wait | None:
    """Return what follows a wait that is over, and tell what was missed."""
    again, missed = next_wait(wait, token.workflow.host.now)
    if missed:
        token.workflow.note("timer.skipped", token, count=missed)
    return again


def wait_for(token: Task, element: Element, definition: EventDefinition) -> Wait:
    """Return the wait of one definition of a catching event; errors and escalations wait for their code."""
    if definition.kind in _WAITS:
        return _WAITS[definition.kind](token, element, definition)
    return {"kind": definition.kind, "code": code_of(token, definition)}


def code_of(token: Task, definition: EventDefinition) -> str | None:
    """Return the evaluated code of an error or escalation, None for one without."""
    game: Game = token.workflow
    code = definition.code
    if code is None or not code.startswith("="):
        return code
    value = game.evaluate(code, game.variables(token))
    if not isinstance(value, str) or not value:
        raise StepFailed(
            element=token.task_spec.element.id,
            reason="its code is not text",
            reason_vi="mã không phải là chữ",
        )
    return value


def message_wait(token: Task, element: Element, definition: EventDefinition | None = None) -> Wait:
    """Return what a subscription needs: name and evaluated correlation key, "" for a message without one."""
    game: Game = token.workflow
    definition = definition or element.event
    message = definition.message if definition is not None else None
    if message is None:
        raise StepFailed(
            element=element.id, reason="it names no message", reason_vi="không nêu tên thông điệp"
        )
    view = game.variables(token)
    key = game.evaluate(element.details.correlation_key or message.correlation_key or "", view)
    if key is None:
        raise StepFailed(
            element=element.id,
            reason=f"the correlation key of message '{message.name}' is null",
            reason_vi=f"khóa đối chiếu của thông điệp “{message.name}” không có giá trị",
        )
    return {"kind": "message", "name": str(game.evaluate(message.name, view)), "key": str(key)}


def signal_name(token: Task, element: Element, definition: EventDefinition) -> str:
    """Return the evaluated name of a signal."""
    game: Game = token.workflow
    name = game.evaluate(definition.code or "", game.variables(token))
    if not isinstance(name, str) or not name:
        raise StepFailed(
            element=element.id, reason="its signal has no name", reason_vi="tín hiệu không có tên"
        )
    return name


def _signal_wait(token: Task, element: Element, definition: EventDefinition) -> Wait:
    return {"kind": "signal", "name": signal_name(token, element, definition)}


def timer_wait(token: Task, element: Element, definition: EventDefinition) -> Wait:
    """Return what a timer needs: first due moment in UTC, repetitions left, interval."""
    game: Game = token.workflow
    if definition.timer_kind is None:
        raise StepFailed(element=element.id, reason="it has no time", reason_vi="chưa đặt thời gian")
    due, repetitions, interval = feel.timer_due(
        definition.timer_kind, definition.expression or "", game.variables(token), game.host.now
    )
    moment = due.astimezone(UTC).isoformat()
    return {
        "kind": "timer",
        "due": moment,
        "start": moment,
        "left": repetitions,
        "interval": interval,
        "occurrence": 0,
    }


def _conditional_wait(token: Task, _element: Element, definition: EventDefinition) -> Wait:
    condition = definition.expression or ""
    return {"kind": "conditional", "condition": condition, "held": is_true(token, condition)}


_WAITS: dict[str, Callable[[Task, Element, EventDefinition], Wait]] = {
    "message": message_wait,
    "signal": _signal_wait,
    "timer": timer_wait,
    "conditional": _conditional_wait,
}


def is_true(token: Task, condition: str) -> bool:
    """Tell whether a condition is true where its event stands; null is not true, an error is raised."""
    game: Game = token.workflow
    whole = game.tasks.get(token.internal_data.get("whole"), token)
    seen = game.tasks.get(whole.internal_data.get("host"), whole)
    value = game.calculate(condition, game.variables(seen))
    if value is not None and not isinstance(value, bool):
        raise StepFailed(
            element=token.task_spec.element.id,
            reason="its condition is neither true nor false",
            reason_vi="điều kiện không cho giá trị đúng hay sai",
        )
    return value is True


def conditional(game: Game) -> Iterator[Task]:
    """Return the tokens that wait for a condition."""
    waiting = (token for token in game.tokens() if token.state == TaskState.WAITING)
    return (t for t in waiting if t.internal_data.get("wait", {}).get("kind") == "conditional")


def next_wait(wait: Mapping[str, Any], now: datetime) -> tuple[Wait | None, int]:
    """Return what a non-interrupting event waits for next, and how many occurrences were missed.

    It is None for a timer that has no cycle left. Occurrences that are over already, because nobody was there
    to fire them, are skipped: one late firing stands for all. A condition that is true must be false first.
    """
    if wait["kind"] == "conditional":
        return {**wait, "held": True, "again": True}, 0
    if wait["kind"] != "timer":
        return dict(wait), 0
    left, interval = wait["left"], wait["interval"]
    if interval is None or left == 0:
        return None, 0
    start, occurrence = datetime.fromisoformat(wait["start"]), wait["occurrence"] + 1
    ahead = first_ahead(start, interval, occurrence, now)
    missed = ahead - occurrence
    if left is not None and missed >= left:
        return None, left
    due = feel.next_cycle(start, interval, ahead)
    again = {
        **wait,
        "due": due.astimezone(UTC).isoformat(),
        "left": None if left is None else left - 1 - missed,
        "occurrence": ahead,
    }
    return again, missed


def first_ahead(start: datetime, interval: str, occurrence: int, now: datetime) -> int:
    """Return the number of the first occurrence of a cycle, from a given one on, that lies after a moment."""
    if feel.next_cycle(start, interval, occurrence) > now:
        return occurrence
    late, step = occurrence, 1
    while feel.next_cycle(start, interval, late + step) <= now:
        late, step = late + step, step * 2
    ahead = late + step
    while ahead - late > 1:
        middle = (ahead + late) // 2
        late, ahead = (middle, ahead) if feel.next_cycle(start, interval, middle) <= now else (late, middle)
    return ahead
