"""User tasks: claim, release, complete; who may is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from engine import calendars, clock, deployments, forms, history, instances, rows
from engine.actors import SYSTEM, Actor
from engine.bpmn.model import Element
from engine.errors import Conflict, NotAllowed, NotFound, TaskNotOpen, Text
from engine.form_fields import row_ids
from engine.handlers import Json, View, registered
from engine.operations import holds
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.tables import CandidateGroup, HistoryEvent, ProcessInstance, UserTask
from engine.task_locks import lock as lock
from engine.task_locks import lock_with_form

FORM_SOURCE = "bv:formSource"
FOUR_EYES = "bv:fourEyes"
SEALED = "bv:secret"
Answers: TypeAlias = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]]


def get(session: Session, task_id: int) -> UserTask:
    """Return a user task."""
    task = session.get(UserTask, task_id)
    if task is None:
        raise NotFound(kind="user task", key=task_id)
    return task


def at_token(session: Session, instance: ProcessInstance, token: int) -> UserTask | None:
    """Return the open task that a token of an instance waits in."""
    query = select(UserTask).where(
        UserTask.instance_id == instance.id, UserTask.token == token, UserTask.status == "open"
    )
    return session.scalars(query).first()


def instance_of(session: Session, task: UserTask) -> ProcessInstance:
    """Return the instance of a task, its row locked."""
    return instances.locked(session, task.instance_id)


def may_act(task: UserTask, actor: Actor) -> bool:
    """Tell whether the actor may claim or complete the task: assignee, or candidate of an unassigned one."""
    if task.assignee is not None:
        return task.assignee == actor.name
    return actor.may_act_for(group.group_name for group in task.candidate_groups)


def may_see(task: UserTask, actor: Actor) -> bool:
    """Tell whether the task is the actor's to look at now: holder, candidate, or who ended it."""
    groups = [group.group_name for group in task.candidate_groups]
    return may_act(task, actor) or task.ended_by == actor.name or actor.may_act_for(groups)


def concerns(session: Session, task: UserTask, actor: Actor) -> bool:
    """Tell whether the actor may know of the task: it is theirs to look at, or was offered to them once.

    The candidates of a task that has ended stand in its last history event.
    """
    if may_see(task, actor):
        return True
    ends = select(HistoryEvent.data).where(
        HistoryEvent.instance_id == task.instance_id,
        HistoryEvent.kind.in_(("task.completed", "task.cancelled", "task.returned", "task.recalled")),
        HistoryEvent.element == task.element,
    )
    found = (data for data in session.scalars(ends) if data.get("task") == task.id)
    return any(actor.may_act_for(data.get("candidate_groups", ())) for data in found)


def ensure_concerns(
    session: Session, task: UserTask, actor: Actor, operation: str, operation_vi: str
) -> None:
    """Refuse whoever the task does not concern, without a word about its name, its holder or its end."""
    if not concerns(session, task, actor):
        raise NotAllowed(
            actor=actor.name,
            operation=f"{operation} this user task",
            operation_vi=f"{operation_vi} việc này",
            reason="it was never offered to the actor or to a group of the actor",
            reason_vi="bạn không thuộc nhóm được giao việc này",
        )


def ensure_open(task: UserTask, operation: str) -> None:
    """Refuse a task that has ended, with who ended it and when; raises TaskNotOpen."""
    if task.status == "open":
        return
    raise TaskNotOpen(
        operation=operation,
        task=task.name,
        state=task.status,
        state_vi={"completed": "đã hoàn thành", "cancelled": "đã hủy"}[task.status],
        by=task.ended_by or SYSTEM.name,
        at=clock.written(task.ended_at),
    )


def ensure_may_act(task: UserTask, actor: Actor, operation: str, operation_vi: str) -> None:
    """Refuse who neither holds a task nor may claim it; raises NotAllowed."""
    if may_act(task, actor):
        return
    holder = task.assignee
    raise NotAllowed(
        actor=actor.name,
        operation=f"{operation} user task '{task.name}'",
        operation_vi=f"{operation_vi} việc “{task.name}”",
        reason=f"it is assigned to {holder}" if holder else "the actor is in none of its candidate groups",
        reason_vi=f"việc đang do {holder} giữ" if holder else "bạn không thuộc nhóm được giao việc này",
    )


def four_eyes_refusal(session: Session, task: UserTask, actor: Actor) -> Text | None:
    """Say why the actor may not do the task where the diagram asks for four eyes; None when they may.

    Who has done another step of the case may not; an earlier round of the same step hinders nobody.
    """
    if element(session, task).details.properties.get(FOUR_EYES) != "true":
        return None
    earlier = select(UserTask.name).where(
        UserTask.instance_id == task.instance_id,
        UserTask.element != task.element,
        UserTask.ended_by == actor.name,
        UserTask.status == "completed",
    )
    done = session.scalars(earlier.order_by(UserTask.id).limit(1)).first()
    if done is None:
        return None
    return Text(
        f"sơ đồ yêu cầu hai người khác nhau ({FOUR_EYES}) và bạn đã làm “{done}”",
        f"the diagram asks for four eyes ({FOUR_EYES}) and the actor has done '{done}'",
    )


def _ensure_four_eyes(session: Session, task: UserTask, actor: Actor) -> None:
    refusal = four_eyes_refusal(session, task, actor)
    if refusal is not None:
        raise NotAllowed(
            actor=actor.name,
            operation=f"do user task '{task.name}'",
            operation_vi=f"làm việc “{task.name}”",
            reason=refusal.en,
            reason_vi=refusal.vi,
        )


def ensure_doable(
    session: Session,
    task: UserTask,
    instance: ProcessInstance,
    actor: Actor,
    operation: str,
    operation_vi: str,
) -> None:
    """Refuse who may not end a locked task now; raises NotAllowed, TaskNotOpen, Suspended."""
    ensure_concerns(session, task, actor, operation, operation_vi)
    ensure_open(task, operation)
    holds.ensure_awake(session, instance)
    ensure_may_act(task, actor, operation, operation_vi)
    _ensure_four_eyes(session, task, actor)


def give(session: Session, instance: ProcessInstance, task: UserTask, actor: Actor) -> None:
    """Let an open task be the actor's own, without asking whether it was offered."""
    with instances.guarded(instance.id):
        _record_assignee(session, instance, task, "task.claimed", actor, actor.name)
        task.assignee = actor.name
        session.flush()
        history.write(session)


def claim(session: Session, task_id: int, actor: Actor) -> UserTask:
    """Make an unassigned task the actor's own; the second one to try is told who was first."""
    task, instance = lock(session, task_id)
    ensure_concerns(session, task, actor, "claim", "nhận")
    ensure_open(task, "claim")
    holds.ensure_awake(session, instance)
    if task.assignee == actor.name:
        return task
    if task.assignee is not None:
        raise Conflict(
            expected=f"user task '{task.name}' unassigned",
            found=f"{task.assignee} has claimed it",
            found_vi=f"việc “{task.name}” đã được {task.assignee} nhận",
        )
    ensure_may_act(task, actor, "claim", "nhận")
    _ensure_four_eyes(session, task, actor)
    give(session, instance, task, actor)
    return task


def release(session: Session, task_id: int, actor: Actor) -> UserTask:
    """Give a claimed task back to its candidate groups."""
    task, instance = lock(session, task_id)
    ensure_concerns(session, task, actor, "release", "trả lại")
    ensure_open(task, "release")
    holds.ensure_awake(session, instance)
    ensure_may_act(task, actor, "release", "trả lại")
    if not task.candidate_groups:
        raise Conflict(
            expected=f"user task '{task.name}' with candidates",
            found="nobody else could take it",
            found_vi=f"việc “{task.name}” không có nhóm nào khác nhận được",
        )
    with instances.guarded(instance.id):
        _record_assignee(session, instance, task, "task.released", actor, None)
        task.assignee = None
        session.flush()
        history.write(session)
    return task


def _record_assignee(
    session: Session, instance: ProcessInstance, task: UserTask, kind: str, actor: Actor, assignee: str | None
) -> None:
    data: dict[str, Json] = {
        "task": task.id,
        "token": task.token,
        "before": task.assignee,
        "after": assignee,
    }
    history.record(session, instance, kind, actor, data, task.element)


def element(session: Session, task: UserTask) -> Element:
    """Return the element of a task in the version its instance runs on, else in the newest that has it."""
    own = deployments.compiled(session, task.instance).process
    if task.element in own.elements:
        return own.elements[task.element]
    # the instance went to another version after the task had ended
    processes = (
        deployments.compiled_version(session, definition).process
        for definition in deployments.versions(session, task.process_id)
    )
    return next(other.elements[task.element] for other in processes if task.element in other.elements)


def form_context(session: Session, task: UserTask, actor: Actor, view: View | None = None) -> dict[str, Json]:
    """Return the variables that the task sees, and what its form source says now; `view` narrows its rows."""
    if task.status != "open":
        return {}
    game = instances.load(session, task.instance, actor)
    token = game.token(task.token)
    return {} if token is None else _context(session, task, game, token, actor, view)


def _context(
    session: Session, task: UserTask, game: Game, token: Any, actor: Actor, view: View | None
) -> dict[str, Json]:
    found: Element = token.task_spec.element
    context = game.variables(token)
    source = found.details.properties.get(FORM_SOURCE)
    if source:
        call = instances.service_call(task.instance, found, context, actor, view)
        context |= _handler(session, source)(session, call) or {}
    return context


def _handler(session: Session, job_type: str) -> Any:
    registration = registered(session).get(job_type)
    if registration is None:
        raise NotFound(kind="handler", key=job_type)
    return registration.function


def complete(session: Session, task_id: int, variables: Answers, actor: Actor) -> UserTask:
    """Complete a task with what its form declares, and run the instance to its next wait states.

    `variables` are the answers, or a function that reads them by the form. Raises TaskNotOpen, NotAllowed,
    FormInvalid, and whatever a completing listener refuses; then nothing happened.
    """
    task, instance, form = lock_with_form(session, task_id)
    ensure_doable(session, task, instance, actor, "complete", "hoàn thành")
    game = instances.load(session, instance, actor)
    token = game.token(task.token)
    if token is None:
        raise NotFound(kind="token", key=task.token)
    found: Element = token.task_spec.element
    values: dict[str, Json] = dict(variables(form) if callable(variables) else variables)
    if task.form_id:
        view = View(ids=row_ids(form, values) or ())
        context = _context(session, task, game, token, actor, view)
        with calendars.lent(session):
            values = forms.validate(form, values, context)
    results = _listen(session, instance, found, game.variables(token), values, actor)
    _end(session, task, instance, found, values, actor)

    def go_on(live: Game) -> None:
        waiting = live.token(task.token)
        if waiting is not None:
            stepping.finish(live, waiting, results)

    instances.advance(session, instance, actor, go_on, game)
    rows.withdraw(session, task)  # the step has done it, unless the token still stands there
    return task


def _listen(
    session: Session,
    instance: ProcessInstance,
    found: Element,
    view: Mapping[str, Json],
    values: dict[str, Json],
    actor: Actor,
) -> dict[str, Json]:
    """Call the completing listeners; with one, only what they return reaches the process."""
    listeners = [entry for entry in found.details.listeners if entry.event_type == "completing"]
    if not listeners:
        return {} if is_secret(found) else values
    results: dict[str, Json] = {}
    for listener in listeners:
        call = instances.service_call(instance, found, {**view, **values, **results}, actor)
        results |= _handler(session, listener.type)(session, call) or {}
    return results


def is_secret(found: Element) -> bool:
    """Tell whether what is typed into a task may reach its completing listener and nothing else."""
    return found.details.properties.get(SEALED) == "true"


def _end(
    session: Session,
    task: UserTask,
    instance: ProcessInstance,
    found: Element,
    values: dict[str, Json],
    actor: Actor,
) -> None:
    holder = task.assignee or actor.name
    if task.assignee is None:
        _record_assignee(session, instance, task, "task.claimed", actor, holder)
    groups: list[Json] = [group.group_name for group in task.candidate_groups]
    data: dict[str, Json] = {"task": task.id, "values": values, "candidate_groups": groups}
    if is_secret(found):
        data |= {"values": {}, "secret": True}
    history.record(session, instance, "task.completed", actor, data, task.element)
    ended: dict[str, object] = {"status": "completed", "ended_at": clock.now(), "ended_by": actor.name}
    rows.change_task(session, task, assignee=holder, **ended)


def mine(actor: Actor) -> Select[UserTask]:
    """Select the open tasks assigned to the actor."""
    return select(UserTask).where(UserTask.status == "open", UserTask.assignee == actor.name)


def of_my_groups(actor: Actor) -> Select[UserTask]:
    """Select the open, unassigned tasks that the actor may claim."""
    return select(UserTask).where(
        UserTask.status == "open", UserTask.assignee.is_(None), UserTask.id.in_(_offered(actor))
    )


def open_for(actor: Actor) -> Select[UserTask]:
    """Select every open task that the actor could work on: own ones and those of the groups."""
    return select(UserTask).where(
        UserTask.status == "open",
        or_(
            UserTask.assignee == actor.name,
            UserTask.assignee.is_(None) & UserTask.id.in_(_offered(actor)),
        ),
    )


def _offered(actor: Actor) -> Select[int]:
    return select(CandidateGroup.task_id).where(CandidateGroup.group_name.in_(sorted(actor.candidacies)))
