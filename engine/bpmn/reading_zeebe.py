"""Read the `zeebe:` extension elements of one node."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from engine.bpmn import model

_B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_Z = "{http://camunda.org/schema/zeebe/1.0}"


def local(reference: str) -> str:
    """Return the id of a reference without its namespace prefix."""
    return reference.rpartition(":")[2]


def extensions(node: etree._Element, tag: str) -> Iterator[etree._Element]:
    """Return the `zeebe:` extension elements of a node that have this tag."""
    container = node.find(f"{_B}extensionElements")
    return iter(()) if container is None else container.iterchildren(f"{_Z}{tag}")


def properties(node: etree._Element) -> dict[str, str]:
    """Return the extension properties of a node by name."""
    return {
        entry.get("name", ""): entry.get("value", "")
        for container in extensions(node, "properties")
        for entry in container.iterchildren(f"{_Z}property")
    }


def _mappings(node: etree._Element, tag: str) -> tuple[model.IoMapping, ...]:
    return tuple(
        model.IoMapping(entry.get("source", ""), entry.get("target", ""))
        for container in extensions(node, "ioMapping")
        for entry in container.iterchildren(f"{_Z}{tag}")
    )


def attributes(node: etree._Element, tag: str) -> dict[str, str]:
    """Return the attributes of the first extension element with this tag."""
    found = next(extensions(node, tag), None)
    return {} if found is None else {str(key): str(value) for key, value in found.attrib.items()}


def details(node: etree._Element) -> model.Details:
    """Return what the extension elements of a node say."""
    if node.find(f"{_B}extensionElements") is None:
        return model.Details(called_process=local(node.get("calledElement", "")) or None)
    assignment, form = attributes(node, "assignmentDefinition"), attributes(node, "formDefinition")
    schedule, job = attributes(node, "taskSchedule"), attributes(node, "taskDefinition")
    script, decision = attributes(node, "script"), attributes(node, "calledDecision")
    called = attributes(node, "calledElement")
    return model.Details(
        assignee=assignment.get("assignee"),
        candidate_groups=assignment.get("candidateGroups"),
        candidate_users=assignment.get("candidateUsers"),
        form_id=form.get("formId") or form.get("formKey"),
        due_date=schedule.get("dueDate"),
        follow_up_date=schedule.get("followUpDate"),
        priority=attributes(node, "priorityDefinition").get("priority"),
        job_type=job.get("type"),
        retries=job.get("retries"),
        script=script.get("expression"),
        script_result=script.get("resultVariable"),
        called_process=called.get("processId") or local(node.get("calledElement", "")) or None,
        called_binding=called.get("bindingType", "latest"),
        called_version_tag=called.get("versionTag"),
        propagate_all_parent_variables={"true": True, "false": False}.get(
            called.get("propagateAllParentVariables", "")
        ),
        propagate_all_child_variables=called.get("propagateAllChildVariables", "true") != "false",
        called_decision=decision.get("decisionId"),
        decision_result=decision.get("resultVariable"),
        decision_binding=decision.get("bindingType", "latest"),
        decision_version_tag=decision.get("versionTag"),
        correlation_key=attributes(node, "subscription").get("correlationKey"),
        inputs=_mappings(node, "input"),
        outputs=_mappings(node, "output"),
        listeners=tuple(
            model.Listener(entry.get("eventType", ""), entry.get("type", ""))
            for container in extensions(node, "taskListeners")
            for entry in container.iterchildren(f"{_Z}taskListener")
        ),
        headers={
            entry.get("key", ""): entry.get("value", "")
            for container in extensions(node, "taskHeaders")
            for entry in container.iterchildren(f"{_Z}header")
        },
        properties=properties(node),
    )
