"""Compile a process into SpiffWorkflow specs: one per element, with names that cannot collide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec

from engine.bpmn.model import Process
from engine.spiff import activities, call_activities, events, gateways, sub_processes, transactions
from engine.spiff.nodes import Node

NODES: dict[str, type[Node]] = {
    "startEvent": events.StartEvent,
    "endEvent": events.EndEvent,
    "intermediateThrowEvent": events.ThrowEvent,
    "intermediateCatchEvent": events.CatchEvent,
    "boundaryEvent": events.BoundaryEvent,
    "task": activities.Activity,
    "userTask": activities.UserTask,
    "manualTask": activities.Activity,  # done without the engine, as in Camunda 8: it passes
    "serviceTask": activities.ServiceTask,
    "businessRuleTask": activities.BusinessRuleTask,
    "scriptTask": activities.ScriptTask,
    "sendTask": activities.SendTask,
    "receiveTask": activities.ReceiveTask,
    "subProcess": sub_processes.SubProcess,
    "adHocSubProcess": sub_processes.AdHocSubProcess,
    "transaction": transactions.Transaction,
    "callActivity": call_activities.CallActivity,
    "exclusiveGateway": gateways.ExclusiveGateway,
    "parallelGateway": gateways.ParallelGateway,
    "inclusiveGateway": gateways.InclusiveGateway,
    "complexGateway": gateways.ComplexGateway,
    "eventBasedGateway": gateways.EventBasedGateway,
}


@dataclass(frozen=True)
class Compiled:
    """A process with its specs; nothing at run time changes them, so every instance shares one."""

    process: Process
    spec: Any


def compile_process(process: Process) -> Compiled:
    """Return the specs of a checked process."""
    spec = BpmnProcessSpec(name=process.id)
    for element in process.elements.values():
        NODES[element.kind](spec, element, process)
    return Compiled(process, spec)
