"""Long lists in forms: which page is shown, what was typed on other pages, and what of it is an answer.

A form source that cuts a list says so by `<key>_view` beside the rows. What was typed on a page travels along
in hidden inputs while other pages are looked at, so that one answer may hold rows of several pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from engine.form_fields import Component, is_hidden, key_of, row_ids, walk_level
from engine.handlers import Json, View

Data = MultiDict[str, str]
PAGE, TEXT, BUTTON = "_page", "_text", "_view"


def asked(data: Data) -> View:
    """Return the page a form was posted from, or the one its page buttons ask for."""
    wanted = data.get(BUTTON, "") or data.get(PAGE, "")
    number = int(wanted) if wanted.isascii() and wanted.isdecimal() else 1
    return View(page=max(number, 1), text=data.get(TEXT, "").strip()[:200])


def is_long(data: Data) -> bool:
    """Tell whether a posted form showed one page of a long list."""
    return PAGE in data


def answered(form: Component, raw: Mapping[str, Any], data: Data) -> Mapping[str, Any]:
    """Return raw values without the rows of a long list that nobody typed anything into."""
    if not is_long(data):
        return raw
    kept = {
        key_of(found): [row for row in raw[key_of(found)] if _is_typed(found, row)]
        for found in _lists(form)
        if isinstance(raw.get(key_of(found)), list)
    }
    return {**raw, **kept}


def named(form: Component, raw: Mapping[str, Any] | None, data: Data) -> View:
    """Return the view of the rows that came in of a long list; a page of it when it is only shown."""
    if raw is None or not is_long(data):
        return View()
    ids = row_ids(form, raw)
    return asked(data) if ids is None else View(ids=ids)


def turn(
    form: Component, raw: Mapping[str, Any], context: Mapping[str, Json]
) -> tuple[dict[str, Any], dict[str, Json]]:
    """Return raw values and context of the page to show: typed rows of other pages are carried along.

    The rows of the page come in the order of the context, with what was typed into them; the others stand in
    `<key>_view` under `carried`.
    """
    turned, shown = dict(raw), dict(context)
    for found in _lists(form):
        key = key_of(found)
        view, rows = shown.get(f"{key}_view"), shown.get(key)
        if not isinstance(view, dict) or not isinstance(rows, list):
            continue
        typed = {str(row.get("id")): row for row in raw.get(key) or []}
        here = [str(row["id"]) for row in rows if isinstance(row, dict)]
        turned[key] = [typed.get(identity, {"id": identity}) for identity in here]
        others = [row for identity, row in typed.items() if identity not in here and _is_typed(found, row)]
        shown[f"{key}_view"] = {**view, "carried": others}
    return turned, shown


def _lists(form: Component) -> list[Component]:
    return [found for found in walk_level(form) if found.get("type") == "dynamiclist"]


def _is_typed(found: Component, row: Mapping[str, Any]) -> bool:
    asked_for = [inner for inner in walk_level(found) if not is_hidden(inner) and not inner.get("readonly")]
    return any(row.get(key_of(inner)) not in (None, "", []) for inner in asked_for)
