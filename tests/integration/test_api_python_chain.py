"""The published Python client, unmodified, carries the demo's chain: each person with a token of their own.

From the office's list over centre, department and province to the answer that comes back, with nothing but
the API: tasks are searched, forms and the rows in them are read, answers are sent.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from camunda_orchestration_sdk import CamundaClient, errors, models, types

from tests import clients, databases, site, working
from tests.browsing import ROOT, Server, command
from tests.builders import a_process
from web import create_app, db, tokens
from workflows import story
from workflows.story import (
    CHAIR,
    COORDINATION,
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    HOME_AFFAIRS,
    MOVEMENT,
    STAFF,
)

DESIGNER, AUDITOR, OPERATOR = "thao.it", "uyen.tt", "vinh.it"
PEOPLE = (
    *(STAFF["P1"], HEADS["P1"], STAFF["P2"], COORDINATION, DIRECTOR, DEPARTMENT_OFFICE, DEPARTMENT_DIRECTOR),
    *(HOME_AFFAIRS, CHAIR, DESIGNER, AUDITOR, OPERATOR),
)
NOMINEE = "Lý Ngọc Ánh"
WAIT = 30.0  # seconds until what the worker does stands there
Json = Any


@dataclass(frozen=True)
class Bearer:
    """What tells the client's own interface for authentication about a token."""

    token: str

    def get_headers(self) -> dict[str, str]:
        """Return what every request shows."""
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with clients.serving(tmp_path_factory.mktemp("python_chain")) as running:
        yield running


def told_by(server: Server, *arguments: str) -> str:
    done = subprocess.run(
        command(*arguments), env=server.environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture(scope="module")
def people(server: Server) -> Iterator[Mapping[str, CamundaClient]]:
    """Give everybody in the chain a client with a token of their own, the first made on the command line."""
    found = {PEOPLE[0]: told_by(server, "token", "create", PEOPLE[0]).strip()}
    app = create_app(databases.settings(server.folder, server.database))  # a process for each costs seconds
    with app.app_context(), db.transaction() as session:
        for login in PEOPLE[1:]:
            found[login] = tokens.create(session, login, "test", "system", None)
    site.close(app)
    address: Any = {"CAMUNDA_REST_ADDRESS": server.base}
    clients = {
        login: CamundaClient(configuration=address, auth_provider=Bearer(token))
        for login, token in found.items()
    }
    yield clients
    for client in clients.values():
        client.close()


def begin(client: CamundaClient, process: str, **variables: Json) -> str:
    body = {"processDefinitionId": process, "variables": variables}
    return str(
        client.create_process_instance(data=models.ProcessCreationById.from_dict(body)).process_instance_key
    )


def until(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come")


def tasks_of(client: CamundaClient, element: str, business: str = "*") -> list[Any]:
    wanted = {"state": "CREATED", "elementId": element, "businessId": {"$like": business}}
    return list(client.search_user_tasks(data=models.UserTaskSearchQuery.from_dict({"filter": wanted})).items)


def shown(client: CamundaClient, task: Any) -> dict[str, Json]:
    """Return what the form of a task shows, as a program would read it."""
    rows = client.search_user_task_effective_variables(task.user_task_key, truncate_values=False).items
    return {row.name: json.loads(row.value) for row in rows}


def answer(
    client: CamundaClient, element: str, each: Mapping[str, Json] | None = None, **answers: Json
) -> Any:
    """Complete the one task of an element that the person finds; `each` decides every row of its form."""
    (task,) = until(lambda: tasks_of(client, element))
    form = client.get_user_task_form(task.user_task_key)
    assert form is not None
    asked = {part.get("key") or part.get("path") for part in json.loads(form.schema)["components"]}
    if each is not None:
        answers["rows"] = [{**row, **each} for row in shown(client, task)["rows"]]
    assert set(answers) <= asked
    body = models.UserTaskCompletionRequest.from_dict({"variables": answers})
    client.complete_user_task(task.user_task_key, data=body)
    return task


@pytest.fixture(scope="module")
def carried(people: Mapping[str, CamundaClient]) -> str:
    """Carry one nomination up and its answer down; return the key of the office's case."""
    month = {"movement": MOVEMENT, "period": "2026-11"}
    staff, head = people[STAFF["P1"]], people[HEADS["P1"]]
    begin(people[COORDINATION], "center_consolidation", **month)
    case = begin(staff, "office_proposal", **month)
    nominee = story.individual(NOMINEE, "Thiết kế mẫu chốt kiểm soát trong ba ngày", **story.MERIT)
    nominee["achieved_on"] = "2026-01-05"
    answer(staff, "prepare_proposal", report_kind="proposal", nominees=[nominee])
    answer(head, "head_review", decision="sign")
    answer(people[COORDINATION], "review_proposals", {"decision": "accept", "reason": ""}, closed=True)
    answer(people[DIRECTOR], "sign_submission", decision="sign")
    recommended = {"decision": "recommend", "reason": ""}
    answer(people[DEPARTMENT_OFFICE], "appraise", recommended)
    upwards = {"decision": "submit_up", "reason": ""}
    answer(people[DEPARTMENT_DIRECTOR], "decide", upwards, decision="approve")
    answer(people[HOME_AFFAIRS], "appraise", recommended)
    answer(people[CHAIR], "decide_merit", {"decision": "award", "reason": ""})
    return case


def test_a_nomination_goes_up_and_its_decision_comes_down(
    people: Mapping[str, CamundaClient], carried: str
) -> None:
    head = people[HEADS["P1"]]
    (told,) = until(lambda: tasks_of(head, "acknowledge_results"))
    (row,) = shown(head, told)["rows"]

    done = answer(head, "acknowledge_results", informed=True)

    assert row["subject"] == NOMINEE
    assert row["result"].startswith("Đã tặng")
    assert done.process_instance_key == carried
    assert people[AUDITOR].get_process_instance(carried).state.value == "COMPLETED"
    with pytest.raises(errors.NotFoundError):
        head.complete_user_task(done.user_task_key)


def test_nobody_sees_or_does_what_is_not_theirs(people: Mapping[str, CamundaClient], carried: str) -> None:
    stranger, staff = people[STAFF["P2"]], people[STAFF["P1"]]
    case = begin(staff, "office_proposal", movement=MOVEMENT, period="2026-12")
    (task,) = tasks_of(staff, "prepare_proposal", "P1/598/2026-12")

    with pytest.raises(errors.NotFoundError):
        stranger.get_process_instance(case)
    with pytest.raises(errors.NotFoundError):
        stranger.get_user_task(task.user_task_key)
    with pytest.raises(errors.UnexpectedStatus, match="403"):
        stranger.complete_user_task(task.user_task_key)
    with pytest.raises(errors.BadRequestError) as refused:
        staff.complete_user_task(
            task.user_task_key,
            data=models.UserTaskCompletionRequest.from_dict({"variables": {"outcome": "award"}}),
        )

    assert tasks_of(stranger, "prepare_proposal") == []
    assert "outcome" in refused.value.content.decode()
    assert staff.get_user_task(task.user_task_key).state.value == "CREATED"


def test_everything_about_the_carried_case_is_read(people: Mapping[str, CamundaClient], carried: str) -> None:
    auditor, filter_ = people[AUDITOR], {"filter": {"processInstanceKey": carried}}
    case = auditor.get_process_instance(carried)
    steps = auditor.search_element_instances(data=models.ElementInstanceSearchQuery.from_dict(filter_))
    values = auditor.search_variables(data=models.VariableSearchQuery.from_dict(filter_))
    log = auditor.search_audit_logs(data=models.AuditLogSearchQueryRequest.from_dict(filter_))
    jobs = auditor.search_jobs(data=models.JobSearchQuery.from_dict(filter_))
    definition = auditor.get_process_definition(case.process_definition_key)
    decisions = auditor.search_decision_definitions()

    assert {"prepare_proposal", "head_review"} <= {str(one.element_id) for one in steps.items}
    key = steps.items[0].element_instance_key
    assert auditor.get_element_instance(key).element_instance_key == key
    assert auditor.get_process_instance_sequence_flows(carried).items
    assert auditor.get_process_instance_statistics(carried).items
    assert auditor.get_process_definition_statistics(case.process_definition_key).items
    assert auditor.get_variable(values.items[0].variable_key).name == values.items[0].name
    assert {one.operation_type.value for one in log.items} >= {"CREATE", "COMPLETE"}
    assert auditor.get_audit_log(log.items[0].audit_log_key).audit_log_key == log.items[0].audit_log_key
    assert {one.state.value for one in jobs.items} <= {"COMPLETED"}
    assert auditor.search_incidents(data=models.IncidentSearchQuery.from_dict(filter_)).items == []
    assert definition.process_definition_id == "office_proposal"
    assert auditor.get_start_process_form(case.process_definition_key) is not None
    assert 'id="office_proposal"' in auditor.get_process_definition_xml(case.process_definition_key)
    wanted = next(one for one in decisions.items if one.decision_definition_id == "eligibility")
    assert auditor.get_decision_definition(wanted.decision_definition_key).name == wanted.name
    assert "eligibility" in auditor.get_decision_definition_xml(wanted.decision_definition_key)
    assert auditor.get_decision_requirements(wanted.decision_requirements_key).version == wanted.version


def test_a_long_list_is_read_page_by_page(people: Mapping[str, CamundaClient], carried: str) -> None:
    auditor, found = people[AUDITOR], []
    page: dict[str, Any] = {"limit": 2}
    sort = [{"field": "elementInstanceKey", "order": "ASC"}]

    while True:
        body = {"filter": {"processInstanceKey": carried}, "sort": sort, "page": page}
        read = auditor.search_element_instances(data=models.ElementInstanceSearchQuery.from_dict(body))
        if not read.items:
            break
        found += [str(one.element_instance_key) for one in read.items]
        page = {"limit": 2, "after": read.page.end_cursor}

    assert len(found) == len(set(found)) > 4


def test_a_program_works_with_environment_variables_alone(
    server: Server, people: Mapping[str, CamundaClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    account = told_by(server, "service", "add", "charger", "--group", "workers")
    name, secret = (line.split()[-1] for line in account.strip().splitlines()[:2])
    monkeypatch.setenv("CAMUNDA_REST_ADDRESS", server.base)
    monkeypatch.setenv("CAMUNDA_CLIENT_ID", name)
    monkeypatch.setenv("CAMUNDA_CLIENT_SECRET", secret)
    monkeypatch.setenv("CAMUNDA_OAUTH_URL", f"{server.base}/oauth/token")
    process = a_process("charging").start().service_task("charge", working.TYPE).end()
    name_of_file, content = process.file()
    part: Any = types.File(payload=content, file_name=name_of_file)  # type: ignore[arg-type]
    people[DESIGNER].create_deployment(data=models.CreateDeploymentData(resources=[part]))

    with CamundaClient() as program:
        case = begin(program, "charging", total=3)
        asked = models.JobActivationRequest(
            type_=working.TYPE, timeout=60_000, max_jobs_to_activate=1, request_timeout=1_000
        )
        (job,) = program.activate_jobs(data=asked).jobs
        program.fail_job(job.job_key, data=models.JobFailRequest(retries=0, error_message="no line"))
        operator = people[OPERATOR]
        (incident,) = operator.search_process_instance_incidents(case).items
        with pytest.raises(errors.UnexpectedStatus) as refused:
            program.resolve_incident(incident.incident_key)
        operator.update_job(
            job.job_key, data=models.JobUpdateRequest.from_dict({"changeset": {"retries": 1}})
        )
        operator.resolve_incident(incident.incident_key)
        (again,) = program.activate_jobs(data=asked).jobs
        program.complete_job(again.job_key)
        me = program.get_authentication()

    assert (me.username, refused.value.status_code) == (name, 403)
    assert operator.get_process_instance(case).state.value == "COMPLETED"
