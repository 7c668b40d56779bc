"""Events: what they throw, and what happens when what they wait for (`waits`) has come."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.bpmn.model import Element, EventDefinition
from engine.handlers import Json
from engine.spiff import compensation, errors, listeners, loops, waits
from engine.spiff.game import Game, Signalled, StepFailed, Thrown
from engine.spiff.nodes import Node, emit, link_targets
from engine.spiff.scopes import nested


def due_text(value: Json) -> str | None:
    """Return a due moment as ISO text in UTC; naive times are local to the people."""
    moment = feel.moment(value) if value is not None else None
    return None if moment is None else moment.astimezone(UTC).isoformat()


def throw_message(token: Task, element: Element, definition: EventDefinition | None = None) -> None:
    """Throw the message of an element: its name, its key in the thrower's scope, its mapped inputs."""
    game: Game = token.workflow
    wait = waits.message_wait(token, element, definition)
    game.thrown.append(Thrown(element.id, str(wait["name"]), str(wait["key"]), _payload(token, element)))


def throw_signal(token: Task, element: Element, definition: EventDefinition) -> None:
    """Throw the signal of an element: whoever waits for it in this instance hears it now, others after it."""
    game: Game = token.workflow
    name, values = waits.signal_name(token, element, definition), _payload(token, element)
    game.signals.append(Signalled(element.id, name, values))
    hear_signal(game, name, values)


def hear_signal(game: Game, name: str, values: Mapping[str, Json]) -> None:
    """Wake every token that waits for a signal, in the order they were made."""
    heard = {"kind": "signal", "name": name}
    waiting = (token for token in game.tokens() if token.state == TaskState.WAITING)
    game.wake_all([t for t in waiting if heard.items() <= t.internal_data.get("wait", {}).items()], values)


def _payload(token: Task, element: Element) -> dict[str, Json]:
    game: Game = token.workflow
    view = game.variables(token)
    return {mapping.target: game.evaluate(mapping.source, view) for mapping in element.details.inputs}


def _escalate(token: Task, _element: Element, definition: EventDefinition) -> None:
    errors.escalate(token.workflow, token, waits.code_of(token, definition))


def _prepare_error(token: Task, _element: Element, definition: EventDefinition) -> None:
    token.internal_data["code"] = waits.code_of(token, definition)  # asked here, where it can still fail


# kind of event → what throws it; links, errors and terminate ends act when the token leaves
THROWS: dict[str, Callable[[Task, Element, EventDefinition], None]] = {
    "message": throw_message,
    "signal": throw_signal,
    "escalation": _escalate,
    "error": _prepare_error,
}


def throw_all(token: Task, element: Element) -> None:
    """Throw everything that a throwing event says, in the order of the file."""
    for definition in element.event_definitions:
        if definition.kind in THROWS:
            THROWS[definition.kind](token, element, definition)


def attach(host: Task, boundary: Element) -> None:
    """Arm a boundary event for an activity."""
    game: Game = host.workflow
    if boundary.event_kind == "compensate":
        return  # it has no token: what it compensates is remembered when the activity has completed
    token = game.hold(boundary.id, host.internal_data["scope"], host=host.id)
    try:
        waits.arm(token, boundary)
    except (feel.FeelError, StepFailed):
        game.disarm(token)
        raise


class StartEvent(Node):
    """A start event that was triggered runs at once; one of an event sub-process listens first."""

    def activate(self, token: Task) -> bool:
        """Listen for a scope, or go on."""
        if "listens" not in token.internal_data:
            return True
        waits.arm(token, self.element)
        return False

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Begin the event sub-process, or take the payload inside it."""
        if "listens" in token.internal_data:
            listeners.fire(token, values)
        else:
            take_payload(token, self.element, values)

    def choose(self, token: Task) -> list[str]:
        """Leave by the flows; a listener leaves by none."""
        return [] if "listens" in token.internal_data else super().choose(token)

    def leave(self, token: Task) -> None:
        """Go on; a listener that has fired is gone, its event sub-process tells the rest."""
        if "listens" in token.internal_data:
            token.workflow.disarm(token)
        else:
            super().leave(token)


class EndEvent(Node):
    """An end event ends its path; some ends do more."""

    def execute(self, token: Task) -> bool:
        """Throw what the end event says."""
        throw_all(token, self.element)
        return compensation.throw_all(token)

    def leave(self, token: Task) -> None:
        """End; a terminate end takes its whole scope along, an error end what catches it."""
        game: Game = token.workflow
        scope = token.internal_data["scope"]
        super().leave(token)
        for definition in self.element.event_definitions:
            if definition.kind == "terminate":
                for other in game.inside(scope):
                    game.cancel_token(other)
            elif definition.kind == "error" and game.status == "active":
                errors.throw_from(game, scope, None, token.internal_data.get("code", definition.code))
            elif definition.kind == "cancel":
                compensation.cancel_transaction(game, scope)


class ThrowEvent(Node):
    """An intermediate throw event."""

    def execute(self, token: Task) -> bool:
        """Throw."""
        throw_all(token, self.element)
        return compensation.throw_all(token)

    def leave(self, token: Task) -> None:
        """Leave by the flows; a link continues at the catch event of the same name."""
        super().leave(token)
        for target in link_targets(self.process, self.element):
            token.workflow.place(target.id, token.internal_data["scope"])


class CatchEvent(Node):
    """An intermediate catch event waits for what it says; a timer cycle leaves once per occurrence."""

    def activate(self, token: Task) -> bool:
        """Wait."""
        if self.element.event_kind in ("none", "link"):
            return True
        waits.arm(token, self.element)
        return False

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Take the payload through the output mappings, or as it is."""
        data = token.internal_data
        token.workflow.disarm_parts(token)
        take_payload(token, self.element, values)
        if data["fired"].get("interval") is not None and "chosen" not in data:
            came = {"flow": data["flow"]} if "flow" in data else {}
            waits.arm_again(token, self.element.id, **came)


class BoundaryEvent(Node):
    """A boundary event fires on its activity: it ends it, or goes beside it and waits again."""

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Interrupt the activity or arm the event again, then take the payload."""
        game: Game = token.workflow
        host = game.tasks.get(token.internal_data.get("host"))
        if host is not None and not self.element.interrupting:
            # what can fail comes first: a retry must find the event still attached
            waits.arm_again(token, self.element.id, host=host.id)
        token.internal_data.pop("host", None)
        if host is not None and self.element.interrupting:
            game.disarm_parts(token)
            loops.hand_over(host)
            game.cancel_token(host)
        take_payload(token, self.element, values)


def take_payload(token: Task, element: Element, values: Mapping[str, Json]) -> None:
    """Assign a payload: through the output mappings when there are any, else name by name."""
    game: Game = token.workflow
    outputs = element.details.outputs
    if outputs:
        view = {**game.variables(token), **values}
        values = {}
        for mapping in outputs:
            name, value = nested(mapping.target, game.evaluate(mapping.source, view), {**view, **values})
            values = {**values, name: value}
    game.scopes.assign(token.internal_data["scope"], values)


def arm_followers(token: Task, followers: list[str]) -> None:
    """Let every event behind an event-based gateway wait; the first one wins."""
    game: Game = token.workflow
    planned = []
    for flow_id in followers:
        emit(game, flow_id, token.internal_data["scope"])
        planned.append(game.agenda.pop())
        planned[-1].internal_data["group"] = token.id
    # all wait before anything else moves: what another branch throws next is not lost
    game.agenda.extendleft(reversed(planned))
