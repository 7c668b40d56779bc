"""Element instances: derived from history when they are asked for; their variables are set here, too.

Those of one instance are exact. A search that names none looks into the newest instances that can match, and
says `hasMoreTotalItems` when it has not looked into all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, and_, select, true
from sqlalchemy.orm import Session

from engine import callers, elements
from engine.element_types import TYPES
from engine.elements import ElementInstance
from engine.errors import NotFound
from engine.operations import InstanceEnded, assignments
from engine.tables import Incident, ProcessInstance
from web import relations
from web.accounts import current_actor
from web.api import blueprints, changes, conditions, keys, schemas, searching
from web.api.conditions import Tests
from web.api.instance_filters import ELEMENT_STATES, HAS_INCIDENT, read_place
from web.api.process_instances import find
from web.api.schemas import TENANT, Answer, write_moment, write_moment_or_none
from web.db import db
from web.security import ADMINISTRATORS, SIGNED_IN, open_to

MOST_INSTANCES, MOST_EVENTS = 200, 50_000  # that one search reads
_STRING = {"type": "string"}
blueprint: Blueprint = blueprints.make(
    "element_instances", "Steps of cases: every element that a token stood on.", "/element-instances"
)


def _plain(reader: Tests) -> searching.Filter:
    """Return a filter of derived rows: no database is asked."""
    return searching.special(reader, lambda _found: true())


def _key(kind: str) -> searching.Filter:
    return _plain(Tests(conditions.key_reader(kind), (), _STRING))


def _place() -> searching.Filter:
    return _plain(Tests(read_place, (), _STRING))


def _words(words: Sequence[str], operators: Sequence[str]) -> searching.Filter:
    return _plain(Tests(conditions.choice_reader(words), operators, {**_STRING, "enum": list(words)}))


def _moment() -> searching.Filter:
    return _plain(Tests(conditions.read_moment, conditions.NUMBER, {"type": "string", "format": "date-time"}))


SORTS = (
    "elementId",
    "elementInstanceKey",
    "elementName",
    "endDate",
    "incidentKey",
    "processDefinitionId",
    "processDefinitionKey",
    "processInstanceKey",
    "startDate",
    "state",
    "tenantId",
    "type",
)
SEARCH = searching.Search(
    "ElementInstance",
    key=ProcessInstance.id,
    filters={
        "state": _words(ELEMENT_STATES, conditions.CHOICE),
        "elementId": _plain(Tests(conditions.read_text, conditions.TEXT, _STRING)),
        "elementName": _plain(Tests(conditions.read_text, conditions.TEXT, _STRING)),
        "startDate": _moment(),
        "endDate": _moment(),
        "processDefinitionId": _plain(Tests(conditions.read_text, (), _STRING)),
        "type": _words(TYPES, ()),
        "hasIncident": _plain(Tests(conditions.read_flag, (), {"type": "boolean"})),
        "tenantId": _plain(Tests(conditions.read_text, (), _STRING)),
        "elementInstanceKey": _place(),
        "processInstanceKey": _key("process_instance"),
        "processDefinitionKey": _key("process_definition"),
        "incidentKey": _key("incident"),
        "elementInstanceScopeKey": _place(),
    },
    sorts=dict.fromkeys(SORTS),
    alternatives=True,
)


class ElementInstanceItem(Answer):
    """One element instance; the process itself is one with the key of its instance."""

    processDefinitionId = fields.String(required=True, allow_none=True)  # noqa: N815  the clients' names
    startDate = fields.AwareDateTime(required=True)  # noqa: N815
    endDate = fields.AwareDateTime(required=True, allow_none=True)  # noqa: N815
    elementId = fields.String(required=True)  # noqa: N815
    elementName = fields.String(required=True)  # noqa: N815
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    state = fields.String(required=True, validate=validate.OneOf(ELEMENT_STATES))
    hasIncident = fields.Boolean(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    elementInstanceKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True, allow_none=True)  # noqa: N815
    incidentKey = fields.String(required=True, allow_none=True)  # noqa: N815


class VariablesToSet(schemas.Empty):
    """Variables, and whether they are set in this very scope or where they are already."""

    variables = schemas.Variables(required=True)
    local = fields.Boolean(truthy={True}, falsy={False}, load_default=False)


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request(), required=False)
@blueprint.response(200, SEARCH.answer(ElementInstanceItem))
@blueprint.refuses(400, 401, 403)
@open_to(SIGNED_IN)
def search(body: dict[str, Any]) -> Mapping[str, Any]:
    """Search element instances of the instances that the caller may see."""
    session, asked = db.session(), body.get("filter") or {}
    candidates, more = _candidates(session, asked)
    derived = elements.of_instances(session, candidates)
    rows = [_record(one, row) for one in candidates for row in derived[one.id]]
    found = searching.page_of([row for row in rows if _matches(row, asked)], body, "elementInstanceKey")
    roots = callers.find_roots(session, {row["processInstanceKey"] for row in found["items"]})
    found["items"] = [_write(row, roots) for row in found["items"]]
    found["page"]["hasMoreTotalItems"] = more
    return found


@blueprint.get("/<key>")
@blueprint.response(200, ElementInstanceItem)
@blueprint.refuses(400, 401, 404)
@open_to(SIGNED_IN)
def show(key: str) -> Mapping[str, Any]:
    """Return one element instance."""
    session = db.session()
    instance, token = find_element(session, key)
    for row in elements.of_instance(session, instance):
        if row.token == token:
            return _write(_record(instance, row), callers.find_roots(session, [instance.id]))
    raise NotFound(kind="element instance", key=key)


@blueprint.put("/<key>/variables")
@blueprint.arguments(VariablesToSet)
@blueprint.response(204)
@blueprint.refuses(400, 401, 403, 404)
@open_to(ADMINISTRATORS)
def set_variables(body: dict[str, Any], key: str) -> changes.Result:
    """Set variables as an element instance sees them, or, local, in its own scope."""

    def act(session: Session) -> None:
        instance, token = find_element(session, key)
        reason = changes.reason(body)
        try:
            assignments.assign(
                session,
                instance.id,
                body["variables"],
                current_actor(),
                reason,
                token=token,
                local=body["local"],
            )
        except InstanceEnded as error:
            raise NotFound(kind="element instance", key=key) from error

    return changes.perform(act)


def find_element(session: Session, key: str) -> tuple[ProcessInstance, int]:
    """Return the instance and the token of an element instance, 0 for the process itself; raises NotFound."""
    number, kind = keys.split(key)
    token = 0
    if kind == "element_instance":
        number, token = keys.read_element(key)
    elif kind != "process_instance":
        raise NotFound(kind="element instance", key=key)
    try:
        return find(session, keys.write("process_instance", number)), token
    except NotFound as error:
        raise NotFound(kind="element instance", key=key) from error


def _candidates(session: Session, asked: Mapping[str, Any]) -> tuple[Sequence[ProcessInstance], bool]:
    """Return the newest instances that can have what is asked for, and whether there are more of them."""
    condition = and_(relations.visible_instances(current_actor()), *_narrow(asked))
    query = select(ProcessInstance.id, ProcessInstance.events).where(condition)
    newest = session.execute(query.order_by(ProcessInstance.id.desc()).limit(MOST_INSTANCES + 1)).all()
    chosen: list[int] = []
    events = 0
    for number, length in newest[:MOST_INSTANCES]:
        events += length
        if chosen and events > MOST_EVENTS:
            break
        chosen.append(number)
    found = session.scalars(select(ProcessInstance).where(ProcessInstance.id.in_(chosen)))
    return found.all(), len(newest) > len(chosen)


def _narrow(asked: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Return what a filter says of the instances themselves."""
    found: list[ColumnElement[bool]] = []
    for name, column in (
        ("processInstanceKey", ProcessInstance.id),
        ("processDefinitionKey", ProcessInstance.definition_id),
        ("processDefinitionId", ProcessInstance.process_id),
    ):
        if name in asked:
            found.append(conditions.in_database(column.expression, asked[name]))
    for name in ("elementInstanceKey", "elementInstanceScopeKey"):
        if name in asked:
            found.append(ProcessInstance.id == asked[name][0][1] // keys.TOKENS)
    if "incidentKey" in asked:
        incident = select(Incident.instance_id).where(Incident.id == asked["incidentKey"][0][1])
        found.append(ProcessInstance.id.in_(incident))
    if asked.get("hasIncident", [("$eq", False)])[0][1]:
        found.append(HAS_INCIDENT)
    if not any(conditions.holds(word, asked.get("state", ())) for word in ELEMENT_STATES[1:]):
        found.append(ProcessInstance.status == "active")
    return found


def _matches(row: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    plain = all(conditions.holds(row[name], tests) for name, tests in asked.items() if name != "$or")
    return plain and (not asked.get("$or") or any(_matches(row, one) for one in asked["$or"]))


def _record(instance: ProcessInstance, row: ElementInstance) -> dict[str, Any]:
    """Return an element instance as it is filtered and sorted: keys as numbers, moments as such."""
    place = instance.id * keys.TOKENS
    return {
        "processDefinitionId": instance.process_id,
        "startDate": row.started_at,
        "endDate": row.ended_at,
        "elementId": row.element,
        "elementName": row.name,
        "type": row.type,
        "state": row.state,
        "hasIncident": row.has_incident,
        "tenantId": TENANT,
        "elementInstanceKey": place + row.token,
        "processInstanceKey": instance.id,
        "processDefinitionKey": instance.definition_id,
        "incidentKey": row.incident_id,
        "elementInstanceScopeKey": None if row.scope is None else place + row.scope,
    }


def _write(row: Mapping[str, Any], roots: Mapping[int, int]) -> dict[str, Any]:
    number = row["processInstanceKey"]
    item = {name: value for name, value in row.items() if name != "elementInstanceScopeKey"}
    return item | {
        "startDate": write_moment(row["startDate"]),
        "endDate": write_moment_or_none(row["endDate"]),
        "elementInstanceKey": write_key(number, row["elementInstanceKey"] % keys.TOKENS),
        "processInstanceKey": keys.write("process_instance", number),
        "rootProcessInstanceKey": keys.write("process_instance", roots.get(number, number)),
        "processDefinitionKey": keys.write("process_definition", row["processDefinitionKey"]),
        "incidentKey": keys.write_or_none("incident", row["incidentKey"]),
    }


def write_key(instance_id: int, token: int) -> str:
    """Return the key of an element instance; the process itself has that of its instance."""
    if token == 0:
        return keys.write("process_instance", instance_id)
    return keys.write_element(instance_id, token)
