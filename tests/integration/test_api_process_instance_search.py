"""Searching process instances: random filters, sorts and pages against plain Python over every item."""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from engine import clock, instances, starts, tasks
from engine.actors import Actor
from engine.operations import suspension
from engine.tables import UserTask
from tests.builders import a_process
from tests.calling import Caller, as_person, problem
from tests.conftest import MORNING
from tests.site import open_site
from web import db
from web.api import instance_filters

STAFF = {"candidateGroups": "TCHC.staff"}
ADMIN = Actor("vinh.it", frozenset({"administrators"}))
WORKER = Actor("ai.do", frozenset({"TCHC.staff"}))
TAGS = ("a", "b:1", "c.2")
Item = Mapping[str, Any]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        fill(opened)
        yield opened


@pytest.fixture(scope="module")
def operator(app: Flask) -> Caller:
    return as_person(app, "vinh.it")


def fill(app: Flask) -> None:
    """Make 60 instances of three processes in every state, with variables, tags, incidents and calls."""
    dice = random.Random(5)  # noqa: S311  the same cases every time
    designer = as_person(app, "thao.it")
    short = a_process("short", "Ngắn").start().user_task("work", **STAFF).end()
    wrong = a_process("wrong").start().gateway("choose").when("=nobody").user_task("never", **STAFF).end()
    assert designer.deploy(short.file(), wrong.file()).status_code == 200
    again = a_process("short", "Ngắn").start().user_task("work", **STAFF).user_task("more", **STAFF).end()
    assert designer.deploy(again.file()).status_code == 200
    with app.test_request_context(method="POST"), db.transaction() as session:
        for number in range(60):
            clock.pin(MORNING + timedelta(minutes=number // 2))  # whole milliseconds, as answers have them
            process, version = dice.choice([("short", 1), ("short", 2), ("wrong", -1)])
            labels = starts.Labels(
                dice.choice(["", f"HS-{number % 7}", "100%_x"]),
                tuple(dice.sample(TAGS, dice.randrange(4))),
            )
            values = {"n": number % 5, "name": dice.choice(["Lê An", "Hồ Bình", "x*y"])}
            definition = starts.find_version(session, process, version)
            instance = starts.start(session, definition, values, WORKER, labels)
            fate = dice.randrange(4)
            if fate == 1:
                instances.cancel(session, instance.id, ADMIN, reason="thử")
            elif fate == 2:
                suspension.suspend(session, instance.id, ADMIN, "thử")
            elif fate == 3 and process == "short":
                task = session.query(UserTask).filter_by(instance_id=instance.id, status="open").one()
                tasks.complete(session, task.id, {}, WORKER)
    clock.unpin()


def everything(operator: Caller) -> list[Item]:
    answer = operator.post("/process-instances/search", {"page": {"limit": 1000}})
    assert answer.status_code == 200
    found: list[Item] = answer.json["items"]
    return found


def ask(operator: Caller, **body: Any) -> dict[str, Any]:
    answer = operator.post("/process-instances/search", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def keys_of(items: list[Item]) -> list[str]:
    return [item["processInstanceKey"] for item in items]


TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda value, other: value == other,
    "$neq": lambda value, other: value != other,
    "$exists": lambda value, wanted: (value is not None) == wanted,
    "$in": lambda value, others: value in others,
    "$notIn": lambda value, others: value not in others,
    "$like": lambda value, pattern: value is not None and fnmatch.fnmatchcase(value, pattern),
    "$gt": lambda value, other: value is not None and value > other,
    "$gte": lambda value, other: value is not None and value >= other,
    "$lt": lambda value, other: value is not None and value < other,
    "$lte": lambda value, other: value is not None and value <= other,
}
TEXTS = ("$eq", "$neq", "$exists", "$in", "$notIn", "$like")
KEYS = ("$eq", "$neq", "$exists", "$in", "$notIn")
NUMBERS = ("$eq", "$neq", "$exists", "$gt", "$gte", "$lt", "$lte", "$in")
CHOICES = ("$eq", "$neq", "$exists", "$in", "$like")
FIELDS = {
    "processDefinitionId": TEXTS,
    "processDefinitionName": TEXTS,
    "businessId": TEXTS,
    "processInstanceKey": KEYS,
    "processDefinitionKey": KEYS,
    "processDefinitionVersion": NUMBERS,
    "startDate": NUMBERS,
    "endDate": NUMBERS,
    "suspendedDate": NUMBERS,
    "state": CHOICES,
}


def draw(dice: random.Random, items: list[Item], *, alone: bool = False) -> dict[str, Any]:
    """Return a filter over values that the items really have; `alone` for one that stands in an $or."""
    found: dict[str, Any] = {
        name: draw_test(dice, name, items) for name in dice.sample(sorted(FIELDS), dice.randrange(1, 4))
    }
    if dice.random() < 0.3:
        found["hasIncident"] = dice.random() < 0.5
    if dice.random() < 0.3:
        found["tags"] = dice.sample(TAGS, dice.randrange(1, 3))
    if not alone and dice.random() < 0.3:
        found["$or"] = [draw(dice, items, alone=True) for _ in range(dice.randrange(1, 3))]
    return found


def draw_test(dice: random.Random, name: str, items: list[Item]) -> Any:
    values = sorted({item[name] for item in items if item[name] is not None})
    operator, value = dice.choice(FIELDS[name]), dice.choice(values)
    if operator == "$exists":
        return {"$exists": dice.random() < 0.5}
    if operator == "$like":
        return {"$like": dice.choice([value[:2] + "*", "?" + value[1:], "*" + value[-1]])}
    if operator in ("$in", "$notIn"):
        return {operator: dice.sample(values, min(len(values), 3))}
    return value if operator == "$eq" and dice.random() < 0.5 else {operator: value}


def meets(item: Item, asked: Mapping[str, Any]) -> bool:
    for name, wanted in asked.items():
        if name == "$or":
            met = any(meets(item, one) for one in wanted)
        elif name == "tags":
            met = set(wanted) <= set(item["tags"])
        else:
            tests = wanted if isinstance(wanted, dict) else {"$eq": wanted}
            met = all(TESTS[operator](item[name], value) for operator, value in tests.items())
        if not met:
            return False
    return True


def test_random_filters_find_what_plain_filtering_finds(operator: Caller) -> None:
    dice, items = random.Random(11), everything(operator)  # noqa: S311  the same questions every time

    for _ in range(120):
        asked = draw(dice, items)
        found = ask(operator, filter=asked, page={"limit": 1000})
        wanted = [item for item in items if meets(item, asked)]

        assert keys_of(found["items"]) == keys_of(wanted), asked
        assert found["page"]["totalItems"] == len(wanted)


@pytest.mark.parametrize("field", sorted(set(instance_filters.SORTS) - {"tenantId"}))
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_every_sort_orders_all_items_with_the_missing_ones_last(
    operator: Caller, field: str, order: str
) -> None:
    items = everything(operator)

    found = ask(operator, sort=[{"field": field, "order": order}], page={"limit": 1000})["items"]

    def value(item: Item) -> Any:
        number = field.endswith("Key")
        return int(item[field]) if number and item[field] is not None else item[field]

    present = [item for item in items if item[field] is not None]
    missing = [item for item in items if item[field] is None]
    present.sort(key=value, reverse=order == "DESC")
    assert [value(item) for item in found] == [value(item) for item in present + missing]
    assert sorted(keys_of(found)) == sorted(keys_of(items))


@pytest.mark.parametrize("field", ["endDate", "state", "businessId", "processDefinitionVersion"])
def test_pages_forwards_and_backwards_miss_and_double_nothing(operator: Caller, field: str) -> None:
    sort = [{"field": field, "order": "DESC"}]
    whole = keys_of(ask(operator, sort=sort, page={"limit": 1000})["items"])

    forwards: list[str] = []
    page: dict[str, Any] = {"limit": 7}
    while (found := ask(operator, sort=sort, page=page))["items"]:
        forwards += keys_of(found["items"])
        page = {"limit": 7, "after": found["page"]["endCursor"]}
    backwards = keys_of(ask(operator, sort=sort, page={"from": len(whole) - 5, "limit": 7})["items"])
    start = ask(operator, sort=sort, page={"from": len(whole) - 5, "limit": 7})["page"]["startCursor"]
    while (found := ask(operator, sort=sort, page={"limit": 7, "before": start}))["items"]:
        backwards = keys_of(found["items"]) + backwards
        start = found["page"]["startCursor"]

    assert forwards == whole
    assert backwards == whole


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ([{"name": "n", "value": "3"}], {3}),
        ([{"name": "n", "value": {"$in": ["1", "2"]}}], {1, 2}),
        ([{"name": "n", "value": {"$neq": "0"}}], {1, 2, 3, 4}),
        ([{"name": "n", "value": {"$like": "?"}}], {0, 1, 2, 3, 4}),
        ([{"name": "n", "value": {"$exists": False}}], set()),
        ([{"name": "nothing", "value": {"$exists": False}}], {0, 1, 2, 3, 4}),
        ([{"name": "n", "value": {"$notIn": ["0", "1"]}}, {"name": "n", "value": "2"}], {2}),
        ([{"name": "n", "value": "3"}, {"name": "name", "value": '"no one"'}], set()),
    ],
)
def test_variables_are_compared_in_their_json_form(
    operator: Caller, wanted: list[Any], numbers: set[int]
) -> None:
    rows = operator.post("/variables/search", {"filter": {"name": "n"}, "page": {"limit": 1000}}).json[
        "items"
    ]

    found = ask(operator, filter={"variables": wanted}, page={"limit": 1000})["items"]

    assert set(keys_of(found)) == {row["processInstanceKey"] for row in rows if int(row["value"]) in numbers}


def test_conditions_on_an_element_mean_one_element_instance(operator: Caller) -> None:
    active = ask(operator, filter={"elementId": "more", "elementInstanceState": "ACTIVE"})["items"]
    ended = ask(operator, filter={"elementId": "work", "elementInstanceState": "COMPLETED"})["items"]
    cut = ask(operator, filter={"elementId": {"$like": "w*"}, "elementInstanceState": "TERMINATED"})
    failed = ask(operator, filter={"hasElementInstanceIncident": True, "elementId": "choose"})["items"]
    none = ask(operator, filter={"hasElementInstanceIncident": True, "elementId": "work"})["items"]

    assert active
    assert set(keys_of(active)) <= set(keys_of(ended))
    assert {item["state"] for item in cut["items"]} == {"TERMINATED"}
    incidents = [item for item in everything(operator) if item["hasIncident"]]
    assert keys_of(failed) == keys_of(incidents)
    assert none == []


def test_an_error_is_found_by_its_message_and_by_its_hash(operator: Caller) -> None:
    (incident, *_) = operator.post("/incidents/search", {"filter": {"state": "ACTIVE"}}).json["items"]
    message = incident["errorMessage"]

    by_message = ask(operator, filter={"errorMessage": {"$like": message[:20] + "*"}})["items"]
    by_hash = ask(operator, filter={"incidentErrorHashCode": instance_filters.hash_of(message)})["items"]
    by_other = ask(operator, filter={"incidentErrorHashCode": 1})["items"]

    assert incident["processInstanceKey"] in keys_of(by_message)
    assert keys_of(by_hash) == keys_of(by_message)
    assert by_other == []
    own = operator.post(f"/process-instances/{incident['processInstanceKey']}/incidents/search").json
    assert own["items"] == [incident]


def test_java_and_we_agree_on_the_hash_of_a_text() -> None:
    assert [instance_filters.hash_of(text) for text in ("", "abc", "Hồ sơ 😀 bị lỗi", "x" * 99)] == [
        0,
        96354,
        java_hash("Hồ sơ 😀 bị lỗi"),
        java_hash("x" * 99),
    ]


def java_hash(text: str) -> int:
    """Return s[0]·31^(n-1) + … + s[n-1] over UTF-16 units, as the Java documentation defines it."""
    raw = text.encode("utf-16-be")
    units = [raw[place] * 256 + raw[place + 1] for place in range(0, len(raw), 2)]
    total = sum(unit * 31 ** (len(units) - 1 - place) for place, unit in enumerate(units)) % 2**32
    return total if total < 2**31 else total - 2**32


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"nope": 1}},
        {"filter": {"state": "RUNNING"}},
        {"filter": {"state": {"$gt": "ACTIVE"}}},
        {"filter": {"processInstanceKey": {"$like": "1*"}}},
        {"filter": {"processInstanceKey": "abc"}},
        {"filter": {"processInstanceKey": 5}},
        {"filter": {"startDate": "yesterday"}},
        {"filter": {"startDate": {"$gt": "2026-10-01"}}},
        {"filter": {"processDefinitionVersion": "1"}},
        {"filter": {"processDefinitionVersion": {"$in": 3}}},
        {"filter": {"hasIncident": "yes"}},
        {"filter": {"hasIncident": {"$eq": True}}},
        {"filter": {"tags": "a"}},
        {"filter": {"tags": ["1 2"]}},
        {"filter": {"variables": [{"name": "n"}]}},
        {"filter": {"variables": [{"name": "n", "value": 3}]}},
        {"filter": {"variables": [{"value": "3"}]}},
        {"filter": {"$or": {"state": "ACTIVE"}}},
        {"filter": {"$or": [{"$or": []}]}},
        {"filter": {"elementInstanceState": "SUSPENDED"}},
        {"filter": []},
        {"sort": [{"field": "nope"}]},
        {"sort": [{"field": "state", "order": "UP"}]},
        {"sort": {"field": "state"}},
        {"page": {"limit": 0}},
        {"page": {"limit": 3, "after": "!!"}},
        {"page": {"after": "MA==", "before": "MA=="}},
        {"page": {"size": 3}},
        {"pages": {}},
        [],
    ],
)
def test_a_search_that_makes_no_sense_is_refused(operator: Caller, body: Any) -> None:
    answer = operator.post("/process-instances/search", body)

    assert answer.status_code == 400, answer.text
    assert problem(answer)["title"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("key", ["9" * 25, "9" * 18 + "02", "9" * 23 + "07", "0"])
def test_keys_that_no_row_can_have_find_nothing(operator: Caller, key: str) -> None:
    for name in ("processInstanceKey", "parentProcessInstanceKey", "parentElementInstanceKey"):
        assert ask(operator, filter={name: key})["items"] == []


def test_staff_see_their_own_cases_and_may_not_ask_by_values(app: Flask) -> None:
    staff, other = as_person(app, "an.p1"), as_person(app, "uyen.tt")

    seen = ask(staff)["items"]
    told = [
        staff.post("/process-instances/search", {"filter": asked})
        for asked in (
            {"variables": [{"name": "n", "value": "3"}]},
            {"$or": [{"errorMessage": {"$like": "*"}}]},
            {"incidentErrorHashCode": 3},
        )
    ]

    assert seen == []
    assert [answer.status_code for answer in told] == [403, 403, 403]
    assert "auditors" in problem(told[0])["detail"]
    assert len(everything(other)) == 60  # the auditor
