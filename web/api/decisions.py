"""Decision definitions: search, read, their XML; `decision_results` evaluates them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validates_schema
from sqlalchemy import Select, Text, and_, cast, func, select
from sqlalchemy.orm import Session

from engine import clock, evaluations
from engine.bpmn import loading
from engine.deployment_tables import DecisionRequirements
from engine.errors import NotFound
from engine.tables import DecisionDefinition
from web.api import blueprints, decision_results, keys, searching
from web.api.schemas import TENANT, Answer, Key, Request, Tenant, Variables
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, DESIGNERS, WORKERS, open_to

blueprint = blueprints.make("decisions", "Decisions and their evaluation.", "/decision-definitions")
READERS = (DESIGNERS, AUDITORS, ADMINISTRATORS, WORKERS)
_ALIVE = DecisionDefinition.deleted_at.is_(None)
_NEWEST = select(func.max(DecisionDefinition.id)).where(_ALIVE).group_by(DecisionDefinition.decision_id)
SEARCH = searching.Search(
    "DecisionDefinition",
    key=DecisionDefinition.id,
    filters={
        "decisionDefinitionId": searching.exact_text(DecisionDefinition.decision_id),
        "decisionDefinitionKey": searching.exact_key("decision_definition", DecisionDefinition.id),
        "name": searching.exact_text(DecisionDefinition.name),
        "isLatestVersion": searching.exact_flag(and_(_ALIVE, DecisionDefinition.id.in_(_NEWEST))),
        "version": searching.exact_whole(DecisionDefinition.version),
        "decisionRequirementsId": searching.exact_text(DecisionRequirements.requirements_id),
        "decisionRequirementsKey": searching.exact_key("decision_requirements", DecisionRequirements.id),
        "decisionRequirementsName": searching.exact_text(DecisionRequirements.name),
        "decisionRequirementsVersion": searching.exact_whole(DecisionRequirements.version),
        "tenantId": searching.one_tenant(),
    },
    sorts={
        "decisionDefinitionId": DecisionDefinition.decision_id,
        "decisionDefinitionKey": DecisionDefinition.id,
        "name": DecisionDefinition.name,
        "version": DecisionDefinition.version,
        "decisionRequirementsId": DecisionRequirements.requirements_id,
        "decisionRequirementsKey": DecisionRequirements.id,
        "decisionRequirementsName": DecisionRequirements.name,
        "decisionRequirementsVersion": DecisionRequirements.version,
        "tenantId": cast(TENANT, Text),
    },
)


class DecisionDefinitionResult(Answer):
    """One version of a decision."""

    decisionDefinitionId = fields.String(required=True)  # noqa: N815  the clients' names
    decisionDefinitionKey = fields.String(required=True)  # noqa: N815
    decisionRequirementsId = fields.String(required=True)  # noqa: N815
    decisionRequirementsKey = fields.String(required=True)  # noqa: N815
    decisionRequirementsName = fields.String(required=True)  # noqa: N815
    decisionRequirementsVersion = fields.Integer(required=True)  # noqa: N815
    name = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    version = fields.Integer(required=True)


class Evaluation(Request):
    """Which decision is evaluated, its newest version or one by its key, with which variables."""

    decisionDefinitionId = fields.String()  # noqa: N815
    decisionDefinitionKey = Key()  # noqa: N815
    variables = Variables(load_default=dict)
    tenantId = Tenant()  # noqa: N815

    @validates_schema
    def _names_one(self, data: Mapping[str, Any], **_: Any) -> None:
        if ("decisionDefinitionId" in data) == ("decisionDefinitionKey" in data):
            raise ValidationError("Exactly one is expected.", "decisionDefinitionId, decisionDefinitionKey")


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(DecisionDefinitionResult))
@blueprint.refuses(400)
@open_to(*READERS)
def search(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Search the versions of decisions that are not deleted."""
    return SEARCH.run(db.session(), _alive(), body, lambda row: _item(*row))


@blueprint.get("/<key>")
@blueprint.response(200, DecisionDefinitionResult)
@blueprint.refuses(400, 404)
@open_to(*READERS)
def get(key: str) -> Mapping[str, Any]:
    """Return one version of a decision."""
    return _item(*_find(db.session(), key))


@blueprint.get("/<key>/xml")
@blueprint.response(200, {"type": "string"}, content_type="text/xml")
@blueprint.refuses(404)
@open_to(*READERS)
def get_xml(key: str) -> Response:
    """Return the file of a decision as it was deployed, in UTF-8."""
    decision, _graph = _find(db.session(), key)
    return Response(loading.recode(decision.resource.content), content_type="text/xml; charset=utf-8")


@blueprint.post("/evaluation")
@blueprint.arguments(Evaluation)
@blueprint.response(200, decision_results.EvaluationResult)
@blueprint.refuses(400, 404)
@open_to(*READERS)
def evaluate(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Evaluate a decision; one that fails says why in the answer. Nothing is kept of it."""
    session = db.session()
    if "decisionDefinitionKey" in body:
        decision, graph = _find(session, body["decisionDefinitionKey"])
    else:
        newest = evaluations.latest(session, body["decisionDefinitionId"])
        decision, graph = _find(session, keys.write("decision_definition", newest.id))
    outcome = evaluations.try_out(session, decision, body["variables"], clock.now())
    return decision_results.write(session, decision, graph, outcome)


def _alive() -> Select[DecisionDefinition, DecisionRequirements]:
    graph = DecisionRequirements.id == DecisionDefinition.requirements_id
    return select(DecisionDefinition, DecisionRequirements).join(DecisionRequirements, graph).where(_ALIVE)


def _find(session: Session, key: str) -> tuple[DecisionDefinition, DecisionRequirements]:
    number = keys.read("decision_definition", key)
    found = session.execute(_alive().where(DecisionDefinition.id == number)).first()
    if found is None:
        raise NotFound(kind="decision", key=key)
    return found[0], found[1]


def _item(row: DecisionDefinition, graph: DecisionRequirements) -> dict[str, Any]:
    return {
        "decisionDefinitionId": row.decision_id,
        "decisionDefinitionKey": keys.write("decision_definition", row.id),
        "decisionRequirementsId": graph.requirements_id,
        "decisionRequirementsKey": keys.write("decision_requirements", graph.id),
        "decisionRequirementsName": graph.name,
        "decisionRequirementsVersion": graph.version,
        "name": row.name,
        "tenantId": TENANT,
        "version": row.version,
    }
