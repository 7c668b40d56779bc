"""Start an ended case again: a new instance of the newest version with what the old one knew at its end."""

from __future__ import annotations

from sqlalchemy.orm import Session

from engine import deployments, history, instances, operations, steps
from engine.actors import Actor
from engine.errors import Conflict, StateUnreadable, Text
from engine.spiff import shape, state
from engine.tables import ProcessDefinition, ProcessInstance

RESTART = Text("mở lại hồ sơ", "restart an instance")


def restart(session: Session, instance_id: int, actor: Actor, reason: str) -> ProcessInstance:
    """Start a new instance from an ended one: same business key, same start event, its last variables.

    The old one stays as it ended. Raises Conflict for one that still runs or that another one called,
    VersionSuspended, StateUnreadable.
    """
    given = operations.ensure_reason(reason, RESTART)
    ended = steps.locked(session, instance_id)
    if ended.status == "active":
        raise Conflict(
            expected=f"process instance {instance_id} ended",
            found="it still runs",
            found_vi="hồ sơ vẫn đang chạy; muốn làm lại hãy trả về bước trước hoặc hủy trước",
        )
    if ended.parent_id is not None:
        raise Conflict(
            expected=f"process instance {instance_id} started by itself",
            found=f"instance {ended.parent_id} has called it",
            found_vi=f"hồ sơ này do hồ sơ {ended.parent_id} gọi; hãy mở lại hồ sơ đó",
        )
    try:
        variables = state.variables(ended.state)
    except shape.Damaged as error:
        raise StateUnreadable(ended.id, error.cause, error.cause_vi) from error
    definition = deployments.latest(session, ended.process_id)
    element = _start_of(session, ended, definition)
    again = instances.start_at(session, definition, element, variables, actor, ended.business_key)
    with steps.guarded(again.id):
        operations.record(session, again, "instance.restarted", actor, given, {"from": ended.id})
        session.flush()
        history.write(session)
    return again


def _start_of(session: Session, ended: ProcessInstance, definition: ProcessDefinition) -> str:
    """Return the start event that the old one began with, when the newest version still has it."""
    process = deployments.compiled_version(session, definition).process
    starts = [start.id for start in process.start_events(process.id)]
    first = history.of_instance(session, ended.id)[0].element
    if first in starts:
        return first
    if not starts:
        raise deployments.NoSuchStart(process=definition.process_id)
    return starts[0]
