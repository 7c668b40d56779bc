"""The reference of the engine: stock SpiffWorkflow with its own parser, serializer and Python expressions.

The diagram is the real one without what stock SpiffWorkflow cannot read: extension elements go, FEEL
conditions become the same conditions in Python, service tasks become empty scripts. Its data are the same
process variables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
EQUALS = re.compile(r"(?<![<>!=])=(?!=)")  # FEEL compares with one equals sign


class Stock:
    """One instance of a real diagram on the stock library."""

    def __init__(self, path: Path, variables: Mapping[str, Any]) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(_plain(path), str(path))
        self.workflow = BpmnWorkflow(parser.get_spec(path.stem), parser.get_subprocess_specs(path.stem))
        self.serializer = BpmnWorkflowSerializer()
        self.workflow.do_engine_steps()
        first = self._ready(self.workflow)
        first.data.update(variables)

    def complete(self, **values: Any) -> None:
        """Complete the open user task and run on."""
        self._finish(self.workflow, values)

    @property
    def waiting(self) -> str:
        """Return the id of the element whose task is open."""
        return str(self._ready(self.workflow).task_spec.bpmn_id)

    def save(self) -> str:
        """Return the state as the library's serializer writes it."""
        text: str = self.serializer.serialize_json(self.workflow)
        return text

    def load_complete_save(self, state: str, values: Mapping[str, Any]) -> str:
        """Load a saved state, complete the open user task, run on, save."""
        workflow = self.serializer.deserialize_json(state)
        self._finish(workflow, values)
        text: str = self.serializer.serialize_json(workflow)
        return text

    def _finish(self, workflow: BpmnWorkflow, values: Mapping[str, Any]) -> None:
        task = self._ready(workflow)
        task.data.update(values)
        task.run()
        workflow.do_engine_steps()

    def _ready(self, workflow: BpmnWorkflow) -> Task:
        return workflow.get_tasks(state=TaskState.READY, manual=True)[0]


def _plain(path: Path) -> etree._ElementTree:
    tree = etree.parse(path)
    for extension in tree.findall(f".//{BPMN}extensionElements"):
        extension.getparent().remove(extension)
    for task in tree.iterfind(f".//{BPMN}serviceTask"):
        task.tag = (
            f"{BPMN}scriptTask"  # a plain task waits for somebody, a service task without service fails
        )
        etree.SubElement(task, f"{BPMN}script").text = "pass"
    for condition in tree.iterfind(f".//{BPMN}conditionExpression"):
        condition.text = EQUALS.sub("==", str(condition.text).removeprefix("="))
    return tree
