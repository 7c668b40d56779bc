"""SpiffWorkflow's workflow as a bag of tokens: every token is one of its tasks, directly under the root.

Nothing is predicted and nothing finished is kept, so the state is as large as the number of open tokens,
whatever the number of rounds walked (README.md tells why).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.bpmn.model import Element, Process
from engine.errors import EngineError
from engine.handlers import Json
from engine.spiff.scopes import Scopes

ROOT = -1
ITERATIONS = 1_000


class StepFailed(EngineError):
    """Expected {element} to go on, but {reason}."""

    vi = "Bước “{element}” không đi tiếp được: {reason_vi}."
    en = "Expected element '{element}' to go on, but {reason}."


@dataclass(frozen=True)
class Fact:
    """Something that happened to an element during a step, for history."""

    kind: str
    element: str
    data: Mapping[str, Json]


@dataclass(frozen=True)
class Thrown:
    """A message thrown by the diagram."""

    element: str
    name: str
    correlation_key: str
    variables: Mapping[str, Json]


@dataclass(frozen=True)
class Signalled:
    """A signal thrown by the diagram: this instance has heard it already, others hear it after the step."""

    element: str
    name: str
    variables: Mapping[str, Json]


@dataclass(frozen=True)
class Call:
    """An instance of another process that a call activity waits for, with the variables it begins with."""

    token: int
    element: str
    process: str
    variables: Mapping[str, Json]
    binding: str = "latest"  # latest, deployment, versionTag, version
    version: str = ""  # the tag or number of a pinned version


@dataclass(frozen=True)
class Decided:
    """What a decision came to: the result, and what history tells about it."""

    result: Json
    told: Mapping[str, Json]


class Host(Protocol):
    """What a game asks of the engine around it."""

    now: datetime

    def call(self, element: Element, variables: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Run the handler of a service element inside the step; None when it must wait as a job."""

    def decide(self, element: Element, decision: str, variables: Mapping[str, Json]) -> Decided:
        """Evaluate the version of a decision that a business rule task means; raises EngineError."""

    def due_after(self, working_days: int, calendar: str, start: datetime | None) -> datetime:
        """Return when a period of working days that begins then, or now, ends; "" is the main calendar."""


class NoScripts:
    """Refuse SpiffWorkflow's own evaluation: no Python ever runs from a diagram."""

    def evaluate(self, *_: object, **__: object) -> None:
        """Refuse."""
        raise StepFailed(element="", reason="no Python runs from a diagram", reason_vi="không chạy mã Python")

    execute = evaluate
    call_service = evaluate


class Token(Task):
    """A task of the library without its log: facts tell what happened; a seventh of a step went into it."""

    def _set_state(self, value: int) -> None:
        self._state = value


class Game(BpmnWorkflow):
    """Tokens, scopes and what happened since the game was loaded."""

    def __init__(self, spec: Any, process: Process, host: Host) -> None:
        super().__init__(spec, script_engine=NoScripts(), deserializing=True)
        self.process = process
        self.host = host
        self.scopes = Scopes()
        self.next_number = 1
        self.loaded: dict[int, str] = {}  # element of each token when the step began (marking.py)
        self.read_from = ""  # the saved state that it was loaded from
        self.status = "active"
        self.reason: str | None = None  # why a person ended it
        self.facts: list[Fact] = []
        self.thrown: list[Thrown] = []
        self.signals: list[Signalled] = []
        self.calls: list[Call] = []
        self.records: list[dict[str, Any]] = []  # what completed and could be undone (compensation.py)
        self.agenda: deque[Task] = deque()
        self.seen_changes = 0  # how many changes of variables the waiting conditions have been asked about
        self.task_tree = Token(self, spec.start, state=TaskState.COMPLETED, id=ROOT)

    # SpiffWorkflow walks the whole tree after every completion; tokens here wait for someone who names them.
    def _task_completed_notify(self, task: Task) -> None:
        self.last_task = task

    def update_waiting_tasks(self) -> None:
        """Leave waiting tokens alone: whoever they wait for names them."""

    def number(self) -> int:
        """Give the next number, for a token or a scope."""
        self.next_number += 1
        return self.next_number - 1

    def tokens(self) -> Iterator[Task]:
        """Return all tokens in the order they were made."""
        return (task for number, task in self.tasks.items() if number != ROOT)

    def token(self, number: int) -> Task | None:
        """Return the token of that number, None when it is gone."""
        return self.tasks.get(number)

    def place(self, element_id: str, scope: int, **data: object) -> Task:
        """Put a new token on an element and plan its activation."""
        token = self.hold(element_id, scope, **data)
        self.agenda.append(token)
        return token

    def hold(self, element_id: str, scope: int, **data: object) -> Task:
        """Put a new token on an element without activating it."""
        token = Token(
            self, self.spec.task_specs[spec_name(element_id)], self.task_tree, TaskState.FUTURE, self.number()
        )
        token.internal_data.update(scope=scope, **data)
        return token

    def remove(self, token: Task) -> None:
        """Take a token off the game."""
        self.task_tree._children.remove(token.id)
        del self.tasks[token.id]

    def parts(self, whole: Task) -> list[Task]:
        """Return the tokens that wait for one definition each of an event that has several."""
        if len(whole.task_spec.element.event_definitions) < 2:
            return []
        return [token for token in self.tokens() if token.internal_data.get("whole") == whole.id]

    def disarm(self, token: Task) -> None:
        """Let an armed token go without a trace in history: it never was a step of its own."""
        for other in [token, *self.parts(token)]:
            self.remove(other)
            other._set_state(TaskState.CANCELLED)

    def note(self, kind: str, token: Task, **data: Json) -> None:
        """Record a fact about the token's element."""
        self.facts.append(Fact(kind, token.task_spec.element.id, {"token": token.id, **data}))

    def variables(self, token: Task) -> dict[str, Json]:
        """Return the variables that a token sees."""
        return self.scopes.view(token.internal_data.get("local", token.internal_data["scope"]))

    def evaluate(self, attribute: str, variables: Mapping[str, Json]) -> Json:
        """Resolve an attribute: FEEL behind '=', else the text itself."""
        value: Json = feel.resolve(attribute, variables, self.host.now)
        return value

    def calculate(self, expression: str, variables: Mapping[str, Json]) -> Json:
        """Evaluate what can only be FEEL: its '=' may be left out."""
        return self.evaluate(expression if expression.startswith("=") else "=" + expression, variables)

    def cancel_token(self, token: Task) -> None:
        """Cancel a token with all that hangs on it: attached events, iterations, everything inside."""
        if token.id not in self.tasks:
            return
        if is_armed(token):
            self.disarm(token)
            return
        self.disarm_parts(token)
        self.remove(token)
        token._set_state(TaskState.CANCELLED)
        flow = token.internal_data.get("flow")
        self._give_back(token)
        left = token.task_spec.left_behind(token)
        self.note("element.cancelled", token, flows=[flow] if flow else [], **left)
        self.cancel_attached(token)
        if token.task_spec.element.loop is not None and "body" not in token.internal_data:
            for other in self.iterations(token):
                self.cancel_token(other)
        if "local" in token.internal_data:
            self.cancel_scope(token.internal_data["local"])

    def cancel_attached(self, host: Task) -> None:
        """Cancel the boundary events that wait on an activity."""
        if not token_hosts(host):
            return
        for other in [other for other in self.tokens() if other.internal_data.get("host") == host.id]:
            self.disarm(other)

    def cancel_scope(self, scope: int) -> None:
        """Cancel every token inside a scope and close it."""
        for other in self.inside(scope):
            self.cancel_token(other)
        self.close_scope(scope)

    def _give_back(self, holder: Task) -> None:
        """Remember again what a token that is cancelled had still to undo."""
        data = holder.internal_data
        plan = [] if "replay" in data else [step for step in data.get("plan", ()) if "scope" in step]
        self.records = [*plan[::-1], *self.records]

    def close_scope(self, scope: int) -> None:
        """Forget a scope, its variables and what could be undone in it."""
        self.scopes.close(scope)
        self.records = [record for record in self.records if record["scope"] != scope]

    def cancel_all(self, status: str) -> None:
        """Cancel every token; the instance ends with that status."""
        for token in list(self.tokens()):
            self.cancel_token(token)
        self.agenda.clear()
        self.records.clear()
        self.status = status

    def iterations(self, body: Task) -> list[Task]:
        """Return the tokens of the iterations that a loop still has."""
        return [token for token in self.tokens() if token.internal_data.get("body") == body.id]

    def inside(self, scope: int) -> list[Task]:
        """Return the tokens that lie directly in a scope."""
        return [token for token in self.tokens() if token.internal_data["scope"] == scope]

    def owner(self, scope: int) -> Task | None:
        """Return the token whose inside a scope is, None for the process."""
        number = self.scopes.rows[scope].owner
        return None if number is None else self.token(number)

    def wake_all(self, tokens: Iterable[Task], values: Mapping[str, Json]) -> None:
        """Plan waiting tokens as the next to run, in this order."""
        rest = list(self.agenda)
        self.agenda.clear()
        for token in tokens:
            if token.id in self.tasks:
                self.wake(token, values)
        # each was put before the one that was woken earlier
        self.agenda = deque([*reversed(self.agenda), *rest])

    def wake(self, token: Task, values: Mapping[str, Json]) -> None:
        """Plan a waiting token as the next to run; rivals behind the same event-based gateway are let go."""
        data = token.internal_data
        if "whole" in data:
            self._gather(token, values)
            return
        data.update(done=True, fired=data.pop("wait", {}), received=dict(values))
        self._win(token)
        token._set_state(TaskState.READY)
        self.agenda.appendleft(token)

    def _gather(self, part: Task, values: Mapping[str, Json]) -> None:
        """Count one definition of an event that has several as happened: any one wakes it, or all must."""
        whole = self.token(part.internal_data["whole"])
        if whole is None or whole.internal_data.get("done"):
            return
        wait, element = whole.internal_data["wait"], whole.task_spec.element
        wait["happened"].append([part.internal_data["part"], part.internal_data.pop("wait")])
        wait["values"].update(values)
        self.remove(part)
        if element.parallel_multiple and self.parts(whole):
            return
        self.wake(whole, wait["values"])

    def disarm_parts(self, whole: Task) -> None:
        """Stop waiting for what is left of an event that has several definitions."""
        for part in self.parts(whole):
            self.disarm(part)

    def _win(self, token: Task) -> None:
        """Let the rivals behind the same event-based gateway go; an iteration wins for its loop."""
        body = self.token(token.internal_data.get("body", ROOT))
        winner = token if body is None or body.id == ROOT else body
        group = winner.internal_data.pop("group", None)
        if group is None:
            return
        winner.internal_data["chosen"] = True
        for rival in [other for other in self.tokens() if other.internal_data.get("group") == group]:
            self.cancel_token(rival)


def is_armed(token: Task) -> bool:
    """Tell whether a token only listens: on an activity, for a scope, or as a part of another event.

    Such a token is no place where the process stands: it keeps nothing alive and stops no join.
    """
    data = token.internal_data
    return "host" in data or "listens" in data or "whole" in data


def token_hosts(token: Task) -> bool:
    """Tell whether events can be attached to a token: its element has some, and it is no iteration."""
    return bool(token.task_spec.boundaries) and "body" not in token.internal_data


def spec_name(element_id: str) -> str:
    """Name the spec of an element so that no id collides with SpiffWorkflow's own specs."""
    return f"e:{element_id}"
