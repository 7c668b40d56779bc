"""Files of decisions with what they require: search, read, their XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields
from sqlalchemy import Select, Text, cast, select
from sqlalchemy.orm import Session

from engine.bpmn import loading
from engine.deployment_tables import DecisionRequirements
from engine.errors import NotFound
from engine.tables import Resource
from web.api import blueprints, keys, searching
from web.api.schemas import TENANT, Answer
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, DESIGNERS, WORKERS, open_to

blueprint = blueprints.make("decision_requirements", "Files of decisions.", "/decision-requirements")
READERS = (DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
SEARCH = searching.Search(
    "DecisionRequirements",
    key=DecisionRequirements.id,
    filters={
        "decisionRequirementsName": searching.exact_text(DecisionRequirements.name),
        "decisionRequirementsId": searching.exact_text(DecisionRequirements.requirements_id),
        "decisionRequirementsKey": searching.exact_key("decision_requirements", DecisionRequirements.id),
        "version": searching.exact_whole(DecisionRequirements.version),
        "tenantId": searching.one_tenant(),
        "resourceName": searching.exact_text(Resource.name),
    },
    sorts={
        "decisionRequirementsName": DecisionRequirements.name,
        "decisionRequirementsId": DecisionRequirements.requirements_id,
        "decisionRequirementsKey": DecisionRequirements.id,
        "version": DecisionRequirements.version,
        "tenantId": cast(TENANT, Text),
    },
)


class DecisionRequirementsResult(Answer):
    """One version of a file of decisions."""

    decisionRequirementsId = fields.String(required=True)  # noqa: N815  the clients' names
    decisionRequirementsKey = fields.String(required=True)  # noqa: N815
    decisionRequirementsName = fields.String(required=True)  # noqa: N815
    resourceName = fields.String(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    version = fields.Integer(required=True)


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(DecisionRequirementsResult))
@blueprint.refuses(400)
@open_to(*READERS)
def search(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the versions of files of decisions that are not deleted."""
    return SEARCH.run(db.session(), _alive(), body, lambda row: _item(*row))


@blueprint.get("/<key>")
@blueprint.response(200, DecisionRequirementsResult)
@blueprint.refuses(400, 404)
@open_to(*READERS)
def get(key: str) -> Mapping[str, Any]:
    """Return one version of a file of decisions."""
    return _item(*_find(db.session(), key))


@blueprint.get("/<key>/xml")
@blueprint.response(200, {"type": "string"}, content_type="text/xml")
@blueprint.refuses(404)
@open_to(*READERS)
def get_xml(key: str) -> Response:
    """Return a file of decisions as it was deployed, in UTF-8."""
    graph, _name = _find(db.session(), key)
    return Response(loading.recode(graph.resource.content), content_type="text/xml; charset=utf-8")


def _alive() -> Select[DecisionRequirements, str]:
    alive = DecisionRequirements.deleted_at.is_(None)
    return select(DecisionRequirements, Resource.name).join(Resource).where(alive)


def _find(session: Session, key: str) -> tuple[DecisionRequirements, str]:
    number = keys.read("decision_requirements", key)
    found = session.execute(_alive().where(DecisionRequirements.id == number)).first()
    if found is None:
        raise NotFound(kind="decision requirements", key=key)
    return found[0], found[1]


def _item(row: DecisionRequirements, resource: str) -> dict[str, Any]:
    return {
        "decisionRequirementsId": row.requirements_id,
        "decisionRequirementsKey": keys.write("decision_requirements", row.id),
        "decisionRequirementsName": row.name,
        "resourceName": resource,
        "tenantId": TENANT,
        "version": row.version,
    }
