"""Which version of a process a call activity runs: the newest, a pinned or a tagged one, or its companion."""

from __future__ import annotations

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import deployments
from engine.errors import NotFound
from engine.spiff.game import Call
from engine.tables import ProcessDefinition


def called(session: Session, caller: ProcessDefinition, call: Call) -> ProcessDefinition:
    """Return the version that a call binds to; raises NotFound when there is none."""
    found: ProcessDefinition | None
    if call.binding == "version":
        found = _numbered(session, call)
    elif call.binding == "versionTag":
        found = _tagged(session, call)
    elif call.binding == "deployment":
        found = _companion(session, caller, call)
    else:
        return deployments.latest(session, call.process)
    if found is None:
        detail = f" ({call.binding} {call.version})" if call.version else f" ({call.binding})"
        raise NotFound(kind="process definition", key=call.process + detail)
    return found


def none_start(session: Session, definition: ProcessDefinition) -> str:
    """Return the none start event of a version, "" for a process that begins with what nothing leads to.

    Raises NoSuchStart when only messages, signals or times begin it.
    """
    start = deployments.compiled_version(session, definition).process.start_by_itself()
    if start is None:
        raise deployments.NoSuchStart(process=definition.process_id)
    return start


def _numbered(session: Session, call: Call) -> ProcessDefinition | None:
    query = _alive(call)
    number = int(call.version) if call.version.isdecimal() else 0
    return session.scalars(query.where(ProcessDefinition.version == number)).first()


def _tagged(session: Session, call: Call) -> ProcessDefinition | None:
    """Return the newest version that carries the tag."""
    query = _alive(call).where(ProcessDefinition.version_tag == call.version)
    return session.scalars(query.order_by(ProcessDefinition.version.desc()).limit(1)).first()


def _companion(session: Session, caller: ProcessDefinition, call: Call) -> ProcessDefinition | None:
    """Return the version that was the newest right after the caller was deployed.

    A process that a deployment left unchanged keeps the version of an earlier one.
    """
    query = _alive(call).where(ProcessDefinition.deployment_id <= caller.deployment_id)
    return session.scalars(query.order_by(ProcessDefinition.version.desc()).limit(1)).first()


def _alive(call: Call) -> Select[ProcessDefinition]:
    """Select the versions of the called process that are not deleted."""
    return select(ProcessDefinition).where(
        ProcessDefinition.process_id == call.process, ProcessDefinition.deleted_at.is_(None)
    )
