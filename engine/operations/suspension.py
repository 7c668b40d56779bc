"""Suspend and resume instances and whole versions: everything keeps its place, nothing moves meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from engine import clock, history, index, instances, jobs, operations, queue, steps
from engine.actors import Actor
from engine.errors import Conflict, NotFound, Text
from engine.handlers import Json
from engine.operations import holds
from engine.operations.holds import Cause
from engine.spiff import relocation
from engine.tables import Job, ProcessDefinition, ProcessInstance, Subscription, Timer

SUSPEND = Text("tạm dừng", "suspend")
RESUME = Text("cho tiếp tục", "resume")


def suspend(session: Session, instance_id: int, actor: Actor, reason: str) -> ProcessInstance:
    """Hold an instance with every instance it called; each of them tells it in its history."""
    given = operations.ensure_reason(reason, SUSPEND)
    instance = operations.lock(session, instance_id, SUSPEND)
    cause = Cause(by_instance=instance.id)
    if not _hold(session, instance, actor, given, cause):
        raise Conflict(
            expected=f"process instance {instance_id} not suspended yet",
            found="it is suspended already",
            found_vi="hồ sơ đã được tạm dừng trước đó",
        )
    for child in _called_by(session, instance):
        _hold(session, child, actor, given, cause)
    return instance


def resume(session: Session, instance_id: int, actor: Actor, reason: str) -> ProcessInstance:
    """Let an instance go on that a person suspended; what fell due meanwhile happens now.

    One that is held for another cause as well (its version, who called it) stays still.
    """
    given = operations.ensure_reason(reason, RESUME)
    instance = operations.lock(session, instance_id, RESUME)
    cause = Cause(by_instance=instance.id)
    if not holds.is_caused(session, instance, cause):
        raise Conflict(
            expected=f"process instance {instance_id} suspended",
            found="nobody has suspended this instance itself",
            found_vi="không ai tạm dừng riêng hồ sơ này",
        )
    _release(session, instance, actor, given, cause)
    for child in _called_by(session, instance):
        _release(session, child, actor, given, cause)
    return instance


def suspend_version(session: Session, definition_id: int, actor: Actor, reason: str) -> ProcessDefinition:
    """Hold a version: it takes no new instances; every running one stands still with those it called."""
    given = operations.ensure_reason(reason, SUSPEND)
    definition = _locked_version(session, definition_id)
    if definition.suspended_at is not None:
        raise Conflict(
            expected=f"version {definition.version} of process '{definition.process_id}' not suspended yet",
            found="it is suspended already",
            found_vi="phiên bản quy trình này đã được tạm dừng trước đó",
        )
    definition.suspended_at = clock.now()
    for instance in _running(session, definition):
        _hold(session, instance, actor, given, Cause(by_definition=definition.id))
    session.flush()
    return definition


def resume_version(session: Session, definition_id: int, actor: Actor, reason: str) -> ProcessDefinition:
    """Let a version take new instances again and its running ones go on."""
    given = operations.ensure_reason(reason, RESUME)
    definition = _locked_version(session, definition_id)
    if definition.suspended_at is None:
        raise Conflict(
            expected=f"version {definition.version} of process '{definition.process_id}' suspended",
            found="it is not suspended",
            found_vi="phiên bản quy trình này không bị tạm dừng",
        )
    definition.suspended_at = None
    session.flush()
    for instance in _running(session, definition):
        _release(session, instance, actor, given, Cause(by_definition=definition.id))
    _open_starts(session, definition, actor)
    return definition


def change_version(
    session: Session,
    instance: ProcessInstance,
    source: ProcessDefinition,
    target: ProcessDefinition,
    actor: Actor,
    reason: str,
) -> None:
    """Let an instance that has changed its version be held by the new one, no more by the old one."""
    if source.suspended_at is None and target.suspended_at is None:
        return
    for one in [instance, *_called_by(session, instance)]:
        if target.suspended_at is not None:
            _hold(session, one, actor, reason, Cause(by_definition=target.id))
        _release(session, one, actor, reason, Cause(by_definition=source.id))


def wake(session: Session, instance: ProcessInstance, actor: Actor) -> None:
    """Ask again for everything a held instance was asked while it stood still: timers, jobs, messages."""
    of_instance = Timer.instance_id == instance.id
    for timer in session.scalars(select(Timer).where(of_instance, Timer.status == "waiting")).all():
        queue.defer_timer(session, timer.id, timer.due_at)
    open_jobs = select(Job).where(Job.instance_id == instance.id, Job.status == "open").order_by(Job.id)
    for job in session.scalars(open_jobs).all():
        if job.status == "open" and job.results is not None:
            jobs.take_kept(session, job, instance, actor)
        elif job.status == "open":
            index.defer(session, job)
    if session.scalars(_waiting(Subscription.instance_id == instance.id, "conditional")).first() is not None:
        instances.advance(session, instance, actor, relocation.ask_conditions)
    heard = _waiting(Subscription.instance_id == instance.id, "message")
    instances.meet(session, session.scalars(heard).all(), actor)


def _waiting(whose: ColumnElement[bool], kind: str) -> Select[Subscription]:
    return select(Subscription).where(whose, Subscription.kind == kind).order_by(Subscription.id)


def _hold(session: Session, instance: ProcessInstance, actor: Actor, reason: str, cause: Cause) -> bool:
    with steps.guarded(instance.id):
        if not holds.place(session, instance, actor, reason, cause):
            return False
        _tell(session, instance, "instance.suspended", actor, reason, asdict(cause))
    return True


def _release(session: Session, instance: ProcessInstance, actor: Actor, reason: str, cause: Cause) -> None:
    if not holds.is_caused(session, instance, cause):
        return
    with steps.guarded(instance.id):
        goes_on = holds.lift(session, instance, cause)
        _tell(session, instance, "instance.resumed", actor, reason, {**asdict(cause), "held": not goes_on})
    if goes_on:
        wake(session, instance, actor)


def _tell(
    session: Session,
    instance: ProcessInstance,
    kind: str,
    actor: Actor,
    reason: str,
    told: Mapping[str, Json],
) -> None:
    data = {name: value for name, value in told.items() if value is not None}
    operations.record(session, instance, kind, actor, reason, data)
    session.flush()
    history.write(session)


def _called_by(session: Session, instance: ProcessInstance) -> Iterator[ProcessInstance]:
    """Return every running instance that one has called, those called by these too, each locked."""
    level: Sequence[int] = [instance.id]
    while level:
        query = select(ProcessInstance.id).where(
            ProcessInstance.parent_id.in_(level), ProcessInstance.status == "active"
        )
        level = session.scalars(query.order_by(ProcessInstance.id)).all()
        yield from _locked(session, level)


def _running(session: Session, definition: ProcessDefinition) -> Iterator[ProcessInstance]:
    """Return every running instance of a version with those it called, each locked."""
    query = select(ProcessInstance.id).where(
        ProcessInstance.definition_id == definition.id, ProcessInstance.status == "active"
    )
    for instance in _locked(session, session.scalars(query.order_by(ProcessInstance.id)).all()):
        yield instance
        yield from _called_by(session, instance)


def _locked(session: Session, numbers: Sequence[int]) -> Iterator[ProcessInstance]:
    """Lock one after the other; one that has ended before its turn is left out."""
    for number in numbers:
        instance = steps.locked(session, number)
        if instance.status == "active":
            yield instance


def _locked_version(session: Session, definition_id: int) -> ProcessDefinition:
    query = select(ProcessDefinition).where(ProcessDefinition.id == definition_id).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(kind="process definition", key=definition_id)
    return found


def _open_starts(session: Session, definition: ProcessDefinition, actor: Actor) -> None:
    """Ask again for the start events: times that came, messages that nobody took meanwhile."""
    waiting = select(Timer).where(Timer.definition_id == definition.id, Timer.status == "waiting")
    for timer in session.scalars(waiting).all():
        queue.defer_timer(session, timer.id, timer.due_at)
    heard = _waiting(Subscription.definition_id == definition.id, "message")
    instances.meet(session, session.scalars(heard).all(), actor)
