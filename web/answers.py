"""Say what somebody answered in a form as people read it: labels, chosen words and one line for each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.form_fields import Component
from engine.forms import Item, Row, arrange, inputs
from engine.handlers import Json
from web import rendering
from web.translating import ngettext
from workflows.rulings import CHOICE_LABELS


@dataclass(frozen=True)
class Answer:
    """One answered field with its label, or one list with a line for each of its rows."""

    label: str
    text: str
    rows: tuple[str, ...] = ()


def read(form: Component, values: Mapping[str, Any], language: str) -> list[Answer]:
    """Return the answers in the order of the form: nothing empty, nothing that was only shown."""
    offered: list[Json] = [
        {"value": code, "label": words.text(language)} for code, words in CHOICE_LABELS.items()
    ]
    context: dict[str, Json] = {"choices": offered, **values}
    return list(_read(inputs(arrange(form, context, language=language)), language))


def _read(items: Iterable[Item], language: str) -> Iterable[Answer]:
    for item in items:
        if item.kind == "dynamiclist":
            lines = tuple(_line(row, language) for row in item.rows)
            text = ngettext("%(num)d dòng", "%(num)d dòng", len(lines))
            yield Answer(item.label, text, lines)
        elif not item.readonly and (item.kind == "checkbox" or item.value not in (None, "", [])):
            yield Answer(item.label, _say(item, language))


def _line(row: Row, language: str) -> str:
    answers = (f"{one.label}: {one.text}" for one in _read(inputs(row.items), language))
    return "; ".join([row.title, *answers] if row.title else answers)


def _say(item: Item, language: str) -> str:
    if item.kind == "checkbox":
        return "✓" if rendering.is_ticked(item) else "✗"
    return rendering.shown(item, language)
