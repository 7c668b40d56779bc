"""Operate running process instances: cancel, suspend, resume, modify, migrate, resolve all incidents.

What administrators do on the pages of operations; the reason that history asks for is "by API".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from flask_smorest import Blueprint
from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, elements, incidents, instances
from engine.actors import Actor
from engine.bpmn.model import Process
from engine.errors import NotFound, Text
from engine.handlers import Json
from engine.operations import InstanceEnded, assignments, migration, modification, suspension
from engine.operations.modification import Activate, Move, Terminate
from engine.spiff.relocation import Instruction, NotMovable
from engine.tables import Incident, ProcessInstance
from web.accounts import current_actor
from web.api import blueprints, changes, keys, schemas
from web.api.process_instances import find
from web.api.schemas import Answer, Request
from web.rejections import InvalidRequest
from web.security import ADMINISTRATORS, open_to

blueprint: Blueprint = blueprints.make(
    "process_instance_changes", "Cases under way are operated.", "/process-instances"
)
MOST = 1_000  # instructions of one request
PROCESS = 0


class _Variables(Request):
    variables = schemas.Variables(required=True)
    scopeId = fields.String()  # noqa: N815  the clients' names


class _Activation(Request):
    elementId = fields.String(required=True)  # noqa: N815
    variableInstructions = fields.List(fields.Nested(_Variables), load_default=list)  # noqa: N815
    ancestorElementInstanceKey = schemas.Key()  # noqa: N815


class _Source(Request):
    sourceType = fields.String(required=True, validate=validate.OneOf(("byId", "byKey")))  # noqa: N815
    sourceElementId = fields.String()  # noqa: N815
    sourceElementInstanceKey = schemas.Key()  # noqa: N815

    @validates_schema
    def _named(self, data: Mapping[str, Any], **_: Any) -> None:
        wanted = "sourceElementId" if data.get("sourceType") == "byId" else "sourceElementInstanceKey"
        if wanted not in data:
            raise ValidationError("Missing data for required field.", wanted)


class _Ancestor(Request):
    ancestorScopeType = fields.String(  # noqa: N815
        required=True, validate=validate.OneOf(("direct", "inferred", "sourceParent"))
    )
    ancestorElementInstanceKey = schemas.Key()  # noqa: N815

    @validates_schema
    def _named(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("ancestorScopeType") == "direct" and "ancestorElementInstanceKey" not in data:
            raise ValidationError("Missing data for required field.", "ancestorElementInstanceKey")


class _Movement(Request):
    sourceElementInstruction = fields.Nested(_Source, required=True)  # noqa: N815
    targetElementId = fields.String(required=True)  # noqa: N815
    ancestorScopeInstruction = fields.Nested(_Ancestor)  # noqa: N815
    variableInstructions = fields.List(fields.Nested(_Variables), load_default=list)  # noqa: N815


class _Termination(Request):
    elementInstanceKey = schemas.Key()  # noqa: N815
    elementId = fields.String()  # noqa: N815

    @validates_schema
    def _one(self, data: Mapping[str, Any], **_: Any) -> None:
        if len(data) != 1:
            raise ValidationError("Exactly one of elementInstanceKey and elementId is needed.")


def _some(schema: type[Request]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), load_default=list, validate=validate.Length(max=MOST))


class Modification(schemas.Empty):
    """Element instances to activate, to move and to terminate, all or nothing."""

    activateInstructions = _some(_Activation)  # noqa: N815
    moveInstructions = _some(_Movement)  # noqa: N815
    terminateInstructions = _some(_Termination)  # noqa: N815


class _Mapping(Request):
    sourceElementId = fields.String(required=True)  # noqa: N815
    targetElementId = fields.String(required=True)  # noqa: N815


class Migration(schemas.Empty):
    """The version to go on with; an element that no instruction names keeps its id."""

    targetProcessDefinitionKey = schemas.Key(required=True)  # noqa: N815
    mappingInstructions = fields.List(  # noqa: N815
        fields.Nested(_Mapping), required=True, validate=validate.Length(max=MOST)
    )


class Batch(Answer):
    """What was done to many rows at once; it is over when it is answered."""

    batchOperationKey = fields.String(required=True)  # noqa: N815
    batchOperationType = fields.String(required=True)  # noqa: N815


@blueprint.post("/<key>/cancellation")
@blueprint.arguments(schemas.Empty, required=False)
@blueprint.response(204)
@blueprint.refuses(400, 401, 403, 404, 409)
@open_to(ADMINISTRATORS)
def cancel(body: dict[str, Any], key: str) -> changes.Result:
    """Cancel a running instance with everything that it called."""

    def act(session: Session, number: int, actor: Actor, reason: str) -> None:
        instances.cancel(session, number, actor, reason=reason)

    return _operate(key, body, act)


@blueprint.post("/<key>/suspension")
@blueprint.arguments(schemas.Empty, required=False)
@blueprint.response(204)
@blueprint.refuses(400, 401, 403, 404, 409)
@open_to(ADMINISTRATORS)
def suspend(body: dict[str, Any], key: str) -> changes.Result:
    """Hold a running instance: everything keeps its place and nothing moves."""
    return _operate(key, body, suspension.suspend)


@blueprint.post("/<key>/resumption")
@blueprint.arguments(schemas.Empty, required=False)
@blueprint.response(204)
@blueprint.refuses(400, 401, 403, 404, 409)
@open_to(ADMINISTRATORS)
def resume(body: dict[str, Any], key: str) -> changes.Result:
    """Let an instance go on that was suspended."""
    return _operate(key, body, suspension.resume)


@blueprint.post("/<key>/modification")
@blueprint.arguments(Modification)
@blueprint.response(204)
@blueprint.refuses(400, 401, 403, 404)
@open_to(ADMINISTRATORS)
def modify(body: dict[str, Any], key: str) -> changes.Result:
    """Activate, move and terminate element instances of a running instance."""

    def act(session: Session, number: int, actor: Actor, reason: str) -> None:
        _modify(session, number, body, actor, reason)

    return _operate(key, body, act)


@blueprint.post("/<key>/migration")
@blueprint.arguments(Migration)
@blueprint.response(204)
@blueprint.refuses(400, 401, 403, 404, 409)
@open_to(ADMINISTRATORS)
def migrate(body: dict[str, Any], key: str) -> changes.Result:
    """Let a running instance go on with another version of its process."""

    def act(session: Session, number: int, actor: Actor, reason: str) -> None:
        target = keys.read("process_definition", body["targetProcessDefinitionKey"])
        pairs = body["mappingInstructions"]
        mapping = {pair["sourceElementId"]: pair["targetElementId"] for pair in pairs}
        if len(mapping) != len(pairs):
            raise _wrong("mappingInstructions", "An element is mapped twice.")
        migration.migrate(session, number, migration.Plan(target, mapping), actor, reason)

    return _operate(key, body, act)


@blueprint.post("/<key>/incident-resolution")
@blueprint.arguments(schemas.Empty, required=False)
@blueprint.response(200, Batch)
@blueprint.refuses(400, 401, 403, 404, 409)
@open_to(ADMINISTRATORS)
def resolve(body: dict[str, Any], key: str) -> changes.Result:
    """Try every open incident of an instance again; all in one transaction."""

    def act(session: Session, number: int, actor: Actor, reason: str) -> None:
        query = select(Incident.id).where(Incident.instance_id == number, Incident.status == "open")
        for incident in session.scalars(query.order_by(Incident.id)).all():
            if session.get_one(Incident, incident).status == "open":
                incidents.retry(session, incident, actor, reason=reason)

    _operate(key, body, act)
    return {"batchOperationKey": key, "batchOperationType": "RESOLVE_INCIDENT"}


def _operate(key: str, body: Mapping[str, Any], act: Any) -> changes.Result:
    """Carry out `act(session, number, actor, reason)` on the instance of a key, in one transaction."""

    def perform(session: Session) -> None:
        with _worded(key):
            act(session, find(session, key).id, current_actor(), changes.reason(body))

    return changes.perform(perform)


@contextmanager
def _worded(key: str) -> Iterator[None]:
    """Say of an instance that has ended that it is not there any more, as these clients expect."""
    try:
        yield
    except InstanceEnded as error:
        raise NotFound(kind="process instance", key=key) from error


def _modify(
    session: Session, number: int, body: Mapping[str, Any], actor: Actor, reason: str
) -> ProcessInstance:
    instance = session.get_one(ProcessInstance, number)
    process = deployments.compiled(session, instance).process
    everywhere: dict[str, Json] = {}
    instructions: list[Instruction] = []
    for one in body["activateInstructions"]:
        within = _token(one["ancestorElementInstanceKey"], number) if _has_ancestor(one) else None
        values = _sort_variables(process, one["elementId"], one["variableInstructions"], everywhere)
        instructions.append(Activate(one["elementId"], values, within or None))
    for one in body["moveInstructions"]:
        values = _sort_variables(process, one["targetElementId"], one["variableInstructions"], everywhere)
        instructions += _movement(session, instance, one, values)
    for one in body["terminateInstructions"]:
        instructions.append(_termination(number, one))
    try:
        if everywhere:
            assignments.assign(session, number, everywhere, actor, reason, local=True)
        version = instance.version
        return modification.apply(session, number, instructions, actor, reason, version=version)
    except NotMovable as error:
        raise InvalidRequest(Text(error.text("vi"), error.text("en"))) from error


def _has_ancestor(one: Mapping[str, Any]) -> bool:
    return "ancestorElementInstanceKey" in one


def _sort_variables(
    process: Process, element_id: str, given: Sequence[Mapping[str, Any]], everywhere: dict[str, Json]
) -> dict[str, Json]:
    """Return the variables of the scope that an element lies in; those of the process go to `everywhere`."""
    element = process.elements.get(element_id)
    here: dict[str, Json] = {}
    for one in given:
        scope = one.get("scopeId") or process.id
        if scope == process.id:
            everywhere.update(one["variables"])
        elif element is not None and scope == element.scope:
            here.update(one["variables"])
        else:
            raise _wrong("scopeId", "It is neither the process nor the scope of the element.")
    return here


def _movement(
    session: Session, instance: ProcessInstance, one: Mapping[str, Any], values: Mapping[str, Json]
) -> list[Instruction]:
    """Return the instructions of one move; into a named scope it is a start there and an end here, each."""
    source, target = one["sourceElementInstruction"], one["targetElementId"]
    ancestor = one.get("ancestorScopeInstruction", {})
    named = source["sourceType"] == "byId"
    element = source["sourceElementId"] if named else None
    token = None if named else _token(source["sourceElementInstanceKey"], instance.id)
    if ancestor.get("ancestorScopeType") != "direct":
        return [Move(target, element, token, values)]
    within = _token(ancestor["ancestorElementInstanceKey"], instance.id) or None
    moved = 1 if token is not None else _standing(session, instance, element)
    return [*[Activate(target, values, within)] * moved, Terminate(element, token)]


def _standing(session: Session, instance: ProcessInstance, element: str | None) -> int:
    """Return how many element instances of an element go on, loops counted once."""
    rows = elements.of_instance(session, instance)
    return sum(row.element == element and row.state == elements.ACTIVE for row in rows)


def _termination(number: int, one: Mapping[str, Any]) -> Terminate:
    if "elementId" in one:
        return Terminate(element=one["elementId"])
    token = _token(one["elementInstanceKey"], number)
    if token == PROCESS:
        raise _wrong("elementInstanceKey", "The process itself is ended by its cancellation.")
    return Terminate(token=token)


def _token(key: str, instance_id: int) -> int:
    """Return the token of an element instance of this instance; PROCESS for the instance's own key."""
    number, kind = keys.split(key)
    if kind == "process_instance" and number == instance_id:
        return PROCESS
    if kind != "element_instance" or number // keys.TOKENS != instance_id:
        raise _wrong("elementInstanceKey", f"There is no element instance {key} in this process instance.")
    return number % keys.TOKENS


def _wrong(name: str, problem: str) -> InvalidRequest:
    return InvalidRequest(
        Text(f"thuộc tính [{name}] không hợp lệ", f"Request property [{name}]: {problem}"), {name: [problem]}
    )
