"""A diagram as frozen values: what the check, the runtime and the drawing read instead of XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

ACTIVITIES = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "subProcess",
        "transaction",
        "adHocSubProcess",
        "callActivity",
    }
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
EVENTS = frozenset(
    {"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"}
)
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"}
)
FLOW_NODES = ACTIVITIES | EVENTS | GATEWAYS


@dataclass(frozen=True)
class IoMapping:
    """One input or output mapping: FEEL source, variable name target."""

    source: str
    target: str


@dataclass(frozen=True)
class Listener:
    """One task listener: when it is called, and the job type that is called."""

    event_type: str
    type: str


@dataclass(frozen=True)
class Details:
    """What the `zeebe:` extension elements of one element say; FEEL attributes keep their leading '='."""

    is_user_task: bool = False
    assignee: str | None = None
    candidate_groups: str | None = None
    candidate_users: str | None = None
    form_id: str | None = None
    due_date: str | None = None
    follow_up_date: str | None = None
    priority: str | None = None
    job_type: str | None = None
    retries: str | None = None
    script: str | None = None
    script_result: str | None = None
    called_process: str | None = None
    propagate_all_child_variables: bool = True
    called_decision: str | None = None
    decision_result: str | None = None
    correlation_key: str | None = None
    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()
    listeners: tuple[Listener, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Message:
    """A bpmn:message with the key expression of this file's side."""

    id: str
    name: str
    correlation_key: str | None
    line: int | None = None


@dataclass(frozen=True)
class EventDefinition:
    """What an event waits for or throws."""

    kind: str  # message, timer, error, escalation, signal, conditional, link, terminate, compensate, cancel
    reference: str | None = None  # id of the message, error, escalation or signal named
    message: Message | None = None
    code: str | None = None  # error or escalation code, signal name, link name; None catches any
    timer_kind: str | None = None  # date, duration, cycle
    expression: str | None = None  # of the timer, or the condition of a conditional event
    line: int | None = None


@dataclass(frozen=True)
class Loop:
    """A multi-instance or standard loop."""

    kind: str  # parallel, sequential, standard
    input_collection: str | None = None
    input_element: str | None = None
    output_collection: str | None = None
    output_element: str | None = None
    cardinality: str | None = None
    completion_condition: str | None = None
    loop_condition: str | None = None
    loop_maximum: str | None = None
    test_before: bool = False
    line: int | None = None


@dataclass(frozen=True)
class Flow:
    """A sequence flow; the condition keeps its leading '='."""

    id: str
    source: str
    target: str
    name: str
    scope: str
    condition: str | None = None
    line: int | None = None


@dataclass(frozen=True)
class Element:
    """A flow node: activity, event or gateway."""

    id: str
    kind: str
    name: str
    scope: str  # id of the process or sub-process that contains it
    documentation: str = ""
    lane: str | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default: str | None = None
    attached_to: str | None = None
    interrupting: bool = True
    triggered_by_event: bool = False
    event_definitions: tuple[EventDefinition, ...] = ()
    loop: Loop | None = None
    details: Details = field(default_factory=Details)
    line: int | None = None

    @property
    def event(self) -> EventDefinition | None:
        """Return the event definition, when there is exactly one."""
        return self.event_definitions[0] if len(self.event_definitions) == 1 else None

    @property
    def event_kind(self) -> str:
        """Return the kind of the one event definition, 'none' without, 'multiple' with several."""
        if not self.event_definitions:
            return "none"
        return self.event_definitions[0].kind if len(self.event_definitions) == 1 else "multiple"


@dataclass(frozen=True)
class Process:
    """A process with all its elements and flows, those inside sub-processes too."""

    id: str
    name: str
    executable: bool
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""
    line: int | None = None

    def inside(self, scope: str) -> list[Element]:
        """Return the elements that lie directly in the process or in one sub-process."""
        return [element for element in self.elements.values() if element.scope == scope]

    def boundary_events(self, host: str) -> list[Element]:
        """Return the boundary events attached to an activity."""
        return [element for element in self.elements.values() if element.attached_to == host]

    def start_events(self, scope: str) -> list[Element]:
        """Return the start events that lie directly in the process or in one sub-process."""
        return [element for element in self.inside(scope) if element.kind == "startEvent"]


@dataclass(frozen=True)
class Diagram:
    """One BPMN file: its processes, and what they share."""

    name: str
    processes: Mapping[str, Process]
    messages: Mapping[str, Message]
    codes: Mapping[str, str | None]  # id of an error, escalation or signal → its code or name
    ids: tuple[str, ...]  # every id in the file as often as it stands there
