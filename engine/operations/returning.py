"""Send a case back to an earlier step, or take back what one has just submitted, as people do with paper.

Both put a token back on an earlier user task of the same scope. They are refused where another branch would
be walked twice, and a submission is not taken back once anybody, or the world outside, has gone on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, instances, operations, tasks
from engine.actors import Actor
from engine.errors import Conflict, Text
from engine.handlers import Json
from engine.operations import holds
from engine.spiff import paths, relocation, stepping
from engine.spiff.game import Game
from engine.tables import HistoryEvent, ProcessInstance, UserTask

RETURN = Text("trả hồ sơ về bước trước", "return a case")
RECALL = Text("rút lại hồ sơ", "recall a case")
# What others have got or done cannot be taken back by taking the case back.
_GONE_OUT = frozenset({"message.published", "call.started", "job.completed"})
_ACTING = frozenset({"serviceTask", "sendTask", "callActivity"})


class NotReturnable(Conflict):
    """Expected a step that the case can go back to, but {reason}."""

    vi = "Không trả về được: {reason_vi}. Chưa có gì thay đổi; hãy mở lại việc để xem các bước trả về được."
    en = "Expected a step that the case can go back to, but {reason}. Nothing was changed."


class NotRecallable(Conflict):
    """Expected a submission that can still be taken back, but {reason}."""

    vi = "Không rút lại được: {reason_vi}. Chưa có gì thay đổi; hãy đề nghị người đang xử lý trả lại hồ sơ."
    en = "Expected a submission that can still be taken back, but {reason}. Nothing was changed."


@dataclass(frozen=True)
class Target:
    """An earlier step that a case can go back to, with who did it last."""

    element: str
    name: str
    done_by: str


def targets(session: Session, task_id: int, actor: Actor) -> list[Target]:
    """Return the completed user tasks that the case can go back to from an open one, the latest first."""
    task = tasks.get(session, task_id)
    tasks.ensure_concerns(session, task, actor, "return", "trả lại")
    if task.status != "open":
        return []
    game = instances.load(session, task.instance, actor)
    earlier = _earlier(session, task)
    return [
        Target(found.element, found.name, found.ended_by or "")
        for found in {row.element: row for row in reversed(earlier)}.values()
        if _branch_between(game, task, found.element) is None
        and paths.starved_join(game, task.token, found.element) is None
    ][::-1]


def send_back(session: Session, task_id: int, element: str, actor: Actor, reason: str) -> UserTask:
    """Send the case back from an open task, by who holds it, to an earlier completed user task.

    Returns the task that ended. Raises NotReturnable, NotAllowed, TaskNotOpen, Suspended.
    """
    given = operations.ensure_reason(reason, RETURN)
    task, instance = tasks.lock(session, task_id)
    tasks.ensure_doable(session, task, instance, actor, "return", "trả lại")
    game = instances.load(session, instance, actor)
    found = next((row for row in _earlier(session, task) if row.element == element), None)
    if found is None:
        raise NotReturnable(
            reason=f"'{element}' is no earlier user task of this path",
            reason_vi=f"“{element}” không phải là việc đã làm trước bước này",
        )
    branch = _branch_between(game, task, element)
    if branch is not None:
        raise NotReturnable(
            reason=f"a parallel branch ({branch}) would be walked twice",
            reason_vi=f"nhánh song song ({branch}) sẽ phải làm lại",
        )
    join = paths.starved_join(game, task.token, element)
    if join is not None:
        raise NotReturnable(
            reason=f"'{join}' would then wait for parallel branches that have ended",
            reason_vi=f"“{join}” sẽ chờ mãi các nhánh song song đã kết thúc",
        )
    data: dict[str, Json] = {"to": element, "to_task": found.id, "to_person": found.ended_by}
    _move(session, instance, task, element, "task.returned", actor, given, data)
    return task


def recall(session: Session, task_id: int, actor: Actor, reason: str) -> UserTask:
    """Take a submission back, by who completed the task, while nobody has taken up the next one.

    Returns the new open task, held by the actor. Raises NotRecallable, NotAllowed, Suspended.
    """
    given = operations.ensure_reason(reason, RECALL)
    done, instance = tasks.lock(session, task_id)
    tasks.ensure_concerns(session, done, actor, "recall", "rút lại")
    operations.ensure_active(instance, RECALL)
    if done.status != "completed" or done.ended_by != actor.name:
        raise NotRecallable(
            reason="the actor has not completed this task",
            reason_vi="bạn không phải người đã hoàn thành việc này",
        )
    holds.ensure_awake(session, instance)
    following = _following(session, instance, done, actor)
    game = instances.load(session, instance, actor)
    join = paths.starved_join(game, following.token, done.element)
    if join is not None:
        raise NotRecallable(
            reason=f"'{join}' has already been passed together with parallel branches",
            reason_vi=f"hồ sơ đã qua “{join}”, nơi gộp các nhánh song song",
        )
    data: dict[str, Json] = {"recalled": done.id, "to": done.element}
    known = set(session.scalars(_open_of(instance, done.element)))
    _move(session, instance, following, done.element, "task.recalled", actor, given, data)
    opened = [row for row in session.scalars(_open_of(instance, done.element)) if row not in known]
    if not opened:
        raise NotRecallable(
            reason=f"'{done.name}' cannot be opened again", reason_vi=f"việc “{done.name}” không mở lại được"
        )
    again: UserTask = opened[0]
    tasks.give(session, instance, again, actor)
    return again


def _move(  # noqa: PLR0913  a return is exactly these
    session: Session,
    instance: ProcessInstance,
    task: UserTask,
    element: str,
    kind: str,
    actor: Actor,
    reason: str,
    data: dict[str, Json],
) -> None:
    """End an open task without completing it and put its token on another element of the same scope."""
    groups: list[Json] = [group.group_name for group in task.candidate_groups]
    told = {"task": task.id, "before": task.assignee, "candidate_groups": groups, **data}
    operations.record(session, instance, kind, actor, reason, told, task.element)
    task.status, task.ended_at, task.ended_by = "cancelled", clock.now(), actor.name
    task.candidate_groups.clear()

    def go_back(game: Game) -> None:
        token = game.token(task.token)
        if token is not None:
            relocation.place(game, element, token.internal_data["scope"], {})
            relocation.let_go(game, token)
            stepping.run(game)

    instances.advance(session, instance, actor, go_back)


def _earlier(session: Session, task: UserTask) -> Sequence[UserTask]:
    """Return the completed tasks of the same scope from which this one can be reached, the latest first."""
    process = deployments.compiled(session, task.instance).process
    here = process.elements[task.element]
    query = select(UserTask).where(
        UserTask.instance_id == task.instance_id,
        UserTask.scope == task.scope,
        UserTask.status == "completed",
        UserTask.element != task.element,
    )
    return [
        row
        for row in session.scalars(query.order_by(UserTask.ended_at.desc(), UserTask.id.desc()))
        if row.element in process.elements
        and process.elements[row.element].scope == here.scope
        and here.id in paths.reachable(process, row.element)
    ]


def _branch_between(game: Game, task: UserTask, element: str) -> str | None:
    """Return the name of another branch that a return to an element would walk twice, None without."""
    others = paths.others_ahead(game, task.token, element)
    if game.token(task.token) is None or "body" in game.tasks[task.token].internal_data:
        return task.name
    return others[0] if others else None


def _following(session: Session, instance: ProcessInstance, done: UserTask, actor: Actor) -> UserTask:
    """Return the one open task behind a completed one; raises NotRecallable for any other state of things."""
    game = instances.load(session, instance, actor)
    if done.element in game.process.elements and game.process.elements[done.element].loop is not None:
        raise NotRecallable(
            reason="it was one of several done side by side",
            reason_vi="việc này là một trong nhiều lượt làm song song",
        )
    ahead = paths.reachable(game.process, done.element) if done.element in game.process.elements else set()
    tokens = paths.standing(game, done.scope, ahead)
    if len(tokens) != 1:
        raise NotRecallable(
            reason="the case goes on in several branches" if tokens else "the case has moved on",
            reason_vi="hồ sơ đang đi theo nhiều nhánh song song" if tokens else "hồ sơ đã chuyển đi tiếp",
        )
    following = tasks.at_token(session, instance, tokens[0])
    if following is None:
        raise NotRecallable(
            reason="the next step is not a task of a person",
            reason_vi="bước tiếp theo không phải là việc do người làm",
        )
    _ensure_untouched(session, instance, game, done, ahead)
    return following


def _ensure_untouched(
    session: Session, instance: ProcessInstance, game: Game, done: UserTask, ahead: set[str]
) -> None:
    """Refuse when somebody, or something that cannot be undone, went on since the task was completed."""
    events = history.of_instance(session, instance.id)
    submitted = max(
        e.sequence for e in events if e.kind == "task.completed" and e.data.get("task") == done.id
    )
    since = [event for event in events if event.sequence > submitted and event.element in ahead]
    held: dict[int, str] = {}
    for event in since:
        _note_holder(held, event)
    acted = [event for event in since if _has_acted(game, event)]
    if held:
        who = ", ".join(dict.fromkeys(held.values()))
        raise NotRecallable(reason=f"{who} has taken it up", reason_vi=f"{who} đã nhận xử lý")
    if acted:
        name = game.process.elements[acted[0].element or ""].name
        raise NotRecallable(
            reason=f"step '{name}' has acted already", reason_vi=f"bước “{name}” đã thực hiện xong"
        )


def _note_holder(held: dict[int, str], event: HistoryEvent) -> None:
    """Follow who holds which task: claimed or completed by somebody, released again."""
    if event.kind in ("task.claimed", "task.completed", "task.returned", "task.recalled"):
        held[event.data["task"]] = event.actor
    elif event.kind == "task.reassigned" and event.data["after"]:
        held[event.data["task"]] = event.data["after"]
    elif event.kind in ("task.released", "task.reassigned"):
        held.pop(event.data["task"], None)


def _has_acted(game: Game, event: HistoryEvent) -> bool:
    if event.kind in _GONE_OUT:
        return True
    element = game.process.elements.get(event.element or "")
    return event.kind == "element.completed" and element is not None and element.kind in _ACTING


def _open_of(instance: ProcessInstance, element: str) -> Select[UserTask]:
    return select(UserTask).where(
        UserTask.instance_id == instance.id, UserTask.element == element, UserTask.status == "open"
    )
