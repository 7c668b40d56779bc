"""Diagrams in text with one step between a start and an end, to break one rule of BPMN 2.0 at a time."""

from __future__ import annotations

from engine.bpmn.findings import Finding
from tests.dialect import check_file

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="t">'
)
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
ITEMS = (
    '<itemDefinition id="i" structureRef="a"/><itemDefinition id="j" structureRef="b" isCollection="true"/>'
)
MESSAGE = '<message id="m" name="m" itemRef="i"/>'
OPERATION = (
    '<interface id="if" name="if"><operation id="op" name="op"><inMessageRef>m</inMessageRef></operation>'
    "</interface>"
)
FORMAL = 'xsi:type="tFormalExpression"'


def flow(source: str, target: str, inner: str = "", more: str = "") -> str:
    identity = f"{source}_{target}"
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return f'<sequenceFlow id="{identity}" {ends} {more}>{inner}</sequenceFlow>'


def file(body: str, root: str = "", executable: str = "true") -> str:
    process = f'<process id="p" isExecutable="{executable}">{body}</process>'
    return f"{HEAD}{ITEMS}{MESSAGE}{OPERATION}{root}{process}</definitions>"


def line(step: str, root: str = "", more: str = "") -> str:
    """A step with id x between a start and an end."""
    return file(f'<startEvent id="s"/>{step}<endEvent id="e"/>{flow("s", "x")}{flow("x", "e")}{more}', root)


def task(inner: str = "", attributes: str = "", kind: str = "task") -> str:
    return f'<{kind} id="x" {attributes}>{inner}</{kind}>'


def event(kind: str, definition: str, attributes: str = "") -> str:
    return f'<{kind} id="x" {attributes}>{definition}</{kind}>'


def specification(inner: str) -> str:
    return f"<ioSpecification>{inner}</ioSpecification>"


def boundary(definition: str, more: str = "", attributes: str = "") -> str:
    held = f'<boundaryEvent id="b" attachedToRef="x" {attributes}>{definition}</boundaryEvent>'
    return line(task() + held, "", more)


def talk(source: str, target: str, step: str = '<task id="x"/>') -> str:
    pools = '<participant id="P" processRef="p"/><participant id="Q"/>'
    ends = f'sourceRef="{source}" targetRef="{target}"'
    return line(step, f'<collaboration id="c">{pools}<messageFlow id="w" {ends}/></collaboration>')


def loop(inner: str, more: str = "") -> str:
    held = f'<multiInstanceLoopCharacteristics id="l">{inner}</multiInstanceLoopCharacteristics>'
    return line(task(more + held))


def around_event_gateway(first: str, second: str) -> str:
    return file(
        f'<startEvent id="s"/><eventBasedGateway id="g"/>{first}{second}<endEvent id="e"/>'
        + "".join(flow(*ends) for ends in (("s", "g"), ("g", "a"), ("g", "b"), ("a", "e"), ("b", "e")))
    )


DATA_SETS = (
    '<dataInput id="in" itemSubjectRef="i"/><inputSet id="is"><dataInputRefs>in</dataInputRefs></inputSet>'
)
NO_OUTPUT = '<outputSet id="os"/>'
TIMER = f"<timerEventDefinition><timeDuration {FORMAL}>P1D</timeDuration></timerEventDefinition>"
CATCH = '<intermediateCatchEvent id="a"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>'
BESIDE = {"text": b"no XML", "same": line(task()).encode()}


def check(content: str) -> list[Finding]:
    """Check a file with its notes, beside two others that it may import."""
    return check_file(content.encode(), "x.bpmn", notes=True, files=BESIDE)


def find_broken(rule: str, constraint: str, content: str) -> list[Finding]:
    """Return the findings of one rule and constraint, each worded completely in both languages."""
    found = [one for one in check(content) if one.rule == rule and constraint in one.reference]
    for one in found:
        assert one.line
        assert one.category == "structure"
        for language in ("vi", "en"):
            assert "…" not in one.text(language)
            assert "{" not in one.text(language) + one.remedy(language)
    return found
