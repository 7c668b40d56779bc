"""The rules of BPMN 2.0 about data, expressions and operations: each broken once."""

from __future__ import annotations

import pytest

from engine.bpmn.checking_rules_data import DATA
from tests.breaking import (
    DATA_SETS,
    FORMAL,
    NO_OUTPUT,
    check,
    event,
    find_broken,
    flow,
    line,
    loop,
    specification,
    task,
)

TWICE = '<task id="y"/>' + flow("x", "y") + flow("y", "e")
OPTIONAL = "<optionalInputRefs>other</optionalInputRefs>"
COUNTED = (
    '<collaboration id="c"><participant id="P" processRef="p"><participantMultiplicity minimum="-1"/>'
    "</participant></collaboration>"
)
# (rule, constraint, element, file)
EXAMPLES: list[tuple[str, str, str, str]] = [
    ("informal-expression", "EXT.012", "l", loop("<loopCardinality>=2</loopCardinality>")),
    ("formal-expression-empty", "EXT.013", "l", loop(f"<loopCardinality {FORMAL}/>")),
    ("text-format", "EXT.004", "x", line(task('<documentation textFormat="plain">a</documentation>'))),
    ("script-format", "EXT.053", "x", line(task("<script>a</script>", kind="scriptTask"))),
    (
        "choreography-reference",
        "EXT.027",
        "g",
        line(task(), '<globalConversation id="g"><choreographyRef>g</choreographyRef></globalConversation>'),
    ),
    (
        "participant-count",
        "EXT.030",
        "P",
        line(
            task(),
            '<collaboration id="c"><participant id="P" processRef="p">'
            '<participantMultiplicity minimum="3" maximum="2"/></participant></collaboration>',
        ),
    ),
    (
        "global-conversation-parts",
        "EXT.032",
        "g",
        line(task(), '<globalConversation id="g"><textAnnotation id="n"/></globalConversation>'),
    ),
    (
        "closed-differs",
        "EXT.033",
        "c",
        line(
            task(),
            '<collaboration id="c" isClosed="true"><choreographyRef>h</choreographyRef></collaboration>'
            '<choreography id="h"/>',
        ),
    ),
    ("public-executable", "EXT.035", "p", line(task()).replace('id="p"', 'id="p" processType="Public"', 1)),
    ("collection-differs", "EXT.020", "o", line(task() + '<dataObject id="o" itemSubjectRef="j"/>')),
    (
        "operation-sets",
        "EXT.042",
        "x",
        line(task(specification('<inputSet id="a"/><inputSet id="b"/>'), 'operationRef="op"', "serviceTask")),
    ),
    (
        "item-differs",
        "EXT.044",
        "x",
        line(
            task(
                specification(DATA_SETS.replace('itemSubjectRef="i"', 'itemSubjectRef="j"') + NO_OUTPUT),
                'operationRef="op"',
                "serviceTask",
            )
        ),
    ),
    (
        "item-differs",
        "EXT.091",
        "x",
        line(
            '<dataObject id="o" itemSubjectRef="i"/>'
            '<dataObject id="q" itemSubjectRef="j" isCollection="true"/>'
            + task(
                "<dataInputAssociation><sourceRef>o</sourceRef><targetRef>q</targetRef></dataInputAssociation>"
            )
        ),
    ),
    (
        "call-data",
        "EXT.063",
        "x",
        line(
            task(attributes='calledElement="q"', kind="callActivity"),
            f'<process id="q">{specification(DATA_SETS + NO_OUTPUT)}<startEvent id="n"/></process>',
        ),
    ),
    (
        "interface-binding",
        "EXT.064",
        "p",
        line(f"<supportedInterfaceRef>if</supportedInterfaceRef>{task()}"),
    ),
    (
        "loop-data",
        "EXT.068",
        "x",
        loop("<loopDataInputRef>o</loopDataInputRef>").replace(
            '<task id="x"', '<dataObject id="o"/><task id="x"'
        ),
    ),
    (
        "data-object-name",
        "EXT.076",
        "r",
        line(
            task() + '<dataObject id="o" name="a"/><dataObjectReference id="r" name="b" dataObjectRef="o"/>'
        ),
    ),
    (
        "data-in-sub-process",
        "EXT.079",
        "x",
        line(task(specification(DATA_SETS + NO_OUTPUT), kind="subProcess")),
    ),
    (
        "data-set-missing",
        "EXT.084",
        "in",
        line(task(specification('<dataInput id="in"/><inputSet id="is"/>' + NO_OUTPUT))),
    ),
    (
        "data-set-list",
        "EXT.086",
        "is",
        line(
            task(
                specification(
                    '<dataInput id="in"/><inputSet id="is">'
                    "<whileExecutingInputRefs>in</whileExecutingInputRefs>"
                    "</inputSet>" + NO_OUTPUT
                )
            )
        ),
    ),
    (
        "data-set-pair",
        "EXT.087",
        "is",
        line(
            task(specification('<inputSet id="is"><outputSetRefs>os</outputSetRefs></inputSet>' + NO_OUTPUT))
        ),
    ),
    (
        "data-association-sources",
        "EXT.092",
        "x",
        line(
            '<dataObject id="o"/>'
            + task("<dataOutputAssociation><targetRef>o</targetRef></dataOutputAssociation>")
        ),
    ),
    (
        "event-data-count",
        "EXT.093",
        "x",
        line(
            event("intermediateThrowEvent", '<dataInput id="n"/><dataInput id="o"/><signalEventDefinition/>')
        ),
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
    assert {rule for rule, _, _, _ in EXAMPLES} >= set(DATA)


def bound(inside: str, outside: str = "i") -> str:
    """A process that offers its data as the operation of an interface."""
    binding = '<ioBinding operationRef="op" inputDataRef="in" outputDataRef="out"/>'
    data = (
        f'<dataInput id="in" itemSubjectRef="{inside}"/><dataOutput id="out" itemSubjectRef="{outside}"/>'
        '<inputSet id="is"><dataInputRefs>in</dataInputRefs></inputSet>'
        '<outputSet id="os"><dataOutputRefs>out</dataOutputRefs></outputSet>'
    )
    back = line("<supportedInterfaceRef>if</supportedInterfaceRef>" + specification(data) + binding + task())
    return back.replace("</inMessageRef>", "</inMessageRef><outMessageRef>m</outMessageRef>")


def two(kind: str, part: str) -> str:
    return task(specification(f'<{part} id="a"/><{part} id="b"/>'), 'messageRef="m" operationRef="op"', kind)


def throwing(definition: str) -> str:
    return line(f'<intermediateThrowEvent id="x">{definition}</intermediateThrowEvent>')


CALLED_BY_A_SERVICE_TASK = (
    bound("i").replace("<task", '<serviceTask operationRef="op"').replace("</task", "</serviceTask")
)
# constraints whose rule has an example elsewhere, each broken in its own way
OTHERS: list[tuple[str, str]] = [
    ("EXT.011", throwing("<escalationEventDefinition/>")),
    ("EXT.017", line(task(attributes='gatewayDirection="Converging"', kind="exclusiveGateway"), "", TWICE)),
    ("EXT.021", line(task() + '<dataObject id="o"/>', more=flow("o", "x"))),
    ("EXT.029", line(task(), COUNTED)),
    ("EXT.043", line(two("serviceTask", "outputSet"))),
    ("EXT.045", CALLED_BY_A_SERVICE_TASK),
    ("EXT.047", line(two("sendTask", "dataInput"))),
    ("EXT.051", line(two("receiveTask", "dataOutput"))),
    ("EXT.065", bound("j")),
    ("EXT.067", loop("")),
    ("EXT.085", line(task(specification(DATA_SETS.replace("</inputSet>", f"{OPTIONAL}</inputSet>"))))),
    ("EXT.101", line(task()).replace(flow("s", "x"), "")),
    ("EXT.107", line(task()).replace(flow("x", "e"), "")),
    (
        "EXT.113",
        line(task() + '<boundaryEvent id="b" attachedToRef="x"><timerEventDefinition/></boundaryEvent>'),
    ),
    ("EXT.115", throwing("").replace(flow("s", "x"), flow("s", "e"))),
    (
        "EXT.123",
        line('<intermediateCatchEvent id="x"><conditionalEventDefinition/></intermediateCatchEvent>'),
    ),
    ("EXT.127", throwing("<messageEventDefinition/>")),
    ("EXT.150", throwing("").replace(flow("s", "x"), flow("s", "e"))),
    ("EXT.151", line(task() + '<task id="y"/>', more=flow("s", "y"))),
]


@pytest.mark.parametrize(("constraint", "content"), OTHERS, ids=[constraint for constraint, _ in OTHERS])
def test_a_constraint_of_a_shared_rule_is_named_by_its_own_number(constraint: str, content: str) -> None:
    assert constraint in {one for found in check(content) for one in found.reference.split(", ")}


def test_data_that_fits_its_operation_is_not_blamed() -> None:
    assert "EXT.065" not in {one.reference for one in check(bound("i"))}
