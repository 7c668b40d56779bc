"""What a file says and the engine does not obey is told, and so is what nobody can tell apart."""

from __future__ import annotations

from engine.bpmn import checking
from tests.breaking import file, flow, line, task
from tests.dialect import check_file

SHARED = '<error id="one" errorCode="E"/><error id="two" errorCode="E"/>'


def find(content: str, rule: str) -> list[tuple[str, str]]:
    found = check_file(content.encode(), "x.bpmn", notes=True)
    return [(one.element, one.severity) for one in found if one.rule == rule]


def listener(identity: str, error: str) -> str:
    definition = f'<errorEventDefinition errorRef="{error}"/>'
    return (
        f'<subProcess id="{identity}" triggeredByEvent="true">'
        f'<startEvent id="start_{identity}">{definition}</startEvent></subProcess>'
    )


def test_performers_of_the_standard_have_no_effect() -> None:
    performer = "<potentialOwner><resourceRef>r</resourceRef></potentialOwner>"

    assert find(line(task(performer, kind="userTask")), "without-effect") == [("x", "warning")]


def test_data_that_would_be_assigned_has_no_effect() -> None:
    assigned = "<assignment><from>a</from><to>b</to></assignment>"
    association = f"<dataInputAssociation><targetRef>o</targetRef>{assigned}</dataInputAssociation>"

    found = find(line('<dataObject id="o"/>' + task(association)), "without-effect")

    assert found == [("x", "warning")]


def test_extensions_of_another_engine_are_noted_once() -> None:
    foreign = 'xmlns:c="http://camunda.org/schema/1.0/bpmn" c:class="Delegate" c:asyncBefore="true"'

    assert find(line(task(attributes=foreign)), "foreign-extension") == [("x", "note")]


def test_a_code_that_is_declared_twice_is_told() -> None:
    assert find(line(task(), SHARED), "duplicate-code") == [("two", "warning")]


def test_two_event_sub_processes_of_a_scope_catch_one_code_once() -> None:
    assert find(line(task() + listener("a", "one") + listener("b", "two"), SHARED), "duplicate-catcher") == [
        ("start_b", "error")
    ]


def test_a_border_and_an_inside_may_catch_the_same_code() -> None:
    inner = f'<startEvent id="n"/><task id="t"/>{flow("n", "t")}{listener("a", "one")}'
    held = '<boundaryEvent id="b" attachedToRef="x"><errorEventDefinition errorRef="one"/></boundaryEvent>'
    body = f'<startEvent id="s"/><subProcess id="x">{inner}</subProcess>{held}<endEvent id="e"/>'

    found = find(file(body + flow("s", "x") + flow("x", "e") + flow("b", "e"), SHARED), "duplicate-catcher")

    assert found == []


def test_a_file_with_more_to_say_than_anybody_reads_is_cut_short() -> None:
    tasks = "".join(f'<userTask id="u{number}"/>' for number in range(1_200))

    found = check_file(line(task() + tasks).encode(), "x.bpmn")

    assert len(found) == checking.MAX_FINDINGS + 1
    assert found[-1].rule == "more-findings"
    assert found[-1].text("en").startswith("2600 ")


def test_more_feel_than_anybody_writes_is_refused_before_it_is_read() -> None:
    long = "=" + "+".join(["a"] * 150_000)
    script = f'<extensionElements><zeebe:script expression="{long}" resultVariable="r"/></extensionElements>'

    found = check_file(line(task(script, kind="scriptTask")).encode(), "x.bpmn")

    assert [one.rule for one in found] == ["too-much-feel"]


def test_each_call_of_a_circle_is_named_and_a_large_circle_shortly() -> None:
    def calling(count: int, twice: bool = False) -> str:
        processes = ""
        for number in range(count):
            called = f'calledElement="p{(number + 1) % count}"'
            calls = "".join(f'<callActivity id="c{number}{end}" {called}/>' for end in ("", "b")[: 1 + twice])
            processes += f'<process id="p{number}" isExecutable="true">{calls}</process>'
        return file("", processes, executable="false")

    pair = find(calling(2, twice=True), "recursive-call")
    ring = check_file(calling(300).encode(), "x.bpmn")

    assert sorted(element for element, _ in pair) == ["c0", "c0b", "c1", "c1b"]
    told = [one for one in ring if one.rule == "recursive-call"]
    assert len(told) == checking.MAX_CALLS
    assert "⋯" in told[0].text("en")
