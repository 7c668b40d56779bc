"""Start process instances, and wait for their end when asked to.

Designers, administrators and workers start every process. Anybody else starts what the start pages offer, as
these do: the newest version, with the start form judged and the variables and the name that the rules fix.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask_smorest import Blueprint
from marshmallow import ValidationError, fields, validate, validates_schema
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, forms, starts, variables
from engine.actors import Actor
from engine.errors import BadInput, Conflict, EngineError, NotAllowed, NotFound, Text
from engine.handlers import Json
from engine.spiff.relocation import NotMovable
from engine.tables import ProcessDefinition, ProcessInstance
from web import db, relations
from web.accounts import current_actor
from web.api import blueprints, changes, keys, schemas, waiting
from web.api.instance_filters import TAG
from web.api.schemas import TENANT, Answer, Request
from web.pages.start import Startable, startable
from web.rejections import InvalidRequest
from web.security import ADMINISTRATORS, DESIGNERS, SIGNED_IN, WORKERS, open_to
from workflows import starting

blueprint: Blueprint = blueprints.make(
    "process_instance_starts", "Cases are started, and their end is awaited.", "/process-instances"
)
ANY_PROCESS = frozenset({DESIGNERS, ADMINISTRATORS, WORKERS})
UNASKED = 10.0  # seconds that are waited when the request says nothing
PAUSE = 0.1  # seconds between two looks at an instance whose end is awaited
MOST_ELEMENTS = 100
_NAME = fields.String(validate=validate.Length(min=1, max=1000))


class StillRunning(EngineError):
    """Expected process instance {instance} to end within {seconds} seconds, but it still runs."""

    vi = (
        "Hồ sơ {instance} chưa kết thúc sau {seconds} giây. Hồ sơ đã được mở và vẫn đang chạy; hãy tra cứu "
        "hồ sơ theo khóa này."
    )
    en = (
        "Process instance {instance} has not ended within {seconds} seconds. It was started and goes on; "
        "look it up by this key."
    )
    status = 504


class _StartInstruction(Request):
    elementId = fields.String(required=True, validate=validate.Length(min=1))  # noqa: N815


class _RuntimeInstruction(Request):
    type = fields.String()
    afterElementId = fields.String(required=True)  # noqa: N815


class StartRequest(Request):
    """Which version is started, with what, and whether its end is awaited."""

    processDefinitionKey = schemas.Key()  # noqa: N815
    processDefinitionId = _NAME  # noqa: N815
    processDefinitionVersion = fields.Integer(  # noqa: N815
        strict=True, validate=validate.Range(min=starts.NEWEST, max=2**31 - 1)
    )
    processDefinitionVersionTag = _NAME  # noqa: N815
    variables = schemas.Variables()
    tenantId = schemas.Tenant()  # noqa: N815
    operationReference = fields.Integer(strict=True, validate=validate.Range(min=1, max=keys.MOST))  # noqa: N815
    startInstructions = fields.List(  # noqa: N815
        fields.Nested(_StartInstruction), validate=validate.Length(max=MOST_ELEMENTS)
    )
    runtimeInstructions = fields.List(fields.Nested(_RuntimeInstruction))  # noqa: N815
    awaitCompletion = fields.Boolean(truthy={True}, falsy={False})  # noqa: N815
    fetchVariables = fields.List(fields.String())  # noqa: N815
    requestTimeout = fields.Integer(strict=True, validate=validate.Range(min=0, max=keys.MOST))  # noqa: N815
    tags = fields.List(fields.String(validate=validate.Regexp(TAG)), validate=validate.Length(max=10))
    businessId = fields.String(validate=validate.Length(min=1, max=256))  # noqa: N815

    @validates_schema
    def _one_version(self, data: Mapping[str, Any], **_: Any) -> None:
        named = [name for name in ("processDefinitionKey", "processDefinitionId") if name in data]
        if len(named) != 1:
            raise ValidationError("Exactly one of processDefinitionKey and processDefinitionId is needed.")
        tagged = "processDefinitionVersionTag" in data
        if tagged and ("processDefinitionVersion" in data or named == ["processDefinitionKey"]):
            raise ValidationError("A version tag stands beside processDefinitionId alone.")


class Started(Answer):
    """An instance that was started; its variables only when its end was awaited."""

    processDefinitionId = fields.String(required=True)  # noqa: N815
    processDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    variables = fields.Dict(required=True)
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    tags = fields.List(fields.String(), required=True)
    businessId = fields.String(required=True, allow_none=True)  # noqa: N815


@blueprint.post("")
@blueprint.arguments(StartRequest)
@blueprint.response(200, Started)
@blueprint.refuses(400, 401, 403, 404, 409, 504)
@open_to(SIGNED_IN)
def create(body: dict[str, Any]) -> Mapping[str, Any]:
    """Start an instance; with `awaitCompletion` answer when it has ended, with its variables."""
    if body.get("runtimeInstructions"):
        raise _wrong("runtimeInstructions", "không được hỗ trợ", "They are not carried out here.")
    answer = dict(changes.perform(lambda session: _start(session, body)) or {})
    if body.get("awaitCompletion"):
        answer["variables"] = _await(answer["processInstanceKey"], body)
    return answer


def _start(session: Session, body: Mapping[str, Any]) -> Mapping[str, Any]:
    actor = current_actor()
    definition = _definition(session, body)
    given, labels = body.get("variables", {}), _labels(body)
    elements = [one["elementId"] for one in body.get("startInstructions", ())]
    if ANY_PROCESS.isdisjoint(actor.groups):
        given, labels = _as_offered(session, definition, actor, body, labels)
    try:
        instance = starts.start(session, definition, given, actor, labels, elements)
    except NotMovable as error:
        raise _wrong("startInstructions", error.text("vi"), error.text("en")) from error
    return {
        "processDefinitionId": definition.process_id,
        "processDefinitionVersion": definition.version,
        "tenantId": TENANT,
        "variables": {},
        "processDefinitionKey": keys.write("process_definition", definition.id),
        "processInstanceKey": keys.write("process_instance", instance.id),
        "tags": list(labels.tags),
        "businessId": instance.business_key or None,
    }


def _labels(body: Mapping[str, Any]) -> starts.Labels:
    return starts.Labels(body.get("businessId", ""), tuple(dict.fromkeys(body.get("tags", ()))))


def _definition(session: Session, body: Mapping[str, Any]) -> ProcessDefinition:
    """Return the version that is asked for; raises NotFound."""
    if "processDefinitionKey" in body:
        key = body["processDefinitionKey"]
        try:
            return starts.find_definition(session, keys.read("process_definition", key))
        except NotFound as error:
            raise NotFound(kind="process definition", key=key) from error
    process_id = body["processDefinitionId"]
    if "processDefinitionVersionTag" in body:
        return starts.find_tagged(session, process_id, body["processDefinitionVersionTag"])
    return starts.find_version(session, process_id, body.get("processDefinitionVersion", starts.NEWEST))


def _as_offered(
    session: Session,
    definition: ProcessDefinition,
    actor: Actor,
    body: Mapping[str, Any],
    labels: starts.Labels,
) -> tuple[dict[str, Json], starts.Labels]:
    """Return variables and labels as the start page would make them; raises NotAllowed, FormInvalid."""
    offer = _offered(session, definition, actor, body)
    if body.get("startInstructions"):
        raise _not_allowed(actor, definition, "only operators choose where it begins", "chỉ bắt đầu từ đầu")
    form = deployments.form(session, offer.form_id)
    values = forms.validate(form, body.get("variables", {}), starting.context(session, actor))
    key = ""
    if offer.offer is not None:
        values |= offer.offer.fixed
        key = offer.offer.key(values)
    if labels.business_key not in ("", key):
        raise _wrong("businessId", "tên hồ sơ do quy tắc đặt", f"The rules name this case '{key}'.")
    return values, starts.Labels(key, labels.tags)


def _offered(
    session: Session, definition: ProcessDefinition, actor: Actor, body: Mapping[str, Any]
) -> Startable:
    """Return the offer behind a start; of several, that of the office which the variables name."""
    found = [
        one
        for one in startable(session, actor)
        if (one.process_id, one.version) == (definition.process_id, definition.version)
    ]
    if not found:
        raise _not_allowed(actor, definition, "no unit of theirs starts it", "đơn vị không lập hồ sơ này")
    office = body.get("variables", {}).get("office")
    chosen = [one for one in found if office in (None, one.office)]
    if len(chosen) != 1:
        raise BadInput(
            expected="the variable 'office': one of " + ", ".join(one.office for one in found),
            expected_vi="biến “office”: một trong " + ", ".join(one.office for one in found),
            found=office,
        )
    return chosen[0]


def _await(key: str, body: Mapping[str, Any]) -> dict[str, Json]:
    """Return the variables of an instance that has ended, looking again and again without a transaction.

    Raises StillRunning after the time asked for, at most that of the settings; at once when too many wait.
    """
    number = keys.read("process_instance", key)
    with waiting.place() as given:
        seconds = waiting.seconds(body.get("requestTimeout", 0) / 1000, UNASKED) if given else 0
        end = time.monotonic() + seconds
        while (status := _status(number)) == "active":
            if time.monotonic() >= end:
                raise StillRunning(instance=key, seconds=round(seconds, 1))
            time.sleep(PAUSE)
    if status != "completed":
        raise Conflict(
            expected=f"process instance {key} to complete",
            found=f"it ended otherwise ({status})",
            found_vi=f"hồ sơ {key} không hoàn thành ({status})",
        )
    with db.reading() as session:
        return _fetched(variables.of_scope(session, number), body.get("fetchVariables"))


def _status(number: int) -> str | None:
    with db.reading() as session:
        return session.scalar(select(ProcessInstance.status).where(ProcessInstance.id == number))


def _fetched(found: Mapping[str, Json], names: list[str] | None) -> dict[str, Json]:
    """Return the variables asked for, all of them without a list; only to who may read them all."""
    if not relations.sees_all(current_actor()) and ANY_PROCESS.isdisjoint(current_actor().groups):
        return {}
    return {name: value for name, value in found.items() if not names or name in names}


def _not_allowed(actor: Actor, definition: ProcessDefinition, reason: str, reason_vi: str) -> NotAllowed:
    return NotAllowed(
        actor=actor.name,
        operation=f"start process '{definition.process_id}'",
        operation_vi=f"bắt đầu quy trình “{definition.process_id}”",
        reason=reason,
        reason_vi=reason_vi,
    )


def _wrong(name: str, problem_vi: str, problem: str) -> InvalidRequest:
    return InvalidRequest(
        Text(f"thuộc tính [{name}]: {problem_vi}", f"Request property [{name}]: {problem}"),
        {name: [problem]},
    )
