"""Loops: standard, multi-instance one after the other and side by side, with what they throw and keep."""

from __future__ import annotations

import pytest
from lxml import etree

from engine.handlers import Json
from engine.spiff import stepping
from tests.builders import B, ProcessBuilder, Z, a_process, each
from tests.playing import Play


def standard(**attributes: str) -> etree._Element:
    """Return standard loop characteristics; `condition` becomes the loop condition."""
    condition = attributes.pop("condition", None)
    loop = B.standardLoopCharacteristics(**attributes)
    if condition is not None:
        loop.append(B.loopCondition(condition))
    return loop


def times(cardinality: str, *children: etree._Element, **attributes: str) -> etree._Element:
    """Return multi-instance characteristics with a cardinality."""
    return B.multiInstanceLoopCharacteristics(B.loopCardinality(cardinality), *children, **attributes)


def counting(*children: etree._Element) -> ProcessBuilder:
    """Return a process whose one script adds 1 to `n` in a loop."""
    return a_process().start().script("add", "=n + 1", "n", *children).end()


def test_a_standard_loop_runs_at_least_once_and_asks_after_every_round() -> None:
    play = Play(counting(standard(condition="=n < 3")), {"n": 0})
    once = Play(counting(standard(condition="=n < 3")), {"n": 10})

    assert play.variables["n"] == 3
    assert play.status == "completed"
    assert once.variables["n"] == 11


def test_a_standard_loop_that_tests_before_may_run_not_at_all() -> None:
    loop = {"condition": "=n < 3", "testBefore": "true"}
    play = Play(counting(standard(**loop)), {"n": 1})
    never = Play(counting(standard(**loop)), {"n": 3})

    assert play.variables["n"] == 3
    assert never.variables["n"] == 3
    assert never.elements == ["start", "end"]


def test_a_standard_loop_stops_at_its_maximum_and_tells_its_round() -> None:
    play = Play(counting(standard(condition="=true", loopMaximum="4")), {"n": 0})
    counted = Play(counting(standard(condition="=loopCounter < 2")), {"n": 0})

    assert play.variables["n"] == 4
    assert counted.variables["n"] == 2


def test_a_standard_loop_waits_for_people_in_every_round() -> None:
    process = a_process().start().user_task("work", standard(condition='=state = "again"')).end()
    play = Play(process)

    play.go_on("work", state="again")
    assert play.waiting == [("task", "work")]
    play.go_on("work", state="good")

    assert play.status == "completed"
    assert play.variables == {"state": "good"}


def test_a_boundary_event_ends_a_standard_loop_as_a_whole() -> None:
    process = a_process().start().user_task("work", standard(condition="=true")).end()
    process.boundary("late", "work", process.timer("timeDuration", "PT1H")).user_task("after").end("end_late")
    play = Play(process)

    play.go_on("work")
    play.go_on("late")

    assert play.waiting == [("task", "after")]


def test_a_failing_loop_condition_is_an_incident_that_runs_no_round_twice() -> None:
    play = Play(counting(standard(condition="=n < missing")), {"n": 0})

    assert play.waiting == [("incident", "add")]
    game = play.load()
    game.scopes.write(0, "missing", 2)
    play._save(game)
    play.retry("add")

    assert play.variables["n"] == 2
    assert play.status == "completed"


@pytest.mark.parametrize("cardinality", ["-1", '="three"', "=null", "=1.5", "=1001"])
def test_a_cardinality_that_is_no_number_of_instances_is_an_incident(cardinality: str) -> None:
    play = Play(counting(times(cardinality)), {"n": 0})

    assert play.waiting == [("incident", "add")]
    assert play.variables["n"] == 0


def test_a_cardinality_of_nothing_skips_the_activity() -> None:
    play = Play(counting(times("0")), {"n": 0})

    assert play.status == "completed"
    assert play.variables["n"] == 0


def throwing(behavior: str, *children: etree._Element, sequential: bool = True) -> ProcessBuilder:
    """Return a process whose three instances throw the signal S that a boundary event catches."""
    loop = times("3", *children, isSequential=str(sequential).lower(), behavior=behavior)
    attribute = {"One": "oneBehaviorEventRef", "None": "noneBehaviorEventRef"}.get(behavior)
    process = a_process().start().user_task("work", loop).end()
    signal = process.signal("S")
    if attribute is not None:
        loop.set(attribute, "own")
    signal.set("id", "own")
    return process.boundary("heard", "work", signal).script("note", "=notes + 1", "notes").end("end_note")


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize(("behavior", "caught"), [("None", 3), ("One", 1), ("All", 0)])
def test_a_multi_instance_throws_as_often_as_its_behavior_says(
    behavior: str, caught: int, sequential: bool
) -> None:
    play = Play(throwing(behavior, sequential=sequential), {"notes": 0})

    for _ in range(3):
        play.go_on("work")

    assert play.variables["notes"] == caught
    assert play.elements.count("work") == 3
    assert play.elements.count("end") == 1


def test_a_complex_behavior_ends_the_loop_with_a_token_and_its_event() -> None:
    process = throwing("Complex", B.complexBehaviorDefinition(B.condition("=vote")), sequential=False)
    event = B.event(B.signalEventDefinition(signalRef="signal_S"))
    process.find("work").find(".//{*}complexBehaviorDefinition").append(event)
    play = Play(process, {"notes": 0})

    play.go_on("work", vote=False)
    assert play.variables["notes"] == 0
    play.go_on("work", vote=True)

    assert play.status == "completed"
    assert play.variables["notes"] == 1
    assert play.elements.count("work") == 2
    assert "end" in play.elements


def test_what_a_loop_throws_carries_its_numbers_when_they_are_asked_for() -> None:
    process = throwing("One")
    outputs = Z.ioMapping(Z.output(source="=numberOfInstances - numberOfCompletedInstances", target="left"))
    process.find("heard").insert(0, B.extensionElements(outputs))
    play = Play(process, {"notes": 0})

    play.go_on("work")

    assert play.variables["left"] == 2


def test_an_interrupted_multi_instance_leaves_the_results_that_it_has_in_history() -> None:
    loop = each("=members", "member", outputCollection="votes", outputElement="=vote")
    process = a_process().start().user_task("ballot", loop).end()
    process.boundary("late", "ballot", process.timer("timeDuration", "P1D")).end("closed")
    play = Play(process, {"members": ["An", "Bình", "Chi"]})
    play.go_on("ballot", 1, vote="yes")

    game = play.load()
    timer = next(token for token in game.tokens() if token.task_spec.element.id == "late")
    stepping.finish(game, timer, {})

    kept = [fact.data["results"] for fact in game.facts if "results" in fact.data]
    assert kept == [[None, "yes", None]]


def test_a_completion_condition_sees_every_number_of_instances() -> None:
    seen: list[Json] = []
    loop = each("=[1,2,3,4]", "n")
    loop.append(
        B.completionCondition(
            "=numberOfCompletedInstances = 2 and numberOfActiveInstances = 2"
            " and numberOfInstances = 4 and numberOfTerminatedInstances = 0"
        )
    )
    play = Play(a_process().start().user_task("vote", loop).end())

    play.go_on("vote")
    seen.append(play.status)
    play.go_on("vote")

    assert seen == ["active"]
    assert play.status == "completed"


def test_a_loop_of_plain_bpmn_walks_its_data_input_and_fills_its_data_output() -> None:
    loop = B.multiInstanceLoopCharacteristics(
        B.loopDataInputRef("in_list"),
        B.loopDataOutputRef("out_list"),
        B.inputDataItem(id="item", name="office"),
        B.outputDataItem(id="answer", name="answer"),
        isSequential="true",
    )
    process = a_process().start().user_task("ask", loop).end()
    task = process.find("ask")
    task.insert(0, B.ioSpecification(B.dataInput(id="in_list"), B.dataOutput(id="out_list")))
    task.append(B.dataInputAssociation(B.sourceRef("offices_ref"), B.targetRef("in_list")))
    task.append(B.dataOutputAssociation(B.sourceRef("out_list"), B.targetRef("answers_object")))
    process.node.append(B.dataObject(id="offices", name="offices"))
    process.node.append(B.dataObjectReference(id="offices_ref", dataObjectRef="offices"))
    process.node.append(B.dataObject(id="answers_object", name="answers"))
    play = Play(process, {"offices": ["P1", "P2"], "answers": None})

    play.go_on("ask", answer="yes")
    play.go_on("ask", answer="no")

    assert play.variables["answers"] == ["yes", "no"]
