"""Scenarios: read strictly, played on the real engine, told where they go wrong, measured."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine import instances, scenario_runs, scenarios
from engine.actors import Actor
from engine.errors import Refused
from engine.handlers import Registration, ServiceCall
from engine.scenario_runs import Result
from engine.scenarios import Opening, Scenario, ScenarioUnreadable, World
from engine.tables import ProcessInstance
from tests.builders import ProcessBuilder, Z, a_process

LOOK = {"expect": {"instances": [{"process": "p", "status": "active"}]}}


def told(*steps: dict[str, Any], **changes: Any) -> bytes:
    """Write a scenario of these steps."""
    whole = {
        "title": {"vi": "Thử", "en": "Try"},
        "source": "thử",
        "world": {"clock": "2026-10-01 09:00"},
        "steps": list(steps),
    }
    return json.dumps({**whole, **changes}, ensure_ascii=False).encode()


def read(*steps: dict[str, Any], **changes: Any) -> Scenario:
    return scenarios.read("one.scenario.json", told(*steps, **changes), {})


def refused_at(*steps: Any, **changes: Any) -> str:
    """Return the path at which a scenario cannot be read."""
    with pytest.raises(ScenarioUnreadable) as refusal:
        read(*steps, **changes)
    assert "one.scenario.json" in refusal.value.text("vi")
    return str(refusal.value.values["path"])


def play(process: ProcessBuilder, *steps: dict[str, Any]) -> Result:
    """Play steps against one process, in which everybody may do everything of the group `staff`."""
    (result,) = scenario_runs.run([read(*steps)], a_world(process))
    return result


def a_world(process: ProcessBuilder) -> World:
    def begin(session: Session, actor: Actor, opening: Opening) -> ProcessInstance:
        return instances.start(session, opening.process_id, opening.values, actor, opening.key or "")

    def judge(_session: Session, call: ServiceCall) -> None:
        if call.variables.get("bad"):
            raise Refused("xấu", "bad", "thử")

    return World(
        info={"handlers": {"judge": Registration(judge)}},
        set_up=lambda _session, _organisation: None,
        files=lambda _scenario: [process.file()],
        find_actor=lambda _session, login: Actor(login, frozenset({login.split(".")[0]})),
        begin=begin,
    )


def a_choice() -> ProcessBuilder:
    """Build a task, a choice behind it and a boundary timer on it."""
    built = a_process("p").start().user_task("review").gateway("agreed")
    built.when("=ok = true").end("yes").at(None).end("no").default("agreed", "no")
    return built.boundary("late", "review", built.timer("timeDuration", "P2D")).end("expired")


def test_a_key_that_nobody_knows_is_refused_with_its_path() -> None:
    assert refused_at(LOOK, colour="red") == "$.colour"
    assert refused_at({**LOOK, "as": "x"}) == "steps.1.as"
    assert refused_at({"expect": {"tasks": [{"elment": "x"}]}}) == "steps.1.expect.tasks.0.elment"
    assert refused_at({"expect": {"jokes": [{}]}}) == "steps.1.expect.jokes"
    assert refused_at({"expect": {"rows": [{"table": "none"}]}}) == "steps.1.expect.rows.0.table"
    assert refused_at({"expect": {"rows": [{"table": "job", "x": 1}]}}) == "steps.1.expect.rows.0.x"
    assert refused_at(LOOK, {"start": "p", "refused": {"text": "x"}}) == "steps.2.refused.kind"


def test_a_scenario_that_expects_nothing_is_refused() -> None:
    assert refused_at({"start": "p"}) == "steps"
    assert refused_at({"expect": {"tasks": []}}) == "steps.1.expect"


def test_a_step_is_one_act_and_the_clock_goes_forward() -> None:
    assert refused_at({"start": "p", "complete": "x"}) == "steps.1"
    assert refused_at({"clock": "tomorrow"}, LOOK) == "steps.1.clock"
    assert refused_at({"clock": "2026-09-30 09:00"}, LOOK) == "steps.1.clock"
    assert refused_at({"start": 7}, LOOK) == "steps.1.start"


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ScenarioUnreadable) as refusal:
        scenarios.read("one.scenario.json", b"{", {})

    assert "JSON" in refusal.value.text("en")


def test_people_act_and_the_way_they_took_is_reached() -> None:
    result = play(
        a_choice(),
        {"start": "p", "as": "staff.an", "key": "K1", "values": {"ok": True}},
        {"expect": {"tasks": [{"element": "review", "key": "K1", "groups": "staff", "count": 1}]}},
        {"complete": "review", "as": "staff.an"},
        {"expect": {"instances": [{"key": "K1", "status": "completed"}], "tasks": [{"count": 0}]}},
    )

    assert result.failure is None
    assert result.coverage["p"].missing[:3] == ["expired", "late", "no"]
    assert {"start", "review", "agreed", "yes"} == set(result.coverage["p"].reached_elements)


def test_a_timer_fires_at_its_time_when_the_clock_is_set_forward() -> None:
    result = play(
        a_choice(),
        {"start": "p", "values": {"ok": True}},
        {"clock": "2026-10-03 08:59"},
        {"expect": {"instances": [{"status": "active"}], "timers": [{"due": "2026-10-03 09:00"}]}},
        {"clock": "2026-10-09 09:00"},
        {"expect": {"events": [{"kind": "timer.fired", "element": "late", "at": "2026-10-03 09:00"}]}},
        {"expect": {"instances": [{"status": "completed"}]}},
    )

    assert result.failure is None
    assert {"review", "late", "expired"} <= result.coverage["p"].reached_elements


def test_an_expectation_that_does_not_hold_says_the_step_and_what_was_found() -> None:
    result = play(
        a_choice(), {"start": "p"}, {"expect": {"tasks": [{"element": "review", "groups": "board"}]}}
    )

    assert result.failure is not None
    assert result.failure.step == 2
    assert '"board"' in result.failure.text.vi
    assert '["staff"]' in result.failure.text.en


def test_files_that_a_deployment_refuses_fail_the_scenario_before_its_first_step() -> None:
    result = play(a_process("p").start().script("count", "=1 +", "sum").end(), {"start": "p"}, LOOK)

    assert result.failure is not None
    assert result.failure.step == 0
    assert "count" in result.failure.text.vi


def test_a_refusal_that_is_expected_changes_nothing_and_another_one_fails() -> None:
    stranger = {"complete": "review", "as": "guest.x", "refused": {"kind": "NotAllowed", "text": "guest.x"}}
    look = {"expect": {"tasks": [{"element": "review", "assignee": None}]}}

    right = play(a_choice(), {"start": "p"}, stranger, look)
    wrong = play(a_choice(), {"start": "p"}, {**stranger, "as": "staff.an"}, look)

    assert right.failure is None
    assert wrong.failure is not None
    assert "no refusal" in wrong.failure.text.en


def test_history_goes_on_after_a_step_that_was_refused_in_its_middle() -> None:
    process = a_process("p").start().user_task("review").service_task("work", "judge").end()
    bad = {"complete": "review", "as": "staff.an", "answers": {"bad": True}}

    result = play(
        process,
        {"start": "p"},
        {**bad, "refused": {"kind": "Refused", "text": "bad"}},
        {"expect": {"tasks": [{"element": "review", "count": 1}]}},
        {**bad, "answers": {"bad": False}},
        {"expect": {"events": [{"kind": "task.completed", "count": 1}]}},
    )

    assert result.failure is None


def test_an_incident_fails_a_scenario_that_does_not_expect_it() -> None:
    process = a_process("p").start().add("callActivity", "count", Z.calledElement(processId="=target"))
    process.end()
    start = {"start": "p"}

    silent = play(process, start, {"expect": {"instances": [{"status": "active"}]}})
    expecting = play(process, start, {"expect": {"incidents": [{"element": "count", "count": 1}]}})

    assert silent.failure is not None
    assert silent.failure.step == 1
    assert expecting.failure is None


def test_a_message_that_nobody_takes_fails_unless_it_is_said() -> None:
    built = a_process("p")
    built.start("start", built.message("go")).user_task("review").end()
    look = {"expect": {"tasks": [{"element": "review", "key": "K1"}]}}

    taken = play(built, {"publish": "go", "key": "K1"}, look)
    lost = play(built, {"publish": "stop", "key": "K1"}, look)

    assert taken.failure is None
    assert lost.failure is not None


def test_a_reference_takes_a_value_of_the_newest_row() -> None:
    key = {"$row": {"table": "process_instance", "process_id": "p"}, "take": "id"}

    result = play(
        a_choice(),
        {"start": "p", "key": "A"},
        {"expect": {"rows": [{"table": "process_instance", "id": key, "business_key": "A"}]}},
    )

    assert result.failure is None


def test_what_stands_behind_an_event_based_gateway_counts_when_it_happened() -> None:
    built = a_process("p").start().gateway("wait", "eventBased")
    built.catch("answer", built.message("go", "=key")).end("answered")
    built.at("wait").catch("silence", built.timer("timeDuration", "P2D")).end("silent")

    result = play(
        built,
        {"start": "p", "values": {"key": "1"}},
        {"clock": "2026-10-05 09:00"},
        {"expect": {"instances": [{"status": "completed"}]}},
    )

    assert result.failure is None
    reached = result.coverage["p"]
    assert "answer" in reached.missing
    assert {"silence", "silent", "wait"} <= reached.reached_elements
    assert len(reached.flows - reached.reached_flows) == 2
