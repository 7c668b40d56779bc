"""Jobs for programs outside: given away, ended, failed, repaired and searched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from engine import clock
from tests import calling, working
from tests.calling import Caller
from tests.working import activate, find, start, task_of
from workflows import HANDLERS


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with working.open_office(tmp_path) as opened:
        yield opened
    clock.unpin()


@pytest.fixture
def caller(app: Flask) -> Caller:
    return calling.as_person(app, working.OPERATOR)


def begin(caller: Caller) -> str:
    return start(caller, "charging")


def test_a_job_carries_what_its_task_sees_and_ends_with_what_the_worker_found(caller: Caller) -> None:
    instance = start(caller)
    task = task_of(caller, instance)["userTaskKey"]
    assert working.change(caller, "POST", f"/user-tasks/{task}/assignment", {"assignee": "operator"}) == 204
    answers = {"variables": {"agreed": True, "note": "ok"}}
    assert working.change(caller, "POST", f"/user-tasks/{task}/completion", answers) == 204

    (job,) = activate(caller, fetchVariable=["sum", "order"])
    done = working.change(caller, "POST", f"/jobs/{job['jobKey']}/completion", {"variables": {"receipt": 7}})

    assert (job["variables"], job["customHeaders"]) == ({"sum": 20, "order": "A-1"}, {"gateway": "test"})
    assert done == 204
    (found,) = find(caller, "jobs", processInstanceKey=instance)
    assert (found["state"], found["worker"], found["elementId"]) == ("COMPLETED", "w", "charge")
    assert working.change(caller, "POST", f"/jobs/{job['jobKey']}/completion") == 404


def test_a_lent_job_is_nobody_elses_until_its_time_is_over_by_the_clock(caller: Caller) -> None:
    clock.pin(clock.now())
    begin(caller)

    (first,) = activate(caller, timeout=60_000, worker="slow")
    meanwhile = activate(caller)
    clock.pin(clock.now() + timedelta(seconds=61))
    (late,) = find(caller, "jobs", state="TIMED_OUT")
    (second,) = activate(caller, worker="quick")

    assert meanwhile == []
    assert first["jobKey"] == second["jobKey"] == late["jobKey"]
    assert working.change(caller, "POST", f"/jobs/{first['jobKey']}/completion") == 204


def test_a_token_of_an_earlier_lease_ends_nothing(caller: Caller) -> None:
    clock.pin(clock.now())
    begin(caller)
    (old,) = activate(caller, withLease=True, timeout=1_000)
    clock.pin(clock.now() + timedelta(seconds=2))

    assert activate(caller) == []  # lent with leases only from now on
    (new,) = activate(caller, withLease=True)
    path = f"/jobs/{old['jobKey']}/completion"
    stale = working.change(caller, "POST", path, {"jobLeaseToken": old["jobLeaseToken"]})
    missing = working.change(caller, "POST", path)
    right = working.change(caller, "POST", path, {"jobLeaseToken": new["jobLeaseToken"]})

    assert (stale, missing, right) == (409, 409, 204)


def test_a_failed_job_waits_for_its_back_off_and_then_becomes_an_incident(caller: Caller) -> None:
    clock.pin(clock.now())
    instance = begin(caller)
    (job,) = activate(caller)
    path = f"/jobs/{job['jobKey']}"

    told = {"retries": 1, "errorMessage": "no line", "retryBackOff": 5_000, "variables": {"tried": 1}}
    assert working.change(caller, "POST", f"{path}/failure", told) == 204
    (failed,) = find(caller, "jobs", hasFailedWithRetriesLeft=True)
    early = activate(caller)
    clock.pin(clock.now() + timedelta(seconds=6))
    (again,) = activate(caller)
    assert working.change(caller, "POST", f"{path}/failure", {"errorMessage": "still no line"}) == 204

    assert (failed["state"], failed["errorMessage"], early) == ("FAILED", "no line", [])
    assert again["variables"]["tried"] == 1
    (incident,) = find(caller, "incidents", processInstanceKey=instance, state="ACTIVE")
    assert (incident["errorType"], incident["errorMessage"]) == ("JOB_NO_RETRIES", "still no line")
    assert incident["jobKey"] == job["jobKey"]
    assert working.change(caller, "POST", f"{path}/completion") == 409


def test_an_incident_of_a_job_is_resolved_after_it_got_attempts(caller: Caller) -> None:
    instance = begin(caller)
    (job,) = activate(caller)
    working.change(caller, "POST", f"/jobs/{job['jobKey']}/failure", {"errorMessage": "no"})
    (incident,) = find(caller, "incidents", processInstanceKey=instance)
    resolution = f"/incidents/{incident['incidentKey']}/resolution"

    too_early = working.change(caller, "POST", resolution)
    patched = working.change(caller, "PATCH", f"/jobs/{job['jobKey']}", {"changeset": {"retries": 2}})
    (waiting,) = find(caller, "incidents", processInstanceKey=instance, state="ACTIVE")
    resolved = working.change(caller, "POST", resolution)

    assert (too_early, patched, resolved) == (409, 204, 204)
    assert waiting["incidentKey"] == incident["incidentKey"]
    assert working.change(caller, "POST", resolution) == 404
    (again,) = activate(caller)
    assert (again["jobKey"], again["retries"]) == (job["jobKey"], 2)


def test_an_error_is_caught_by_the_diagram_and_an_unknown_one_is_an_incident(caller: Caller) -> None:
    instance = begin(caller)
    (job,) = activate(caller)

    thrown = {"errorCode": "unknown", "errorMessage": "card stolen"}
    assert working.change(caller, "POST", f"/jobs/{job['jobKey']}/error", thrown) == 204

    (incident,) = find(caller, "incidents", processInstanceKey=instance)
    assert (incident["errorType"], incident["errorMessage"]) == ("UNHANDLED_ERROR_EVENT", "card stolen")
    (found,) = find(caller, "jobs", errorCode="unknown")
    assert found["state"] == "ERROR_THROWN"
    assert working.change(caller, "POST", f"/incidents/{incident['incidentKey']}/resolution") == 204
    assert len(activate(caller)) == 1


def test_the_most_urgent_job_comes_first_and_a_timeout_can_be_moved(caller: Caller) -> None:
    begin(caller)
    second = begin(caller)
    (_, later) = find(caller, "jobs")

    idle = working.change(caller, "PATCH", f"/jobs/{later['jobKey']}", {"changeset": {"timeout": 5}})
    urgent = working.change(caller, "PATCH", f"/jobs/{later['jobKey']}", {"changeset": {"priority": 9}})
    (first,) = activate(caller, maxJobsToActivate=1)
    moved = working.change(caller, "PATCH", f"/jobs/{first['jobKey']}", {"changeset": {"timeout": 90_000}})

    assert (idle, urgent, moved) == (409, 204, 204)
    assert (first["processInstanceKey"], first["priority"]) == (second, 9)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"type": "x", "timeout": 0, "maxJobsToActivate": 1}, "timeout"),
        ({"type": "x", "timeout": 1, "maxJobsToActivate": 0}, "maxJobsToActivate"),
        ({"timeout": 1, "maxJobsToActivate": 1}, "type"),
        ({"type": "x", "timeout": 1, "maxJobsToActivate": 1, "odd": 1}, "odd"),
        ({"type": "x", "timeout": 1, "maxJobsToActivate": 1, "tenantIds": ["other"]}, "tenantIds.0"),
    ],
)
def test_a_wrong_activation_is_refused_with_its_field(caller: Caller, body: object, field: str) -> None:
    answer = caller.post("/jobs/activation", body)

    told = calling.problem(answer)
    assert answer.status_code == 400
    assert field in told["errors"]


def test_what_our_own_handlers_do_is_not_given_away(caller: Caller) -> None:
    own = next(iter(HANDLERS))

    answer = caller.post("/jobs/activation", {"type": own, "timeout": 1, "maxJobsToActivate": 1})

    assert answer.status_code == 400
    assert own in calling.problem(answer)["detail"]


def test_staff_get_no_jobs(app: Flask) -> None:
    answer = calling.as_person(app, "an.p1").post(
        "/jobs/activation", {"type": "x", "timeout": 1, "maxJobsToActivate": 1}
    )

    assert answer.status_code == 403
    calling.problem(answer)
