"""Search as these clients ask: filters, sorts, pages with cursors; in the database or over derived rows.

    SEARCH = Search(
        "ProcessInstance",
        key=ProcessInstance.id,
        filters={"businessId": text(ProcessInstance.business_key), "state": choice(STATES), …},
        sorts={"startDate": ProcessInstance.started_at, …},
    )

    @blueprint.post("/search")
    @blueprint.arguments(SEARCH.request())
    @blueprint.response(200, SEARCH.answer(Item))
    @open_to(SIGNED_IN)
    def search(body): return SEARCH.run(db.session(), select(ProcessInstance).where(…), body, write)

A cursor is the place of a row in the order, so that rows which come or go never shift a page.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from engine.errors import EngineError, Text
from web.api import conditions, keys, schemas
from web.api.conditions import Tests
from web.rejections import InvalidRequest

LIMIT, MOST = 100, 10_000
COUNTED = 10_000  # rows beyond are told as "more"
Body = Mapping[str, Any]
_STRING = {"type": "string"}


@dataclass(frozen=True)
class Filter:
    """One property of a filter: how it is read, and the condition it makes.

    `plain` is the test over a derived row (a dict with the property's name), None where only SQL asks.
    """

    field: fields.Field[Any]
    condition: Callable[[Any], ColumnElement[bool]]


def text(column: Any) -> Filter:
    """Filter a text with every operator."""
    return _tests(Tests(conditions.read_text, conditions.TEXT, _STRING), column)


def exact_text(column: Any) -> Filter:
    """Filter a text by its value only."""
    return _tests(Tests(conditions.read_text, (), _STRING), column)


def key(kind: str, column: Any) -> Filter:
    """Filter the number of a row of a kind by its key, with operators."""
    return _tests(Tests(conditions.key_reader(kind), conditions.KEY, _STRING), column)


def exact_key(kind: str, column: Any) -> Filter:
    """Filter the number of a row of a kind by its key only."""
    return _tests(Tests(conditions.key_reader(kind), (), _STRING), column)


def whole(column: Any) -> Filter:
    """Filter a whole number with operators."""
    return _tests(Tests(conditions.read_whole, conditions.NUMBER, {"type": "integer"}), column)


def exact_whole(column: Any) -> Filter:
    """Filter a whole number by its value only."""
    return _tests(Tests(conditions.read_whole, (), {"type": "integer"}), column)


def moment(column: Any) -> Filter:
    """Filter a moment with operators."""
    shape = {"type": "string", "format": "date-time"}
    return _tests(Tests(conditions.read_moment, conditions.NUMBER, shape), column)


def exact_flag(condition: ColumnElement[bool]) -> Filter:
    """Filter by whether a condition holds."""
    tests = Tests(conditions.read_flag, (), {"type": "boolean"})
    return Filter(tests, lambda found: condition if found[0][1] else ~condition)


def choice(choices: Mapping[str, ColumnElement[bool]]) -> Filter:
    """Filter by a word of a closed list, each with the condition under which a row has it."""
    tests = Tests(
        conditions.choice_reader(list(choices)), conditions.CHOICE, _STRING | {"enum": list(choices)}
    )
    return Filter(tests, lambda found: conditions.among(choices, found))


def words(choices: Sequence[str], column: ColumnElement[str]) -> Filter:
    """Filter by a word of a closed list that a column holds."""
    return choice({word: column == word for word in choices})


def exact_choice(choices: Mapping[str, ColumnElement[bool]]) -> Filter:
    """Filter by one word of a closed list."""
    tests = Tests(conditions.choice_reader(list(choices)), (), _STRING | {"enum": list(choices)})
    return Filter(tests, lambda found: conditions.among(choices, found))


def special(reader: fields.Field[Any], condition: Callable[[Any], ColumnElement[bool]]) -> Filter:
    """Filter by a property with a shape of its own."""
    return Filter(reader, condition)


def one_tenant() -> Filter:
    """Filter by tenant: everything belongs to the one there is."""
    tests = Tests(conditions.read_text, conditions.TEXT, _STRING)
    return Filter(tests, lambda found: true() if conditions.holds(schemas.TENANT, found) else false())


def nothing_has(reader: Tests | None = None) -> Filter:
    """Filter by a property that no row of ours ever has."""
    tests = reader or Tests(conditions.read_text, conditions.TEXT, _STRING)
    return Filter(tests, lambda found: true() if conditions.holds(None, found) else false())


def _tests(reader: Tests, column: Any) -> Filter:
    return Filter(reader, lambda found: conditions.in_database(column, found))


class _Page(schemas.Request):
    limit = fields.Integer(strict=True, validate=validate.Range(min=1, max=MOST), load_default=LIMIT)
    from_ = fields.Integer(strict=True, validate=validate.Range(min=0, max=2**31), data_key="from")
    after = fields.String()
    before = fields.String()

    @validates_schema
    def _one_way(self, data: Mapping[str, Any], **_: Any) -> None:
        if sum(name in data for name in ("from_", "after", "before")) > 1:
            raise ValidationError("Only one of from, after and before can be given.")


class _PageAnswer(schemas.Answer):
    totalItems = fields.Integer(required=True)  # noqa: N815  the clients' names
    hasMoreTotalItems = fields.Boolean(required=True)  # noqa: N815
    startCursor = fields.String(required=True, allow_none=True)  # noqa: N815
    endCursor = fields.String(required=True, allow_none=True)  # noqa: N815


@dataclass(frozen=True)
class Search:
    """What can be searched: name in the OpenAPI document, key column, filters and sorts by property."""

    name: str
    key: ColumnElement[Any] | Any
    filters: Mapping[str, Filter]
    sorts: Mapping[str, Any]
    alternatives: bool = False  # whether the filter takes $or
    _made: dict[str, type[Schema]] = field(default_factory=dict, compare=False)

    def request(self) -> type[Schema]:
        """Return the schema of the request."""
        return self._once(f"{self.name}Search", self._make_request)

    def answer(self, item: type[Schema]) -> type[Schema]:
        """Return the schema of the answer."""
        parts = {
            "items": fields.List(fields.Nested(item), required=True),
            "page": fields.Nested(_PageAnswer, required=True),
        }
        return self._once(f"{self.name}Found", lambda: _make(schemas.Answer, f"{self.name}Found", parts))

    def filter_schema(self) -> type[Schema]:
        """Return the schema of the filter alone."""
        return self._once(f"{self.name}Filter", self._make_filter)

    def condition(self, filter_: Mapping[str, Any]) -> ColumnElement[bool]:
        """Return the condition of a filter that was read."""
        found = [self.filters[name].condition(value) for name, value in filter_.items() if name != "$or"]
        if filter_.get("$or"):
            found.append(or_(*(self.condition(one) for one in filter_["$or"])))
        return and_(true(), *found)

    def run(
        self,
        session: Session,
        query: Select[*tuple[Any, ...]],
        body: Body,
        write: Callable[[Any], Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Return the asked page of a selection; `write` turns a row into an item.

        `query` selects what `write` takes: one entity, or several things as a row. Raises InvalidRequest for
        a cursor that is none.
        """
        page = body.get("page") or {"limit": LIMIT}
        query = query.where(self.condition(body.get("filter") or {}))
        order = self._order(body.get("sort") or ())
        total, more = _count(session, query)
        backwards = "before" in page
        placed = query.add_columns(*(column for column, _ in order))
        place = page.get("after", page.get("before"))
        if place is not None:
            placed = placed.where(_beyond(order, _read_cursor(place, _types(order)), backwards=backwards))
        placed = placed.order_by(*(_ordered(column, down != backwards) for column, down in order))
        rows = session.execute(placed.offset(page.get("from_")).limit(page["limit"])).unique().all()
        found = list(reversed(rows)) if backwards else list(rows)
        width = len(order)
        items = [write(row[0] if len(row) == width + 1 else row[:-width]) for row in found]
        return {"items": items, "page": _page(total, more, [row[-width:] for row in found])}

    def _order(self, asked: Sequence[Mapping[str, Any]]) -> list[tuple[Any, bool]]:
        """Return columns with whether they descend; what is missing comes last, the key ends it."""
        order: list[tuple[Any, bool]] = []
        for one in asked:
            column, down = self.sorts[one["field"]], one["order"] == "DESC"
            order += [(column.is_(None), False), (column, down)]
        return [*order, (self.key, False)]

    def _once(self, name: str, make: Callable[[], type[Schema]]) -> type[Schema]:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    def _make_filter(self) -> type[Schema]:
        name = f"{self.name}Filter"
        parts: dict[str, fields.Field[Any]] = {key: one.field for key, one in self.filters.items()}
        plain = _make(schemas.Request, name, parts)
        if not self.alternatives:
            return plain
        either = _make(schemas.Request, f"{name}Fields", parts)
        return _make(
            plain, name, {"$or": fields.List(fields.Nested(either), validate=validate.Length(max=100))}
        )

    def _make_request(self) -> type[Schema]:
        names = list(self.sorts)
        sort = _make(
            schemas.Request,
            f"{self.name}Sort",
            {
                "field": fields.String(required=True, validate=validate.OneOf(names)),
                "order": fields.String(validate=validate.OneOf(("ASC", "DESC")), load_default="ASC"),
            },
        )
        parts: dict[str, fields.Field[Any]] = {
            "filter": fields.Nested(self.filter_schema()),
            "sort": fields.List(fields.Nested(sort), validate=validate.Length(max=10)),
            "page": fields.Nested(_Page),
        }
        return _make(schemas.Request, f"{self.name}Search", parts)


def page_of(rows: Sequence[Mapping[str, Any]], body: Body, unique: str) -> dict[str, Any]:
    """Return the asked page of derived items that are filtered already; sorted by their own properties.

    `unique` names the property that tells two items apart.
    """
    page = body.get("page") or {"limit": LIMIT}
    names = [(one["field"], one["order"] == "DESC") for one in body.get("sort") or ()]
    found = sorted(rows, key=lambda row: _text_order(row[unique]))
    for name, down in reversed(names):
        present = [row for row in found if row[name] is not None]
        present.sort(key=lambda row: row[name], reverse=down)
        found = present + [row for row in found if row[name] is None]
    cursors = [[str(row[unique])] for row in found]
    start, end = 0, len(found)
    if "after" in page:
        start = _position(cursors, page["after"]) + 1
    elif "before" in page:
        end = _position(cursors, page["before"])
        start = max(end - page["limit"], 0)
    else:
        start = page.get("from_", 0)
    end = min(start + page["limit"], end)
    return {"items": list(found[start:end]), "page": _page(len(found), False, cursors[start:end])}


def _text_order(value: Any) -> tuple[int, str]:
    return len(str(value)), str(value)


def _position(cursors: Sequence[Sequence[Any]], cursor: str) -> int:
    place = _read_cursor(cursor, [str])
    return next((number for number, one in enumerate(cursors) if list(one) == place), len(cursors))


def _make(base: type[Schema], name: str, parts: Mapping[str, fields.Field[Any]]) -> type[Schema]:
    return type(name, (base,), dict(parts))


def _count(session: Session, query: Select[*tuple[Any, ...]]) -> tuple[int, bool]:
    """Return how many rows there are, and whether there are more than are counted."""
    some = (
        query.order_by(None)
        .with_only_columns(true().label("one"), maintain_column_froms=True)
        .limit(COUNTED + 1)
        .subquery()
    )
    total = session.scalar(select(func.count()).select_from(some)) or 0
    return min(total, COUNTED), total > COUNTED


def _ordered(column: Any, down: bool) -> Any:
    return column.desc() if down else column.asc()


def _beyond(
    order: Sequence[tuple[Any, bool]], place: Sequence[Any], *, backwards: bool
) -> ColumnElement[bool]:
    """Return the condition that a row comes after (before) a place in the order."""
    found: ColumnElement[bool] = false()
    for (column, down), value in reversed(list(zip(order, place, strict=True))):
        if value is None:
            continue  # the flag before it has told all rows with a value apart
        if isinstance(value, bool):  # whether the value is missing: false comes before true
            further, same = (column.is_(not value) if value is backwards else false()), column.is_(value)
        else:
            further, same = (column < value if down != backwards else column > value), column == value
        found = or_(further, and_(same, found))
    return found


def _page(total: int, more: bool, places: Sequence[Sequence[Any]]) -> dict[str, Any]:
    return {
        "totalItems": total,
        "hasMoreTotalItems": more,
        "startCursor": _write_cursor(places[0]) if places else None,
        "endCursor": _write_cursor(places[-1]) if places else None,
    }


def _write_cursor(place: Sequence[Any]) -> str:
    values = [{"at": value.isoformat()} if isinstance(value, datetime) else value for value in place]
    return base64.b64encode(json.dumps(values, separators=(",", ":")).encode()).decode()


def _read_cursor(cursor: str, types: Sequence[type]) -> list[Any]:
    try:
        values = json.loads(base64.b64decode(cursor.encode() + b"=="))
        places = [_read_place(value) for value in values]
        if list(map(_is_of, places, types)) == [True] * len(types) and len(places) == len(types):
            return places
    except (ValueError, TypeError, KeyError, RecursionError, EngineError):
        pass
    raise InvalidRequest(
        Text("con trỏ trang không hợp lệ", "Request property [page]: the cursor is none of this search"),
        {"page": ["The cursor is none of this search."]},
    )


def _types(order: Sequence[tuple[Any, bool]]) -> list[type]:
    return [column.type.python_type for column, _ in order]


def _is_of(value: Any, wanted: type) -> bool:
    """Tell whether a value of a cursor fits its column: a forged one must not reach the database."""
    if isinstance(value, bool) or wanted is bool:
        return isinstance(value, bool) and wanted is bool
    return value is None or (isinstance(value, wanted) and _fits(value))


def _fits(value: Any) -> bool:
    return not isinstance(value, int) or abs(value) <= keys.MOST


def _read_place(value: Any) -> Any:
    if isinstance(value, Mapping):
        return schemas.read_moment(value["at"])
    if isinstance(value, list):
        raise TypeError("no place")
    return value
