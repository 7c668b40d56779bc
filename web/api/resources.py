"""Resources: files that nothing here runs, and the deletion of anything that was deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, abort
from marshmallow import fields
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from engine import deletions
from engine.actors import Actor
from engine.deployment_tables import FileVersion
from engine.errors import NotFound
from engine.tables import Resource
from web import security_events
from web.accounts import current_actor
from web.api import blueprints, changes, keys, searching
from web.api.schemas import TENANT, Answer, Empty
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, DESIGNERS, WORKERS, open_to

blueprint = blueprints.make("resources", "Files that were deployed, and deletion.", "/resources")
SEARCH = searching.Search(
    "Resource",
    key=FileVersion.id,
    filters={
        "resourceKey": searching.key("resource", FileVersion.id),
        "resourceName": searching.text(FileVersion.name),
        "resourceId": searching.text(FileVersion.name),
        "version": searching.whole(FileVersion.version),
        "versionTag": searching.nothing_has(),
        "deploymentKey": searching.key("deployment", FileVersion.deployment_id),
        "tenantId": searching.one_tenant(),
    },
    sorts={
        "deploymentKey": FileVersion.deployment_id,
        "resourceId": FileVersion.name,
        "resourceKey": FileVersion.id,
        "resourceName": FileVersion.name,
        "tenantId": cast(TENANT, Text),
        "version": FileVersion.version,
        "versionTag": cast("", Text),
    },
)


class ResourceResult(Answer):
    """One version of a file."""

    resourceName = fields.String(required=True)  # noqa: N815  the clients' names
    version = fields.Integer(required=True)
    versionTag = fields.String(required=True, allow_none=True)  # noqa: N815
    resourceId = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    resourceKey = fields.String(required=True)  # noqa: N815


class Deletion(Empty):
    """How to delete: history is always kept."""

    deleteHistory = fields.Boolean(load_default=False)  # noqa: N815


class BatchOperation(Answer):
    """An operation that goes on after the answer; there is none here."""

    batchOperationKey = fields.String(required=True)  # noqa: N815
    batchOperationType = fields.String(required=True)  # noqa: N815


class DeletionResult(Answer):
    """What was deleted."""

    resourceKey = fields.String(required=True)  # noqa: N815
    batchOperation = fields.Nested(BatchOperation, required=True, allow_none=True)  # noqa: N815


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(ResourceResult))
@blueprint.refuses(400)
@open_to(DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
def search(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the versions of files that are neither diagrams, decisions nor forms."""
    query = select(FileVersion).where(FileVersion.deleted_at.is_(None))
    return SEARCH.run(db.session(), query, body, _item)


@blueprint.get("/<key>")
@blueprint.response(200, ResourceResult)
@blueprint.refuses(404)
@open_to(DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
def get(key: str) -> Mapping[str, Any]:
    """Return one version of a file."""
    return _item(_find(db.session(), key))


@blueprint.get("/<key>/content")
@blueprint.response(200, description="The file, a JSON object.")
@blueprint.refuses(404, 406)
@open_to(DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
def get_content(key: str) -> Response:
    """Return the content of a file that is a JSON object; 406 for any other."""
    content = _content(key)
    try:
        is_object = isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        is_object = False
    if not is_object:
        abort(406)
    return Response(content, content_type="application/json")


@blueprint.get("/<key>/content/binary")
@blueprint.response(200, {"type": "string", "format": "binary"}, content_type="application/octet-stream")
@blueprint.refuses(404)
@open_to(DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
def get_binary(key: str) -> Response:
    """Return the content of a file byte for byte."""
    headers = {"Content-Disposition": "attachment"}
    return Response(_content(key), content_type="application/octet-stream", headers=headers)


@blueprint.post("/<key>/deletion")
@blueprint.arguments(Deletion, required=False)
@blueprint.response(200, DeletionResult)
@blueprint.refuses(400, 404, 409)
@open_to(DESIGNERS)
def delete(_body: Mapping[str, Any], key: str) -> changes.Result:
    """Delete a version of a process, a file of decisions, a form or another file; its history is kept.

    A version that running instances are on cannot be deleted, nor the last one of what a diagram needs.
    """
    number, kind = keys.split(key)
    act = _DELETIONS.get(kind or "")
    if act is None:
        raise NotFound(kind="file", key=key)

    def perform(session: Session) -> Mapping[str, Any]:
        act(session, number, current_actor())
        security_events.record(session, "resource.deleted", current_actor().name, f"{kind} {number}")
        return {"resourceKey": key, "batchOperation": None}

    return changes.perform(perform)


_DELETIONS: Mapping[str, Callable[[Session, int, Actor], None]] = {
    "process_definition": deletions.delete_process,
    "decision_requirements": deletions.delete_requirements,
    "form": deletions.delete_form,
    "resource": deletions.delete_file,
}


def _find(session: Session, key: str) -> FileVersion:
    found = session.get(FileVersion, keys.read("resource", key))
    if found is None or found.deleted_at is not None:
        raise NotFound(kind="file", key=key)
    return found


def _content(key: str) -> bytes:
    session = db.session()
    resource = session.get_one(Resource, _find(session, key).resource_id)
    return resource.content


def _item(row: FileVersion) -> dict[str, Any]:
    return {
        "resourceName": row.name,
        "version": row.version,
        "versionTag": None,
        "resourceId": row.name,
        "tenantId": TENANT,
        "resourceKey": keys.write("resource", row.id),
    }
