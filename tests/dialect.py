"""Diagrams in text in the dialect of this engine: one step between a start and an end, and what varies it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Unpack

from lxml import etree

from engine.bpmn import checking, loading, reading
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


KNOWN = {
    "forms": ["known"],
    "job_types": ["job"],
    "processes": ["q"],
    "decisions": ["d"],
    "groups": ["P1.staff"],
}


def check(content: str, **known: list[str]) -> list[Finding]:
    return check_file(content.encode(), "x.bpmn", **known)  # type: ignore[arg-type]


def check_file(
    content: bytes,
    name: str,
    *,
    notes: bool = False,
    files: Mapping[str, bytes] | None = None,
    **beside: Unpack[checking.Beside],
) -> list[Finding]:
    """Return the findings of a file; what cannot even be read is a finding too, never an exception.

    `files` are those that it may import.
    """
    try:
        root = loading.load(content, name)
    except loading.UnreadableDiagram as error:
        return [finding for finding in error.findings if isinstance(finding, Finding)]
    diagram = reading.read(root, name)
    beside["imports"] = dict(_load_beside(files or {}))
    return checking.check(diagram, root, notes=notes, **beside)


def _load_beside(files: Mapping[str, bytes]) -> Iterator[tuple[str, etree._Element | None]]:
    """Yield the trees of files that may be imported; None for what is no XML."""
    for name, content in files.items():
        try:
            yield name, loading.parse(content, name)
        except loading.UnreadableDiagram:
            yield name, None
