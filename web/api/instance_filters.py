"""What process instances are searched and sorted by: conditions of SQL for every property of the filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    case,
    exists,
    false,
    func,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

from engine.errors import NotAllowed
from engine.tables import (
    HistoryEvent,
    Incident,
    Job,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)
from web import relations
from web.accounts import current_actor
from web.api import conditions, incidents, keys, searching, variable_filters
from web.api.conditions import Test, Tests
from web.db import db

TAG = r"^[A-Za-z][A-Za-z0-9_\-:.]{0,99}$"
_RUNS = ProcessInstance.status == "active"
STATES: Mapping[str, ColumnElement[bool]] = {
    "ACTIVE": _RUNS & ProcessInstance.suspended_at.is_(None),
    "COMPLETED": ProcessInstance.status == "completed",
    "TERMINATED": ProcessInstance.status.in_(("cancelled", "error")),
    "SUSPENDED": _RUNS & ProcessInstance.suspended_at.is_not(None),
}
_ENDED_BY = {"COMPLETED": ("element.completed", "loop.completed"), "TERMINATED": ("element.cancelled",)}
ELEMENT_STATES = ("ACTIVE", *_ENDED_BY)
_OPEN = (Incident.instance_id == ProcessInstance.id) & (Incident.status == "open")
HAS_INCIDENT: ColumnElement[bool] = exists().where(_OPEN)
BUSINESS_ID = func.nullif(ProcessInstance.business_key, "")
CALLED_BY = ProcessInstance.parent_id * keys.TOKENS + ProcessInstance.parent_token
_FAILED_WITH_RETRIES = exists().where(
    Job.instance_id == ProcessInstance.id,
    Job.status.in_(("open", "failed")),
    Job.error.is_not(None),
    Job.retries > 0,
)


def read_place(value: Any) -> int:
    """Return an element instance as one number, the process itself as its token 0; -1 for what is none.

    Raises ValidationError for what is no key.
    """
    number = conditions.key_reader("element_instance")(value)
    if number == -1:
        process = conditions.key_reader("process_instance")(value)
        number = -1 if process == -1 else process * keys.TOKENS
    return number if number <= keys.MOST else -1


def _with_message(tests: Sequence[Test]) -> ColumnElement[bool]:
    return exists().where(_OPEN, conditions.in_database(incidents.MESSAGE, tests))


def _with_hash(tests: Sequence[Test]) -> ColumnElement[bool]:
    """Return the condition that an incident's message has a hash as Java counts it, which no database can."""
    messages = db.session().scalars(select(incidents.MESSAGE).where(Incident.status == "open").distinct())
    met = [message for message in messages if conditions.holds(hash_of(message), tests)]
    return exists().where(_OPEN, incidents.MESSAGE.in_(met))


def hash_of(text: str) -> int:
    """Return the hash code of a text as Java counts it: 32 bits with sign over UTF-16."""
    units = memoryview(text.encode("utf-16-le")).cast("H")
    found = 0
    for unit in units:
        found = (31 * found + unit) & 0xFFFFFFFF
    return found - 2**32 if found >= 2**31 else found


def _with_tags(tags: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that an instance has every tag; tags hold nothing that JSON would escape."""
    kept = type_coerce(ProcessInstance.tags, Text)
    return and_(true(), *(kept.contains(f'"{tag}"', autoescape=True) for tag in tags))


def allowed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a search that the caller may ask, its conditions on an element joined; raises NotAllowed."""
    _ensure_may_ask(body)
    return _join_elements(body)


def _ensure_may_ask(body: Mapping[str, Any]) -> None:
    """Refuse to search by values to whoever may not read them: the answer would tell; raises NotAllowed."""
    actor, asked = current_actor(), body.get("filter") or {}
    named = set(asked).union(*asked.get("$or", ()))
    if relations.sees_all(actor) or not named & _TELLING:
        return
    raise NotAllowed(
        actor=actor.name,
        operation="search by variables or errors",
        operation_vi="tra cứu theo dữ liệu hoặc lỗi",
        reason="only auditors and administrators read them",
        reason_vi="chỉ kiểm toán và quản trị được đọc dữ liệu của hồ sơ",
    )


_TELLING = frozenset({"variables", "errorMessage", "incidentErrorHashCode"})


def _join_elements(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a search whose conditions on an element are joined: they mean one element instance."""
    if not body.get("filter"):
        return dict(body)
    joined = _join(body["filter"])
    if joined.get("$or"):
        joined["$or"] = [_join(one) for one in joined["$or"]]
    return {**body, "filter": joined}


def _join(one: Mapping[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in one.items() if name not in _ON_ELEMENT}
    asked = {name: one[name] for name in _ON_ELEMENT if name in one}
    return {**rest, "elementId": asked} if asked else rest


_ON_ELEMENT = ("elementId", "elementInstanceState", "hasElementInstanceIncident")


def _with_element(asked: Mapping[str, Any]) -> ColumnElement[bool]:
    """Return the condition that one element instance is what was asked: its element, its state, its incident.

    What goes on is found where something waits: a task, a job, a timer, a subscription, an incident.
    """
    element, state = asked.get("elementId", ()), asked.get("elementInstanceState", ())
    flag = asked["hasElementInstanceIncident"][0][1] if "hasElementInstanceIncident" in asked else None
    wanted = [word for word in ELEMENT_STATES if conditions.holds(word, state)]
    if flag:
        held = exists().where(_OPEN, conditions.in_database(Incident.element.expression, element))
        return held if "ACTIVE" in wanted else false()
    found: list[ColumnElement[bool]] = []
    if "ACTIVE" in wanted:
        found.append(_RUNS & ProcessInstance.id.in_(_waiting(element, flag)))
    kinds = [kind for word, ended in _ENDED_BY.items() if word in wanted for kind in ended]
    if kinds:
        named = conditions.in_database(HistoryEvent.element.expression, element)
        of_instance = HistoryEvent.instance_id == ProcessInstance.id
        found.append(exists().where(of_instance, HistoryEvent.kind.in_(kinds), named))
    return or_(false(), *found)


def _waiting(element: Sequence[Test], flag: bool | None) -> Any:
    rows: list[tuple[Any, ColumnElement[bool]]] = [
        (UserTask, UserTask.status == "open"),
        (Job, Job.status.in_(("open", "failed"))),
        (Timer, (Timer.status == "waiting") & Timer.task_id.is_(None)),
        (Subscription, Subscription.token.is_not(None)),
    ]
    if flag is None:
        rows.append((Incident, Incident.status == "open"))
    return union_all(
        *(
            select(row.instance_id).where(waits, conditions.in_database(row.element.expression, element))
            for row, waits in rows
        )
    )


def _flag_reader() -> Tests:
    return Tests(conditions.read_flag, (), {"type": "boolean"})


def _apart(reader: Tests) -> searching.Filter:
    """Return the filter of a part that is always joined with its whole (`_join_elements`)."""
    return searching.special(reader, lambda _found: true())


OF_DEFINITION: Mapping[str, searching.Filter] = {
    "processDefinitionId": searching.text(ProcessInstance.process_id),
    "processDefinitionName": searching.text(ProcessDefinition.name),
    "processDefinitionVersion": searching.whole(ProcessDefinition.version),
    "processDefinitionVersionTag": searching.text(ProcessDefinition.version_tag),
    "processDefinitionKey": searching.key("process_definition", ProcessInstance.definition_id),
}
OF_INSTANCE: Mapping[str, searching.Filter] = {
    "startDate": searching.moment(ProcessInstance.started_at),
    "endDate": searching.moment(ProcessInstance.ended_at),
    "suspendedDate": searching.moment(ProcessInstance.suspended_at),
    "state": searching.choice(STATES),
    "hasIncident": searching.exact_flag(HAS_INCIDENT),
    "tenantId": searching.one_tenant(),
    "variables": variable_filters.of_instances(ProcessInstance.id),
    "processInstanceKey": searching.key("process_instance", ProcessInstance.id),
    "parentProcessInstanceKey": searching.key("process_instance", ProcessInstance.parent_id),
    "parentElementInstanceKey": searching.special(
        Tests(read_place, conditions.KEY, {"type": "string"}),
        lambda found: conditions.in_database(CALLED_BY, found),
    ),
    "batchOperationId": searching.nothing_has(),
    "batchOperationKey": searching.nothing_has(),
    "errorMessage": searching.special(
        Tests(conditions.read_text, conditions.TEXT, {"type": "string"}), _with_message
    ),
    "hasRetriesLeft": searching.exact_flag(_FAILED_WITH_RETRIES),
    "elementInstanceState": _apart(
        Tests(
            conditions.choice_reader(ELEMENT_STATES),
            conditions.CHOICE,
            {"type": "string", "enum": list(ELEMENT_STATES)},
        )
    ),
    "elementId": searching.special(
        Tests(conditions.read_text, conditions.TEXT, {"type": "string"}), _with_element
    ),
    "hasElementInstanceIncident": _apart(_flag_reader()),
    "incidentErrorHashCode": searching.special(
        Tests(conditions.read_whole, conditions.NUMBER, {"type": "integer"}), _with_hash
    ),
    "tags": searching.special(
        fields.List(fields.String(validate=validate.Regexp(TAG)), validate=validate.Length(max=10)),
        _with_tags,
    ),
    "businessId": searching.text(BUSINESS_ID),
}
SORTS: Mapping[str, Any] = {
    "businessId": BUSINESS_ID,
    "endDate": ProcessInstance.ended_at,
    "hasIncident": case((HAS_INCIDENT, 1), else_=0),
    "parentElementInstanceKey": CALLED_BY,
    "parentProcessInstanceKey": ProcessInstance.parent_id,
    "processDefinitionId": ProcessInstance.process_id,
    "processDefinitionKey": ProcessInstance.definition_id,
    "processDefinitionName": ProcessDefinition.name,
    "processDefinitionVersion": ProcessDefinition.version,
    "processDefinitionVersionTag": ProcessDefinition.version_tag,
    "processInstanceKey": ProcessInstance.id,
    "startDate": ProcessInstance.started_at,
    "state": case(*((condition, word) for word, condition in STATES.items()), else_="TERMINATED"),
    "suspendedDate": ProcessInstance.suspended_at,
    "tenantId": ProcessInstance.id,
}
