"""Decisions through the API: found, read and evaluated; one that fails says why."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests import calling
from tests.calling import Caller
from tests.deciding import a_decision, a_model, a_table, an_input, text
from tests.site import open_site

ITEM = {
    "decisionDefinitionId",
    "decisionDefinitionKey",
    "decisionRequirementsId",
    "decisionRequirementsKey",
    "decisionRequirementsName",
    "decisionRequirementsVersion",
    "name",
    "tenantId",
    "version",
}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


@pytest.fixture
def designer(app: Flask) -> Caller:
    return calling.as_person(app, "thao.it")


def awards(limit: int = 90) -> tuple[str, bytes]:
    table = a_table(["score"], [""], (f">= {limit}", '"medal"'), (f"< {limit}", '"none"'))
    award = a_decision("award", table, inputs=["score"])
    message = a_decision("message", text('"you get " + award'), needs=["award"])
    return "awards.dmn", a_model(an_input("score", "number"), award, message, name="Awards")


def deploy(designer: Caller, *files: tuple[str, bytes]) -> None:
    assert designer.deploy(*files).status_code == 200


def search(designer: Caller, filter_: dict[str, Any]) -> list[dict[str, Any]]:
    answer = designer.post("/decision-definitions/search", {"filter": filter_})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]  # type: ignore[index]
    assert all(set(item) == ITEM for item in items)
    return items


def evaluate(designer: Caller, body: dict[str, Any]) -> dict[str, Any]:
    answer = designer.post("/decision-definitions/evaluation", body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json  # type: ignore[assignment]
    return told


def test_decisions_are_found_with_their_file(designer: Caller) -> None:
    deploy(designer, awards())
    deploy(designer, awards(80))

    newest = search(designer, {"decisionDefinitionId": "award", "isLatestVersion": True})
    both = search(designer, {"decisionRequirementsName": "Awards"})

    assert [(one["version"], one["decisionRequirementsVersion"]) for one in newest] == [(2, 2)]
    assert sorted(one["decisionDefinitionId"] for one in both) == ["award", "award", "message", "message"]
    assert len({one["decisionRequirementsKey"] for one in both}) == 2


def test_one_version_is_read_with_its_file(designer: Caller) -> None:
    deploy(designer, awards())
    found = search(designer, {"decisionDefinitionId": "award"})[0]

    told = designer.get(f"/decision-definitions/{found['decisionDefinitionKey']}").json
    xml = designer.get(f"/decision-definitions/{found['decisionDefinitionKey']}/xml")

    assert told == found
    assert (xml.mimetype, xml.data) == ("text/xml", awards()[1])


def test_a_file_of_decisions_is_found_and_read(designer: Caller) -> None:
    deploy(designer, awards())
    deploy(designer, awards(80))

    answer = designer.post(
        "/decision-requirements/search",
        {"filter": {"decisionRequirementsName": "Awards"}, "sort": [{"field": "version", "order": "DESC"}]},
    )

    assert answer.json is not None
    newest, oldest = answer.json["items"]
    assert (newest["version"], oldest["version"], newest["resourceName"]) == (2, 1, "awards.dmn")
    path = f"/decision-requirements/{oldest['decisionRequirementsKey']}"
    assert designer.get(path).json == oldest
    assert designer.get(f"{path}/xml").data == awards()[1]
    assert calling.problem(designer.get("/decision-requirements/99999912"))["status"] == 404


def test_an_evaluation_tells_rules_inputs_and_outputs(designer: Caller) -> None:
    deploy(designer, awards())

    told = evaluate(designer, {"decisionDefinitionId": "message", "variables": {"score": 95}})

    table, words = told["evaluatedDecisions"]
    assert json.loads(told["output"]) == "you get medal"
    assert (told["failedDecisionDefinitionId"], told["failureMessage"]) == (None, None)
    assert (table["decisionDefinitionType"], words["decisionDefinitionType"]) == (
        "DECISION_TABLE",
        "LITERAL_EXPRESSION",
    )
    assert table["evaluatedInputs"][0]["inputValue"] == "95"
    assert table["matchedRules"][0]["ruleIndex"] == 1
    assert json.loads(table["matchedRules"][0]["evaluatedOutputs"][0]["outputValue"]) == "medal"
    assert re.fullmatch(r"\d+-\d+", table["decisionEvaluationInstanceKey"])


def test_a_key_names_one_version(designer: Caller) -> None:
    deploy(designer, awards())
    old = search(designer, {"decisionDefinitionId": "award"})[0]["decisionDefinitionKey"]
    deploy(designer, awards(99))

    told = [
        json.loads(evaluate(designer, body | {"variables": {"score": 95}})["output"])
        for body in ({"decisionDefinitionKey": old}, {"decisionDefinitionId": "award"})
    ]

    assert told == ["medal", "none"]


@pytest.mark.parametrize("variables", [{}, {"score": "many"}, {"score": [[1]]}, {"score": None}])
def test_a_failed_evaluation_says_why(designer: Caller, variables: dict[str, Any]) -> None:
    table = a_table(["score"], [""], (">= 90", '"medal"'))
    need = a_decision("strict", table, inputs=["score"])
    deploy(designer, ("strict.dmn", a_model(an_input("score", "number"), need)))

    told = evaluate(designer, {"decisionDefinitionId": "strict", "variables": variables})

    assert told["output"] == "null"
    if variables.get("score") is not None:
        assert told["failedDecisionDefinitionId"] == "strict"
        assert told["failureMessage"]


def test_an_evaluation_without_end_is_stopped(designer: Caller) -> None:
    endless = text("count(for x in 1..100000 return for y in 1..100000 return x * y)")
    deploy(designer, ("endless.dmn", a_model(a_decision("endless", endless))))

    told = evaluate(designer, {"decisionDefinitionId": "endless"})

    assert told["failedDecisionDefinitionId"] == "endless"


def test_too_much_to_tell_is_a_failure(designer: Caller) -> None:
    large = text("for x in 1..60 return for y in 1..2000 return 1")
    deploy(designer, ("large.dmn", a_model(a_decision("large", large))))

    told = evaluate(designer, {"decisionDefinitionId": "large"})

    assert told["failedDecisionDefinitionId"] == "large"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"decisionDefinitionId": "award", "decisionDefinitionKey": "11"}, 400),
        ({"decisionDefinitionId": "no such"}, 404),
        ({"decisionDefinitionKey": "99999911"}, 404),
        ({"decisionDefinitionKey": "101"}, 404),
        ({"decisionDefinitionKey": 5}, 400),
        ({"decisionDefinitionId": "award", "variables": [1]}, 400),
        ({"decisionDefinitionId": "award", "tenantId": "other"}, 400),
        ({"decisionDefinitionId": "award", "len": 1}, 400),
    ],
    ids=str,
)
def test_a_wrong_evaluation_is_refused(designer: Caller, body: Any, status: int) -> None:
    deploy(designer, awards())

    assert calling.problem(designer.post("/decision-definitions/evaluation", body))["status"] == status


def test_staff_do_not_try_decisions_out(app: Flask) -> None:
    staff = calling.as_person(app, "an.p1")

    statuses = [
        calling.problem(staff.post(path, {}))["status"]
        for path in ("/decision-definitions/search", "/decision-definitions/evaluation")
    ]

    assert statuses == [403, 403]
