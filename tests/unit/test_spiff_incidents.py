"""What cannot go on keeps its place as an incident, is repaired, and goes on as if nothing had happened."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from engine.errors import BpmnError
from engine.handlers import Json
from engine.spiff import stepping
from tests.builders import B, ProcessBuilder, Z, a_process, each, mappings
from tests.playing import Play


def repair(play: Play, **variables: Json) -> None:
    """Set process variables, as an operator does before a retry."""
    game = play.load()
    for name, value in variables.items():
        game.scopes.write(0, name, value)
    play._save(game)


def test_a_completion_condition_that_fails_keeps_the_iteration_until_it_is_repaired() -> None:
    loop = each("=[1,2,3]", "n", sequential=True)
    loop.append(B.completionCondition("=numberOfCompletedInstances >= quorum"))
    play = Play(a_process().start().user_task("ballot", loop).end())

    play.go_on("ballot")
    assert play.waiting == [("incident", "ballot")]
    repair(play, quorum=2)
    play.retry("ballot")

    assert play.waiting == [("task", "ballot")]
    play.go_on("ballot")
    assert play.status == "completed"


def test_a_failed_iteration_leaves_the_others_alone() -> None:
    schedule = Z.taskSchedule(dueDate="=due[n]")
    process = a_process().start().user_task("ballot", schedule, each("=[1,2]", "n")).end()
    play = Play(process, {"due": ["2026-10-16", "soon"]})
    assert play.waiting == [("incident", "ballot"), ("task", "ballot")]

    repair(play, due=["2026-10-16", "2026-10-20"])
    play.retry("ballot")

    assert [details["due"][:10] for details in play.details("ballot")] == ["2026-10-15", "2026-10-19"]
    play.go_on("ballot")
    play.go_on("ballot")
    assert play.status == "completed"


def test_output_mappings_that_ran_do_not_run_again_with_the_retry() -> None:
    io = mappings(("output", "=count + 1", "count"))
    process = a_process().start().user_task("a", io).when("=ready").end()
    play = Play(process, {"count": 0})

    play.go_on("a")
    assert play.waiting == [("incident", "a")]
    repair(play, ready=True)
    play.retry("a")

    assert play.status == "completed"
    assert play.variables["count"] == 1


def test_a_handler_that_ran_is_not_called_again_when_its_output_mapping_failed() -> None:
    calls: list[Json] = []

    def register(_variables: Mapping[str, Json]) -> Mapping[str, Json]:
        calls.append("called")
        return {"number": 7}

    io = mappings(("output", "=date and time(text_of_date).year", "year"), ("output", "=number", "kept"))
    process = a_process().start().service_task("register", "register", io).when("=year > 0").end()
    play = Play(process, handlers={"register": register})

    assert play.waiting == [("incident", "register")]
    repair(play, year=2026)
    play.retry("register")

    assert calls == ["called"]
    assert play.variables["kept"] == 7


def test_a_boundary_timer_whose_time_fails_keeps_the_task_from_being_created_until_repaired() -> None:
    process = a_process()
    process.start().user_task("a").end()
    process.boundary("fine", "a", process.timer("timeDuration", "P1D")).end("e1")
    process.boundary("late", "a", process.timer("timeDate", "=due_at")).end("e2")
    play = Play(process)

    assert play.waiting == [("incident", "a")]
    repair(play, due_at="2026-10-16T00:00:00+07:00")
    play.retry("a")

    assert play.waiting == [("task", "a"), ("timer", "fine"), ("timer", "late")]


def test_an_incident_inside_a_sub_process_iteration_is_retried_there() -> None:
    process = a_process().start()
    process.open_sub_process("each_office", each("=[1,2]", "office")).start("s").user_task("work")
    process.gateway("x").when("=ok").end("yes").default("x", "no").at(None).end(
        "no"
    ).close_sub_process().end()
    play = Play(process)

    play.go_on("work")
    assert play.waiting == [("incident", "x"), ("task", "work")]
    repair(play, ok=True)
    play.retry("x")
    play.go_on("work")

    assert play.status == "completed"
    assert play.elements.count("yes") == 2


def test_a_stopped_process_goes_on_with_all_its_tokens_after_one_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = a_process().start().gateway("split", "parallel")
    for branch in "ab":
        process.at("split").gateway(f"{branch}_in").script(f"{branch}_step", "=1", f"{branch}_done")
        process.gateway(f"{branch}_again").when("=stop").user_task(f"{branch}_task").end(f"{branch}_end")
        process.default(f"{branch}_again", f"{branch}_in")
    monkeypatch.setattr(stepping, "STEPS", 200)
    play = Play(process, {"stop": False})

    assert [kind for kind, _ in play.waiting] == ["incident", "incident"]
    repair(play, stop=True)
    play.retry(play.waiting[0][1])

    assert play.waiting == [("task", "a_task"), ("task", "b_task")]


def test_a_stopped_process_does_not_take_a_waiting_task_away(monkeypatch: pytest.MonkeyPatch) -> None:
    process = a_process().start().gateway("split", "parallel").user_task("wait").end()
    process.at("split").gateway("a").script("s", "=1", "x").flow("s", "a")
    monkeypatch.setattr(stepping, "STEPS", 100)

    play = Play(process)

    assert ("task", "wait") in play.waiting
    assert [kind for kind, _ in play.waiting].count("incident") == 1


def test_tokens_that_only_wait_for_each_other_are_an_incident() -> None:
    # the check warns of this model, it does not refuse it
    process = a_process().start().gateway("choice").when("=both").gateway("join", "parallel").end()
    process.default("choice", "a").at(None).user_task("a").flow("a", "join")

    play = Play(process, {"both": True})

    assert play.waiting == [("incident", "join")]
    play.retry("join")
    assert play.waiting == [("incident", "join")]


def test_an_assignee_that_is_no_name_is_an_incident() -> None:
    play = Play(a_process().start().user_task("a", assignee="=5").end())

    assert play.waiting == [("incident", "a")]


def test_a_due_date_that_is_no_time_is_an_incident_and_an_unknown_one_is_none() -> None:
    def due(variables: Mapping[str, Json]) -> Play:
        return Play(a_process().start().user_task("a", Z.taskSchedule(dueDate="=due_at")).end(), variables)

    assert due({"due_at": "tomorrow"}).waiting == [("incident", "a")]
    assert due({"due_at": None}).details("a")[0]["due"] is None


def test_retries_that_are_no_number_do_not_break_the_step() -> None:
    process = a_process().start()
    process.add("serviceTask", "mail", Z.taskDefinition(type='="send." + kind', retries='="many"')).end()

    (details,) = Play(process, {"kind": "mail"}).details("mail")

    assert (details["type"], details["retries"]) == ("send.mail", 3)


def test_a_script_task_with_a_job_type_is_a_job() -> None:
    process = a_process().start().add("scriptTask", "job", Z.taskDefinition(type="count")).end()

    assert Play(process).waiting == [("job", "job")]


def test_a_manual_task_passes_because_nobody_is_asked() -> None:
    assert Play(a_process().start().add("manualTask", "sign").end()).status == "completed"


def _sub_process_with(inner: ProcessBuilder) -> ProcessBuilder:
    return inner.close_sub_process().user_task("after").end()


def test_a_terminate_end_inside_a_sub_process_ends_only_the_sub_process() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("beside").end("beside_end")
    process.at("split").open_sub_process("inner").start("s").gateway("inner_split", "parallel").user_task("a")
    process.end("stop", B.terminateEventDefinition())
    process.at("inner_split").user_task("b").end("never")
    process.boundary("late", "b", process.timer("timeDuration", "P1D"), interrupting=False).end("reminded")
    play = Play(_sub_process_with(process))

    play.go_on("a")

    assert play.waiting == [("task", "after"), ("task", "beside")]


def test_an_error_of_a_handler_inside_iterations_of_a_sub_process_reaches_the_loop() -> None:
    def fail(variables: Mapping[str, Json]) -> Mapping[str, Json]:
        if variables["n"] == 2:
            raise BpmnError("refused", "no")
        return {}

    process = a_process().start().open_sub_process("outer").start("s1")
    process.open_sub_process("office", each("=[1,2]", "n")).start("s2").user_task("work")
    process.service_task("register", "fail").end("e2").close_sub_process().end("e1").close_sub_process().end()
    process.boundary("caught", "outer", process.coded("error", "refused")).user_task("repair").end("repaired")
    play = Play(process, handlers={"fail": fail})

    play.go_on("work", 1)

    assert play.waiting == [("task", "repair")]
    assert len(play.load().scopes.rows) == 1


def test_a_non_interrupting_event_beside_a_loop_leaves_every_iteration() -> None:
    process = a_process().start().user_task("ballot", each("=[1,2]", "n")).end()
    process.boundary("news", "ballot", process.message("news", "=1"), interrupting=False).user_task(
        "read"
    ).end("e")
    play = Play(process)

    play.go_on("news")
    play.go_on("news")

    assert play.waiting == [("message", "news"), *[("task", "ballot")] * 2, *[("task", "read")] * 2]
    play.go_on("ballot")
    play.go_on("ballot")
    assert play.waiting == [("task", "read")] * 2


def test_a_parallel_join_does_not_join_tokens_of_different_iterations() -> None:
    process = a_process().start().open_sub_process("office", each("=[1,2]", "n")).start("s")
    process.gateway("split", "parallel").user_task("a").gateway("join", "parallel").user_task("c").end("e")
    process.at("split").user_task("b").flow("b", "join").close_sub_process().end()
    play = Play(process)

    play.go_on("a", 0)
    play.go_on("b", 1)
    assert [element for _, element in play.waiting] == ["a", "b"]
    play.go_on("b")

    assert [element for _, element in play.waiting] == ["a", "c"]


def test_a_receive_task_behind_an_event_gateway_takes_its_rivals_away() -> None:
    process = a_process().start().gateway("wait", "eventBased").catch("late", process_timer())
    process.end("e1").at("wait").add("receiveTask", "answer", messageRef="Message_1").end("e2")
    process.message("answer", "=1")
    play = Play(process)

    assert play.waiting == [("message", "answer"), ("timer", "late")]
    play.go_on("answer", result="yes")

    assert play.status == "completed"
    assert play.variables == {"result": "yes"}


def process_timer() -> object:
    return a_process().timer("timeDuration", "P1D")


def test_a_looping_receive_task_behind_an_event_gateway_takes_its_rivals_away() -> None:
    process = a_process().start().gateway("wait", "eventBased").catch("late", process_timer())
    loop = each("=[1,2]", "n")
    process.end("e1").at("wait").add("receiveTask", "answer", loop, messageRef="Message_1").end("e2")
    process.message("answer", "=n")
    play = Play(process)

    play.go_on("answer")

    assert play.waiting == [("message", "answer")]


def test_an_inclusive_join_waits_for_what_a_boundary_event_may_still_send() -> None:
    process = a_process().start().gateway("split", "inclusive").when("=true").user_task("a")
    process.gateway("join", "inclusive").end()
    process.at("split").when("=true").user_task("b").end("b_end")
    process.boundary("late", "b", process.timer("timeDuration", "P1D")).user_task("urge").flow("urge", "join")
    play = Play(process)

    play.go_on("a")
    assert play.status == "active"
    assert "end" not in play.elements
    play.go_on("late")
    play.go_on("urge")

    assert play.elements[-1] == "end"


def test_an_inclusive_join_fires_when_the_boundary_event_is_gone() -> None:
    process = a_process().start().gateway("split", "inclusive").when("=true").user_task("a")
    process.gateway("join", "inclusive").end()
    process.at("split").when("=true").user_task("b").end("b_end")
    process.boundary("late", "b", process.timer("timeDuration", "P1D"), interrupting=False).flow(
        "late", "join"
    )
    play = Play(process)

    play.go_on("a")
    play.go_on("b")

    assert play.status == "completed"
    assert play.elements.count("end") == 1


def test_an_inclusive_join_waits_for_what_comes_over_a_link() -> None:
    process = a_process().start().gateway("split", "inclusive").when("=true").user_task("a")
    process.gateway("join", "inclusive").end()
    process.at("split").when("=true").user_task("b").throw("to", B.linkEventDefinition(name="L"))
    process.at(None).catch("from", B.linkEventDefinition(name="L")).flow("from", "join")
    play = Play(process)

    play.go_on("a")
    assert play.waiting == [("task", "b")]
    play.go_on("b")

    assert play.elements.count("end") == 1
    assert "from" in play.elements


def test_a_key_on_the_element_itself_is_used() -> None:
    process = a_process().start().add("receiveTask", "wait", Z.subscription(correlationKey="=key"))
    process.find("wait").set("messageRef", "Message_1")
    process.end().message("news")

    assert Play(process, {"key": "K"}).details("wait")[0]["key"] == "K"


def test_a_cancelled_loop_takes_its_iterations_inner_tokens_and_scopes_along() -> None:
    process = a_process().start().open_sub_process("office", each("=[1,2,3]", "n")).start("s")
    process.user_task("inner", each("=[1,2]", "m")).end("e").close_sub_process().end()
    process.boundary("late", "office", process.timer("timeDuration", "P1D")).user_task("after").end("end2")
    play = Play(process)
    assert len(play.waiting) == 7

    play.go_on("late")

    assert play.waiting == [("task", "after")]
    assert len(play.load().scopes.rows) == 1
