"""Hazards 7 to 9 of the library: time, two workers at once, repaired failures; shown, then right here."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from SpiffWorkflow.bpmn.exceptions import WorkflowTaskException
from SpiffWorkflow.util.task import TaskState
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, instances, timers
from engine.actors import Actor
from engine.tables import Timer, UserTask
from tests.builders import ProcessBuilder, a_process
from tests.conformance import plain
from tests.conformance.plain import Plain
from tests.playing import NOW, Play

NORA = Actor("nora", frozenset({"staff"}))
FIRST_OF_JANUARY = datetime(2026, 1, 1, tzinfo=UTC)


def test_07_a_naive_time_is_the_peoples_time_on_every_server() -> None:
    code = (
        "from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition as T;"
        "print(T.get_datetime('2026-12-01T08:00:00').isoformat())"
    )
    read_by = {
        zone: subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for zone in ("UTC", "America/New_York")
    }

    assert len(set(read_by.values())) == 2  # the same diagram, another due time on another server

    process = a_process("naive").start()
    ours = Play(process.catch("wait", process.timer("timeDate", "2026-12-01T08:00:00")).end())

    assert ours.details("wait")[0]["due"] == "2026-12-01T01:00:00+00:00"


def test_07b_a_monthly_cycle_keeps_to_the_calendar() -> None:
    def reminding() -> ProcessBuilder:
        process = a_process("monthly").start().user_task("work")
        process.boundary("remind", "work", process.timer("timeCycle", "R/P1M"), interrupting=False)
        return process.script("note", "=1", "noted").end("told").at("work").end()

    begin = datetime(2026, 1, 31, tzinfo=UTC)
    with time_machine.travel(begin, tick=False) as traveller:
        library = Plain(reminding())
        found = []
        for _ in range(2):
            traveller.shift(timedelta(days=31))
            library.settle()
            waiting = library.workflow.get_tasks(state=TaskState.WAITING)
            found += [
                task.internal_data["event_value"]["next"][:10]
                for task in waiting
                if "event_value" in task.internal_data
            ]
    assert "2026-03-31" not in found  # the same number of days each time

    ours = Play(reminding(), now=begin)
    due = []
    for _ in range(3):
        due.append(ours.details("remind")[0]["due"][:10])
        ours.now = datetime.fromisoformat(ours.details("remind")[0]["due"])
        ours.go_on("remind")

    assert due == ["2026-02-28", "2026-03-31", "2026-04-30"]


def test_07c_after_a_month_without_a_worker_nobody_is_reminded_thirty_times(session: Session) -> None:
    def reminding() -> ProcessBuilder:
        process = a_process("daily").start().user_task("work")
        process.boundary("remind", "work", process.timer("timeCycle", "R/P1D"), interrupting=False)
        return process.script("note", "=1", "noted").end("told").at("work").end()

    with time_machine.travel(FIRST_OF_JANUARY, tick=False) as traveller:
        library = Plain(reminding())
        traveller.shift(timedelta(days=30, hours=1))
        for _ in range(60):
            library.settle()
        reminders = [task for task in library.workflow.tasks.values() if task.task_spec.name == "told"]
    assert len([task for task in reminders if task.state == TaskState.COMPLETED]) >= 29

    with clock.pinned(FIRST_OF_JANUARY):
        deployments.deploy(session, [reminding().file()], NORA)
        instance = instances.start(session, "daily", {}, NORA)
    with clock.pinned(FIRST_OF_JANUARY + timedelta(days=30, hours=1)):
        while due := timers.due(session, clock.now()):
            timers.fire(session, due[0].id)
        (waiting,) = session.scalars(select(Timer).where(Timer.status == "waiting"))

    kinds = [event.kind for event in history.of_instance(session, instance.id)]
    assert kinds.count("timer.fired") == 1
    assert waiting.due_at == FIRST_OF_JANUARY + timedelta(days=31)


def test_07d_a_time_needs_no_quotes_and_may_have_spaces_around_it() -> None:
    def waiting(text: str) -> ProcessBuilder:
        process = a_process("text").start()
        return process.catch("wait", process.timer("timeDuration", text)).end()

    with pytest.raises(Exception, match="Invalid duration"):  # the library has no name for it
        Plain(waiting(" P3D "))

    assert Play(waiting(" P3D ")).details("wait")[0]["due"] == (NOW + timedelta(days=3)).isoformat()


def test_08_of_two_workers_with_the_same_row_only_one_fires_the_timer(database: Engine) -> None:
    def pausing() -> ProcessBuilder:
        process = a_process("pausing").start()
        return process.catch("wait", process.timer("timeDuration", "PT1H")).user_task("after").end()

    with time_machine.travel(FIRST_OF_JANUARY, tick=False) as traveller:
        saved = plain.save(Plain(pausing()).workflow)
        traveller.shift(timedelta(hours=2))
        workers = [plain.load(saved), plain.load(saved)]
        for worker in workers:
            plain.settle(worker)
    assert [len(worker.get_tasks(state=TaskState.READY, manual=True)) for worker in workers] == [1, 1]

    with Session(database) as first, Session(database) as second, clock.pinned(FIRST_OF_JANUARY):
        deployments.deploy(first, [pausing().file()], NORA)
        instance = instances.start(first, "pausing", {}, NORA)
        first.commit()
        timer = first.scalars(select(Timer)).one()
        with clock.pinned(FIRST_OF_JANUARY + timedelta(hours=2)):
            assert second.get(Timer, timer.id) is not None  # both have read the row
            assert timers.fire(first, timer.id) is True
            first.commit()
            assert timers.fire(second, timer.id) is False
            second.commit()
        assert len(first.scalars(select(UserTask)).all()) == 1
        kinds = [event.kind for event in history.of_instance(first, instance.id)]
        assert kinds.count("timer.fired") == 1


def test_09_a_failed_script_goes_on_with_repaired_data(session: Session) -> None:
    scripted = a_process("scripted").start().user_task("init").script("sum", "=1/x", "y").end()
    library = Plain(scripted)
    with pytest.raises(WorkflowTaskException, match="division by zero"):
        library.complete("init", x=0)

    (failed,) = library.workflow.get_tasks(state=TaskState.ERROR)
    library.workflow.reset_from_task_id(failed.id, data={"x": 2})
    with pytest.raises(WorkflowTaskException, match="division by zero"):
        library.settle()  # the old value has come back over the repaired one

    process = a_process("repaired").start().gateway("split", "parallel").gateway("ask").when("=x > 1")
    process.user_task("u").end().at(None).end("other").default("ask", "other")
    process.at("split").user_task("repair").end("repaired_end")
    ours = Play(process)
    assert ("incident", "ask") in ours.waiting

    ours.go_on("repair", x=2)
    ours.retry("ask")

    assert ours.waiting == [("task", "u")]
