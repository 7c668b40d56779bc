"""What this engine executes passes the check without a word."""

from __future__ import annotations

import pytest

from tests.dialect import (
    CATCH,
    GROUPS,
    JOB,
    KNOWN,
    TIMER,
    around,
    check,
    cycle,
    ending,
    extended,
    flow,
    gateways,
    line,
    loop,
    on_boundary,
    starting,
    task,
    timer,
)

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
