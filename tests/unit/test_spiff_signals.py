"""Signals: everybody in the instance who waits at that moment hears them, nobody who comes later."""

from __future__ import annotations

from tests.builders import a_process, each, mappings
from tests.playing import Play


def test_a_thrown_signal_wakes_everybody_who_waits_in_the_order_they_came() -> None:
    process = a_process()
    process.start().gateway("split", "parallel").catch("one", process.signal("go")).end("end_one")
    process.at("split").catch("two", process.signal("go")).end("end_two")
    process.at("split").user_task("work").throw("shout", process.signal("go")).end("end_work")
    play = Play(process)

    play.go_on("work")

    assert play.status == "completed"
    assert [element for element in play.elements if element in ("one", "two")] == ["one", "two"]
    assert play.signals == [("go", {})]


def test_a_signal_is_not_kept_for_who_comes_later() -> None:
    process = a_process()
    process.start().throw("shout", process.signal("go")).catch("late", process.signal("go")).end()

    play = Play(process)

    assert play.waiting == [("signal", "late")]


def test_a_signal_of_another_name_wakes_nobody() -> None:
    process = a_process()
    process.start().catch("heard", process.signal("go")).end()
    play = Play(process)

    play.hear("stop")
    assert play.waiting == [("signal", "heard")]
    play.hear("go", result=1)

    assert (play.status, play.variables) == ("completed", {"result": 1})


def test_the_name_of_a_signal_may_be_computed() -> None:
    process = a_process()
    process.start().catch("heard", process.signal('="round " + string(number)')).end()
    play = Play(process, {"number": 3})

    play.hear("round 3")

    assert play.status == "completed"


def test_a_signal_without_a_name_is_an_incident() -> None:
    process = a_process()
    process.start().throw("shout", process.signal("=missing")).end()

    assert Play(process).waiting == [("incident", "shout")]


def test_the_input_mappings_of_a_thrown_signal_are_its_payload() -> None:
    process = a_process()
    process.start().gateway("split", "parallel").catch("heard", process.signal("go")).end("end_heard")
    payload = mappings(("input", "=total + 1", "count"))
    process.at("split").user_task("work").throw("shout", payload, process.signal("go")).end("end_work")
    play = Play(process, {"total": 4})

    play.go_on("work")

    assert play.variables["count"] == 5


def test_a_signal_end_event_throws() -> None:
    process = a_process()
    process.start().gateway("split", "parallel").user_task("work").end("shout", process.signal("go"))
    process.at("split").catch("heard", process.signal("go")).end("end_heard")
    play = Play(process)

    play.go_on("work")

    assert play.status == "completed"
    assert play.elements[-1] == "end_heard"


def test_a_signal_thrown_inside_interrupts_the_sub_process_that_it_is_attached_to() -> None:
    process = a_process()
    process.start().open_sub_process("inner").start("s").throw("shout", process.signal("go"))
    process.user_task("work").end("e").close_sub_process().end()
    process.boundary("heard", "inner", process.signal("go")).end("heard_end")

    play = Play(process)

    assert play.status == "completed"
    assert play.elements == ["start", "s", "shout", "heard", "heard_end"]


def test_a_signal_beside_an_activity_is_heard_again_and_again() -> None:
    process = a_process()
    process.start().user_task("ballot", each("=[1,2]", "n")).end()
    process.boundary("heard", "ballot", process.signal("go"), interrupting=False).end("heard_end")
    play = Play(process)

    play.hear("go")
    play.hear("go")
    play.go_on("ballot")
    play.hear("go")
    play.go_on("ballot")

    assert play.elements.count("heard_end") == 3
    assert play.status == "completed"


def test_the_first_signal_behind_an_event_gateway_wins() -> None:
    process = a_process()
    process.start().gateway("await", "eventBased").catch("yes", process.signal("yes")).end("said_yes")
    process.at("await").catch("no", process.signal("no")).end("said_no")
    process.at("await").catch("ready", process.conditional("=ready")).end("was_ready")
    play = Play(process)

    play.hear("no")

    assert play.status == "completed"
    assert play.elements[-1] == "said_no"


def test_one_signal_behind_an_event_gateway_wakes_only_one_of_two() -> None:
    process = a_process()
    process.start().gateway("await", "eventBased").catch("one", process.signal("go")).end("end_one")
    process.at("await").catch("two", process.signal("go")).end("end_two")
    play = Play(process)

    play.hear("go")

    assert play.elements[-2:] == ["one", "end_one"]
    assert play.status == "completed"
