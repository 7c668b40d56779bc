"""Events: messages, timers, errors, escalations, links, terminate; boundary events hang on their activity."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.bpmn.model import Element
from engine.handlers import Json
from engine.spiff import errors
from engine.spiff.game import Game, StepFailed, Thrown
from engine.spiff.nodes import Node, emit, link_targets


def due_text(value: Json) -> str | None:
    """Return a due moment as ISO text in UTC; naive times are local to the people."""
    moment = feel.moment(value) if value is not None else None
    return None if moment is None else moment.astimezone(UTC).isoformat()


def throw_message(token: Task, element: Element) -> None:
    """Throw the message of an element: its name, its key in the thrower's scope, its mapped inputs."""
    game: Game = token.workflow
    wait = message_wait(token, element)
    view = game.variables(token)
    payload = {mapping.target: game.evaluate(mapping.source, view) for mapping in element.details.inputs}
    game.thrown.append(Thrown(element.id, str(wait["name"]), str(wait["key"]), payload))


def message_wait(token: Task, element: Element) -> dict[str, Json]:
    """Return what a subscription needs: name and evaluated correlation key."""
    game: Game = token.workflow
    message = element.event.message if element.event is not None else None
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


def timer_wait(token: Task, element: Element) -> dict[str, Json]:
    """Return what a timer needs: first due moment in UTC, repetitions left, interval."""
    game: Game = token.workflow
    definition = element.event
    if definition is None or definition.timer_kind is None:
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


_WAITS = {"message": message_wait, "timer": timer_wait}


def wait_for(token: Task, element: Element) -> dict[str, Json]:
    """Return the wait of a catching event; errors and escalations wait for their code."""
    kind = element.event_kind
    if kind in _WAITS:
        return _WAITS[kind](token, element)
    return {"kind": kind, "code": element.event.code if element.event is not None else None}


def attach(host: Task, boundary: Element) -> None:
    """Arm a boundary event for an activity."""
    game: Game = host.workflow
    token = game.hold(boundary.id, host.internal_data["scope"], host=host.id)
    try:
        token.internal_data["wait"] = wait_for(token, boundary)
    except (feel.FeelError, StepFailed):
        game.remove(token)
        raise
    token._set_state(TaskState.WAITING)


class StartEvent(Node):
    """A start event that was triggered runs at once."""


class EndEvent(Node):
    """An end event ends its path; some ends do more."""

    def execute(self, token: Task) -> bool:
        """Throw the message, error or escalation of the end event."""
        game: Game = token.workflow
        kind = self.element.event_kind
        code = self.element.event.code if self.element.event is not None else None
        if kind == "message":
            throw_message(token, self.element)
        elif kind == "escalation":
            errors.escalate(game, token, code)
        return True

    def leave(self, token: Task) -> None:
        """End; a terminate end takes its whole scope along, an error end what catches it."""
        game: Game = token.workflow
        super().leave(token)
        if self.element.event_kind == "terminate":
            for other in game.inside(token.internal_data["scope"]):
                game.cancel_token(other)
        elif self.element.event_kind == "error":
            code = self.element.event.code if self.element.event is not None else None
            errors.throw_from(game, token.internal_data["scope"], None, code)


class ThrowEvent(Node):
    """An intermediate throw event."""

    def execute(self, token: Task) -> bool:
        """Throw."""
        game: Game = token.workflow
        if self.element.event_kind == "message":
            throw_message(token, self.element)
        elif self.element.event_kind == "escalation":
            errors.escalate(game, token, self.element.event.code if self.element.event else None)
        return True

    def leave(self, token: Task) -> None:
        """Leave by the flows; a link continues at the catch event of the same name."""
        super().leave(token)
        for target in link_targets(self.process, self.element):
            token.workflow.place(target.id, token.internal_data["scope"])


class CatchEvent(Node):
    """An intermediate catch event waits for its message or its time."""

    def activate(self, token: Task) -> bool:
        """Wait."""
        if self.element.event_kind in ("none", "link"):
            return True
        token.internal_data["wait"] = wait_for(token, self.element)
        token._set_state(TaskState.WAITING)
        return False

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Take the payload through the output mappings, or as it is."""
        take_payload(token, self.element, values)


class BoundaryEvent(Node):
    """A boundary event fires on its activity: it ends it, or goes beside it and waits again."""

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Interrupt the activity or arm the event again, then take the payload."""
        game: Game = token.workflow
        # what can fail comes first: a retry must find the event still attached
        again = None if self.element.interrupting else next_wait(token.internal_data["fired"])
        number = token.internal_data.pop("host", None)
        host = None if number is None else game.token(number)
        if host is not None and self.element.interrupting:
            game.cancel_token(host)
        elif host is not None and again is not None:
            other = game.hold(self.element.id, host.internal_data["scope"], host=host.id)
            other.internal_data["wait"] = again
            other._set_state(TaskState.WAITING)
        take_payload(token, self.element, values)


def next_wait(wait: Mapping[str, Json]) -> dict[str, Json] | None:
    """Return what a non-interrupting event waits for next; None for a timer that has no cycle left."""
    if wait["kind"] != "timer":
        return dict(wait)
    left, interval = wait["left"], wait["interval"]
    if interval is None or left == 0:
        return None
    occurrence = int(str(wait["occurrence"])) + 1
    due = feel.next_cycle(datetime.fromisoformat(str(wait["start"])), str(interval), occurrence)
    return {
        **wait,
        "due": due.astimezone(UTC).isoformat(),
        "left": None if left is None else int(str(left)) - 1,
        "occurrence": occurrence,
    }


def take_payload(token: Task, element: Element, values: Mapping[str, Json]) -> None:
    """Assign a payload: through the output mappings when there are any, else name by name."""
    game: Game = token.workflow
    outputs = element.details.outputs
    if outputs:
        view = {**game.variables(token), **values}
        values = {mapping.target: game.evaluate(mapping.source, view) for mapping in outputs}
    game.scopes.assign(token.internal_data["scope"], values)


def arm_followers(token: Task, followers: list[str]) -> None:
    """Let every event behind an event-based gateway wait; the first one wins."""
    game: Game = token.workflow
    for flow_id in followers:
        emit(game, flow_id, token.internal_data["scope"])
        game.agenda[-1].internal_data["group"] = token.id
