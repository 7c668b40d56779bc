"""What holds instances still: a person, through who called them, their version, or damage.

A held instance keeps everything that waits. Its timers do not fire, its jobs do not run, no message reaches
it, nobody claims or completes its tasks. `engine.operations.suspension` has the operations.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.errors import Conflict, NotFound
from engine.tables import ProcessDefinition, ProcessInstance, Subscription, Suspension, Timer


@dataclass(frozen=True)
class Cause:
    """Why an instance is held: an instance that a person suspended, its own or the caller's, or a version."""

    by_instance: int | None = None
    by_definition: int | None = None


DAMAGE = Cause()  # its saved state cannot be read


class Suspended(Conflict):
    """Expected process instance {instance} to run, but {by} suspended it at {at}: {reason}."""

    vi = (
        "Hồ sơ {instance} đang tạm dừng từ {at} (người thực hiện: {by}; lý do: {reason}). "
        "Nội dung vừa gửi chưa được ghi; hãy thử lại khi hồ sơ được cho tiếp tục."
    )
    en = (
        "Expected process instance {instance} to run, but {by} suspended it at {at}: {reason}. "
        "Nothing was changed; try again when it has been resumed."
    )


class VersionSuspended(Conflict):
    """Expected version {version} of process '{process}' to take new instances, but it is suspended."""

    vi = (
        "Quy trình “{process}” phiên bản {version} đang tạm dừng từ {at} nên không mở hồ sơ mới. "
        "Chưa có gì thay đổi; hãy chờ quy trình được cho tiếp tục."
    )
    en = (
        "Expected version {version} of process '{process}' to take new instances, but it is suspended since "
        "{at}. Nothing was changed; resume the version first."
    )


def ensure_awake(session: Session, instance: ProcessInstance) -> None:
    """Refuse to move a held instance; raises Suspended with who holds it and why."""
    if instance.suspended_at is None:
        return
    query = select(Suspension).where(Suspension.instance_id == instance.id).order_by(Suspension.id).limit(1)
    cause = session.scalars(query).one()
    raise Suspended(
        instance=instance.id,
        by=cause.actor,
        at=clock.written(cause.at),
        reason=cause.reason,
    )


def is_suspended(session: Session, definition: ProcessDefinition) -> bool:
    """Tell whether a version takes no new instances, and keep it so until the transaction ends."""
    # a shared lock: whoever suspends the version waits for those who start an instance of it now
    session.refresh(definition, ["suspended_at", "deleted_at"], with_for_update={"read": True})
    return definition.suspended_at is not None


def ensure_startable(session: Session, definition: ProcessDefinition) -> None:
    """Refuse new instances of a suspended or a deleted version; raises VersionSuspended, NotFound."""
    if is_suspended(session, definition):
        raise VersionSuspended(
            process=definition.process_id,
            version=definition.version,
            at=clock.written(definition.suspended_at),
        )
    if definition.deleted_at is not None:
        key = f"{definition.process_id} ({definition.version})"
        raise NotFound(kind="process definition", key=key)


def is_awake(waiting: type[Subscription] | type[Timer]) -> ColumnElement[bool]:
    """Tell, as a condition on subscriptions or timers, whether nothing holds who waits."""
    instance = exists().where(
        ProcessInstance.id == waiting.instance_id, ProcessInstance.suspended_at.is_not(None)
    )
    definition = exists().where(
        ProcessDefinition.id == waiting.definition_id, ProcessDefinition.suspended_at.is_not(None)
    )
    return ~(instance | definition)


def is_caused(session: Session, instance: ProcessInstance, cause: Cause) -> bool:
    """Tell whether this cause holds an instance."""
    return session.scalars(_of_cause(instance, cause)).first() is not None


def place(session: Session, instance: ProcessInstance, actor: Actor, reason: str, cause: Cause) -> bool:
    """Hold a locked instance for one cause; False when that cause holds it already."""
    if is_caused(session, instance, cause):
        return False
    now = clock.now()
    session.add(
        Suspension(
            instance_id=instance.id,
            cause_instance_id=cause.by_instance,
            cause_definition_id=cause.by_definition,
            at=now,
            actor=actor.name,
            reason=reason,
        )
    )
    instance.suspended_at = instance.suspended_at or now
    session.flush()
    return True


def lift(session: Session, instance: ProcessInstance, cause: Cause) -> bool:
    """Lift one cause from a locked instance; True when nothing holds it any more and something did."""
    held = instance.suspended_at is not None
    for row in session.scalars(_of_cause(instance, cause)).all():
        session.delete(row)
    session.flush()
    left = select(Suspension.at).where(Suspension.instance_id == instance.id).order_by(Suspension.id)
    instance.suspended_at = session.scalars(left.limit(1)).first()
    session.flush()
    return held and instance.suspended_at is None


def inherit(session: Session, child: ProcessInstance, parent: ProcessInstance) -> None:
    """Hold a new child for every cause that holds the instance that called it."""
    if parent.suspended_at is None:
        return
    causes = select(Suspension).where(Suspension.instance_id == parent.id).order_by(Suspension.id)
    for row in session.scalars(causes).all():
        cause = Cause(row.cause_instance_id, row.cause_definition_id)
        place(session, child, Actor(row.actor), row.reason, cause)


def _of_cause(instance: ProcessInstance, cause: Cause) -> Select[Suspension]:
    return select(Suspension).where(
        Suspension.instance_id == instance.id,
        Suspension.cause_instance_id.is_not_distinct_from(cause.by_instance),
        Suspension.cause_definition_id.is_not_distinct_from(cause.by_definition),
    )
