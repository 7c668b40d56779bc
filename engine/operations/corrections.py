"""Corrections of running cases, each with a reason and what was before: variables, due dates, timers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from engine import instances, operations, queue, steps, tasks
from engine.actors import Actor
from engine.errors import BadInput, Conflict, NotFound, Text
from engine.handlers import Json
from engine.operations import due_dates, four_eyes
from engine.spiff import relocation
from engine.spiff.game import Game
from engine.tables import ProcessInstance, Timer, UserTask

VARIABLES = Text("sửa dữ liệu của hồ sơ", "change variables")
DUE = Text("đổi thời hạn", "change a due date")
TIMER = Text("dời hẹn giờ", "move a timer")


def set_variables(  # noqa: PLR0913  a correction is exactly these
    session: Session,
    instance_id: int,
    variables: Mapping[str, Json],
    actor: Actor,
    reason: str,
    *,
    token: int | None = None,
    goes_on: bool = True,
) -> ProcessInstance:
    """Set variables of the process, or as a token sees them; conditions that became true take effect.

    Without `token` they are set in the process. With one, in its own local scope when it has one, else where
    it lies. With `goes_on` False nothing is woken yet: an incident is repaired first and tried again after.
    """
    given = operations.ensure_reason(reason, VARIABLES)
    _ensure_names(variables)
    instance = operations.lock(session, instance_id, VARIABLES)
    four_eyes.ensure_uninvolved(session, instance, actor, VARIABLES)
    game = instances.load(session, instance, actor)
    scope, element = relocation.find_scope(game, token)
    before = game.scopes.rows[scope].variables
    changes: list[Json] = [
        {"name": name, "before": before.get(name), "after": value} for name, value in variables.items()
    ]
    data: dict[str, Json] = {"scope": scope, "changes": changes}
    operations.record(session, instance, "variables.corrected", actor, given, data, element)

    moves = goes_on and instance.suspended_at is None  # a held instance is asked when it goes on

    def correct(live: Game) -> None:
        relocation.write(live, scope, variables, goes_on=moves)

    instances.advance(session, instance, actor, correct)
    return instance


def _ensure_names(variables: Mapping[str, Json]) -> None:
    wrong = [name for name in variables if not isinstance(name, str) or not name.strip()]
    if wrong or not variables:
        raise BadInput(
            expected="variables, each with a name",
            expected_vi="ít nhất một dữ liệu có tên",
            found=f"“{wrong[0]}”" if wrong else 0,
        )


def set_due(session: Session, task_id: int, due_at: datetime | None, actor: Actor, reason: str) -> UserTask:
    """Give an open user task another due date (aware), or none; its reminders and levels follow.

    The timers that the diagram draws stay as they are.
    """
    given = operations.ensure_reason(reason, DUE)
    task, instance = tasks.lock(session, task_id)
    operations.ensure_active(instance, DUE)
    tasks.ensure_open(task, "change the due date of")
    due = None if due_at is None else due_at.astimezone(UTC)
    data: dict[str, Json] = {"task": task.id, "before": _iso(task.due_at), "after": _iso(due)}
    operations.record(session, instance, "task.due_changed", actor, given, data, task.element)
    task.due_at = due
    due_dates.follow(session, instance, task, actor)
    instances.advance(session, instance, actor, lambda game: relocation.set_due(game, task.token, _iso(due)))
    return task


def move_timer(session: Session, timer_id: int, due_at: datetime, actor: Actor, reason: str) -> Timer:
    """Let a waiting timer of an instance fire at another moment (aware); one that has passed fires at once.

    Later occurrences of a cycle keep their own moments.
    """
    given = operations.ensure_reason(reason, TIMER)
    timer = session.get(Timer, timer_id)
    if timer is None:
        raise NotFound(kind="timer", key=timer_id)
    if timer.instance_id is None:
        raise Conflict(
            expected="the timer of a running instance",
            found="it starts new instances; deploy another version to change it",
            found_vi="đây là hẹn giờ mở hồ sơ mới; muốn đổi hãy triển khai phiên bản khác",
        )
    instance = operations.lock(session, timer.instance_id, TIMER)
    session.refresh(timer)
    if timer.status != "waiting":
        raise Conflict(
            expected=f"timer {timer_id} waiting",
            found=f"it is {timer.status}",
            found_vi="hẹn giờ này không còn chờ nữa",
        )
    due = due_at.astimezone(UTC)
    data: dict[str, Json] = {"timer": timer.id, "before": _iso(timer.due_at), "after": _iso(due)}
    operations.record(session, instance, "timer.moved", actor, given, data, timer.element)
    with steps.guarded(instance.id):
        timer.due_at = due
        queue.defer_timer(session, timer.id, due)
    token = timer.token
    instances.advance(session, instance, actor, lambda game: relocation.set_due(game, token, _iso(due)))
    return timer


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
