"""What every operation on a running case shares: a reason, an instance that has not ended, one event."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine import clock, history, steps
from engine.actors import Actor
from engine.errors import Conflict, NotFound, ReasonMissing, StaleInstance, Text
from engine.handlers import Json
from engine.tables import ProcessInstance

ENDS_VI = {"completed": "đã hoàn thành", "cancelled": "đã hủy", "error": "đã dừng vì lỗi"}


class InstanceEnded(Conflict):
    """Expected to {operation}, but process instance {instance} has ended ({status}) at {at}."""

    vi = (
        "Không thể {operation_vi}: hồ sơ {instance} {status_vi} lúc {at}. "
        "Chưa có gì thay đổi; hãy mở lịch sử của hồ sơ để xem."
    )
    en = (
        "Expected to {operation}, but process instance {instance} has ended ({status}) at {at}. "
        "Nothing was changed; its history tells how it ended."
    )


def ensure_reason(reason: str, operation: Text) -> str:
    """Return the reason without spaces around it; raises ReasonMissing for an empty one."""
    given = reason.strip()
    if not given:
        raise ReasonMissing(operation=operation.en, operation_vi=operation.vi)
    return given


def ensure_active(instance: ProcessInstance, operation: Text) -> None:
    """Refuse an instance that has ended; raises InstanceEnded."""
    if instance.status == "active":
        return
    raise InstanceEnded(
        operation=operation.en,
        operation_vi=operation.vi,
        instance=instance.id,
        status=instance.status,
        status_vi=ENDS_VI.get(instance.status, instance.status),
        at=clock.written(instance.ended_at),
    )


def ensure_version(instance: ProcessInstance, version: int | None) -> None:
    """Refuse an instance that has changed since `version` was shown; None asks for nothing."""
    if version is not None and instance.version != version:
        raise StaleInstance(instance=instance.id)


def look(session: Session, instance_id: int, operation: Text) -> ProcessInstance:
    """Return an instance that runs, to be previewed; raises NotFound, InstanceEnded."""
    instance = session.get(ProcessInstance, instance_id)
    if instance is None:
        raise NotFound(kind="process instance", key=instance_id)
    ensure_active(instance, operation)
    return instance


def lock(session: Session, instance_id: int, operation: Text) -> ProcessInstance:
    """Return an instance that runs, its row locked; raises NotFound, InstanceEnded."""
    instance = steps.locked(session, instance_id)
    ensure_active(instance, operation)
    return instance


def record(  # noqa: PLR0913  an event of an operation is exactly these
    session: Session,
    instance: ProcessInstance,
    kind: str,
    actor: Actor,
    reason: str,
    data: Mapping[str, Json],
    element: str | None = None,
) -> None:
    """Record the one event of an operation, its reason first."""
    history.record(session, instance, kind, actor, {"reason": reason, **data}, element)
