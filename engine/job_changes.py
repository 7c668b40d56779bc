"""Change an open job without ending it: attempts, the time it is lent for, its place in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from engine import clock, history, instances, leases, operations
from engine.actors import Actor
from engine.errors import BadInput, Conflict, NotFound, Text
from engine.handlers import Json
from engine.incidents import MOST_RETRIES
from engine.tables import Job

UPDATE = Text("sửa bước tự động", "update a job")


@dataclass(frozen=True)
class Changes:
    """What is to be changed of a job; None leaves a part as it is."""

    retries: int | None = None
    timeout: timedelta | None = None
    priority: int | None = None


def update(
    session: Session,
    job_id: int,
    changes: Changes,
    actor: Actor,
    reason: str,
    *,
    lease: str | None = None,
) -> Job:
    """Change a job that has not ended; one that failed for good stays an incident until that is resolved.

    Raises BadInput for a number of attempts below 1, Conflict for a timeout of a job that nobody holds,
    LeaseLost for a token of an earlier lease; without a token the lease is not asked.
    """
    given = operations.ensure_reason(reason, UPDATE)
    if changes.retries is not None and not 1 <= changes.retries <= MOST_RETRIES:
        wanted = f"1..{MOST_RETRIES}"
        raise BadInput(
            expected=f"retries in {wanted}", expected_vi=f"số lần thử {wanted}", found=changes.retries
        )
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(kind="job", key=job_id)
    instance = operations.lock(session, job.instance_id, UPDATE)
    session.refresh(job, with_for_update=True)
    if job.status not in ("open", "failed"):
        raise NotFound(kind="job", key=job_id)
    if lease is not None:
        leases.ensure_held(job, lease)
    with instances.guarded(instance.id):
        if changes.retries is not None:
            told: dict[str, Json] = {"job": job.id, "before": job.retries, "after": changes.retries}
            operations.record(session, instance, "job.retries_set", actor, given, told, job.element)
            job.retries, job.change = changes.retries, "retries_updated"
        other = _apply(job, changes)
        if other:
            data: dict[str, Json] = {"job": job.id, **other}
            operations.record(session, instance, "job.updated", actor, given, data, job.element)
        job.updated_at = clock.now()
        session.flush()
        history.write(session)
    return job


def _apply(job: Job, changes: Changes) -> dict[str, Json]:
    """Change priority and timeout; return what history says of it."""
    told: dict[str, Json] = {}
    if changes.priority is not None:
        told["priority"] = changes.priority
        job.priority, job.change = changes.priority, "priority_updated"
    if changes.timeout is not None:
        if job.status != "open" or job.locked_until is None:
            raise Conflict(
                expected=f"job {job.id} lent to a worker",
                found="nobody holds it, so it has no timeout",
                found_vi="bước tự động này chưa giao cho ai nên không có thời hạn giữ",
            )
        job.locked_until = clock.now() + changes.timeout
        told["until"] = job.locked_until.isoformat()
        job.change = "timeout_updated"
    return told
