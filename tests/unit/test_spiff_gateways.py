"""Complex, inclusive and mixed gateways, token quantities, and beginnings without a start event."""

from __future__ import annotations

import pytest

from tests.builders import B, ProcessBuilder, a_process
from tests.playing import Play


def discriminator(condition: str = "=activationCount >= 1", branches: str = "abc") -> ProcessBuilder:
    """Return parallel user tasks, merged by a complex gateway with a task behind it."""
    process = a_process().start().gateway("split", "parallel")
    process.user_task(branches[0]).gateway("join", "complex").user_task("after").end()
    process.find("join").append(B.activationCondition(condition))
    for branch in branches[1:]:
        process.at("split").user_task(branch).flow(branch, "join")
    return process


def test_a_discriminator_goes_on_with_the_first_branch_and_takes_the_late_ones_away() -> None:
    play = Play(discriminator())

    play.go_on("b")
    assert ("task", "after") in play.waiting
    play.go_on("a")
    play.go_on("c")
    play.go_on("after")

    assert play.status == "completed"
    assert play.elements.count("after") == 1


def test_a_partial_join_waits_for_as_many_branches_as_it_says() -> None:
    play = Play(discriminator("=activationCount = 2"))

    play.go_on("c")
    assert play.waiting == [("task", "a"), ("task", "b")]
    play.go_on("a")
    assert play.waiting == [("task", "after"), ("task", "b")]
    play.go_on("after")
    play.go_on("b")

    assert play.status == "completed"
    assert play.elements.count("after") == 1


def in_a_loop() -> ProcessBuilder:
    """Return two branches merged by a discriminator, again and again until `done`."""
    process = a_process().start().gateway("round").gateway("split", "parallel").user_task("a")
    process.gateway("join", "complex").user_task("after").gateway("again").when("=done").end()
    process.find("join").append(B.activationCondition("=activationCount >= 1"))
    process.at("split").user_task("b").flow("b", "join")
    return process.default("again", "round")


def test_a_discriminator_in_a_loop_starts_each_round_afresh() -> None:
    play = Play(in_a_loop(), {"done": False})

    for _ in range(3):
        play.go_on("a")
        play.go_on("b")
        play.go_on("after")
    play.go_on("b")
    play.go_on("a")
    play.go_on("after", done=True)

    assert play.elements.count("after") == 4
    assert play.status == "completed"


def test_a_token_of_the_next_round_waits_until_the_discriminator_is_reset() -> None:
    play = Play(in_a_loop(), {"done": False})

    play.go_on("a")
    play.go_on("after")
    play.go_on("a")
    assert play.waiting == [("task", "b"), ("task", "b")]
    play.go_on("b")
    assert play.waiting == [("task", "after"), ("task", "b")]
    play.go_on("after", done=True)
    play.go_on("b")

    assert play.elements.count("after") == 2
    assert play.status == "completed"


def test_a_complex_gateway_asks_conditions_about_its_reset_a_second_time() -> None:
    process = discriminator(branches="ab")
    process.at("join").when("=not(waitingForStart)").script("tidy", "=true", "tidied").end("end_tidy")
    flow = next(f for f in process.node.iter("{*}sequenceFlow") if f.get("targetRef") == "after")
    flow.append(B.conditionExpression("=waitingForStart"))
    play = Play(process, {"tidied": False})

    play.go_on("a")
    assert play.variables["tidied"] is False
    play.go_on("b")

    assert play.variables["tidied"] is True
    assert play.elements.count("after") == 0
    assert play.waiting == [("task", "after")]


def test_a_complex_gateway_splits_like_an_inclusive_one_and_joins_all_that_can_come() -> None:
    process = a_process().start().gateway("split", "complex").when("=x").user_task("a")
    process.gateway("join", "complex").user_task("after").end()
    process.at("split").when("=y").user_task("b").flow("b", "join")
    process.default("split", "c").at(None).user_task("c").flow("c", "join")

    both = Play(process, {"x": True, "y": True})
    both.go_on("b")
    assert both.waiting == [("task", "a")]
    both.go_on("a")
    neither = Play(process, {"x": False, "y": False})

    assert both.waiting == [("task", "after")]
    assert neither.waiting == [("task", "c")]


def test_an_activation_condition_that_cannot_become_true_is_a_deadlock_incident() -> None:
    play = Play(discriminator("=activationCount > 5"))

    for branch in "abc":
        play.go_on(branch)

    assert play.waiting == [("incident", "join")]


def test_an_activation_condition_that_fails_is_an_incident_and_can_be_retried() -> None:
    play = Play(discriminator("=activationCount >= needed"))

    play.go_on("a")
    assert ("incident", "join") in play.waiting
    game = play.load()
    game.scopes.write(0, "needed", 1)
    play._save(game)
    play.retry("join")

    assert ("task", "after") in play.waiting


def test_an_inclusive_join_waits_for_what_a_boundary_event_sent_on() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("a").gateway("join", "inclusive")
    process.user_task("after").end()
    process.at("split").user_task("b").end("end_b")
    process.boundary("late", "b", process.timer("timeDuration", "P1D"), interrupting=False)
    process.user_task("urge").flow("urge", "join")
    play = Play(process)

    play.go_on("a")
    assert ("task", "after") not in play.waiting
    play.go_on("late")
    assert play.waiting == [("task", "b"), ("task", "urge")]
    play.go_on("urge")

    assert play.waiting == [("task", "after"), ("task", "b")]


def test_a_mixed_parallel_gateway_joins_and_splits() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("a").gateway("mix", "parallel")
    process.user_task("c").end("end_c")
    process.at("split").user_task("b").flow("b", "mix")
    process.at("mix").user_task("d").end("end_d")
    play = Play(process)

    play.go_on("a")
    assert play.waiting == [("task", "b")]
    play.go_on("b")

    assert play.waiting == [("task", "c"), ("task", "d")]


def test_a_mixed_inclusive_gateway_joins_what_came_and_splits_by_conditions() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("a").gateway("mix", "inclusive")
    process.when("=true").user_task("c").end("end_c")
    process.at("split").user_task("b").flow("b", "mix")
    process.at("mix").when("=false").user_task("d").end("end_d")
    play = Play(process)

    play.go_on("a")
    play.go_on("b")

    assert play.waiting == [("task", "c")]


def test_a_parallel_gateway_does_not_look_at_conditions() -> None:
    process = a_process().start().gateway("split", "parallel").when("=false").user_task("a").end("end_a")
    process.at("split").when("=unknown").user_task("b").end("end_b")

    play = Play(process)

    assert play.waiting == [("task", "a"), ("task", "b")]


def test_an_activity_sends_and_needs_as_many_tokens_as_its_quantities_say() -> None:
    process = a_process().start().user_task("send").user_task("each").user_task("receive").end()
    process.find("send").set("completionQuantity", "3")
    process.find("receive").set("startQuantity", "3")
    play = Play(process)

    play.go_on("send")
    assert play.waiting == [("task", "each")] * 3
    play.go_on("each")
    play.go_on("each")
    assert play.waiting == [("task", "each")]
    play.go_on("each")
    assert play.waiting == [("task", "receive")]
    play.go_on("receive")

    assert play.elements.count("receive") == 1
    assert play.status == "completed"


def test_too_few_tokens_for_an_activity_are_a_deadlock_incident() -> None:
    process = a_process().start().user_task("a").end()
    process.find("a").set("startQuantity", "2")

    play = Play(process)

    assert play.waiting == [("incident", "a")]


def test_without_start_event_everything_begins_that_nothing_leads_to() -> None:
    process = a_process().user_task("a").user_task("c").at(None).user_task("b")
    process.flow("b", "c")

    play = Play(process)

    assert play.waiting == [("task", "a"), ("task", "b")]


def test_a_sub_process_without_start_event_begins_with_what_nothing_leads_to() -> None:
    process = a_process().start().open_sub_process("inner").user_task("a").at(None).user_task("b")
    process.close_sub_process().end()
    play = Play(process)

    assert play.waiting == [("task", "a"), ("task", "b")]
    play.go_on("a")
    play.go_on("b")

    assert play.status == "completed"


@pytest.mark.parametrize(("x", "y", "expected"), [(True, False, ["b"]), (False, False, ["c"])])
def test_conditions_and_defaults_work_behind_events_too(x: bool, y: bool, expected: list[str]) -> None:
    process = a_process().start().throw("passed").when("=x").user_task("b").end("end_b")
    process.at("passed").when("=y").user_task("d").end("end_d")
    process.default("passed", "c").at(None).user_task("c").end("end_c")

    play = Play(process, {"x": x, "y": y})

    assert [element for _, element in play.waiting] == expected


@pytest.mark.parametrize(("x", "expected"), [(True, ["a", "b"]), (False, ["a", "c"])])
def test_a_default_flow_joins_those_without_condition_when_no_condition_is_true(
    x: bool, expected: list[str]
) -> None:
    process = a_process().start().throw("split").user_task("a").end("end_a")
    process.at("split").when("=x").user_task("b").end("end_b")
    process.default("split", "c").at(None).user_task("c").end("end_c")

    play = Play(process, {"x": x})

    assert [element for _, element in play.waiting] == expected


def test_an_inclusive_join_waits_for_the_activity_beside_whose_reminder_it_has_a_token_already() -> None:
    process = a_process()
    process.start().user_task("work").gateway("join", "inclusive").user_task("after").end()
    process.boundary("reminder", "work", process.timer("timeDuration", "P1D"), interrupting=False)
    process.flow("reminder", "join")
    play = Play(process)

    play.go_on("reminder")
    assert ("task", "after") not in play.waiting
    play.go_on("work")

    assert play.waiting == [("task", "after")]


def test_events_behind_a_gateway_wait_before_another_branch_throws_what_they_wait_for() -> None:
    process = a_process()
    process.start().gateway("split", "parallel").gateway("choice", "eventBased")
    process.catch("told", process.signal("go")).user_task("heard").end()
    process.at("choice").catch("late", process.timer("timeDuration", "P1D")).end("missed")
    process.at("split").end("telling", process.signal("go"))

    play = Play(process)

    assert play.waiting == [("task", "heard")]
