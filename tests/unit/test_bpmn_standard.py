"""The rules of BPMN 2.0 that hold whatever an engine executes: each broken once, by constraint, element."""

from __future__ import annotations

import pytest

from engine.bpmn.checking_rules import RULES
from engine.bpmn.checking_rules_data import DATA
from engine.bpmn.checking_rules_decisions import DECISIONS
from engine.bpmn.checking_rules_dialect import CONSTRUCTS, DIALECT
from engine.bpmn.checking_rules_standard import STANDARD
from engine.bpmn.checking_rules_structure import READING, STRUCTURE
from tests.breaking import (
    BPMN,
    CATCH,
    FORMAL,
    ITEMS,
    TIMER,
    around_event_gateway,
    boundary,
    check,
    event,
    file,
    find_broken,
    flow,
    line,
    talk,
    task,
)
from tests.dialect import check_file

# (rule, constraint, element, file)
EXAMPLES: list[tuple[str, str, str, str]] = [
    (
        "artifact-in-flow",
        "EXT.006",
        "x_n",
        line(task() + '<textAnnotation id="n"/>', more=flow("x", "n")),
    ),
    ("artifact-in-flow", "EXT.007", "n_x", line(task() + '<textAnnotation id="n"/>', more=flow("n", "x"))),
    ("artifact-in-flow", "EXT.008", "w", talk("Q", "n", task() + '<textAnnotation id="n"/>')),
    ("artifact-in-flow", "EXT.009", "w", talk("n", "Q", task() + '<textAnnotation id="n"/>')),
    ("flow-end-kind", "EXT.022", "x_o", line(task() + '<dataObject id="o"/>', more=flow("x", "o"))),
    (
        "reference-kind",
        "REF",
        "x",
        line(task(attributes='messageRef="i"', kind="receiveTask")),
    ),
    ("flow-not-listed", "EXT.023", "s_x", line(task())),
    (
        "not-immediate",
        "EXT.024",
        "x_y",
        line(task() + '<task id="y"/>', more=flow("x", "y", more='isImmediate="false"') + flow("y", "e")),
    ),
    (
        "lonely-condition",
        "EXT.025",
        "s_x",
        line(task()).replace(
            flow("s", "x"), flow("s", "x", f"<conditionExpression {FORMAL}>=a</conditionExpression>")
        ),
    ),
    ("unresolved-reference", "EXT.026", "x", line(task(attributes='default="s_x"'))),
    ("choreography-in-process", "EXT.036", "c", line(task() + '<choreographyTask id="c"/>')),
    ("message-flow-same-pool", "EXT.031", "w", talk("x", "e")),
    ("message-flow-at-event", "EXT.102", "w", talk("s", "Q")),
    ("message-flow-at-event", "EXT.108", "w", talk("Q", "e")),
    ("message-flow-without-message", "EXT.103", "s", talk("Q", "s")),
    ("message-flow-without-message", "EXT.109", "e", talk("e", "Q")),
    ("quantity", "EXT.037", "x", line(task(attributes='startQuantity="0"'))),
    ("quantity", "EXT.038", "x", line(task(attributes='completionQuantity="-1"'))),
    (
        "instantiating-with-incoming",
        "EXT.049",
        "x",
        line(task(attributes='instantiate="true" messageRef="m"', kind="receiveTask")),
    ),
    (
        "event-sub-process-flows",
        "EXT.057",
        "x",
        line(task(attributes='triggeredByEvent="true"', kind="subProcess")),
    ),
    (
        "event-sub-process-start",
        "EXT.058",
        "u",
        line(task() + '<subProcess id="u" triggeredByEvent="true"/>'),
    ),
    (
        "event-kind",
        "EXT.059",
        "n",
        line(
            task()
            + '<subProcess id="u" triggeredByEvent="true"><startEvent id="n" isInterrupting="false">'
            + "<errorEventDefinition/></startEvent></subProcess>"
        ),
    ),
    (
        "event-kind",
        "EXT.098",
        "s",
        line(task()).replace('"s"/>', '"s"><errorEventDefinition/></startEvent>', 1),
    ),
    (
        "event-kind",
        "EXT.100",
        "n",
        line(task(f'<startEvent id="n">{TIMER}</startEvent>', kind="subProcess")),
    ),
    ("event-kind", "EXT.110", "b", boundary("<terminateEventDefinition/>", flow("b", "e"))),
    ("event-kind", "EXT.122", "x", line(event("intermediateCatchEvent", "<compensateEventDefinition/>"))),
    ("event-kind", "EXT.146", "e", line(task()).replace('"e"/>', f'"e">{TIMER}</endEvent>', 1)),
    ("event-kind", "EXT.148", "x", line(event("intermediateCatchEvent", "<errorEventDefinition/>"))),
    ("event-kind", "EXT.149", "x", line(event("intermediateThrowEvent", TIMER))),
    (
        "cancel-outside-transaction",
        "EXT.106",
        "e",
        line(task()).replace('"e"/>', '"e"><cancelEventDefinition/></endEvent>', 1),
    ),
    ("cancel-outside-transaction", "EXT.111", "b", boundary("<cancelEventDefinition/>", flow("b", "e"))),
    (
        "shared-thrown-definition",
        "EXT.095",
        "e",
        line(task() + "<startEvent id='n'><eventDefinitionRef>t</eventDefinitionRef></startEvent>").replace(
            '"e"/>', '"e"><messageEventDefinition id="t" messageRef="m"/></endEvent>', 1
        ),
    ),
    ("ad-hoc-empty", "EXT.061", "x", line(task(kind="adHocSubProcess"))),
    (
        "ad-hoc-parts",
        "EXT.062",
        "n",
        line(task('<startEvent id="n"/><task id="t"/>', kind="adHocSubProcess")),
    ),
    ("end-without-start", "EXT.097", "p", file('<endEvent id="e"/>')),
    ("start-without-end", "EXT.105", "p", file('<startEvent id="s"/>')),
    (
        "called-without-start",
        "EXT.099",
        "x",
        line(
            task(attributes='calledElement="q"', kind="callActivity"),
            '<process id="q"><task id="t"/></process>',
        ),
    ),
    ("compensation-flow", "EXT.114", "b", boundary("<compensateEventDefinition/>", flow("b", "e"))),
    ("compensation-handler", "EXT.143", "b", boundary("<compensateEventDefinition/>")),
    (
        "compensation-handler",
        "EXT.144",
        "b",
        boundary("<compensateEventDefinition/>", '<association id="a" sourceRef="b" targetRef="s"/>'),
    ),
    (
        "link-both-ways",
        "EXT.117",
        "x",
        line(event("intermediateCatchEvent", '<linkEventDefinition name="A"/>')),
    ),
    (
        "link-not-paired",
        "EXT.124",
        "x",
        line(event("intermediateCatchEvent", '<linkEventDefinition name="A"/>')),
    ),
    (
        "link-not-paired",
        "EXT.125",
        "x",
        line(event("intermediateThrowEvent", '<linkEventDefinition name="A"/>')),
    ),
    (
        "link-other-target",
        "EXT.118",
        "x",
        line(
            event(
                "intermediateThrowEvent",
                '<linkEventDefinition id="k"><target>o</target></linkEventDefinition>',
            )
            + '<intermediateCatchEvent id="c"><linkEventDefinition id="o"/></intermediateCatchEvent>'
        ),
    ),
    ("no-operation", "EXT.128", "x", line(event("intermediateThrowEvent", "<messageEventDefinition/>"))),
    (
        "gateway-direction",
        "EXT.019",
        "x",
        line(task(attributes='gatewayDirection="Mixed"', kind="exclusiveGateway")),
    ),
    ("idle-gateway", "EXT.135", "x", line(task(kind="exclusiveGateway"))),
    (
        "event-gateway-mixed",
        "EXT.139",
        "g",
        around_event_gateway('<receiveTask id="b" messageRef="m"/>', CATCH),
    ),
    (
        "useless-condition",
        "EXT.137",
        "g_a",
        around_event_gateway(
            CATCH, f'<intermediateCatchEvent id="b">{TIMER}</intermediateCatchEvent>'
        ).replace(flow("g", "a"), flow("g", "a", f"<conditionExpression {FORMAL}>=a</conditionExpression>")),
    ),
    ("schema", "XSD", "", line(task("<surprise/>"))),
    (
        "import-missing",
        "EXT.001",
        "",
        line(task()).replace(ITEMS, f'<import importType="{BPMN}" location="n.bpmn" namespace="n"/>{ITEMS}'),
    ),
    (
        "import-kind",
        "EXT.001",
        "",
        line(task()).replace(ITEMS, f'<import importType="{BPMN}" location="text" namespace="n"/>{ITEMS}'),
    ),
    (
        "import-duplicate-id",
        "EXT.002",
        "x",
        line(task()).replace(ITEMS, f'<import importType="{BPMN}" location="same" namespace="t"/>{ITEMS}'),
    ),
]


@pytest.mark.parametrize(
    ("rule", "constraint", "element", "content"),
    EXAMPLES,
    ids=[f"{rule}-{constraint}" for rule, constraint, _, _ in EXAMPLES],
)
def test_a_broken_constraint_is_named_with_its_element(
    rule: str, constraint: str, element: str, content: str
) -> None:
    assert element in [one.element for one in find_broken(rule, constraint, content)]


def test_every_rule_of_the_standard_has_an_example() -> None:
    assert {rule for rule, _, _, _ in EXAMPLES} >= set(STANDARD)


def test_a_plain_line_breaks_nothing_that_the_engine_needs() -> None:
    assert [one.text("en") for one in check(line(task())) if one.severity != "note"] == []


def test_notes_are_left_out_unless_asked_for() -> None:
    content = line(task()).encode()

    assert check_file(content, "x.bpmn") == []
    assert {one.severity for one in check_file(content, "x.bpmn", notes=True)} == {"note"}


def test_an_error_in_a_pool_for_readers_never_refuses_the_one_that_runs() -> None:
    drawn = '<process id="q"><startEvent id="n"><errorEventDefinition/></startEvent></process>'

    beside = check_file(line(task(), drawn).encode(), "x.bpmn")
    alone = check(file("", drawn, executable="false"))

    assert [(one.rule, one.severity) for one in beside if one.rule == "event-kind"] == [
        ("event-kind", "warning")
    ]
    assert [one.severity for one in alone if one.rule == "event-kind"] == ["error"]


def test_what_stands_in_another_file_is_not_judged() -> None:
    elsewhere = line(task(attributes='xmlns:o="other" messageRef="o:m"', kind="receiveTask"))

    assert not [one for one in check(elsewhere) if one.rule == "unresolved-reference"]


def test_what_is_misplaced_is_not_told_to_be_unexecuted_there_too() -> None:
    found = check(line(event("intermediateCatchEvent", "<errorEventDefinition/>")))

    assert [one.rule for one in found if one.element == "x" and one.severity == "error"] == ["event-kind"]


def test_no_rule_takes_the_name_of_another() -> None:
    tables = (READING, STRUCTURE, STANDARD, DATA, CONSTRUCTS, DIALECT, DECISIONS)

    assert sum(len(table) for table in tables) == len(RULES)


def test_severities_are_the_three_that_people_know() -> None:
    assert {rule.severity for rule in RULES.values()} == {"error", "warning", "note"}


def test_links_that_name_each_other_are_paired_without_names() -> None:
    throw = '<linkEventDefinition id="k" name="one"><target>o</target></linkEventDefinition>'
    catch = '<linkEventDefinition id="o" name="two"><source>k</source></linkEventDefinition>'

    found = check(
        file(
            f'<startEvent id="s"/><intermediateThrowEvent id="x">{throw}</intermediateThrowEvent>'
            f'<intermediateCatchEvent id="c">{catch}</intermediateCatchEvent><endEvent id="e"/>'
            f"{flow('s', 'x')}{flow('c', 'e')}"
        )
    )

    assert [one.text("en") for one in found if one.severity != "note"] == []
