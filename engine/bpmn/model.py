"""A diagram as frozen values: what the check, the runtime and the drawing read instead of XML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

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
# what an event definition may be of
EVENT_KINDS = frozenset(
    {
        "message",
        "timer",
        "error",
        "escalation",
        "signal",
        "conditional",
        "link",
        "terminate",
        "compensate",
        "cancel",
    }
)
GATEWAYS = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"}
)
CHOREOGRAPHIES = frozenset({"choreographyTask", "subChoreography", "callChoreography"})
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
    called_binding: str = "latest"  # latest, deployment, versionTag
    called_version_tag: str | None = None
    propagate_all_parent_variables: bool | None = None  # None: only without input mappings
    propagate_all_child_variables: bool = True
    called_decision: str | None = None
    decision_result: str | None = None
    decision_binding: str = "latest"  # latest, deployment, versionTag
    decision_version_tag: str | None = None
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
    waits_for_compensation: bool = True  # a thrown compensation goes on when all handlers are done


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
    behavior: str = "All"  # None, One, All, Complex: when the instances of a multi-instance throw an event
    event: EventDefinition | None = None  # thrown by None and One; without it a signal that any may catch
    complex: tuple[tuple[str, EventDefinition | None], ...] = ()  # condition that ends the loop, event thrown


@dataclass(frozen=True)
class AdHoc:
    """How the activities of an ad-hoc sub-process start and when it is over."""

    sequential: bool = False
    active_elements: str | None = None  # FEEL: ids of what starts; without it all without incoming flow
    completion_condition: str | None = None
    cancels_remaining: bool = True


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
    parallel_multiple: bool = False  # all event definitions must happen, not any one
    instantiates: bool = False  # a receive task or event-based gateway whose message begins an instance
    awaits_all: bool = False  # of an event-based gateway that instantiates: everything behind it must happen
    event_definitions: tuple[EventDefinition, ...] = ()
    loop: Loop | None = None
    start_quantity: int = 1  # tokens that it needs to start
    completion_quantity: int = 1  # tokens that it sends along each flow
    for_compensation: bool = False
    activation_condition: str | None = None  # of a complex gateway
    ad_hoc: AdHoc | None = None
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
    associations: tuple[tuple[str, str], ...] = ()  # ids of source and target
    version_tag: str | None = None

    @cached_property
    def has_conditions(self) -> bool:
        """Say whether an event of the process waits for a condition."""
        return any(
            definition.kind == "conditional"
            for element in self.elements.values()
            for definition in element.event_definitions
        )

    def inside(self, scope: str) -> list[Element]:
        """Return the elements that lie directly in the process or in one sub-process."""
        return list(self._by_scope.get(scope, ()))

    def boundary_events(self, host: str) -> list[Element]:
        """Return the boundary events attached to an activity."""
        return list(self._by_host.get(host, ()))

    @cached_property
    def _by_scope(self) -> Mapping[str, list[Element]]:
        return _group((element.scope, element) for element in self.elements.values())

    @cached_property
    def _by_host(self) -> Mapping[str, list[Element]]:
        attached = [element for element in self.elements.values() if element.attached_to is not None]
        return _group((element.attached_to or "", element) for element in attached)

    def start_events(self, scope: str) -> list[Element]:
        """Return the start events that lie directly in the process or in one sub-process."""
        return [element for element in self.inside(scope) if element.kind == "startEvent"]

    def triggers(self) -> list[Element]:
        """Return the elements whose events begin an instance.

        These are start events, receive tasks that instantiate and what follows a gateway that does.
        """
        found: list[Element] = []
        for element in self.inside(self.id):
            if element.kind == "startEvent" or (element.kind == "receiveTask" and element.instantiates):
                found.append(element)
            elif element.instantiates:
                found += [self.elements[self.flows[flow].target] for flow in element.outgoing]
        return found

    def start_by_itself(self) -> str | None:
        """Return the id of the none start event, "" for implicit starts, None when nothing starts it."""
        starts = self.start_events(self.id)
        named = [start.id for start in starts if start.event_kind == "none"]
        implicit = "" if not starts and self.implicit_starts(self.id) else None
        return named[0] if named else implicit

    def implicit_starts(self, scope: str) -> list[Element]:
        """Return what begins with a process or sub-process that has no start event, in the order of the file.

        That is every element without incoming flow that nothing else sets going.
        """
        return [
            element
            for element in self.inside(scope)
            if not (element.incoming or element.for_compensation or element.triggered_by_event)
            and not element.instantiates
            if element.kind not in ("startEvent", "boundaryEvent", "endEvent")
            and element.event_kind != "link"
        ]

    def compensation_handler(self, activity: str) -> Element | None:
        """Return what undoes an activity: where the association of its compensation boundary event leads."""
        for boundary in self.boundary_events(activity):
            if boundary.event_kind == "compensate":
                targets = [target for source, target in self.associations if source == boundary.id]
                return self.elements.get(targets[0]) if targets else None
        return None

    def compensation_start(self, scope: str) -> Element | None:
        """Return the start event of the compensation event sub-process directly inside a sub-process."""
        for element in self.inside(scope):
            for start in self.start_events(element.id) if element.triggered_by_event else ():
                if start.event_kind == "compensate":
                    return start
        return None


def _group(pairs: Iterable[tuple[str, Element]]) -> Mapping[str, list[Element]]:
    """Return the elements by the id that each comes with, in the order of the file."""
    groups: dict[str, list[Element]] = {}
    for key, element in pairs:
        groups.setdefault(key, []).append(element)
    return groups


@dataclass(frozen=True)
class Diagram:
    """One BPMN file: its processes, and what they share."""

    name: str
    processes: Mapping[str, Process]
    messages: Mapping[str, Message]
    codes: Mapping[str, str | None]  # id of an error, escalation or signal → its code or name
    ids: tuple[str, ...]  # every id in the file as often as it stands there
