"""Working days in expressions of diagrams, decisions and forms: by the calendars of the session."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from engine import calendars, clock, deployments, history, instances, tasks
from engine.actors import Actor
from engine.audit import replay
from engine.errors import FormInvalid
from engine.spiff import state
from engine.tables import Incident, ProcessInstance, Timer, UserTask
from tests.builders import Z, a_process
from tests.chain import at
from tests.deciding import a_decision, a_model, text
from web import cli
from workflows import calendar, calendar_changes
from workflows.calendar_changes import Day, Hours
from workflows.tables import CalendarDay

NORA = Actor("nora", frozenset({"staff"}))
LIMIT = 'add working days(date("2026-08-14"), 10)'
SIX_DAYS = Hours("P1", "Phòng Thiết kế", (6,), (("07:00", "11:00"),), "Quyết định 1")


@pytest.fixture
def office(session: Session) -> Iterator[Session]:
    """Give a session with the nation's calendar and one of a unit that works on Saturdays."""
    clock.pin(at("2026-08-14 09:00"))
    calendar.install(session)
    session.info.update(calendar=calendar.due_after, working_days=calendar.working_days)
    calendar_changes.put_hours(session, NORA, SIX_DAYS)
    yield session
    clock.unpin()


def start(session: Session, process: Any, *files: tuple[str, bytes]) -> ProcessInstance:
    deployments.deploy(session, [process.file(), *files], NORA)
    return instances.start(session, process.id, {}, NORA)


def variables(instance: ProcessInstance) -> dict[str, Any]:
    return state.variables(instance.state)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (LIMIT, "2026-08-27"),
        ('add working days(date("2026-08-14"), 2, "P1")', "2026-08-17"),
        ('last working day before(date("2026-02-20"))', "2026-02-13"),
        ('add working days(date("2026-08-14"), 2, "none")', None),  # no such calendar
        ('is working day(date("2031-01-01"))', None),  # no such year
    ],
)
def test_a_script_counts_by_the_calendar_of_the_house(
    office: Session, expression: str, expected: object
) -> None:
    process = a_process("script").start().script("count", "=" + expression, "until").user_task("a").end()

    assert variables(start(office, process))["until"] == expected


def test_a_condition_that_the_calendar_cannot_answer_is_an_incident_that_says_why(office: Session) -> None:
    process = a_process("asked").start().gateway("works")
    process.when('=is working day(date("2031-01-01"))').end("yes").default("works", "no")
    process.at(None).end("no")

    start(office, process)

    incident = office.scalars(select(Incident)).one()
    assert "2031" in incident.vi
    assert "2031" in incident.en


def test_a_timer_waits_for_a_working_day(office: Session) -> None:
    process = a_process("timed").start()
    process.catch("wait", process.timer("timeDate", f"={LIMIT}")).end()

    start(office, process)

    assert office.scalars(select(Timer.due_at)).one() == at("2026-08-27 00:00")


def test_a_decision_counts_by_the_same_calendar(office: Session) -> None:
    model = "limits.dmn", a_model(a_decision("limit", text(LIMIT)))
    process = a_process("decided").start().business_rule("ask", "limit", "until").user_task("a").end()

    assert variables(start(office, process, model))["until"] == "2026-08-27"


def test_a_form_asks_for_a_reason_on_a_worked_saturday_only(office: Session) -> None:
    reason = {
        "type": "textfield",
        "key": "reason",
        "label": "Lý do",
        "validate": {"required": True},
        "conditional": {"hide": '=not(is working day(date("2026-08-22")))'},
    }
    schema = {"type": "default", "id": "why", "schemaVersion": 19, "components": [reason]}
    process = a_process("formed").start().user_task("a", Z.formDefinition(formId="why")).end()
    start(office, process, ("why.form", json.dumps(schema).encode()))
    task = office.scalars(select(UserTask)).one()

    with pytest.raises(FormInvalid):
        tasks.complete(office, task.id, {}, NORA)

    row = office.scalars(select(CalendarDay).where(CalendarDay.day == at("2026-08-22 00:00").date())).one()
    office.delete(row)
    office.flush()
    assert tasks.complete(office, task.id, {}, NORA).status == "completed"


def test_what_counts_no_working_days_asks_no_calendar_and_what_does_asks_once(office: Session) -> None:
    asked: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.extend(["calendar"] if "FROM calendar_day" in statement else [])

    plain = a_process("plain").start().script("s", "=1 + 1", "two").user_task("a").end()
    many = f'=[{LIMIT}, {LIMIT}, last working day before(date("2026-08-16"))]'
    counting = a_process("many").start().script("s", many, "days").user_task("a").end()
    event.listen(office.get_bind(), "before_cursor_execute", listen)

    start(office, plain)
    before = list(asked)
    start(office, counting)

    assert (before, asked) == ([], ["calendar"])


def test_a_task_may_run_by_the_calendar_of_a_unit_and_follows_its_weekend(office: Session) -> None:
    rules = {"bv:dueInWorkingDays": "2", "bv:calendar": "P1"}
    limited = Z.properties(*(Z.property(name=name, value=words) for name, words in rules.items()))
    start(office, a_process("limited").start().user_task("a", limited).end())
    task = office.scalars(select(UserTask)).one()
    before = task.due_at

    change = calendar_changes.put_hours(office, NORA, replace(SIX_DAYS, weekend=(5, 6)))

    assert before == at("2026-08-17 23:59")  # Saturday 15/8 was worked there
    assert (task.due_at, change.recomputed) == (at("2026-08-18 23:59"), 1)


@pytest.mark.parametrize("kind", ["timeDate", "timeDuration"])
def test_a_drawn_timer_that_counts_working_days_follows_a_changed_calendar(
    office: Session, kind: str
) -> None:
    until = 'add working days(date("2026-11-02"), 20)'
    length = f'({until} - date("2026-11-02"))'
    process = a_process("drawn").start().user_task("a").end()
    process.boundary("late", "a", process.timer(kind, "=" + (until if kind == "timeDate" else length))).end(
        "e"
    )
    process.at(None).boundary("still", "a", process.timer("timeDuration", "P40D")).end("f")
    clock.pin(at("2026-11-02 00:00"))
    instance = start(office, process)
    before = {row.element: row.due_at for row in office.scalars(select(Timer))}

    day = Day(date(2026, 11, 24), "holiday", "Ngày Văn hóa Việt Nam", "Luật sửa đổi (giả định)")
    calendar_changes.put_day(office, NORA, day)

    after = {row.element: row.due_at for row in office.scalars(select(Timer))}
    assert (before["late"], after["late"]) == (at("2026-11-30 00:00"), at("2026-12-01 00:00"))
    assert after["still"] == before["still"]
    moved = [one.data for one in history.of_instance(office, instance.id) if one.kind == "timer.moved"]
    assert [one["reason"].count("24/11/2026") for one in moved] == [1]
    assert replay.differences(office, instance) == []


def test_the_command_line_knows_the_carried_table(office: Session, tmp_path: Path) -> None:
    model, diagram = tmp_path / "limits.dmn", tmp_path / "due.bpmn"
    model.write_bytes(a_model(a_decision("limit", text(LIMIT))))
    limited = Z.properties(Z.property(name="bv:dueInWorkingDays", value="10"))
    process = a_process("due").start().script("s", f"={LIMIT}", "until").user_task("a", limited).end()
    diagram.write_bytes(process.xml())

    decided = CliRunner().invoke(cli.bangvang, ["decide", str(model), "--json"])
    simulated = CliRunner().invoke(cli.bangvang, ["simulate", str(diagram), "--json"])

    assert json.loads(decided.stdout)["result"] == "2026-08-27"
    outcome = json.loads(simulated.stdout)
    assert outcome["variables"]["until"] == "2026-08-27"
    assert outcome["waiting"][0]["due"] == "2026-08-27T23:59:00+07:00"


def test_a_loan_ends_with_its_block(office: Session) -> None:
    with calendars.lent(office):
        assert not calendars.LENT.get()("")(at("2026-08-31 00:00").date())

    assert calendars.LENT.get()("")(at("2026-08-31 00:00").date())
