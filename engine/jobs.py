"""Jobs: handlers called outside the step, with retries; without retries left, an incident.

What a handler reached outside cannot be taken back: when its instance was suspended meanwhile, its outcome is
kept with the job and taken when the instance goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine import clock, history, instances
from engine.actors import SYSTEM, Actor
from engine.errors import BpmnError, Conflict, EngineError, NotFound
from engine.handlers import Handler, Json, ServiceCall, registered
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import Job, ProcessInstance


class JobFailed(EngineError):
    """Expected job '{type}' to succeed, but it failed: {error}."""

    vi = "Bước tự động “{type}” lỗi: {error}"
    en = "Job '{type}' failed: {error}"


@dataclass(frozen=True)
class Prepared:
    """The handler of an open job with what it is told; it needs nothing of the transaction it was read in."""

    job: int
    function: Handler
    call: ServiceCall


@dataclass(frozen=True)
class Outcome:
    """How a handler ended: with results, or with the code of a business error."""

    results: Mapping[str, Json]
    code: str | None = None


def run(session: Session, job_id: int) -> None:
    """Call the handler of an open job and go on with its results, all in one transaction."""
    prepared = prepare(session, job_id)
    if prepared is not None:
        take(session, job_id, call(session, prepared))


def prepare(session: Session, job_id: int) -> Prepared | None:
    """Return what to call for a job; None when it is not open any more, or its instance stands still."""
    job, instance = _open(session, job_id)
    if job is None or instance.suspended_at is not None:
        return None
    registration = registered(session).get(job.type)
    if registration is None:
        raise NotFound(kind="handler", key=job.type)
    game = instances.load(session, instance, SYSTEM)
    token = game.token(job.token)
    if token is None:
        return None
    told = instances.service_call(instance, token.task_spec.element, game.variables(token), SYSTEM)
    return Prepared(job_id, registration.function, told)


def call(session: Session, prepared: Prepared) -> Outcome:
    """Call a handler; a business error is an outcome, any other one is raised."""
    try:
        return Outcome(prepared.function(session, prepared.call) or {})
    except BpmnError as error:
        return Outcome({}, error.code)


def take(session: Session, job_id: int, outcome: Outcome) -> None:
    """Go on with the outcome of one of our own handlers; a job that has ended meanwhile needs none."""
    job, instance = _open(session, job_id)
    if job is not None:
        _end(session, job, instance, outcome, SYSTEM)


def take_kept(session: Session, job: Job, instance: ProcessInstance, actor: Actor) -> None:
    """Go on with an outcome that was kept while the instance stood still."""
    kept: Mapping[str, Any] = job.results or {}
    job.results = None
    _end(session, job, instance, Outcome(kept["results"], kept["code"]), actor)


def complete(session: Session, job_id: int, variables: Mapping[str, Json], actor: Actor) -> None:
    """Complete a job that somebody else's worker did."""
    job, instance = _still_open(session, job_id)
    _end(session, job, instance, Outcome(variables), actor)


def throw(session: Session, job_id: int, code: str, actor: Actor) -> None:
    """Throw a business error at the activity of an open job, to be caught by an error boundary event."""
    job, instance = _still_open(session, job_id)
    _end(session, job, instance, Outcome({}, code), actor)


def fail(session: Session, job_id: int, error: str) -> None:
    """Take one retry from a job; with none left the step keeps its place and becomes an incident.

    A job of an instance that stands still is asked again when it goes on: nothing is taken from it.
    """
    job, instance = _open(session, job_id)
    if job is None or instance.suspended_at is not None:
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
            stepping.give_up(game, token, JobFailed(type=job.type, error=error), "job")

    instances.advance(session, instance, SYSTEM, stop)


def _open(session: Session, job_id: int) -> tuple[Job | None, ProcessInstance]:
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(kind="job", key=job_id)
    instance = instances.locked(session, job.instance_id)
    session.refresh(job)
    return (job if job.status == "open" else None), instance


def _still_open(session: Session, job_id: int) -> tuple[Job, ProcessInstance]:
    job, instance = _open(session, job_id)
    if job is None or job.results is not None:
        raise Conflict(
            expected=f"job {job_id} open", found="it is not", found_vi="bước tự động này đã kết thúc"
        )
    return job, instance


def _end(session: Session, job: Job, instance: ProcessInstance, outcome: Outcome, actor: Actor) -> None:
    if instance.suspended_at is not None:
        _keep(session, job, instance, outcome, actor)
    elif outcome.code is not None:
        _throw(session, job, instance, outcome.code, actor)
    else:
        _finish(session, job, instance, outcome.results, actor)


def _keep(session: Session, job: Job, instance: ProcessInstance, outcome: Outcome, actor: Actor) -> None:
    with instances.guarded(instance.id):
        job.results = {"results": dict(outcome.results), "code": outcome.code}
        history.record(session, instance, "job.kept", actor, {"type": job.type}, job.element)
        session.flush()
        history.write(session)


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
