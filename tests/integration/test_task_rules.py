"""The `bv:` rules of a user task are obeyed, or named by the check."""

from __future__ import annotations

from datetime import datetime

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, instances, tasks, timers
from engine.actors import Actor
from engine.errors import Conflict, NotAllowed, TaskNotOpen
from engine.tables import Timer, UserTask
from tests.builders import ProcessBuilder, Z, a_process
from workflows import calendar

NORA = Actor("nora", frozenset({"staff"}))
MIA = Actor("mia", frozenset({"staff"}))
ULF = Actor("ulf", frozenset({"others"}))


def deploy(session: Session, process: ProcessBuilder) -> None:
    deployments.deploy(session, [process.file()], NORA)


def only_task(session: Session) -> UserTask:
    return session.scalars(select(UserTask).where(UserTask.status == "open")).one()


def _rule(name: str, value: str) -> etree._Element:
    return Z.properties(Z.property(name=name, value=value))


def test_a_task_due_in_working_days_asks_the_calendar_of_the_organisation(
    session: Session, morning: datetime
) -> None:
    calendar.install(session)
    session.info["calendar"] = calendar.due_after
    clock.pin(datetime.fromisoformat("2026-08-14T09:00:00+07:00"))
    deploy(session, a_process("due").start().user_task("a", _rule("bv:dueInWorkingDays", "10")).end())

    instances.start(session, "due", {}, NORA)

    # Saturday 22 August is worked in place of Monday 31 August (TB 9441/TB-BNV)
    assert only_task(session).due_at == datetime.fromisoformat("2026-08-27T23:59:00+07:00")


def test_a_task_due_in_working_days_without_a_calendar_counts_monday_to_friday(
    session: Session, morning: datetime
) -> None:
    deploy(session, a_process("due").start().user_task("a", _rule("bv:dueInWorkingDays", "=n + 1")).end())

    instances.start(session, "due", {"n": 1}, NORA)

    assert only_task(session).due_at == datetime.fromisoformat("2026-10-05T23:59:00+07:00")


def test_four_eyes_keep_whoever_did_an_earlier_step_from_the_next(session: Session) -> None:
    four_eyes = _rule("bv:fourEyes", "true")
    deploy(session, a_process("eyes").start().user_task("propose").user_task("approve", four_eyes).end())
    instances.start(session, "eyes", {}, NORA)
    tasks.complete(session, only_task(session).id, {}, NORA)
    approve = only_task(session)

    with pytest.raises(NotAllowed) as refused:
        tasks.complete(session, approve.id, {}, NORA)
    with pytest.raises(NotAllowed):
        tasks.claim(session, approve.id, NORA)
    tasks.complete(session, approve.id, {}, MIA)

    assert "bv:fourEyes" in refused.value.text("vi")
    assert approve.ended_by == "mia"


def test_four_eyes_let_the_same_person_do_another_round_of_the_same_step(session: Session) -> None:
    process = a_process("rounds").start().user_task("propose").gateway("in")
    process.user_task("approve", _rule("bv:fourEyes", "true")).gateway("again")
    process.when("=not(more)").end().default("again", "in")
    deploy(session, process)
    instances.start(session, "rounds", {}, NORA)
    tasks.complete(session, only_task(session).id, {}, NORA)
    tasks.complete(session, only_task(session).id, {"more": True}, MIA)

    second = only_task(session)
    tasks.claim(session, second.id, MIA)

    assert tasks.four_eyes_refusal(session, second, MIA) is None
    assert tasks.four_eyes_refusal(session, second, NORA) is not None


def test_a_task_for_one_candidate_is_in_that_persons_inbox_and_nobody_elses(session: Session) -> None:
    deploy(session, a_process("named").start().user_task("a", candidateUsers="ulf").end())
    instances.start(session, "named", {}, NORA)
    task = only_task(session)

    found = [session.scalars(select_for(ULF)).all() for select_for in (tasks.of_my_groups, tasks.open_for)]
    others = [session.scalars(select_for(NORA)).all() for select_for in (tasks.of_my_groups, tasks.open_for)]
    tasks.claim(session, task.id, ULF)
    tasks.release(session, task.id, ULF)
    tasks.complete(session, task.id, {}, ULF)

    assert (found, others) == ([[task], [task]], [[], []])
    assert task.ended_by == "ulf"


def test_outsiders_are_told_neither_the_name_nor_the_holder_nor_the_end_of_a_task(session: Session) -> None:
    deploy(
        session, a_process("quiet").start().user_task("a", name="Kiểm phiếu", candidateGroups="staff").end()
    )
    instances.start(session, "quiet", {}, NORA)
    task = only_task(session)
    tasks.claim(session, task.id, NORA)

    refusals = _refusals(session, task)
    with pytest.raises(Conflict) as told:
        tasks.claim(session, task.id, MIA)
    _complete(session, task.id, NORA)
    refusals += _refusals(session, task)
    with pytest.raises(TaskNotOpen) as ended:
        tasks.claim(session, task.id, MIA)

    for refusal in refusals:
        for language in ("vi", "en"):
            said = refusal.text(language)
            assert not [word for word in ("tally_votes", "nora", "2026") if word in said]
    assert "nora" in told.value.text("vi")
    assert "nora" in ended.value.text("vi")


def test_a_cancelled_task_still_concerns_those_it_was_offered_to(session: Session) -> None:
    process = a_process("cut").start().user_task("a").end()
    process.boundary("late", "a", process.timer("timeDuration", "PT0S")).end("e2")
    deploy(session, process)
    instance = instances.start(session, "cut", {}, NORA)
    task = only_task(session)

    timers.fire(session, session.scalars(select(Timer.id)).one())

    (cancelled,) = [e for e in history.of_instance(session, instance.id) if e.kind == "task.cancelled"]
    assert cancelled.data == {"token": task.token, "task": task.id, "candidate_groups": ["staff"]}
    assert tasks.concerns(session, task, MIA)
    assert not tasks.concerns(session, task, ULF)
    with pytest.raises(TaskNotOpen):
        tasks.claim(session, task.id, MIA)


def _refusals(session: Session, task: UserTask) -> list[NotAllowed]:
    found = []
    for act in (tasks.claim, tasks.release, _complete):
        with pytest.raises(NotAllowed) as refused:
            act(session, task.id, ULF)
        found.append(refused.value)
    return found


def _complete(session: Session, task_id: int, actor: Actor) -> UserTask:
    return tasks.complete(session, task_id, {}, actor)


def test_a_rule_that_nothing_obeys_is_named_by_the_check() -> None:
    process = a_process("ruled").start().user_task("a", _rule("bv:skipTo", "P1.head")).end()

    (finding,) = deployments.check(None, [process.file()])

    assert (finding.rule, finding.element, finding.severity) == ("unknown-rule", "a", "warning")


def test_only_the_first_of_the_elements_cut_off_is_named() -> None:
    process = a_process("cut").start().user_task("a").end()
    process.at(None).user_task("b").user_task("c").end("d")

    findings = [found for found in deployments.check(None, [process.file()]) if found.rule == "unreachable"]

    assert [finding.element for finding in findings] == ["b"]
