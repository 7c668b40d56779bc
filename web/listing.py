"""Lists people can sort, filter, page through and take away: read the address, cut the page, write files."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from web import moments, sheets
from workflows import organisation
from workflows.vocabulary import read_day

PAGE_SIZE = 25
EXPORT_BATCH = 500  # rows an export reads at a time
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# A cell that begins so would run as a formula in a spreadsheet (ASVS 5.0 1.2.10).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Query:
    """What the address asks of a list: search text, sort key, direction, page from 1, filters by name."""

    text: str
    sort: str
    descending: bool
    number: int
    filters: Mapping[str, str]

    @property
    def is_narrow(self) -> bool:
        """Tell whether a search text or a filter leaves something out."""
        return bool(self.text or any(self.filters.values()))


@dataclass(frozen=True)
class Page:
    """The rows of one page, with the number of all rows and of pages."""

    rows: Sequence[Any]
    total: int
    number: int
    pages: int
    more: bool = False  # than are counted


def read_query(sorts: Iterable[str], default: str, filters: Iterable[str] = ()) -> Query:
    """Read the list's query from the request; unknown sort keys fall back to `default` ("-key" descends)."""
    asked = request.args.get("sort", default)
    if asked.lstrip("-") not in set(sorts):
        asked = default
    return Query(
        text=_read("q"),
        sort=asked.lstrip("-"),
        descending=asked.startswith("-"),
        number=max(request.args.get("page", 1, type=int), 1),
        filters={name: _read(name) for name in filters},
    )


def _read(name: str) -> str:
    """Return an argument of the address, letters composed as the database holds them (NFC)."""
    return unicodedata.normalize("NFC", request.args.get(name, "").strip()[:200])


def asked_day() -> date:
    """Return the day the address asks for (?day=), today for none or for anything else."""
    try:
        return read_day(request.args.get("day", ""))
    except ValueError:
        return organisation.today()


def cut(
    session: Session,
    found: Select[Any],
    query: Query,
    sorts: Mapping[str, ColumnElement[Any]],
    total: int | None = None,
) -> Page:
    """Return the asked page of a selection of entities, sorted in the database; missing values come last.

    `total` spares the count to whoever knows it.
    """
    if total is None:
        total = session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
    pages = max(-(-total // PAGE_SIZE), 1)
    number = min(query.number, pages)
    rows = session.scalars(
        ordered(found, query, sorts).offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    ).all()
    return Page(rows, total, number, pages)


def ordered(found: Select[Any], query: Query, sorts: Mapping[str, ColumnElement[Any]]) -> Select[Any]:
    """Return the selection in the order asked for; equal ones by age, so that pages do not overlap."""
    column = sorts[query.sort]
    entity = found.column_descriptions[0]["entity"]
    return found.order_by((column.desc() if query.descending else column.asc()).nulls_last(), entity.id)


def every(session: Session, found: Select[Any]) -> Iterator[Any]:
    """Yield all entities of a selection for a file, read in batches so that memory holds few of them."""
    yield from session.scalars(found.execution_options(yield_per=EXPORT_BATCH))


def cut_rows(rows: Sequence[Any], query: Query, keys: Mapping[str, Callable[[Any], Any]]) -> Page:
    """Return the asked page of rows in memory; a row whose key is None comes last in both directions."""
    return page_of(order_rows(rows, query, keys), query)


def page_of(rows: Sequence[Any], query: Query) -> Page:
    """Return the asked page of rows in memory that are in order already."""
    pages = max(-(-len(rows) // PAGE_SIZE), 1)
    number = min(query.number, pages)
    return Page(rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], len(rows), number, pages)


def order_rows(rows: Sequence[Any], query: Query, keys: Mapping[str, Callable[[Any], Any]]) -> list[Any]:
    """Return the rows in memory in the order asked for."""
    key = keys[query.sort]
    known = sorted((row for row in rows if key(row) is not None), key=key, reverse=query.descending)
    return known + [row for row in rows if key(row) is None]


def address(**changes: object) -> str:
    """Return this list's address with some arguments changed; None removes one; page 1 again."""
    args: dict[str, Any] = {**request.args.to_dict(), "page": None, **changes}
    kept = {name: value for name, value in args.items() if value not in (None, "")}
    return url_for(request.endpoint or "home.show", **{**(request.view_args or {}), **kept})


def sort_address(query: Query, key: str) -> str:
    """Return the address that sorts by `key`, turning the direction when it is sorted so already."""
    turned = query.sort == key and not query.descending
    return address(sort=f"-{key}" if turned else key)


def wants_file() -> bool:
    """Tell whether the address asks for the list as a file, CSV or XLSX."""
    return request.args.get("format") in FORMATS


def write_file(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return the rows as the file that the address asks for; give days and moments as such, not as text."""
    if request.args.get("format") == "xlsx":
        content: str | bytes = sheets.write(name, header, rows)
    else:
        content = write_csv(header, rows)
    ending = request.args.get("format", "csv")
    return Response(
        content,
        content_type=FORMATS[ending],
        headers={"Content-Disposition": f'attachment; filename="{name}.{ending}"'},
    )


def write_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return the rows as CSV that spreadsheets open with diacritics right and no cell as a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([guard(cell) for cell in row] for row in rows)
    return "\ufeff" + text.getvalue()


def guard(cell: object) -> str:
    """Return the cell as text that no spreadsheet runs as a formula."""
    text = "" if cell is None else _write(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _write(cell: object) -> str:
    if isinstance(cell, datetime):
        return moments.exact(cell)
    return moments.day(cell) if isinstance(cell, date) else str(cell)
