"""Element instances through the API: searched in one case and in many, read, their variables set."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.builders import ProcessBuilder, Z, a_process, each
from tests.calling import Caller, as_person, problem
from tests.site import open_site
from web.api import element_instances

STAFF = {"candidateGroups": "TCHC.staff"}
Item = Mapping[str, Any]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        designer = as_person(opened, "thao.it")
        assert designer.deploy(votes().file(), short().file()).status_code == 200
        for members in (["an"], ["an", "ba"], ["an", "ba", "chi"]):
            begin(designer, "votes", members=members)
            begin(designer, "short")
        yield opened


@pytest.fixture(scope="module")
def designer(app: Flask) -> Caller:
    return as_person(app, "thao.it")


@pytest.fixture(scope="module")
def operator(app: Flask) -> Caller:
    return as_person(app, "vinh.it")


def votes() -> ProcessBuilder:
    process = a_process("votes").start().open_sub_process("council").start("open")
    process.add("userTask", "vote", *loop(), name="Bỏ phiếu").end("closed").close_sub_process()
    return process.gateway("choose").when("=nobody").end("never")


def loop() -> list[Any]:
    return [Z.userTask(), Z.assignmentDefinition(**STAFF), each("=members", "member")]


def short() -> ProcessBuilder:
    return a_process("short").start().gateway("choose").when("=nobody").end("never")


def begin(designer: Caller, process_id: str, **variables: Any) -> str:
    body = {"processDefinitionId": process_id, "variables": variables}
    key: str = designer.post("/process-instances", body).json["processInstanceKey"]
    return key


def ask(caller: Caller, **body: Any) -> dict[str, Any]:
    answer = caller.post("/element-instances/search", {"page": {"limit": 1000}, **body})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def put(caller: Caller, key: str, body: Any) -> TestResponse:
    return caller.client.put(f"/v2/element-instances/{key}/variables", json=body, headers=caller.headers)


def keys_of(items: list[Item]) -> list[str]:
    return [item["elementInstanceKey"] for item in items]


def test_each_element_instance_is_read_by_its_key_as_it_was_found(operator: Caller) -> None:
    items = ask(operator)["items"]

    again = [operator.get(f"/element-instances/{key}").json for key in keys_of(items)]

    assert again == items
    assert len(set(keys_of(items))) == len(items)
    assert {item["type"] for item in items} >= {"PROCESS", "SUB_PROCESS", "MULTI_INSTANCE_BODY", "USER_TASK"}
    assert {item["elementName"] for item in items if item["elementId"] == "vote"} == {"Bỏ phiếu"}


def test_the_children_of_a_scope_are_found_level_by_level(operator: Caller) -> None:
    case = ask(operator, filter={"processDefinitionId": "votes", "type": "PROCESS"})["items"][-1]

    def children(key: str) -> list[Item]:
        found: list[Item] = ask(operator, filter={"elementInstanceScopeKey": key})["items"]
        return found

    (council,) = [item for item in children(case["processInstanceKey"]) if item["type"] == "SUB_PROCESS"]
    inside = {item["type"]: item for item in children(council["elementInstanceKey"])}
    assert set(inside) == {"START_EVENT", "MULTI_INSTANCE_BODY"}
    voters = children(inside["MULTI_INSTANCE_BODY"]["elementInstanceKey"])
    assert {item["type"] for item in voters} == {"USER_TASK"}


FILTERS: Mapping[str, list[Any]] = {
    "state": ["ACTIVE", {"$neq": "ACTIVE"}, {"$in": ["COMPLETED", "TERMINATED"]}, {"$like": "*ED"}],
    "elementId": ["vote", {"$like": "c*"}, {"$in": ["start", "open"]}, {"$neq": "vote"}],
    "elementName": ["Bỏ phiếu", {"$like": "B?*"}, {"$exists": True}, {"$notIn": ["start"]}],
    "processDefinitionId": ["votes", "short", "nothing"],
    "type": ["USER_TASK", "PROCESS", "EXCLUSIVE_GATEWAY"],
    "hasIncident": [True, False],
    "tenantId": ["<default>", "other"],
}
PLAIN = {
    "$neq": lambda value, other: value != other,
    "$in": lambda value, others: value in others,
    "$notIn": lambda value, others: value not in others,
    "$exists": lambda value, wanted: (value is not None) == wanted,
    "$like": lambda value, pattern: like(value, pattern),
}


def like(value: str, pattern: str) -> bool:
    """Match as the patterns above need it: letters, one ? and one * at an end."""
    head, star, tail = pattern.partition("*")
    if not star:
        return value == pattern
    fits = all(letter in ("?", value[place]) for place, letter in enumerate(head)) if value else not head
    return fits and value.endswith(tail)


def meets(item: Item, asked: Mapping[str, Any]) -> bool:
    for name, wanted in asked.items():
        if name == "$or":
            met = any(meets(item, one) for one in wanted)
        elif isinstance(wanted, dict):
            met = all(PLAIN[operator](item[name], value) for operator, value in wanted.items())
        else:
            met = item[name] == wanted
        if not met:
            return False
    return True


def test_random_filters_find_what_plain_filtering_finds(operator: Caller) -> None:
    dice, items = random.Random(3), ask(operator)["items"]  # noqa: S311  the same questions every time

    for _ in range(60):
        asked = {name: dice.choice(FILTERS[name]) for name in dice.sample(sorted(FILTERS), 2)}
        if dice.random() < 0.4:
            asked["$or"] = [{name: dice.choice(FILTERS[name])} for name in dice.sample(sorted(FILTERS), 2)]
        found = ask(operator, filter=asked)

        wanted = [item for item in items if meets(item, asked)]
        assert sorted(keys_of(found["items"])) == sorted(keys_of(wanted)), asked
        assert found["page"]["totalItems"] == len(wanted)
        assert found["page"]["hasMoreTotalItems"] is False


@pytest.mark.parametrize("field", element_instances.SORTS)
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_every_sort_and_its_pages_hold_all_items_once(operator: Caller, field: str, order: str) -> None:
    sort = [{"field": field, "order": order}]
    whole = ask(operator, sort=sort)["items"]

    paged: list[str] = []
    page: dict[str, Any] = {"limit": 9}
    while (found := ask(operator, sort=sort, page=page))["items"]:
        paged += keys_of(found["items"])
        page = {"limit": 9, "after": found["page"]["endCursor"]}

    def value(item: Item) -> Any:
        return int(item[field]) if field.endswith("Key") and item[field] is not None else item[field]

    known = [value(item) for item in whole if item[field] is not None]
    if field != "elementInstanceKey":  # the process itself has the key of another kind
        assert known == sorted(known, reverse=order == "DESC")
    assert [item[field] for item in whole[len(known) :]] == [None] * (len(whole) - len(known))
    assert paged == keys_of(whole)
    assert len(set(paged)) == len(paged)


def test_an_incident_leads_to_its_step(operator: Caller) -> None:
    (incident, *_) = operator.post("/incidents/search").json["items"]

    found = ask(operator, filter={"incidentKey": incident["incidentKey"]})["items"]

    assert [item["elementInstanceKey"] for item in found] == [incident["elementInstanceKey"]]
    assert found[0]["hasIncident"]


def test_a_search_over_more_cases_than_are_read_says_so(
    operator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(element_instances, "MOST_INSTANCES", 2)

    capped = ask(operator)["page"]
    narrow = ask(operator, filter={"processDefinitionId": "nothing"})["page"]

    assert (capped["hasMoreTotalItems"], narrow["hasMoreTotalItems"]) == (True, False)


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"nope": 1}},
        {"filter": {"type": "TASKS"}},
        {"filter": {"type": {"$eq": "TASK"}}},
        {"filter": {"elementInstanceKey": "x"}},
        {"filter": {"elementInstanceKey": {"$in": ["107"]}}},
        {"filter": {"hasIncident": 1}},
        {"filter": {"startDate": {"$like": "2026*"}}},
        {"sort": [{"field": "hasIncident"}]},
        {"page": {"after": "x", "limit": 2}},
    ],
)
def test_a_search_that_makes_no_sense_is_refused(operator: Caller, body: Any) -> None:
    answer = operator.post("/element-instances/search", body)

    assert answer.status_code == 400, answer.text
    problem(answer)


@pytest.mark.parametrize(
    ("key", "status"), [("abc", 400), ("99999999907", 404), ("103", 404), ("10999999907", 404)]
)
def test_what_is_no_element_instance_is_not_found(operator: Caller, key: str, status: int) -> None:
    answers = [operator.get(f"/element-instances/{key}"), put(operator, key, {"variables": {"x": 1}})]

    assert [answer.status_code for answer in answers] == [status, status]
    assert [problem(answer)["status"] for answer in answers] == [status, status]


def test_variables_are_set_where_they_are_or_in_the_scope_itself(designer: Caller, operator: Caller) -> None:
    key = begin(designer, "votes", members=["an", "ba"])
    mine = {"processInstanceKey": key}
    items = ask(operator, filter={**mine, "elementId": "vote", "type": "USER_TASK"})["items"]
    first = items[0]["elementInstanceKey"]

    statuses = [
        put(operator, first, {"variables": {"member": "chi", "new": 1}}).status_code,
        put(operator, first, {"variables": {"new": 2, "own": 3}, "local": True}).status_code,
        put(operator, key, {"variables": {"members": []}, "operationReference": 5}).status_code,
        put(operator, key, {"variables": {}}).status_code,
    ]

    assert statuses == [204] * 4
    rows = operator.post("/variables/search", {"filter": mine}).json["items"]
    found = {(row["scopeKey"], row["name"]): row["value"] for row in rows}
    assert found.items() >= {(first, "member"): '"chi"', (first, "new"): "2", (first, "own"): "3"}.items()
    assert found.items() >= {(key, "new"): "1", (key, "members"): "[]"}.items()


@pytest.mark.parametrize(
    "body", [{}, {"variables": 1}, {"variables": {"x": 1}, "local": "yes"}, {"variables": {}, "x": 1}]
)
def test_a_change_of_variables_that_makes_no_sense_is_refused(operator: Caller, body: Any) -> None:
    (item, *_) = ask(operator, filter={"elementId": "vote", "state": "ACTIVE"})["items"]

    answer = put(operator, item["elementInstanceKey"], body)

    assert answer.status_code == 400
    problem(answer)


def test_others_see_no_steps_and_change_no_variables(app: Flask, designer: Caller, operator: Caller) -> None:
    key = begin(designer, "votes", members=["an"])
    staff = as_person(app, "an.p1")

    seen = ask(staff)["page"]["totalItems"]
    found = staff.get(f"/element-instances/{key}")
    changed = [put(as_person(app, login), key, {"variables": {"x": 1}}) for login in ("an.p1", "uyen.tt")]
    operator.post(f"/process-instances/{key}/cancellation")
    late = put(operator, key, {"variables": {"x": 1}})

    assert (seen, found.status_code) == (0, 404)
    assert [answer.status_code for answer in changed] == [403, 403]
    assert late.status_code == 404
