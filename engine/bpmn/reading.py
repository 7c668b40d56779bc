"""Read a loaded diagram tree into the model; nothing is judged here, that is the check's work."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn import model

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ZEEBE = "http://camunda.org/schema/zeebe/1.0"
_B = f"{{{BPMN}}}"
_Z = f"{{{ZEEBE}}}"
_EVENT_DEFINITIONS = {
    "messageEventDefinition": ("message", "messageRef"),
    "timerEventDefinition": ("timer", None),
    "errorEventDefinition": ("error", "errorRef"),
    "escalationEventDefinition": ("escalation", "escalationRef"),
    "signalEventDefinition": ("signal", "signalRef"),
    "conditionalEventDefinition": ("conditional", None),
    "linkEventDefinition": ("link", None),
    "terminateEventDefinition": ("terminate", None),
    "compensateEventDefinition": ("compensate", "activityRef"),
    "cancelEventDefinition": ("cancel", None),
}
_TIMERS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
_INTERRUPTING = {"boundaryEvent": "cancelActivity"}
_CODES = {"error": "errorCode", "escalation": "escalationCode", "signal": "name"}


def read(root: etree._Element, name: str = "") -> model.Diagram:
    """Return the model of a diagram tree."""
    messages = {m.id: m for m in (_message(node) for node in root.iterchildren(f"{_B}message"))}
    codes = {
        node.get("id", ""): node.get(attribute)
        for tag, attribute in _CODES.items()
        for node in root.iterchildren(f"{_B}{tag}")
    }
    # lxml gives comments and processing instructions a tag that is not text
    ids = tuple(node.get("id", "") for node in root.iter(f"{_B}*") if node.get("id"))
    shared = model.Diagram(name, {}, messages, codes, ids)
    processes = {p.id: p for p in (_process(node, shared) for node in root.iterchildren(f"{_B}process"))}
    return model.Diagram(name, processes, messages, codes, ids)


def _message(node: etree._Element) -> model.Message:
    subscription = next(_extensions(node, "subscription"), None)
    key = subscription.get("correlationKey") if subscription is not None else None
    return model.Message(node.get("id", ""), node.get("name", ""), key, _line(node))


def _process(node: etree._Element, shared: model.Diagram) -> model.Process:
    elements: dict[str, model.Element] = {}
    flows: dict[str, model.Flow] = {}
    lanes = _lanes(node)
    process_id = node.get("id", "")
    _collect(node, process_id, shared, lanes, elements, flows)
    return model.Process(
        process_id,
        node.get("name", ""),
        node.get("isExecutable", "false") == "true",
        elements,
        flows,
        _properties(node),
        _documentation(node),
        _line(node),
    )


def _lanes(process: etree._Element) -> dict[str, str]:
    """Map flow node ids to the name of the innermost lane: inner lanes stand later in the file."""
    return {
        (reference.text or "").strip(): lane.get("name", "")
        for lane in process.iter(f"{_B}lane")
        for reference in lane.iterchildren(f"{_B}flowNodeRef")
    }


def _collect(
    node: etree._Element,
    scope: str,
    shared: model.Diagram,
    lanes: dict[str, str],
    elements: dict[str, model.Element],
    flows: dict[str, model.Flow],
) -> None:
    found = [_flow(child, scope) for child in node.iterchildren(f"{_B}sequenceFlow")]
    flows.update({flow.id: flow for flow in found})
    for child in node.iterchildren(f"{_B}*"):
        kind = etree.QName(child).localname
        if kind not in model.FLOW_NODES:
            continue
        element = _element(child, kind, scope, shared, lanes, found)
        elements[element.id] = element
        if kind in model.SUB_PROCESSES:
            inner_lanes = {inner: lanes.get(element.id, "") for inner in _node_ids(child)} | lanes
            _collect(child, element.id, shared, inner_lanes, elements, flows)


def _node_ids(node: etree._Element) -> Iterator[str]:
    return (child.get("id", "") for child in node.iterchildren(f"{_B}*"))


def _flow(node: etree._Element, scope: str) -> model.Flow:
    condition = node.find(f"{_B}conditionExpression")
    text = (condition.text or "").strip() if condition is not None else None
    return model.Flow(
        node.get("id", ""),
        node.get("sourceRef", ""),
        node.get("targetRef", ""),
        node.get("name", ""),
        scope,
        text or None,
        _line(node),
    )


def _element(
    node: etree._Element,
    kind: str,
    scope: str,
    shared: model.Diagram,
    lanes: dict[str, str],
    flows: list[model.Flow],
) -> model.Element:
    element_id = node.get("id", "")
    return model.Element(
        id=element_id,
        kind=kind,
        name=node.get("name", ""),
        scope=scope,
        documentation=_documentation(node),
        lane=lanes.get(element_id) or None,
        # the flows themselves, not the incoming/outgoing children, which editors leave stale
        incoming=tuple(flow.id for flow in flows if flow.target == element_id),
        outgoing=tuple(flow.id for flow in flows if flow.source == element_id),
        default=node.get("default"),
        attached_to=node.get("attachedToRef"),
        interrupting=node.get(_INTERRUPTING.get(kind, "isInterrupting"), "true") != "false",
        triggered_by_event=node.get("triggeredByEvent", "false") == "true",
        event_definitions=tuple(_event_definitions(node, shared)),
        loop=_loop(node),
        details=_details(node),
        line=_line(node),
    )


def _event_definitions(node: etree._Element, shared: model.Diagram) -> Iterator[model.EventDefinition]:
    # send and receive tasks name their message on themselves
    if node.get("messageRef"):
        reference = node.get("messageRef", "")
        yield model.EventDefinition(
            "message", reference, shared.messages.get(_local(reference)), line=_line(node)
        )
    for child in node.iterchildren(f"{_B}*"):
        known = _EVENT_DEFINITIONS.get(etree.QName(child).localname)
        if known is not None:
            yield _event_definition(child, *known, shared)


def _event_definition(
    node: etree._Element, kind: str, attribute: str | None, shared: model.Diagram
) -> model.EventDefinition:
    reference = node.get(attribute) if attribute else None
    local = _local(reference or "")
    timer_kind, expression = None, None
    for child in node.iterchildren(f"{_B}*"):
        tag = etree.QName(child).localname
        if tag in _TIMERS or tag == "condition":
            timer_kind, expression = _TIMERS.get(tag), (child.text or "").strip()
    return model.EventDefinition(
        kind,
        reference,
        shared.messages.get(local) if kind == "message" else None,
        node.get("name") if kind == "link" else shared.codes.get(local),
        timer_kind,
        expression,
        _line(node),
    )


def _line(node: etree._Element) -> int | None:
    line: int | None = node.sourceline  # type: ignore[assignment]  # the stubs leave its type open
    return line


def _local(reference: str) -> str:
    return reference.rpartition(":")[2]


def _loop(node: etree._Element) -> model.Loop | None:
    standard = node.find(f"{_B}standardLoopCharacteristics")
    if standard is not None:
        return model.Loop(
            "standard",
            loop_condition=_child_text(standard, "loopCondition"),
            loop_maximum=standard.get("loopMaximum"),
            test_before=standard.get("testBefore", "false") == "true",
            line=_line(standard),
        )
    multi = node.find(f"{_B}multiInstanceLoopCharacteristics")
    if multi is None:
        return None
    zeebe = next(_extensions(multi, "loopCharacteristics"), None)
    attributes = {} if zeebe is None else {str(key): str(value) for key, value in zeebe.attrib.items()}
    return model.Loop(
        "sequential" if multi.get("isSequential", "false") == "true" else "parallel",
        input_collection=attributes.get("inputCollection"),
        input_element=attributes.get("inputElement"),
        output_collection=attributes.get("outputCollection"),
        output_element=attributes.get("outputElement"),
        cardinality=_child_text(multi, "loopCardinality"),
        completion_condition=_child_text(multi, "completionCondition"),
        line=_line(multi),
    )


def _child_text(node: etree._Element, tag: str) -> str | None:
    child = node.find(f"{_B}{tag}")
    return (child.text or "").strip() or None if child is not None else None


def _documentation(node: etree._Element) -> str:
    return _child_text(node, "documentation") or ""


def _extensions(node: etree._Element, tag: str) -> Iterator[etree._Element]:
    container = node.find(f"{_B}extensionElements")
    return iter(()) if container is None else container.iterchildren(f"{_Z}{tag}")


def _properties(node: etree._Element) -> dict[str, str]:
    return {
        entry.get("name", ""): entry.get("value", "")
        for container in _extensions(node, "properties")
        for entry in container.iterchildren(f"{_Z}property")
    }


def _mappings(node: etree._Element, tag: str) -> tuple[model.IoMapping, ...]:
    return tuple(
        model.IoMapping(entry.get("source", ""), entry.get("target", ""))
        for container in _extensions(node, "ioMapping")
        for entry in container.iterchildren(f"{_Z}{tag}")
    )


def _attributes(node: etree._Element, tag: str) -> dict[str, str]:
    found = next(_extensions(node, tag), None)
    return {} if found is None else {str(key): str(value) for key, value in found.attrib.items()}


def _details(node: etree._Element) -> model.Details:
    assignment, form = _attributes(node, "assignmentDefinition"), _attributes(node, "formDefinition")
    schedule, job = _attributes(node, "taskSchedule"), _attributes(node, "taskDefinition")
    script, decision = _attributes(node, "script"), _attributes(node, "calledDecision")
    called = _attributes(node, "calledElement")
    return model.Details(
        is_user_task=next(_extensions(node, "userTask"), None) is not None,
        assignee=assignment.get("assignee"),
        candidate_groups=assignment.get("candidateGroups"),
        candidate_users=assignment.get("candidateUsers"),
        form_id=form.get("formId") or form.get("formKey"),
        due_date=schedule.get("dueDate"),
        follow_up_date=schedule.get("followUpDate"),
        priority=_attributes(node, "priorityDefinition").get("priority"),
        job_type=job.get("type"),
        retries=job.get("retries"),
        script=script.get("expression"),
        script_result=script.get("resultVariable"),
        called_process=called.get("processId") or node.get("calledElement"),
        propagate_all_child_variables=called.get("propagateAllChildVariables", "true") != "false",
        called_decision=decision.get("decisionId"),
        decision_result=decision.get("resultVariable"),
        correlation_key=_attributes(node, "subscription").get("correlationKey"),
        inputs=_mappings(node, "input"),
        outputs=_mappings(node, "output"),
        listeners=tuple(
            model.Listener(entry.get("eventType", ""), entry.get("type", ""))
            for container in _extensions(node, "taskListeners")
            for entry in container.iterchildren(f"{_Z}taskListener")
        ),
        headers={
            entry.get("key", ""): entry.get("value", "")
            for container in _extensions(node, "taskHeaders")
            for entry in container.iterchildren(f"{_Z}header")
        },
        properties=_properties(node),
    )
