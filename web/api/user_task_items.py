"""User tasks as the API shows them, and what they can be searched by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    null,
    select,
    true,
    type_coerce,
)
from sqlalchemy.orm import Session

from engine import callers, tasks
from engine.actors import USER
from engine.columns import JsonNumber
from engine.tables import CandidateGroup, Form, HistoryEvent, ProcessDefinition, ProcessInstance, UserTask
from web.api import conditions, keys, schemas, searching, variable_filters
from web.api.conditions import Test, Tests
from web.api.schemas import write_moment, write_moment_or_none

STATES = (
    "CREATING",
    "CREATED",
    "ASSIGNING",
    "UPDATING",
    "COMPLETING",
    "COMPLETED",
    "CANCELING",
    "CANCELED",
    "FAILED",
)
WORDS = {"open": "CREATED", "completed": "COMPLETED", "cancelled": "CANCELED"}
ENDS = ("task.completed", "task.cancelled", "task.returned", "task.recalled")
BUSINESS_ID: ColumnElement[str] = func.nullif(UserTask.business_key, "", type_=String())
ELEMENT_INSTANCE = UserTask.instance_id * keys.TOKENS + UserTask.token


class UserTaskItem(schemas.Answer):
    """One user task."""

    name = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    assignee = fields.String(required=True, allow_none=True)
    elementId = fields.String(required=True)  # noqa: N815
    candidateGroups = fields.List(fields.String(), required=True)  # noqa: N815
    candidateUsers = fields.List(fields.String(), required=True)  # noqa: N815
    processDefinitionId = fields.String(required=True)  # noqa: N815
    creationDate = fields.String(required=True)  # noqa: N815
    completionDate = fields.String(required=True, allow_none=True)  # noqa: N815
    followUpDate = fields.String(required=True, allow_none=True)  # noqa: N815
    dueDate = fields.String(required=True, allow_none=True)  # noqa: N815
    tenantId = fields.String(required=True)  # noqa: N815
    externalFormReference = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionVersion = fields.Integer(required=True)  # noqa: N815
    customHeaders = fields.Dict(required=True)  # noqa: N815
    userTaskKey = fields.String(required=True)  # noqa: N815
    elementInstanceKey = fields.String(required=True)  # noqa: N815
    processName = fields.String(required=True, allow_none=True)  # noqa: N815
    processDefinitionKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815
    businessId = fields.String(required=True, allow_none=True)  # noqa: N815
    formKey = fields.String(required=True, allow_none=True)  # noqa: N815
    tags = fields.List(fields.String(), required=True)
    priority = fields.Integer(required=True)


def select_tasks() -> Any:
    """Select tasks with what an item needs besides: case, version, key of the form, candidates it had.

    The candidates of a task that has ended stand in its last history event.
    """
    form = (
        select(func.max(Form.id))
        .where(Form.form_id == UserTask.form_id, Form.deleted_at.is_(None))
        .scalar_subquery()
    )
    end = (
        select(HistoryEvent.data)
        .where(
            HistoryEvent.instance_id == UserTask.instance_id,
            HistoryEvent.kind.in_(ENDS),
            HistoryEvent.element == UserTask.element,
            JsonNumber(HistoryEvent.data, literal("task")) == UserTask.id,
        )
        .order_by(HistoryEvent.sequence.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            UserTask,
            ProcessInstance.parent_id,
            type_coerce(ProcessInstance.tags, String),
            ProcessDefinition.id,
            ProcessDefinition.version,
            ProcessDefinition.name,
            form,
            case((UserTask.status == "open", null()), else_=type_coerce(end, String)),
        )
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
    )


def write_all(session: Session, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return the items of selected rows; the cases at the top of the calls come in one statement."""
    called = [row[0].instance_id for row in rows if row[1] is not None]
    roots = callers.find_roots(session, called)
    return [_write(session, row, roots.get(row[0].instance_id, row[0].instance_id)) for row in rows]


def _write(session: Session, row: Any, root: int) -> dict[str, Any]:
    task, _parent, tags, definition, version, process_name, form, end = row
    names = [group.group_name for group in task.candidate_groups]
    candidates: Sequence[str] = json.loads(end).get("candidate_groups", names) if end else names
    return {
        "name": task.name or None,
        "state": WORDS[task.status],
        "assignee": task.assignee,
        "elementId": task.element,
        "candidateGroups": [name for name in candidates if not name.startswith(USER)],
        "candidateUsers": [name.removeprefix(USER) for name in candidates if name.startswith(USER)],
        "processDefinitionId": task.process_id,
        "creationDate": write_moment(task.created_at),
        "completionDate": write_moment_or_none(task.ended_at),
        "followUpDate": write_moment_or_none(task.follow_up_at),
        "dueDate": write_moment_or_none(task.due_at),
        "tenantId": schemas.TENANT,
        "externalFormReference": None,
        "processDefinitionVersion": version,
        "customHeaders": dict(tasks.element(session, task).details.headers),
        "userTaskKey": keys.write("user_task", task.id),
        "elementInstanceKey": keys.write_element(task.instance_id, task.token),
        "processName": process_name or None,
        "processDefinitionKey": keys.write("process_definition", definition),
        "processInstanceKey": keys.write("process_instance", task.instance_id),
        "rootProcessInstanceKey": keys.write("process_instance", root),
        "businessId": task.business_key or None,
        "formKey": keys.write_or_none("form", form),
        "tags": json.loads(tags),
        "priority": task.priority,
    }


def _member(column: ColumnElement[str], who: ColumnElement[bool]) -> Any:
    """Return a filter over the candidates of a task: one of them is enough."""

    def condition(found: Sequence[Test]) -> ColumnElement[bool]:
        of_task = and_(CandidateGroup.task_id == UserTask.id, who)
        absent = ("$exists", False)
        wanted = conditions.in_database(column, [test for test in found if test != absent])
        some = exists().where(of_task, wanted)
        return some if absent not in found else ~exists().where(of_task)

    return searching.special(Tests(conditions.read_text, conditions.TEXT, {"type": "string"}), condition)


def _tagged(found: Sequence[str]) -> ColumnElement[bool]:
    """Tell whether a case has every tag: they stand in its list as JSON texts."""
    written = type_coerce(ProcessInstance.tags, String)
    return and_(true(), *(written.contains(f'"{tag}"', autoescape=True) for tag in found))


_STATE_CONDITIONS = {
    word: next((UserTask.status == status for status, its in WORDS.items() if its == word), false())
    for word in STATES
}
_GROUP_NAME = CandidateGroup.group_name.expression
_IS_USER = _GROUP_NAME.startswith(USER, autoescape=True)
SEARCH = searching.Search(
    "UserTask",
    key=UserTask.id,
    filters={
        "state": searching.choice(_STATE_CONDITIONS),
        "assignee": searching.text(UserTask.assignee),
        "businessId": searching.text(BUSINESS_ID),
        "priority": searching.whole(UserTask.priority),
        "elementId": searching.exact_text(UserTask.element),
        "name": searching.text(UserTask.name),
        "candidateGroup": _member(_GROUP_NAME, ~_IS_USER),
        "candidateUser": _member(func.substr(_GROUP_NAME, len(USER) + 1, type_=String()), _IS_USER),
        "tenantId": searching.one_tenant(),
        "processDefinitionId": searching.text(UserTask.process_id),
        "creationDate": searching.moment(UserTask.created_at),
        "completionDate": searching.moment(UserTask.ended_at),
        "followUpDate": searching.moment(UserTask.follow_up_at),
        "dueDate": searching.moment(UserTask.due_at),
        "processInstanceVariables": variable_filters.of_instances(UserTask.instance_id),
        "localVariables": variable_filters.of_instances(UserTask.instance_id, UserTask.token),
        "processDefinitionKey": searching.key("process_definition", ProcessDefinition.id),
        "processInstanceKey": searching.key("process_instance", UserTask.instance_id),
        "userTaskKey": searching.exact_key("user_task", UserTask.id),
        "elementInstanceKey": searching.exact_key("element_instance", ELEMENT_INSTANCE),
        "tags": searching.special(
            fields.List(fields.String(validate=validate.Length(max=100)), validate=validate.Length(max=10)),
            _tagged,
        ),
    },
    sorts={
        "businessId": BUSINESS_ID,
        "completionDate": UserTask.ended_at,
        "creationDate": UserTask.created_at,
        "dueDate": UserTask.due_at,
        "followUpDate": UserTask.follow_up_at,
        "name": UserTask.name,
        "priority": UserTask.priority,
    },
    alternatives=True,
)
