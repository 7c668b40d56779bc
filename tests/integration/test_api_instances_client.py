"""The published Python client, unchanged, against `bangvang serve`: cases from their start to their end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from camunda_orchestration_sdk import CamundaClient, models

from tests.browsing import Server
from tests.builders import ProcessBuilder, a_process
from tests.clients import client_of, serving

STAFF = {"candidateGroups": "TCHC.staff"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as opened:
        yield opened


@pytest.fixture
def designer(server: Server) -> Iterator[CamundaClient]:
    with client_of(server, "thao.it") as client:
        yield client


@pytest.fixture
def operator(server: Server) -> Iterator[CamundaClient]:
    with client_of(server, "vinh.it") as client:
        yield client


def deploy(designer: CamundaClient, folder: Path, process: ProcessBuilder) -> str:
    name, content = process.file()
    (folder / name).write_bytes(content)
    found = designer.deploy_resources_from_files([folder / name])
    return str(found.processes[0].process_definition_key)


def begin(designer: CamundaClient, process_id: str, **options: Any) -> models.CreateProcessInstanceResult:
    body = {"processDefinitionId": process_id, **options}
    return designer.create_process_instance(data=models.ProcessCreationById.from_dict(body))


def chain(process_id: str, *steps: str) -> ProcessBuilder:
    process = a_process(process_id).start()
    for step in steps:
        process.user_task(step, **STAFF)
    return process.end()


def standing(operator: CamundaClient, key: str) -> dict[str, str]:
    """Return the keys of the element instances that go on, by element."""
    asked = {"filter": {"processInstanceKey": key, "state": {"$eq": "ACTIVE"}}}
    found = operator.search_element_instances(data=models.ElementInstanceSearchQuery.from_dict(asked))
    return {str(item.element_id): str(item.element_instance_key) for item in found.items}


def test_a_case_is_started_found_and_awaited(
    designer: CamundaClient, operator: CamundaClient, tmp_path: Path
) -> None:
    deploy(designer, tmp_path, chain("found", "work"))
    deploy(designer, tmp_path, a_process("sum").start().script("add", "=a + b", "c").end())

    case = begin(designer, "found", variables={"x": [1]}, tags=["a:1"], businessId="HS-7")
    awaited = {"awaitCompletion": True, "fetchVariables": ["c"], "requestTimeout": 5000}
    summed = begin(designer, "sum", variables={"a": 1, "b": 2}, **awaited)
    wanted = {"tags": ["a:1"], "businessId": {"$like": "HS*"}, "variables": [{"name": "x", "value": "[1]"}]}
    query = {"filter": {**wanted, "state": "ACTIVE"}, "sort": [{"field": "startDate", "order": "DESC"}]}
    found = operator.search_process_instances(data=models.ProcessInstanceSearchQuery.from_dict(query))

    assert summed.variables.to_dict() == {"c": 3}
    assert [item.process_instance_key for item in found.items] == [case.process_instance_key]
    one = operator.get_process_instance(case.process_instance_key)
    assert one.to_dict() == found.items[0].to_dict()
    assert found.page.total_items == 1
    flows = operator.get_process_instance_sequence_flows(case.process_instance_key)
    assert [str(flow.element_id) for flow in flows.items] == ["found_flow1"]
    counts = operator.get_process_instance_statistics(case.process_instance_key)
    assert {str(item.element_id): item.active for item in counts.items} == {"start": 0, "work": 1}
    line = operator.get_process_instance_call_hierarchy(case.process_instance_key)
    assert [entry.process_instance_key for entry in line] == [case.process_instance_key]


def test_variables_are_set_and_read(designer: CamundaClient, operator: CamundaClient, tmp_path: Path) -> None:
    deploy(designer, tmp_path, chain("valued", "work"))
    case = begin(designer, "valued", variables={"x": 1})
    step = standing(operator, case.process_instance_key)["work"]

    for key, local in ((step, True), (case.process_instance_key, False)):
        body = {"variables": {"x": f"at {key}"}, "local": local}
        operator.create_element_instance_variables(key, data=models.SetVariableRequest.from_dict(body))
    query = {"filter": {"processInstanceKey": case.process_instance_key, "name": {"$in": ["x"]}}}
    found = operator.search_variables(data=models.VariableSearchQuery.from_dict(query), truncate_values=False)

    told = {str(item.scope_key): item.value for item in found.items}
    assert told == {key: f'"at {key}"' for key in (step, str(case.process_instance_key))}
    assert operator.get_variable(found.items[0].variable_key).value == found.items[0].value
    assert str(operator.get_element_instance(step).element_id) == "work"


def test_a_case_is_held_moved_migrated_and_cancelled(
    designer: CamundaClient, operator: CamundaClient, tmp_path: Path
) -> None:
    deploy(designer, tmp_path, chain("operated", "first", "second"))
    key = begin(designer, "operated").process_instance_key
    target = deploy(designer, tmp_path, chain("operated", "first", "third"))

    operator.suspend_process_instance(key, data=None)
    held = operator.get_process_instance(key)
    operator.resume_process_instance(key, data=None)
    source = {"sourceType": "byId", "sourceElementId": "first"}
    move = {"moveInstructions": [{"sourceElementInstruction": source, "targetElementId": "second"}]}
    operator.modify_process_instance(key, data=models.ProcessInstanceModificationInstruction.from_dict(move))
    moved = set(standing(operator, key))
    plan = {
        "targetProcessDefinitionKey": target,
        "mappingInstructions": [{"sourceElementId": "second", "targetElementId": "third"}],
    }
    operator.migrate_process_instance(key, data=models.ProcessInstanceMigrationInstruction.from_dict(plan))
    migrated = set(standing(operator, key))
    operator.cancel_process_instance(key, data=None)

    assert (str(held.state), held.suspended_date is None) == ("SUSPENDED", False)
    assert (moved, migrated) == ({"operated", "second"}, {"operated", "third"})
    assert str(operator.get_process_instance(key).state) == "TERMINATED"


def test_incidents_of_a_case_are_read_and_resolved(
    designer: CamundaClient, operator: CamundaClient, tmp_path: Path
) -> None:
    process = a_process("stuck").start().gateway("choose").when("=x > 1").user_task("work", **STAFF).end()
    deploy(designer, tmp_path, process)
    key = begin(designer, "stuck", variables={"x": "?"}).process_instance_key

    before = operator.search_process_instance_incidents(key)
    body = {"variables": {"x": 2}}
    operator.create_element_instance_variables(key, data=models.SetVariableRequest.from_dict(body))
    batch = operator.resolve_process_instance_incidents(key)

    assert [str(item.element_id) for item in before.items] == ["choose"]
    assert str(batch.batch_operation_type) == "RESOLVE_INCIDENT"
    assert not operator.get_process_instance(key).has_incident


def test_refusals_come_as_the_clients_own_errors(designer: CamundaClient, operator: CamundaClient) -> None:
    with pytest.raises(Exception, match="404") as missing:
        operator.get_process_instance("99999999902")
    with pytest.raises(Exception, match="403") as forbidden:
        designer.cancel_process_instance("102", data=None)

    assert getattr(missing.value, "status_code", None) == 404
    assert getattr(forbidden.value, "status_code", None) == 403
