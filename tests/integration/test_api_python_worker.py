"""The published Python client, unmodified, works a case from task to task, with its own job worker class."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from camunda_orchestration_sdk import (
    CamundaAsyncClient,
    CamundaClient,
    ConnectedJobContext,
    WorkerConfig,
    errors,
    models,
    types,
)

from tests import working
from tests.browsing import PASSWORD, Server
from tests.clients import serving

WAIT = 30.0  # seconds that a worker may take


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("python_worker"), operator=True) as running:
        yield running


def settings(server: Server) -> Any:
    return {
        "CAMUNDA_REST_ADDRESS": server.base,
        "CAMUNDA_AUTH_STRATEGY": "BASIC",
        "CAMUNDA_BASIC_AUTH_USERNAME": working.OPERATOR,
        "CAMUNDA_BASIC_AUTH_PASSWORD": PASSWORD,
    }


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[CamundaClient]:
    with CamundaClient(configuration=settings(server)) as opened:
        files = [working.purchase(), working.charging(), ("check.form", working.FORM)]
        resources = [types.File(payload=content, file_name=name) for name, content in files]  # type: ignore[arg-type]
        opened.create_deployment(data=models.CreateDeploymentData(resources=resources))
        yield opened


def start(client: CamundaClient, process: str, **variables: object) -> Any:
    given = models.ProcessInstanceCreationInstructionBaseVariables.from_dict({"total": 10, **variables})
    return client.create_process_instance(
        data=models.ProcessCreationById(process_definition_id=process, variables=given)
    )


def of_case(case: Any) -> dict[str, Any]:
    return {"filter": {"processInstanceKey": case.process_instance_key}}


def state(client: CamundaClient, key: Any) -> str:
    return str(client.get_process_instance(process_instance_key=key).state.value)


def test_a_case_goes_from_task_to_job_to_message(client: CamundaClient) -> None:
    case = start(client, "purchase", order="S-1")
    query = models.UserTaskSearchQuery.from_dict(
        {"filter": {"processInstanceKey": case.process_instance_key}}
    )
    (task,) = client.search_user_tasks(data=query).items

    client.assign_user_task(
        task.user_task_key, data=models.UserTaskAssignmentRequest(assignee=working.OPERATOR)
    )
    client.update_user_task(
        task.user_task_key,
        data=models.UserTaskUpdateRequest.from_dict({"changeset": {"priority": 77, "followUpDate": ""}}),
    )
    assigned = client.get_user_task(task.user_task_key)
    form = client.get_user_task_form(task.user_task_key)
    seen = client.search_user_task_effective_variables(task.user_task_key)
    answers = models.UserTaskCompletionRequest.from_dict({"variables": {"agreed": True, "note": "fine"}})
    client.complete_user_task(task.user_task_key, data=answers)
    asked = models.JobActivationRequest(
        type_=working.TYPE, timeout=60_000, max_jobs_to_activate=5, request_timeout=1_000
    )
    (job,) = client.activate_jobs(data=asked).jobs
    client.complete_job(job.job_key)
    taken = client.correlate_message(
        data=models.MessageCorrelationRequest(name="paid", correlation_key="S-1")
    )

    assert (assigned.assignee, assigned.priority) == (working.OPERATOR, 77)
    assert form is not None
    assert form.form_id == "check_form"
    assert {row.name for row in seen.items} >= {"total", "order"}
    assert (job.variables.to_dict()["sum"], job.custom_headers.to_dict()) == (20, {"gateway": "test"})
    assert taken.process_instance_key == case.process_instance_key
    assert state(client, case.process_instance_key) == "COMPLETED"
    with pytest.raises(errors.NotFoundError):
        client.complete_user_task(task.user_task_key)
    log = client.search_user_task_audit_logs(task.user_task_key).items
    assert [entry.operation_type.value for entry in log] == ["ASSIGN", "UPDATE", "COMPLETE"]


def test_a_failed_job_is_repaired_through_its_incident(client: CamundaClient) -> None:
    case = start(client, "charging")
    asked = models.JobActivationRequest(
        type_=working.TYPE, timeout=60_000, max_jobs_to_activate=5, request_timeout=-1
    )
    (job,) = client.activate_jobs(data=asked).jobs

    client.fail_job(job.job_key, data=models.JobFailRequest(retries=0, error_message="no line"))
    query = models.IncidentSearchQuery.from_dict(
        {"filter": {"processInstanceKey": case.process_instance_key}}
    )
    (incident,) = client.search_incidents(data=query).items
    changeset = models.JobUpdateRequest.from_dict({"changeset": {"retries": 1}})
    client.update_job(job.job_key, data=changeset)
    client.resolve_incident(incident.incident_key)
    (again,) = client.activate_jobs(data=asked).jobs
    client.complete_job(again.job_key)

    assert (incident.error_type.value, incident.error_message) == ("JOB_NO_RETRIES", "no line")
    assert client.get_incident(incident.incident_key).state.value == "RESOLVED"
    assert state(client, case.process_instance_key) == "COMPLETED"
    (known,) = client.search_jobs(
        data=models.JobSearchQuery.from_dict({"filter": {"jobKey": job.job_key}})
    ).items
    assert known.state.value == "COMPLETED"


def test_messages_and_signals_are_taken_whether_somebody_waits_or_not(client: CamundaClient) -> None:
    kept = models.MessagePublicationRequest(name="paid", correlation_key="nobody", time_to_live=60_000)
    message = client.publish_message(data=kept)
    signal = client.broadcast_signal(data=models.SignalBroadcastRequest(signal_name="nobody listens"))

    assert message.message_key.isdecimal()
    assert signal.signal_key.isdecimal()
    with pytest.raises(errors.NotFoundError):
        client.correlate_message(data=models.MessageCorrelationRequest(name="paid", correlation_key="-"))


@pytest.mark.parametrize("with_lease", [False, True])
def test_the_worker_class_of_the_client_works_every_job(
    client: CamundaClient, server: Server, with_lease: bool
) -> None:
    cases = [start(client, "charging", number=number) for number in range(5)]
    done: list[int] = []

    async def work() -> None:
        async with CamundaAsyncClient(configuration=settings(server)) as busy:

            async def handle(job: ConnectedJobContext) -> dict[str, Any]:
                done.append(job.variables.to_dict()["number"])
                return {"receipt": len(done)}

            config = WorkerConfig(
                job_type=working.TYPE,
                job_timeout_milliseconds=60_000,
                request_timeout_milliseconds=1_000,
                with_lease=with_lease,
            )
            worker = busy.create_job_worker(config, handle)
            end = asyncio.get_running_loop().time() + WAIT
            while any(state(client, case.process_instance_key) != "COMPLETED" for case in cases):
                assert asyncio.get_running_loop().time() < end, done
                await asyncio.sleep(0.2)
            worker.stop()

    asyncio.run(work())

    assert sorted(done) == [0, 1, 2, 3, 4]
