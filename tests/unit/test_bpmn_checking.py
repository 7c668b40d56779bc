from __future__ import annotations

import pytest

from engine.bpmn import checking
from engine.bpmn.checking_rules import RULES
from engine.bpmn.findings import Finding

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">'
)
MESSAGES = (
    '<message id="m" name="proposal.submitted"><extensionElements><zeebe:subscription correlationKey="=key"/>'
    '</extensionElements></message><message id="nameless"/><message id="keyless" name="n"/>'
    '<error id="er" errorCode="E1"/><error id="blank"/><escalation id="es" escalationCode="L1"/>'
    '<signal id="si" name="s"/>'
)
JOB = '<extensionElements><zeebe:taskDefinition type="job"/></extensionElements>'
GROUPS = '<zeebe:assignmentDefinition candidateGroups="=office"/>'
TIMER = "<timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>"
CATCH = '<messageEventDefinition messageRef="m"/>'


def extended(*inner: str) -> str:
    return f"<extensionElements>{''.join(inner)}</extensionElements>"


def flow(source: str, target: str, condition: str = "", name: str = "") -> str:
    inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
    identity = name or f"{source}_{target}"
    return f'<sequenceFlow id="{identity}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


def around(body: str, attributes: str = 'isExecutable="true"') -> str:
    return f'{HEAD}{MESSAGES}<process id="p" {attributes}>{body}</process></definitions>'


def line(step: str) -> str:
    """A step with id x between a start and an end."""
    return around(f'<startEvent id="s"/>{flow("s", "x")}{step}{flow("x", "e")}<endEvent id="e"/>')


def task(kind: str, inner: str = "", more: str = "") -> str:
    return line(f'<{kind} id="x" {more}>{inner}</{kind}>')


def on_boundary(inner: str, more: str = "") -> str:
    host = f'<serviceTask id="x">{JOB}</serviceTask>'
    event = f'<boundaryEvent id="b" attachedToRef="x" {more}>{inner}</boundaryEvent>{flow("b", "e2")}'
    return line(f'{host}{event}<endEvent id="e2"/>')


def timer(kind: str, value: str) -> str:
    inner = f"<{kind}>{value}</{kind}>" if kind else ""
    return task("intermediateCatchEvent", f"<timerEventDefinition>{inner}</timerEventDefinition>")


def gateways(split: str, join: str) -> str:
    return around(
        f'<startEvent id="s"/>{flow("s", "g")}<{split} id="g" default="g_b"/>{flow("g", "a", "=x > 1")}'
        f'{flow("g", "b")}<task id="a"/><task id="b"/>{flow("a", "j")}{flow("b", "j")}<{join} id="j"/>'
        f'{flow("j", "e")}<endEvent id="e"/>'
    )


def loop(inner: str, more: str = "") -> str:
    loops = f"<multiInstanceLoopCharacteristics {more}>{inner}</multiInstanceLoopCharacteristics>"
    return task("task", loops)


def ending(inner: str) -> str:
    return task("task").replace('<endEvent id="e"/>', f'<endEvent id="e">{inner}</endEvent>')


def starting(inner: str) -> str:
    return task("task").replace('<startEvent id="s"/>', f'<startEvent id="s">{inner}</startEvent>')


def guarded(condition: str) -> str:
    return task("task").replace(flow("s", "x"), flow("s", "x", condition))


def cycle(more: str = "") -> str:
    return on_boundary("<timerEventDefinition><timeCycle>R/PT1H</timeCycle></timerEventDefinition>", more)


def check(content: str, **known: list[str]) -> list[Finding]:
    return checking.check_file(content.encode(), "x.bpmn", **known)  # type: ignore[arg-type]


KNOWN = {"forms": ["known"], "job_types": ["job"], "processes": ["q"]}
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
    ("recursive-call", "x", task("callActivity", extended('<zeebe:calledElement processId="p"/>'))),
    ("complex-gateway", "x", task("complexGateway")),
    ("compensation", "x", task("intermediateThrowEvent", "<compensateEventDefinition/>")),
    ("compensation", "x", task("task", more='isForCompensation="true"')),
    ("signal-event", "x", task("intermediateThrowEvent", '<signalEventDefinition signalRef="si"/>')),
    ("conditional-event", "x", task("intermediateCatchEvent", "<conditionalEventDefinition/>")),
    ("cancel-event", "b", on_boundary("<cancelEventDefinition/>")),
    ("multiple-events", "x", task("intermediateCatchEvent", CATCH + TIMER)),
    (
        "event-definition-reference",
        "x",
        task("intermediateCatchEvent", "<eventDefinitionRef>t</eventDefinitionRef>"),
    ),
    ("ad-hoc-sub-process", "x", task("adHocSubProcess")),
    ("transaction", "x", task("transaction")),
    ("event-sub-process", "x", task("subProcess", more='triggeredByEvent="true"')),
    ("standard-loop", "x", task("task", "<standardLoopCharacteristics/>")),
    ("loop-behavior", "x", loop("<loopCardinality>2</loopCardinality>", 'behavior="One"')),
    ("token-quantity", "x", task("task", more='startQuantity="2"')),
    ("instantiating", "x", task("receiveTask", more='instantiate="true" messageRef="m"')),
    ("called-decision", "x", task("businessRuleTask", extended('<zeebe:calledDecision decisionId="d"/>'))),
    ("event-not-here", "x", task("intermediateCatchEvent")),
    ("event-not-here", "s", starting("<errorEventDefinition/>")),
    ("must-interrupt", "b", on_boundary('<errorEventDefinition errorRef="er"/>', 'cancelActivity="false"')),
    ("unknown-element", "c", line('<choreographyTask id="c"/><task id="x"/>')),
    ("zeebe-not-executed", "x", task("task", extended("<zeebe:executionListeners/>"))),
    ("zeebe-unknown", "x", task("task", extended("<zeebe:surprise/>"))),
    ("empty-property", "x", task("task", extended("<zeebe:properties><zeebe:property/></zeebe:properties>"))),
    (
        "unknown-rule",
        "x",
        task("task", extended('<zeebe:properties><zeebe:property name="bv:x"/></zeebe:properties>')),
    ),
    ("unassigned", "x", task("userTask")),
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
    ("timer-value", "x", timer("timeDate", "tomorrow")),
    ("timer-value", "x", timer("timeDuration", "P")),
    ("timer-value", "x", timer("timeDuration", "5 days")),
    ("timer-range", "x", timer("timeDuration", "P99999Y")),
    ("timer-range", "x", timer("timeCycle", "R1000000000000/PT1S")),
    ("timer-cycle-here", "x", timer("timeCycle", "R3/PT1H")),
    ("timer-cycle-here", "b", cycle()),
    ("missing-message", "x", task("receiveTask")),
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


def test_every_rule_has_an_example() -> None:
    elsewhere = READ_BY_THE_LOADER | {"form-unreadable", "form-refused"}
    assert {rule for rule, _, _ in EXAMPLES} | elsewhere == set(RULES)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_finding_is_worded_completely(language: str) -> None:
    for _, _, content in EXAMPLES:
        for finding in check(content, **KNOWN):
            assert "…" not in finding.text(language)
            assert "{" not in finding.text(language) + finding.remedy(language)
            assert set(finding.as_dict(language)) == {"severity", "rule", "element", "line", "text", "remedy"}


PARALLEL = (
    gateways("parallelGateway", "parallelGateway")
    .replace("<conditionExpression>=x > 1</conditionExpression>", "")
    .replace(' default="g_b"', "")
)
GOOD = [
    task("task"),
    task("manualTask"),
    task("userTask", extended(GROUPS, '<zeebe:formDefinition formId="known"/>')),
    task("userTask", extended('<zeebe:assignmentDefinition assignee="=chosen"/>')),
    task("serviceTask", JOB),
    task("businessRuleTask", JOB),
    task("scriptTask", extended('<zeebe:script expression="=1 + 1" resultVariable="r"/>')),
    task("sendTask", more='messageRef="m"'),
    task("receiveTask", more='messageRef="m"'),
    task("intermediateCatchEvent", CATCH),
    task("intermediateThrowEvent"),
    task("intermediateThrowEvent", '<messageEventDefinition messageRef="keyless"/>'),
    task("intermediateThrowEvent", '<escalationEventDefinition escalationRef="es"/>'),
    task("callActivity", extended('<zeebe:calledElement processId="q"/>')),
    task("callActivity", extended('<zeebe:calledElement processId="=chosen"/>')),
    timer("timeDuration", "P3D"),
    timer("timeDuration", "P1Y2M3W4DT5H6M7.5S"),
    timer("timeDate", "2026-10-16T00:00:00+07:00"),
    timer("timeDate", "2026-10-16T00:00:00+07:00[Asia/Ho_Chi_Minh]"),
    timer("timeDate", "2026-10-16T00:00:00Z"),
    timer("timeDate", "=due_at"),
    on_boundary(CATCH),
    on_boundary(CATCH, 'cancelActivity="false"'),
    cycle('cancelActivity="false"'),
    on_boundary('<errorEventDefinition errorRef="er"/>'),
    on_boundary("<errorEventDefinition/>"),
    on_boundary('<escalationEventDefinition escalationRef="es"/>', 'cancelActivity="false"'),
    loop("<loopCardinality>3</loopCardinality>"),
    loop(
        extended('<zeebe:loopCharacteristics inputCollection="=a" inputElement="i"/>'), 'isSequential="true"'
    ),
    line(f'<subProcess id="x"><startEvent id="s2"/>{flow("s2", "e2")}<endEvent id="e2"/></subProcess>'),
    ending("<terminateEventDefinition/>"),
    ending('<errorEventDefinition errorRef="er"/>'),
    starting(TIMER),
    starting('<messageEventDefinition messageRef="keyless"/>'),
    gateways("exclusiveGateway", "exclusiveGateway"),
    gateways("inclusiveGateway", "inclusiveGateway"),
    PARALLEL,
    around(
        f'<startEvent id="s"/>{flow("s", "t")}<intermediateThrowEvent id="t"><linkEventDefinition name="A"/>'
        '</intermediateThrowEvent><intermediateCatchEvent id="c"><linkEventDefinition name="A"/>'
        f'</intermediateCatchEvent>{flow("c", "e")}<endEvent id="e"/>'
    ),
    line(f'<task id="x" default="x_e"/>{flow("x", "y", "=extra")}<task id="y"/>{flow("y", "e")}'),
    around(
        f'<startEvent id="s"/>{flow("s", "g")}<eventBasedGateway id="g"/>{flow("g", "a")}{flow("g", "b")}'
        f'<intermediateCatchEvent id="a">{CATCH}</intermediateCatchEvent>{flow("a", "e")}'
        f'<intermediateCatchEvent id="b">{TIMER}</intermediateCatchEvent>{flow("b", "e")}<endEvent id="e"/>'
    ),
]


@pytest.mark.parametrize("content", GOOD)
def test_what_the_engine_executes_passes_without_a_word(content: str) -> None:
    assert [finding.text("en") for finding in check(content, **KNOWN)] == []


def test_forms_and_jobs_are_judged_only_when_they_are_known() -> None:
    content = task("userTask", extended(GROUPS, '<zeebe:formDefinition formId="nope"/>'))

    assert check(content) == []
    assert [finding.rule for finding in check(content, forms=[])] == ["unknown-form"]


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
