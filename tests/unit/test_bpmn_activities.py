"""The check lets pass what the engine executes of loops, complex gateways, compensation and sub-processes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from engine.bpmn.findings import Finding
from tests.builders import B, ProcessBuilder, Z, a_process, each
from tests.dialect import check_file


def judge(process: ProcessBuilder) -> list[Finding]:
    """Return what the check says about a file, without what only the drawing and executors outside need."""
    return check_file(process.xml(), "process.bpmn", job_types={"undo_a", "undo_b", "own"})


def a_discriminator() -> ProcessBuilder:
    process = a_process().start().gateway("split", "parallel").user_task("a").gateway("join", "complex").end()
    process.find("join").append(B.activationCondition("=activationCount >= 1"))
    return process.at("split").user_task("b").flow("b", "join")


def a_complex_split() -> ProcessBuilder:
    process = a_process().start().gateway("split", "complex").when("=x").user_task("a")
    process.gateway("join", "complex").end()
    process.default("split", "b").at(None).user_task("b").flow("b", "join")
    return process


def a_compensation() -> ProcessBuilder:
    process = a_process().start().user_task("a").compensation("a", "undo_a")
    return process.throw("back", B.compensateEventDefinition(activityRef="a")).end(
        "all_back", B.compensateEventDefinition()
    )


def a_compensation_before_a_join() -> ProcessBuilder:
    process = a_process().start().gateway("split", "parallel").user_task("a").compensation("a", "undo_a")
    process.gateway("join", "parallel").throw("back", B.compensateEventDefinition()).end()
    return process.at("split").user_task("b").flow("b", "join")


def a_compensation_event_sub_process() -> ProcessBuilder:
    process = a_process().start().open_sub_process("inner").start("inner_start").user_task("a").end("e")
    process.open_event_sub_process("undo", B.compensateEventDefinition()).service_task("own", "own")
    process.end("undo_end").close_sub_process().close_sub_process()
    return process.throw("back", B.compensateEventDefinition()).end()


def a_transaction() -> ProcessBuilder:
    process = a_process().start().open_sub_process("deal", kind="transaction").start("deal_start")
    process.user_task("a").end("cancelled", B.cancelEventDefinition()).close_sub_process().end()
    return process.boundary("on_cancel", "deal", B.cancelEventDefinition()).end("end_cancel")


def an_ad_hoc_sub_process() -> ProcessBuilder:
    active = Z.adHoc(activeElementsCollection="=chosen")
    process = a_process().start().open_sub_process("box", active, kind="adHocSubProcess").user_task("a")
    process.at(None).user_task("b")
    process.container.append(condition("completionCondition", "=enough"))
    return process.close_sub_process().end()


def condition(tag: str, text: str) -> etree._Element:
    expression = B(tag, text)
    expression.set("{http://www.w3.org/2001/XMLSchema-instance}type", "bpmn:tFormalExpression")
    return expression


def quantities() -> ProcessBuilder:
    process = a_process().start().user_task("a").user_task("b").end()
    process.find("a").set("completionQuantity", "2")
    process.find("b").set("startQuantity", "2")
    return process


def implicit_starts() -> ProcessBuilder:
    process = a_process().user_task("a").gateway("join", "parallel").user_task("c")
    return process.at(None).user_task("b").flow("b", "join")


def a_standard_loop() -> ProcessBuilder:
    loop = B.standardLoopCharacteristics(
        condition("loopCondition", "=again"), testBefore="true", loopMaximum="5"
    )
    return a_process().start().user_task("a", loop).end()


def a_behavior() -> ProcessBuilder:
    loop = each("=[1,2]", "n")
    complex_one = B.complexBehaviorDefinition(condition("condition", "=enough"))
    loop.set("behavior", "Complex")
    loop.append(complex_one)
    return a_process().start().user_task("a", loop).end()


def pinned_calls() -> ProcessBuilder:
    called = Z.calledElement(processId="child", bindingType="versionTag", versionTag="good")
    number = Z.properties(Z.property(name="bv:calledVersion", value="3"))
    process = a_process().start().add("callActivity", "call", called)
    return process.add("callActivity", "numbered", Z.calledElement(processId="child"), number).end()


@pytest.mark.parametrize(
    "build",
    [
        a_discriminator,
        a_complex_split,
        a_compensation,
        a_compensation_before_a_join,
        a_compensation_event_sub_process,
        a_transaction,
        an_ad_hoc_sub_process,
        quantities,
        implicit_starts,
        a_standard_loop,
        a_behavior,
        pinned_calls,
    ],
)
def test_what_the_engine_executes_is_not_refused(build: Callable[[], ProcessBuilder]) -> None:
    found = [finding for finding in judge(build()) if finding.severity != "note"]

    assert [(one.rule, one.element) for one in found if one.rule != "dead-end"] == []


@pytest.mark.parametrize("attribute", ["startQuantity", "completionQuantity"])
@pytest.mark.parametrize("value", ["0", "-1", "two"])
def test_a_quantity_that_is_no_number_of_tokens_is_refused(attribute: str, value: str) -> None:
    process = quantities()
    process.find("a").set(attribute, value)

    errors = [finding for finding in judge(process) if finding.severity == "error"]

    assert "a" in {finding.element for finding in errors}


def test_a_compensation_event_for_a_whole_process_is_refused() -> None:
    process = a_process().start().user_task("a").end()
    process.open_event_sub_process("undo", B.compensateEventDefinition()).end("undo_end").close_sub_process()

    rules = {(finding.rule, finding.element) for finding in judge(process) if finding.severity == "error"}

    assert ("process-compensation", "undo_start") in rules


def test_a_branch_that_an_implicit_start_never_takes_is_a_deadlock() -> None:
    process = a_process().gateway("either").when("=x").user_task("a").gateway("join", "parallel").end()
    process.default("either", "b").at(None).user_task("b").flow("b", "join")

    rules = {finding.rule for finding in judge(process)}

    assert "deadlock" in rules


def test_a_compensation_is_caught_alone() -> None:
    process = a_compensation()
    process.find("undo_a_event").append(process.timer("timeDuration", "P1D"))

    rules = {(finding.rule, finding.element) for finding in judge(process) if finding.severity == "error"}

    assert ("event-not-here", "undo_a_event") in rules
