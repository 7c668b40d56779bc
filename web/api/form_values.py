"""The values that the form of an open task shows before anybody typed, as the page shows them.

Rows to decide are not variables: the form's source (`bv:formSource`) reads them when the form is opened. A
program that answers a form needs them, with the `id` of each row, beside the variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy.orm import Session

from engine import deployments, forms, tasks
from engine.actors import Actor
from engine.form_expressions import TEMPLATE
from engine.handlers import Json
from engine.tables import UserTask

PLAIN = (str, int, float, bool)  # what a sentence of a form can show


def read(session: Session, task: UserTask, actor: Actor) -> Mapping[str, Json]:
    """Return the values by name: of fields, of tables (the columns they show), of names in sentences.

    Nothing for who could not answer the form in the page. Raises what the form's source raises.
    """
    open_here = task.status == "open" and tasks.may_act(task, actor)
    if not open_here or tasks.four_eyes_refusal(session, task, actor) is not None:
        return {}
    form = deployments.form(session, task.form_id)
    context = tasks.form_context(session, task, actor)
    shown = {**_told(forms.arrange(form, context), context), **forms.defaults(form, context)}
    return {name: value for name, value in shown.items() if name in context}


def _told(items: tuple[forms.Item, ...], context: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for item in _deep(items):
        if item.kind == "table":
            source = str(item.component.get("dataSource") or "").strip().removeprefix("=").strip()
            found[source] = _columns(item)
        elif item.kind == "text":
            names = (match[1].strip() for match in TEMPLATE.finditer(str(item.component.get("text") or "")))
            found |= {name: context[name] for name in names if isinstance(context.get(name), PLAIN)}
    return found


def _deep(items: tuple[forms.Item, ...]) -> Iterator[forms.Item]:
    for item in items:
        yield item
        yield from _deep(item.items)


def _columns(item: forms.Item) -> Json:
    keys = [column["key"] for column in item.component.get("columns") or ()]
    rows: Any = item.value if isinstance(item.value, list) else []
    return [{key: row.get(key) for key in keys} for row in rows if isinstance(row, Mapping)]
