"""Delete versions that were deployed: they begin nothing more, and everything that happened on them stays.

A deleted version keeps its row and its file, so that history, pictures and exports of its cases stay.
The newest of the versions that are left becomes the newest one. What is still needed cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, start_events
from engine.actors import Actor
from engine.bpmn.model import Details
from engine.deployment_tables import DecisionRequirements, Deletion, FileVersion
from engine.errors import Conflict, NotFound
from engine.tables import DecisionDefinition, Form, ProcessDefinition, ProcessInstance, Subscription, UserTask

Version = TypeVar("Version", ProcessDefinition, DecisionRequirements, Form, FileVersion)


class CasesRunning(Conflict):
    """Expected no running instance of version {version} of process '{process}', but there are {count}."""

    vi = (
        "Còn {count} hồ sơ đang chạy trên phiên bản {version} của quy trình “{process}” nên chưa xóa được. "
        "Chưa có gì thay đổi; hãy để các hồ sơ đó kết thúc, chuyển sang phiên bản khác hoặc hủy rồi thử lại."
    )
    en = (
        "Expected no running instance of version {version} of process '{process}', but there are {count}. "
        "Nothing was changed; let them end, migrate or cancel them, then try again."
    )


class StillUsed(Conflict):
    """Expected that nothing uses the last version of {kind} '{key}', but {user} does."""

    vi = (
        "Không xóa được phiên bản cuối cùng của {kind_vi} “{key}” vì {user_vi} còn dùng. "
        "Chưa có gì thay đổi; hãy triển khai sơ đồ không dùng nó nữa rồi thử lại."
    )
    en = (
        "Expected that nothing uses the last version of {kind} '{key}', but {user} does. "
        "Nothing was changed; deploy a diagram without it first, then try again."
    )


def delete_process(session: Session, definition_id: int, actor: Actor) -> None:
    """Delete a version of a process that no running instance is on; the one before it may become the newest.

    Raises NotFound, CasesRunning.
    """
    definition = _locked(session, ProcessDefinition, definition_id, "process definition")
    running = select(func.count()).where(
        ProcessInstance.definition_id == definition.id, ProcessInstance.status == "active"
    )
    count = session.scalar(running) or 0
    if count:
        raise CasesRunning(version=definition.version, process=definition.process_id, count=count)
    was_newest = deployments.latest(session, definition.process_id).id == definition.id
    _mark(session, definition, "process_definition", actor)
    if was_newest:
        start_events.close_all(session, definition)
        _open_newest(session, definition.process_id, actor)


def _open_newest(session: Session, process_id: str, actor: Actor) -> None:
    """Let the start events of the version that has become the newest wait, and take what waits for them."""
    try:
        newest = deployments.latest(session, process_id)
    except NotFound:
        return
    start_events.open_all(session, newest, deployments.compiled_version(session, newest).process)
    session.flush()
    heard = select(Subscription).where(
        Subscription.definition_id == newest.id, Subscription.kind == "message"
    )
    instances.meet(session, session.scalars(heard.order_by(Subscription.id)).all(), actor)


def delete_requirements(session: Session, requirements_id: int, actor: Actor) -> None:
    """Delete a version of a file of decisions with its decisions; raises NotFound, StillUsed."""
    graph = _locked(session, DecisionRequirements, requirements_id, "decision requirements")
    own = DecisionDefinition.requirements_id == graph.id
    decisions = session.scalars(select(DecisionDefinition).where(own)).all()
    for decision in decisions:
        decision.deleted_at = clock.now()
    session.flush()
    for decision in decisions:
        if not _is_left(session, DecisionDefinition, DecisionDefinition.decision_id == decision.decision_id):
            _refuse_called(session, "decision", decision.decision_id, lambda details: details.called_decision)
    _mark(session, graph, "decision_requirements", actor)


def delete_form(session: Session, form_id: int, actor: Actor) -> None:
    """Delete a version of a form; raises NotFound, StillUsed."""
    form = _locked(session, Form, form_id, "form")
    _mark(session, form, "form", actor)
    if _is_left(session, Form, Form.form_id == form.form_id):
        return
    waiting = select(UserTask).where(UserTask.form_id == form.form_id, UserTask.status == "open")
    task = session.scalars(waiting.limit(1)).first()
    if task is not None:
        raise _used("form", form.form_id, f"open user task {task.id}", f"việc {task.id} đang mở")
    _refuse_called(session, "form", form.form_id, lambda details: details.form_id)


def delete_file(session: Session, version_id: int, actor: Actor) -> None:
    """Delete a version of a file that nothing here runs; raises NotFound."""
    _mark(session, _locked(session, FileVersion, version_id, "file"), "resource", actor)


def _locked(session: Session, table: type[Version], number: int, kind: str) -> Version:
    """Return a version that is not deleted yet, locked against others that delete or deploy it now."""
    deployments.wait_for_others(session)
    query = select(table).where(table.id == number, table.deleted_at.is_(None)).with_for_update()
    found = session.scalars(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(kind=kind, key=number)
    return found


def _mark(session: Session, version: Version, kind: str, actor: Actor) -> None:
    version.deleted_at = clock.now()
    session.add(Deletion(kind=kind, number=version.id, at=version.deleted_at, actor=actor.name))
    session.flush()


def _is_left(session: Session, table: type[Form | DecisionDefinition], own: object) -> bool:
    query = select(table.id).where(own, table.deleted_at.is_(None)).limit(1)  # type: ignore[arg-type]
    return session.scalars(query).first() is not None


def _refuse_called(session: Session, kind: str, key: str, named: Callable[[Details], str | None]) -> None:
    """Refuse what a diagram names that can begin or go on."""
    running = select(ProcessInstance.definition_id).where(ProcessInstance.status == "active").distinct()
    alive = [*deployments.list_latest(session)]
    known = {definition.id for definition in alive}
    old = select(ProcessDefinition).where(
        ProcessDefinition.id.in_(running), ProcessDefinition.id.not_in(known)
    )
    for definition in [*alive, *session.scalars(old)]:
        elements = deployments.compiled_version(session, definition).process.elements.values()
        if any(named(element.details) == key for element in elements):
            user = f"process '{definition.process_id}' version {definition.version}"
            user_vi = f"quy trình “{definition.process_id}” phiên bản {definition.version}"
            raise _used(kind, key, user, user_vi)


def _used(kind: str, key: str, user: str, user_vi: str) -> StillUsed:
    kind_vi = {"form": "biểu mẫu", "decision": "quyết định"}[kind]
    return StillUsed(kind=kind, kind_vi=kind_vi, key=key, user=user, user_vi=user_vi)
