"""What Camunda calls the kinds of elements."""

from __future__ import annotations

from engine.bpmn.model import Element

UNKNOWN = "UNKNOWN"
BODY = "MULTI_INSTANCE_BODY"
_TYPES = {
    "startEvent": "START_EVENT",
    "endEvent": "END_EVENT",
    "intermediateCatchEvent": "INTERMEDIATE_CATCH_EVENT",
    "intermediateThrowEvent": "INTERMEDIATE_THROW_EVENT",
    "boundaryEvent": "BOUNDARY_EVENT",
    "task": "TASK",
    "userTask": "USER_TASK",
    "manualTask": "MANUAL_TASK",
    "serviceTask": "SERVICE_TASK",
    "scriptTask": "SCRIPT_TASK",
    "sendTask": "SEND_TASK",
    "receiveTask": "RECEIVE_TASK",
    "businessRuleTask": "BUSINESS_RULE_TASK",
    "callActivity": "CALL_ACTIVITY",
    "subProcess": "SUB_PROCESS",
    "transaction": "SUB_PROCESS",
    "adHocSubProcess": "AD_HOC_SUB_PROCESS",
    "exclusiveGateway": "EXCLUSIVE_GATEWAY",
    "inclusiveGateway": "INCLUSIVE_GATEWAY",
    "parallelGateway": "PARALLEL_GATEWAY",
    "eventBasedGateway": "EVENT_BASED_GATEWAY",
}
TYPES = ("PROCESS", *sorted({*_TYPES.values(), BODY, "EVENT_SUB_PROCESS", UNKNOWN}))


def type_of(element: Element | None, *, body: bool = False) -> str:
    """Return the type of an element instance; UNKNOWN for what Camunda has no word for (complex gateways)."""
    if body:
        return BODY
    if element is None:
        return UNKNOWN
    return "EVENT_SUB_PROCESS" if element.triggered_by_event else _TYPES.get(element.kind, UNKNOWN)
