"""Gateways: tokens wait for each other by the flow they came along, per scope."""

from __future__ import annotations

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.spiff import events
from engine.spiff.game import Game, StepFailed, is_armed
from engine.spiff.nodes import Node, link_targets

RESET = "resets"
WAITING_FOR_START = "waitingForStart"
_SILENT = frozenset({RESET, "replay", "aside"})  # tokens that send nothing on: they wait for others, or undo


class ExclusiveGateway(Node):
    """Take the first flow whose condition is true, else the default."""

    def choose(self, token: Task) -> list[str]:
        """Evaluate in the order of the file; stop at the first true one."""
        flows = [self.process.flows[flow_id] for flow_id in self.element.outgoing]
        if len(flows) == 1 and flows[0].condition is None:
            return [flows[0].id]
        for flow in flows:
            if flow.id != self.element.default and flow.condition and self.holds(token, flow.condition):
                return [flow.id]
        if self.element.default:
            return [self.element.default]
        if not flows:
            return []
        raise StepFailed(
            element=self.element.id,
            reason="no outgoing condition is true and there is no default flow",
            reason_vi="không điều kiện nào đúng và không có nhánh mặc định",
        )


class Join(Node):
    """A gateway that waits for tokens on several incoming flows."""

    def arrived(self, token: Task) -> dict[str, Task]:
        """Return the first waiting token of each incoming flow in this token's scope, itself included."""
        game: Game = token.workflow
        first: dict[str, Task] = {}
        for other in game.inside(token.internal_data["scope"]):
            if other.task_spec is self and (other is token or "wait" in other.internal_data):
                first.setdefault(other.internal_data.get("flow", ""), other)
        return first

    def consume(self, token: Task, arrived: dict[str, Task]) -> None:
        """Merge one token of each flow into this one, which is the first of its own flow."""
        game: Game = token.workflow
        token.internal_data.pop("wait", None)
        token.internal_data["joined"] = list(arrived)
        for other in arrived.values():
            if other is not token:
                game.remove(other)

    waiting = "parallel"

    def wait(self, token: Task) -> bool:
        """Let the token wait for the others."""
        token.internal_data["wait"] = {"kind": self.waiting}
        self.note_entered(token)
        token._set_state(TaskState.WAITING)
        return False


class ParallelGateway(Join):
    """Wait for one token on each incoming flow, then leave by all outgoing flows."""

    def activate(self, token: Task) -> bool:
        """Join when every incoming flow has a token."""
        arrived = self.arrived(token)
        first = arrived[token.internal_data.get("flow", "")] is token
        if not first or not set(self.element.incoming) <= set(arrived):
            return self.wait(token)
        self.consume(token, arrived)
        return True

    def choose(self, token: Task) -> list[str]:
        """Leave by all flows."""
        return list(self.element.outgoing)


class InclusiveGateway(Join):
    """Wait until no token can still reach an empty incoming flow; leave by all flows that are true."""

    waiting = "join"

    def activate(self, token: Task) -> bool:
        """Wait when there is something to join; the game fires it when everything else has come to rest."""
        return True if len(self.element.incoming) <= 1 else self.wait(token)

    def may_fire(self, token: Task) -> bool:
        """Tell whether no other token of the scope can still reach an incoming flow that has none."""
        arrived = set(self.arrived(token))
        return not self.awaited(token, set(self.element.incoming) - arrived, arrived)

    def awaited(self, token: Task, empty: set[str], arrived: set[str]) -> bool:
        """Tell whether a token of the scope can reach an empty flow, and none that has a token already."""
        game: Game = token.workflow
        if not empty:
            return False
        elements = {
            # an attached event holds no token of its own: what it may send is reached from its activity
            other.task_spec.element.id
            for other in game.inside(token.internal_data["scope"])
            if other.task_spec is not self
            and not is_armed(other)
            and not _SILENT & other.internal_data.keys()
        }
        # what an attached event may send beside its activity is no other way for the activity's own token
        return any(
            self._reach(element) & empty and not self._reach(element, attached=False) & arrived
            for element in elements
        )

    def fire(self, token: Task) -> None:
        """Merge what has arrived and go on."""
        game: Game = token.workflow
        self.consume(token, self.arrived(token))
        token.internal_data["done"] = True  # joined tokens are gone: a retry must not wait for them again
        token._set_state(TaskState.READY)
        game.agenda.append(token)

    def _reach(self, start: str, attached: bool = True) -> set[str]:
        """Return the flows reachable from an element without passing this gateway, by attached events too."""
        seen: set[str] = set()
        todo = [start]
        while todo:
            element = self.process.elements[todo.pop()]
            aside = link_targets(self.process, element)
            aside += self.process.boundary_events(element.id) if attached else []
            flows = [flow for flow in element.outgoing if flow not in seen]
            seen.update(flows)
            targets = [self.process.flows[flow].target for flow in flows]
            todo.extend(target for target in targets if target != self.element.id)
            todo.extend(other.id for other in aside if not set(other.outgoing) <= seen)
        return seen


class ComplexGateway(InclusiveGateway):
    """Split and join like an inclusive gateway; an activation condition lets it go on before all have come.

    When it has gone on, a token with RESET keeps the flows it went on with, until each of the others has
    brought its token, or cannot any more (BPMN 2.0.2, 13.4.5). Conditions on its outgoing flows may ask
    `waitingForStart`: those that do are asked again at the reset, when it is false.
    """

    def activate(self, token: Task) -> bool:
        """Go on as soon as the activation condition is true; what comes until the reset waits for that."""
        if self.element.activation_condition is None:
            return super().activate(token)
        token.internal_data.pop("wait", None)
        if self._resetting(token) is not None or not self._starts(token):
            return self.wait(token)
        arrived = self.arrived(token)
        self.consume(token, arrived)
        if set(arrived) < set(self.element.incoming):
            game: Game = token.workflow
            marker = game.hold(self.element.id, token.internal_data["scope"], wait={"kind": self.waiting})
            marker.internal_data[RESET] = list(arrived)
            marker._set_state(TaskState.WAITING)
        return True

    def arrived(self, token: Task) -> dict[str, Task]:
        """Return the tokens that came along the flows, for its own this one, the first or not."""
        first = {flow: other for flow, other in super().arrived(token).items() if flow}
        return {**first, token.internal_data["flow"]: token} if "flow" in token.internal_data else first

    def may_fire(self, token: Task) -> bool:
        """Tell whether it resets now; without an activation condition, whether everything has come."""
        if self.element.activation_condition is None:
            return super().may_fire(token)
        marker = self._resetting(token)
        if marker is None:
            return False
        arrived = set(self.arrived(marker)) | set(marker.internal_data[RESET])
        return not self.awaited(marker, set(self.element.incoming) - arrived, arrived)

    def fire(self, token: Task) -> None:
        """Reset: take one token of each late flow away; those of a next round begin it."""
        marker = self._resetting(token)
        if marker is None:
            super().fire(token)
            return
        game: Game = token.workflow
        used = marker.internal_data.pop(RESET)
        late = {flow: other for flow, other in self.arrived(marker).items() if flow not in used}
        self.consume(marker, late)
        marker.internal_data.update(done=True, reset=True)
        marker._set_state(TaskState.READY)
        game.agenda.append(marker)
        for other in game.inside(marker.internal_data["scope"]):
            if other.task_spec is self and other is not marker:
                other._set_state(TaskState.FUTURE)
                game.agenda.append(other)

    def choose(self, token: Task) -> list[str]:
        """Leave by the flows that are true; at a reset by those only that ask for it."""
        if "reset" not in token.internal_data:
            return super().choose(token)
        flows = [self.process.flows[flow_id] for flow_id in self.element.outgoing]
        asking = [flow for flow in flows if WAITING_FOR_START in (flow.condition or "")]
        return [flow.id for flow in asking if flow.condition and self.holds(token, flow.condition)]

    def holds(self, token: Task, condition: str) -> bool:
        """Tell whether a condition is true for the part of its round that the gateway is in."""
        game: Game = token.workflow
        view = {**game.variables(token), WAITING_FOR_START: "reset" not in token.internal_data}
        return feel.condition(condition, view, game.host.now)

    def note_completed(self, token: Task) -> None:
        """Record the reset apart: it is no second passage."""
        if "reset" in token.internal_data:
            token.workflow.note("gateway.reset", token, flows=token.internal_data["joined"])
        else:
            super().note_completed(token)

    def _resetting(self, token: Task) -> Task | None:
        game: Game = token.workflow
        there = (other for other in game.inside(token.internal_data["scope"]) if other.task_spec is self)
        return next((other for other in there if RESET in other.internal_data), None)

    def _starts(self, token: Task) -> bool:
        """Ask the activation condition, with the number of tokens that have come."""
        game: Game = token.workflow
        here = [other for other in game.inside(token.internal_data["scope"]) if other.task_spec is self]
        waiting = [other for other in here if other is token or "wait" in other.internal_data]
        view = {**game.variables(token), "activationCount": len(waiting)}
        return feel.condition(self.element.activation_condition or "", view, game.host.now)


class EventBasedGateway(Node):
    """Let the events behind it wait together; the first one that happens wins."""

    def choose(self, token: Task) -> list[str]:
        """Take no flow itself: the winner goes on."""
        return []

    def leave(self, token: Task) -> None:
        """Arm the events."""
        super().leave(token)
        events.arm_followers(token, list(self.element.outgoing))
