"""Filter what belongs to an instance by its variables: `[{"name": …, "value": …}]`, all of them to hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import ColumnElement, and_, or_, true

from engine import variables
from engine.variable_tables import Variable
from web.api import conditions, schemas, searching
from web.api.conditions import Test

MOST = 20  # of one filter


class _Wanted(schemas.Request):
    name = fields.String(required=True)
    value = conditions.Tests(conditions.read_text, conditions.TEXT, {"type": "string"}, required=True)


def of_instances(instance_id: Any, scope: Any | None = None) -> searching.Filter:
    """Return the filter of rows that name their instance in this column; `scope` narrows to one scope's own.

    Values are compared in their JSON form. A test for a certain value is answered by an index.
    """
    reader = fields.List(fields.Nested(_Wanted), validate=validate.Length(max=MOST))
    return searching.special(
        reader, lambda found: and_(true(), *(_has(instance_id, scope, one) for one in found))
    )


def _has(instance_id: Any, scope: Any | None, wanted: Mapping[str, Any]) -> ColumnElement[bool]:
    tests = [(operator, value) for operator, value in wanted["value"] if operator != "$exists"]
    flags = [value for operator, value in wanted["value"] if operator == "$exists"]
    held = variables.holders(wanted["name"], value_is(tests))
    if scope is not None:
        held = held.where(Variable.scope == scope, Variable.instance_id == instance_id)
    met: ColumnElement[bool] = instance_id.in_(held)
    return and_(true(), *(met if flag else ~met for flag in flags or (True,)))


def value_is(tests: Sequence[Test]) -> ColumnElement[bool]:
    """Return the condition on variables that the value meets every test."""
    return and_(true(), *(_value_is(*test) for test in tests))


def _value_is(operator: str, operand: Any) -> ColumnElement[bool]:
    if operator == "$eq":
        return variables.equals(operand)
    if operator == "$in":
        return or_(~true(), *(variables.equals(text) for text in operand))
    return conditions.in_database(Variable.value.expression, [(operator, operand)])
