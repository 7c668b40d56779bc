"""Incidents: steps that could not go on, tried again after somebody repaired the cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, history, index, instances, jobs, operations, queue, steps
from engine.actors import Actor
from engine.errors import BadInput, Conflict, NotFound, Text
from engine.handlers import Json
from engine.operations import batches, corrections, damage, holds, suspension
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import Incident, Job, ProcessInstance, Timer

RETRY = Text("thử lại bước có sự cố", "retry an incident")
REPAIR = Text("sửa dữ liệu rồi thử lại", "repair an incident")
RETRIES = Text("đặt số lần thử", "set the retries of a job")
MOST_RETRIES = 1_000


def retry(session: Session, incident_id: int, actor: Actor, *, reason: str = "") -> None:
    """Try the step of an open incident again: a failed job gets new retries, a failed timer fires anew.

    It changes nothing about the case, so the reason may stay empty.
    """
    incident, instance = _open(session, incident_id)
    _retry(session, incident, instance, actor, reason.strip())


def repair(
    session: Session, incident_id: int, variables: Mapping[str, Json], actor: Actor, reason: str
) -> None:
    """Change variables as the step of an open incident sees them, then try it again."""
    given = operations.ensure_reason(reason, REPAIR)
    incident, instance = _open(session, incident_id)
    if incident.kind == damage.KIND:
        raise Conflict(
            expected=f"incident {incident_id} of a step",
            found="the state of its instance cannot be read",
            found_vi="không đọc được trạng thái của hồ sơ nên chưa sửa được dữ liệu",
        )
    corrections.set_variables(
        session, instance.id, variables, actor, given, token=incident.token, goes_on=False
    )
    _retry(session, incident, instance, actor, given)


def set_retries(session: Session, job_id: int, retries: int, actor: Actor, reason: str) -> None:
    """Give a job so many attempts from now on; one that had none left is tried again.

    Raises BadInput for a number below 1 or above MOST_RETRIES.
    """
    given = operations.ensure_reason(reason, RETRIES)
    if not 1 <= retries <= MOST_RETRIES:
        wanted = f"1..{MOST_RETRIES}"
        raise BadInput(expected=f"retries in {wanted}", expected_vi=f"số lần thử {wanted}", found=retries)
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(kind="job", key=job_id)
    instance = operations.lock(session, job.instance_id, RETRIES)
    session.refresh(job)
    if job.status not in ("open", "failed"):
        raise Conflict(
            expected=f"job {job_id} open", found="it is not", found_vi="bước tự động này đã kết thúc"
        )
    data: dict[str, Json] = {"job": job.id, "before": job.retries, "after": retries}
    operations.record(session, instance, "job.retries_set", actor, given, data, job.element)
    job.status, job.retries = "open", retries
    if instance.suspended_at is None:
        index.defer(session, job)

    def go_on(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            token.internal_data.pop("incident", None)

    instances.advance(session, instance, actor, go_on)


def retry_many(
    session: Session,
    incident_ids: Sequence[int],
    actor: Actor,
    reason: str,
    progress: batches.Progress = batches.silent,
) -> list[batches.Result]:
    """Try many incidents again, each on its own: one that is refused leaves the others alone."""
    given = operations.ensure_reason(reason, RETRY)

    def again(number: int) -> None:
        retry(session, number, actor, reason=given)

    return batches.run(session, incident_ids, again, progress)


def _open(session: Session, incident_id: int) -> tuple[Incident, ProcessInstance]:
    incident = session.get(Incident, incident_id)
    if incident is None:
        raise NotFound(kind="incident", key=incident_id)
    instance = operations.lock(session, incident.instance_id, RETRY)
    session.refresh(incident)
    if incident.status != "open":
        raise Conflict(
            expected=f"incident {incident_id} open", found="it is resolved", found_vi="sự cố đã được xử lý"
        )
    return incident, instance


def _retry(
    session: Session, incident: Incident, instance: ProcessInstance, actor: Actor, reason: str
) -> None:
    if incident.kind == damage.KIND:
        _retry_state(session, incident, instance, actor, reason)
        return
    holds.ensure_awake(session, instance)
    _tell(session, incident, instance, actor, reason)
    reopen = _REOPEN.get(incident.kind)
    if reopen is not None:
        reopen(session, incident)

    def again(game: Game) -> None:
        token = game.token(incident.token)
        if token is None:
            return
        if reopen is not None:
            token.internal_data.pop("incident", None)
        else:
            stepping.retry(game, token)

    instances.advance(session, instance, actor, again)


def _tell(session: Session, incident: Incident, instance: ProcessInstance, actor: Actor, reason: str) -> None:
    data: dict[str, Json] = {
        "incident": incident.id,
        "kind": incident.kind,
        "vi": incident.vi,
        "en": incident.en,
    }
    if reason:
        data["reason"] = reason
    history.record(session, instance, "incident.retried", actor, data, incident.element)


def _retry_state(
    session: Session, incident: Incident, instance: ProcessInstance, actor: Actor, reason: str
) -> None:
    """Read the state again; when it can be read by now, the instance goes on with all that waited for it."""
    steps.load(session, instance, actor)
    with steps.guarded(instance.id):
        _tell(session, incident, instance, actor, reason)
        incident.status, incident.resolved_at = "resolved", clock.now()
        data: dict[str, Json] = {"token": incident.token, "kind": incident.kind}
        history.record(session, instance, "incident.resolved", actor, data, incident.element)
        goes_on = holds.lift(session, instance, holds.DAMAGE)
        session.flush()
        history.write(session)
    if goes_on:
        suspension.wake(session, instance, actor)


def _reopen_job(session: Session, incident: Incident) -> None:
    query = select(Job).where(
        Job.instance_id == incident.instance_id, Job.token == incident.token, Job.status == "failed"
    )
    job = session.scalars(query).one()
    job.status, job.retries, job.retry_at = "open", job.retries or index.RETRIES, None
    index.defer(session, job)


def _plan_again(session: Session, incident: Incident) -> None:
    query = select(Timer).where(
        Timer.instance_id == incident.instance_id, Timer.token == incident.token, Timer.status == "waiting"
    )
    timer = session.scalars(query).one()
    queue.defer_timer(session, timer.id, timer.due_at)


# What goes on waiting while the incident is open, and how it is tried again; any other step runs anew.
_REOPEN: dict[str, Callable[[Session, Incident], None]] = {
    "job": _reopen_job,
    jobs.UNCAUGHT: _reopen_job,
    "timer": _plan_again,
}
