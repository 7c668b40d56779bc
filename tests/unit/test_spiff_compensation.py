"""Compensation: what completed is undone in reverse order, each thing once, and waited for."""

from __future__ import annotations

from lxml import etree

from engine.handlers import Json
from tests.builders import B, ProcessBuilder, a_process, each, mappings
from tests.playing import Handlers, Play


def undoing(activity: str | None = None, wait: bool = True) -> etree._Element:
    """Return a compensation event definition that throws."""
    definition = B.compensateEventDefinition(waitForCompletion=str(wait).lower())
    if activity is not None:
        definition.set("activityRef", activity)
    return definition


def handlers(log: list[Json], *names: str) -> Handlers:
    """Return handlers that write down that they ran, with the variable `mine` that they saw."""

    def handler(name: str) -> object:
        return lambda variables: (log.append(variables.get("mine", name)), {})[1]

    return {name: handler(name) for name in names}  # type: ignore[misc]


def two_tasks(process: ProcessBuilder) -> ProcessBuilder:
    """Add two user tasks that can be undone."""
    process.user_task("a").user_task("b")
    return process.compensation("a", "undo_a").compensation("b", "undo_b")


def test_a_thrown_compensation_undoes_what_completed_in_reverse_order_and_once() -> None:
    log: list[Json] = []
    process = two_tasks(a_process().start()).throw("back", undoing()).throw("again", undoing()).end()
    play = Play(process, {}, handlers(log, "undo_a", "undo_b"))

    play.go_on("a")
    play.go_on("b")

    assert log == ["undo_b", "undo_a"]
    assert play.status == "completed"
    assert play.elements == ["start", "a", "b", "undo_b", "undo_a", "back", "again", "end"]


def test_what_has_not_completed_is_not_undone() -> None:
    log: list[Json] = []
    process = two_tasks(a_process().start().gateway("split", "parallel"))
    process.at("split").user_task("c").throw("back", undoing()).end()
    process.at("b").end("end_b")
    play = Play(process, {}, handlers(log, "undo_a", "undo_b"))

    play.go_on("a")
    play.go_on("c")

    assert log == ["undo_a"]
    assert play.waiting == [("task", "b")]


def test_a_named_activity_alone_is_undone() -> None:
    log: list[Json] = []
    process = two_tasks(a_process().start()).throw("back", undoing("a")).throw("rest", undoing()).end()
    play = Play(process, {}, handlers(log, "undo_a", "undo_b"))

    play.go_on("a")
    play.go_on("b")

    assert log == ["undo_a", "undo_b"]


def test_an_activity_that_ran_three_times_is_undone_three_times() -> None:
    log: list[Json] = []
    process = a_process().start().user_task("a").gateway("more").when("=done").throw("back", undoing()).end()
    process.default("more", "a").at("a").compensation("a", "undo_a")
    play = Play(process, {"done": False}, handlers(log, "undo_a"))

    for done in (False, False, True):
        play.go_on("a", done=done)

    assert log == ["undo_a"] * 3


def test_the_throw_waits_for_handlers_that_wait_and_survives_saving_between_them() -> None:
    process = two_tasks(a_process().start()).throw("back", undoing()).user_task("after").end()
    play = Play(process)

    play.go_on("a")
    play.go_on("b")
    assert play.waiting == [("job", "undo_b")]
    play.go_on("undo_b")
    assert play.waiting == [("job", "undo_a")]
    play.go_on("undo_a")

    assert play.waiting == [("task", "after")]


def test_the_throw_waits_for_its_only_handler() -> None:
    process = a_process().start().user_task("a").compensation("a", "undo_a").throw("back", undoing())
    play = Play(process.user_task("after").end())

    play.go_on("a")
    assert play.waiting == [("job", "undo_a")]
    play.go_on("undo_a")

    assert play.waiting == [("task", "after")]
    assert play.elements == ["start", "a", "undo_a", "back"]


def test_a_throw_that_does_not_wait_goes_on_beside_the_handlers() -> None:
    process = two_tasks(a_process().start()).throw("back", undoing(wait=False)).user_task("after").end()
    play = Play(process)

    play.go_on("a")
    play.go_on("b")
    assert play.waiting == [("job", "undo_b"), ("task", "after")]
    play.go_on("after")
    play.go_on("undo_b")
    assert play.waiting == [("job", "undo_a")]
    play.go_on("undo_a")

    assert play.status == "completed"


def test_a_compensation_end_event_undoes_before_its_path_ends() -> None:
    log: list[Json] = []
    process = two_tasks(a_process().start()).end("back", undoing())
    play = Play(process, {}, handlers(log, "undo_a", "undo_b"))

    play.go_on("a")
    play.go_on("b")

    assert log == ["undo_b", "undo_a"]
    assert play.elements[-1] == "back"
    assert play.status == "completed"


def test_a_handler_sees_the_local_variables_that_its_activity_ended_with() -> None:
    log: list[Json] = []
    process = a_process().start().user_task("a", mappings(("input", "=number", "mine")))
    process.compensation("a", "undo_a").script("change", "=99", "number").throw("back", undoing()).end()
    play = Play(process, {"number": 1}, handlers(log, "undo_a"))

    play.go_on("a")

    assert log == [1]


def test_every_instance_of_a_multi_instance_is_undone_with_its_own_item() -> None:
    log: list[Json] = []
    process = a_process().start().user_task("a", each('=["x","y","z"]', "mine"))
    process.compensation("a", "undo_a").throw("back", undoing()).end()
    play = Play(process, {}, handlers(log, "undo_a"))

    play.go_on("a", 1)
    play.go_on("a", 0)
    play.go_on("a", 0)

    assert log == ["z", "x", "y"]


def inner_tasks(process: ProcessBuilder, element: str = "inner") -> ProcessBuilder:
    """Add a sub-process with two tasks that can be undone and a variable `mine` of its own."""
    process.open_sub_process(element, mappings(("input", '="local"', "mine"))).start("inner_start")
    return two_tasks(process).end("inner_end").close_sub_process()


def test_a_completed_sub_process_is_undone_from_inside_with_its_variables() -> None:
    log: list[Json] = []
    process = inner_tasks(a_process().start()).throw("back", undoing()).end()
    play = Play(process, {}, handlers(log, "undo_a", "undo_b"))

    play.go_on("a")
    play.go_on("b")

    assert log == ["local", "local"]
    assert play.status == "completed"
    assert play.variables == {}


def test_the_handler_of_a_sub_process_replaces_the_handlers_inside() -> None:
    log: list[Json] = []
    process = inner_tasks(a_process().start()).compensation("inner", "undo_all")
    process.throw("back", undoing("inner")).end()
    play = Play(process, {}, handlers(log, "undo_a", "undo_b", "undo_all"))

    play.go_on("a")
    play.go_on("b")

    assert log == ["local"]
    assert "undo_all" in play.elements
    assert "undo_a" not in play.elements


def test_nested_sub_processes_are_undone_level_by_level_and_saved_in_between() -> None:
    process = a_process().start().open_sub_process("outer").start("outer_start").user_task("first")
    process.compensation("first", "undo_first")
    inner_tasks(process).end("outer_end").close_sub_process().throw("back", undoing()).end()
    play = Play(process)

    for element in ("first", "a", "b", "undo_b", "undo_a", "undo_first"):
        assert element in [waiting for _, waiting in play.waiting]
        play.go_on(element)

    assert play.status == "completed"


def test_a_sub_process_still_running_undoes_only_its_own_scope() -> None:
    log: list[Json] = []
    process = a_process().start().user_task("outside").compensation("outside", "undo_outside")
    process.open_sub_process("inner").start("inner_start").user_task("a").compensation("a", "undo_a")
    process.throw("back", undoing()).end("inner_end").close_sub_process().end()
    play = Play(process, {}, handlers(log, "undo_a", "undo_outside"))

    play.go_on("outside")
    play.go_on("a")

    assert log == ["undo_a"]


def test_an_activity_around_can_be_named_from_inside() -> None:
    log: list[Json] = []
    process = a_process().start().user_task("outside").compensation("outside", "undo_outside")
    process.open_sub_process("inner").start("inner_start").user_task("a").compensation("a", "undo_a")
    process.throw("back", undoing("outside")).end("inner_end").close_sub_process().end()
    play = Play(process, {}, handlers(log, "undo_a", "undo_outside"))

    play.go_on("outside")
    play.go_on("a")

    assert log == ["undo_outside"]


def test_a_sub_process_that_was_interrupted_leaves_nothing_to_undo() -> None:
    log: list[Json] = []
    process = a_process().start().open_sub_process("inner").start("inner_start").user_task("a")
    process.compensation("a", "undo_a").user_task("b").end("inner_end").close_sub_process().end()
    process.boundary("late", "inner", process.timer("timeDuration", "P1D")).throw("back", undoing())
    process.end("end_late")
    play = Play(process, {}, handlers(log, "undo_a"))

    play.go_on("a")
    play.go_on("late")

    assert log == []
    assert play.status == "completed"
    assert "compensation" not in play.text


def with_event_sub_process(throws: bool) -> ProcessBuilder:
    """Return a sub-process that is undone by its compensation event sub-process."""
    process = a_process().start().open_sub_process("inner", mappings(("input", '="local"', "mine")))
    two_tasks(process.start("inner_start")).end("inner_end")
    process.open_event_sub_process("undo", B.compensateEventDefinition()).service_task("own", "own")
    if throws:
        process.throw("default", undoing())
    process.end("undo_end").close_sub_process()
    return process.close_sub_process().throw("back", undoing()).end()


def test_a_compensation_event_sub_process_replaces_the_default() -> None:
    log: list[Json] = []
    play = Play(with_event_sub_process(throws=False), {}, handlers(log, "own", "undo_a", "undo_b"))

    play.go_on("a")
    play.go_on("b")

    assert log == ["local"]
    assert play.status == "completed"
    assert "undo_a" not in play.elements


def test_a_compensation_event_sub_process_may_throw_the_default_itself() -> None:
    play = Play(with_event_sub_process(throws=True))

    for element in ("a", "b", "own", "undo_b", "undo_a"):
        assert [waiting for _, waiting in play.waiting] == [element]
        play.go_on(element)

    assert play.status == "completed"


def test_a_handler_may_be_a_sub_process_and_may_loop() -> None:
    process = a_process().start().user_task("a", mappings(("input", "=[1,2]", "mine")))
    process.compensation("a", "undo_a").throw("back", undoing()).end()
    process.find("undo_a").append(each("=mine", "n", sequential=True))
    play = Play(process)

    play.go_on("a")
    play.go_on("undo_a")
    assert play.waiting == [("job", "undo_a")]
    play.go_on("undo_a")

    assert play.status == "completed"


def test_a_failing_handler_is_an_incident_that_keeps_what_it_was_to_see() -> None:
    process = a_process().start().user_task("a", mappings(("input", "=number", "mine")))
    process.compensation("a", "undo_a").throw("back", undoing()).end()
    process.find("undo_a").append(each("=offices", "office"))
    play = Play(process, {"number": 1})
    play.go_on("a")
    assert play.waiting == [("incident", "undo_a")]

    game = play.load()
    game.scopes.write(0, "offices", ["P1"])
    play._save(game)
    play.retry("undo_a")

    assert play.waiting == [("job", "undo_a")]
    game = play.load()
    iteration = next(token for token in game.tokens() if "body" in token.internal_data)
    assert game.variables(iteration)["mine"] == 1


def test_a_cancelled_handler_does_not_stop_the_others() -> None:
    process = two_tasks(a_process().start()).throw("back", undoing()).end()
    process.boundary("late", "undo_b", process.timer("timeDuration", "P1D")).end("end_late")
    play = Play(process)

    play.go_on("a")
    play.go_on("b")
    play.go_on("late")

    assert play.waiting == [("job", "undo_a")]


def test_what_an_interrupted_compensation_has_not_reached_can_still_be_undone() -> None:
    process = a_process().start().open_sub_process("inner").start("inner_start")
    two_tasks(process).throw("back", undoing()).end("inner_end")
    process.open_event_sub_process("late", process.timer("timeDuration", "P1D"))
    process.throw("rest", undoing()).end("late_end").close_sub_process().close_sub_process().end()
    play = Play(process)
    play.go_on("a")
    play.go_on("b")
    assert play.waiting == [("job", "undo_b"), ("timer", "late_start")]

    play.go_on("late_start")

    assert play.waiting == [("job", "undo_a")]


def test_states_without_compensation_do_not_speak_of_it() -> None:
    play = Play(a_process().start().user_task("a").user_task("b").end())

    play.go_on("a")

    assert "compensation" not in play.text


def test_an_inclusive_join_does_not_wait_for_what_is_only_undone() -> None:
    process = a_process().start().open_sub_process("inner").start("inner_start").user_task("a")
    process.compensation("a", "undo_a").end("inner_end").close_sub_process()
    process.gateway("again").when("=done").throw("back", undoing(wait=False)).gateway("split", "parallel")
    process.user_task("b").gateway("join", "inclusive").user_task("after").end()
    process.at("split").throw("c").flow("c", "join")
    process.default("again", "join")
    play = Play(process, {"done": True})

    play.go_on("a")
    assert play.waiting == [("job", "undo_a"), ("task", "b")]
    play.go_on("b")

    assert play.waiting == [("job", "undo_a"), ("task", "after")]
