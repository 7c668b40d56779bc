"""Turn a form into a page: fields, rows, hints and errors as accessible HTML that works without JavaScript.

The markup stands in `templates/forms/`; this module says what each template needs to know. `render_form`
gives the inside of the page's own `<form method="post" novalidate>`, which adds the CSRF token and the button
that completes, named by `submit_label`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from flask import render_template
from flask_babel import force_locale
from markupsafe import Markup, escape

from engine.errors import Readable
from engine.form_expressions import is_expression
from engine.form_fields import Component, is_fixed, is_input, key_of, label, own, walk
from engine.form_values import same_choice, show, show_moment, write_choice
from engine.forms import Item, Row, arrange, fields, inputs
from engine.handlers import Json
from web.form_data import apply_action, focus_after, parse_form, row_action

__all__ = [
    "apply_action",
    "error_summary",
    "focus_after",
    "markdown",
    "parse_form",
    "render_form",
    "row_action",
    "submit_label",
]

Errors: TypeAlias = "Mapping[str, Sequence[Readable | str]]"

TABLE_COLUMNS = 8
TABLE_INPUTS = 5
SHORT_TEXT = 48  # characters; such facts of a card share a line
LONG_TEXT = 160  # characters; longer readonly texts fold
BULK_ROWS = 3  # a list this long offers one choice for all rows
BULK_CHOICES = 5
SUMMARY_LINES = 10  # the rest folds


@dataclass(frozen=True)
class _Page:
    """What the templates of one form share."""

    errors: Mapping[str, list[str]]
    language: str
    focus: str
    triggers: frozenset[str]
    context: Mapping[str, Json]

    def view(self, item: Item) -> Json:
        """Return which page of a long list or table is shown; None for one that is shown whole."""
        source = str(item.component.get("dataSource") or "").strip().removeprefix("=")
        return self.context.get(f"{item.name or source}_view")

    def texts(self, item: Item) -> list[str]:
        """Return the error texts of a field or list."""
        return self.errors.get(item.path, [])

    def refreshes(self, item: Item) -> bool:
        """Tell whether other parts of the form depend on this field."""
        return item.key in self.triggers


def render_form(
    form: Component,
    context: Mapping[str, Json],
    values: Mapping[str, Any] | None = None,
    errors: Errors | None = None,
    language: str = "vi",
    focus: str = "",
) -> Markup:
    """Return the fields of a form as HTML.

    `values` are raw values from `parse_form` (None: nobody typed yet), `errors` those of FormInvalid,
    `focus` the name of the field that takes the cursor.
    """
    page = _Page(_told(errors, language), language, focus, find_triggers(form), context)
    items = arrange(form, context, values, language=language)
    with force_locale(language):
        return Markup(  # noqa: S704 the template escapes
            render_template("forms/form.html", items=items, page=page, view=VIEW)
        )


def error_summary(errors: Errors, form: Component | None = None, language: str = "vi") -> Markup:
    """Return the box above a refused form: every error with a link to its field, named by the form."""
    labels = {field.path: field.label for field in fields(form, language)} if form else {}
    lines = [
        (path and "field-" + path.replace(".", "-"), _place(path, labels), text)
        for path, texts in _told(errors, language).items()
        for text in texts
    ]
    with force_locale(language):
        return Markup(  # noqa: S704 the template escapes
            render_template("forms/summary.html", lines=lines[:SUMMARY_LINES], more=lines[SUMMARY_LINES:])
        )


def _told(errors: Errors | None, language: str) -> dict[str, list[str]]:
    return {path: [_tell(text, language) for text in texts] for path, texts in (errors or {}).items()}


def _tell(text: Readable | str, language: str) -> str:
    return text if isinstance(text, str) else text.text(language)


def _place(path: str, labels: Mapping[str, str]) -> tuple[str, int | None]:
    """Return a field's label and its row, counted from 1, for a path such as `rows.0.reason`."""
    pieces = path.split(".")
    rows = [int(piece) + 1 for piece in pieces if piece.isdecimal()]
    pattern = ".".join("*" if piece.isdecimal() else piece for piece in pieces)
    return labels.get(pattern, ""), rows[-1] if rows else None


def submit_label(form: Component, language: str = "vi") -> str:
    """Return the words of the form's submit button for the page's own button, "" when the form has none."""
    buttons = [component for component in walk(form) if component.get("type") == "button"]
    return label(buttons[-1], language) if buttons else ""


def find_triggers(form: Component) -> frozenset[str]:
    """Return the keys that expressions of the form mention: changing them may change what is shown."""
    texts: list[str] = []
    for component in walk(form):
        settings = [
            (component.get("conditional") or {}).get("hide"),
            *(component.get("validate") or {}).values(),
        ]
        settings += [component.get(name) for name in ("readonly", "valuesExpression", "dataSource")]
        texts += [setting for setting in settings if is_expression(setting)]
        texts += re.findall(r"\{\{[^{}]*\}\}", str(component.get("text") or ""))
    words = frozenset(re.findall(r"\w+", " ".join(texts)))
    return words & {key_of(component) for component in walk(form) if is_input(component)}


def is_table(item: Item) -> bool:
    """Tell whether the rows of a list stand as lines of a table; wide or nested rows stand as cards."""
    wanted = own(item.component, "layout")
    if wanted:
        return wanted == "table"
    parts = [part for row in item.rows for part in row.items]
    flat = all(is_input(part.component) for part in parts)
    shown = columns(item)
    typed = {part.key for part in parts if not part.readonly}
    wide = sum(part.kind == "textarea" and not part.readonly for part in shown)
    return flat and len(shown) <= TABLE_COLUMNS and len(typed) <= TABLE_INPUTS and wide <= 1


def columns(item: Item) -> list[Item]:
    """Return one item for every column that at least one row shows, in the order of the form."""
    found: dict[str, Item] = {}
    for row in item.rows:
        for part in inputs(row.items):
            found.setdefault(part.key, part)
    order = {key_of(component): place for place, component in enumerate(walk(item.component))}
    return sorted(found.values(), key=lambda part: order.get(part.key, 0))


def cell(row: Row, column: Item) -> Item | None:
    """Return a row's item in a column, None where the row hides it."""
    return next((part for part in inputs(row.items) if part.key == column.key), None)


def facts(row: Row) -> list[Item]:
    """Return what a card only shows: readonly fields that its title does not already say."""
    return [part for part in row.items if part.readonly and part.value and str(part.value) not in row.title]


def questions(row: Row) -> list[Item]:
    """Return what a card asks: everything that is not a readonly field."""
    return [part for part in row.items if not part.readonly]


def offers_for_all(item: Item) -> list[tuple[Item, list[tuple[str, str]]]]:
    """Return the choices that one button can set in every row: (column, [(value, label)])."""
    offers: dict[str, tuple[Item, dict[str, list[str]]]] = {}
    for row in item.rows if len(item.rows) >= BULK_ROWS else ():
        for part in inputs(row.items):
            if part.kind in ("radio", "select") and not part.readonly:
                _, choices = offers.setdefault(part.key, (part, {}))
                for value, words in part.choices:
                    names = choices.setdefault(write_choice(value), [])
                    names += [words] if words not in names else []
    # Rows may call the same choice by different words: the button names them all.
    found = [
        (part, [(value, " / ".join(names)) for value, names in choices.items()])
        for part, choices in offers.values()
    ]
    return [(part, choices) for part, choices in found if len(choices) <= BULK_CHOICES]


def typed(item: Item) -> str:
    """Return the text of an input: what was typed as it was, values of the context as people write them."""
    value = item.value
    if isinstance(value, str):
        return value if item.given else show_moment(value) if item.kind == "datetime" else value
    return show(value)


def is_chosen(item: Item, value: Json) -> bool:
    """Tell whether a choice is the current one, or one of them."""
    current = item.value if isinstance(item.value, list) else [item.value]
    return any(one is not None and same_choice(value, one) for one in current)


def is_ticked(item: Item) -> bool:
    """Tell whether a checkbox is ticked."""
    return item.value in (True, "1", "true", "on")


def shown(item: Item, language: str) -> str:
    """Return a readonly value for people: labels of choices, dates and numbers as they are written."""
    if item.kind in ("radio", "select", "checklist", "taglist"):
        labels = [words for value, words in item.choices if is_chosen(item, value)]
        return ", ".join(labels) or show(item.value, language)
    return show(item.value, language)


def described_by(item: Item, page: _Page) -> str:
    """Return the ids of hint and error for aria-describedby, "" when there are none."""
    ids = [f"hint-{item.name}"] if item.description or item.kind == "datetime" else []
    return " ".join([*ids, *([f"error-{item.name}"] if page.texts(item) else [])])


def width(item: Item, before: Item | None) -> str:
    """Return the classes that place a field in the form's sixteen columns, as drawn in the form editor."""
    layout = item.component.get("layout") or {}
    span, line = layout.get("columns"), layout.get("row")
    classes = [f"bv-span-{span}"] if isinstance(span, int) and span in range(2, 17) else []
    if before is None or not line or (before.component.get("layout") or {}).get("row") != line:
        classes.append("bv-start")
    return " ".join(classes)


def table_headings(item: Item, language: str) -> list[str]:
    """Return the headings of a readonly table component in the language asked for."""
    found = item.component.get("columns") or []
    english = [column.get("label_en") if language != "vi" else None for column in found]
    return [
        str(other or column.get("label") or column["key"])
        for other, column in zip(english, found, strict=True)
    ]


def table_cells(item: Item, language: str) -> list[list[str]]:
    """Return the cells of a readonly table component as text."""
    rows = item.value if isinstance(item.value, list) else []
    keys = [str(column["key"]) for column in item.component.get("columns") or []]
    return [[show(row.get(key), language) for key in keys] for row in rows if isinstance(row, dict)]


def markdown(text: str) -> Markup:
    """Return paragraphs, headings, lists and **bold** as HTML; everything else is escaped."""
    blocks = re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").strip())
    return Markup("\n").join(part for block in blocks for part in _blocks(block.split("\n")))


def _blocks(lines: Iterable[str]) -> Iterable[Markup]:
    """Yield the parts of a block of lines: runs of list items, of text, and single headings."""
    run: list[str] = []
    kind = ""
    for line in [*lines, "# "]:
        now = _kind(line)
        if run and (now != kind or kind == "h"):
            yield _close(kind, run)
            run = []
        kind = now
        run.append(line)


def _kind(line: str) -> str:
    if re.match(r"\s*[-*] ", line):
        return "ul"
    if re.match(r"\s*\d{1,3}[.)] ", line):
        return "ol"
    return "h" if re.match(r"#{1,4} ", line) else "p"


def _close(kind: str, lines: list[str]) -> Markup:
    if kind == "h":
        return Markup("<h3>{}</h3>").format(_inline(lines[0].lstrip("# ")))
    if kind == "p":
        return Markup("<p>{}</p>").format(Markup("<br>").join(map(_inline, lines)))
    items = [re.sub(r"^\s*([-*]|\d{1,3}[.)]) ", "", line) for line in lines]
    inner = Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in items)
    return Markup("<{0}>{1}</{0}>").format(kind, inner)


def _inline(text: str) -> Markup:
    # The text is escaped first: only the two tags written here can come out.
    bold = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", str(escape(text)))
    return Markup(re.sub(r"__([^_]+)__", r"<strong>\1</strong>", bold))  # noqa: S704


VIEW = {
    function.__name__: function
    for function in (
        cell,
        columns,
        described_by,
        facts,
        is_chosen,
        is_fixed,
        is_table,
        is_ticked,
        markdown,
        offers_for_all,
        questions,
        shown,
        table_cells,
        table_headings,
        typed,
        width,
        write_choice,
    )
} | {"long_text": LONG_TEXT, "short_text": SHORT_TEXT}
