"""Jobs as the API shows them, and what they can be searched by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.orm import Session

from engine import callers, clock, deployments
from engine.columns import UtcDateTime
from engine.leases import Lent
from engine.tables import Job, ProcessDefinition, ProcessInstance
from web.api import keys, schemas, searching
from web.api.schemas import write_moment_or_none

STATES = (
    "CREATED",
    "COMPLETED",
    "FAILED",
    "RETRIES_UPDATED",
    "TIMED_OUT",
    "CANCELED",
    "ERROR_THROWN",
    "MIGRATED",
    "PRIORITY_UPDATED",
    "TIMEOUT_UPDATED",
)
KINDS = ("BPMN_ELEMENT", "EXECUTION_LISTENER", "TASK_LISTENER", "AD_HOC_SUB_PROCESS")
LISTENS = (
    "UNSPECIFIED",
    "START",
    "END",
    "CREATING",
    "ASSIGNING",
    "UPDATING",
    "COMPLETING",
    "CANCELING",
    "CANCEL",
    "BEFORE_ALL",
)
COMPARED = 250  # letters by which messages are sorted: a cursor holds them
ELEMENT_INSTANCE = Job.instance_id * keys.TOKENS + Job.token
NOW: ColumnElement[Any] = bindparam(None, callable_=clock.now, type_=UtcDateTime(), unique=True)
IS_OVER = and_(Job.status == "open", Job.locked_until.is_not(None), Job.locked_until <= NOW)
STATE: ColumnElement[str] = case(
    (Job.status == "cancelled", literal("CANCELED")),
    ((Job.status == "completed") & (Job.change != "error_thrown"), literal("COMPLETED")),
    ((Job.status == "failed") & (Job.change == "created"), literal("FAILED")),  # of releases before 0010
    (IS_OVER, literal("TIMED_OUT")),
    else_=func.upper(Job.change, type_=String()),
)
HAS_FAILED = and_(Job.status == "open", Job.change == "failed", Job.retries > 0)
UPDATED = func.coalesce(Job.updated_at, Job.created_at, type_=UtcDateTime())
DEADLINE: ColumnElement[Any] = case((Job.status == "open", Job.locked_until), else_=None)


class ActivatedJob(schemas.Answer):
    """One job given to a worker."""

    type = fields.String(required=True)
    processDefinitionId = fields.String(required=True)  # noqa: N815
    processDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    elementId = fields.String(required=True)  # noqa: N815
    customHeaders = fields.Dict(required=True)  # noqa: N815
    worker = fields.String(required=True)
    retries = fields.Integer(required=True)
    deadline = fields.Integer(required=True)
    variables = fields.Dict(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    physicalTenantId = fields.String(required=True)  # noqa: N815
    jobKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    elementInstanceKey = fields.String(required=True)  # noqa: N815
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    listenerEventType = fields.String(required=True, validate=validate.OneOf(LISTENS))  # noqa: N815
    userTask = fields.Dict(required=True, allow_none=True)  # noqa: N815
    tags = fields.List(fields.String(), required=True)
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    businessId = fields.String(required=True, allow_none=True)  # noqa: N815
    priority = fields.Integer(required=True)
    jobLeaseToken = fields.String(required=True, allow_none=True)  # noqa: N815


class ActivatedJobs(schemas.Answer):
    """The jobs given to a worker."""

    jobs = fields.List(fields.Nested(ActivatedJob), required=True)


class JobItem(schemas.Answer):
    """One job."""

    customHeaders = fields.Dict(required=True)  # noqa: N815
    deadline = fields.String(required=True, allow_none=True)
    deniedReason = fields.String(required=True, allow_none=True)  # noqa: N815
    elementId = fields.String(required=True, allow_none=True)  # noqa: N815
    elementInstanceKey = fields.String(required=True)  # noqa: N815
    endTime = fields.String(required=True, allow_none=True)  # noqa: N815
    errorCode = fields.String(required=True, allow_none=True)  # noqa: N815
    errorMessage = fields.String(required=True, allow_none=True)  # noqa: N815
    hasFailedWithRetriesLeft = fields.Boolean(required=True)  # noqa: N815
    isDenied = fields.Boolean(required=True, allow_none=True)  # noqa: N815
    jobKey = fields.String(required=True)  # noqa: N815
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    listenerEventType = fields.String(required=True, validate=validate.OneOf(LISTENS))  # noqa: N815
    processDefinitionId = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True, allow_none=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    businessId = fields.String(required=True, allow_none=True)  # noqa: N815
    retries = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    tenantId = fields.String(required=True)  # noqa: N815
    type = fields.String(required=True)
    worker = fields.String(required=True)
    creationTime = fields.String(required=True, allow_none=True)  # noqa: N815
    lastUpdateTime = fields.String(required=True, allow_none=True)  # noqa: N815
    priority = fields.Integer(required=True)


def write_lent(session: Session, lent: Sequence[Lent]) -> dict[str, Any]:
    """Return the answer of an activation."""
    roots = callers.find_roots(
        session, [one.instance.id for one in lent if one.instance.parent_id is not None]
    )
    return {"jobs": [_write_lent(one, roots.get(one.instance.id, one.instance.id)) for one in lent]}


def _write_lent(lent: Lent, root: int) -> dict[str, Any]:
    job, instance = lent.job, lent.instance
    until = clock.now() if job.locked_until is None else job.locked_until
    return {
        "type": job.type,
        "processDefinitionId": instance.process_id,
        "processDefinitionVersion": instance.definition.version,
        "elementId": job.element,
        "customHeaders": dict(lent.headers),
        "worker": job.worker,
        "retries": job.retries,
        "deadline": int(until.timestamp() * 1000),
        "variables": dict(lent.variables),
        "tenantId": schemas.TENANT,
        "physicalTenantId": schemas.TENANT,
        "jobKey": keys.write("job", job.id),
        "processInstanceKey": keys.write("process_instance", instance.id),
        "processDefinitionKey": keys.write("process_definition", instance.definition_id),
        "elementInstanceKey": keys.write_element(instance.id, job.token),
        "kind": KINDS[0],
        "listenerEventType": LISTENS[0],
        "userTask": None,
        "tags": list(instance.tags or ()),
        "rootProcessInstanceKey": keys.write("process_instance", root),
        "businessId": instance.business_key or None,
        "priority": job.priority,
        "jobLeaseToken": job.lease,
    }


def select_jobs() -> Any:
    """Select jobs with what an item needs besides: version of the process, case."""
    return (
        select(Job, ProcessDefinition, ProcessInstance.parent_id, ProcessInstance.business_key, STATE)
        .join(ProcessInstance, ProcessInstance.id == Job.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    )


def write_all(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the items of selected rows; the cases at the top of the calls come in one statement."""
    called = [row[0].instance_id for row in rows if row[2] is not None]
    roots = callers.find_roots(session, called)
    return [_write(session, row, roots.get(row[0].instance_id, row[0].instance_id)) for row in rows]


def _write(session: Session, row: Any, root: int) -> dict[str, Any]:
    job, definition, _parent, business_key, state = row
    element = deployments.compiled_version(session, definition).process.elements.get(job.element)
    return {
        "customHeaders": {} if element is None else dict(element.details.headers),
        "deadline": write_moment_or_none(job.locked_until if job.status == "open" else None),
        "deniedReason": None,
        "elementId": job.element,
        "elementInstanceKey": keys.write_element(job.instance_id, job.token),
        "endTime": write_moment_or_none(job.ended_at),
        "errorCode": job.error_code,
        "errorMessage": job.error,
        "hasFailedWithRetriesLeft": job.status == "open" and job.change == "failed" and job.retries > 0,
        "isDenied": None,
        "jobKey": keys.write("job", job.id),
        "kind": KINDS[0],
        "listenerEventType": LISTENS[0],
        "processDefinitionId": definition.process_id,
        "processDefinitionKey": keys.write("process_definition", definition.id),
        "processInstanceKey": keys.write("process_instance", job.instance_id),
        "rootProcessInstanceKey": keys.write("process_instance", root),
        "businessId": business_key or None,
        "retries": job.retries,
        "state": state,
        "tenantId": schemas.TENANT,
        "type": job.type,
        "worker": job.worker,
        "creationTime": write_moment_or_none(job.created_at),
        "lastUpdateTime": write_moment_or_none(job.updated_at or job.created_at),
        "priority": job.priority,
    }


def _only(words: Sequence[str]) -> Mapping[str, ColumnElement[bool]]:
    """Return the conditions of a word that every job has: the first one."""
    return {word: true() if word == words[0] else false() for word in words}


SEARCH = searching.Search(
    "Job",
    key=Job.id,
    filters={
        "deadline": searching.moment(DEADLINE),
        "endTime": searching.moment(Job.ended_at),
        "creationTime": searching.moment(Job.created_at),
        "lastUpdateTime": searching.moment(UPDATED),
        "deniedReason": searching.nothing_has(),
        "elementId": searching.text(Job.element),
        "errorCode": searching.text(Job.error_code),
        "errorMessage": searching.text(Job.error),
        "processDefinitionId": searching.text(ProcessDefinition.process_id),
        "tenantId": searching.one_tenant(),
        "type": searching.text(Job.type),
        "worker": searching.text(Job.worker),
        "elementInstanceKey": searching.key("element_instance", ELEMENT_INSTANCE),
        "jobKey": searching.key("job", Job.id),
        "processDefinitionKey": searching.key("process_definition", ProcessDefinition.id),
        "processInstanceKey": searching.key("process_instance", Job.instance_id),
        "kind": searching.choice(_only(KINDS)),
        "listenerEventType": searching.choice(_only(LISTENS)),
        "state": searching.words(STATES, STATE),
        "priority": searching.whole(Job.priority),
        "retries": searching.whole(Job.retries),
        "hasFailedWithRetriesLeft": searching.exact_flag(HAS_FAILED),
        "isDenied": searching.special(
            fields.Boolean(allow_none=True), lambda found: true() if found is None else false()
        ),
    },
    sorts={
        "creationTime": Job.created_at,
        "deadline": DEADLINE,
        "deniedReason": Job.id,
        "elementId": Job.element,
        "elementInstanceKey": ELEMENT_INSTANCE,
        "endTime": Job.ended_at,
        "errorCode": Job.error_code,
        "errorMessage": func.substr(Job.error, 1, COMPARED),
        "hasFailedWithRetriesLeft": case((HAS_FAILED, 1), else_=0),
        "isDenied": Job.id,
        "jobKey": Job.id,
        "kind": Job.id,
        "listenerEventType": Job.id,
        "priority": Job.priority,
        "processDefinitionId": ProcessDefinition.process_id,
        "processDefinitionKey": ProcessDefinition.id,
        "processInstanceKey": Job.instance_id,
        "retries": Job.retries,
        "state": STATE,
        "tenantId": Job.id,
        "type": Job.type,
        "worker": Job.worker,
    },
)
