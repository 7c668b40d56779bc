"""User tasks: search, look at one with its form and variables, assign, change, complete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask.typing import ResponseReturnValue
from marshmallow import fields, validate
from sqlalchemy.orm import Session

from engine import deployments, forms, task_changes, task_refusals, tasks
from engine.actors import Actor
from engine.errors import EngineError, FormInvalid, NotAllowed, NotFound, TaskNotOpen, Text
from engine.tables import UserTask
from engine.task_changes import Changes, Given
from web import relations
from web.accounts import current_actor
from web.api import blueprints, changes, keys, schemas, task_variables, user_task_items
from web.api import forms as form_answers
from web.api.user_task_items import SEARCH, UserTaskItem
from web.db import db, transaction
from web.security import ADMINISTRATORS, SIGNED_IN, WORKERS, open_to
from workflows import task_notices

blueprint = blueprints.make("user_tasks", "Work for people: who holds it, its form, its end.", "/user-tasks")
WRITERS = frozenset({ADMINISTRATORS, WORKERS})  # may set variables of a case anyway


class UserTaskAssignment(schemas.Request):
    """Who is to hold a task."""

    assignee = fields.String(required=True, validate=validate.Length(min=1, max=256))
    allowOverride = fields.Boolean(allow_none=True, truthy={True}, falsy={False})  # noqa: N815
    action = fields.String(allow_none=True, validate=validate.Length(max=256))


class _Date(fields.Field[Given]):
    """A moment, or an empty text to clear it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Given:
        moment: datetime | None = None if value == "" else schemas.Moment().deserialize(value)
        return Given(moment)


class _UserTaskChangeset(schemas.Request):
    dueDate = _Date(allow_none=True, metadata={"type": "string"})  # noqa: N815
    followUpDate = _Date(allow_none=True, metadata={"type": "string"})  # noqa: N815
    candidateGroups = fields.List(  # noqa: N815
        fields.String(validate=validate.Length(min=1, max=256)), allow_none=True
    )
    candidateUsers = fields.List(  # noqa: N815
        fields.String(validate=validate.Length(min=1, max=256)), allow_none=True
    )
    priority = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=0, max=100))


class UserTaskUpdate(schemas.Request):
    """What is to be changed of a task: null or nothing keeps a part, an empty list or text clears it."""

    changeset = fields.Nested(_UserTaskChangeset, allow_none=True)
    action = fields.String(allow_none=True, validate=validate.Length(max=256))


class UserTaskCompletion(schemas.Request):
    """The answers of a task's form."""

    variables = schemas.Variables(allow_none=True)
    action = fields.String(allow_none=True, validate=validate.Length(max=256))


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request())
@blueprint.response(200, SEARCH.answer(UserTaskItem))
@blueprint.refuses(400, 403)
@open_to(SIGNED_IN)
def search(body: Mapping[str, Any]) -> dict[str, Any]:
    """Search the tasks that the caller may see; by variables only who may see those of every case."""
    actor = current_actor()
    if not relations.sees_all(actor):
        _ensure_asks_no_variables(body.get("filter") or {}, actor)
    session = db.session()
    query = user_task_items.select_tasks().where(relations.visible_tasks(actor))
    found = SEARCH.run(session, query, body, lambda row: row)
    return found | {"items": user_task_items.write_all(session, found["items"])}


@blueprint.get("/<key>")
@blueprint.response(200, UserTaskItem)
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def show(key: str) -> dict[str, Any]:
    """Return one task."""
    session = db.session()
    return user_task_items.write_all(session, [_row(session, key)])[0]


@blueprint.get("/<key>/form")
@blueprint.response(200, form_answers.FormResult)
@blueprint.alt_response(204, description="The task has no form.")
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def show_form(key: str) -> ResponseReturnValue:
    """Return the form of a task, nothing for a task without one."""
    session = db.session()
    task = visible(session, key)
    if not task.form_id:
        return "", 204
    return form_answers.write(deployments.latest_form(session, task.form_id))


@blueprint.post("/<key>/variables/search")
@blueprint.arguments(task_variables.UserTaskTruncation, location="query")
@blueprint.arguments(task_variables.SEARCH.request())
@blueprint.response(200, task_variables.SEARCH.answer(task_variables.UserTaskVariableItem))
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def search_variables(query: Mapping[str, Any], body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Search the variables that a task sees, in each scope; staff are shown those that its form asks for."""
    session = db.session()
    task = visible(session, key)
    return task_variables.search(session, task, current_actor(), body, cut=query["truncateValues"])


@blueprint.post("/<key>/effective-variables/search")
@blueprint.arguments(task_variables.UserTaskTruncation, location="query")
@blueprint.arguments(task_variables.SEARCH.request())
@blueprint.response(200, task_variables.SEARCH.answer(task_variables.UserTaskVariableItem))
@blueprint.refuses(404)
@open_to(SIGNED_IN)
def search_effective(query: Mapping[str, Any], body: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Search the variables that a task sees, the innermost of each name."""
    session = db.session()
    task = visible(session, key)
    cut: bool = query["truncateValues"]
    return task_variables.search(session, task, current_actor(), body, cut=cut, innermost=True)


@blueprint.post("/<key>/assignment")
@blueprint.arguments(UserTaskAssignment)
@blueprint.response(204)
@blueprint.refuses(400, 403, 404, 409)
@open_to(SIGNED_IN)
def assign(body: Mapping[str, Any], key: str) -> None:
    """Take an offered task, or as an administrator give any task to anybody."""
    actor, task_id = current_actor(), keys.read("user_task", key)

    def act(session: Session) -> None:
        task_changes.assign(
            session,
            task_id,
            body["assignee"],
            actor,
            changes.reason(body),
            as_operator=_operates(actor),
            overrides=body.get("allowOverride") is not False,
        )

    changes.perform(act)


@blueprint.delete("/<key>/assignee")
@blueprint.response(204)
@blueprint.refuses(403, 404, 409)
@open_to(SIGNED_IN)
def unassign(key: str) -> None:
    """Give a held task back, or as an administrator take any task from its holder."""
    actor, task_id = current_actor(), keys.read("user_task", key)

    def act(session: Session) -> None:
        task_changes.unassign(session, task_id, actor, changes.REASON, as_operator=_operates(actor))

    changes.perform(act)


@blueprint.patch("/<key>")
@blueprint.arguments(UserTaskUpdate)
@blueprint.response(204)
@blueprint.refuses(400, 403, 404, 409)
@open_to(SIGNED_IN)
def update(body: Mapping[str, Any], key: str) -> None:
    """Change parts of a task: the due date for who leads the unit, everything for administrators."""
    actor, task_id = current_actor(), keys.read("user_task", key)
    given = {name: value for name, value in (body.get("changeset") or {}).items() if value is not None}

    def act(session: Session) -> None:
        if not _operates(actor):
            _ensure_may_change(session, task_id, actor, frozenset(given))
        wanted = Changes(
            due_at=given.get("dueDate"),
            follow_up_at=given.get("followUpDate"),
            groups=given.get("candidateGroups"),
            users=given.get("candidateUsers"),
            priority=given.get("priority"),
        )
        task_changes.update(session, task_id, wanted, actor, changes.reason(body))

    changes.perform(act)


@blueprint.post("/<key>/completion")
@blueprint.arguments(UserTaskCompletion)
@blueprint.response(204)
@blueprint.refuses(400, 403, 404, 409)
@open_to(SIGNED_IN)
def complete(body: Mapping[str, Any], key: str) -> None:
    """Complete a task with the answers of its form, claiming it on the way, as the page does."""
    actor, task_id = current_actor(), keys.read("user_task", key)
    given: Mapping[str, Any] = body.get("variables") or {}

    def act(session: Session) -> None:
        tasks.complete(session, task_id, lambda form: _answers(form, given, actor), actor)

    try:
        changes.perform(act)
    except TaskNotOpen as error:
        raise NotFound(kind="user task", key=key) from error
    except EngineError as error:
        if task_refusals.is_kept(db.session(), task_id, error):
            with transaction() as session:
                task_refusals.record(session, task_id, actor, error)
        raise


def visible(session: Session, key: str) -> UserTask:
    """Return a task that the caller may see; raises NotFound."""
    task: UserTask = _row(session, key)[0]
    return task


def _row(session: Session, key: str) -> Any:
    found = user_task_items.select_tasks().where(
        UserTask.id == keys.read("user_task", key), relations.visible_tasks(current_actor())
    )
    row = session.execute(found).first()
    if row is None:
        raise NotFound(kind="user task", key=key)
    return row


def _operates(actor: Actor) -> bool:
    return ADMINISTRATORS in actor.groups


def _answers(form: Mapping[str, Any], given: Mapping[str, Any], actor: Actor) -> Mapping[str, Any]:
    """Return the answers, when the form asks for all of them; raises FormInvalid.

    A task without a form takes variables from those only who may set them anyway.
    """
    if form is deployments.NO_FORM and not WRITERS.isdisjoint(actor.groups):
        return given
    unknown = sorted(given.keys() - forms.declared_keys(form))
    if unknown:
        problem = Text("biểu mẫu của việc không có mục này", "the form of the task does not ask for it")
        raise FormInvalid({name: [problem] for name in unknown})
    return given


def _ensure_may_change(session: Session, task_id: int, actor: Actor, parts: frozenset[str]) -> None:
    """Refuse who may not change these parts of a task; raises NotFound, NotAllowed."""
    task = tasks.get(session, task_id)
    tasks.ensure_concerns(session, task, actor, "update", "sửa")
    if parts <= {"dueDate"} and task_notices.may_change_due(session, task, actor):
        return
    raise NotAllowed(
        actor=actor.name,
        operation=f"update {', '.join(sorted(parts)) or 'nothing'} of user task '{task.name}'",
        operation_vi=f"sửa việc “{task.name}”",
        reason="only an administrator may, and who leads the unit for its due date",
        reason_vi="chỉ người quản trị được làm, riêng thời hạn thì thêm lãnh đạo đơn vị",
    )


def _ensure_asks_no_variables(filter_: Mapping[str, Any], actor: Actor) -> None:
    asked = [filter_, *filter_.get("$or", ())]
    if any(name in part for part in asked for name in ("processInstanceVariables", "localVariables")):
        raise NotAllowed(
            actor=actor.name,
            operation="search by variables",
            operation_vi="tìm theo dữ liệu của hồ sơ",
            reason="only auditors and administrators see the variables of every case",
            reason_vi="chỉ người kiểm tra và người quản trị xem được dữ liệu của mọi hồ sơ",
        )
