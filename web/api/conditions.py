"""Filter values: a literal or an object of operators, read once, asked of the database or of plain rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from marshmallow import ValidationError, fields
from sqlalchemy import ColumnElement, and_, func, not_, or_, true

from engine.errors import BadInput, NotFound
from web.api import keys, schemas

Value: TypeAlias = Any
Test: TypeAlias = tuple[str, Value]  # operator and operand; several are all to hold
LISTS = ("$in", "$notIn")
ORDERED = ("$gt", "$gte", "$lt", "$lte")
TEXT = ("$eq", "$neq", "$exists", "$in", "$notIn", "$like")
KEY = ("$eq", "$neq", "$exists", "$in", "$notIn")
NUMBER = ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in")
CHOICE = ("$eq", "$neq", "$exists", "$in", "$notIn", "$like")
MOST_VALUES = 1_000  # of one $in
LONGEST_PATTERN = 1_000  # letters of one $like: SQLite stops at 50,000 bytes, and a longer one costs time


class Tests(fields.Field[list[Test]]):
    """A filter value; `read` turns one literal into what is compared, and raises ValidationError.

    `operators` are those the contract allows beside the literal; none for a field that takes a literal only.
    """

    def __init__(
        self,
        read: Callable[[Any], Value],
        operators: Sequence[str],
        shape: Mapping[str, Any],
        *,
        required: bool = False,
    ) -> None:
        self._read, self._operators = read, operators
        super().__init__(required=required, metadata=_describe(operators, shape))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Test]:
        if not isinstance(value, Mapping) or not self._operators:
            return [("$eq", self._read(value))]
        unknown = next((name for name in value if name not in self._operators), None)
        if unknown is not None:
            raise ValidationError(f"Unknown operator {unknown}: {', '.join(self._operators)} are known.")
        return [(name, self._operand(name, part)) for name, part in value.items()]

    def _operand(self, operator: str, value: Any) -> Value:
        if operator in LISTS:
            if not isinstance(value, list) or len(value) > MOST_VALUES:
                raise ValidationError(f"{operator} takes a list of at most {MOST_VALUES} values.")
            return [self._read(part) for part in value]
        if operator == "$exists":
            return read_flag(value)
        return _read_pattern(value) if operator == "$like" else self._read(value)


def _describe(operators: Sequence[str], shape: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a filter value for the OpenAPI document."""
    if not operators:
        return dict(shape)
    special = {"$exists": {"type": "boolean"}, "$like": {"type": "string", "maxLength": LONGEST_PATTERN}}
    several = {"type": "array", "items": dict(shape)}
    properties = {name: several if name in LISTS else special.get(name, dict(shape)) for name in operators}
    return {
        "anyOf": [dict(shape), {"type": "object", "properties": properties, "additionalProperties": False}]
    }


def read_text(value: Any) -> str:
    """Return a text; raises ValidationError."""
    if not isinstance(value, str):
        raise ValidationError("Not a valid string.")
    return value


def _read_pattern(value: Any) -> str:
    text = read_text(value)
    if len(text) > LONGEST_PATTERN:
        raise ValidationError(f"A pattern has at most {LONGEST_PATTERN} letters.")
    return text


def read_flag(value: Any) -> bool:
    """Return true or false; raises ValidationError."""
    if not isinstance(value, bool):
        raise ValidationError("Not a valid boolean.")
    return value


def read_whole(value: Any) -> int:
    """Return a whole number that the databases hold; raises ValidationError."""
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > keys.MOST:
        raise ValidationError("Not a valid integer.")
    return value


def read_moment(value: Any) -> Any:
    """Return an aware moment; raises ValidationError."""
    try:
        return schemas.read_moment(value)
    except BadInput as error:
        raise ValidationError(str(error)) from error


def key_reader(kind: str) -> Callable[[Any], int]:
    """Return how a key of a kind is read as the number of its row; one of another kind finds nothing."""

    def read(value: Any) -> int:
        try:
            number = keys.read(kind, read_text(value))
            return number if number <= keys.MOST else -1  # no database could compare a larger one
        except NotFound:
            return -1
        except BadInput as error:
            raise ValidationError(str(error)) from error

    return read


def choice_reader(choices: Sequence[str]) -> Callable[[Any], str]:
    """Return how one of a closed list of words is read."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValidationError(f"Must be one of: {', '.join(choices)}.")
        return str(value)

    return read


def in_database(column: ColumnElement[Any], tests: Sequence[Test]) -> ColumnElement[bool]:
    """Return the condition that a column meets every test; nothing is not equal to anything."""
    return and_(true(), *(_SQL[operator](column, operand) for operator, operand in tests))


_SQL: Mapping[str, Callable[[ColumnElement[Any], Any], ColumnElement[bool]]] = {
    "$eq": lambda column, value: column == value,
    "$neq": lambda column, value: column.is_distinct_from(value),
    "$exists": lambda column, value: column.is_not(None) if value else column.is_(None),
    "$gt": lambda column, value: column > value,
    "$gte": lambda column, value: column >= value,
    "$lt": lambda column, value: column < value,
    "$lte": lambda column, value: column <= value,
    "$in": lambda column, values: column.in_(values),
    "$notIn": lambda column, values: or_(column.is_(None), column.not_in(values)),
    # both databases compare alike, whatever their LIKE does with capitals
    "$like": lambda column, pattern: func.lower(column).like(_like(pattern.lower()), escape="\\"),
}


def _like(pattern: str) -> str:
    """Return a pattern with * and ? as one of SQL."""
    found = []
    for escaped, letter in re.findall(r"(\\?)(.)", pattern, re.DOTALL):
        if not escaped and letter in "*?":
            found.append("%" if letter == "*" else "_")
        else:
            found.append(f"\\{letter}" if letter in "%_\\" else letter)
    return "".join(found)


def holds(value: Any, tests: Sequence[Test]) -> bool:
    """Tell whether a value meets every test, as `in_database` asks it of a column."""
    return all(_PLAIN[operator](value, operand) for operator, operand in tests)


_PLAIN: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, other: value is not None and value == other,
    "$neq": lambda value, other: value != other,
    "$exists": lambda value, wanted: (value is not None) is wanted,
    "$gt": lambda value, other: value is not None and value > other,
    "$gte": lambda value, other: value is not None and value >= other,
    "$lt": lambda value, other: value is not None and value < other,
    "$lte": lambda value, other: value is not None and value <= other,
    "$in": lambda value, others: value is not None and value in others,
    "$notIn": lambda value, others: value not in others,
    "$like": lambda value, pattern: value is not None and matches(value, pattern),
}


def matches(text: str, pattern: str) -> bool:
    """Tell whether a text is like a pattern with * and ?, capitals or not."""
    return _regular(pattern.lower()).fullmatch(text.lower()) is not None


def _regular(pattern: str) -> re.Pattern[str]:
    found = ""
    for escaped, letter in re.findall(r"(\\?)(.)", pattern, re.DOTALL):
        wild = {"*": ".*", "?": "."}.get(letter) if not escaped else None
        found += wild or re.escape(letter)
    return re.compile(found, re.DOTALL)


def among(choices: Mapping[str, ColumnElement[bool]], tests: Sequence[Test]) -> ColumnElement[bool]:
    """Return the condition that a row is in one of the states whose words meet every test."""
    met = [condition for word, condition in choices.items() if holds(word, tests)]
    return or_(not_(true()), *met)
