"""Jobs: handlers called outside the step, with retries; without retries left, an incident.

Our own handlers are run by the worker (`run`); all other jobs are lent to workers outside (`leases`), who
report how they ended (`complete`, `throw`, `report_failure`).

What a handler reached outside cannot be taken back: when its instance was suspended meanwhile, its outcome is
kept with the job and taken when the instance goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import clock, history, instances, leases
from engine.actors import SYSTEM, Actor
from engine.errors import BpmnError, Conflict, EngineError, NotFound
from engine.handlers import Handler, Json, ServiceCall, registered
from engine.operations import holds
from engine.spiff import errors, stepping
from engine.spiff.game import Game
from engine.tables import Job, ProcessInstance

UNCAUGHT = "error"  # kind of the incident of a business error that nothing catches


class JobFailed(EngineError):
    """Expected job '{type}' to succeed, but it failed: {error}."""

    vi = "Bước tự động “{type}” lỗi: {error}"
    en = "Job '{type}' failed: {error}"


class ErrorUncaught(EngineError):
    """Expected an event that catches error '{code}' of job '{type}', but there is none: {message}."""

    vi = "Bước tự động “{type}” báo lỗi nghiệp vụ “{code}” mà sơ đồ không có nơi nhận. {message}"
    en = "Expected an event that catches error '{code}' of job '{type}', but there is none. {message}"


@dataclass(frozen=True)
class Failure:
    """What a worker outside tells of a failure: the attempts left, why, and how long to wait before the next.

    `variables` are set in the activity itself, for whoever repairs it.
    """

    retries: int = 0
    message: str = ""
    back_off: timedelta = timedelta(0)
    variables: Mapping[str, Json] = field(default_factory=dict)


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


def complete(
    session: Session, job_id: int, variables: Mapping[str, Json], actor: Actor, *, lease: str | None = None
) -> None:
    """Complete a job that somebody else's worker did, in time or not; raises Conflict, LeaseLost."""
    job, instance = _still_open(session, job_id)
    leases.ensure_held(job, lease)
    _end(session, job, instance, Outcome(variables), actor)


def throw(  # noqa: PLR0913  an error is exactly these
    session: Session,
    job_id: int,
    code: str,
    actor: Actor,
    *,
    message: str = "",
    variables: Mapping[str, Json] | None = None,
    lease: str | None = None,
) -> None:
    """Throw a business error at the activity of an open job, to be caught by an error event.

    One that nothing catches, in the case or in a caller, is an incident. Raises Conflict, LeaseLost.
    """
    job, instance = _still_open(session, job_id)
    leases.ensure_held(job, lease)
    if instance.suspended_at is not None:
        _end(session, job, instance, Outcome({}, code), actor)
    elif _is_caught(session, instance, job.token, code):
        job.error = message or None
        _throw(session, job, instance, code, actor, variables or {})
    else:
        _stop_uncaught(session, job, instance, code, message, actor)


def report_failure(
    session: Session, job_id: int, failure: Failure, actor: Actor, *, lease: str | None = None
) -> None:
    """Take note that a worker outside failed: the job is free for another try, or becomes an incident.

    Raises Conflict, LeaseLost, and Suspended for a case that stands still: its job is lent again later.
    """
    job, instance = _still_open(session, job_id)
    leases.ensure_held(job, lease)
    holds.ensure_awake(session, instance)
    leases.free(job)
    job.retries, job.error, job.change = failure.retries, failure.message or None, "failed"
    job.updated_at = clock.now()
    job.retry_at = job.updated_at + failure.back_off if failure.back_off and failure.retries else None
    data: dict[str, Json] = {"type": job.type, "retries": job.retries, "error": failure.message}
    data |= _number(job, actor)
    history.record(session, instance, "job.failed", actor, data, job.element)
    if failure.variables:
        instances.advance(
            session, instance, actor, lambda game: stepping.note_locally(game, job.token, failure.variables)
        )
    if job.retries > 0:
        with instances.guarded(instance.id):
            session.flush()
            history.write(session)
    else:
        error = JobFailed(type=job.type, error=failure.message)
        _give_up(session, job, instance, error, actor)


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
    job.change = "failed"
    _give_up(session, job, instance, JobFailed(type=job.type, error=error), SYSTEM)


def _give_up(session: Session, job: Job, instance: ProcessInstance, error: EngineError, actor: Actor) -> None:
    job.status = "failed"

    def stop(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.give_up(game, token, error, "job")

    instances.advance(session, instance, actor, stop)


def _stop_uncaught(
    session: Session, job: Job, instance: ProcessInstance, code: str, message: str, actor: Actor
) -> None:
    """Show a business error that nothing catches as an incident: a retry lends the job again."""
    leases.free(job)
    job.status, job.change, job.updated_at = "failed", "error_thrown", clock.now()
    job.error_code, job.error = code, message or None
    data: dict[str, Json] = {"type": job.type, "retries": job.retries, "error": message, "code": code}
    data |= _number(job, actor)
    history.record(session, instance, "job.failed", actor, data, job.element)

    def stop(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.hold(token, ErrorUncaught(type=job.type, code=code, message=message), UNCAUGHT)

    instances.advance(session, instance, actor, stop)


def _is_caught(session: Session, instance: ProcessInstance, token_number: int, code: str) -> bool:
    """Tell whether an error thrown at a token is caught in its case, or in one that called it."""
    current: ProcessInstance | None = instance
    while current is not None:
        game = instances.load(session, current, SYSTEM)
        token = game.token(token_number)
        if token is None or errors.is_caught(game, token, code):
            return True
        token_number = current.parent_token or 0
        current = None if current.parent_id is None else session.get(ProcessInstance, current.parent_id)
    return False


def _open(session: Session, job_id: int) -> tuple[Job | None, ProcessInstance]:
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(kind="job", key=job_id)
    instance = instances.locked(session, job.instance_id)
    session.refresh(job, with_for_update=True)  # not lent to another one before this one has ended it
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
    _close(job)
    data: dict[str, Json] = {"type": job.type, **_number(job, actor)}
    history.record(session, instance, "job.completed", actor, data, job.element)

    def go_on(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.finish(game, token, results)

    instances.advance(session, instance, actor, go_on)


def _throw(
    session: Session,
    job: Job,
    instance: ProcessInstance,
    code: str,
    actor: Actor,
    variables: Mapping[str, Json] | None = None,
) -> None:
    _close(job)
    job.change, job.error_code, job.error = "error_thrown", code, job.error or code
    data: dict[str, Json] = {"type": job.type, "error": code, **_number(job, actor)}
    history.record(session, instance, "job.completed", actor, data, job.element)

    def throw_error(game: Game) -> None:
        token = game.token(job.token)
        if token is not None:
            stepping.throw(game, token, code, variables or {})

    instances.advance(session, instance, actor, throw_error)


def _number(job: Job, actor: Actor) -> dict[str, Json]:
    """Return what history says of a job that somebody else's worker did: which one it was."""
    return {} if actor == SYSTEM else {"job": job.id}


def _close(job: Job) -> None:
    """End a job: nobody holds it any more."""
    leases.free(job)
    job.status, job.change, job.ended_at = "completed", "completed", clock.now()
    job.updated_at = job.ended_at
