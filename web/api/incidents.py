"""Incidents: steps that could not go on, seen and tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, String, case, func, literal, select
from sqlalchemy.orm import Session

from engine import callers, incidents, jobs
from engine.errors import Conflict, NotFound
from engine.tables import Incident, Job, ProcessDefinition, ProcessInstance
from web import relations
from web.accounts import current_actor
from web.api import blueprints, changes, keys, schemas, searching
from web.api.schemas import write_moment
from web.db import db
from web.security import ADMINISTRATORS, SIGNED_IN, open_to

blueprint = blueprints.make("incidents", "Steps that could not go on.", "/incidents")
STATES = ("ACTIVE", "RESOLVED", "PENDING", "MIGRATED", "UNKNOWN")
# kinds of ours by Camunda's words; any other one is UNSPECIFIED
TYPES = {
    "job": "JOB_NO_RETRIES",
    jobs.UNCAUGHT: "UNHANDLED_ERROR_EVENT",
    "expression": "EXTRACT_VALUE_ERROR",
    "call": "CALLED_ELEMENT_ERROR",
    "state": "UNKNOWN",
}
ERROR_TYPES = (
    "UNSPECIFIED",
    "UNKNOWN",
    "IO_MAPPING_ERROR",
    "JOB_NO_RETRIES",
    "EXECUTION_LISTENER_NO_RETRIES",
    "TASK_LISTENER_NO_RETRIES",
    "AD_HOC_SUB_PROCESS_NO_RETRIES",
    "CONDITION_ERROR",
    "EXTRACT_VALUE_ERROR",
    "CALLED_ELEMENT_ERROR",
    "UNHANDLED_ERROR_EVENT",
    "MESSAGE_SIZE_EXCEEDED",
    "CALLED_DECISION_ERROR",
    "DECISION_EVALUATION_ERROR",
    "FORM_NOT_FOUND",
    "RESOURCE_NOT_FOUND",
    "SECRET_RESOLUTION_ERROR",
)
OF_JOBS = ("job", jobs.UNCAUGHT)
ELEMENT_INSTANCE = Incident.instance_id * keys.TOKENS + Incident.token
_OWN = (
    Job.instance_id == Incident.instance_id,
    Job.token == Incident.token,
    Incident.kind.in_(OF_JOBS),
)
JOB: ColumnElement[int] = select(func.max(Job.id)).where(*_OWN).correlate(Incident).scalar_subquery()
_SAID = (
    select(func.nullif(Job.error, "")).where(*_OWN).order_by(Job.id.desc()).limit(1).correlate(Incident)
).scalar_subquery()
# what a worker said is the message, as it is with Camunda; else our own words
MESSAGE: ColumnElement[str] = func.coalesce(_SAID, Incident.en, type_=String())
TYPE: ColumnElement[str] = case(
    *((Incident.kind == kind, literal(word)) for kind, word in TYPES.items()), else_=literal("UNSPECIFIED")
)
STATE: ColumnElement[str] = case((Incident.status == "open", literal("ACTIVE")), else_=literal("RESOLVED"))


class IncidentItem(schemas.Answer):
    """One incident."""

    processDefinitionId = fields.String(required=True)  # noqa: N815
    errorType = fields.String(required=True, validate=validate.OneOf(ERROR_TYPES))  # noqa: N815
    errorMessage = fields.String(required=True)  # noqa: N815
    elementId = fields.String(required=True)  # noqa: N815
    creationTime = fields.String(required=True)  # noqa: N815
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    tenantId = fields.String(required=True)  # noqa: N815
    incidentKey = fields.String(required=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    elementInstanceKey = fields.String(required=True)  # noqa: N815
    jobKey = fields.String(required=True, allow_none=True)  # noqa: N815


SEARCH = searching.Search(
    "Incident",
    key=Incident.id,
    filters={
        "processDefinitionId": searching.text(ProcessDefinition.process_id),
        "errorMessage": searching.text(MESSAGE),
        "elementId": searching.text(Incident.element),
        "tenantId": searching.one_tenant(),
        "errorType": searching.words(ERROR_TYPES, TYPE),
        "state": searching.words(STATES, STATE),
        "creationTime": searching.moment(Incident.created_at),
        "incidentKey": searching.key("incident", Incident.id),
        "processDefinitionKey": searching.key("process_definition", ProcessDefinition.id),
        "processInstanceKey": searching.key("process_instance", Incident.instance_id),
        "elementInstanceKey": searching.key("element_instance", ELEMENT_INSTANCE),
        "jobKey": searching.key("job", JOB),
    },
    sorts={
        "creationTime": Incident.created_at,
        "elementId": Incident.element,
        "elementInstanceKey": ELEMENT_INSTANCE,
        "errorType": TYPE,
        "incidentKey": Incident.id,
        "jobKey": JOB,
        "processDefinitionId": ProcessDefinition.process_id,
        "processDefinitionKey": ProcessDefinition.id,
        "processInstanceKey": Incident.instance_id,
        "state": STATE,
        "tenantId": Incident.id,
    },
)


def select_incidents() -> Any:
    """Select incidents with what an item needs besides: case, version, job, message."""
    return (
        select(
            Incident,
            ProcessInstance.parent_id,
            ProcessDefinition.id,
            ProcessDefinition.process_id,
            JOB.label("job"),
            MESSAGE.label("message"),
            TYPE.label("type"),
            STATE.label("state"),
        )
        .join(ProcessInstance, ProcessInstance.id == Incident.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    )


def write_all(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the items of selected rows; the cases at the top of the calls come in one statement."""
    called = [row[0].instance_id for row in rows if row[1] is not None]
    roots = callers.find_roots(session, called)
    return [_write(row, roots.get(row[0].instance_id, row[0].instance_id)) for row in rows]


def _write(row: Any, root: int) -> dict[str, Any]:
    incident, _parent, definition, process_id, job, message, error_type, state = row
    return {
        "processDefinitionId": process_id,
        "errorType": error_type,
        "errorMessage": message,
        "elementId": incident.element,
        "creationTime": write_moment(incident.created_at),
        "state": state,
        "tenantId": schemas.TENANT,
        "incidentKey": keys.write("incident", incident.id),
        "processDefinitionKey": keys.write("process_definition", definition),
        "processInstanceKey": keys.write("process_instance", incident.instance_id),
        "rootProcessInstanceKey": keys.write("process_instance", root),
        "elementInstanceKey": keys.write_element(incident.instance_id, incident.token),
        "jobKey": keys.write_or_none("job", job),
    }


def find(session: Session, body: Mapping[str, Any], *conditions: ColumnElement[bool]) -> dict[str, Any]:
    """Return the asked page of the incidents that meet these conditions, too."""
    found = SEARCH.run(session, select_incidents().where(*conditions), body, lambda row: row)
    return found | {"items": write_all(session, found["items"])}


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request())
@blueprint.response(200, SEARCH.answer(IncidentItem))
@blueprint.refuses(400)
@open_to(SIGNED_IN)
def search(body: Mapping[str, Any]) -> dict[str, Any]:
    """Search the incidents of the cases that the caller may see."""
    return find(db.session(), body, relations.visible_instances(current_actor()))


@blueprint.get("/<key>")
@blueprint.response(200, IncidentItem)
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def show(key: str) -> dict[str, Any]:
    """Return one incident."""
    session = db.session()
    query = select_incidents().where(
        Incident.id == keys.read("incident", key), relations.visible_instances(current_actor())
    )
    row = session.execute(query).first()
    if row is None:
        raise NotFound(kind="incident", key=key)
    return write_all(session, [row])[0]


@blueprint.post("/<key>/resolution")
@blueprint.arguments(schemas.Empty)
@blueprint.response(204)
@blueprint.refuses(404, 409)
@open_to(ADMINISTRATORS)
def resolve(body: Mapping[str, Any], key: str) -> None:
    """Try the step of an incident again; a job needs attempts first (PATCH /jobs/{key})."""
    actor, incident_id = current_actor(), keys.read("incident", key)

    def act(session: Session) -> None:
        _ensure_attempts(session, incident_id)
        incidents.retry(session, incident_id, actor, reason=changes.reason(body))

    changes.perform(act)


def _ensure_attempts(session: Session, incident_id: int) -> None:
    """Refuse to resolve what is resolved (NotFound), and a failed job without attempts left (Conflict)."""
    query = select(Incident, Job.retries).outerjoin(Job, Job.id == JOB).where(Incident.id == incident_id)
    row = session.execute(query).first()
    if row is None or row.Incident.status != "open":
        raise NotFound(kind="incident", key=keys.write("incident", incident_id))
    if row.retries is not None and row.retries < 1:
        raise Conflict(
            expected=f"incident {keys.write('incident', incident_id)} of a job with retries",
            found="it has none left; update its retries first",
            found_vi="bước tự động đã hết số lần thử; hãy đặt lại số lần thử trước",
        )
