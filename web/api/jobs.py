"""Jobs for programs outside: take some, tell how they ended, change them, search them.

Taking waits for work without a transaction and without a connection (engine/decisions/0014-leases.md).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import fields, validate
from sqlalchemy.orm import Session

from engine import job_changes, jobs, leases
from engine.errors import Conflict, EngineError, NotFound, Text
from engine.handlers import registered
from engine.job_changes import Changes
from engine.jobs import Failure
from engine.leases import Wanted
from engine.tables import Job
from web.accounts import current_actor
from web.api import blueprints, changes, job_items, keys, schemas, waiting
from web.api.job_items import SEARCH, ActivatedJobs, JobItem
from web.db import db, reading
from web.rejections import InvalidRequest
from web.security import ADMINISTRATORS, AUDITORS, WORKERS, open_to

blueprint = blueprints.make("jobs", "Work for programs outside.", "/jobs")
WAIT = 5.0  # seconds, for who names no requestTimeout
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5  # seconds between two looks
LONGEST = 10 * 365 * 24 * 3600 * 1000  # milliseconds that a job can be kept or put off
MOST = 2**31 - 1


class _NoneFree(EngineError):
    """Expected a free job, but there is none any more."""


def _milliseconds(**options: Any) -> fields.Integer:
    least = options.pop("least", 0)
    return fields.Integer(strict=True, validate=validate.Range(min=least, max=LONGEST), **options)


class JobActivation(schemas.Request):
    """What a worker asks for."""

    type = fields.String(required=True, validate=validate.Length(min=1, max=1000))
    timeout = _milliseconds(required=True, least=1)
    maxJobsToActivate = fields.Integer(  # noqa: N815
        required=True, strict=True, validate=validate.Range(min=1, max=MOST)
    )
    worker = fields.String(load_default="", validate=validate.Length(max=1000))
    fetchVariable = fields.List(fields.String(), load_default=())  # noqa: N815
    requestTimeout = fields.Integer(  # noqa: N815
        strict=True, load_default=0, validate=validate.Range(min=-LONGEST, max=LONGEST)
    )
    tenantIds = fields.List(schemas.Tenant())  # noqa: N815
    tenantFilter = fields.String(validate=validate.OneOf(("PROVIDED", "ASSIGNED")))  # noqa: N815
    withLease = fields.Boolean(load_default=False, allow_none=True, truthy={True}, falsy={False})  # noqa: N815


class _JobCommand(schemas.Request):
    jobLeaseToken = fields.String(allow_none=True)  # noqa: N815


class JobCompletion(_JobCommand):
    """How a job went well."""

    variables = schemas.Variables(allow_none=True)
    result = fields.Dict(allow_none=True)
    businessId = fields.String(allow_none=True)  # noqa: N815


class JobFailure(_JobCommand):
    """How a job failed, and when it may be tried again."""

    retries = fields.Integer(strict=True, load_default=0, validate=validate.Range(min=0, max=MOST))
    errorMessage = fields.String(load_default="", validate=validate.Length(max=10_000))  # noqa: N815
    retryBackOff = _milliseconds(load_default=0)  # noqa: N815
    variables = schemas.Variables(load_default=dict)


class JobError(_JobCommand):
    """The business error that a job ended with."""

    errorCode = fields.String(required=True, validate=validate.Length(min=1, max=1000))  # noqa: N815
    errorMessage = fields.String(allow_none=True, validate=validate.Length(max=10_000))  # noqa: N815
    variables = schemas.Variables(allow_none=True)


class _JobChangeset(schemas.Request):
    retries = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=1, max=1000))
    timeout = _milliseconds(allow_none=True)
    priority = fields.Integer(strict=True, allow_none=True, validate=validate.Range(min=-MOST, max=MOST))


class JobUpdate(schemas.Empty):
    """What is to be changed of a job."""

    changeset = fields.Nested(_JobChangeset, required=True)
    jobLeaseToken = fields.String(allow_none=True)  # noqa: N815


@blueprint.post("/activation")
@blueprint.arguments(JobActivation)
@blueprint.response(200, ActivatedJobs)
@blueprint.refuses(400)
@open_to(WORKERS, ADMINISTRATORS)
def activate(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give free jobs of a type; without any, wait for one as long as asked for, or answer with none."""
    wanted = Wanted(
        type=body["type"],
        worker=body["worker"],
        limit=body["maxJobsToActivate"],
        lasts=timedelta(milliseconds=body["timeout"]),
        variables=frozenset(body["fetchVariable"]),
        fenced=bool(body["withLease"]),
    )
    leases.ensure_lendable(db.session(), wanted.type)
    found = _take(wanted)
    asked = body["requestTimeout"] / 1000
    if found is None and asked >= 0:
        found = _wait(wanted, waiting.seconds(asked, WAIT))
    return found or {"jobs": []}


@blueprint.post("/<key>/completion")
@blueprint.arguments(JobCompletion)
@blueprint.response(204)
@blueprint.refuses(400, 404, 409)
@open_to(WORKERS, ADMINISTRATORS)
def complete(body: Mapping[str, Any], key: str) -> None:
    """Complete a job with the variables it came to."""
    for name in ("result", "businessId"):
        if body.get(name) is not None:
            problem = Text(
                f"thuộc tính [{name}] không dùng ở đây", f"Request property [{name}] is not for this job"
            )
            raise InvalidRequest(problem, {name: ["Only jobs of service tasks are given away."]})
    actor, job_id = current_actor(), keys.read("job", key)

    def act(session: Session) -> None:
        _ensure_under_way(session, job_id)
        jobs.complete(session, job_id, body.get("variables") or {}, actor, lease=body.get("jobLeaseToken"))

    changes.perform(act)


@blueprint.post("/<key>/failure")
@blueprint.arguments(JobFailure)
@blueprint.response(204)
@blueprint.refuses(400, 404, 409)
@open_to(WORKERS, ADMINISTRATORS)
def fail(body: Mapping[str, Any], key: str) -> None:
    """Tell that a job failed: it is given again after the back-off; without retries it is an incident."""
    actor, job_id = current_actor(), keys.read("job", key)
    failure = Failure(
        retries=body["retries"],
        message=body["errorMessage"],
        back_off=timedelta(milliseconds=body["retryBackOff"]),
        variables=body["variables"],
    )

    def act(session: Session) -> None:
        _ensure_under_way(session, job_id)
        jobs.report_failure(session, job_id, failure, actor, lease=body.get("jobLeaseToken"))

    changes.perform(act)


@blueprint.post("/<key>/error")
@blueprint.arguments(JobError)
@blueprint.response(204)
@blueprint.refuses(400, 404, 409)
@open_to(WORKERS, ADMINISTRATORS)
def throw(body: Mapping[str, Any], key: str) -> None:
    """Throw a business error at the step of a job; one that the diagram does not catch is an incident."""
    actor, job_id = current_actor(), keys.read("job", key)

    def act(session: Session) -> None:
        _ensure_under_way(session, job_id)
        jobs.throw(
            session,
            job_id,
            body["errorCode"],
            actor,
            message=body.get("errorMessage") or "",
            variables=body.get("variables"),
            lease=body.get("jobLeaseToken"),
        )

    changes.perform(act)


@blueprint.patch("/<key>")
@blueprint.arguments(JobUpdate)
@blueprint.response(204)
@blueprint.refuses(400, 404, 409)
@open_to(WORKERS, ADMINISTRATORS)
def update(body: Mapping[str, Any], key: str) -> None:
    """Change the attempts, the time or the urgency of a job."""
    actor, job_id = current_actor(), keys.read("job", key)
    given = body["changeset"]
    timeout = given.get("timeout")
    wanted = Changes(
        retries=given.get("retries"),
        timeout=None if timeout is None else timedelta(milliseconds=timeout),
        priority=given.get("priority"),
    )

    def act(session: Session) -> None:
        reason = changes.reason(body)
        job_changes.update(session, job_id, wanted, actor, reason, lease=body.get("jobLeaseToken"))

    changes.perform(act)


@blueprint.post("/search")
@blueprint.arguments(SEARCH.request())
@blueprint.response(200, SEARCH.answer(JobItem))
@blueprint.refuses(400)
@open_to(AUDITORS, ADMINISTRATORS, WORKERS)
def search(body: Mapping[str, Any]) -> dict[str, Any]:
    """Search the jobs of every case."""
    session = db.session()
    found = SEARCH.run(session, job_items.select_jobs(), body, lambda row: row)
    return found | {"items": job_items.write_all(session, found["items"])}


def _take(wanted: Wanted) -> Mapping[str, Any] | None:
    """Return free jobs, None when there are none; looks before it asks for the right to write."""
    with reading() as session:
        if not leases.is_any_free(session, wanted.type, fenced=wanted.fenced):
            return None

    def act(writing: Session) -> dict[str, Any]:
        lent = leases.activate(writing, wanted)
        if not lent:
            raise _NoneFree
        return job_items.write_lent(writing, lent)

    try:
        return changes.perform(act)
    except _NoneFree:
        return None


def _wait(wanted: Wanted, seconds: float) -> Mapping[str, Any] | None:
    """Look again and again until a job is free or the time is over; None when too many wait already."""
    end, pause = time.monotonic() + seconds, FIRST_PAUSE
    with waiting.place() as given:
        while given and (left := end - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_PAUSE)
            found = _take(wanted)
            if found is not None:
                return found
    return None


def _ensure_under_way(session: Session, job_id: int) -> None:
    """Refuse a job that has ended, or that no program outside does; raises NotFound, Conflict."""
    job = session.get(Job, job_id)
    if job is None or job.status in ("completed", "cancelled") or job.results is not None:
        raise NotFound(kind="job", key=keys.write("job", job_id))
    if job.type in registered(session):
        raise Conflict(
            expected=f"a job for workers outside, but type '{job.type}'",
            found="is handled by this system itself",
            found_vi=f"việc tự động “{job.type}” do chính hệ thống này xử lý",
        )
