"""Describe the parts of a form: which components exist, which hold a value, and how a form is walked.

Forms are form-js JSON (schemaVersion 19) in a checked subset; own settings stand in a component's
`properties`: `hidden` ("true": kept from the context, never shown), `label_en`, `description_en`, `text_en`
(English words), and on a dynamiclist `rowLabel`, `layout` ("table" or "cards"), `minRows`, `maxRows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from engine.handlers import Json

Component: TypeAlias = Mapping[str, Any]

# What a field is worth when nobody filled it, as in form-js.
EMPTY: Mapping[str, Json] = {
    "textfield": "",
    "textarea": "",
    "number": None,
    "datetime": None,
    "checkbox": False,
    "radio": None,
    "select": None,
    "checklist": [],
    "taglist": [],
}
CHOOSING = frozenset({"radio", "select", "checklist", "taglist"})
SHOWN = frozenset({"text", "separator", "group", "dynamiclist", "table", "button"})

MAX_ROWS = 500
MAX_TEXT = 20_000


@dataclass(frozen=True)
class FormField:
    """Describe one field of a form without its values; `path` writes rows as `rows.*.reason`."""

    path: str
    kind: str
    label: str
    required: bool
    readonly: bool
    hidden: bool
    conditional: bool
    choices: tuple[Json, ...] = ()


def children(component: Component) -> list[Component]:
    """Return the components inside a form, a group or a dynamic list."""
    inner: list[Component] = component.get("components") or []
    return inner


def is_input(component: Component) -> bool:
    """Tell whether a component holds a value of its own."""
    return component.get("type") in EMPTY


def own(component: Component, name: str, default: str = "") -> str:
    """Return an own setting from the component's `properties`."""
    properties = component.get("properties") or {}
    return str(properties.get(name, default))


def is_hidden(component: Component) -> bool:
    """Tell whether a field is kept from the context and never shown, such as the `id` of a row."""
    return own(component, "hidden").lower() == "true"


def is_fixed(component: Component) -> bool:
    """Tell whether a dynamic list has the rows of its context, no more and no fewer."""
    return component.get("allowAddRemove") is False


def identifies_rows(component: Component) -> bool:
    """Tell whether a dynamic list has the hidden `id` that ties a row to its context."""
    return any(inner.get("key") == "id" and is_hidden(inner) for inner in walk_level(component))


def row_ids(form: Component, values: Mapping[str, Json]) -> tuple[str, ...] | None:
    """Return the ids of the rows that came in for the lists of a form; None for a form without such lists."""
    lists = [inner for inner in walk_level(form) if inner.get("type") == "dynamiclist"]
    named = [values.get(key_of(inner)) for inner in lists if identifies_rows(inner)]
    if not named:
        return None
    rows = [row for found in named if isinstance(found, list) for row in found if isinstance(row, Mapping)]
    return tuple(str(row["id"]) for row in rows if row.get("id") is not None)


def label(component: Component, language: str = "vi") -> str:
    """Return the words a component is known by; a date has its own label key in form-js."""
    english = own(component, "label_en") if language != "vi" else ""
    dated = component.get("dateLabel") or component.get("timeLabel") or ""
    return english or str(component.get("label") or dated)


def walk_level(component: Component) -> Iterator[Component]:
    """Yield the inputs and lists of one level: through groups, not into the rows of lists."""
    for inner in children(component):
        if inner.get("type") == "group":
            yield from walk_level(inner)
        elif is_input(inner) or inner.get("type") == "dynamiclist":
            yield inner


def walk(component: Component) -> Iterator[Component]:
    """Yield every component inside a form, in the order it is drawn."""
    for inner in children(component):
        yield inner
        yield from walk(inner)


def key_of(component: Component) -> str:
    """Return the key a value is stored under: `path` of a list, `key` of a field."""
    return str(component.get("path" if component.get("type") == "dynamiclist" else "key") or "")


def describe(component: Component, prefix: str = "", language: str = "vi") -> Iterator[FormField]:
    """Yield a flat description of every field in a form, lists before their columns."""
    for inner in walk_level(component):
        path = prefix + key_of(inner)
        validate = inner.get("validate") or {}
        yield FormField(
            path=path,
            kind=str(inner["type"]),
            label=label(inner, language),
            required=bool(validate.get("required")),
            readonly=bool(inner.get("readonly") or inner.get("disabled")),
            hidden=is_hidden(inner),
            conditional=bool((inner.get("conditional") or {}).get("hide")),
            choices=tuple(value for value, _ in _static_choices(inner)),
        )
        if inner["type"] == "dynamiclist":
            yield from describe(inner, f"{path}.*.", language)


def _static_choices(component: Component) -> list[tuple[Json, str]]:
    if component.get("type") not in CHOOSING:
        return []
    return read_choices(component.get("values"))


def read_choices(found: object, language: str = "vi") -> list[tuple[Json, str]]:
    """Return (value, label) pairs from a list of `{label, value}` or of plain values; else nothing."""
    if not isinstance(found, list):
        return []
    pairs: list[tuple[Json, str]] = []
    for entry in found:
        if isinstance(entry, Mapping):
            english = entry.get("label_en") if language != "vi" else None
            pairs.append((entry.get("value"), str(english or entry.get("label") or entry.get("value"))))
        else:
            pairs.append((entry, str(entry)))
    return pairs
