"""Process definitions: search, read, their XML and start form, and how their elements stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, Select, Text, and_, cast, false, select
from sqlalchemy.orm import Session

from engine import deployments, element_counts
from engine.bpmn import loading
from engine.errors import NotFound
from engine.tables import ProcessDefinition, ProcessInstance, Resource
from web import relations
from web.accounts import current_actor
from web.api import blueprints, forms, instance_filters, keys, process_instances, searching
from web.api import process_definitions_seen as seen
from web.api.schemas import TENANT, Answer, Request
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, DESIGNERS, SIGNED_IN, WORKERS, open_to

blueprint = blueprints.make("process_definitions", "Versions of processes.", "/process-definitions")
STATES: Mapping[str, ColumnElement[bool]] = {
    "ACTIVE": ProcessDefinition.deleted_at.is_(None),
    "DRAINING": false(),  # a version with running instances cannot be deleted
    "DELETED": ProcessDefinition.deleted_at.is_not(None),
}
NEWEST = and_(ProcessDefinition.deleted_at.is_(None), ProcessDefinition.id.in_(seen.newest()))
SEARCH = searching.Search(
    "ProcessDefinition",
    key=ProcessDefinition.id,
    filters={
        "name": searching.text(ProcessDefinition.name),
        "processDefinitionId": searching.text(ProcessDefinition.process_id),
        "isLatestVersion": searching.exact_flag(NEWEST),
        "resourceName": searching.exact_text(Resource.name),
        "version": searching.exact_whole(ProcessDefinition.version),
        "versionTag": searching.exact_text(ProcessDefinition.version_tag),
        "tenantId": searching.one_tenant(),
        "processDefinitionKey": searching.exact_key("process_definition", ProcessDefinition.id),
        "hasStartForm": searching.exact_flag(ProcessDefinition.start_form_id.is_not(None)),
        "state": searching.exact_choice(STATES),
    },
    sorts={
        "name": ProcessDefinition.name,
        "processDefinitionId": ProcessDefinition.process_id,
        "processDefinitionKey": ProcessDefinition.id,
        "resourceName": Resource.name,
        "tenantId": cast(TENANT, Text),
        "version": ProcessDefinition.version,
        "versionTag": ProcessDefinition.version_tag,
    },
)


class ProcessDefinitionResult(Answer):
    """One version of a process."""

    name = fields.String(required=True, allow_none=True)
    resourceName = fields.String(required=True)  # noqa: N815  the clients' names
    version = fields.Integer(required=True)
    versionTag = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionId = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    hasStartForm = fields.Boolean(required=True)  # noqa: N815
    state = fields.String(required=True, validate=validate.OneOf(list(STATES)))


class StatisticsRequest(Request):
    """Which instances are counted."""

    filter = fields.Nested(process_instances.STATISTICS.filter_schema())


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(ProcessDefinitionResult))
@blueprint.refuses(400)
@open_to(SIGNED_IN)
def search(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the versions of processes; deleted ones are found by their state or key only."""
    session = db.session()
    query = _visible(session)
    if not {"state", "processDefinitionKey"} & set(body.get("filter") or {}):
        query = query.where(ProcessDefinition.deleted_at.is_(None))
    return SEARCH.run(session, query, body, lambda row: _item(*row))


@blueprint.get("/<key>")
@blueprint.response(200, ProcessDefinitionResult)
@blueprint.refuses(400, 404)
@open_to(SIGNED_IN)
def get(key: str) -> Mapping[str, Any]:
    """Return one version of a process."""
    return _item(*_find(db.session(), key))


@blueprint.get("/<key>/xml")
@blueprint.response(200, {"type": "string"}, content_type="text/xml")
@blueprint.refuses(404)
@open_to(DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
def get_xml(key: str) -> Response:
    """Return the diagram as it was deployed, in UTF-8."""
    definition, _name = _find(db.session(), key)
    return Response(loading.recode(definition.resource.content), content_type="text/xml; charset=utf-8")


@blueprint.get("/<key>/form")
@blueprint.response(200, forms.FormResult)
@blueprint.alt_response(204, description="There is no start form.")
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def get_form(key: str) -> Mapping[str, Any] | Response:
    """Return the newest version of the start form; 204 when there is none."""
    session = db.session()
    definition, _name = _find(session, key)
    form_id = deployments.start_form(session, definition)
    if form_id is None:
        return Response(status=204)
    return forms.write(deployments.latest_form(session, form_id))


@blueprint.post("/<key>/statistics/element-instances")
@blueprint.arguments(StatisticsRequest, required=False)
@blueprint.response(200, process_instances.Statistics)
@blueprint.refuses(400, 403, 404)
@open_to(SIGNED_IN)
def count_elements(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Count the element instances of each element, over the instances that the caller may see."""
    session = db.session()
    definition, _name = _find(session, key)
    condition = and_(
        ProcessInstance.definition_id == definition.id,
        relations.visible_instances(current_actor()),
        process_instances.STATISTICS.condition(instance_filters.allowed(body).get("filter") or {}),
    )
    process = deployments.compiled_version(session, definition).process
    return process_instances.statistics_answer(element_counts.count(session, process, condition))


def _visible(session: Session) -> Select[ProcessDefinition, str]:
    query = select(ProcessDefinition, Resource.name).join(Resource)
    return query.where(seen.visible(session, current_actor()))


def _find(session: Session, key: str) -> tuple[ProcessDefinition, str]:
    number = keys.read("process_definition", key)
    found = session.execute(_visible(session).where(ProcessDefinition.id == number)).first()
    if found is None:
        raise NotFound(kind="process definition", key=key)
    return found[0], found[1]


def _item(row: ProcessDefinition, resource: str) -> dict[str, Any]:
    return {
        "name": row.name or None,
        "resourceName": resource,
        "version": row.version,
        "versionTag": row.version_tag,
        "processDefinitionId": row.process_id,
        "tenantId": TENANT,
        "processDefinitionKey": keys.write("process_definition", row.id),
        "hasStartForm": row.start_form_id is not None,
        "state": "ACTIVE" if row.deleted_at is None else "DELETED",
    }
