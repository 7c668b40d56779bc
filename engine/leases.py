"""Jobs lent to workers outside, each to one at a time, until it has ended or its time is over.

Time is over by the clock alone: no sweep frees a job, the query that lends jobs sees that it is free again.
What our own handlers do is never lent (`decisions/0014-leases.md`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session, joinedload

from engine import clock, steps
from engine.actors import SYSTEM
from engine.errors import EngineError, StateUnreadable
from engine.handlers import Json, registered
from engine.operations import damage
from engine.tables import Job, ProcessInstance

MOST = 100  # jobs lent at once: each needs the state of its case


class HandledHere(EngineError):
    """Expected a job type for workers outside, but '{type}' has a handler of this system."""

    vi = (
        "Loại việc tự động “{type}” do chính hệ thống này xử lý nên không giao ra ngoài. "
        "Chưa có gì thay đổi; hãy dùng loại việc khác trong sơ đồ."
    )
    en = (
        "Expected a job type for workers outside, but '{type}' is handled by this system itself. Nothing was "
        "changed; give the service task another type."
    )
    status = 400


class LeaseLost(EngineError):
    """Expected the token of the lease that job {job} is held by, but {found}."""

    vi = (
        "Bước tự động {job} đang được giao theo một lượt khác ({found_vi}). Kết quả vừa gửi chưa được ghi; "
        "hãy bỏ lượt này và lấy việc lại."
    )
    en = (
        "Expected the token of the lease that job {job} is held by, but {found}. Nothing was stored; give "
        "the job up and activate again."
    )
    status = 409


@dataclass(frozen=True)
class Wanted:
    """What a worker asks for: jobs of a type, how many, for how long, with which variables (none: all)."""

    type: str
    worker: str
    limit: int
    lasts: timedelta
    variables: Collection[str] = ()
    fenced: bool = False  # with a token that whoever ends the job must show


@dataclass(frozen=True)
class Lent:
    """A job with its case, what its task sees and the headers that the diagram gives it."""

    job: Job
    instance: ProcessInstance
    variables: Mapping[str, Json]
    headers: Mapping[str, str]


def ensure_lendable(session: Session, job_type: str) -> None:
    """Refuse the type of one of our own handlers; raises HandledHere."""
    if job_type in registered(session):
        raise HandledHere(type=job_type)


def is_any_free(session: Session, job_type: str, *, fenced: bool = False) -> bool:
    """Tell whether a job of a type could be lent now; reads only."""
    return session.scalars(_free(job_type, fenced).with_only_columns(Job.id).limit(1)).first() is not None


def activate(session: Session, wanted: Wanted) -> list[Lent]:
    """Lend free jobs, the most urgent and then the oldest first; raises HandledHere.

    Rows that another transaction is lending at this moment are passed over: nobody waits, none is lent twice.
    """
    ensure_lendable(session, wanted.type)
    query = _free(wanted.type, wanted.fenced).order_by(Job.priority.desc(), Job.id)
    query = query.limit(min(wanted.limit, MOST)).with_for_update(of=Job, skip_locked=True)
    jobs = session.scalars(query.execution_options(populate_existing=True)).all()
    if not jobs:
        return []
    cases = _cases(session, jobs)
    lent = [one for job in jobs if (one := _read(session, job, cases[job.instance_id], wanted)) is not None]
    now = clock.now()
    for one in lent:
        one.job.worker, one.job.locked_until, one.job.updated_at = wanted.worker, now + wanted.lasts, now
        one.job.lease = str(uuid.uuid4()) if wanted.fenced else None
    session.flush()
    return lent


def ensure_held(job: Job, token: str | None) -> None:
    """Refuse to end a job that was lent with a lease without the token of the last one; raises LeaseLost."""
    if job.lease is None or job.lease == token:
        return
    if token is None:
        raise LeaseLost(job=job.id, found="no token was sent", found_vi="thiếu mã lượt giao")
    raise LeaseLost(job=job.id, found="the token is of an earlier lease", found_vi="mã của lượt giao cũ")


def free(job: Job) -> None:
    """Let a job be lent again at once, or when its back-off is over."""
    job.locked_until = job.lease = None


def _free(job_type: str, fenced: bool) -> Select[Job]:
    """Select the open jobs of a type that nobody holds, whose back-off is over and whose case runs.

    What was lent with a lease once is lent with leases only.
    """
    now = clock.now()
    runs = select(ProcessInstance.id).where(
        ProcessInstance.id == Job.instance_id, ProcessInstance.suspended_at.is_(None)
    )
    found = and_(
        Job.type == job_type,
        Job.status == "open",
        _has_passed(Job.locked_until.expression, now),
        _has_passed(Job.retry_at.expression, now),
        runs.exists(),
    )
    return select(Job).where(found if fenced else and_(found, Job.lease.is_(None)))


def _has_passed(moment: ColumnElement[datetime | None], now: datetime) -> ColumnElement[bool]:
    return or_(moment.is_(None), moment <= now)


def _cases(session: Session, jobs: Sequence[Job]) -> dict[int, ProcessInstance]:
    query = select(ProcessInstance).where(ProcessInstance.id.in_({job.instance_id for job in jobs}))
    query = query.options(joinedload(ProcessInstance.definition)).execution_options(populate_existing=True)
    return {instance.id: instance for instance in session.scalars(query)}


def _read(session: Session, job: Job, instance: ProcessInstance, wanted: Wanted) -> Lent | None:
    """Return what a worker is told of a job; None for one that another transaction has just taken away.

    A case whose state cannot be read gets its incident and lends nothing.
    """
    try:
        game = steps.load(session, instance, SYSTEM)
    except StateUnreadable as error:
        damage.report(session, error)
        return None
    token = game.token(job.token)
    if token is None:
        return None
    seen = game.variables(token)
    if wanted.variables:
        seen = {name: value for name, value in seen.items() if name in wanted.variables}
    return Lent(job, instance, seen, token.task_spec.element.details.headers)
