"""Process instances through the API: started, awaited, read, with their flows and counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask

from tests.builders import B, ProcessBuilder, Z, a_process
from tests.calling import Caller, as_person, as_stranger, problem
from tests.site import MOVEMENT, open_site
from web.api import keys

STAFF = {"candidateGroups": "TCHC.staff"}
RESULT = {
    "processDefinitionId",
    "processDefinitionVersion",
    "tenantId",
    "variables",
    "processDefinitionKey",
    "processInstanceKey",
    "tags",
    "businessId",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        opened.config["API_WAIT"] = "0.3"
        yield opened


@pytest.fixture(scope="module")
def designer(app: Flask) -> Caller:
    return as_person(app, "thao.it")


@pytest.fixture(scope="module")
def operator(app: Flask) -> Caller:
    return as_person(app, "vinh.it")


def deploy(designer: Caller, *processes: ProcessBuilder) -> list[str]:
    """Return the keys of the definitions."""
    answer = designer.deploy(*(process.file() for process in processes))
    assert answer.status_code == 200, answer.text
    return [entry["processDefinition"]["processDefinitionKey"] for entry in answer.json["deployments"]]


def begin(caller: Caller, process_id: str, **options: Any) -> dict[str, Any]:
    answer = caller.post("/process-instances", {"processDefinitionId": process_id, **options})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    assert set(found) == RESULT
    return found


def waiting(process_id: str, *steps: str) -> ProcessBuilder:
    process = a_process(process_id).start()
    for step in steps or ("work",):
        process.user_task(step, **STAFF)
    return process.end()


def test_an_instance_is_started_of_the_version_that_is_named(designer: Caller) -> None:
    (first,) = deploy(designer, waiting("versions"))
    tagged = waiting("versions", "other")
    tagged.node.insert(0, B.extensionElements(Z.versionTag(value="stable")))
    (second,) = deploy(designer, tagged)

    started = [
        begin(designer, "versions"),
        begin(designer, "versions", processDefinitionVersion=-1),
        begin(designer, "versions", processDefinitionVersion=1),
        begin(designer, "versions", processDefinitionVersionTag="stable"),
        designer.post("/process-instances", {"processDefinitionKey": first}).json,
    ]

    assert [one["processDefinitionKey"] for one in started] == [second, second, first, second, first]
    assert [one["processDefinitionVersion"] for one in started] == [2, 2, 1, 2, 1]
    assert len({one["processInstanceKey"] for one in started}) == 5


def test_what_was_given_at_the_start_is_read_again(designer: Caller) -> None:
    deploy(designer, waiting("labelled"))

    started = begin(
        designer,
        "labelled",
        variables={"x": 1},
        tags=["kind:award", "a.b"],
        businessId="HS-1",
        tenantId="<default>",
        operationReference=7,
    )

    item = designer.get(f"/process-instances/{started['processInstanceKey']}").json
    assert started["variables"] == {}
    assert (item["tags"], item["businessId"]) == (["kind:award", "a.b"], "HS-1")
    assert (item["state"], item["hasIncident"], item["endDate"]) == ("ACTIVE", False, None)
    assert item["rootProcessInstanceKey"] == started["processInstanceKey"]


def test_an_instance_starts_where_it_is_told_to(designer: Caller) -> None:
    process = a_process("inside").start().user_task("before", **STAFF).open_sub_process("sub").start("s")
    process.user_task("deep", **STAFF).end("e").close_sub_process().user_task("after", **STAFF).end()
    deploy(designer, process)

    key = begin(designer, "inside", startInstructions=[{"elementId": "deep"}, {"elementId": "after"}])[
        "processInstanceKey"
    ]

    counts = designer.get(f"/process-instances/{key}/statistics/element-instances").json["items"]
    assert {one["elementId"]: one["active"] for one in counts} == {"sub": 1, "deep": 1, "after": 1}


def test_an_end_that_is_awaited_comes_with_the_variables_asked_for(designer: Caller) -> None:
    deploy(designer, a_process("sum").start().script("add", "=a + b", "c").end())
    given = {"variables": {"a": 1, "b": 2}, "awaitCompletion": True}

    everything = begin(designer, "sum", **given)
    some = begin(designer, "sum", **given, fetchVariables=["c", "nothing"], requestTimeout=0)

    assert everything["variables"] == {"a": 1, "b": 2, "c": 3}
    assert some["variables"] == {"c": 3}


def test_an_end_that_does_not_come_is_told_and_the_instance_goes_on(
    designer: Caller, operator: Caller
) -> None:
    (key,) = deploy(designer, waiting("long"))

    answer = designer.post(
        "/process-instances",
        {"processDefinitionKey": key, "awaitCompletion": True, "requestTimeout": 100},
    )

    assert answer.status_code == 504
    assert "goes on" in problem(answer)["detail"]
    found = operator.post("/process-instances/search", {"filter": {"processDefinitionKey": key}}).json
    assert [item["state"] for item in found["items"]] == ["ACTIVE"]


def test_an_end_by_an_error_is_no_completion(designer: Caller) -> None:
    process = a_process("failing").start()
    deploy(designer, process.end("end", process.coded("error", "E1")))

    answer = designer.post("/process-instances", {"processDefinitionId": "failing", "awaitCompletion": True})

    assert answer.status_code == 409
    assert problem(answer)["title"] == "INVALID_STATE"


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ({}, ""),
        ({"processDefinitionKey": "101", "processDefinitionId": "labelled"}, ""),
        ({"processDefinitionKey": 101}, "processDefinitionKey"),
        ({"processDefinitionKey": "abc"}, "processDefinitionKey"),
        ({"processDefinitionId": "labelled", "processDefinitionVersion": "1"}, "processDefinitionVersion"),
        ({"processDefinitionId": "labelled", "processDefinitionVersion": -2}, "processDefinitionVersion"),
        (
            {
                "processDefinitionId": "labelled",
                "processDefinitionVersion": 1,
                "processDefinitionVersionTag": "a",
            },
            "",
        ),
        ({"processDefinitionId": "labelled", "nonsense": 1}, "nonsense"),
        ({"processDefinitionId": "labelled", "variables": []}, "variables"),
        ({"processDefinitionId": "labelled", "variables": {"": 1}}, "variables"),
        ({"processDefinitionId": "labelled", "tags": ["1x"]}, "tags"),
        ({"processDefinitionId": "labelled", "tags": ["a"] * 11}, "tags"),
        ({"processDefinitionId": "labelled", "businessId": ""}, "businessId"),
        ({"processDefinitionId": "labelled", "businessId": "x" * 257}, "businessId"),
        ({"processDefinitionId": "labelled", "tenantId": "other"}, "tenantId"),
        ({"processDefinitionId": "labelled", "operationReference": 0}, "operationReference"),
        ({"processDefinitionId": "labelled", "requestTimeout": -1}, "requestTimeout"),
        ({"processDefinitionId": "labelled", "awaitCompletion": "yes"}, "awaitCompletion"),
        ({"processDefinitionId": "labelled", "startInstructions": [{"x": 1}]}, "startInstructions"),
        (
            {"processDefinitionId": "labelled", "startInstructions": [{"elementId": "nowhere"}]},
            "startInstructions",
        ),
        (
            {"processDefinitionId": "labelled", "runtimeInstructions": [{"afterElementId": "work"}]},
            "runtimeInstructions",
        ),
    ],
)
def test_a_start_that_makes_no_sense_is_refused_by_name(
    designer: Caller, operator: Caller, body: Mapping[str, Any], names: str
) -> None:
    deploy(designer, waiting("labelled"))
    before = operator.post("/process-instances/search").json["page"]["totalItems"]

    answer = designer.post("/process-instances", body)

    assert answer.status_code == 400, answer.text
    assert any(field.startswith(names) for field in problem(answer)["errors"]), answer.text
    assert operator.post("/process-instances/search").json["page"]["totalItems"] == before


@pytest.mark.parametrize(
    "body",
    [
        {"processDefinitionId": "no_such_process"},
        {"processDefinitionKey": "99999901"},
        {"processDefinitionKey": "102"},
        {"processDefinitionId": "labelled", "processDefinitionVersion": 77},
        {"processDefinitionId": "labelled", "processDefinitionVersionTag": "no_such_tag"},
    ],
)
def test_a_version_that_is_not_there_is_not_found(designer: Caller, body: Mapping[str, Any]) -> None:
    deploy(designer, waiting("labelled"))

    answer = designer.post("/process-instances", body)

    assert answer.status_code == 404
    assert problem(answer)["title"] == "NOT_FOUND"


def test_staff_start_what_their_start_page_offers_with_the_same_form(app: Flask) -> None:
    staff = as_person(app, "an.p1")
    values = {"movement": MOVEMENT, "period": "2026-10"}

    started = begin(staff, "office_proposal", variables={**values, "office": "P1", "unknown": 1})
    wrong = staff.post("/process-instances", {"processDefinitionId": "office_proposal"})

    assert started["businessId"]
    assert staff.get(f"/process-instances/{started['processInstanceKey']}").status_code == 200
    assert wrong.status_code == 400
    assert "movement" in problem(wrong)["errors"]


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"processDefinitionId": "labelled"}, 403),
        ({"processDefinitionId": "office_proposal", "startInstructions": [{"elementId": "x"}]}, 403),
        ({"processDefinitionId": "office_proposal", "businessId": "my own"}, 400),
    ],
)
def test_staff_start_nothing_else_and_nothing_otherwise(
    app: Flask, designer: Caller, options: Mapping[str, Any], status: int
) -> None:
    deploy(designer, waiting("labelled"))
    values = {"variables": {"movement": MOVEMENT, "period": "2026-11"}}

    answer = as_person(app, "an.p1").post("/process-instances", {**values, **options})

    assert answer.status_code == status, answer.text
    problem(answer)


def test_a_case_of_others_is_as_one_that_does_not_exist(app: Flask, designer: Caller) -> None:
    deploy(designer, waiting("secretive"))
    key = begin(designer, "secretive")["processInstanceKey"]
    staff = as_person(app, "an.p1")

    answers = [
        staff.get(f"/process-instances/{other}{path}")
        for other in (key, keys.write("process_instance", 10**9))
        for path in ("", "/sequence-flows", "/statistics/element-instances", "/call-hierarchy")
    ]

    assert {answer.status_code for answer in answers} == {404}
    details = {problem(answer)["detail"] for answer in answers}
    assert len(details) == 2
    assert key in " ".join(details)


@pytest.mark.parametrize(("key", "status"), [("abc", 400), ("1" * 26, 400), ("103", 404), ("0", 404)])
def test_what_is_no_key_of_an_instance_is_told(designer: Caller, key: str, status: int) -> None:
    answer = designer.get(f"/process-instances/{key}")

    assert answer.status_code == status
    problem(answer)


def test_a_stranger_learns_nothing(app: Flask) -> None:
    stranger = as_stranger(app)

    answers = [stranger.get("/process-instances/102"), stranger.post("/process-instances/search")]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert [problem(answer)["status"] for answer in answers] == [401, 401]


def test_the_way_taken_and_the_counts_of_steps_are_told(designer: Caller, operator: Caller) -> None:
    process = a_process("ways").start().gateway("choose").when("=x > 1").user_task("high", **STAFF).end()
    process.default("choose", "low")
    process.at(None).user_task("low", **STAFF)
    (definition,) = deploy(designer, process)
    started = begin(designer, "ways", variables={"x": 2})
    key = started["processInstanceKey"]

    flows = operator.get(f"/process-instances/{key}/sequence-flows").json["items"]
    counts = operator.get(f"/process-instances/{key}/statistics/element-instances").json["items"]
    many = operator.post(f"/process-definitions/{definition}/statistics/element-instances").json["items"]

    assert [flow["elementId"] for flow in flows] == ["ways_flow1", "ways_flow2"]
    assert {flow["processInstanceKey"] for flow in flows} == {key}
    assert len({flow["sequenceFlowId"] for flow in flows}) == 2
    assert {one["elementId"]: (one["active"], one["completed"]) for one in counts} == {
        "start": (0, 1),
        "choose": (0, 1),
        "high": (1, 0),
    }
    assert sorted(many, key=str) == sorted(counts, key=str)


def test_a_called_case_names_its_caller(designer: Caller, operator: Caller, app: Flask) -> None:
    parent = a_process("boss").start().add("callActivity", "call", Z.calledElement(processId="helper")).end()
    deploy(designer, waiting("helper"), parent)
    root = begin(designer, "boss")["processInstanceKey"]

    found = operator.post("/process-instances/search", {"filter": {"parentProcessInstanceKey": root}}).json
    (child,) = found["items"]
    again = operator.post(
        "/process-instances/search",
        {"filter": {"parentElementInstanceKey": child["parentElementInstanceKey"]}},
    ).json
    line = operator.get(f"/process-instances/{child['processInstanceKey']}/call-hierarchy").json

    assert (child["processDefinitionId"], child["rootProcessInstanceKey"]) == ("helper", root)
    assert again["items"] == [child]
    assert [one["processInstanceKey"] for one in line] == [root, child["processInstanceKey"]]
    caller = operator.get(f"/element-instances/{child['parentElementInstanceKey']}").json
    assert (caller["elementId"], caller["type"]) == ("call", "CALL_ACTIVITY")


def test_the_same_start_sent_twice_with_one_key_happens_once(designer: Caller, operator: Caller) -> None:
    (definition,) = deploy(designer, waiting("once"))
    body = {"processDefinitionId": "once"}

    answers = [designer.post("/process-instances", body, Idempotency_Key="k-1").json for _ in range(2)]

    assert answers[0] == answers[1]
    found = operator.post("/process-instances/search", {"filter": {"processDefinitionKey": definition}}).json
    assert found["page"]["totalItems"] == 1
