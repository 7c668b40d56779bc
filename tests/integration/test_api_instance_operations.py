"""Operations on running cases through the API: cancelled, held, modified, migrated, incidents resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from engine.tables import HistoryEvent
from tests.builders import ProcessBuilder, Z, a_process
from tests.calling import Caller, as_person, problem
from tests.site import open_site
from web import db
from web.api import keys

STAFF = {"candidateGroups": "TCHC.staff"}
OPERATIONS = ("cancellation", "suspension", "resumption", "incident-resolution")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    with open_site(tmp_path_factory.mktemp("site")) as opened:
        yield opened


@pytest.fixture(scope="module")
def designer(app: Flask) -> Caller:
    return as_person(app, "thao.it")


@pytest.fixture(scope="module")
def operator(app: Flask) -> Caller:
    return as_person(app, "vinh.it")


def chain(process_id: str, *steps: str) -> ProcessBuilder:
    process = a_process(process_id).start()
    for step in steps:
        process.user_task(step, **STAFF)
    return process.end()


def begin(designer: Caller, process: ProcessBuilder, **options: Any) -> str:
    assert designer.deploy(process.file()).status_code == 200
    answer = designer.post("/process-instances", {"processDefinitionId": process.id, **options})
    assert answer.status_code == 200, answer.text
    key: str = answer.json["processInstanceKey"]
    return key


def state(operator: Caller, key: str) -> str:
    found: str = operator.get(f"/process-instances/{key}").json["state"]
    return found


def steps(operator: Caller, key: str) -> dict[str, Mapping[str, Any]]:
    """Return the element instances that go on, by element."""
    asked = {"filter": {"processInstanceKey": key, "state": "ACTIVE"}, "page": {"limit": 1000}}
    found = operator.post("/element-instances/search", asked).json["items"]
    return {item["elementId"]: item for item in found if item["type"] != "PROCESS"}


def operate(operator: Caller, key: str, operation: str, body: Any = None) -> int:
    return operator.post(f"/process-instances/{key}/{operation}", body).status_code


def reasons(app: Flask, key: str) -> list[str]:
    number = keys.read("process_instance", key)
    with app.app_context():
        events = db.db.session().scalars(select(HistoryEvent).where(HistoryEvent.instance_id == number))
        return [event.data["reason"] for event in events if "reason" in event.data]


def test_a_case_is_held_goes_on_and_is_cancelled(app: Flask, designer: Caller, operator: Caller) -> None:
    key = begin(designer, chain("held", "work"))

    told = [
        (operate(operator, key, "suspension", {"operationReference": 12}), state(operator, key)),
        (operate(operator, key, "suspension"), state(operator, key)),
        (operate(operator, key, "resumption"), state(operator, key)),
        (operate(operator, key, "resumption"), state(operator, key)),
        (operate(operator, key, "cancellation"), state(operator, key)),
        (operate(operator, key, "cancellation"), state(operator, key)),
        (operate(operator, key, "suspension"), state(operator, key)),
    ]

    assert told == [
        (204, "SUSPENDED"),
        (409, "SUSPENDED"),
        (204, "ACTIVE"),
        (409, "ACTIVE"),
        (204, "TERMINATED"),
        (404, "TERMINATED"),
        (404, "TERMINATED"),
    ]
    assert reasons(app, key) == ["qua API (operationReference 12)", "qua API", "qua API"]


@pytest.mark.parametrize("operation", [*OPERATIONS, "modification", "migration"])
def test_only_administrators_operate(app: Flask, designer: Caller, operator: Caller, operation: str) -> None:
    key = begin(designer, chain("guarded", "work"))
    body = (
        {"targetProcessDefinitionKey": "101", "mappingInstructions": []} if operation == "migration" else {}
    )

    answers = {
        login: as_person(app, login).post(f"/process-instances/{key}/{operation}", body)
        for login in ("an.p1", "uyen.tt", "thao.it")
    }
    unknown = operator.post(f"/process-instances/99999999902/{operation}", body)

    assert {login: answer.status_code for login, answer in answers.items()} == dict.fromkeys(answers, 403)
    assert [problem(answer)["status"] for answer in answers.values()] == [403, 403, 403]
    assert problem(unknown)["status"] == 404
    assert state(operator, key) == "ACTIVE"


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("body", [{"reason": "x"}, {"operationReference": "1"}, {"operationReference": 0}])
def test_an_operation_with_a_wrong_body_is_refused(
    designer: Caller, operator: Caller, operation: str, body: Any
) -> None:
    key = begin(designer, chain("guarded", "work"))

    answer = operator.post(f"/process-instances/{key}/{operation}", body)

    assert answer.status_code == 400
    assert list(problem(answer)["errors"]) == list(body)


def test_a_called_case_is_not_cancelled_behind_its_callers_back(designer: Caller, operator: Caller) -> None:
    assert designer.deploy(chain("callee", "work").file()).status_code == 200
    parent = (
        a_process("caller").start().add("callActivity", "call", Z.calledElement(processId="callee")).end()
    )
    key = begin(designer, parent)
    asked = {"filter": {"parentProcessInstanceKey": key}}
    (child,) = operator.post("/process-instances/search", asked).json["items"]

    status = operate(operator, child["processInstanceKey"], "cancellation")

    assert status == 409
    assert state(operator, child["processInstanceKey"]) == "ACTIVE"


def nested(process_id: str) -> ProcessBuilder:
    process = a_process(process_id).start().user_task("first", **STAFF).open_sub_process("sub").start("s")
    process.user_task("deep", **STAFF).user_task("deeper", **STAFF).end("e").close_sub_process()
    return process.user_task("last", **STAFF).end()


def test_steps_are_activated_moved_and_terminated(designer: Caller, operator: Caller) -> None:
    key = begin(designer, nested("modified"))
    move = {
        "sourceElementInstruction": {"sourceType": "byId", "sourceElementId": "first"},
        "targetElementId": "deep",
        "variableInstructions": [
            {"variables": {"global": 1}},
            {"variables": {"inner": 2}, "scopeId": "sub"},
        ],
    }

    moved = operate(operator, key, "modification", {"moveInstructions": [move]})
    here = steps(operator, key)
    scope = here["sub"]["elementInstanceKey"]
    within = {"elementId": "deeper", "ancestorElementInstanceKey": scope}
    gone = {"elementInstanceKey": here["deep"]["elementInstanceKey"]}
    both = operate(
        operator, key, "modification", {"activateInstructions": [within], "terminateInstructions": [gone]}
    )

    assert (moved, both) == (204, 204)
    assert set(here) == {"sub", "deep"}
    assert set(steps(operator, key)) == {"sub", "deeper"}
    assert steps(operator, key)["sub"]["elementInstanceKey"] == scope
    asked = {"filter": {"processInstanceKey": key}}
    rows = operator.post("/variables/search", asked).json["items"]
    assert {(row["name"], row["scopeKey"]) for row in rows} == {("global", key), ("inner", scope)}


def test_a_step_is_moved_into_the_scope_that_is_named(designer: Caller, operator: Caller) -> None:
    key = begin(designer, nested("direct"), startInstructions=[{"elementId": "first"}, {"elementId": "deep"}])
    here = steps(operator, key)
    move = {
        "sourceElementInstruction": {
            "sourceType": "byKey",
            "sourceElementInstanceKey": here["first"]["elementInstanceKey"],
        },
        "targetElementId": "deeper",
        "ancestorScopeInstruction": {
            "ancestorScopeType": "direct",
            "ancestorElementInstanceKey": here["sub"]["elementInstanceKey"],
        },
    }

    status = operate(operator, key, "modification", {"moveInstructions": [move]})

    assert status == 204
    assert set(steps(operator, key)) == {"sub", "deep", "deeper"}


def by_id(source: str, target: str, **more: Any) -> dict[str, Any]:
    instruction = {"sourceType": "byId", "sourceElementId": source}
    return {"sourceElementInstruction": instruction, "targetElementId": target, **more}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"activateInstructions": []},
        {"activateInstructions": [{"elementId": "nowhere"}]},
        {"activateInstructions": [{"elementId": "first", "ancestorElementInstanceKey": "10000000107"}]},
        {"activateInstructions": [{"elementId": "first", "ancestorElementInstanceKey": "x"}]},
        {"activateInstructions": [{"elementId": "first", "extra": 1}]},
        {"activateInstructions": [{}]},
        {
            "activateInstructions": [
                {"elementId": "deep", "variableInstructions": [{"variables": {}, "scopeId": "last"}]}
            ]
        },
        {"moveInstructions": [by_id("nowhere", "last")]},
        {"moveInstructions": [by_id("first", "nowhere")]},
        {"moveInstructions": [by_id("first", "last", ancestorScopeInstruction={"ancestorScopeType": "up"})]},
        {
            "moveInstructions": [
                by_id("first", "last", ancestorScopeInstruction={"ancestorScopeType": "direct"})
            ]
        },
        {
            "moveInstructions": [
                {"sourceElementInstruction": {"sourceType": "byKey"}, "targetElementId": "last"}
            ]
        },
        {"terminateInstructions": [{"elementId": "first"}]},
        {"terminateInstructions": [{"elementId": "last"}]},
        {"terminateInstructions": [{"elementInstanceKey": "99907"}]},
        {"terminateInstructions": [{"elementInstanceKey": "102", "elementId": "first"}]},
        {"terminateInstructions": [{}]},
        {"terminateInstructions": "first"},
    ],
)
def test_a_modification_that_makes_no_sense_changes_nothing(
    designer: Caller, operator: Caller, body: Any
) -> None:
    key = begin(designer, nested("refused"))

    answer = operator.post(f"/process-instances/{key}/modification", body)

    assert answer.status_code == 400, answer.text
    problem(answer)
    assert set(steps(operator, key)) == {"first"}


def test_a_case_goes_on_with_another_version(designer: Caller, operator: Caller) -> None:
    key = begin(designer, chain("moved", "old", "after"))
    before = steps(operator, key)["old"]["elementInstanceKey"]
    deployed = designer.deploy(chain("moved", "new", "after").file()).json["deployments"]
    target = deployed[0]["processDefinition"]["processDefinitionKey"]
    mapping = [{"sourceElementId": "old", "targetElementId": "new"}]
    plan = {"targetProcessDefinitionKey": target, "mappingInstructions": mapping}

    status = operate(operator, key, "migration", plan)

    item = operator.get(f"/process-instances/{key}").json
    assert status == 204
    assert (item["processDefinitionKey"], item["processDefinitionVersion"]) == (target, 2)
    assert steps(operator, key)["new"]["elementInstanceKey"] == before
    assert operate(operator, key, "migration", plan) == 409  # it runs there already


@pytest.mark.parametrize(
    ("mapping", "status"),
    [
        ([], 409),  # a step under way has no counterpart
        ([{"sourceElementId": "old"}], 400),
        ([{"sourceElementId": "old", "targetElementId": 1}], 400),
        (
            [
                {"sourceElementId": "old", "targetElementId": "new"},
                {"sourceElementId": "old", "targetElementId": "x"},
            ],
            400,
        ),
        ([{"sourceElementId": "old", "targetElementId": "nowhere"}], 409),
    ],
)
def test_a_migration_that_does_not_fit_changes_nothing(
    designer: Caller, operator: Caller, mapping: Any, status: int
) -> None:
    key = begin(designer, chain("unfit", "old"))
    deployed = designer.deploy(chain("unfit", "new").file()).json["deployments"]
    target = deployed[0]["processDefinition"]["processDefinitionKey"]
    plan = {"targetProcessDefinitionKey": target, "mappingInstructions": mapping}

    answer = operator.post(f"/process-instances/{key}/migration", plan)

    assert answer.status_code == status, answer.text
    problem(answer)
    assert set(steps(operator, key)) == {"old"}


@pytest.mark.parametrize(
    ("target", "status"), [("99999999901", 404), ("102", 404), ("abc", 400), (None, 400), (101, 400)]
)
def test_a_migration_to_what_is_no_version_is_refused(
    designer: Caller, operator: Caller, target: Any, status: int
) -> None:
    key = begin(designer, chain("untargeted", "old"))
    plan = {"targetProcessDefinitionKey": target, "mappingInstructions": []}

    answer = operator.post(f"/process-instances/{key}/migration", plan)

    assert answer.status_code == status
    problem(answer)


def test_all_incidents_of_a_case_are_tried_again(designer: Caller, operator: Caller) -> None:
    process = a_process("repaired").start().gateway("choose").when("=x > 1").user_task("work", **STAFF).end()
    key = begin(designer, process, variables={"x": "many"})
    failed = operator.get(f"/process-instances/{key}").json["hasIncident"]
    client = operator.client
    client.put(
        f"/v2/element-instances/{key}/variables", json={"variables": {"x": 2}}, headers=operator.headers
    )

    answer = operator.post(f"/process-instances/{key}/incident-resolution")

    assert failed
    assert answer.status_code == 200
    assert answer.json["batchOperationType"] == "RESOLVE_INCIDENT"
    assert set(steps(operator, key)) == {"work"}
    assert not operator.get(f"/process-instances/{key}").json["hasIncident"]
