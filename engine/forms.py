"""Check, fill and validate forms: form-js JSON in a checked subset, judged on the server only.

A form writes the fields it declares and nothing else. What a condition hides is neither demanded nor
accepted; what is readonly comes from the context. Every answer passes a marshmallow schema made for the
layout of that moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError

from engine.errors import BadInput, FormInvalid, Readable
from engine.form_checks import Problem, check
from engine.form_fields import EMPTY, Component, FormField, describe, is_hidden, is_input, key_of, walk_level
from engine.form_layout import Item, Row, arrange, inputs
from engine.form_limits import Answer
from engine.handlers import Json

__all__ = [
    "FormField",
    "Item",
    "Problem",
    "Row",
    "arrange",
    "check",
    "declared_keys",
    "defaults",
    "fields",
    "inputs",
    "validate",
]


def fields(form: Component, language: str = "vi") -> list[FormField]:
    """Return a flat description of every field of a form, columns of lists as `rows.*.reason`."""
    return list(describe(form, language=language))


def declared_keys(form: Component) -> frozenset[str]:
    """Return the variables a completed form may write: no others ever come out of `validate`."""
    return frozenset(key_of(component) for component in walk_level(form) if not _is_only_shown(component))


def _is_only_shown(component: Component) -> bool:
    fixed = component.get("readonly") is True or component.get("disabled") is True
    return is_input(component) and (fixed or is_hidden(component))


def defaults(form: Component, context: Mapping[str, Json], *, now: datetime | None = None) -> dict[str, Json]:
    """Return the values a form shows before anybody typed: from the context, else the form's defaults."""
    return _initial(arrange(form, context, now=now))


def _initial(items: tuple[Item, ...]) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for item in inputs(items):
        rows: list[Json] = [{**row.kept, **_initial(row.items)} for row in item.rows]
        values[item.key] = rows if item.kind == "dynamiclist" else item.value
    return values


def validate(
    form: Component, raw: object, context: Mapping[str, Json], *, now: datetime | None = None
) -> dict[str, Json]:
    """Return the values of an answered form as JSON.

    1. Lay the form out with what came in, so that conditions see it.
    2. Judge every visible field that may be typed; raise FormInvalid with bilingual messages by path.
    3. Put rows together again: typed values, with the `id` and the readonly columns of the context.
    """
    if not isinstance(raw, Mapping):
        raise BadInput(
            expected="an object of form values", expected_vi="giá trị của biểu mẫu", found=type(raw).__name__
        )
    items = arrange(form, context, raw, now=now)
    asked = [item for item in _deep(items) if is_input(item.component) and not item.readonly]
    messages = _row_messages(items)
    schema = Schema.from_dict({_name(item): Answer(item) for item in asked})
    given = {_name(item): _null_as_empty(item) for item in asked if item.given}
    try:
        loaded: dict[str, Any] = schema(unknown=EXCLUDE).load(given)
    except ValidationError as error:
        messages.update(_messages(asked, error))
    if messages:
        raise FormInvalid(messages)
    return _assemble(items, loaded)


def _name(item: Item) -> str:
    # The prefix keeps keys such as "Meta" from meaning something to marshmallow.
    return f"field-{item.name}"


def _null_as_empty(item: Item) -> Json:
    return EMPTY[item.kind] if item.value is None else item.value


def _deep(items: tuple[Item, ...]) -> Iterator[Item]:
    """Yield the fields and lists that came in, rows entered; what is missing as a whole is told once."""
    for item in inputs(items):
        yield item
        for row in item.rows if item.given else ():
            if not row.missing:
                yield from _deep(row.items)


def _row_messages(items: tuple[Item, ...]) -> dict[str, list[Readable]]:
    return {item.path: list(item.problems) for item in _deep(items) if item.problems}


def _messages(asked: list[Item], error: ValidationError) -> dict[str, list[Readable]]:
    found = error.messages_dict
    return {item.path: found[_name(item)] for item in asked if _name(item) in found}


def _assemble(items: tuple[Item, ...], loaded: Mapping[str, Any]) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for item in inputs(items):
        if item.kind == "dynamiclist":
            if item.given:
                values[item.key] = [_assemble_row(row, loaded) for row in item.rows]
        elif _name(item) in loaded:
            values[item.key] = loaded[_name(item)]
    return values


def _assemble_row(row: Row, loaded: Mapping[str, Any]) -> Json:
    # A rewritten list would lose the columns it only shows: they come along, from the context.
    shown = {item.key: item.value for item in inputs(row.items) if item.readonly}
    return {**row.kept, **shown, **_assemble(row.items, loaded)}
