"""What cannot go on on another version is refused with its reason; of many cases each for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import history, instances, operations, tasks
from engine.errors import Conflict, NotFound, StaleInstance
from engine.operations import migration, suspension
from engine.operations.migration import MigrationRefused, Plan
from engine.tables import HistoryEvent, ProcessDefinition, ProcessInstance, UserTask
from tests.builders import ProcessBuilder, a_process, each
from tests.integration.cases import NORA, begin, complete_all, deploy, open_tasks

WHY = "quy chế mới"


def move(session: Session, instance: ProcessInstance, target: int) -> None:
    migration.migrate(session, instance.id, Plan(target), NORA, WHY)


def problems_of(session: Session, instance: ProcessInstance, target: int, **plan: Any) -> list[str]:
    shown = migration.preview(session, instance.id, Plan(target, **plan), NORA)
    assert all(problem.text.vi and problem.text.en for problem in shown.problems)
    before = (instance.state, instance.version, instance.events)
    with pytest.raises(MigrationRefused) as refused:
        migration.migrate(session, instance.id, Plan(target, **plan), NORA, WHY)
    assert before == (instance.state, instance.version, instance.events)
    assert all(problem.text.vi in refused.value.text("vi") for problem in shown.problems)
    return [problem.element for problem in shown.problems]


def _chain(*elements: str) -> ProcessBuilder:
    process = a_process("chain").start()
    for element in elements:
        process.user_task(element)
    return process.end()


def _other_kind() -> ProcessBuilder:
    process = a_process("chain").start()
    return process.catch("a", process.timer("timeDuration", "P1D")).user_task("b").end()


def _inside() -> ProcessBuilder:
    process = a_process("chain").start().open_sub_process("sub").start("s").user_task("a").end("e")
    return process.close_sub_process().user_task("b").end()


def _looped() -> ProcessBuilder:
    return a_process("chain").start().user_task("a", each("=[1]", "n")).user_task("b").end()


@pytest.mark.parametrize(
    "build",
    [lambda: _chain("b", "c"), _other_kind, _inside, _looped],
    ids=["missing", "kind", "scope", "loop"],
)
def test_a_step_without_a_counterpart_refuses_the_migration(
    session: Session, build: Callable[[], ProcessBuilder]
) -> None:
    instance = begin(session, _chain("a", "b"))
    target = deploy(session, build())

    assert problems_of(session, instance, target) == ["a"]

    assert open_tasks(session) == ["a"]
    complete_all(session)
    assert instance.status == "completed"


def test_a_mapping_that_names_nothing_is_refused(session: Session) -> None:
    instance = begin(session, _chain("a", "b"))
    target = deploy(session, _chain("a", "c"))

    assert problems_of(session, instance, target, mapping={"x": "c", "b": "y"}) == ["x", "b"]


def test_a_case_behind_a_removed_step_is_no_hindrance(session: Session) -> None:
    instance = begin(session, _chain("a", "b"))
    done = session.scalars(select(UserTask)).one()
    tasks.complete(session, done.id, {}, NORA)

    move(session, instance, deploy(session, _chain("b", "c")))

    assert tasks.element(session, done).id == "a"
    complete_all(session)
    assert history.completed_elements(history.of_instance(session, instance.id))[-3:] == ["b", "c", "end"]


def test_a_branch_that_waits_at_a_join_is_kept_or_refused_with_its_flow(session: Session) -> None:
    def version(*branches: str) -> ProcessBuilder:
        process = a_process("joined").start().gateway("fork", "parallel")
        process.at(None).gateway("join", "parallel").user_task("after").end()
        for branch in branches:
            process.at("fork").user_task(branch).flow(branch, "join", id=f"{branch}_join")
        return process

    instance = begin(session, version("a", "b"))
    task = session.scalars(select(UserTask).where(UserTask.element == "b")).one()
    tasks.complete(session, task.id, {}, NORA)

    refusing = deploy(session, version("a", "c"))
    assert problems_of(session, instance, refusing) == ["join"]
    move(session, instance, deploy(session, version("b", "a", "x")))
    assert open_tasks(session) == ["a"]
    complete_all(session)
    assert open_tasks(session) == []
    assert instance.status == "active"  # the new version waits for x, which nobody has begun
    move(session, instance, deploy(session, version("b", "a")))
    assert open_tasks(session) == ["after"]


def test_a_migration_needs_a_reason_a_running_case_and_another_version_of_its_process(
    session: Session,
) -> None:
    instance = begin(session, _chain("a"))
    own, target = instance.definition_id, deploy(session, _chain("a", "b"))
    other = deploy(session, a_process("other").start().user_task("a").end())
    shown = migration.preview(session, instance.id, Plan(target), NORA)
    tasks.claim(session, session.scalars(select(UserTask.id)).one(), NORA)

    with pytest.raises(operations.ReasonMissing):
        migration.migrate(session, instance.id, Plan(target), NORA, "")
    with pytest.raises(StaleInstance):
        migration.migrate(session, instance.id, Plan(target), NORA, WHY, version=shown.version)
    for wrong, error in ((own, Conflict), (other, Conflict), (99, NotFound)):
        with pytest.raises(error):
            migration.migrate(session, instance.id, Plan(wrong), NORA, WHY)
    complete_all(session)
    with pytest.raises(operations.InstanceEnded):
        migration.migrate(session, instance.id, Plan(target), NORA, WHY)


def test_of_many_cases_each_is_migrated_or_told_why_not(session: Session) -> None:
    cases = [begin(session, _chain("a", "b")) for _ in range(3)]
    source = cases[0].definition_id
    first = session.scalars(select(UserTask).where(UserTask.instance_id == cases[1].id)).one()
    tasks.complete(session, first.id, {}, NORA)
    ended = begin(session, _chain("a", "b"))
    instances.cancel(session, ended.id, NORA, reason=WHY)
    target = deploy(session, _chain("a", "c"))
    seen: list[tuple[int, int]] = []

    results = migration.migrate_all(
        session, source, Plan(target), NORA, WHY, lambda done, of: seen.append((done, of))
    )

    assert [(one.number, type(one.refusal)) for one in results] == [
        (cases[0].id, type(None)),
        (cases[1].id, MigrationRefused),
        (cases[2].id, type(None)),
    ]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert [case.definition.version for case in cases] == [2, 1, 2]
    complete_all(session)
    assert {case.status for case in cases} == {"completed"}
    for case in cases:
        numbers = session.scalars(
            select(HistoryEvent.sequence).where(HistoryEvent.instance_id == case.id).order_by(HistoryEvent.id)
        ).all()
        assert list(numbers) == list(range(1, case.events + 1))


def test_a_case_leaves_the_suspension_of_its_old_version_behind(session: Session) -> None:
    instance = begin(session, _chain("a"))
    target = deploy(session, _chain("a", "b"))
    suspension.suspend_version(session, instance.definition_id, NORA, WHY)

    move(session, instance, target)
    assert instance.suspended_at is None
    complete_all(session)
    assert instance.status == "completed"

    definition = session.get_one(ProcessDefinition, target)
    assert definition.suspended_at is None
