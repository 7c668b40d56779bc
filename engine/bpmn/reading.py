"""Read a loaded diagram tree into the model; nothing is judged here, that is the check's work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.bpmn import model, reading_data, reading_zeebe
from engine.bpmn.reading_zeebe import local

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_B = f"{{{BPMN}}}"
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
_GLOBAL_TASKS = {
    "globalTask": "task",
    "globalManualTask": "manualTask",
    "globalUserTask": "userTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
_TIMERS = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}
_INTERRUPTING = {"boundaryEvent": "cancelActivity"}
_LONG_NUMBER = 6
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
    associations = _associations(root)
    read_ones = [_process(node, shared, associations) for node in root.iterchildren(f"{_B}process")]
    processes = {process.id: process for process in read_ones}
    processes |= {p.id: p for p in _global_tasks(root, shared, processes.values())}
    return model.Diagram(name, processes, messages, codes, ids)


def _message(node: etree._Element) -> model.Message:
    subscription = next(reading_zeebe.extensions(node, "subscription"), None)
    key = subscription.get("correlationKey") if subscription is not None else None
    return model.Message(node.get("id", ""), node.get("name", ""), key, _line(node))


def _process(
    node: etree._Element, shared: model.Diagram, associations: tuple[tuple[str, str], ...]
) -> model.Process:
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
        reading_zeebe.properties(node),
        _documentation(node),
        _line(node),
        associations,
        reading_zeebe.attributes(node, "versionTag").get("value"),
    )


def _global_tasks(
    root: etree._Element, shared: model.Diagram, processes: Iterable[model.Process]
) -> Iterator[model.Process]:
    """Yield each global task that a process which runs calls, as what it is: a process of this one task."""
    runs = [process for process in processes if process.executable]
    elements = [element for process in runs for element in process.elements.values()]
    called = {element.details.called_process for element in elements if element.kind == "callActivity"}
    for tag, kind in _GLOBAL_TASKS.items():
        for node in root.iterchildren(f"{_B}{tag}"):
            identity = node.get("id", "")
            if identity in called:
                task = _element(node, kind, identity, shared, {}, _Ends())
                yield model.Process(identity, task.name, True, {identity: task}, {}, line=_line(node))


def _associations(root: etree._Element) -> tuple[tuple[str, str], ...]:
    """Return source and target of every association of the file: one may stand beside the processes."""
    return tuple(
        (local(one.get("sourceRef", "")), local(one.get("targetRef", "")))
        for one in root.iter(f"{_B}association")
    )


def _lanes(process: etree._Element) -> dict[str, str]:
    """Map flow node ids to the name of the innermost lane: inner lanes stand later in the file."""
    return {
        (reference.text or "").strip(): lane.get("name", "")
        for lane in process.iter(f"{_B}lane")
        for reference in lane.iterchildren(f"{_B}flowNodeRef")
    }


@dataclass(frozen=True)
class _Ends:
    """The sequence flows of one level by the elements that they enter and leave."""

    incoming: dict[str, list[str]] = field(default_factory=dict)
    outgoing: dict[str, list[str]] = field(default_factory=dict)


def _collect(
    node: etree._Element,
    scope: str,
    shared: model.Diagram,
    lanes: dict[str, str],
    elements: dict[str, model.Element],
    flows: dict[str, model.Flow],
) -> None:
    found = _Ends()
    for flow in (_flow(child, scope) for child in node.iterchildren(f"{_B}sequenceFlow")):
        flows[flow.id] = flow
        found.incoming.setdefault(flow.target, []).append(flow.id)
        found.outgoing.setdefault(flow.source, []).append(flow.id)
    for child in node.iterchildren(f"{_B}*"):
        kind = etree.QName(child).localname
        if kind not in model.FLOW_NODES:
            continue
        element = _element(child, kind, scope, shared, lanes, found)
        elements[element.id] = element
        if kind in model.SUB_PROCESSES:
            for inner in _node_ids(child):
                lanes.setdefault(inner, lanes.get(element.id, ""))
            _collect(child, element.id, shared, lanes, elements, flows)


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
    flows: _Ends,
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
        incoming=tuple(flows.incoming.get(element_id, ())),
        outgoing=tuple(flows.outgoing.get(element_id, ())),
        default=node.get("default"),
        attached_to=node.get("attachedToRef"),
        interrupting=node.get(_INTERRUPTING.get(kind, "isInterrupting"), "true") != "false",
        triggered_by_event=node.get("triggeredByEvent", "false") == "true",
        parallel_multiple=node.get("parallelMultiple", "false") == "true",
        instantiates=node.get("instantiate", "false") == "true",
        awaits_all=node.get("eventGatewayType") == "Parallel",
        event_definitions=tuple(_event_definitions(node, shared)),
        loop=_loop(node, shared),
        start_quantity=_quantity(node, "startQuantity"),
        completion_quantity=_quantity(node, "completionQuantity"),
        for_compensation=node.get("isForCompensation", "false") == "true",
        activation_condition=_child_text(node, "activationCondition"),
        ad_hoc=_ad_hoc(node) if kind == "adHocSubProcess" else None,
        details=reading_zeebe.details(node),
        line=_line(node),
    )


def _quantity(node: etree._Element, attribute: str) -> int:
    """Return a number of tokens; what is no number is 0, which the check refuses, as it does large ones."""
    text = node.get(attribute, "1").strip()
    return int(text[:_LONG_NUMBER]) if text.isascii() and text.isdecimal() else 0


def _ad_hoc(node: etree._Element) -> model.AdHoc:
    return model.AdHoc(
        node.get("ordering", "Parallel") == "Sequential",
        reading_zeebe.attributes(node, "adHoc").get("activeElementsCollection"),
        _child_text(node, "completionCondition"),
        node.get("cancelRemainingInstances", "true") != "false",
    )


def _event_definitions(node: etree._Element, shared: model.Diagram) -> Iterator[model.EventDefinition]:
    # send and receive tasks name their message on themselves
    if node.get("messageRef"):
        reference = node.get("messageRef", "")
        yield model.EventDefinition(
            "message", reference, shared.messages.get(local(reference)), line=_line(node)
        )
    for child in node.iterchildren(f"{_B}*"):
        named = _named_definition(child) if child.tag == f"{_B}eventDefinitionRef" else child
        known = None if named is None else _EVENT_DEFINITIONS.get(etree.QName(named).localname)
        if named is not None and known is not None:
            yield _event_definition(named, *known, shared)


def _named_definition(reference: etree._Element) -> etree._Element | None:
    """Return the event definition of the file that a reference names, None when there is none."""
    name = local((reference.text or "").strip())
    root = reference.getroottree().getroot()
    return next((node for node in root.iterchildren(f"{_B}*") if node.get("id") == name), None)


def _event_definition(
    node: etree._Element, kind: str, attribute: str | None, shared: model.Diagram
) -> model.EventDefinition:
    reference = node.get(attribute) if attribute else None
    identity = local(reference or "")
    timer_kind, expression = None, None
    for child in node.iterchildren(f"{_B}*"):
        tag = etree.QName(child).localname
        if tag in _TIMERS or tag == "condition":
            timer_kind, expression = _TIMERS.get(tag), (child.text or "").strip()
    return model.EventDefinition(
        kind,
        reference,
        shared.messages.get(identity) if kind == "message" else None,
        _link_code(node) if kind == "link" else shared.codes.get(identity),
        timer_kind,
        expression,
        _line(node),
        node.get("waitForCompletion", "true") != "false",
    )


def _link_code(node: etree._Element) -> str | None:
    """Return what pairs the two ends of a link: the definition at its target where stated, else the name."""
    target = node.find(f"{_B}target")
    if target is not None:
        return local((target.text or "").strip())
    return node.get("name") if node.find(f"{_B}source") is None else node.get("id")


def _line(node: etree._Element) -> int | None:
    line: int | None = node.sourceline  # type: ignore[assignment]  # the stubs leave its type open
    return line


def _loop(node: etree._Element, shared: model.Diagram) -> model.Loop | None:
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
    zeebe = next(reading_zeebe.extensions(multi, "loopCharacteristics"), None)
    attributes = {} if zeebe is None else {str(key): str(value) for key, value in zeebe.attrib.items()}
    plain = reading_data.loop_data(node, multi) if zeebe is None else {}
    behavior = multi.get("behavior", "All")
    named = multi.get("oneBehaviorEventRef" if behavior == "One" else "noneBehaviorEventRef")
    return model.Loop(
        "sequential" if multi.get("isSequential", "false") == "true" else "parallel",
        input_collection=attributes.get("inputCollection", plain.get("input_collection")),
        input_element=attributes.get("inputElement", plain.get("input_element")),
        output_collection=attributes.get("outputCollection", plain.get("output_collection")),
        output_element=attributes.get("outputElement", plain.get("output_element")),
        cardinality=_child_text(multi, "loopCardinality"),
        completion_condition=_child_text(multi, "completionCondition"),
        line=_line(multi),
        behavior=behavior,
        event=_behavior_event(multi, named, shared),
        complex=tuple(_complex_behavior(one, shared) for one in _complex_behaviors(multi)),
    )


def _complex_behaviors(multi: etree._Element) -> Iterator[etree._Element]:
    return multi.iterchildren(f"{_B}complexBehaviorDefinition")


def _complex_behavior(
    node: etree._Element, shared: model.Diagram
) -> tuple[str, model.EventDefinition | None]:
    event = node.find(f"{_B}event")
    definitions = [] if event is None else list(_event_definitions(event, shared))
    return _child_text(node, "condition") or "", next(iter(definitions), None)


def _behavior_event(
    multi: etree._Element, name: str | None, shared: model.Diagram
) -> model.EventDefinition | None:
    """Return the event that a multi-instance throws: any event definition of the file may be named."""
    for node in multi.getroottree().getroot().iter(f"{_B}*") if name else ():
        known = _EVENT_DEFINITIONS.get(etree.QName(node).localname)
        if known is not None and node.get("id") == local(name or ""):
            return _event_definition(node, *known, shared)
    return None


def _child_text(node: etree._Element, tag: str) -> str | None:
    child = node.find(f"{_B}{tag}")
    return (child.text or "").strip() or None if child is not None else None


def _documentation(node: etree._Element) -> str:
    return _child_text(node, "documentation") or ""
