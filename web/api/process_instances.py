"""Process instances: searched and read, with the paths they took and the counts of their elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from engine import callers, elements, history
from engine.elements import Count
from engine.errors import NotFound
from engine.tables import Incident, ProcessDefinition, ProcessInstance
from web import relations
from web.accounts import current_actor
from web.api import blueprints, incidents, instance_filters, keys, searching
from web.api.instance_filters import HAS_INCIDENT, STATES
from web.api.schemas import TENANT, Answer, write_moment, write_moment_or_none
from web.db import db
from web.security import SIGNED_IN, open_to

blueprint: Blueprint = blueprints.make(
    "process_instances", "Cases, running and ended: started, searched, operated.", "/process-instances"
)
SEARCH = searching.Search(
    "ProcessInstance",
    key=ProcessInstance.id,
    filters={**instance_filters.OF_DEFINITION, **instance_filters.OF_INSTANCE},
    sorts=instance_filters.SORTS,
    alternatives=True,
)
# of the instances of one definition: DEFS asks for the counts of their elements
STATISTICS = searching.Search(
    "ProcessDefinitionStatistics",
    key=ProcessInstance.id,
    filters=instance_filters.OF_INSTANCE,
    sorts={},
    alternatives=True,
)


class ProcessInstanceItem(Answer):
    """One process instance; one with an incident is ACTIVE, and says so."""

    processDefinitionId = fields.String(required=True)  # noqa: N815  the clients' names
    processDefinitionName = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    processDefinitionVersionTag = fields.String(required=True, allow_none=True)  # noqa: N815
    startDate = fields.AwareDateTime(required=True)  # noqa: N815
    endDate = fields.AwareDateTime(required=True, allow_none=True)  # noqa: N815
    state = fields.String(required=True, validate=validate.OneOf(list(STATES)))
    suspendedDate = fields.AwareDateTime(required=True, allow_none=True)  # noqa: N815
    hasIncident = fields.Boolean(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    parentProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    parentElementInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    tags = fields.List(fields.String(), required=True)
    businessId = fields.String(required=True, allow_none=True)  # noqa: N815


class SequenceFlow(Answer):
    """One sequence flow that a token took."""

    sequenceFlowId = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionId = fields.String(required=True, allow_none=True)  # noqa: N815
    elementId = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815


class SequenceFlows(Answer):
    """The flows that were taken."""

    items = fields.List(fields.Nested(SequenceFlow), required=True)


class ElementStatistics(Answer):
    """How many element instances one element has in each state."""

    elementId = fields.String(required=True)  # noqa: N815
    active = fields.Integer(required=True)
    canceled = fields.Integer(required=True)
    incidents = fields.Integer(required=True)
    completed = fields.Integer(required=True)


class Statistics(Answer):
    """The counts of every element that was reached."""

    items = fields.List(fields.Nested(ElementStatistics), required=True)


class CallEntry(Answer):
    """One instance on the line of calls."""

    processInstanceKey = fields.String(required=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    processDefinitionName = fields.String(required=True)  # noqa: N815


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(ProcessInstanceItem))
@blueprint.refuses(400, 401, 403)
@open_to(SIGNED_IN)
def search(body: dict[str, Any]) -> Mapping[str, Any]:
    """Search the instances that the caller may see."""
    session = db.session()
    asked = instance_filters.allowed(body)
    query: Any = _selection().where(relations.visible_instances(current_actor()))
    found = SEARCH.run(session, query, asked, lambda row: {"row": row})
    found["items"] = write_all(session, [item["row"] for item in found["items"]])
    return found


@blueprint.get("/<key>")
@blueprint.response(200, ProcessInstanceItem)
@blueprint.refuses(400, 401, 404)
@open_to(SIGNED_IN)
def show(key: str) -> Mapping[str, Any]:
    """Return one instance."""
    session = db.session()
    instance = find(session, key)
    row = session.execute(_selection().where(ProcessInstance.id == instance.id)).one()
    return write_all(session, [row])[0]


@blueprint.get("/<key>/sequence-flows")
@blueprint.response(200, SequenceFlows)
@blueprint.refuses(400, 401, 404)
@open_to(SIGNED_IN)
def list_flows(key: str) -> Mapping[str, Any]:
    """Return the sequence flows that were taken, each once."""
    session = db.session()
    instance = find(session, key)
    taken = sorted(history.taken_flows(history.of_instance(session, instance.id)))
    shared = {
        "processInstanceKey": key,
        "rootProcessInstanceKey": _root_key(session, instance),
        "processDefinitionKey": keys.write("process_definition", instance.definition_id),
        "processDefinitionId": instance.process_id,
        "tenantId": TENANT,
    }
    return {"items": [{"sequenceFlowId": f"{key}_{flow}", **shared, "elementId": flow} for flow in taken]}


@blueprint.get("/<key>/statistics/element-instances")
@blueprint.response(200, Statistics)
@blueprint.refuses(400, 401, 404)
@open_to(SIGNED_IN)
def count_elements(key: str) -> Mapping[str, Any]:
    """Return how many element instances each element has, by state."""
    session = db.session()
    return statistics_answer(elements.count(elements.of_instance(session, find(session, key))))


@blueprint.post("/<key>/incidents/search")
@blueprint.arguments(incidents.SEARCH.request(), required=False)
@blueprint.response(200, incidents.SEARCH.answer(incidents.IncidentItem))
@blueprint.refuses(400, 401, 404)
@open_to(SIGNED_IN)
def search_incidents(body: dict[str, Any], key: str) -> Mapping[str, Any]:
    """Search the incidents of one instance."""
    session = db.session()
    return incidents.find(session, body, Incident.instance_id == find(session, key).id)


@blueprint.get("/<key>/call-hierarchy")
@blueprint.response(200, CallEntry(many=True))
@blueprint.refuses(400, 401, 404)
@open_to(SIGNED_IN)
def list_callers(key: str) -> Any:
    """Return the line of instances that leads here, the one that nobody called first."""
    session = db.session()
    line = [find(session, key)]
    while (parent := line[0].parent_id) is not None:
        line.insert(0, session.get_one(ProcessInstance, parent))
    return [
        {
            "processInstanceKey": keys.write("process_instance", one.id),
            "processDefinitionKey": keys.write("process_definition", one.definition_id),
            "processDefinitionName": one.definition.name,
        }
        for one in line
    ]


def find(session: Session, key: str) -> ProcessInstance:
    """Return the instance of a key; raises NotFound for one that the caller may not see, too."""
    number = keys.read("process_instance", key)
    try:
        relations.ensure_sees(session, number, current_actor())
    except NotFound as error:
        raise NotFound(kind="process instance", key=key) from error
    return session.get_one(ProcessInstance, number)


def _selection() -> Select[ProcessInstance, ProcessDefinition, bool]:
    """Return what an item is made of: instance, definition, whether there is an open incident."""
    has_incident: ColumnElement[bool] = HAS_INCIDENT
    joined = ProcessDefinition.id == ProcessInstance.definition_id
    return select(ProcessInstance, ProcessDefinition, has_incident).join(ProcessDefinition, joined)


def write_all(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return items for rows of instance, definition and flag; the roots come in one statement."""
    roots = callers.find_roots(session, [row[0].id for row in rows if row[0].parent_id is not None])
    return [write(row[0], row[1], roots.get(row[0].id, row[0].id), has_incident=row[2]) for row in rows]


def write(
    instance: ProcessInstance, definition: ProcessDefinition, root: int, *, has_incident: bool
) -> dict[str, Any]:
    """Return one item."""
    parent = instance.parent_id
    calling = None if parent is None else keys.write_element(parent, instance.parent_token or 0)
    return {
        "processDefinitionId": instance.process_id,
        "processDefinitionName": definition.name,
        "processDefinitionVersion": definition.version,
        "processDefinitionVersionTag": definition.version_tag,
        "startDate": write_moment(instance.started_at),
        "endDate": write_moment_or_none(instance.ended_at),
        "state": _state(instance),
        "suspendedDate": write_moment_or_none(instance.suspended_at),
        "hasIncident": bool(has_incident),
        "tenantId": TENANT,
        "processInstanceKey": keys.write("process_instance", instance.id),
        "processDefinitionKey": keys.write("process_definition", instance.definition_id),
        "parentProcessInstanceKey": keys.write_or_none("process_instance", parent),
        "parentElementInstanceKey": calling,
        "rootProcessInstanceKey": keys.write("process_instance", root),
        "tags": list(instance.tags),
        "businessId": instance.business_key or None,
    }


def _state(instance: ProcessInstance) -> str:
    if instance.status == "active":
        return "ACTIVE" if instance.suspended_at is None else "SUSPENDED"
    return "COMPLETED" if instance.status == "completed" else "TERMINATED"


def _root_key(session: Session, instance: ProcessInstance) -> str:
    root = callers.find_roots(session, [instance.id]).get(instance.id, instance.id)
    return keys.write("process_instance", root)


def statistics_answer(counts: Mapping[str, Count]) -> dict[str, Any]:
    """Return the counts of elements as the clients read them."""
    return {
        "items": [
            {
                "elementId": element,
                "active": count.active,
                "canceled": count.canceled,
                "incidents": count.incidents,
                "completed": count.completed,
            }
            for element, count in sorted(counts.items())
        ]
    }
