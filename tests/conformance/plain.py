"""The diagrams of these tests on the library alone: stock parser, stock behaviour, Python expressions.

What the library cannot read is told in its own way: extension elements go, FEEL becomes the same in Python,
FEEL scripts become scripts, `zeebe:` loops become the loops of BPMN. Nothing else is changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.specs.event_definitions import (
    ErrorEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from tests.builders import BPMN, XSI, ZEEBE, B, ProcessBuilder

EQUALS = re.compile(r"(?<![<>!=])=(?!=)")  # FEEL compares with one equals sign
_Q = f"{{{BPMN}}}"
_Z = f"{{{ZEEBE}}}"


class Plain:
    """One instance of a test's diagram on the library alone."""

    def __init__(
        self, builder: ProcessBuilder, variables: Mapping[str, Any] | None = None, *beside: ProcessBuilder
    ) -> None:
        self.workflow: Any = start(parse(builder, *beside), variables)

    def settle(self) -> None:
        """Run until nothing automatic is left."""
        settle(self.workflow)

    def names(self, state: int = TaskState.READY) -> list[str]:
        """Return the elements of the tasks in a state, those that somebody can complete by default."""
        manual = {"manual": True} if state == TaskState.READY else {}
        return sorted(
            task.task_spec.bpmn_id or task.task_spec.name
            for task in self.workflow.get_tasks(state=state, **manual)
        )

    def task(self, element: str, index: int = 0) -> Task:
        """Return an open task of an element."""
        return self.tasks(element)[index]

    def tasks(self, element: str) -> list[Task]:
        """Return the open tasks of an element."""
        found = self.workflow.get_tasks(state=TaskState.READY)
        return [task for task in found if task.task_spec.bpmn_id == element]

    def complete(self, element: str, index: int = 0, **values: Any) -> None:
        """Complete an open task of an element and run on."""
        task = self.task(element, index)
        task.data.update(values)
        task.run()
        self.settle()

    def send_message(self, name: str, **payload: Any) -> None:
        """Send a message into the instance."""
        self.workflow.send_event(BpmnEvent(MessageEventDefinition(name), payload))
        self.settle()

    def send_signal(self, name: str) -> None:
        """Send a signal into the instance."""
        self.workflow.send_event(BpmnEvent(SignalEventDefinition(name), {}))
        self.settle()

    def send_error(self, name: str, code: str) -> None:
        """Throw an error into the instance, as an application would."""
        self.workflow.catch(BpmnEvent(ErrorEventDefinition(name, code), {}))
        self.settle()

    def thrown(self) -> list[str]:
        """Return the names of what was thrown and nobody in this instance has caught."""
        return [event.event_definition.name for event in self.workflow.get_events()]

    @property
    def completed(self) -> bool:
        """Tell whether the library believes that the instance has ended."""
        return bool(self.workflow.is_completed())

    @property
    def data(self) -> dict[str, Any]:
        """Return the data that the instance ended with."""
        return dict(self.workflow.data)


def parse(*builders: ProcessBuilder) -> tuple[Any, Any]:
    """Return the spec of the first process and those of all sub-processes."""
    parser = BpmnParser()
    for builder in builders:
        parser.add_bpmn_xml(etree.ElementTree(translate(builder)), f"{builder.id}.bpmn")
    return parser.get_spec(builders[0].id), parser.get_subprocess_specs(builders[0].id)


def start(specs: tuple[Any, Any], variables: Mapping[str, Any] | None = None) -> BpmnWorkflow:
    """Start an instance of parsed specs and run it to its first wait states."""
    workflow = BpmnWorkflow(*specs)
    workflow.task_tree.data.update(variables or {})
    settle(workflow)
    return workflow


def settle(workflow: BpmnWorkflow) -> None:
    """Run until nothing automatic is left; a fired timer is run by the next call only."""
    workflow.do_engine_steps()
    while workflow.get_next_task(state=TaskState.READY, manual=False) is not None:
        workflow.do_engine_steps()


def save(workflow: BpmnWorkflow) -> str:
    """Return the state as the library writes it."""
    text: str = BpmnWorkflowSerializer().serialize_json(workflow)
    return text


def load(text: str) -> BpmnWorkflow:
    """Return the instance of a saved state."""
    return BpmnWorkflowSerializer().deserialize_json(text)


def translate(builder: ProcessBuilder) -> etree._Element:
    """Return the diagram as the library reads it."""
    root = etree.fromstring(builder.xml())
    for node in list(root.iter(f"{_Q}*")):
        _translate_element(node)
    for extension in root.findall(f".//{_Q}extensionElements"):
        parent = extension.getparent()
        assert parent is not None
        parent.remove(extension)
    return root


def _translate_element(node: etree._Element) -> None:
    kind = etree.QName(node).localname
    extensions = node.find(f"{_Q}extensionElements")
    script = None if extensions is None else extensions.find(f"{_Z}script")
    called = None if extensions is None else extensions.find(f"{_Z}calledElement")
    if script is not None:
        node.append(B.script(f"{script.get('resultVariable')} = {python(str(script.get('expression')))}"))
    elif kind == "serviceTask":
        # without a service a plain one fails: the diagram's work is somebody else's affair here
        node.tag = f"{_Q}scriptTask"
        node.append(B.script("pass"))
    if called is not None:
        node.set("calledElement", str(called.get("processId")))
    if kind in ("conditionExpression", "completionCondition", "condition", "loopCondition"):
        node.text = python(str(node.text))
    elif kind in ("timeDuration", "timeDate", "timeCycle"):
        node.text = f'"{node.text}"'
    elif kind == "multiInstanceLoopCharacteristics" and extensions is not None:
        _translate_loop(node, extensions)


def _translate_loop(node: etree._Element, extensions: etree._Element) -> None:
    """Write a loop over a variable as BPMN writes it."""
    zeebe = extensions.find(f"{_Z}loopCharacteristics")
    assert zeebe is not None
    values = {name: str(value).removeprefix("=") for name, value in zeebe.attrib.items()}
    parts = [B.loopDataInputRef(values["inputCollection"])]
    if "outputCollection" in values:
        parts.append(B.loopDataOutputRef(values["outputCollection"]))
    parts.append(B.inputDataItem(id=values["inputElement"]))
    if "outputElement" in values:
        parts.append(B.outputDataItem(id=values["outputElement"]))
    condition = node.find(f"{_Q}completionCondition")
    if condition is not None:
        node.remove(condition)
        condition.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
        parts.append(condition)
    node.extend(parts)


def python(expression: str) -> str:
    """Return a simple FEEL expression in Python."""
    return EQUALS.sub("==", expression.strip().removeprefix("="))
