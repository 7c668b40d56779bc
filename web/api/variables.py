"""Variables: one row per name and scope, searched and read by those who may read every case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields
from sqlalchemy import func, select

from engine import callers, variables
from engine.errors import NotFound
from engine.variable_tables import Variable
from web.api import blueprints, conditions, keys, schemas, searching, variable_filters
from web.api.conditions import Tests
from web.api.element_instances import write_key
from web.api.instance_filters import read_place
from web.api.schemas import TENANT, Answer
from web.db import db
from web.security import ADMINISTRATORS, AUDITORS, open_to

SHOWN = 8_191  # characters of a value that a search shows, as in Camunda
_COMPARED = 250  # characters by which values are sorted: a cursor holds them
_SCOPE = Variable.instance_id * keys.TOKENS + Variable.scope
_TEXT = {"type": "string"}
blueprint: Blueprint = blueprints.make("variables", "Variables of cases, by name and scope.", "/variables")
SEARCH = searching.Search(
    "Variable",
    key=Variable.id,
    filters={
        "name": searching.text(Variable.name),
        "value": searching.special(
            Tests(conditions.read_text, conditions.TEXT, _TEXT), variable_filters.value_is
        ),
        "variableKey": searching.key("variable", Variable.id),
        "scopeKey": searching.special(
            Tests(read_place, conditions.KEY, _TEXT), lambda found: conditions.in_database(_SCOPE, found)
        ),
        "processInstanceKey": searching.key("process_instance", Variable.instance_id),
        "tenantId": searching.one_tenant(),
        "isTruncated": searching.exact_flag(func.length(Variable.value) > SHOWN),
    },
    sorts={
        "name": Variable.name,
        "value": func.substr(Variable.value, 1, _COMPARED),
        "variableKey": Variable.id,
        "scopeKey": _SCOPE,
        "processInstanceKey": Variable.instance_id,
        "tenantId": Variable.id,
    },
)


class VariableBase(Answer):
    """One variable; its value is JSON text."""

    value = fields.String(required=True)
    name = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815  the clients' names
    variableKey = fields.String(required=True)  # noqa: N815
    scopeKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815


class VariableFound(VariableBase):
    """One variable of a search; a long value may be cut."""

    isTruncated = fields.Boolean(required=True)  # noqa: N815


class Truncation(schemas.Request):
    """Whether long values are cut."""

    truncateValues = fields.Boolean(load_default=True)  # noqa: N815


@blueprint.post("/search")
@blueprint.arguments(Truncation, location="query")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(VariableFound))
@blueprint.refuses(400, 401, 403)
@open_to(AUDITORS, ADMINISTRATORS)
def search(query: dict[str, Any], body: dict[str, Any]) -> Mapping[str, Any]:
    """Search variables; values of more than 8,191 characters are cut unless `truncateValues` is false."""
    session = db.session()
    found = SEARCH.run(session, select(Variable), body, lambda row: {"row": row})
    rows = [item["row"] for item in found["items"]]
    roots = callers.find_roots(session, {row.instance_id for row in rows})
    cut = query["truncateValues"]
    found["items"] = [
        write(row, roots.get(row.instance_id), cut=cut) | {"isTruncated": cut and len(row.value) > SHOWN}
        for row in rows
    ]
    return found


@blueprint.get("/<key>")
@blueprint.response(200, VariableBase)
@blueprint.refuses(400, 401, 403, 404)
@open_to(AUDITORS, ADMINISTRATORS)
def show(key: str) -> Mapping[str, Any]:
    """Return one variable with its whole value."""
    session = db.session()
    try:
        row = variables.get(session, keys.read("variable", key))
    except NotFound as error:
        raise NotFound(kind="variable", key=key) from error
    return write(row, callers.find_roots(session, [row.instance_id]).get(row.instance_id), cut=False)


def write(row: Variable, root: int | None, *, cut: bool) -> dict[str, Any]:
    """Return one variable without the flag that it was cut."""
    return {
        "value": row.value[:SHOWN] if cut else row.value,
        "name": row.name,
        "tenantId": TENANT,
        "variableKey": keys.write("variable", row.id),
        "scopeKey": write_key(row.instance_id, row.scope),
        "processInstanceKey": keys.write("process_instance", row.instance_id),
        "rootProcessInstanceKey": keys.write_or_none("process_instance", root),
    }
