"""Variables through the API: searched with every operator, cut when long, read whole by their keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask

from tests.builders import a_process, mappings
from tests.calling import Caller, as_person, as_stranger, problem
from tests.site import open_site
from web.api import variables

LONG = "ố" * 9_000
Item = Mapping[str, Any]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        designer = as_person(opened, "thao.it")
        process = a_process("valued").start()
        process.user_task("work", mappings(("input", "=n + 1", "inner")), candidateGroups="TCHC.staff").end()
        assert designer.deploy(process.file()).status_code == 200
        for number in range(6):
            given = {"n": number, "name": f"Lê_{number % 3}%", "data": {"a": [number]}, "long": LONG}
            body = {"processDefinitionId": "valued", "variables": given}
            assert designer.post("/process-instances", body).status_code == 200
        yield opened


@pytest.fixture(scope="module")
def operator(app: Flask) -> Caller:
    return as_person(app, "vinh.it")


def ask(caller: Caller, *, query: str = "", **body: Any) -> list[dict[str, Any]]:
    answer = caller.post(f"/variables/search{query}", {"page": {"limit": 1000}, **body})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return sorted(int(item["value"]) for item in items)


def test_a_variable_is_read_by_its_key_as_it_was_found(operator: Caller) -> None:
    items = ask(operator, filter={"name": {"$neq": "long"}})

    again = [operator.get(f"/variables/{item['variableKey']}").json for item in items]

    assert again == [{name: value for name, value in item.items() if name != "isTruncated"} for item in items]
    values = [item["value"] for item in items]
    assert values == [compact(json.loads(value)) for value in values]


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def test_a_long_value_is_cut_in_a_search_and_whole_by_its_key(operator: Caller) -> None:
    (cut, *_) = ask(operator, filter={"name": "long", "isTruncated": True})
    (whole, *_) = ask(operator, query="?truncateValues=false", filter={"name": "long"})
    (explicit, *_) = ask(operator, query="?truncateValues=true", filter={"name": "long"})

    assert (cut["isTruncated"], len(cut["value"])) == (True, 8191)
    assert explicit == cut
    assert (whole["isTruncated"], json.loads(whole["value"])) == (False, LONG)
    assert json.loads(operator.get(f"/variables/{cut['variableKey']}").json["value"]) == LONG
    assert {item["name"] for item in ask(operator, filter={"isTruncated": False})} == {
        "n",
        "name",
        "data",
        "inner",
    }


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("3", [3]),
        ({"$eq": "3"}, [3]),
        ({"$neq": "3"}, [0, 1, 2, 4, 5]),
        ({"$in": ["1", "2", "x"]}, [1, 2]),
        ({"$in": []}, []),
        ({"$notIn": ["1", "2"]}, [0, 3, 4, 5]),
        ({"$exists": True}, [0, 1, 2, 3, 4, 5]),
        ({"$exists": False}, []),
        ({"$like": "?"}, [0, 1, 2, 3, 4, 5]),
        ({"$like": "4*", "$neq": "5"}, [4]),
    ],
)
def test_values_are_compared_as_json_text(operator: Caller, value: Any, wanted: list[int]) -> None:
    found = ask(operator, filter={"name": "n", "value": value})

    assert numbers(found) == wanted


@pytest.mark.parametrize(
    ("pattern", "count"),
    [('"Lê_?%"', 6), ('"Lê\\_1%"', 2), ("*_2*", 2), ("*%\\*", 0), ('"L*"', 6), ("%", 0), ("", 0)],
)
def test_signs_of_sql_mean_nothing_in_a_pattern(operator: Caller, pattern: str, count: int) -> None:
    assert len(ask(operator, filter={"name": "name", "value": {"$like": pattern}})) == count


def test_scopes_are_told_apart(operator: Caller) -> None:
    (inner, *_) = ask(operator, filter={"name": "inner"})
    case = inner["processInstanceKey"]

    of_case = ask(operator, filter={"processInstanceKey": case, "scopeKey": case})
    of_step = ask(operator, filter={"scopeKey": inner["scopeKey"]})
    either = ask(operator, filter={"scopeKey": {"$in": [case, inner["scopeKey"]]}})
    others = ask(operator, filter={"processInstanceKey": case, "scopeKey": {"$neq": case}})

    assert {item["name"] for item in of_case} == {"n", "name", "data", "long"}
    assert of_step == [inner] == others
    assert len(either) == 5
    assert operator.get(f"/element-instances/{inner['scopeKey']}").json["elementId"] == "work"


@pytest.mark.parametrize("field", sorted(variables.SEARCH.sorts))
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_every_sort_and_its_pages_hold_all_rows_once(operator: Caller, field: str, order: str) -> None:
    sort = [{"field": field, "order": order}]
    whole = [item["variableKey"] for item in ask(operator, sort=sort)]

    paged: list[str] = []
    page: dict[str, Any] = {"limit": 7}
    while True:
        found = operator.post("/variables/search", {"sort": sort, "page": page}).json
        if not found["items"]:
            break
        paged += [item["variableKey"] for item in found["items"]]
        page = {"limit": 7, "after": found["page"]["endCursor"]}

    assert paged == whole
    assert len(set(whole)) == 30
    values = [item[field] for item in ask(operator, sort=sort)]
    if field in ("name", "variableKey", "processInstanceKey"):
        keyed = [(len(value), value) if field.endswith("Key") else value for value in values]
        assert keyed == sorted(keyed, reverse=order == "DESC")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", {"filter": {"nope": 1}}),
        ("", {"filter": {"value": 3}}),
        ("", {"filter": {"value": {"$gt": "3"}}}),
        ("", {"filter": {"variableKey": "x"}}),
        ("", {"filter": {"isTruncated": "no"}}),
        ("", {"sort": [{"field": "isTruncated"}]}),
        ("?truncateValues=perhaps", {}),
    ],
)
def test_a_search_that_makes_no_sense_is_refused(operator: Caller, query: str, body: Any) -> None:
    answer = operator.post(f"/variables/search{query}", body)

    assert answer.status_code == 400, answer.text
    problem(answer)


@pytest.mark.parametrize(("key", "status"), [("x", 400), ("99999999903", 404), ("102", 404)])
def test_what_is_no_variable_is_not_found(operator: Caller, key: str, status: int) -> None:
    answer = operator.get(f"/variables/{key}")

    assert answer.status_code == status
    problem(answer)


@pytest.mark.parametrize(
    ("login", "status"), [("", 401), ("an.p1", 403), ("thao.it", 403), ("uyen.tt", 200), ("vinh.it", 200)]
)
def test_values_are_shown_to_those_who_read_every_case(app: Flask, login: str, status: int) -> None:
    caller = as_person(app, login) if login else as_stranger(app)
    key = ask(as_person(app, "vinh.it"))[0]["variableKey"]

    answers = [caller.post("/variables/search"), caller.get(f"/variables/{key}")]

    assert [answer.status_code for answer in answers] == [status, status]
    assert all(status == 200 or problem(answer) for answer in answers)
