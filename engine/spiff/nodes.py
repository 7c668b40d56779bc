"""What every element does: be activated, run, leave along its flows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.bpmn_spec_mixin import BpmnSpecMixin
from SpiffWorkflow.task import Task

from engine import feel
from engine.bpmn.model import SUB_PROCESSES, Element, Process
from engine.handlers import Json
from engine.spiff.game import Game, StepFailed, spec_name


class Node(BpmnSpecMixin):
    """One element as SpiffWorkflow's task spec; it moves empty tokens and predicts nothing."""

    def __init__(self, spec: Any, element: Element, process: Process) -> None:
        super().__init__(
            spec,
            spec_name(element.id),
            bpmn_name=element.name,
            lane=element.lane,
            manual=element.kind == "userTask",
        )
        self.element = element
        self.process = process
        self.boundaries = process.boundary_events(element.id)
        undone = any(boundary.event_kind == "compensate" for boundary in self.boundaries)
        self.handler = process.compensation_handler(element.id) if undone else None
        is_scope = element.kind in SUB_PROCESSES
        self.compensation_start = process.compensation_start(element.id) if is_scope else None

    def test(self) -> None:
        """Accept any wiring: the check has judged it before deployment."""

    def _predict_hook(self, token: Task) -> None:
        pass

    def _update_hook(self, token: Task) -> bool:
        return self.activate(token)

    def _run_hook(self, token: Task) -> bool:
        data = token.internal_data
        if not data.get("done"):
            if not self.execute(token):
                return None  # type: ignore[return-value]  # SpiffWorkflow reads None as "started, not done"
            data["done"] = True
        if "received" in data:
            self.receive(token, data["received"])
            del data["received"]
        if not data.get("settled"):
            self.settle(token)
            data["settled"] = True
        data["flows"] = self.choose(token)
        return True

    def _on_complete_hook(self, token: Task) -> None:
        self.leave(token)

    def activate(self, token: Task) -> bool:
        """Prepare the element; True when it may run at once, False when it waits."""
        return True

    def execute(self, token: Task) -> bool:
        """Do the element's own work; False when somebody else does it and the token waits."""
        return True

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Take the values that the token waited for."""
        token.workflow.scopes.assign(token.internal_data["scope"], values)

    def settle(self, token: Task) -> None:
        """Bring the results of the work to where they belong."""

    def choose(self, token: Task) -> list[str]:
        """Choose the flows to leave by: all without condition, those that are true.

        When none is true, the default is one of them, beside those without condition (BPMN 2.0.2, 13.2.1).
        """
        conditional = met = False
        taken: list[str] = []
        for flow_id in self.element.outgoing:
            flow = self.process.flows[flow_id]
            if flow_id == self.element.default:
                continue
            if flow.condition is None:
                taken.append(flow_id)
                continue
            conditional = True
            if self.holds(token, flow.condition):
                met = True
                taken.append(flow_id)
        if self.element.default and not met:
            return [*taken, self.element.default]
        if conditional and not taken:
            raise StepFailed(
                element=self.element.id,
                reason="no outgoing condition is true and there is no default flow",
                reason_vi="không điều kiện nào đúng và không có nhánh mặc định",
            )
        return taken

    def holds(self, token: Task, condition: str) -> bool:
        """Tell whether a condition is true; null and other values raise, they are never 'false'."""
        game: Game = token.workflow
        return feel.condition(condition, game.variables(token), game.host.now)

    def leave(self, token: Task) -> None:
        """Remove the token and put one on the target of each chosen flow."""
        game: Game = token.workflow
        game.remove(token)
        self.note_completed(token)
        for flow_id in token.internal_data["flows"]:
            for _ in range(self.element.completion_quantity):
                emit(game, flow_id, token.internal_data["scope"])

    def left_behind(self, token: Task) -> dict[str, Json]:
        """Return what history keeps of a token that is cancelled, besides the flow that led to it."""
        return {}

    def note_entered(self, token: Task) -> None:
        """Record that a token rests here without waiting for anybody outside, with the flow that led here."""
        flow = token.internal_data.get("flow")
        if flow is not None:
            token.workflow.note("element.entered", token, flows=[flow])

    def note_completed(self, token: Task) -> None:
        """Record the completion with the flows that led here."""
        data = token.internal_data
        flows = data.get("joined") or ([data["flow"]] if "flow" in data else [])
        token.workflow.note("element.completed", token, flows=flows)


def link_targets(process: Process, source: Element) -> list[Element]:
    """Return where a throwing link goes on: the catching link of the same name on the same level."""
    if source.kind != "intermediateThrowEvent" or source.event is None or source.event_kind != "link":
        return []
    return [
        other
        for other in process.inside(source.scope)
        if other.kind == "intermediateCatchEvent" and other.event_kind == "link"
        if other.event is not None and other.event.code == source.event.code
    ]


def emit(game: Game, flow_id: str, scope: int) -> None:
    """Send a token along a flow."""
    flow = game.process.flows[flow_id]
    game.place(flow.target, scope, flow=flow_id)
