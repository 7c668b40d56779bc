"""Searching as the API's clients ask: filters agree with plain rows, cursors walk every row once."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marshmallow import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.tables import Message
from tests.integration.queue_places import Place
from web.api import conditions, searching
from web.rejections import InvalidRequest

START = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
NAMES = ("đề nghị", "Đề nghị", "100%", "a_b", "a*b", "back\\slash", "")
STATUSES = ("buffered", "correlated", "expired")
SEARCH = searching.Search(
    "Message",
    key=Message.id,
    filters={
        "messageId": searching.text(Message.message_id),
        "name": searching.text(Message.name),
        "publishedAt": searching.moment(Message.published_at),
        "messageKey": searching.key("message", Message.id),
        "status": searching.choice({word: Message.status == word for word in STATUSES}),
    },
    sorts={"messageId": Message.message_id, "name": Message.name, "publishedAt": Message.published_at},
    alternatives=True,
)


def add_messages(session: Session, number: int, seed: int) -> list[dict[str, Any]]:
    """Add so many messages with few different values; return them as plain rows."""
    chance = random.Random(seed)  # noqa: S311  data, not secrets
    rows = []
    for count in range(number):
        message = Message(
            message_id=None if chance.random() < 0.4 else f"m{seed}-{count:03}",
            name=NAMES[count % len(NAMES)],
            correlation_key="",
            variables={},
            published_at=START + timedelta(hours=chance.randrange(5)),
            expires_at=START,
            status=chance.choice(STATUSES),
        )
        session.add(message)
        session.flush()
        rows.append(
            {
                "messageId": message.message_id,
                "name": message.name,
                "publishedAt": message.published_at,
                "messageKey": message.id,
                "status": message.status,
            }
        )
    return rows


def search(session: Session, body: dict[str, Any]) -> dict[str, Any]:
    """Read the body as a request is read, and search."""
    read = SEARCH.request()().load(body)
    return SEARCH.run(session, select(Message), read, lambda row: {"key": row.id})


def keys_of(found: dict[str, Any]) -> list[int]:
    return [item["key"] for item in found["items"]]


FILTERS: list[dict[str, Any]] = [
    {"name": "a_b"},
    {"name": {"$like": "a?b"}},
    {"name": {"$like": "a\\*b"}},
    {"name": {"$like": "*%"}},
    {"name": {"$like": "đề*"}},
    {"name": {"$like": "*\\\\*"}},
    {"name": {"$neq": "100%", "$notIn": ["a*b"]}},
    {"name": {"$in": ["", "Đề nghị"]}},
    {"messageId": {"$exists": False}},
    {"messageId": {"$neq": "m8-004"}},
    {"messageId": {"$notIn": ["m8-003", "m8-004"], "$exists": True}},
    {"publishedAt": {"$gt": "2026-10-01T09:00:00+07:00", "$lte": "2026-10-01T05:00:00.000Z"}},
    {"publishedAt": "2026-10-01T02:00:00Z"},
    {"status": {"$like": "*e?ed"}},
    {"status": {"$neq": "expired"}, "name": {"$like": "a*"}},
]


def test_a_filter_finds_what_plain_python_finds(place: Place) -> None:
    with place.session() as session:
        rows = add_messages(session, 60, seed=8)

        for filter_ in FILTERS:
            found = search(session, {"filter": filter_})

            tests = SEARCH.filter_schema()().load(filter_)
            wanted = [
                row["messageKey"]
                for row in rows
                if all(conditions.holds(row[name], value) for name, value in tests.items())
            ]
            assert keys_of(found) == wanted, filter_
            assert 0 < len(wanted) < len(rows), filter_
            assert found["page"]["totalItems"] == len(wanted)


def test_alternatives_are_joined_by_or_and_the_rest_by_and(place: Place) -> None:
    with place.session() as session:
        rows = add_messages(session, 60, seed=3)

        found = search(
            session, {"filter": {"status": "expired", "$or": [{"name": "a_b"}, {"name": {"$like": "1*"}}]}}
        )

        wanted = [
            row["messageKey"] for row in rows if row["status"] == "expired" and row["name"] in ("a_b", "100%")
        ]
        assert keys_of(found) == wanted != []


ORDERS: list[list[str]] = [["messageId"], ["name", "publishedAt"], ["publishedAt", "messageId"], []]


@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_cursors_walk_every_row_once_forwards_and_back(place: Place, order: str) -> None:
    with place.session() as session:
        add_messages(session, 53, seed=11)

        for names in ORDERS:
            walk_and_compare(session, names, order)


def walk_and_compare(session: Session, names: list[str], order: str) -> None:
    sort = [{"field": name, "order": order} for name in names]
    whole = keys_of(search(session, {"sort": sort, "page": {"limit": 1000}}))

    forwards: list[int] = []
    page: dict[str, Any] = {"limit": 10}
    while (found := search(session, {"sort": sort, "page": page}))["items"]:
        forwards += keys_of(found)
        page = {"limit": 10, "after": found["page"]["endCursor"]}
        last = found
    backwards = keys_of(last)
    page = {"limit": 10, "before": last["page"]["startCursor"]}
    while (found := search(session, {"sort": sort, "page": page}))["items"]:
        backwards = keys_of(found) + backwards
        page = {"limit": 10, "before": found["page"]["startCursor"]}

    assert forwards == whole
    assert backwards == whole
    assert len(set(whole)) == 53


def test_rows_that_come_meanwhile_shift_no_page(place: Place) -> None:
    with place.session() as session:
        rows = add_messages(session, 20, seed=5)
        sort = [{"field": "publishedAt", "order": "DESC"}]
        first = search(session, {"sort": sort, "page": {"limit": 8}})

        add_messages(session, 20, seed=6)
        rest = search(session, {"sort": sort, "page": {"limit": 100, "after": first["page"]["endCursor"]}})

        old = {row["messageKey"] for row in rows}
        assert old <= {*keys_of(first), *keys_of(rest)}
        assert not set(keys_of(first)) & set(keys_of(rest))


FORGED: list[Any] = [[], [1, 2], ["x"], [True], [2**70], [{"at": "x"}], [[1]], {"at": 1}, "nothing", [1.5]]


def test_a_forged_cursor_is_refused_before_the_database_sees_it(place: Place) -> None:
    with place.session() as session:
        add_messages(session, 3, seed=1)

        for forged in FORGED:
            cursor = base64.b64encode(json.dumps(forged).encode()).decode()
            with pytest.raises(InvalidRequest) as refused:
                search(session, {"page": {"limit": 2, "after": cursor}})

            assert refused.value.fields["page"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"filter": {"nothing": 1}}, "filter.nothing"),
        ({"filter": {"name": {"$gt": "a"}}}, "filter.name"),
        ({"filter": {"name": {"$in": "a"}}}, "filter.name"),
        ({"filter": {"name": None}}, "filter.name"),
        ({"filter": {"publishedAt": "2026-10-01"}}, "filter.publishedAt"),
        ({"filter": {"messageKey": "abc"}}, "filter.messageKey"),
        ({"filter": {"messageKey": 5}}, "filter.messageKey"),
        ({"filter": {"status": "gone"}}, "filter.status"),
        ({"filter": {"$or": [{"nothing": 1}]}}, "filter.$or.0.nothing"),
        ({"sort": [{"field": "status"}]}, "sort.0.field"),
        ({"sort": [{"field": "name", "order": "asc"}]}, "sort.0.order"),
        ({"page": {"limit": 0}}, "page.limit"),
        ({"page": {"limit": 2, "from": 1, "after": "W10="}}, "page"),
    ],
    ids=str,
)
def test_a_wrong_search_names_its_property(body: dict[str, Any], path: str) -> None:
    with pytest.raises(ValidationError) as refused:
        SEARCH.request()().load(body)

    told = refused.value.normalized_messages()
    for part in path.split("."):
        told = told.get(part, told.get(int(part)) if part.isdigit() else told.get("_schema"))
    assert told
