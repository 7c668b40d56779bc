"""Gateways: tokens wait for each other by the flow they came along, per scope."""

from __future__ import annotations

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.spiff import events
from engine.spiff.game import Game, StepFailed
from engine.spiff.nodes import Node, link_targets


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
                first.setdefault(other.internal_data["flow"], other)
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
        first = arrived[token.internal_data["flow"]] is token
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
        game: Game = token.workflow
        arrived = set(self.arrived(token))
        empty = set(self.element.incoming) - arrived
        if not empty:
            return True
        elements = set()
        for other in game.inside(token.internal_data["scope"]):
            # an attached event holds no token of its own: what it may send is reached from its activity
            if other.task_spec is self or "host" in other.internal_data:
                continue
            elements.add(other.task_spec.element.id)
        reaches = [self._reach(element) for element in elements]
        return not any(reached & empty and not reached & arrived for reached in reaches)

    def fire(self, token: Task) -> None:
        """Merge what has arrived and go on."""
        game: Game = token.workflow
        self.consume(token, self.arrived(token))
        token.internal_data["done"] = True  # joined tokens are gone: a retry must not wait for them again
        token._set_state(TaskState.READY)
        game.agenda.append(token)

    def _reach(self, start: str) -> set[str]:
        """Return the flows reachable from an element without passing this gateway."""
        seen: set[str] = set()
        todo = [start]
        while todo:
            element = self.process.elements[todo.pop()]
            aside = [*self.process.boundary_events(element.id), *link_targets(self.process, element)]
            flows = [flow for flow in element.outgoing if flow not in seen]
            seen.update(flows)
            targets = [self.process.flows[flow].target for flow in flows]
            todo.extend(target for target in targets if target != self.element.id)
            todo.extend(other.id for other in aside if not set(other.outgoing) <= seen)
        return seen


class EventBasedGateway(Node):
    """Let the events behind it wait together; the first one that happens wins."""

    def choose(self, token: Task) -> list[str]:
        """Take no flow itself: the winner goes on."""
        return []

    def leave(self, token: Task) -> None:
        """Arm the events."""
        super().leave(token)
        events.arm_followers(token, list(self.element.outgoing))
