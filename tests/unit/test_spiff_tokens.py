"""Tokens move as BPMN says, and what SpiffWorkflow gets wrong by itself does not happen here."""

from __future__ import annotations

import json

from tests.builders import B, Z, a_process, each, mappings
from tests.playing import Play


def test_a_chain_runs_from_wait_state_to_wait_state() -> None:
    play = Play(a_process().start().user_task("a").user_task("b").end())

    play.go_on("a", note="x")

    assert play.waiting == [("task", "b")]
    assert play.variables == {"note": "x"}
    play.go_on("b")
    assert play.status == "completed"
    assert play.elements == ["start", "a", "b", "end"]


def test_ids_that_are_spiffworkflows_own_spec_names_run() -> None:
    play = Play(a_process().start("Start").user_task("Root").end("End"))

    play.go_on("Root")

    assert play.elements == ["Start", "Root", "End"]


def test_a_change_in_one_parallel_branch_survives_the_join() -> None:
    # hazard 3: SpiffWorkflow's join keeps the whole copy of the last completer
    process = (
        a_process().start().gateway("split", "parallel").user_task("a").gateway("join", "parallel").end()
    )
    process.at("split").user_task("b").flow("b", "join")
    play = Play(process, {"state": "draft", "votes": ["yes", "yes", "no"]})

    play.go_on("a", state="signed", votes=["yes", "no", "yes", "yes"])
    play.go_on("b")

    assert play.status == "completed"
    assert play.variables["state"] == "signed"
    assert play.variables["votes"] == ["yes", "no", "yes", "yes"]


def test_nested_values_are_not_shared_between_branches() -> None:
    # hazard 2: SpiffWorkflow copies one level only, so a handler's change shows up in other branches
    seen: list[object] = []

    def change(variables: object) -> dict[str, object]:
        dossier = json.loads(json.dumps(variables))["dossier"]
        dossier["rank"] = 99
        return {"mine": dossier}

    def look(variables: object) -> dict[str, object]:
        seen.append(json.loads(json.dumps(variables))["dossier"]["rank"])
        return {}

    process = a_process().start().gateway("split", "parallel").service_task("a", "change").end()
    process.at("split").service_task("b", "look").end("end_b")
    play = Play(process, {"dossier": {"rank": 1}}, {"change": change, "look": look})

    assert seen == [1]
    assert play.variables["dossier"] == {"rank": 1}
    assert play.variables["mine"] == {"rank": 99}


def test_state_does_not_grow_with_return_rounds() -> None:
    process = a_process().start().user_task("draft").user_task("review").gateway("good").end()
    process.find("end")
    process.flow("good", "draft", '=decision = "return"', id="back")
    process.find("process_flow4").append(B.conditionExpression('=decision = "sign"'))
    play = Play(process)
    sizes = []

    for _ in range(60):
        play.go_on("draft")
        play.go_on("review", decision="return")
        sizes.append(len(play.text))

    # the numbers of tokens get longer, nothing else
    assert sizes[-1] - sizes[0] < 20
    play.go_on("draft")
    play.go_on("review", decision="sign")
    assert play.status == "completed"


def test_more_than_a_thousand_rounds_still_find_the_task() -> None:
    # hazard 5: SpiffWorkflow's tree is not walked deeper than 1,000
    process = a_process().start().user_task("a").gateway("again").end()
    process.find("process_flow3").append(B.conditionExpression("=done = true"))
    process.default("again", "a")
    play = Play(process, {"done": False})

    for _ in range(1_100):
        play.go_on("a")

    assert play.waiting == [("task", "a")]


def test_a_parallel_join_keeps_excess_tokens() -> None:
    process = a_process().start().gateway("split", "parallel").user_task("a").gateway("merge").user_task("m")
    process.gateway("join", "parallel").end()
    process.at("split").user_task("b").flow("b", "merge")
    process.at("split").user_task("c").flow("c", "join")
    play = Play(process)

    play.go_on("a")
    play.go_on("b")
    play.go_on("m")
    play.go_on("m")
    play.go_on("c")

    # one token passed the join; the second token of m waits for another c
    assert play.elements.count("end") == 1
    assert play.status == "active"


def test_an_inclusive_join_in_a_loop_waits_for_every_branch_each_time() -> None:
    # hazard 4: from the second pass on SpiffWorkflow joins after the first branch
    process = a_process().start().gateway("merge").gateway("split", "inclusive")
    process.when("=true").user_task("a").gateway("join", "inclusive").user_task("check").gateway(
        "again"
    ).end()
    process.find("process_flow7").append(B.conditionExpression("=done = true"))
    process.default("again", "merge")
    process.at("split").when("=true").user_task("b").flow("b", "join")
    play = Play(process, {"done": False})

    for _ in range(2):
        play.go_on("a")
        assert play.waiting == [("task", "b")]
        play.go_on("b")
        play.go_on("check")

    play.go_on("b")
    assert play.waiting == [("task", "a")]
    play.go_on("a")
    play.go_on("check", done=True)
    assert play.status == "completed"


def test_an_inclusive_join_does_not_wait_for_a_branch_not_taken() -> None:
    process = a_process().start().gateway("split", "inclusive").when("=merit > 0").user_task("a")
    process.gateway("join", "inclusive").end()
    process.at("split").when("=state > 0").user_task("b").flow("b", "join")
    process.default("split", "join")

    play = Play(process, {"merit": 1, "state": 0})
    play.go_on("a")
    nothing = Play(process, {"merit": 0, "state": 0})

    assert play.status == "completed"
    assert nothing.status == "completed"


def test_a_null_condition_is_an_incident_and_can_be_retried() -> None:
    process = a_process().start().user_task("a").gateway("x").end("yes")
    process.find("process_flow3").append(B.conditionExpression("=score > 5"))
    process.at("x").default("x", "no").at(None).end("no")
    play = Play(process)

    play.go_on("a")

    assert play.waiting == [("incident", "x")]
    assert play.status == "active"
    game = play.load()
    game.scopes.write(0, "score", 9)
    play._save(game)
    play.retry("x")
    assert play.elements[-1] == "yes"


def test_iterations_keep_their_own_variables_and_results_stay_in_input_order() -> None:
    loop = each("=members", "member", outputCollection="votes", outputElement="=vote")
    play = Play(a_process().start().user_task("ballot", loop).end(), {"members": ["An", "Bình", "Chi"]})

    play.go_on("ballot", 2, vote="no")
    play.go_on("ballot", 0, vote="yes")
    assert play.variables.get("vote") is None
    play.go_on("ballot", 0, vote="abstain")

    assert play.status == "completed"
    assert play.variables["votes"] == ["yes", "abstain", "no"]


def test_a_sequential_loop_runs_one_after_the_other_until_its_condition_holds() -> None:
    loop = each("=[1,2,3]", "n", sequential=True)
    loop.append(B.completionCondition("=numberOfCompletedInstances = 2"))
    play = Play(a_process().start().user_task("step", loop).end())

    assert play.waiting == [("task", "step")]
    play.go_on("step")
    assert play.waiting == [("task", "step")]
    play.go_on("step")

    assert play.status == "completed"


def test_an_empty_collection_passes_at_once() -> None:
    play = Play(a_process().start().user_task("ballot", each("=members", "member")).end(), {"members": []})

    assert play.status == "completed"


def test_only_mapped_outputs_leave_a_task() -> None:
    io = mappings(("input", "=dossier.name", "name"), ("output", "=upper case(name)", "shown"))
    play = Play(a_process().start().user_task("a", io).end(), {"dossier": {"name": "an"}})

    play.go_on("a", secret="kept inside")

    assert play.variables == {"dossier": {"name": "an"}, "shown": "AN"}


def test_a_sub_process_has_its_own_scope_and_ends_when_nothing_is_left_inside() -> None:
    process = a_process().start()
    process.open_sub_process("inner", mappings(("input", "=1", "counter")))
    process.start("inner_start").user_task("work").end("inner_end").close_sub_process().end()
    play = Play(process, {"counter": 10})

    play.go_on("work", counter=2)

    assert play.status == "completed"
    assert play.variables["counter"] == 10
    assert play.elements == ["start", "inner_start", "work", "inner_end", "inner", "end"]


def test_a_terminate_end_takes_everything_in_its_scope_along() -> None:
    process = (
        a_process()
        .start()
        .gateway("split", "parallel")
        .user_task("a")
        .end("stop", B.terminateEventDefinition())
    )
    process.at("split").user_task("b").end("never")
    play = Play(process)

    play.go_on("a")

    assert play.status == "completed"
    assert "never" not in play.elements


def test_a_process_that_never_rests_becomes_an_incident() -> None:
    process = a_process().start().gateway("a").gateway("b").flow("b", "a")

    play = Play(process)

    assert [kind for kind, _ in play.waiting] == ["incident"]


def test_a_condition_on_a_flow_out_of_a_task_is_obeyed() -> None:
    process = a_process().start().user_task("a").when("=1 = 2").user_task("never")
    process.default("a", "b").at(None).user_task("b").end()
    play = Play(process)

    play.go_on("a")

    assert play.waiting == [("task", "b")]


def test_a_script_writes_its_result() -> None:
    play = Play(a_process().start().script("sum", "=a + 2", "b").end(), {"a": 1})

    assert play.variables == {"a": 1, "b": 3}


def test_an_assignment_is_evaluated_for_the_task_that_waits() -> None:
    properties = Z.properties(Z.property(name="bv:subject", value='="Đề xuất " + office'))
    process = a_process().start().user_task("a", properties, candidateGroups='=office + ".staff"').end()

    play = Play(process, {"office": "P1"})

    (details,) = play.details("a")
    assert details["groups"] == ["P1.staff"]
    assert details["subject"] == "Đề xuất P1"
