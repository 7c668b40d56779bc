"""The `bv:` rules of a user task are obeyed, or named by the check."""

from __future__ import annotations

from datetime import datetime

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, instances, tasks
from engine.actors import Actor
from engine.errors import NotAllowed
from engine.tables import UserTask
from tests.builders import ProcessBuilder, Z, a_process
from workflows import calendar

NORA = Actor("nora", frozenset({"staff"}))
MIA = Actor("mia", frozenset({"staff"}))


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


def test_a_rule_that_nothing_obeys_is_named_by_the_check() -> None:
    process = a_process("ruled").start().user_task("a", _rule("bv:escalateTo", "P1.head")).end()

    (finding,) = deployments.check(None, [process.file()])

    assert (finding.rule, finding.element, finding.severity) == ("unknown-rule", "a", "warning")


def test_only_the_first_of_the_elements_cut_off_is_named() -> None:
    process = a_process("cut").start().user_task("a").end()
    process.at(None).user_task("b").user_task("c").end("d")

    findings = [found for found in deployments.check(None, [process.file()]) if found.rule == "unreachable"]

    assert [finding.element for finding in findings] == ["b"]
