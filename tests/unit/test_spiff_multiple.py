"""Events with several definitions: any one of them fires, or all must; throwing, all are thrown."""

from __future__ import annotations

from lxml import etree

from tests.builders import B, ProcessBuilder, a_process
from tests.playing import Play


def _catch(
    process: ProcessBuilder, element: str, *definitions: etree._Element, **more: str
) -> ProcessBuilder:
    return process.add("intermediateCatchEvent", element, *definitions, **more)


def test_any_one_definition_of_a_multiple_event_goes_on() -> None:
    process = a_process()
    _catch(process.start(), "either", process.message("a", "=k"), process.signal("b")).end()
    play = Play(process, {"k": "1"})

    assert play.waiting == [("message", "either"), ("signal", "either")]
    play.hear("b", x=1)

    assert (play.status, play.variables["x"], play.waiting) == ("completed", 1, [])


def test_all_definitions_of_a_parallel_multiple_event_must_come() -> None:
    process = a_process()
    definitions = [process.message("a", "=k"), process.signal("b"), process.timer("timeDuration", "P1D")]
    _catch(process.start(), "all", *definitions, parallelMultiple="true").end()
    play = Play(process, {"k": "1"})

    play.hear("b", x=1)
    play.hear("b", x=2)
    assert play.waiting == [("message", "all"), ("timer", "all")]
    play.go_on("all", 1)
    assert play.status == "active"
    play.go_on("all", y=2)

    assert (play.status, play.waiting) == ("completed", [])
    assert play.variables == {"k": "1", "x": 1, "y": 2}


def test_a_condition_that_holds_already_counts_among_all() -> None:
    process = a_process()
    definitions = [process.conditional("=ready"), process.signal("b")]
    _catch(process.start(), "all", *definitions, parallelMultiple="true").end()
    play = Play(process, {"ready": True})

    assert play.waiting == [("signal", "all")]
    play.hear("b")

    assert play.status == "completed"


def test_a_condition_that_holds_already_is_enough_for_any() -> None:
    process = a_process()
    _catch(process.start(), "either", process.conditional("=ready"), process.signal("b")).end()

    play = Play(process, {"ready": True})

    assert (play.status, play.waiting) == ("completed", [])


def test_a_multiple_boundary_event_interrupts_once() -> None:
    process = a_process().start().user_task("work").end()
    process.boundary("stopped", "work", process.message("stop", "=k"))
    process.find("stopped").append(process.timer("timeDuration", "P1D"))
    process.user_task("tidy").end("tidied")
    play = Play(process, {"k": "1"})

    play.go_on("stopped", 1)

    assert play.waiting == [("task", "tidy")]


def test_beside_an_activity_each_definition_goes_on_waiting_for_its_own_next_time() -> None:
    process = a_process().start().user_task("work").end()
    process.boundary("noted", "work", process.timer("timeCycle", "R2/P1D"), interrupting=False)
    process.find("noted").append(process.signal("note"))
    process.end("noted_end")
    play = Play(process)

    play.hear("note")
    play.hear("note")
    play.go_on("noted")
    assert play.details("noted")[-1]["due"][:10] == "2026-10-03"
    play.go_on("noted", 1)
    play.hear("note")

    assert play.waiting == [("signal", "noted"), ("task", "work")]
    assert play.elements.count("noted_end") == 5
    play.go_on("work")
    assert play.status == "completed"


def test_beside_an_activity_all_must_come_again_each_time() -> None:
    process = a_process().start().user_task("work").end()
    process.boundary("both", "work", process.signal("a"), interrupting=False)
    process.find("both").append(process.signal("b"))
    process.find("both").set("parallelMultiple", "true")
    process.end("both_end")
    play = Play(process)

    for name in ("a", "b", "b", "a", "b"):
        play.hear(name)

    assert play.elements.count("both_end") == 2
    assert play.waiting == [("signal", "both"), ("task", "work")]


def test_a_multiple_boundary_event_catches_errors_too() -> None:
    process = a_process().start().open_sub_process("inner").start("s").user_task("work")
    process.end("broken", process.coded("error", "bad")).close_sub_process().end()
    process.boundary("stopped", "inner", process.signal("stop"))
    process.find("stopped").append(process.coded("error", "bad"))
    process.end("caught")
    play = Play(process)

    play.go_on("work")

    assert play.elements[-1] == "caught"
    assert play.status == "completed"


def test_an_event_sub_process_is_started_by_any_of_several() -> None:
    process = a_process().start().user_task("work").end()
    process.open_event_sub_process("noting", process.signal("a"), interrupting=False)
    process.find("noting_start").append(process.conditional("=ready"))
    process.end("noted").close_sub_process()
    play = Play(process)

    play.hear("a")
    play.assign(ready=True)
    play.hear("a")

    assert play.elements.count("noted") == 3
    assert play.waiting == [("conditional", "noting_start"), ("signal", "noting_start"), ("task", "work")]


def test_an_event_sub_process_may_need_all_of_several() -> None:
    process = a_process().start().user_task("work").end()
    process.open_event_sub_process("stopping", process.signal("a"))
    start = process.find("stopping_start")
    start.append(process.signal("b"))
    start.set("parallelMultiple", "true")
    process.end("stopped").close_sub_process()
    play = Play(process)

    play.hear("b")
    assert play.status == "active"
    play.hear("a")

    assert play.elements[-1] == "stopping"
    assert play.status == "completed"


def test_a_multiple_end_event_throws_everything() -> None:
    process = a_process().start().open_sub_process("inner").start("s").user_task("work")
    process.end("over", process.message("done", "=k"), process.signal("done"))
    process.find("over").append(process.coded("escalation", "late"))
    process.close_sub_process().end()
    process.boundary("noticed", "inner", process.coded("escalation", "late"), interrupting=False).end("seen")
    play = Play(process, {"k": "1"})

    play.go_on("work")

    assert [name for name, _, _ in play.thrown] == ["done"]
    assert [name for name, _ in play.signals] == ["done"]
    assert "seen" in play.elements
    assert play.status == "completed"


def test_a_multiple_throw_event_throws_in_the_order_of_the_file() -> None:
    process = a_process()
    process.start().throw("both", process.signal("a"), process.signal("b")).end()

    play = Play(process)

    assert [name for name, _ in play.signals] == ["a", "b"]


def test_a_multiple_event_behind_an_event_gateway_wins_as_one() -> None:
    process = a_process()
    _catch(process.start().gateway("await", "eventBased"), "m", process.signal("a"), process.signal("b"))
    process.end("end_m").at("await").catch("late", process.timer("timeDuration", "P1D")).end("end_late")
    play = Play(process)

    play.hear("b")

    assert (play.status, play.waiting) == ("completed", [])
    assert play.elements[-2:] == ["m", "end_m"]


def test_a_cancelled_multiple_event_leaves_no_part_behind() -> None:
    process = a_process().start().open_sub_process("inner").start("s")
    _catch(process, "all", process.signal("a"), process.signal("b"), parallelMultiple="true").end("e")
    process.close_sub_process().end().boundary("late", "inner", process.timer("timeDuration", "P1D")).end("x")
    play = Play(process)

    play.hear("a")
    play.go_on("late")

    assert (play.status, play.waiting) == ("completed", [])


def test_an_event_definition_that_the_file_shares_is_found() -> None:
    process = a_process()
    shared = process.timer("timeDuration", "P3D")
    shared.set("id", "three_days")
    process.codes["shared"] = shared
    process.start().add("intermediateCatchEvent", "later", B.eventDefinitionRef("three_days")).end()

    play = Play(process)

    assert play.details("later")[0]["due"][:10] == "2026-10-04"


def test_beside_an_activity_all_cannot_come_again_when_one_is_over_for_good() -> None:
    process = a_process().start().user_task("work").end()
    process.boundary("both", "work", process.timer("timeDuration", "P1D"), interrupting=False)
    process.find("both").append(process.signal("b"))
    process.find("both").set("parallelMultiple", "true")
    process.end("both_end")
    play = Play(process)

    play.go_on("both")
    play.hear("b")

    assert play.elements.count("both_end") == 1
    assert play.waiting == [("task", "work")]
