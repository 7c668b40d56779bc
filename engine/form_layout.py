"""Lay a form out for one moment: which fields show, with which values, choices and limits, row by row.

The same layout serves the page and the validation, so that what a person could not see is never demanded and
never accepted. Readonly and hidden fields take their values from the context, never from what came in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from engine import clock
from engine.errors import Text
from engine.form_expressions import Scope, evaluate, fill, is_expression, is_hidden, resolve
from engine.form_fields import (
    CHOOSING,
    EMPTY,
    Component,
    children,
    is_input,
    key_of,
    label,
    own,
    read_choices,
    walk_level,
)
from engine.form_fields import is_hidden as is_kept
from engine.form_rows import FoundRow, FoundRows, find_rows
from engine.form_values import Choices, read_loosely
from engine.handlers import Json

LIMITS = ("required", "min", "max", "minLength", "maxLength")


@dataclass(frozen=True)
class Row:
    """One row of a dynamic list; `kept` holds the values that come from the context, its `id` among them."""

    name: str
    number: int
    title: str
    kept: Mapping[str, Json]
    items: tuple[Item, ...]
    missing: bool


@dataclass(frozen=True)
class Item:
    """One visible part of a form.

    `name` is the name in the page (`rows-0-reason`), `value` what to show, `given` whether it came in,
    `limits` the evaluated rules, `problems` what is wrong with the rows of a list as a whole.
    """

    component: Component
    name: str
    label: str
    description: str = ""
    value: Json = None
    given: bool = False
    readonly: bool = False
    limits: Mapping[str, Json] = field(default_factory=dict)
    choices: Choices = ()
    items: tuple[Item, ...] = ()
    rows: tuple[Row, ...] = ()
    problems: tuple[Text, ...] = ()

    @property
    def kind(self) -> str:
        """Return the component's type."""
        return str(self.component["type"])

    @property
    def key(self) -> str:
        """Return the key the value is stored under."""
        return key_of(self.component)

    @property
    def path(self) -> str:
        """Return the place of the value in the JSON, as errors name it: `rows.0.reason`."""
        return self.name.replace("-", ".")


@dataclass(frozen=True)
class _Level:
    """The form itself or one row: where its values come from."""

    context: Mapping[str, Json]
    raw: Mapping[str, Json] | None
    prefix: str
    outer: Mapping[str, Json]

    def given(self, component: Component) -> bool:
        return self.raw is not None and key_of(component) in self.raw


def arrange(
    form: Component,
    context: Mapping[str, Json],
    raw: Mapping[str, Json] | None = None,
    *,
    language: str = "vi",
    now: datetime | None = None,
) -> tuple[Item, ...]:
    """Return the visible parts of a form; `raw` is what came in so far, None when nobody typed yet."""
    level = _Level(context, raw, "", context)
    return _arrange_level(form, level, Scope(context, now or clock.now(), language))


def inputs(items: tuple[Item, ...]) -> Iterator[Item]:
    """Yield the fields of one level, through its groups; rows are not entered."""
    for item in items:
        if item.kind == "group":
            yield from inputs(item.items)
        elif is_input(item.component) or item.kind == "dynamiclist":
            yield item


def _arrange_level(form: Component, level: _Level, scope: Scope) -> tuple[Item, ...]:
    typed = {key_of(component): _loose(component, level) for component in walk_level(form)}
    return tuple(_arrange(children(form), level, scope, typed))


def _arrange(
    components: list[Component], level: _Level, scope: Scope, typed: dict[str, Json]
) -> Iterator[Item]:
    for component in components:
        here = scope.within(typed)
        if is_kept(component):
            continue
        if is_hidden((component.get("conditional") or {}).get("hide"), here):
            # A later condition must not depend on what is no longer shown.
            typed.update({key_of(inner): None for inner in walk_level({"components": [component]})})
        elif component.get("type") == "group":
            yield Item(
                component,
                "",
                _words(component, here),
                _describe(component, here),
                items=tuple(_arrange(children(component), level, scope, typed)),
            )
        else:
            item = _item(component, level, here)
            if is_input(component) and item.readonly:
                typed[item.key] = item.value
            yield item


def _item(component: Component, level: _Level, scope: Scope) -> Item:
    if component.get("type") == "dynamiclist":
        return _list(component, level, scope)
    words, description = _words(component, scope), _describe(component, scope)
    if not is_input(component):
        return Item(component, "", words, description, value=_content(component, scope))
    readonly = resolve(component.get("readonly"), scope) is True or component.get("disabled") is True
    given = level.given(component) and not readonly
    return Item(
        component,
        level.prefix + key_of(component),
        words,
        description,
        value=(level.raw or {})[key_of(component)] if given else default(component, level.context),
        given=given,
        readonly=readonly,
        limits=_limits(component, scope),
        choices=_choices(component, level, scope),
    )


def _list(component: Component, level: _Level, scope: Scope) -> Item:
    name = level.prefix + key_of(component)
    found = _find(component, level)
    return Item(
        component,
        name,
        _words(component, scope),
        _describe(component, scope),
        given=level.given(component),
        rows=tuple(_row(component, name, number, row, scope) for number, row in enumerate(found.rows)),
        problems=found.problems,
    )


def _row(component: Component, name: str, number: int, found: FoundRow, scope: Scope) -> Row:
    prefix = f"{name}-{number}"
    level = _Level(found.context, found.raw, prefix + "-", scope.variables)
    within = scope.within(found.context)
    items = _arrange_level(component, level, within)
    hidden = {key_of(inner): found.context.get(key_of(inner)) for inner in _kept(component)}
    template = own(component, "rowLabel")
    title = fill(template, within) if template else _first_words(items)
    return Row(prefix, number + 1, title, hidden, items, found.missing)


def _kept(component: Component) -> list[Component]:
    return [inner for inner in walk_level(component) if is_kept(inner)]


def _first_words(items: tuple[Item, ...]) -> str:
    return next(
        (
            item.value
            for item in inputs(items)
            if item.readonly and item.value and isinstance(item.value, str)
        ),
        "",
    )


def default(component: Component, context: Mapping[str, Json]) -> Json:
    """Return a field's value before anybody typed: the context's, else the form's default, else empty."""
    found = context.get(key_of(component))
    if found is None:
        found = component.get("defaultValue")
    return EMPTY[component["type"]] if found is None else found


def _find(component: Component, level: _Level) -> FoundRows:
    known = level.context.get(key_of(component))
    raw = (level.raw or {}).get(key_of(component)) if level.given(component) else None
    return find_rows(component, known, raw, asked=level.raw is not None)


def _loose(component: Component, level: _Level) -> Json:
    """Return a field's value for conditions: typed where it may be typed, else the context's."""
    if component.get("type") == "dynamiclist":
        return [_loose_row(component, row) for row in _find(component, level).rows]
    readonly = component.get("readonly") is True or component.get("disabled") is True or is_kept(component)
    if readonly or not level.given(component):
        return default(component, level.context)
    return read_loosely(component, (level.raw or {})[key_of(component)])


def _loose_row(component: Component, found: FoundRow) -> Json:
    level = _Level(found.context, found.raw, "", found.context)
    typed = {key_of(inner): _loose(inner, level) for inner in walk_level(component)}
    return {**found.context, **typed}


def _limits(component: Component, scope: Scope) -> dict[str, Json]:
    rules = component.get("validate") or {}
    limits = {name: resolve(rules[name], scope) for name in LIMITS if rules.get(name) not in (None, "")}
    if component.get("disallowPassedDates"):
        limits["today"] = clock.local(scope.now).isoformat(timespec="minutes")
    return limits


def _choices(component: Component, level: _Level, scope: Scope) -> Choices:
    if component.get("type") not in CHOOSING:
        return ()
    if is_expression(component.get("valuesExpression")):
        return read_choices(resolve(component["valuesExpression"], scope), scope.language)
    key = component.get("valuesKey")
    if not key:
        return read_choices(component.get("values"), scope.language)
    found = level.context.get(key)
    return read_choices(level.outer.get(key) if found is None else found, scope.language)


def _content(component: Component, scope: Scope) -> Json:
    if component.get("type") == "table":
        source = str(component.get("dataSource") or "")
        return evaluate(source.strip().removeprefix("="), scope)
    if component.get("type") != "text":
        return None
    english = own(component, "text_en") if scope.language != "vi" else ""
    text = english or str(component.get("text") or "")
    return resolve(text, scope) if is_expression(text) else fill(text, scope)


def _words(component: Component, scope: Scope) -> str:
    return fill(label(component, scope.language), scope)


def _describe(component: Component, scope: Scope) -> str:
    english = own(component, "description_en") if scope.language != "vi" else ""
    return fill(english or str(component.get("description") or ""), scope)
