"""Who did what when: the operations of people and programs, derived from the history of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session

from engine import callers
from engine.actors import SYSTEM, Actor
from engine.columns import JsonNumber
from engine.errors import NotFound
from engine.tables import HistoryEvent, ProcessDefinition, ProcessInstance
from web import accounts, relations
from web.accounts import current_actor
from web.api import blueprints, conditions, keys, schemas, searching, user_tasks
from web.api.conditions import Tests
from web.api.schemas import write_moment
from web.db import db
from web.security import SIGNED_IN, open_to
from web.tables import Credential
from web.timeline_words import STORY

blueprint = blueprints.make("audit_logs", "Who did what when.", "")
# kind of a history event: entity and operation
KINDS = {
    "instance.started": ("PROCESS_INSTANCE", "CREATE"),
    "instance.restarted": ("PROCESS_INSTANCE", "CREATE"),
    "instance.cancelled": ("PROCESS_INSTANCE", "CANCEL"),
    "instance.modified": ("PROCESS_INSTANCE", "MODIFY"),
    "task.returned": ("PROCESS_INSTANCE", "MODIFY"),
    "task.recalled": ("PROCESS_INSTANCE", "MODIFY"),
    "instance.migrated": ("PROCESS_INSTANCE", "MIGRATE"),
    "instance.suspended": ("PROCESS_INSTANCE", "SUSPEND"),
    "instance.resumed": ("PROCESS_INSTANCE", "RESUME"),
    "variables.corrected": ("VARIABLE", "UPDATE"),
    "incident.retried": ("INCIDENT", "RESOLVE"),
    "job.completed": ("JOB", "COMPLETE"),
    "job.failed": ("JOB", "UPDATE"),
    "job.retries_set": ("JOB", "UPDATE"),
    "job.updated": ("JOB", "UPDATE"),
    "task.claimed": ("USER_TASK", "ASSIGN"),
    "task.reassigned": ("USER_TASK", "ASSIGN"),
    "task.released": ("USER_TASK", "UNASSIGN"),
    "task.due_changed": ("USER_TASK", "UPDATE"),
    "task.updated": ("USER_TASK", "UPDATE"),
    "task.completed": ("USER_TASK", "COMPLETE"),
    "task.refused": ("USER_TASK", "COMPLETE"),
}
ENTITIES = (
    "AUTHORIZATION",
    "BATCH",
    "CLIENT",
    "DECISION",
    "GROUP",
    "INCIDENT",
    "JOB",
    "MAPPING_RULE",
    "PROCESS_INSTANCE",
    "RESOURCE",
    "ROLE",
    "TENANT",
    "USER",
    "USER_TASK",
    "VARIABLE",
)
OPERATIONS = (
    "ASSIGN",
    "CANCEL",
    "COMPLETE",
    "CREATE",
    "DELETE",
    "EVALUATE",
    "MIGRATE",
    "MODIFY",
    "RESOLVE",
    "RESUME",
    "SUSPEND",
    "UNASSIGN",
    "UNKNOWN",
    "UPDATE",
)
RESULTS = ("SUCCESS", "FAIL")
CATEGORIES = ("ADMIN", "DEPLOYED_RESOURCES", "USER_TASKS")
ACTORS = ("USER", "CLIENT", "ANONYMOUS", "UNKNOWN")
# what no entry of ours has
ABSENT = (
    "agentElementId",
    "batchOperationKey",
    "batchOperationType",
    "decisionRequirementsId",
    "decisionRequirementsKey",
    "decisionDefinitionId",
    "decisionDefinitionKey",
    "decisionEvaluationKey",
    "deploymentKey",
    "formKey",
    "resourceKey",
    "relatedEntityKey",
    "relatedEntityType",
    "inboundChannelType",
    "inboundChannelToolName",
)


def _of_entity(entity: str, name: str) -> ColumnElement[Any]:
    """Return a number in what an event tells, for the events about one kind of entity."""
    kinds = [kind for kind, (about, _) in KINDS.items() if about == entity]
    number = JsonNumber(HistoryEvent.data, literal(name))
    return case((HistoryEvent.kind.in_(kinds), number), else_=None)


TASK, JOB, INCIDENT = (
    _of_entity("USER_TASK", "task"),
    _of_entity("JOB", "job"),
    _of_entity("INCIDENT", "incident"),
)
TOKEN = JsonNumber(HistoryEvent.data, literal("token"))
ELEMENT_INSTANCE = HistoryEvent.instance_id * keys.TOKENS + TOKEN
ENTITY: ColumnElement[str] = case(
    *((HistoryEvent.kind == kind, literal(entity)) for kind, (entity, _) in KINDS.items())
)
OPERATION: ColumnElement[str] = case(
    *((HistoryEvent.kind == kind, literal(operation)) for kind, (_, operation) in KINDS.items())
)
CATEGORY: ColumnElement[str] = case(
    (ENTITY == "USER_TASK", literal("USER_TASKS")), else_=literal("DEPLOYED_RESOURCES")
)
RESULT: ColumnElement[str] = case(
    (HistoryEvent.kind == "task.refused", literal("FAIL")), else_=literal("SUCCESS")
)
_PROGRAMS = select(Credential.name).where(Credential.kind == accounts.SERVICE)
ACTOR: ColumnElement[str] = case(
    (HistoryEvent.actor == SYSTEM.name, literal("UNKNOWN")),
    (HistoryEvent.actor.in_(_PROGRAMS), literal("CLIENT")),
    else_=literal("USER"),
)


def _key(kind: str, number: ColumnElement[Any]) -> ColumnElement[str]:
    return cast(number, String) + literal(f"{keys.CODES[kind]:02}")


ENTITY_KEY: ColumnElement[str] = func.coalesce(
    _key("user_task", TASK),
    _key("job", JOB),
    _key("incident", INCIDENT),
    _key("process_instance", HistoryEvent.instance_id.expression),
    type_=String(),
)


_Absent: Any = schemas.Answer.from_dict(
    {name: fields.String(required=True, allow_none=True) for name in ABSENT}, name="AuditLogParts"
)


# what is selected of an event and its case
PARTS: Mapping[str, ColumnElement[Any]] = {
    "id": HistoryEvent.id.expression,
    "instance": HistoryEvent.instance_id.expression,
    "at": HistoryEvent.at.expression,
    "actor": HistoryEvent.actor.expression,
    "element": HistoryEvent.element.expression,
    "parent": ProcessInstance.parent_id.expression,
    "definition": ProcessDefinition.id.expression,
    "process_id": ProcessDefinition.process_id.expression,
    "task": TASK,
    "job": JOB,
    "token": TOKEN,
    "entity": ENTITY,
    "operation": OPERATION,
    "category": CATEGORY,
    "result": RESULT,
    "actor_type": ACTOR,
    "entity_key": ENTITY_KEY,
}


class AuditLogItem(_Absent):  # type: ignore[misc]  # marshmallow makes it
    """One operation."""

    auditLogKey = fields.String(required=True)  # noqa: N815
    entityKey = fields.String(required=True)  # noqa: N815
    entityType = fields.String(required=True, validate=validate.OneOf(ENTITIES))  # noqa: N815
    operationType = fields.String(required=True, validate=validate.OneOf(OPERATIONS))  # noqa: N815
    timestamp = fields.String(required=True)
    result = fields.String(required=True, validate=validate.OneOf(RESULTS))
    category = fields.String(required=True, validate=validate.OneOf(CATEGORIES))
    actorId = fields.String(required=True, allow_none=True)  # noqa: N815
    actorType = fields.String(required=True, allow_none=True, validate=validate.OneOf(ACTORS))  # noqa: N815
    tenantId = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionId = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True, allow_none=True)  # noqa: N815
    processInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    elementInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    jobKey = fields.String(required=True, allow_none=True)  # noqa: N815
    userTaskKey = fields.String(required=True, allow_none=True)  # noqa: N815
    entityDescription = fields.String(required=True, allow_none=True)  # noqa: N815


_OF_OPERATIONS = {
    "operationType": searching.words(OPERATIONS, OPERATION),
    "result": searching.words(RESULTS, RESULT),
    "timestamp": searching.moment(HistoryEvent.at),
    "actorType": searching.words(ACTORS, ACTOR),
    "actorId": searching.text(HistoryEvent.actor),
}
_SORTS = {
    "actorId": HistoryEvent.actor,
    "actorType": ACTOR,
    "auditLogKey": HistoryEvent.id,
    "category": CATEGORY,
    "elementInstanceKey": ELEMENT_INSTANCE,
    "entityKey": ENTITY_KEY,
    "entityType": ENTITY,
    "jobKey": JOB,
    "operationType": OPERATION,
    "processDefinitionId": ProcessDefinition.process_id,
    "processDefinitionKey": ProcessDefinition.id,
    "processInstanceKey": HistoryEvent.instance_id,
    "result": RESULT,
    "tenantId": HistoryEvent.id,
    "timestamp": HistoryEvent.at,
    "userTaskKey": TASK,
} | dict.fromkeys(
    (
        "batchOperationKey",
        "batchOperationType",
        "decisionDefinitionId",
        "decisionDefinitionKey",
        "decisionEvaluationKey",
        "decisionRequirementsId",
        "decisionRequirementsKey",
        "inboundChannelToolName",
        "inboundChannelType",
    ),
    HistoryEvent.id,
)
SEARCH = searching.Search(
    "AuditLog",
    key=HistoryEvent.id,
    filters=_OF_OPERATIONS
    | {
        "auditLogKey": searching.key("audit_log", HistoryEvent.id),
        "processDefinitionKey": searching.key("process_definition", ProcessDefinition.id),
        "processInstanceKey": searching.key("process_instance", HistoryEvent.instance_id),
        "elementInstanceKey": searching.key("element_instance", ELEMENT_INSTANCE),
        "entityKey": searching.special(
            Tests(conditions.read_text, conditions.KEY, {"type": "string"}),
            lambda found: conditions.in_database(ENTITY_KEY, found),
        ),
        "entityType": searching.words(ENTITIES, ENTITY),
        "tenantId": searching.one_tenant(),
        "category": searching.words(CATEGORIES, CATEGORY),
        "processDefinitionId": searching.text(ProcessDefinition.process_id),
        "jobKey": searching.key("job", JOB),
        "userTaskKey": searching.key("user_task", TASK),
        "entityDescription": searching.text(HistoryEvent.element),
    }
    | {name: searching.nothing_has() for name in ABSENT if name != "batchOperationKey"},
    sorts=_SORTS,
)
OF_TASK = searching.Search("UserTaskAuditLog", key=HistoryEvent.id, filters=_OF_OPERATIONS, sorts=_SORTS)


@blueprint.post("/audit-logs/search")
@blueprint.arguments(SEARCH.request())
@blueprint.response(200, SEARCH.answer(AuditLogItem))
@blueprint.refuses(400)
@open_to(SIGNED_IN)
def search(body: Mapping[str, Any]) -> dict[str, Any]:
    """Search the operations on the cases that the caller may see."""
    session = db.session()
    return _find(session, SEARCH, body, _select(current_actor()))


@blueprint.get("/audit-logs/<key>")
@blueprint.response(200, AuditLogItem)
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def show(key: str) -> dict[str, Any]:
    """Return one operation."""
    session = db.session()
    query = _select(current_actor()).where(HistoryEvent.id == keys.read("audit_log", key))
    row = session.execute(query).first()
    if row is None:
        raise NotFound(kind="history event", key=key)
    return _write_all(session, [row])[0]


@blueprint.post("/user-tasks/<key>/audit-logs/search")
@blueprint.arguments(OF_TASK.request())
@blueprint.response(200, OF_TASK.answer(AuditLogItem))
@blueprint.refuses(400, 404)
@open_to(SIGNED_IN)
def search_task(body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Search the operations on one task."""
    session = db.session()
    task = user_tasks.visible(session, key)
    of_task = and_(HistoryEvent.instance_id == task.instance_id, TASK.in_((task.id,)))
    return _find(session, OF_TASK, body, _selected(current_actor()).where(of_task))


def _find(
    session: Session, asked: searching.Search, body: Mapping[str, Any], query: Select[Any]
) -> dict[str, Any]:
    found = asked.run(session, query, body, lambda row: row)
    return found | {"items": _write_all(session, found["items"])}


def _select(actor: Actor) -> Select[Any]:
    return _selected(actor).where(relations.visible_instances(actor))


def _selected(actor: Actor) -> Select[Any]:
    """Select operations as far as the story of a case that the actor sees tells them."""
    shown = KINDS if relations.sees_all(actor) else KINDS.keys() & STORY
    # what our own worker did of itself is no operation
    counts = or_(HistoryEvent.kind.not_in(("job.completed", "job.failed")), JOB.is_not(None))
    return (
        select(*(column.label(name) for name, column in PARTS.items()))
        .join(ProcessInstance, ProcessInstance.id == HistoryEvent.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(HistoryEvent.kind.in_(shown), counts)
    )


def _write_all(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    parts = [SimpleNamespace(**dict(zip(PARTS, row, strict=True))) for row in rows]
    roots = callers.find_roots(session, [row.instance for row in parts if row.parent is not None])
    return [_write(row, roots.get(row.instance, row.instance)) for row in parts]


def _write(row: Any, root: int) -> dict[str, Any]:
    instance, token = row.instance, row.token
    return dict.fromkeys(ABSENT) | {
        "auditLogKey": keys.write("audit_log", row.id),
        "entityKey": row.entity_key,
        "entityType": row.entity,
        "operationType": row.operation,
        "timestamp": write_moment(row.at),
        "result": row.result,
        "category": row.category,
        "actorId": row.actor,
        "actorType": row.actor_type,
        "tenantId": schemas.TENANT,
        "processDefinitionId": row.process_id,
        "processDefinitionKey": keys.write("process_definition", row.definition),
        "processInstanceKey": keys.write("process_instance", instance),
        "rootProcessInstanceKey": keys.write("process_instance", root),
        "elementInstanceKey": None if token is None else keys.write_element(instance, token),
        "jobKey": keys.write_or_none("job", row.job),
        "userTaskKey": keys.write_or_none("user_task", row.task),
        "entityDescription": row.element,
    }
