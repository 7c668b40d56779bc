"""Tasks, sub-processes and their multi-instance loops."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.handlers import Json
from engine.spiff import events
from engine.spiff.game import ITERATIONS, Call, Game, StepFailed
from engine.spiff.nodes import Node

DUE = "bv:dueInWorkingDays"
MOST_WORKING_DAYS = 1_000


class Activity(Node):
    """An activity: attached events, local variables, loop, then its own work."""

    def activate(self, token: Task) -> bool:
        """Arm the attached events, start the iterations or open the local scope, then begin the work."""
        iteration = "body" in token.internal_data
        if not iteration:
            for boundary in self.process.boundary_events(self.element.id):
                events.attach(token, boundary)
        if self.element.loop is not None and not iteration:
            return self._start_iterations(token)
        self._map_inputs(token)
        return self.begin(token)

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
            current.scopes.write(self.local(token), mapping.target, value)

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
        if self.element.loop is not None and "body" not in token.internal_data:
            return
        outputs = self.element.details.outputs
        view = current.variables(token)
        values = {mapping.target: current.evaluate(mapping.source, view) for mapping in outputs}
        outer = token.internal_data["scope"]
        if "body" in token.internal_data:
            # the results of one iteration stay in it until the collection is complete
            for name, value in values.items():
                current.scopes.write(self.local(token), name, value)
        else:
            current.scopes.assign(outer, values)

    def choose(self, token: Task) -> list[str]:
        """Leave by the flows of the activity; an iteration leaves by none."""
        return [] if "body" in token.internal_data else super().choose(token)

    def leave(self, token: Task) -> None:
        """Close what hung on the activity, then go on; an iteration reports to its body."""
        current: Game = token.workflow
        current.cancel_attached(token)
        if "body" in token.internal_data:
            self._finish_iteration(token)
            return
        if "local" in token.internal_data:
            current.scopes.close(token.internal_data["local"])
        super().leave(token)

    def note_completed(self, token: Task) -> None:
        """Record a loop as such: its iterations were recorded as the element itself."""
        if self.element.loop is None:
            super().note_completed(token)
        else:
            token.workflow.note("loop.completed", token, flows=[token.internal_data.get("flow")])

    def _start_iterations(self, body: Task) -> bool:
        items = self._items(body)
        if not items:
            self._collect(body, [])
            return True
        sequential = self.element.loop is not None and self.element.loop.kind == "sequential"
        body.internal_data.update(count=len(items), results=[None] * len(items), finished=0)
        body.internal_data["remaining"] = items[1:] if sequential else []
        body._set_state(TaskState.STARTED)
        for index, item in enumerate(items[:1] if sequential else items):
            self._iterate(body, index, item)
        return False

    def _items(self, body: Task) -> list[Json]:
        current: Game = body.workflow
        loop = self.element.loop
        view = current.variables(body)
        source = (loop.input_collection or loop.cardinality or "") if loop is not None else ""
        text = source if source.startswith("=") or not source else "=" + source
        value = current.evaluate(text, view)
        if loop is not None and loop.input_collection is None and type(value) is int:
            value = list(range(1, min(value, ITERATIONS + 1) + 1))
        if not isinstance(value, list) or len(value) > ITERATIONS:
            raise StepFailed(
                element=self.element.id,
                reason=f"its collection is not a list of at most {ITERATIONS} items",
                reason_vi=f"danh sách lặp không phải là danh sách có tối đa {ITERATIONS} mục",
            )
        return value

    def _iterate(self, body: Task, index: int, item: Json) -> None:
        current: Game = body.workflow
        loop = self.element.loop
        token = current.place(self.element.id, body.internal_data["scope"], body=body.id, index=index)
        local = self.local(token)
        current.scopes.rows[local].variables["loopCounter"] = index + 1
        if loop is not None and loop.input_element:
            current.scopes.write(local, loop.input_element, item)
        target = (loop.output_element or "").removeprefix("=").strip() if loop is not None else ""
        if target.isidentifier():
            # an iteration keeps its own result: without this line the iterations would overwrite each other
            current.scopes.rows[local].variables.setdefault(target, None)

    def _finish_iteration(self, token: Task) -> None:
        current: Game = token.workflow
        loop = self.element.loop
        body = current.token(token.internal_data["body"])
        if body is None or loop is None:
            raise LookupError("an iteration lives only inside its body")
        view = current.variables(token)
        data = body.internal_data
        # everything that can fail comes before the first change: a failed iteration keeps its place
        result = current.evaluate(_expression(loop.output_element), view) if loop.output_element else None
        over = self._complete(body, view)
        data["results"][token.internal_data["index"]] = result
        data["finished"] += 1
        current.remove(token)
        current.scopes.close(token.internal_data["local"])
        current.note("element.completed", token, flows=[], index=token.internal_data["index"])
        if over:
            self._end_loop(body)
        elif data["remaining"]:
            self._iterate(body, data["finished"], data["remaining"].pop(0))

    def _complete(self, body: Task, view: Mapping[str, Json]) -> bool:
        """Tell whether the loop is over with the iteration that ends now."""
        current: Game = body.workflow
        data = body.internal_data
        finished = data["finished"] + 1
        if finished == data["count"]:
            return True
        condition = self.element.loop.completion_condition if self.element.loop is not None else None
        if condition is None:
            return False
        counts: dict[str, Json] = {
            "numberOfInstances": data["count"],
            "numberOfActiveInstances": len(current.iterations(body)) - 1,
            "numberOfCompletedInstances": finished,
            "numberOfTerminatedInstances": 0,
        }
        return feel.condition(condition, {**view, **counts}, current.host.now)

    def _end_loop(self, body: Task) -> None:
        current: Game = body.workflow
        for other in current.iterations(body):
            current.cancel_token(other)
        self._collect(body, body.internal_data["results"])
        body.internal_data["done"] = True
        body._set_state(TaskState.READY)
        current.agenda.append(body)

    def _collect(self, body: Task, results: list[Json]) -> None:
        loop = self.element.loop
        if loop is not None and loop.output_collection:
            body.workflow.scopes.assign(body.internal_data["scope"], {loop.output_collection: results})
        body.internal_data["done"] = True


def _expression(text: str) -> str:
    return text if text.startswith("=") else "=" + text


class UserTask(Activity):
    """A user task waits for a person; what the person must know is evaluated once, when it is created."""

    def begin(self, token: Task) -> bool:
        """Evaluate assignment, schedule and subject."""
        current: Game = token.workflow
        details = self.element.details
        view = current.variables(token)

        def resolved(attribute: str | None) -> Json:
            return current.evaluate(attribute, view) if attribute else None

        token.internal_data["wait"] = {
            "kind": "task",
            "name": self.element.name or self.element.id,
            "assignee": self._name_of("assignee", resolved(details.assignee)),
            "groups": _names(resolved(details.candidate_groups)),
            "users": _names(resolved(details.candidate_users)),
            "due": self._due(resolved(details.due_date))
            or self._due_after(token, resolved(details.properties.get(DUE))),
            "priority": _priority(resolved(details.priority)),
            "form": self._name_of("form", resolved(details.form_id)),
            "subject": _text(resolved(details.properties.get("bv:subject"))) or self.element.name,
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

    def _due_after(self, token: Task, value: Json) -> str | None:
        """Return when so many working days are over, as ISO text in UTC."""
        if value is None or value == "":
            return None
        days = _number(value, 0)
        if not 0 < days <= MOST_WORKING_DAYS:
            raise StepFailed(
                element=self.element.id,
                reason=f"{DUE} is not a number of working days from 1 to {MOST_WORKING_DAYS}",
                reason_vi=f"{DUE} không phải số ngày làm việc từ 1 đến {MOST_WORKING_DAYS}",
            )
        game: Game = token.workflow
        return game.host.due_after(days).astimezone(UTC).isoformat()

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


class ScriptTask(ServiceTask):
    """A script task evaluates one FEEL expression into a variable."""

    def execute(self, token: Task) -> bool:
        """Evaluate the script; a zeebe task definition makes it a service task instead."""
        current: Game = token.workflow
        details = self.element.details
        if details.script is None:
            return super().execute(token)
        value = current.evaluate(_expression(details.script), current.variables(token))
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
        token.internal_data["wait"] = events.message_wait(token, self.element)
        token._set_state(TaskState.WAITING)
        return False


class SubProcess(Activity):
    """An embedded sub-process: a scope of its own with a start event inside."""

    def begin(self, token: Task) -> bool:
        """Start inside; the sub-process is done when nothing is left there."""
        current: Game = token.workflow
        scope = self.local(token)
        token.internal_data["inner"] = True
        self.note_entered(token)
        token._set_state(TaskState.STARTED)
        for start in self.process.start_events(self.element.id)[:1]:
            current.place(start.id, scope, triggered=True)
        return False


class CallActivity(Activity):
    """A call activity waits for an instance of another process, a child of its own."""

    def begin(self, token: Task) -> bool:
        """Ask for the child; with input mappings it gets only those variables, else all that are visible."""
        current: Game = token.workflow
        details = self.element.details
        view = current.variables(token)
        process = current.evaluate(details.called_process or "", view)
        if not isinstance(process, str) or not process:
            raise StepFailed(
                element=self.element.id,
                reason="the process to call has no id",
                reason_vi="không rõ quy trình cần gọi",
            )
        given = {mapping.target: view[mapping.target] for mapping in details.inputs} or view
        token.internal_data["wait"] = {"kind": "call", "process": process}
        token._set_state(TaskState.WAITING)
        current.calls.append(Call(token.id, self.element.id, process, given))
        return False

    def receive(self, token: Task, values: Mapping[str, Json]) -> None:
        """Take the variables that the child ended with: through output mappings, or all, or none."""
        if self.element.details.outputs or self.element.details.propagate_all_child_variables:
            super().receive(token, values)
