"""The variables that a user task sees, scope by scope, as far as the caller may see them.

Who sees every case sees all of them; staff see what their page shows: what the form of an open task of theirs
asks for. The innermost of each name are, for whoever may answer the task's form now, what the form shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import callers, deployments, forms, instances, tasks, variables
from engine.actors import Actor
from engine.handlers import Json
from engine.spiff.scopes import PROCESS
from engine.tables import UserTask
from engine.variable_tables import Variable
from web import relations
from web.api import conditions, form_values, keys, schemas, searching

LONGEST = 8_191  # letters of a value that is cut
MOST_VALUES = 10_000  # more than any form has fields
COMPARED = 250  # letters by which values are sorted: a cursor holds them


class UserTaskTruncation(schemas.Request):
    """Whether long values are cut."""

    truncateValues = fields.Boolean(load_default=True)  # noqa: N815


class UserTaskVariableItem(schemas.Answer):
    """One variable in one scope; its value is JSON as a text."""

    value = fields.String(required=True)
    isTruncated = fields.Boolean(required=True)  # noqa: N815
    name = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    variableKey = fields.String(required=True)  # noqa: N815
    scopeKey = fields.String(required=True)  # noqa: N815
    processInstanceKey = fields.String(required=True)  # noqa: N815
    rootProcessInstanceKey = fields.String(required=True, allow_none=True)  # noqa: N815


SEARCH = searching.Search(
    "UserTaskVariable",
    key=Variable.id,
    filters={"name": searching.text(Variable.name)},
    sorts={
        "name": Variable.name,
        "value": func.substr(Variable.value, 1, COMPARED),
        "variableKey": Variable.id,
        "scopeKey": Variable.scope,
        "processInstanceKey": Variable.instance_id,
        "tenantId": Variable.id,
    },
)


def search(
    session: Session,
    task: UserTask,
    actor: Actor,
    body: Mapping[str, Any],
    *,
    cut: bool,
    innermost: bool = False,
) -> dict[str, Any]:
    """Return a page of the variables that a task sees; `innermost` keeps one of each name."""
    known = select(Variable.id, Variable.scope, Variable.name).where(Variable.instance_id == task.instance_id)
    shown = _shown(session, task, actor)
    scopes = _scopes(session, task, actor)
    rows = [
        row
        for row in session.execute(known.where(Variable.scope.in_(scopes)))
        if shown is None or row.name in shown
    ]
    if innermost:
        rows.sort(key=lambda row: scopes.index(row.scope), reverse=True)
        rows = list({row.name: row for row in rows}.values())
    root = callers.find_roots(session, [task.instance_id])[task.instance_id]
    query = select(Variable).where(Variable.id.in_([row.id for row in rows]))
    values = form_values.read(session, task, actor) if innermost else {}
    if not values:
        return SEARCH.run(session, query, body, lambda row: _write(row, root, cut=cut))
    items = {row.name: _write(row, root, cut=cut) for row in session.scalars(query)}
    items |= _derive(task, root, values, items, cut=cut)
    asked = (body.get("filter") or {}).get("name", ())
    held = [item for name, item in sorted(items.items()) if conditions.holds(name, asked)]
    return searching.page_of(held, body, "variableKey")


def _derive(
    task: UserTask, root: int, values: Mapping[str, Json], items: Mapping[str, Any], *, cut: bool
) -> dict[str, Any]:
    """Return what a form shows as variables of the task's own scope, but for what is told already."""
    found: dict[str, Any] = {}
    for number, (name, value) in enumerate(sorted(values.items())):
        text = variables.encode(value)
        known = items.get(name)
        if known is None or known["value"] != (text[:LONGEST] if cut else text):
            key = keys.write("form_value", task.id * MOST_VALUES + number)
            scope = keys.write_element(task.instance_id, task.token)
            found[name] = _item(task.instance_id, root, (name, text, key, scope), cut=cut)
    return found


def _scopes(session: Session, task: UserTask, actor: Actor) -> Sequence[int]:
    """Return the scopes that a task sees by the tokens that own them, the innermost first.

    Of one that has ended only its own and that of the process are known.
    """
    token = None
    if task.status == "open":
        game = instances.load(session, task.instance, actor)
        token = game.token(task.token)
    if token is None:
        return [task.token, PROCESS]
    number: int | None = token.internal_data.get("local", token.internal_data["scope"])
    found: list[int] = []
    while number is not None:
        scope = game.scopes.rows[number]
        found.append(scope.owner or PROCESS)
        number = scope.parent
    return found


def _shown(session: Session, task: UserTask, actor: Actor) -> frozenset[str] | None:
    """Return the names of the variables that the actor may see; None for all."""
    if relations.sees_all(actor):
        return None
    if task.status != "open" or not tasks.may_act(task, actor):
        return frozenset()
    form = deployments.form(session, task.form_id)
    return frozenset(field.path.partition(".")[0] for field in forms.fields(form))


def _write(row: Variable, root: int, *, cut: bool) -> dict[str, Any]:
    owner = keys.write_element(row.instance_id, row.scope)
    scope = keys.write("process_instance", row.instance_id) if row.scope == PROCESS else owner
    told = (row.name, row.value, keys.write("variable", row.id), scope)
    return _item(row.instance_id, root, told, cut=cut)


def _item(instance_id: int, root: int, told: tuple[str, str, str, str], *, cut: bool) -> dict[str, Any]:
    """Return one item; `told` are its name, its value as JSON, its key and that of its scope."""
    name, value, key, scope = told
    return {
        "value": value[:LONGEST] if cut else value,
        "isTruncated": cut and len(value) > LONGEST,
        "name": name,
        "tenantId": schemas.TENANT,
        "variableKey": key,
        "scopeKey": scope,
        "processInstanceKey": keys.write("process_instance", instance_id),
        "rootProcessInstanceKey": keys.write("process_instance", root),
    }
