"""Migrate running instances to another version of their process: seen first, then done or refused.

Whoever waits goes on waiting: claims, assignees and due dates stay, timers keep the moment that they were
planned for, loops under way keep their iterations and results, instances that were called go on untouched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, feel, history, index, instances, operations, queue, steps, tasks
from engine.actors import Actor
from engine.errors import Conflict, NotFound, Text
from engine.handlers import Json
from engine.operations import batches, four_eyes, suspension
from engine.spiff import rearming, remapping, state
from engine.spiff.game import Game, StepFailed
from engine.spiff.remapping import Problem, Versions
from engine.tables import ProcessDefinition, ProcessInstance, Timer

__all__ = [
    "Mapped",
    "MigrationRefused",
    "Plan",
    "Preview",
    "Problem",
    "migrate",
    "migrate_all",
    "preview",
]

MIGRATE = Text("chuyển hồ sơ sang phiên bản khác", "migrate an instance")


class MigrationRefused(Conflict):
    """Expected process instance {instance} to fit version {version}, but {reason}."""

    vi = (
        "Không chuyển được hồ sơ {instance} sang phiên bản {version}: {reason_vi}. Hồ sơ vẫn chạy theo phiên "
        "bản cũ; hãy bổ sung ánh xạ hoặc chờ hồ sơ qua bước đó."
    )
    en = (
        "Expected process instance {instance} to fit version {version}, but {reason}. It goes on as before; "
        "add to the mapping, or wait until it has left that step."
    )


@dataclass(frozen=True)
class Plan:
    """Where to, which element stands for which (else the same id), which timers are computed anew.

    A timer of `timers` (ids in the new version) is computed from the moment when it began, not from now.
    """

    target: int  # id of the process definition
    mapping: Mapping[str, str] = field(default_factory=dict)
    timers: Collection[str] = ()


@dataclass(frozen=True)
class Mapped:
    """One thing under way with its element in both versions, and what about it would change or is kept."""

    token: int
    kind: str
    source: str
    target: str
    details: Mapping[str, Json]


@dataclass(frozen=True)
class Preview:
    """What a migration would do to an instance as it is at `version`, or why it is refused."""

    instance: int
    version: int
    mapped: tuple[Mapped, ...]
    problems: tuple[Problem, ...]
    armed: tuple[str, ...]
    cancelled: tuple[str, ...]


@dataclass(frozen=True)
class _Move:
    """A migration under way: both definitions, both versions of the process, the element of each token."""

    source: ProcessDefinition
    target: ProcessDefinition
    versions: Versions
    plan: Plan


def preview(session: Session, instance_id: int, plan: Plan, actor: Actor) -> Preview:
    """Return what would become of an instance on another version; changes nothing."""
    instance = operations.look(session, instance_id, MIGRATE)
    move = _plan(session, instance, plan)
    game = steps.rehearse(session, instance, actor)
    problems = remapping.find_problems(game, move.versions)
    before = state.waits(game)
    lost = remapping.lost_events(game, move.versions)
    cancelled = tuple(dict.fromkeys(token.task_spec.element.id for token in lost))
    shown = Preview(instance.id, instance.version, (), tuple(problems), (), cancelled)
    if problems:
        return shown
    for token in lost:
        if token.id in game.tasks:
            game.disarm(token)
    sources = _sources(game)
    text = remapping.rewrite(state.dump(game), move.versions)
    moved = steps.rehearse(session, instance, actor, definition=move.target, text=text)
    try:
        armed = tuple(_renew(session, instance, moved, move, sources)[0])
    except (feel.FeelError, StepFailed) as error:
        problem = Problem(move.target.process_id, None, Text(error.text("vi"), error.text("en")))
        return Preview(instance.id, instance.version, (), (problem,), (), cancelled)
    after = state.waits(moved)
    mapped = tuple(
        _tell(session, instance, move, sources[wait.token], wait, after[key])
        for key, wait in before.items()
        if key in after and wait.token in sources
    )
    return Preview(instance.id, instance.version, mapped, (), armed, cancelled)


def migrate(
    session: Session, instance_id: int, plan: Plan, actor: Actor, reason: str, *, version: int | None = None
) -> ProcessInstance:
    """Let an instance go on on another version of its process; `version` is the one a preview showed.

    Raises MigrationRefused when something under way has no counterpart, StaleInstance, InstanceEnded.
    """
    given = operations.ensure_reason(reason, MIGRATE)
    instance = operations.lock(session, instance_id, MIGRATE)
    operations.ensure_version(instance, version)
    four_eyes.ensure_uninvolved(session, instance, actor, MIGRATE)
    move = _plan(session, instance, plan)
    problems = preview(session, instance_id, plan, actor).problems
    if problems:
        raise _refused(instance, move.target, problems)
    game = instances.load(session, instance, actor)
    data: dict[str, Json] = {
        "process": move.target.process_id,
        "before": move.source.version,
        "after": move.target.version,
        "mapping": dict(plan.mapping),
        "timers": list(plan.timers),
    }
    with steps.guarded(instance.id):
        operations.record(session, instance, "instance.migrated", actor, given, data)
        session.flush()
        history.write(session)
    _carry_over(session, instance, game, move, actor)
    suspension.change_version(session, instance, move.source, move.target, actor, given)
    return instance


def migrate_all(
    session: Session,
    definition_id: int,
    plan: Plan,
    actor: Actor,
    reason: str,
    progress: batches.Progress = batches.silent,
) -> list[batches.Result]:
    """Migrate every running instance of a version, each on its own: one refused leaves the others alone."""
    given = operations.ensure_reason(reason, MIGRATE)
    query = select(ProcessInstance.id).where(
        ProcessInstance.definition_id == definition_id, ProcessInstance.status == "active"
    )
    numbers = session.scalars(query.order_by(ProcessInstance.id)).all()

    def move(number: int) -> None:
        migrate(session, number, plan, actor, given)

    return batches.run(session, numbers, move, progress)


def _plan(session: Session, instance: ProcessInstance, plan: Plan) -> _Move:
    """Look both versions up; raises NotFound, Conflict for another process or the version it runs on."""
    target = session.get(ProcessDefinition, plan.target)
    if target is None:
        raise NotFound(kind="process definition", key=plan.target)
    source = session.get_one(ProcessDefinition, instance.definition_id)
    if target.process_id != source.process_id:
        raise Conflict(
            expected=f"another version of process '{source.process_id}'",
            found=f"it is a version of '{target.process_id}'",
            found_vi=f"phiên bản đích thuộc quy trình khác (“{target.process_id}”)",
        )
    if target.id == source.id:
        raise Conflict(
            expected=f"a version other than {source.version}",
            found="the instance runs on it already",
            found_vi="hồ sơ đang chạy theo chính phiên bản này",
        )
    old, new = (deployments.compiled_version(session, version).process for version in (source, target))
    return _Move(source, target, Versions(old, new, plan.mapping), plan)


def _carry_over(session: Session, instance: ProcessInstance, game: Game, move: _Move, actor: Actor) -> None:
    """Let go what the new version does not have, then go on with the same tokens on the new one."""
    lost = {token.id for token in remapping.lost_events(game, move.versions)}
    if lost:
        instances.advance(session, instance, actor, lambda old: _disarm(old, lost))
    sources = {number: element for number, element in _sources(game).items() if number not in lost}
    elements = {number: move.versions.counterpart(element) for number, element in sources.items()}
    with steps.guarded(instance.id):
        instance.state = remapping.rewrite(instance.state, move.versions)
        instance.definition, instance.definition_hash = move.target, move.target.hash
        index.repoint(session, instance, elements)
        session.flush()
    moved: dict[int, str] = {}

    def go_on(live: Game) -> None:
        _, timers = _renew(session, instance, live, move, sources)
        moved.update(timers)
        index.rename(session, instance, state.waits(live))

    instances.advance(session, instance, actor, go_on)
    for timer in _waiting_timers(session, instance):
        if timer.token in moved:
            timer.due_at = timer.started_at = datetime.fromisoformat(moved[timer.token])
            queue.defer_timer(session, timer.id, timer.due_at)
    session.flush()


def _disarm(game: Game, numbers: Collection[int]) -> None:
    for number in numbers:
        token = game.token(number)
        if token is not None:
            game.disarm(token)


def _renew(
    session: Session, instance: ProcessInstance, game: Game, move: _Move, sources: Mapping[int, str]
) -> tuple[list[str], dict[int, str]]:
    """Bring a rewritten game to its version; return what was armed, and the new due moments by token."""
    began: dict[int, datetime] = {}
    if move.plan.timers:
        planned = (e for e in history.of_instance(session, instance.id) if e.kind == "timer.planned")
        began = {event.data["token"]: event.at for event in planned}
    moved = rearming.restart_timers(game, move.plan.timers, began)
    return rearming.renew(game, move.versions, sources), moved


def _sources(game: Game) -> dict[int, str]:
    return {token.id: token.task_spec.element.id for token in game.tokens()}


def _waiting_timers(session: Session, instance: ProcessInstance) -> list[Timer]:
    query = select(Timer).where(Timer.instance_id == instance.id, Timer.status == "waiting")
    return list(session.scalars(query))


def _tell(
    session: Session,
    instance: ProcessInstance,
    move: _Move,
    source: str,
    before: state.Wait,
    after: state.Wait,
) -> Mapped:
    """Tell what becomes of one thing under way; `kept` stays although the new version says otherwise."""
    details: dict[str, Json] = {}
    for name in ("name", "form", "due", "key", "type"):
        if name in before.details:
            old, new = before.details[name], after.details[name]
            details[name] = old if old == new else {"before": old, "after": new}
    if before.kind == "task":
        task = tasks.at_token(session, instance, before.token)
        if task is not None:
            details |= {
                "task": task.id,
                "assignee": task.assignee,
                "due": None if task.due_at is None else task.due_at.isoformat(),
            }
    old_element, new_element = (
        move.versions.source.elements[source],
        move.versions.target.elements[after.element],
    )
    stays = remapping.kept(old_element, new_element)
    if after.element in move.plan.timers:
        stays = {name: value for name, value in stays.items() if not name.startswith("time")}
    if stays:
        details["kept"] = stays
    return Mapped(before.token, before.kind, source, after.element, details)


def _refused(
    instance: ProcessInstance, target: ProcessDefinition, problems: Sequence[Problem]
) -> MigrationRefused:
    return MigrationRefused(
        instance=instance.id,
        version=target.version,
        reason="; ".join(f"'{one.element}': {one.text.en}" for one in problems),
        reason_vi="; ".join(f"“{one.element}”: {one.text.vi}" for one in problems),
    )
