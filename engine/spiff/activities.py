"""Tasks, sub-processes and their multi-instance loops."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.model import Element, Process
from engine.errors import EngineError, NotFound
from engine.handlers import Json
from engine.spiff import ad_hoc, compensation, events, limits, loops, waits
from engine.spiff.game import Game, StepFailed
from engine.spiff.nodes import Node
from engine.spiff.scopes import nested


class Activity(Node):
    """An activity: attached events, local variables, loop, then its own work."""

    def __init__(self, spec: Any, element: Element, process: Process) -> None:
        super().__init__(spec, element, process)
        self.around = ad_hoc.container(process, element)

    def activate(self, token: Task) -> bool:
        """Arm the attached events, start the iterations or open the local scope, then begin the work."""
        data = token.internal_data
        iteration = "body" in data
        if not iteration and not self._gather(token):
            return False
        if "snapshot" in data:
            compensation.restore(token)
        if "replay" in data:
            compensation.replay(token)
            return False
        if not iteration:
            for boundary in self.boundaries:
                events.attach(token, boundary)
        if self.element.loop is not None and not iteration:
            return loops.begin(token)
        self._map_inputs(token)
        return self.begin(token)

    def _gather(self, token: Task) -> bool:
        """Take as many tokens as the activity needs to start; False while this one waits for others."""
        game: Game = token.workflow
        data, needed = token.internal_data, self.element.start_quantity - 1
        if needed <= 0 or "joined" in data:
            return True
        waiting = [
            other
            for other in game.inside(data["scope"])
            if other.task_spec is self and other.internal_data.get("wait", {}).get("kind") == "quantity"
        ][:needed]
        if len(waiting) < needed:
            data["wait"] = {"kind": "quantity"}
            self.note_entered(token)
            token._set_state(TaskState.WAITING)
            return False
        flows = [other.internal_data.get("flow") for other in [*waiting, token]]
        data["joined"] = [flow for flow in flows if flow is not None]
        for other in waiting:
            game.remove(other)
        return True

    def begin(self, token: Task) -> bool:
        """Begin the work; False when the activity waits for somebody."""
        return True

    def local(self, token: Task) -> int:
        """Return the local scope of the token, opened when first needed."""
        current: Game = token.workflow
        if "local" not in token.internal_data:
            number = current.number()
            token.internal_data["local"] = current.scopes.open(number, token.internal_data["scope"], token.id)
        local: int = token.internal_data["local"]
        return local

    def _map_inputs(self, token: Task) -> None:
        current: Game = token.workflow
        for mapping in self.element.details.inputs:
            value = current.evaluate(mapping.source, current.variables(token))
            local = self.local(token)
            own = current.scopes.rows[local].variables
            current.scopes.write(local, *nested(mapping.target, value, own))

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Keep results in the local scope while output mappings decide what leaves it, else assign them."""
        current: Game = token.workflow
        if self.element.details.outputs:
            for name, value in values.items():
                current.scopes.write(self.local(token), name, value)
        else:
            start = token.internal_data.get("local", token.internal_data["scope"])
            current.scopes.assign(start, values)

    def settle(self, token: Task) -> None:
        """Apply the output mappings once."""
        current: Game = token.workflow
        if "replay" in token.internal_data or (self.element.loop is not None and not _iterates(token)):
            return
        view = current.variables(token)
        values: dict[str, Json] = {}
        for mapping in self.element.details.outputs:
            name, value = nested(mapping.target, current.evaluate(mapping.source, view), {**view, **values})
            values[name] = value
        if self.element.loop is not None and self.element.loop.kind != "standard":
            # the results of one instance stay in it until the collection is complete
            for name, value in values.items():
                current.scopes.write(self.local(token), name, value)
        else:
            current.scopes.assign(token.internal_data["scope"], values)

    def choose(self, token: Task) -> list[str]:
        """Leave by the flows of the activity; an iteration and what undoes something leave by none."""
        data = token.internal_data
        flows = [] if _iterates(token) or "compensates" in data else super().choose(token)
        if self.around is not None and not _iterates(token) and "compensates" not in data:
            # asked here, where it can still fail: what is done after this cannot be taken back
            data["ends_around"] = ad_hoc.ends(token, self.around)
        return flows

    def leave(self, token: Task) -> None:
        """Close what hung on the activity, then go on; an iteration reports to its body."""
        current: Game = token.workflow
        current.cancel_attached(token)
        if _iterates(token):
            loops.finish_iteration(token)
            return
        if self.element.loop is not None and "replay" not in token.internal_data:
            # its iterations are remembered one by one
            if "local" in token.internal_data:
                current.close_scope(token.internal_data["local"])
        else:
            self.close(token)
        super().leave(token)
        if self.around is not None and token.internal_data.get("ends_around"):
            ad_hoc.finish(current, token.internal_data["scope"], self.around)

    def close(self, token: Task) -> None:
        """Remember what completes for compensation, then close its local scope."""
        compensation.remember(token)
        if "local" in token.internal_data:
            token.workflow.close_scope(token.internal_data["local"])

    def start_next(self, token: Task) -> bool:
        """Start what still has to come inside an emptied sub-process; False when nothing has."""
        return False

    def left_behind(self, token: Task) -> dict[str, Json]:
        """Keep the results that a multi-instance had already when it was cancelled."""
        kept = loops.given(token)
        return {"results": kept} if kept else {}

    def note_completed(self, token: Task) -> None:
        """Record a loop as such: its iterations were recorded as the element itself."""
        if "replay" in token.internal_data:
            token.workflow.note("element.compensated", token, flows=[])
        elif self.element.loop is None:
            super().note_completed(token)
        else:
            token.workflow.note("loop.completed", token, flows=[token.internal_data.get("flow")])


def _iterates(token: Task) -> bool:
    """Tell whether a token is one iteration of a loop."""
    return "body" in token.internal_data and "replay" not in token.internal_data


class UserTask(Activity):
    """A user task waits for a person; what the person must know is evaluated once, when it is created."""

    def begin(self, token: Task) -> bool:
        """Evaluate assignment, schedule and subject."""
        current: Game = token.workflow
        details = self.element.details
        view = current.variables(token)

        def resolved(attribute: str | None) -> Json:
            return current.evaluate(attribute, view) if attribute else None

        plan = limits.read_plan(self.element, resolved)
        follow_up = self._due(resolved(details.follow_up_date))
        token.internal_data["wait"] = {
            "kind": "task",
            "name": self.element.name or self.element.id,
            "assignee": self._name_of("assignee", resolved(details.assignee)),
            "groups": _names(resolved(details.candidate_groups)),
            "users": _names(resolved(details.candidate_users)),
            "due": self._due(resolved(details.due_date)) or self._due_after(current, plan or {}),
            "priority": _priority(resolved(details.priority)),
            "form": self._name_of("form", resolved(details.form_id)),
            "subject": _text(resolved(details.properties.get("bv:subject"))) or self.element.name,
            **({} if follow_up is None else {"follow_up": follow_up}),
            **({} if plan is None else {"deadline": plan}),
        }
        return True

    def _name_of(self, what: str, value: Json) -> str | None:
        """Return a name, None for an empty one; anything but text would name nobody in silence."""
        if value is None or isinstance(value, str):
            return value or None
        raise StepFailed(
            element=self.element.id,
            reason=f"its {what} is not text",
            reason_vi=f"giá trị {what} không phải là chữ",
        )

    def _due_after(self, game: Game, plan: Mapping[str, Any]) -> str | None:
        """Return when the working days of a plan are over, as ISO text in UTC."""
        days = plan.get("working_days")
        if days is None:
            return None
        start = None if plan["from"] is None else datetime.fromisoformat(plan["from"])
        try:
            return game.host.due_after(days, plan["calendar"], start).astimezone(UTC).isoformat()
        except EngineError as error:  # the calendar knows no such year, or there is no such calendar
            reason, reason_vi = error.text("en"), error.text("vi")
            raise StepFailed(element=self.element.id, reason=reason, reason_vi=reason_vi) from error

    def _due(self, value: Json) -> str | None:
        due = events.due_text(value)
        if due is None and value is not None:
            raise StepFailed(
                element=self.element.id,
                reason="its due date is not a date and time",
                reason_vi="thời hạn không phải là ngày giờ",
            )
        return due


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _names(value: Json) -> list[Json]:
    if isinstance(value, str):
        return [name.strip() for name in value.split(",") if name.strip()]
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def _priority(value: Json) -> int:
    return _number(value, 50)


def _number(value: Json, otherwise: int) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if type(value) is int else otherwise


class ServiceTask(Activity):
    """A service task calls its handler inside the step, or waits as a job for somebody else."""

    def execute(self, token: Task) -> bool:
        """Call the handler; wait when it runs outside the step."""
        current: Game = token.workflow
        if self.element.details.job_type is None:
            return True
        results = current.host.call(self.element, current.variables(token))
        if results is None:
            view = current.variables(token)
            token.internal_data["wait"] = {
                "kind": "job",
                "type": str(current.evaluate(self.element.details.job_type, view)),
                "retries": _number(current.evaluate(self.element.details.retries or "3", view), 3),
            }
            return False
        self.receive(token, results)
        return True


class BusinessRuleTask(ServiceTask):
    """A business rule task takes the result of a decision; with a job type it is a service task."""

    def execute(self, token: Task) -> bool:
        """Evaluate the decision with the visible variables, inside the step."""
        current: Game = token.workflow
        details = self.element.details
        if details.called_decision is None:
            return super().execute(token)
        view = current.variables(token)
        decision = current.evaluate(details.called_decision, view)
        if not isinstance(decision, str) or not decision:
            raise StepFailed(
                element=self.element.id,
                reason="the decision to evaluate has no id",
                reason_vi="không rõ quyết định cần tính",
            )
        try:
            decided = current.host.decide(self.element, decision, view)
        except NotFound as error:
            reason = "its decision is not deployed: " + decision
            reason_vi = f"quyết định “{decision}” chưa được triển khai"
            raise StepFailed(element=self.element.id, reason=reason, reason_vi=reason_vi) from error
        current.note("decision.evaluated", token, **decided.told)
        self.receive(token, {details.decision_result or "result": decided.result})
        return True


class ScriptTask(ServiceTask):
    """A script task evaluates one FEEL expression into a variable."""

    def execute(self, token: Task) -> bool:
        """Evaluate the script; a zeebe task definition makes it a service task instead."""
        current: Game = token.workflow
        details = self.element.details
        if details.script is None:
            return super().execute(token)
        value = current.calculate(details.script, current.variables(token))
        self.receive(token, {details.script_result or "result": value})
        return True


class SendTask(ServiceTask):
    """A send task throws its message, or calls its handler."""

    def execute(self, token: Task) -> bool:
        """Throw the message."""
        if self.element.details.job_type is not None:
            return super().execute(token)
        events.throw_message(token, self.element)
        return True


class ReceiveTask(Activity):
    """A receive task waits for its message."""

    def begin(self, token: Task) -> bool:
        """Subscribe."""
        token.internal_data["wait"] = waits.message_wait(token, self.element)
        token._set_state(TaskState.WAITING)
        return False
