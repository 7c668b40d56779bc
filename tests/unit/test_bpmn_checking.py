from __future__ import annotations

import pytest

from engine.bpmn import checking
from engine.bpmn.checking_rules import RULES
from engine.bpmn.checking_rules_data import DATA
from engine.bpmn.checking_rules_decisions import DECISIONS
from engine.bpmn.checking_rules_standard import STANDARD
from tests.dialect import (
    GROUPS,
    KNOWN,
    TIMER,
    around,
    check,
    cycle,
    ending,
    extended,
    flow,
    gateways,
    guarded,
    line,
    loop,
    on_boundary,
    starting,
    task,
    timer,
)

KEYS = {"severity", "category", "rule", "reference", "element", "line", "text", "remedy"}
SECRET = '<zeebe:properties><zeebe:property name="bv:secret" value="true"/></zeebe:properties>'
EXAMPLES: list[tuple[str, str, str]] = [
    ("missing-id", "p", task("task").replace('<task id="x"', "<task")),
    ("duplicate-id", "x", task("task").replace('<endEvent id="e"/>', '<endEvent id="e"/><task id="x"/>')),
    (
        "unresolved-reference",
        "f",
        task("task").replace("</process>", flow("x", "nope", name="f") + "</process>"),
    ),
    ("unresolved-reference", "x", task("task", more='default="nope"')),
    ("unresolved-reference", "b", on_boundary(TIMER).replace('attachedToRef="x"', 'attachedToRef="nope"')),
    ("unresolved-reference", "x", task("receiveTask", more='messageRef="nope"')),
    (
        "unresolved-reference",
        "lane",
        line('<laneSet><lane id="lane"><flowNodeRef>nope</flowNodeRef></lane></laneSet><task id="x"/>'),
    ),
    ("unresolved-reference", "a", line('<association id="a" sourceRef="x" targetRef="nope"/><task id="x"/>')),
    (
        "flow-crosses-scope",
        "f",
        line(f'<subProcess id="x"><startEvent id="s2"/>{flow("s2", "e", name="f")}</subProcess>'),
    ),
    ("no-process", "", around("", 'isExecutable="false"')),
    ("missing-start", "p", around('<endEvent id="e"/>')),
    ("missing-start", "x", line('<subProcess id="x"><endEvent id="y"/></subProcess>')),
    ("several-none-starts", "p", line(f'<task id="x"/><startEvent id="s2"/>{flow("s2", "x")}')),
    ("forbidden-incoming", "s", line(f'<task id="x"/>{flow("x", "s")}')),
    ("forbidden-outgoing", "e", line(f'<task id="x"/>{flow("e", "x")}')),
    ("unreachable", "y", line('<task id="x"/><task id="y"/>')),
    ("dead-end", "x", around(f'<startEvent id="s"/>{flow("s", "x")}<task id="x"/>')),
    (
        "endless-loop",
        "g",
        around(
            f'<startEvent id="s"/>{flow("s", "g")}<task id="g"/>{flow("g", "h")}<task id="h"/>'
            f"{flow('h', 'g')}"
        ),
    ),
    (
        "busy-loop",
        "x",
        line(
            f'<exclusiveGateway id="x" default="x_e"/>{flow("x", "t", "=again")}<task id="t"/>'
            f"{flow('t', 'x')}"
        ),
    ),
    ("deadlock", "j", gateways("exclusiveGateway", "parallelGateway")),
    ("possible-deadlock", "j", gateways("inclusiveGateway", "parallelGateway")),
    ("runs-twice", "j", gateways("parallelGateway", "exclusiveGateway")),
    (
        "missing-condition",
        "f",
        line(f'<exclusiveGateway id="x" default="x_e"/>{flow("x", "e", name="f")}'),
    ),
    (
        "missing-default",
        "x",
        around(
            f'<startEvent id="s"/>{flow("s", "x")}<exclusiveGateway id="x"/>{flow("x", "e", "=a", "f1")}'
            f'{flow("x", "e", "=b", "f2")}<endEvent id="e"/>'
        ),
    ),
    ("useless-condition", "s_x", guarded("=a")),
    (
        "event-gateway-followers",
        "u",
        line(f'<eventBasedGateway id="x"/>{flow("x", "u")}<task id="u"/>{flow("u", "e")}'),
    ),
    ("event-gateway-choice", "x", task("eventBasedGateway")),
    ("link-without-name", "x", task("intermediateCatchEvent", "<linkEventDefinition/>")),
    (
        "link-without-target",
        "x",
        around(
            f'<startEvent id="s"/>{flow("s", "x")}<intermediateThrowEvent id="x">'
            '<linkEventDefinition name="A"/></intermediateThrowEvent>'
        ),
    ),
    (
        "duplicate-catcher",
        "b2",
        on_boundary('<errorEventDefinition errorRef="er"/>').replace(
            '<endEvent id="e2"/>',
            '<endEvent id="e2"/><boundaryEvent id="b2" attachedToRef="x">'
            '<errorEventDefinition errorRef="er"/>'
            f"</boundaryEvent>{flow('b2', 'e2')}",
        ),
    ),
    (
        "duplicate-code",
        "two",
        around('<startEvent id="s"/>').replace("<process", '<error id="two" errorCode="E1"/><process', 1),
    ),
    ("recursive-call", "x", task("callActivity", extended('<zeebe:calledElement processId="p"/>'))),
    (
        "process-compensation",
        "s2",
        line(
            '<task id="x"/><subProcess id="u" triggeredByEvent="true"><startEvent id="s2">'
            "<compensateEventDefinition/></startEvent></subProcess>"
        ),
    ),
    (
        "cancel-uncaught",
        "c",
        line(
            f'<transaction id="x"><startEvent id="s2"/>{flow("s2", "c")}<endEvent id="c">'
            "<cancelEventDefinition/></endEvent></transaction>"
        ),
    ),
    ("token-quantity", "x", task("task", more='completionQuantity="101"')),
    ("loop-without-end", "x", task("task", "<standardLoopCharacteristics/>")),
    ("loop-maximum", "x", task("task", '<standardLoopCharacteristics loopMaximum="-1"/>')),
    (
        "version-tag",
        "x",
        task("callActivity", extended('<zeebe:calledElement processId="q" bindingType="versionTag"/>')),
    ),
    (
        "instantiating",
        "r",
        line(
            '<subProcess id="x"><receiveTask id="r" instantiate="true" messageRef="m"/>'
            f'{flow("r", "e2")}<endEvent id="e2"/></subProcess>'
        ),
    ),
    ("called-decision", "x", task("businessRuleTask", extended('<zeebe:calledDecision decisionId="d"/>'))),
    (
        "unknown-decision",
        "x",
        task("businessRuleTask", extended('<zeebe:calledDecision decisionId="n" resultVariable="r"/>')),
    ),
    (
        "decision-binding",
        "x",
        task(
            "businessRuleTask",
            extended('<zeebe:calledDecision decisionId="d" resultVariable="r" bindingType="versionTag"/>'),
        ),
    ),
    (
        "event-not-here",
        "s",
        starting("<conditionalEventDefinition><condition>=a</condition></conditionalEventDefinition>"),
    ),
    ("unknown-element", "c", line('<implicitThrowEvent id="c"/><task id="x"/>')),
    ("zeebe-not-executed", "x", task("task", extended("<zeebe:executionListeners/>"))),
    ("zeebe-unknown", "x", task("task", extended("<zeebe:surprise/>"))),
    ("empty-property", "x", task("task", extended("<zeebe:properties><zeebe:property/></zeebe:properties>"))),
    (
        "unknown-rule",
        "x",
        task("task", extended('<zeebe:properties><zeebe:property name="bv:x"/></zeebe:properties>')),
    ),
    (
        "time-rule",
        "x",
        task(
            "userTask",
            extended(
                GROUPS,
                '<zeebe:properties><zeebe:property name="bv:remindBefore" value="two"/></zeebe:properties>',
            ),
        ),
    ),
    ("secret-value", "x", task("userTask", extended(GROUPS, SECRET.replace("true", "maybe")))),
    ("secret-without-listener", "x", task("userTask", extended(GROUPS, SECRET))),
    ("unassigned", "x", task("userTask")),
    ("unknown-group", "x", task("userTask", extended(GROUPS.replace("=office", "P9.staff")))),
    ("unknown-form", "x", task("userTask", extended(GROUPS, '<zeebe:formDefinition formId="nope"/>'))),
    ("priority", "x", task("userTask", extended(GROUPS, '<zeebe:priorityDefinition priority="101"/>'))),
    ("timer-zone", "x", task("userTask", extended(GROUPS, '<zeebe:taskSchedule dueDate="2026-10-16"/>'))),
    ("retries", "x", task("serviceTask", extended('<zeebe:taskDefinition type="job" retries="many"/>'))),
    ("missing-job-type", "x", task("serviceTask")),
    ("missing-job-type", "x", task("businessRuleTask")),
    ("missing-job-type", "x", task("sendTask")),
    ("unknown-job-type", "x", task("serviceTask", extended('<zeebe:taskDefinition type="nope"/>'))),
    ("script", "x", task("scriptTask", "<script>import os</script>")),
    ("expression", "x", task("scriptTask", extended('<zeebe:script expression="=1 +" resultVariable="r"/>'))),
    ("expression", "s_x", guarded("=(((")),
    ("missing-equals", "s_x", guarded("__import__('os')")),
    ("mapping", "x", task("task", extended('<zeebe:ioMapping><zeebe:input source="=a"/></zeebe:ioMapping>'))),
    ("loop-collection", "x", loop("")),
    ("loop-cardinality", "x", loop("<loopCardinality>1000000000</loopCardinality>")),
    ("loop-cardinality", "x", loop("<loopCardinality>-1</loopCardinality>")),
    (
        "loop-output",
        "x",
        loop(extended('<zeebe:loopCharacteristics inputCollection="=a" outputCollection="b"/>')),
    ),
    ("called-process", "x", task("callActivity")),
    ("unknown-process", "x", task("callActivity", extended('<zeebe:calledElement processId="nope"/>'))),
    ("timer-missing", "x", timer("", "")),
    ("timer-zone", "x", timer("timeDate", "2026-10-16T00:00:00")),
    ("zoneless", "x", timer("timeDate", '=date and time("2026-10-16T00:00:00")')),
    ("timer-value", "x", timer("timeDate", "tomorrow")),
    ("timer-value", "x", timer("timeDuration", "P")),
    ("timer-value", "x", timer("timeDuration", "5 days")),
    ("timer-value", "x", timer("timeCycle", "R0/PT1H")),
    ("timer-range", "x", timer("timeDuration", "P99999Y")),
    ("timer-range", "x", timer("timeCycle", "R1000000000000/PT1S")),
    ("timer-cycle-here", "b", cycle()),
    ("missing-message", "x", task("receiveTask")),
    ("missing-signal", "x", task("intermediateCatchEvent", "<signalEventDefinition/>")),
    ("expression", "e", ending('<errorEventDefinition errorRef="er"/>').replace('"E1"', '"=a ("')),
    ("missing-event-condition", "x", task("intermediateCatchEvent", "<conditionalEventDefinition/>")),
    ("missing-message", "x", task("intermediateThrowEvent", "<messageEventDefinition/>")),
    ("message-without-name", "x", task("receiveTask", more='messageRef="nameless"')),
    ("message-without-key", "x", task("receiveTask", more='messageRef="keyless"')),
    ("missing-code", "e", ending('<errorEventDefinition errorRef="blank"/>')),
]
READ_BY_THE_LOADER = {
    "file-too-large",
    "not-well-formed",
    "document-type",
    "too-many-elements",
    "nested-too-deep",
    "too-many-attributes",
    "not-bpmn",
}


@pytest.mark.parametrize(("rule", "element", "content"), EXAMPLES)
def test_what_is_wrong_is_named_by_element_rule_and_line(rule: str, element: str, content: str) -> None:
    found = [finding for finding in check(content, **KNOWN) if finding.rule == rule]

    assert [finding.element for finding in found if finding.element == element]
    assert all(finding.line or not element for finding in found)
    assert all(finding.severity == RULES[rule].severity for finding in found)


OF_OTHER_TESTS = {
    "file-name",
    "file-twice",
    "too-many-files",
    "duplicate-process",
    "without-effect",
    "foreign-extension",
    "more-findings",
    "too-much-feel",
}


def test_every_rule_has_an_example() -> None:
    elsewhere = READ_BY_THE_LOADER | {"form-unreadable", "form-refused", "duplicate-process"} | set(DECISIONS)
    elsewhere |= set(STANDARD) | set(DATA) | OF_OTHER_TESTS
    assert {rule for rule, _, _ in EXAMPLES} | elsewhere == set(RULES)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_finding_is_worded_completely(language: str) -> None:
    for _, _, content in EXAMPLES:
        for finding in check(content, **KNOWN):
            assert "…" not in finding.text(language)
            assert "{" not in finding.text(language) + finding.remedy(language)
            assert set(finding.as_dict(language)) == KEYS


def test_forms_and_jobs_are_judged_only_when_they_are_known() -> None:
    content = task("userTask", extended(GROUPS, '<zeebe:formDefinition formId="nope"/>'))

    assert check(content) == []
    assert [finding.rule for finding in check(content, forms=[])] == ["unknown-form"]


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("P1.staff", []),
        ("P1.staff, P9.staff", ["P9.staff"]),
        ('=office + ".staff"', []),
        ('=office + ".chief"', ["*.chief"]),
        ('="P9." + role', ["P9.*"]),
        ('=["P1.staff", unit.code + ".boss"]', ["*.boss"]),
        ("=desk_group", []),
        ('=if a then "P9.staff" else "P1.staff"', []),
        ("user:an.p1", []),
    ],
)
def test_a_group_nobody_has_is_named_as_far_as_the_diagram_says_it(written: str, unknown: list[str]) -> None:
    content = task("userTask", extended(GROUPS.replace("=office", written.replace('"', "&quot;"))))

    found = check(content, groups=["P1.staff", "P1.head"])
    unjudged = check(content)

    assert [finding.values["group"] for finding in found if finding.rule == "unknown-group"] == unknown
    assert unjudged == []


def test_errors_come_first_and_warnings_never_refuse() -> None:
    dead_end = around(f'<startEvent id="s"/>{flow("s", "x")}<userTask id="x"/>')

    findings = check(dead_end)

    assert [finding.severity for finding in findings] == ["error", "warning"]
    assert checking.has_errors(findings)
    assert not checking.has_errors(findings[1:])


def test_an_unreadable_file_is_a_finding_not_an_exception() -> None:
    findings = check("<!DOCTYPE a><a/>")

    assert [finding.rule for finding in findings] == ["document-type"]


def test_a_pool_for_readers_only_is_not_judged_beside_one_that_runs() -> None:
    content = task("task").replace(
        "</definitions>", '<process id="q"><userTask id="u"/></process></definitions>'
    )

    assert check(content) == []
