"""Read a posted form into raw values, and carry out the buttons that change the form without completing it.

Names in the page join keys and row numbers with dashes: `rows-0-decision`. A field that was in the page
always posts its name (unticked boxes through an empty hidden input), so that what is absent was not shown.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.form_fields import MAX_ROWS, Component, is_fixed, is_hidden, key_of, walk_level
from engine.form_values import same_choice
from engine.forms import arrange
from engine.handlers import Json

ACTIONS = ("add", "remove", "all", "view", "refresh")
SEVERAL = frozenset({"checklist", "taglist"})

Data = MultiDict[str, str]


def parse_form(form: Component, data: Data) -> dict[str, Any]:
    """Return what a page posted for a form, as text by key; only keys that the form declares.

    Nothing is read from the context: `forms.validate` and `forms.arrange` put it under the values.
    """
    return _parse(form, data, _row_numbers(data), "")


def row_action(data: Data) -> tuple[str, str] | None:
    """Return the button that changes the form, as (action, path), or None when the form was completed.

    add: `nominees`; remove: `nominees-2`; all: `rows-decision=award`; view: the number of a page; refresh:
    anything.
    """
    return next(((action, data[f"_{action}"]) for action in ACTIONS if f"_{action}" in data), None)


def apply_action(
    form: Component, raw: Mapping[str, Any], action: tuple[str, str], context: Mapping[str, Json]
) -> dict[str, Any]:
    """Return raw values with a button's effect on them; a path that fits no list changes nothing."""
    changed = copy.deepcopy(dict(raw))
    name, path = action
    if name == "add":
        _add(form, changed, path)
    elif name == "remove":
        _remove(form, changed, path)
    elif name == "all":
        _set_all(form, changed, path, context)
    return changed


def focus_after(form: Component, raw: Mapping[str, Any], action: tuple[str, str]) -> str:
    """Return the field where a person goes on after a button: the first of an added row, else ""."""
    name, path = action
    found = _find(form, raw, path) if name == "add" else None
    if found is None:
        return ""
    component, rows = found
    first = next((key_of(inner) for inner in walk_level(component) if not is_hidden(inner)), "")
    return f"{path}-{len(rows) - 1}-{first}"


def _row_numbers(data: Data) -> dict[str, set[int]]:
    """Return the row numbers found under every prefix of the names, read once for the whole page."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for name in data:
        pieces = name.split("-")
        for place in range(1, len(pieces) - 1):
            piece = pieces[place]
            if piece.isascii() and piece.isdecimal() and len(piece) <= len(str(MAX_ROWS)):
                numbers["-".join(pieces[:place])].add(int(piece))
    return numbers


def _parse(component: Component, data: Data, numbers: Mapping[str, set[int]], prefix: str) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for inner in walk_level(component):
        name = prefix + key_of(inner)
        if inner["type"] == "dynamiclist":
            if f"{name}-_rows" in data or name in numbers:
                rows = sorted(numbers.get(name, ()))[: MAX_ROWS + 1]
                raw[key_of(inner)] = [_parse(inner, data, numbers, f"{name}-{row}-") for row in rows]
        elif name in data:
            raw[key_of(inner)] = _parse_field(inner, data.getlist(name))
    return raw


def _parse_field(component: Component, posted: list[str]) -> Any:
    if component["type"] in SEVERAL:
        return [value for value in posted if value]
    # The empty hidden input stands first: what the person chose comes last.
    return posted[-1]


def _find(
    form: Component, raw: Mapping[str, Any], path: str
) -> tuple[Component, list[dict[str, Any]]] | None:
    """Return the list component at a path like `rows-0-items` and its raw rows."""
    key, _, rest = path.partition("-")
    for component in walk_level(form):
        rows = raw.get(key)
        if key_of(component) != key or component["type"] != "dynamiclist" or not isinstance(rows, list):
            continue
        if not rest:
            return component, rows
        number, _, inner = rest.partition("-")
        if number.isdecimal() and int(number) < len(rows) and inner:
            return _find(component, rows[int(number)], inner)
    return None


def _add(form: Component, raw: dict[str, Any], path: str) -> None:
    found = _find(form, raw, path)
    if found and not is_fixed(found[0]) and len(found[1]) < MAX_ROWS:
        found[1].append({})


def _remove(form: Component, raw: dict[str, Any], path: str) -> None:
    name, _, number = path.rpartition("-")
    found = _find(form, raw, name)
    if found and not is_fixed(found[0]) and number.isdecimal() and int(number) < len(found[1]):
        del found[1][int(number)]


def _set_all(form: Component, raw: dict[str, Any], path: str, context: Mapping[str, Json]) -> None:
    name, _, value = path.partition("=")
    list_name, _, key = name.rpartition("-")
    found = _find(form, raw, list_name)
    if not found:
        return
    for number, allowed in _choices_by_row(form, raw, context, (list_name, key)):
        # A row that does not offer the choice keeps its own.
        if any(same_choice(choice, value) for choice in allowed) and number < len(found[1]):
            found[1][number][key] = value


def _choices_by_row(
    form: Component, raw: Mapping[str, Any], context: Mapping[str, Json], place: tuple[str, str]
) -> Iterator[tuple[int, list[Json]]]:
    pending = list(arrange(form, context, raw))
    while pending:
        item = pending.pop()
        pending.extend(item.items)
        for row in item.rows:
            pending.extend(row.items)
        if item.readonly or not item.choices:
            continue
        prefix, _, key = item.name.rpartition("-")
        list_name, _, number = prefix.rpartition("-")
        if (list_name, key) == place:
            yield int(number), [value for value, _ in item.choices]
