"""Conditional events fire when their condition becomes true, not while it stays so."""

from __future__ import annotations

from tests.builders import B, a_process, mappings
from tests.playing import Play


def test_a_condition_is_waited_for_until_a_variable_makes_it_true() -> None:
    process = a_process()
    process.start().catch("enough", process.conditional("=count > 2")).end()
    play = Play(process, {"count": 1})

    play.assign(count=2)
    assert play.waiting == [("conditional", "enough")]
    play.assign(count=3)

    assert play.status == "completed"


def test_a_condition_that_is_true_already_is_not_waited_for() -> None:
    process = a_process()
    process.start().catch("enough", process.conditional("=count > 2")).end()

    assert Play(process, {"count": 3}).status == "completed"


def test_an_unknown_variable_is_not_true() -> None:
    process = a_process()
    process.start().catch("ready", process.conditional("=ready")).end()

    assert Play(process).waiting == [("conditional", "ready")]


def test_a_condition_that_is_neither_true_nor_false_is_an_incident() -> None:
    process = a_process()
    process.start().catch("ready", process.conditional("=count + 1")).end()

    assert Play(process, {"count": 1}).waiting == [("incident", "ready")]


def test_a_condition_that_fails_later_is_an_incident_and_is_asked_again() -> None:
    process = a_process()
    process.start().catch("ready", process.conditional("=ready")).end()
    play = Play(process)

    play.assign(ready="yes")
    assert play.waiting == [("conditional", "ready"), ("incident", "ready")]
    play.retry("ready")
    assert play.waiting == [("conditional", "ready"), ("incident", "ready")]
    play.assign(ready=True)

    assert (play.status, play.waiting) == ("completed", [])


def test_a_task_is_interrupted_when_the_condition_becomes_true() -> None:
    process = a_process()
    process.start().gateway("split", "parallel").user_task("work").end()
    process.boundary("withdrawn", "work", process.conditional("=withdrawn")).end("stopped")
    process.at("split").user_task("ask").end("asked")
    play = Play(process)

    play.go_on("ask", withdrawn=True)

    assert play.status == "completed"
    assert play.elements[-1] == "stopped"


def test_the_condition_on_an_activity_sees_what_the_activity_sees() -> None:
    process = a_process()
    process.start().user_task("work", mappings(("input", "=limit", "own"))).end()
    process.boundary("over", "work", process.conditional("=total > own")).end("stopped")
    play = Play(process, {"limit": 5, "total": 1})

    play.assign(total=6)

    assert play.elements[-1] == "stopped"


def test_beside_an_activity_it_fires_again_only_after_having_been_false() -> None:
    process = a_process()
    process.start().user_task("work").end()
    process.boundary("high", "work", process.conditional("=level > 2"), interrupting=False).end("alarm")
    play = Play(process, {"level": 0})

    for level in (3, 4, 1, 5, 5, 6):
        play.assign(level=level)

    assert play.elements.count("alarm") == 2
    assert play.waiting == [("conditional", "high"), ("task", "work")]


def test_an_event_sub_process_starts_at_once_when_its_condition_holds_already() -> None:
    process = a_process()
    process.start().script("first", "=1", "x").end()
    process.open_event_sub_process("noting", process.conditional("=ready"), interrupting=False)
    process.script("second", "=2", "y").end("noted").close_sub_process()

    play = Play(process, {"ready": True})

    assert play.status == "completed"
    assert play.elements.count("noting") == 1
    assert play.variables == {"ready": True, "x": 1, "y": 2}


def test_an_event_sub_process_that_makes_its_own_condition_false_runs_again() -> None:
    process = a_process()
    process.start().user_task("work").end()
    process.open_event_sub_process("refilling", process.conditional("=stock < 3"), interrupting=False)
    process.script("refill", "=stock + 10", "stock").end("refilled").close_sub_process()
    play = Play(process, {"stock": 5})

    play.assign(stock=2)
    assert play.variables == {"stock": 12}
    play.assign(stock=1)

    assert play.variables == {"stock": 11}
    assert play.elements.count("refilled") == 2


def test_a_signal_condition_and_message_behind_a_gateway_wait_together() -> None:
    process = a_process()
    process.start().gateway("await", "eventBased").catch("ready", process.conditional("=ready")).end("a")
    process.at("await").catch("stop", process.signal("stop")).end("b")
    process.message("answer", "=key")
    process.at("await").add("receiveTask", "answer", messageRef="Message_1").end("c")
    play = Play(process, {"key": "1"})

    assert play.waiting == [("conditional", "ready"), ("message", "answer"), ("signal", "stop")]
    play.assign(ready=True)

    assert play.status == "completed"
    assert play.elements[-2:] == ["ready", "a"]


def test_a_condition_in_the_standard_form_without_type_is_read() -> None:
    process = a_process()
    process.start().catch("ready", B.conditionalEventDefinition(B.condition("=ready"))).end()

    assert Play(process, {"ready": True}).status == "completed"
