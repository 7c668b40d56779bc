"""Events: messages, timers, errors, escalations, links; what waits is said, what fires is obeyed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from lxml import etree

from engine.errors import BpmnError
from engine.handlers import Json
from tests.builders import B, Z, a_process, each, mappings
from tests.playing import Play


def test_a_message_is_waited_for_by_its_evaluated_key() -> None:
    process = a_process()
    process.start().catch("reply", process.message("nomination.decided", "=proposal_key")).end()
    play = Play(process, {"proposal_key": "P1/2026-10"})

    (details,) = play.details("reply")
    play.go_on("reply", result="awarded")

    assert (details["name"], details["key"]) == ("nomination.decided", "P1/2026-10")
    assert play.variables["result"] == "awarded"


def test_a_null_correlation_key_is_an_incident() -> None:
    process = a_process()
    process.start().catch("reply", process.message("nomination.decided", "=missing")).end()

    assert Play(process).waiting == [("incident", "reply")]


def test_a_send_task_in_a_loop_throws_one_message_per_item() -> None:
    process = a_process()
    loop = each("=results", "item")
    io = mappings(("input", "=item.reason", "reason"))
    process.start().add("sendTask", "send", io, loop, messageRef="Message_1").end()
    process.message("nomination.decided", "=item.key")

    play = Play(process, {"results": [{"key": "P1", "reason": "a"}, {"key": "P2", "reason": "b"}]})

    assert [thrown[1] for thrown in play.thrown] == ["P1", "P2"]
    assert [thrown[2] for thrown in play.thrown] == [{"reason": "a"}, {"reason": "b"}]
    assert play.status == "completed"


def test_the_first_event_behind_an_event_gateway_wins() -> None:
    process = a_process()
    process.start().gateway("await", "eventBased").catch("returned", process.message("returned", "=k")).end(
        "a"
    )
    process.at("await").catch("decided", process.message("decided", "=k")).end("b")
    play = Play(process, {"k": "1"})

    play.go_on("decided")

    assert play.status == "completed"
    assert play.elements[-2:] == ["decided", "b"]


def test_two_timers_behind_an_event_gateway_each_keep_their_own_time() -> None:
    # hazard 6: in SpiffWorkflow both share the first one's due time
    process = a_process()
    process.start().gateway("await", "eventBased").catch("long", process.timer("timeDuration", "P5D")).end(
        "a"
    )
    process.at("await").catch("short", process.timer("timeDuration", "PT1H")).end("b")
    play = Play(process)

    assert play.details("long")[0]["due"] == "2026-10-06T02:00:00+00:00"
    assert play.details("short")[0]["due"] == "2026-10-01T03:00:00+00:00"


def test_an_interrupting_timer_takes_the_task_away() -> None:
    process = a_process()
    process.start().user_task("a").end()
    process.boundary("late", "a", process.timer("timeDate", "2026-10-16T00:00:00+07:00")).end("ended_late")
    play = Play(process)

    assert play.details("late")[0]["due"] == "2026-10-15T17:00:00+00:00"
    play.go_on("late")

    assert play.status == "completed"
    assert play.elements == ["start", "late", "ended_late"]


def test_completing_the_task_disarms_its_timers() -> None:
    process = a_process()
    process.start().user_task("a").user_task("b").end()
    process.boundary("late", "a", process.timer("timeDuration", "P1D"), interrupting=False).end("reminded")
    play = Play(process)

    play.go_on("a")

    assert play.waiting == [("task", "b")]


def test_a_message_beside_a_sub_process_is_received_again_and_again() -> None:
    # hazard: a non-interrupting message boundary event of SpiffWorkflow fires once
    process = a_process()
    process.start().open_sub_process("collect").start("s").user_task("review").end(
        "e"
    ).close_sub_process().end()
    received = process.message("proposal.submitted", "=center")
    process.boundary("received", "collect", received, interrupting=False).end("recorded")
    play = Play(process, {"center": "TTTV/2026-10"})

    for _ in range(400):
        play.go_on("received")
    play.go_on("review")

    assert play.elements.count("recorded") == 400
    assert play.status == "completed"


def test_a_cycle_repeats_as_often_as_it_says() -> None:
    process = a_process()
    process.start().user_task("a").end()
    process.boundary("remind", "a", process.timer("timeCycle", "R3/P1D"), interrupting=False).end("reminded")
    play = Play(process)
    due = []

    while any(element == "remind" for _, element in play.waiting):
        due.append(play.details("remind")[0]["due"][:10])
        play.go_on("remind")

    assert due == ["2026-10-02", "2026-10-03", "2026-10-04"]


def _fails(variables: Mapping[str, Json]) -> Mapping[str, Json]:
    raise BpmnError("refused", "no")


def test_an_error_of_a_handler_is_caught_at_its_task() -> None:
    process = a_process()
    process.start().service_task("call", "fails").end()
    process.boundary("any", "call", process.coded("error")).end("caught_any")
    process.boundary("exact", "call", process.coded("error", "refused")).end("caught_exactly")

    play = Play(process, handlers={"fails": _fails})

    assert play.status == "completed"
    assert play.elements[-1] == "caught_exactly"


def test_an_error_end_is_caught_around_its_sub_process() -> None:
    process = a_process()
    process.start().open_sub_process("outer").start("s1").open_sub_process("inner").start("s2").user_task("u")
    process.end("broken", process.coded("error", "refused")).close_sub_process().end("e1").close_sub_process()
    process.end("fine").boundary("caught", "outer", process.coded("error", "refused")).end("handled")
    play = Play(process)

    play.go_on("u")

    assert play.status == "completed"
    assert play.elements[-1] == "handled"
    assert "fine" not in play.elements


def test_an_uncaught_error_ends_the_instance_with_error() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("a")
    process.end("broken", process.coded("error", "refused"))
    process.at("split").user_task("b").end("never")
    play = Play(process)

    play.go_on("a")

    assert play.status == "error"
    assert play.waiting == []


def test_an_escalation_beside_a_sub_process_lets_it_go_on() -> None:
    process = a_process()
    process.start().open_sub_process("inner").start("s").throw("raise", process.coded("escalation", "late"))
    process.user_task("work").end("e").close_sub_process().end()
    escalated = process.coded("escalation", "late")
    process.boundary("noticed", "inner", escalated, interrupting=False).user_task("look").end("looked")

    play = Play(process)

    assert play.waiting == [("task", "look"), ("task", "work")]


def test_a_link_goes_on_at_the_event_of_the_same_name() -> None:
    # SpiffWorkflow ends the branch in silence

    process = a_process().start().throw("to", B.linkEventDefinition(name="A"))
    process.at(None).catch("from", B.linkEventDefinition(name="A")).end()

    play = Play(process)

    assert play.elements[-1] == "end"
    assert play.status == "completed"


def test_interrupting_a_loop_takes_all_its_iterations_away() -> None:
    process = a_process()
    process.start().user_task("ballot", each("=[1,2,3]", "n")).end()
    process.boundary("closed", "ballot", process.timer("timeDuration", "P1D")).user_task("count").end(
        "counted"
    )
    play = Play(process)

    play.go_on("ballot")
    play.go_on("closed")

    assert play.waiting == [("task", "count")]


def test_a_job_without_a_handler_waits_for_somebody_elses_worker() -> None:
    play = Play(a_process().start().service_task("mail", "send.mail").end())

    assert play.waiting == [("job", "mail")]
    play.go_on("mail", sent=True)
    assert play.status == "completed"
    assert play.variables == {"sent": True}


def test_a_cycle_in_the_flow_lets_the_path_go_on_at_every_occurrence() -> None:
    process = a_process()
    process.start().catch("tick", process.timer("timeCycle", "R3/P1D")).user_task("look").end()
    play = Play(process)
    due = []

    while ("timer", "tick") in play.waiting:
        due.append(play.details("tick")[0]["due"][:10])
        play.go_on("tick")

    assert due == ["2026-10-02", "2026-10-03", "2026-10-04"]
    assert play.waiting == [("task", "look")] * 3


def test_a_cycle_behind_an_event_gateway_wins_once() -> None:
    process = a_process()
    process.start().gateway("await", "eventBased").catch("tick", process.timer("timeCycle", "R3/P1D")).end(
        "a"
    )
    process.at("await").catch("other", process.message("other", "=k")).end("b")
    play = Play(process, {"k": "1"})

    play.go_on("tick")

    assert (play.status, play.elements.count("tick")) == ("completed", 1)


def test_a_cycle_missed_for_years_is_one_late_firing() -> None:
    process = a_process()
    process.start().user_task("a").end()
    process.boundary("remind", "a", process.timer("timeCycle", "R/PT1S"), interrupting=False).end("reminded")
    play = Play(process)

    play.now += timedelta(days=3_650, milliseconds=300)
    play.go_on("remind")

    (details,) = play.details("remind")
    assert details["due"] == (play.now + timedelta(milliseconds=700)).isoformat()
    assert play.elements == ["start", "remind", "reminded"]


# a technical failure of FEEL: more work than one expression may do
DENSE = "=count(for a in 1..1000, b in 1..1000, c in 1..1000 return a)"


def _as_error(code: str) -> etree._Element:
    return Z.properties(Z.property(name="bv:failureAsError", value=code))


def test_a_failing_script_is_an_incident_unless_an_error_event_hangs_on_it() -> None:
    process = a_process().start().script("count", DENSE, "n").end()
    assert Play(process).waiting == [("incident", "count")]

    process.boundary("caught", "count", process.coded("error", "broken")).end("handled")
    play = Play(process)

    assert play.status == "completed"
    assert play.elements == ["start", "caught", "handled"]
    assert ("failure.thrown", "count") in play.facts


def test_a_failing_iteration_of_a_script_is_caught_at_its_loop() -> None:
    process = a_process().start().script("count", DENSE, "n", each("=[1,2]", "i")).end()
    process.boundary("caught", "count", process.coded("error")).end("handled")

    play = Play(process)

    assert play.status == "completed"
    assert play.elements[-1] == "handled"


def test_a_failure_is_thrown_as_the_error_that_the_activity_names() -> None:
    process = (
        a_process()
        .start()
        .open_sub_process("inner")
        .start("s")
        .user_task("work", _as_error("broken"), assignee="=1")
    )
    process.end("e").close_sub_process().end()
    process.boundary("other", "inner", process.coded("error", "other")).end("not_me")
    process.boundary("caught", "inner", process.coded("error", "broken")).end("handled")

    play = Play(process)

    assert play.status == "completed"
    assert play.elements[-1] == "handled"


def test_a_failure_that_nothing_catches_as_error_ends_the_instance() -> None:
    process = a_process().start().user_task("work", _as_error("broken"), assignee="=1").end()

    assert Play(process).status == "error"


def test_boundary_events_hang_on_receive_tasks_and_call_activities_too() -> None:
    process = a_process()
    process.message("answer", "=k")
    process.start().gateway("split", "parallel").add("receiveTask", "hear", messageRef="Message_1").end("a")
    process.boundary("told", "hear", process.message("note", "=k"), interrupting=False).end("told_end")
    process.at("split").add("callActivity", "call", Z.calledElement(processId="other")).end("b")
    process.boundary("late", "call", process.timer("timeDuration", "P1D")).end("late_end")
    play = Play(process, {"k": "1"})

    play.go_on("told")
    play.go_on("told")
    play.go_on("late")
    play.go_on("hear")

    assert play.status == "completed"
    assert play.elements.count("told_end") == 2
