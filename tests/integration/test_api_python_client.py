"""The published Python client, unmodified, deploys, reads and deletes on a real server; its clock fires."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from camunda_orchestration_sdk import CamundaClient, errors, models, types

from tests.browsing import Server
from tests.builders import Z, a_process
from tests.clients import client_of, serving
from tests.deciding import a_decision, a_model, text

WAIT = 20.0  # seconds that a timer may take to be fired
FORM = b'{"type":"default","id":"ask_leave","schemaVersion":19,"components":[]}'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("python_client")) as running:
        yield running


@pytest.fixture
def designer(server: Server) -> Iterator[CamundaClient]:
    with client_of(server, "thao.it") as client:
        yield client


@pytest.fixture
def auditor(server: Server) -> Iterator[CamundaClient]:
    with client_of(server, "uyen.tt") as client:
        yield client


def files(*given: tuple[str, bytes]) -> models.CreateDeploymentData:
    return models.CreateDeploymentData(
        resources=[types.File(payload=content, file_name=name) for name, content in given]  # type: ignore[arg-type]
    )


def test_a_deployment_is_told_read_and_deleted(designer: CamundaClient) -> None:
    process = a_process("leave", "Leave").start("start", Z.formDefinition(formId="ask_leave")).end()
    decisions = ("bonus.dmn", a_model(a_decision("bonus", text("days * 2"))))

    told = designer.create_deployment(
        data=files(process.file(), decisions, ("leave.form", FORM), ("notes.json", b'{"a": 1}'))
    )

    parts = {
        name: part for entry in told.deployments for name, part in entry.to_dict().items() if part is not None
    }
    assert set(parts) == {
        "processDefinition",
        "decisionDefinition",
        "decisionRequirements",
        "form",
        "resource",
    }
    key = parts["processDefinition"]["processDefinitionKey"]
    assert designer.get_process_definition(key).has_start_form is True
    assert 'id="leave"' in designer.get_process_definition_xml(key)
    assert designer.get_form_by_key(parts["form"]["formKey"]).form_id == "ask_leave"
    resource = parts["resource"]["resourceKey"]
    assert designer.get_resource(resource).resource_name == "notes.json"
    assert designer.get_resource_content(resource).to_dict() == {"a": 1}
    deleted = designer.delete_resource(resource, data=None)
    assert (deleted.resource_key, deleted.batch_operation) == (resource, None)
    with pytest.raises(errors.NotFoundError) as refused:
        designer.get_resource(resource)
    assert refused.value.parsed.title == "NOT_FOUND"


def test_definitions_and_decisions_are_found_and_evaluated(designer: CamundaClient) -> None:
    designer.create_deployment(data=files(("twice.dmn", a_model(a_decision("twice", text("days * 2"))))))

    found = designer.search_decision_definitions()
    told = designer.evaluate_decision(
        data=models.DecisionEvaluationByID.from_dict(
            {"decisionDefinitionId": "twice", "variables": {"days": 4}}
        )
    )
    processes = designer.search_process_definitions()

    assert "twice" in {one.decision_definition_id for one in found.items}
    assert json.loads(told.output) == 8
    assert processes.page.total_items == len(processes.items)
    statistics = designer.get_process_definition_statistics(processes.items[0].process_definition_key)
    assert statistics.items == []


def test_the_cluster_and_its_people_are_read(designer: CamundaClient, auditor: CamundaClient) -> None:
    assert designer.get_topology().brokers[0].partitions[0].partition_id == 1
    assert designer.get_license().valid_license is True
    designer.get_status()
    assert designer.get_authentication().username == "thao.it"
    assert auditor.get_user("an.p1").username == "an.p1"
    assert "an.p1" in {one.username for one in auditor.search_users().items}
    assert auditor.search_users_for_group("P1.staff").items
    assert {one.role_id for one in auditor.search_roles().items} >= {"designers", "auditors"}


@pytest.mark.parametrize(
    ("login", "files_sent", "error"),
    [
        ("thao.it", [("bad.bpmn", b"<a/>")], errors.BadRequestError),
        ("an.p1", [("x.txt", b"x")], errors.UnexpectedStatus),
    ],
)
def test_a_refused_deployment_raises(
    server: Server, login: str, files_sent: list[tuple[str, bytes]], error: type[Exception]
) -> None:
    with client_of(server, login) as client, pytest.raises(error) as refused:
        client.create_deployment(data=files(*files_sent))

    assert "<html" not in str(refused.value)


def test_pinning_the_clock_fires_what_has_become_due(designer: CamundaClient, auditor: CamundaClient) -> None:
    process = a_process("hourly", "Hourly")
    process.start("start", process.timer("timeDuration", "PT1H")).end()
    told = designer.create_deployment(data=files(process.file()))
    key = told.deployments[0].to_dict()["processDefinition"]["processDefinitionKey"]
    later = round(time.time() * 1000) + 3_700_000

    designer.pin_clock(data=models.ClockPinRequest(timestamp=later))

    statistics = _until(lambda: auditor.get_process_definition_statistics(key).items or None)
    designer.reset_clock()
    assert {one.element_id for one in statistics} >= {"start"}


def _until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise AssertionError("the timer was not fired")
