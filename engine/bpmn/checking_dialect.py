"""Check what people, jobs, forms, messages and calls an element names, and every FEEL expression."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from engine import feel
from engine.bpmn import checking_groups, checking_timers, task_rules
from engine.bpmn.findings import Finding, make
from engine.bpmn.model import ACTIVITIES, Details, Diagram, Element, EventDefinition, Loop, Process

MAX_CARDINALITY = 1_000
MAX_ROUNDS = 1_000_000
BINDINGS = frozenset({"latest", "deployment", "versionTag"})
USER_TASK_RULES = frozenset({"bv:subject", "bv:formSource", "bv:fourEyes"}) | task_rules.RULES
SEALED = "bv:secret"
RULES_OF = {"userTask": USER_TASK_RULES | {SEALED}, "callActivity": frozenset({"bv:calledVersion"})}
ACTIVITY_RULES = frozenset({"bv:failureAsError"})
NOTES = frozenset({"bv:note", "bv:source", "bv:step"})  # for readers of the diagram only
_JOBS = frozenset({"serviceTask", "businessRuleTask"})
_BINDINGS = frozenset({"latest", "deployment", "versionTag"})
_RECEIVING = frozenset({"intermediateCatchEvent", "boundaryEvent", "receiveTask"})
_THROWING = frozenset({"endEvent", "intermediateThrowEvent", "sendTask"})


@dataclass(frozen=True)
class Known:
    """What exists beside the file; None means that it is not known and not judged."""

    forms: Collection[str] | None = None
    job_types: Collection[str] | None = None
    processes: Collection[str] | None = None
    decisions: Collection[str] | None = None
    groups: Collection[str] | None = None


def check(process: Process, diagram: Diagram, known: Known) -> Iterator[Finding]:
    """Yield the findings about the dialect of every element of the process."""
    for element in process.elements.values():
        yield from _check_user_task(element)
        yield from checking_groups.check(element, known.groups)
        yield from _check_rules(element)
        yield from _check_secret(element)
        yield from _check_form(element, known)
        yield from _check_job(element, known)
        yield from _check_call(element, diagram, known)
        yield from _check_decision(element, known)
        yield from _check_messages(process, element)
        yield from _check_codes(element)
        yield from _check_mappings(element)
        if element.loop is not None:
            yield from _check_loop(element, element.loop)
    yield from check_expressions(process)


def _check_user_task(element: Element) -> Iterator[Finding]:
    details = element.details
    if element.kind != "userTask":
        return
    if not any((details.assignee, details.candidate_groups, details.candidate_users)):
        yield make("unassigned", element.id, element.line)
    priority = details.priority
    if priority and not priority.startswith("=") and not _is_number(priority, 0, 100):
        yield make("priority", element.id, element.line, value=priority)
    wrong = task_rules.literal_problem(details.properties)
    if wrong is not None:
        yield make("time-rule", element.id, element.line, name=wrong)
    for date in (details.due_date, details.follow_up_date):
        if date and not date.startswith("="):
            yield from checking_timers.check_value("date", date, element.id, element.line)


def _check_rules(element: Element) -> Iterator[Finding]:
    """Name every `bv:` property that nothing obeys: it would be ignored in silence."""
    obeyed = RULES_OF.get(element.kind, frozenset())
    if element.kind in ACTIVITIES:
        obeyed |= ACTIVITY_RULES
    for name in element.details.properties:
        if name.startswith("bv:") and name not in obeyed | NOTES:
            yield make("unknown-rule", element.id, element.line, name=name)


def _check_secret(element: Element) -> Iterator[Finding]:
    """Refuse a secret task whose answers nobody would take: they stand in no variable and no history."""
    details = element.details
    value = details.properties.get(SEALED)
    if element.kind != "userTask" or value is None:
        return
    if value not in ("true", "false"):
        yield make("secret-value", element.id, element.line, value=value[:80])
    elif value == "true" and not any(entry.event_type == "completing" for entry in details.listeners):
        yield make("secret-without-listener", element.id, element.line)


def _check_form(element: Element, known: Known) -> Iterator[Finding]:
    form = element.details.form_id
    if form and known.forms is not None and not form.startswith("=") and form not in known.forms:
        yield make("unknown-form", element.id, element.line, form=form)


def _check_job(element: Element, known: Known) -> Iterator[Finding]:
    details = element.details
    if element.kind == "scriptTask" and not details.script and not details.job_type:
        yield make("script", element.id, element.line)
    if element.kind in _JOBS and not details.job_type and not details.called_decision:
        yield make("missing-job-type", element.id, element.line)
    if element.kind == "sendTask" and not details.job_type and not element.event_definitions:
        yield make("missing-job-type", element.id, element.line)
    source = details.properties.get("bv:formSource")  # names a handler, too
    types = [details.job_type, source, *(listener.type for listener in details.listeners)]
    for type_ in types:
        if (
            type_
            and known.job_types is not None
            and not type_.startswith("=")
            and type_ not in known.job_types
        ):
            yield make("unknown-job-type", element.id, element.line, type=type_)
    yield from _check_retries(element, details)


def _check_retries(element: Element, details: Details) -> Iterator[Finding]:
    retries = details.retries
    if retries and not retries.startswith("=") and not _is_number(retries, 1, 100):
        yield make("retries", element.id, element.line, value=retries)
    if any(not listener.type for listener in details.listeners):
        yield make("missing-job-type", element.id, element.line)


def _check_call(element: Element, diagram: Diagram, known: Known) -> Iterator[Finding]:
    called = element.details.called_process
    if element.kind != "callActivity":
        return
    binding = element.details.called_binding
    if binding not in BINDINGS:
        tag = f"zeebe:calledElement bindingType={binding}"
        yield make("zeebe-not-executed", element.id, element.line, tag=tag)
    if binding == "versionTag" and not element.details.called_version_tag:
        yield make("version-tag", element.id, element.line)
    if not called:
        yield make("called-process", element.id, element.line)
    elif known.processes is not None and called not in {*known.processes, *diagram.processes}:
        literal = [called] if not called.startswith("=") else []
        yield from (make("unknown-process", element.id, element.line, process=name) for name in literal)


def _check_decision(element: Element, known: Known) -> Iterator[Finding]:
    details = element.details
    decision = details.called_decision
    if decision is None:
        return
    if element.kind != "businessRuleTask" or not decision or not details.decision_result:
        yield make("called-decision", element.id, element.line)
    elif known.decisions is not None and not decision.startswith("=") and decision not in known.decisions:
        yield make("unknown-decision", element.id, element.line, decision=decision)
    if details.decision_binding not in _BINDINGS:
        yield make("decision-binding", element.id, element.line, binding=details.decision_binding)
    elif details.decision_binding == "versionTag" and not details.decision_version_tag:
        yield make("decision-binding", element.id, element.line, binding="versionTag")


def _check_messages(process: Process, element: Element) -> Iterator[Finding]:
    if element.kind == "receiveTask" and not element.event_definitions:
        yield make("missing-message", element.id, element.line)
    for definition in element.event_definitions:
        if definition.kind == "message":
            yield from _check_message(process, element, definition)
        elif definition.kind == "signal" and not definition.code:
            yield make("missing-signal", element.id, definition.line)
        elif definition.kind == "conditional" and not definition.expression:
            yield make("missing-event-condition", element.id, definition.line)


def _check_message(process: Process, element: Element, definition: EventDefinition) -> Iterator[Finding]:
    message = definition.message
    if message is None:
        # a reference that does not resolve is reported as such; a thrown message may be a job instead
        if not definition.reference and not element.details.job_type:
            yield make("missing-message", element.id, definition.line)
        return
    if not message.name:
        yield make("message-without-name", element.id, definition.line, message=message.id)
    waits = element.kind in _RECEIVING or (element.kind == "startEvent" and element.scope != process.id)
    if waits and not message.correlation_key and not element.details.correlation_key:
        yield make("message-without-key", element.id, definition.line, message=message.name or message.id)


def _check_codes(element: Element) -> Iterator[Finding]:
    event = element.event
    throws = event is not None and element.kind in _THROWING and event.kind in ("error", "escalation")
    if throws and event is not None and not event.code:
        yield make("missing-code", element.id, event.line, event=event.kind)


def _check_mappings(element: Element) -> Iterator[Finding]:
    mappings = (*element.details.inputs, *element.details.outputs)
    if any(not mapping.source or not mapping.target for mapping in mappings):
        yield make("mapping", element.id, element.line)


def _check_loop(element: Element, loop: Loop) -> Iterator[Finding]:
    if loop.kind == "standard":
        yield from _check_standard_loop(element, loop)
        return
    if not loop.input_collection and not loop.cardinality:
        yield make("loop-collection", element.id, loop.line)
    count = loop.cardinality
    if count and not count.startswith("=") and not _is_number(count, 0, MAX_CARDINALITY):
        yield make("loop-cardinality", element.id, loop.line, value=count, limit=MAX_CARDINALITY)
    if bool(loop.output_collection) != bool(loop.output_element):
        yield make("loop-output", element.id, loop.line)


def _check_standard_loop(element: Element, loop: Loop) -> Iterator[Finding]:
    most = loop.loop_maximum
    if most is None and not loop.loop_condition:
        yield make("loop-without-end", element.id, loop.line)
    if most is not None and not most.startswith("=") and not _is_number(most, 0, MAX_ROUNDS):
        yield make("loop-maximum", element.id, loop.line, value=most)


def check_expressions(process: Process) -> Iterator[Finding]:
    """Yield a finding for every expression that lacks its '=' or does not parse as FEEL."""
    for element, line, where, text, required in _texts(process):
        yield from _judge(element, line, where, text, required)


def weigh(process: Process) -> int:
    """Return how many characters of FEEL a process holds."""
    texts = (text or "" for _, _, _, text, _ in _texts(process))
    return sum(len(text) for text in texts if text.startswith("="))


def _texts(process: Process) -> Iterator[tuple[str, int | None, str, str | None, bool]]:
    """Yield everything that may hold FEEL: its element, line and name, its text, and whether it must."""
    for flow in process.flows.values():
        yield flow.id, flow.line, "conditionExpression", flow.condition, True
    for element in process.elements.values():
        for where, text, required in _expressions(element):
            yield element.id, element.line, where, text, required
        for definition in element.event_definitions:
            if definition.message is not None:
                key = definition.message.correlation_key
                yield element.id, definition.line, "correlationKey", key, False
                yield element.id, definition.line, "message", definition.message.name, False
            if definition.kind in ("signal", "error", "escalation"):
                yield element.id, definition.line, definition.kind, definition.code, False
            where = definition.timer_kind or definition.kind
            required = definition.kind == "conditional"
            yield element.id, definition.line, where, definition.expression, required


def _expressions(element: Element) -> Iterator[tuple[str, str | None, bool]]:
    """Yield every attribute that may hold FEEL: its name, its text, and whether it must be FEEL."""
    details, loop = element.details, element.loop
    yield "assignee", details.assignee, False
    yield "candidateGroups", details.candidate_groups, False
    yield "candidateUsers", details.candidate_users, False
    yield "dueDate", details.due_date, False
    yield "followUpDate", details.follow_up_date, False
    yield "priority", details.priority, False
    yield "formId", details.form_id, False
    yield "type", details.job_type, False
    yield "retries", details.retries, False
    yield "processId", details.called_process, False
    yield "correlationKey", details.correlation_key, False
    yield "script", details.script, True
    yield from (("ioMapping", mapping.source, False) for mapping in (*details.inputs, *details.outputs))
    yield from ((name, value, False) for name, value in details.properties.items())
    if loop is not None:
        yield "inputCollection", loop.input_collection, True
        yield "outputElement", loop.output_element, True
        yield "completionCondition", loop.completion_condition, True
        yield "loopCardinality", loop.cardinality, False
        yield "loopCondition", loop.loop_condition, True
        yield "loopMaximum", loop.loop_maximum, False
        yield from (("condition", condition, True) for condition, _ in loop.complex)
    if element.ad_hoc is not None:
        yield "activeElementsCollection", element.ad_hoc.active_elements, True
        yield "completionCondition", element.ad_hoc.completion_condition, True
    yield "activationCondition", element.activation_condition, True


def _judge(element: str, line: int | None, where: str, text: str | None, required: bool) -> Iterator[Finding]:
    if not text:
        return
    if not text.startswith("="):
        if required:
            yield make("missing-equals", element, line, where=where, value=text[:80])
        return
    try:
        feel.check(text[1:])
    except feel.FeelError as error:
        yield make("expression", element, line, where=where, detail=error)
        return
    for literal in feel.find_zoneless(text[1:]):
        yield make("zoneless", element, line, where=where, value=literal[:80])


def _is_number(text: str, least: int, most: int) -> bool:
    digits = text.strip()
    return digits.isascii() and digits.isdigit() and len(digits) < 10 and least <= int(digits) <= most
