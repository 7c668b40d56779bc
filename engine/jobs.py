"""Jobs: handlers called outside the step, with retries; without retries left, an incident."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine import clock, history, instances
from engine.actors import SYSTEM, Actor
from engine.errors import BpmnError, Conflict, EngineError, NotFound
from engine.handlers import Json, registered
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import Job, ProcessInstance


class JobFailed(EngineError):
    """Expected job '{type}' to succeed, but it failed: {error}."""

    vi = "Bước tự động “{type}” lỗi: {error}"
    en = "Job '{type}' failed: {error}"


def run(session: Session, job_id: int) -> None:
    """Call the handler of an open job and go on with its results."""
    job, instance = _open(session, job_id)
    if job is None:
        return
    registration = registered(session).get(job.type)
    if registration is None:
        raise NotFound(kind="handler", key=job.type)
    game = instances.load(session, instance, SYSTEM)
    token = game.token(job.token)
    if token is None:
        return
    call = instances.service_call(instance, token.task_spec.element, game.variables(token), SYSTEM)
    try:
        results = registration.function(session, call) or {}
    except BpmnError as error:
        _throw(session, job, instance, error.code, SYSTEM)
    else:
        _finish(session, job, instance, results, SYSTEM)


def complete(session: Session, job_id: int, variables: Mapping[str, Json], actor: Actor) -> None:
    """Complete a job that somebody else's worker did."""
    job, instance = _open(session, job_id)
    if job is None:
        raise Conflict(expected=f"job {job_id} open", found="it is not", found_vi="công việc này đã kết thúc")
    _finish(session, job, instance, variables, actor)


def throw(session: Session, job_id: int, code: str, actor: Actor) -> None:
    """Throw a business error at the activity of an open job, to be caught by an error boundary event."""
    job, instance = _open(session, job_id)
    if job is None:
        raise Conflict(expected=f"job {job_id} open", found="it is not", found_vi="công việc này đã kết thúc")
    _throw(session, job, instance, code, actor)


def fail(session: Session, job_id: int, error: str) -> None:
    """Take one retry from a job; with none left the step keeps its place and becomes an incident."""
    job, instance = _open(session, job_id)
    if job is None:
        return
    job.retries -= 1
    job.error = error
    data: dict[str, Json] = {"type": job.type, "retries": job.retries, "error": error}
    history.record(session, instance, "job.failed", SYSTEM, data, job.element)
    if job.retries > 0:
        session.flush()
        history.write(session)
        return
    job.status = "failed"

    def stop(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.hold(token, JobFailed(type=job.type, error=error), "job")

    instances.advance(session, instance, SYSTEM, stop)


def _open(session: Session, job_id: int) -> tuple[Job | None, ProcessInstance]:
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(kind="job", key=job_id)
    instance = instances.locked(session, job.instance_id)
    session.refresh(job)
    return (job if job.status == "open" else None), instance


def _finish(
    session: Session, job: Job, instance: ProcessInstance, results: Mapping[str, Json], actor: Actor
) -> None:
    job.status, job.ended_at = "completed", clock.now()
    history.record(session, instance, "job.completed", actor, {"type": job.type}, job.element)

    def go_on(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.finish(game, token, results)

    instances.advance(session, instance, actor, go_on)


def _throw(session: Session, job: Job, instance: ProcessInstance, code: str, actor: Actor) -> None:
    job.status, job.ended_at, job.error = "completed", clock.now(), code
    data: dict[str, Json] = {"type": job.type, "error": code}
    history.record(session, instance, "job.completed", actor, data, job.element)

    def throw_error(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.throw(game, token, code)

    instances.advance(session, instance, actor, throw_error)
