"""The index tables follow the state: what tokens wait for before a step and after it decides every row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine import clock, history, queue, rows, task_deadlines
from engine.actors import USER, Actor
from engine.handlers import Json, registered
from engine.spiff.state import Wait
from engine.tables import (
    Incident,
    Job,
    ProcessInstance,
    Subscription,
    Timer,
    UserTask,
)

RETRIES = 3
NO_TOKEN = 0  # of an incident of the whole instance: tokens are numbered from 1
_Waits = Mapping[tuple[str, int], Wait]
_Row = TypeVar("_Row", UserTask, Timer)
OPENED = {
    "task": "task.created",
    "job": "job.created",
    "timer": "timer.planned",
    "message": "subscription.opened",
    "signal": "signal.awaited",
    "conditional": "condition.awaited",
    "incident": "incident.raised",
}
CLOSED = {
    "task": "task.cancelled",
    "job": "job.cancelled",
    "timer": "timer.cancelled",
    "incident": "incident.resolved",
}


def sync(
    session: Session, instance: ProcessInstance, before: _Waits, after: _Waits, actor: Actor
) -> list[Subscription]:
    """Write the difference of two wait sets; return the subscriptions that were opened."""
    closed = [wait for key, wait in before.items() if not _stays(wait, after.get(key))]
    _close(session, instance, closed, after, actor)
    new = [wait for key, wait in after.items() if not _stays(wait, before.get(key)) and wait.kind in OPENED]
    ended = _known_ended(session, instance, [wait.token for wait in closed if wait.kind == "task"])
    limited = _open_tasks(session, instance, ended, [wait for wait in new if wait.kind == "task"])
    opened: list[Subscription] = []
    for wait in new:
        data = {name: value for name, value in wait.details.items() if name != "kind"}
        data |= {"token": wait.token, "flows": list(wait.flows)}
        history.record(session, instance, OPENED[wait.kind], actor, data, wait.element)
        if wait.kind != "task":
            row = _OPEN[wait.kind](session, instance, wait)
            if isinstance(row, Subscription):
                opened.append(row)
        elif wait.token in limited:
            task_deadlines.arm(session, instance, limited[wait.token], wait.details["deadline"])
    return opened


def _close(
    session: Session, instance: ProcessInstance, closed: Sequence[Wait], after: _Waits, actor: Actor
) -> None:
    """Close the rows of waits that are over."""
    for kind, close in _CLOSE.items():
        tokens = [wait.token for wait in closed if wait.kind == kind]
        if tokens:
            for gone, data in close(session, instance, tokens):
                if (kind, gone.token) not in after:  # an incident with a new reason is raised again
                    history.record(session, instance, CLOSED[kind], actor, data, gone.element)
    task_deadlines.disarm(session, instance, _limited(closed), actor)


def _limited(closed: Sequence[Wait]) -> list[int]:
    """Return the tokens of tasks that had a limit: the others have nothing to let go."""
    return [wait.token for wait in closed if "deadline" in wait.details]


def _stays(wait: Wait, other: Wait | None) -> bool:
    """Tell whether a wait is the same on the other side of a step; a new reason makes a new incident."""
    return other is not None and (wait.kind != "incident" or wait.details == other.details)


def _open_tasks(
    session: Session, instance: ProcessInstance, ended: Sequence[UserTask], new: Sequence[Wait]
) -> dict[int, UserTask]:
    """Write and offer the new tasks, the ended ones to nobody any more; return those with a limit by token.

    Nobody here needs the objects of the others.
    """
    tasks = [_describe_task(instance, wait) for wait in new]
    numbers = rows.insert_tasks(session, tasks) if tasks else []
    offers = [(number, name) for number, wait in zip(numbers, new, strict=True) for name in _candidates(wait)]
    rows.offer(session, offers, ended)
    return {
        wait.token: rows.as_object(session, task, number)
        for wait, task, number in zip(new, tasks, numbers, strict=True)
        if "deadline" in wait.details
    }


def _candidates(wait: Wait) -> list[str]:
    people = (USER + name for name in wait.details["users"])
    return list(dict.fromkeys([*wait.details["groups"], *people]))


def _describe_task(instance: ProcessInstance, wait: Wait) -> dict[str, Any]:
    details = wait.details
    due, follow_up = details["due"], details.get("follow_up")
    return {
        "instance_id": instance.id,
        "token": wait.token,
        "scope": wait.scope,
        "process_id": instance.process_id,
        "business_key": instance.business_key,
        "element": wait.element,
        "name": details["name"],
        "subject": details["subject"],
        "form_id": details["form"],
        "assignee": details["assignee"],
        "status": "open",
        "priority": details["priority"],
        "created_at": clock.now(),
        "due_at": None if due is None else datetime.fromisoformat(due),
        "follow_up_at": None if follow_up is None else datetime.fromisoformat(follow_up),
    }


def _open_job(session: Session, instance: ProcessInstance, wait: Wait) -> Job:
    job = Job(
        instance_id=instance.id,
        token=wait.token,
        element=wait.element,
        type=wait.details["type"],
        retries=wait.details["retries"],
        status="open",
        created_at=clock.now(),
    )
    session.add(job)
    defer(session, job)
    return job


def defer(session: Session, job: Job) -> None:
    """Hand the job of one of our own handlers to the worker, in this transaction."""
    registration = registered(session).get(job.type)
    if registration is not None:
        session.flush()
        queue.defer_job(session, job.id, job.instance_id, retries=job.retries)


def _open_timer(session: Session, instance: ProcessInstance, wait: Wait) -> Timer:
    details = wait.details
    timer = Timer(
        instance_id=instance.id,
        token=wait.token,
        element=wait.element,
        due_at=datetime.fromisoformat(details["due"]),
        repetitions=details["left"],
        interval=details["interval"],
        started_at=datetime.fromisoformat(details["start"]),
        occurrence=details["occurrence"],
        status="waiting",
    )
    return plan(session, timer)


def plan(session: Session, timer: Timer) -> Timer:
    """Add a timer and defer its job in the same transaction."""
    session.add(timer)
    session.flush()
    queue.defer_timer(session, timer.id, timer.due_at)
    return timer


def _open_subscription(session: Session, instance: ProcessInstance, wait: Wait) -> Subscription:
    row = Subscription(
        instance_id=instance.id,
        token=wait.token,
        element=wait.element,
        kind=wait.kind,
        message_name=wait.details["condition" if wait.kind == "conditional" else "name"],
        correlation_key=wait.details.get("key"),
        created_at=clock.now(),
    )
    session.add(row)
    return row


def _open_incident(session: Session, instance: ProcessInstance, wait: Wait) -> Incident:
    row = Incident(
        instance_id=instance.id,
        token=wait.token,
        element=wait.element,
        kind=wait.details["kind"],
        vi=wait.details["vi"],
        en=wait.details["en"],
        status="open",
        created_at=clock.now(),
    )
    session.add(row)
    return row


_OPEN: dict[str, Callable[[Session, ProcessInstance, Wait], object]] = {
    "job": _open_job,
    "timer": _open_timer,
    "message": _open_subscription,
    "signal": _open_subscription,
    "conditional": _open_subscription,
    "incident": _open_incident,
}


# what was really closed, with what history says of it
_Closed = list[tuple[UserTask | Job | Timer | Incident, dict[str, Json]]]


def _close_tasks(session: Session, instance: ProcessInstance, tokens: list[int]) -> _Closed:
    """Cancel the tasks that the step took away; the one a person has just completed needs no look."""
    ended = {row.token for row in _known_ended(session, instance, tokens)}
    left = [token for token in tokens if token not in ended]
    if not left:
        return []
    query = select(UserTask).where(
        UserTask.instance_id == instance.id, UserTask.token.in_(left), UserTask.status == "open"
    )
    closed: _Closed = []
    for task in session.scalars(query).all():
        groups: list[Json] = [group.group_name for group in task.candidate_groups]
        closed.append((task, {"token": task.token, "task": task.id, "candidate_groups": groups}))
        task.status, task.ended_at = "cancelled", clock.now()
        task.candidate_groups.clear()
    return closed


def _known_ended(session: Session, instance: ProcessInstance, tokens: Sequence[int]) -> list[UserTask]:
    """Return the ended tasks of tokens that this session has in hand."""
    return [row for row in _in_hand(session, UserTask, instance, tokens) if row.status != "open"]


def _in_hand(
    session: Session, table: type[_Row], instance: ProcessInstance, tokens: Sequence[int]
) -> list[_Row]:
    """Return the rows of tokens that this session has already read."""
    if not tokens:
        return []
    known = (row for row in session.identity_map.values() if isinstance(row, table))
    return [row for row in known if row.instance_id == instance.id and row.token in tokens]


def _close_jobs(session: Session, instance: ProcessInstance, tokens: list[int]) -> _Closed:
    query = select(Job).where(
        Job.instance_id == instance.id, Job.token.in_(tokens), Job.status.in_(("open", "failed"))
    )
    # one that this transaction has just ended stands in the database as it was
    jobs = [job for job in session.scalars(query) if job.status in ("open", "failed")]
    for job in jobs:
        job.status, job.ended_at = "cancelled", clock.now()
        queue.cancel_job(session, job.id)
    return [(job, {"token": job.token}) for job in jobs]


def _close_timers(session: Session, instance: ProcessInstance, tokens: list[int]) -> _Closed:
    """Cancel the timers that the step took away; the one that has just fired needs no look."""
    fired = {row.token for row in _in_hand(session, Timer, instance, tokens) if row.status == "fired"}
    left = [token for token in tokens if token not in fired]
    if not left:
        return []
    query = select(Timer).where(
        Timer.instance_id == instance.id, Timer.token.in_(left), Timer.status == "waiting"
    )
    timers = [timer for timer in session.scalars(query) if timer.status == "waiting"]
    cancel_timers(session, timers)
    return [(timer, {"token": timer.token}) for timer in timers]


def cancel_timers(session: Session, timers: Sequence[Timer]) -> None:
    """Cancel timers with their deferred jobs."""
    for timer in timers:
        timer.status = "cancelled"
        queue.cancel_timer(session, timer.id)


def _close_subscriptions(session: Session, instance: ProcessInstance, tokens: list[int]) -> _Closed:
    session.execute(
        delete(Subscription).where(Subscription.instance_id == instance.id, Subscription.token.in_(tokens))
    )
    return []


def _close_incidents(session: Session, instance: ProcessInstance, tokens: list[int]) -> _Closed:
    query = select(Incident).where(
        Incident.instance_id == instance.id, Incident.token.in_(tokens), Incident.status == "open"
    )
    incidents = session.scalars(query.order_by(Incident.id)).all()
    for incident in incidents:
        incident.status, incident.resolved_at = "resolved", clock.now()
    return [(incident, {"token": incident.token, "kind": incident.kind}) for incident in incidents]


_CLOSE: dict[str, Callable[[Session, ProcessInstance, list[int]], _Closed]] = {
    "task": _close_tasks,
    "job": _close_jobs,
    "timer": _close_timers,
    "message": _close_subscriptions,
    "signal": _close_subscriptions,
    "conditional": _close_subscriptions,
    "incident": _close_incidents,
}


def repoint(session: Session, instance: ProcessInstance, elements: Mapping[int, str]) -> None:
    """Let the open rows of tokens say which element they stand on now, by token."""
    still: list[tuple[Any, tuple[str, ...]]] = [
        (UserTask, ("open",)),
        (Job, ("open", "failed")),
        (Timer, ("waiting",)),
        (Incident, ("open",)),
        (Subscription, ()),
    ]
    for table, statuses in still:
        query = select(table).where(table.instance_id == instance.id, table.token.in_(elements))
        if statuses:
            query = query.where(table.status.in_(statuses))
        for row in session.scalars(query).all():
            row.element = elements[row.token]


def rename(session: Session, instance: ProcessInstance, waits: _Waits) -> None:
    """Let open tasks have the name and the form, and conditions the text, that their tokens say now."""
    query = select(UserTask).where(UserTask.instance_id == instance.id, UserTask.status == "open")
    for task in session.scalars(query).all():
        wait = waits.get(("task", task.token))
        if wait is not None:
            task.name, task.form_id = wait.details["name"], wait.details["form"]
    conditions = select(Subscription).where(
        Subscription.instance_id == instance.id, Subscription.kind == "conditional"
    )
    for row in session.scalars(conditions).all():
        wait = waits.get(("conditional", row.token or 0))
        if wait is not None:
            row.message_name = wait.details["condition"]


def close_tokenless(session: Session, instance: ProcessInstance, actor: Actor) -> None:
    """Resolve the incidents of an instance that ends which belong to no token of it."""
    for gone, data in _close_incidents(session, instance, [NO_TOKEN]):
        history.record(session, instance, CLOSED["incident"], actor, data, gone.element)


def close_all(session: Session, instance: ProcessInstance, actor: Actor) -> None:
    """Close every open row of an instance that ends without its state."""
    tables: dict[str, Any] = {
        "task": UserTask,
        "job": Job,
        "timer": Timer,
        "message": Subscription,
        "incident": Incident,
    }
    for kind, table in tables.items():
        tokens = list(session.scalars(select(table.token).where(table.instance_id == instance.id)))
        if kind == "task":
            task_deadlines.disarm(session, instance, tokens, actor)
        for gone, data in _CLOSE[kind](session, instance, tokens):
            history.record(session, instance, CLOSED[kind], actor, data, gone.element)
