"""Which version of a process a call activity runs: the newest, a pinned or a tagged one, or its companion."""

from __future__ import annotations

from sqlalchemy import select
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


def _numbered(session: Session, call: Call) -> ProcessDefinition | None:
    query = select(ProcessDefinition).where(ProcessDefinition.process_id == call.process)
    number = int(call.version) if call.version.isdecimal() else 0
    return session.scalars(query.where(ProcessDefinition.version == number)).first()


def _tagged(session: Session, call: Call) -> ProcessDefinition | None:
    """Return the newest version that carries the tag."""
    for definition in deployments.versions(session, call.process):
        if deployments.compiled_version(session, definition).process.version_tag == call.version:
            return definition
    return None


def _companion(session: Session, caller: ProcessDefinition, call: Call) -> ProcessDefinition | None:
    """Return the version that was the newest right after the caller was deployed.

    A process that a deployment left unchanged keeps the version of an earlier one.
    """
    query = select(ProcessDefinition).where(
        ProcessDefinition.process_id == call.process,
        ProcessDefinition.deployment_id <= caller.deployment_id,
    )
    return session.scalars(query.order_by(ProcessDefinition.version.desc()).limit(1)).first()
