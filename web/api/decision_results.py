"""What an evaluation of a decision came to, as answers have it: rules that hit, values in and out."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import evaluations
from engine.deployment_tables import DecisionRequirements
from engine.dmn import model
from engine.dmn.course import Evaluation, Hit
from engine.dmn.evaluation import Outcome
from engine.dmn.library import Library
from engine.feel import FeelLimit, Value, to_json
from engine.tables import DecisionDefinition
from web.api import keys
from web.api.schemas import TENANT, Answer

EVALUATIONS = 2**48  # numbers to draw from: nothing is kept of an evaluation, its key only tells it apart


class EvaluatedOutput(Answer):
    """A value that a rule gave; `outputValue` is JSON as a text."""

    outputId = fields.String(required=True)  # noqa: N815  the clients' names
    outputName = fields.String(required=True)  # noqa: N815
    outputValue = fields.String(required=True)  # noqa: N815
    ruleId = fields.String(required=True, allow_none=True)  # noqa: N815
    ruleIndex = fields.Integer(required=True, allow_none=True)  # noqa: N815


class MatchedRule(Answer):
    """A rule that hit, counted from 1."""

    ruleId = fields.String(required=True)  # noqa: N815
    ruleIndex = fields.Integer(required=True)  # noqa: N815
    evaluatedOutputs = fields.List(fields.Nested(EvaluatedOutput), required=True)  # noqa: N815


class EvaluatedInput(Answer):
    """A value that a decision was given; `inputValue` is JSON as a text."""

    inputId = fields.String(required=True)  # noqa: N815
    inputName = fields.String(required=True)  # noqa: N815
    inputValue = fields.String(required=True)  # noqa: N815


class EvaluatedDecision(Answer):
    """One decision that was evaluated on the way."""

    decisionDefinitionId = fields.String(required=True)  # noqa: N815
    decisionDefinitionName = fields.String(required=True)  # noqa: N815
    decisionDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    decisionDefinitionType = fields.String(required=True)  # noqa: N815
    output = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    matchedRules = fields.List(fields.Nested(MatchedRule), required=True)  # noqa: N815
    evaluatedInputs = fields.List(fields.Nested(EvaluatedInput), required=True)  # noqa: N815
    decisionDefinitionKey = fields.String(required=True)  # noqa: N815
    decisionEvaluationInstanceKey = fields.String(required=True)  # noqa: N815


class EvaluationResult(Answer):
    """What came out, or why nothing did."""

    decisionDefinitionId = fields.String(required=True)  # noqa: N815
    decisionDefinitionKey = fields.String(required=True)  # noqa: N815
    decisionDefinitionName = fields.String(required=True)  # noqa: N815
    decisionDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    decisionEvaluationKey = fields.String(required=True)  # noqa: N815
    decisionInstanceKey = fields.String(required=True)  # noqa: N815
    decisionRequirementsId = fields.String(required=True)  # noqa: N815
    decisionRequirementsKey = fields.String(required=True)  # noqa: N815
    evaluatedDecisions = fields.List(fields.Nested(EvaluatedDecision), required=True)  # noqa: N815
    failedDecisionDefinitionId = fields.String(required=True, allow_none=True)  # noqa: N815
    failureMessage = fields.String(required=True, allow_none=True)  # noqa: N815
    output = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815


def write(
    session: Session, decision: DecisionDefinition, graph: DecisionRequirements, outcome: Outcome
) -> dict[str, Any]:
    """Return the answer of an evaluation; what is too much to be told makes it fail, as an error does."""
    key = keys.write("decision_evaluation", secrets.randbelow(EVALUATIONS))
    failed, message = _failure(decision, outcome)
    evaluated: list[dict[str, Any]] = []
    output = "null"
    try:
        models = evaluations.library_of(session, decision)
        known = _versions(session, decision, outcome)
        evaluated = [
            _evaluated(models, known.get(one.decision, decision), one, f"{key}-{number}")
            for number, one in enumerate(outcome.evaluations, 1)
        ]
        output = _json(outcome.result) if failed is None else "null"
    except FeelLimit as error:
        failed, message = failed or decision.decision_id, message or error.text("en")
    return {
        "decisionDefinitionId": decision.decision_id,
        "decisionDefinitionKey": keys.write("decision_definition", decision.id),
        "decisionDefinitionName": decision.name,
        "decisionDefinitionVersion": decision.version,
        "decisionEvaluationKey": key,
        "decisionInstanceKey": key,
        "decisionRequirementsId": graph.requirements_id,
        "decisionRequirementsKey": keys.write("decision_requirements", graph.id),
        "evaluatedDecisions": evaluated,
        "failedDecisionDefinitionId": failed,
        "failureMessage": message,
        "output": output,
        "tenantId": TENANT,
    }


def _failure(decision: DecisionDefinition, outcome: Outcome) -> tuple[str | None, str | None]:
    if not outcome.errors:
        return None, None
    told = " ".join(f"{error.text('en')} {error.remedy('en')}" for error in outcome.errors)
    return decision.decision_id, told


def _versions(
    session: Session, decision: DecisionDefinition, outcome: Outcome
) -> Mapping[str, DecisionDefinition]:
    """Return the versions of the decisions that were evaluated, as they were when this one was deployed."""
    query = select(DecisionDefinition).where(
        DecisionDefinition.decision_id.in_({one.decision for one in outcome.evaluations}),
        DecisionDefinition.deployment_id <= decision.deployment_id,
    )
    return {row.decision_id: row for row in session.scalars(query.order_by(DecisionDefinition.version))}


def _evaluated(models: Library, row: DecisionDefinition, one: Evaluation, key: str) -> dict[str, Any]:
    table = _table(models, one.decision)
    return {
        "decisionDefinitionId": one.decision,
        "decisionDefinitionName": one.name or one.decision,
        "decisionDefinitionVersion": row.version,
        "decisionDefinitionType": "LITERAL_EXPRESSION" if table is None else "DECISION_TABLE",
        "output": _json(one.output),
        "tenantId": TENANT,
        "matchedRules": [_rule(hit, table) for hit in one.hits],
        "evaluatedInputs": list(_inputs(one, table)),
        "decisionDefinitionKey": keys.write("decision_definition", row.id),
        "decisionEvaluationInstanceKey": key,
    }


def _table(models: Library, decision: str) -> model.Table | None:
    node = models.find(decision)
    element = None if node is None else node.element
    logic = element.logic if isinstance(element, model.Decision) else None
    return logic if isinstance(logic, model.Table) else None


def _rule(hit: Hit, table: model.Table | None) -> dict[str, Any]:
    ids = [] if table is None else [output.id for output in table.outputs]
    outputs = [
        {
            "outputId": ids[number] if number < len(ids) else name,
            "outputName": name,
            "outputValue": _json(value),
            "ruleId": hit.rule,
            "ruleIndex": hit.index,
        }
        for number, (name, value) in enumerate(hit.outputs.items())
    ]
    return {"ruleId": hit.rule, "ruleIndex": hit.index, "evaluatedOutputs": outputs}


def _inputs(one: Evaluation, table: model.Table | None) -> Iterator[dict[str, Any]]:
    ids = {} if table is None else {column.label: column.id for column in table.inputs}
    for name, value in one.inputs.items():
        yield {"inputId": ids.get(name) or name, "inputName": name, "inputValue": _json(value)}


def _json(value: Value) -> str:
    return json.dumps(to_json(value), ensure_ascii=False)
