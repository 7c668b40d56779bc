"""Build DMN models inside the test that needs them, and evaluate them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from engine.bpmn.findings import Finding
from engine.dmn import checking, evaluation, library, reading
from engine.dmn.evaluation import Outcome
from engine.dmn.library import Library

NOW = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
DMN = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def a_model(*parts: str, namespace: str = "test", name: str = "model") -> bytes:
    """Return a DMN file."""
    head = f'<definitions xmlns="{DMN}" id="defs" name="{name}" namespace="{namespace}">'
    return (head + "".join(parts) + "</definitions>").encode()


def text(expression: str) -> str:
    """Return a literal expression."""
    return f"<literalExpression><text>{escape(expression)}</text></literalExpression>"


def an_input(name: str, type_name: str = "") -> str:
    """Return input data."""
    known = quoteattr(name)
    return f"<inputData id={known} name={known}>{variable(name, type_name)}</inputData>"


def variable(name: str, type_name: str = "") -> str:
    """Return a variable with a type."""
    reference = f" typeRef={quoteattr(type_name)}" if type_name else ""
    return f"<variable name={quoteattr(name)}{reference}/>"


def a_decision(
    name: str,
    logic: str,
    *,
    needs: Sequence[str] = (),
    knows: Sequence[str] = (),
    gives: str = "",
    inputs: Sequence[str] = (),
) -> str:
    """Return a decision; `needs` are ids of decisions, `inputs` of input data, `knows` of functions."""
    required = [f"<requiredInput href={quoteattr(_href(one))}/>" for one in inputs]
    required += [f"<requiredDecision href={quoteattr(_href(one))}/>" for one in needs]
    return (
        f"<decision id={quoteattr(name)} name={quoteattr(name)}>{variable(name, gives)}"
        + "".join(f"<informationRequirement>{one}</informationRequirement>" for one in required)
        + _knowledge(knows)
        + f"{logic}</decision>"
    )


def _href(reference: str) -> str:
    return reference if "#" in reference else f"#{reference}"


def _knowledge(knows: Sequence[str]) -> str:
    required = [f"<requiredKnowledge href={quoteattr(_href(one))}/>" for one in knows]
    return "".join(f"<knowledgeRequirement>{one}</knowledgeRequirement>" for one in required)


def a_function(
    name: str,
    parameters: Sequence[tuple[str, str]],
    body: str,
    *,
    knows: Sequence[str] = (),
    gives: str = "",
    kind: str = "FEEL",
) -> str:
    """Return a business knowledge model."""
    formal = "".join(f"<formalParameter name={quoteattr(one)}{_type(of)}/>" for one, of in parameters)
    return (
        f"<businessKnowledgeModel id={quoteattr(name)} name={quoteattr(name)}>{variable(name, gives)}"
        f'<encapsulatedLogic kind="{kind}">{formal}{body}</encapsulatedLogic>'
        f"{_knowledge(knows)}</businessKnowledgeModel>"
    )


def _type(name: str) -> str:
    return f" typeRef={quoteattr(name)}" if name else ""


def a_service(
    name: str,
    outputs: Sequence[str],
    *,
    inputs: Sequence[str] = (),
    decisions: Sequence[str] = (),
    inside: Sequence[str] = (),
) -> str:
    """Return a decision service."""
    parts = {
        "outputDecision": outputs,
        "encapsulatedDecision": inside,
        "inputDecision": decisions,
        "inputData": inputs,
    }
    return (
        f"<decisionService id={quoteattr(name)} name={quoteattr(name)}>{variable(name)}"
        + "".join(f"<{tag} href={quoteattr(_href(one))}/>" for tag, all_of in parts.items() for one in all_of)
        + "</decisionService>"
    )


def a_type(name: str, base: str, *, allowed: str = "", collection: bool = False) -> str:
    """Return an item definition that refines another type."""
    values = f"<allowedValues><text>{escape(allowed)}</text></allowedValues>" if allowed else ""
    attribute = ' isCollection="true"' if collection else ""
    inner = f"<typeRef>{base}</typeRef>{values}"
    return f"<itemDefinition name={quoteattr(name)}{attribute}>{inner}</itemDefinition>"


def a_table(
    inputs: Sequence[str],
    outputs: Sequence[str],
    *rules: Sequence[str],
    hit: str = "UNIQUE",
    aggregation: str = "",
    allowed: Sequence[str] = (),
    defaults: Sequence[str] = (),
    input_values: Sequence[str] = (),
    annotation: str = "",
) -> str:
    """Return a decision table; each rule is its tests, then its entries, then its annotation."""
    parts = []
    for number, one in enumerate(inputs):
        values = _tests("inputValues", input_values, number)
        asked = f"<inputExpression><text>{escape(one)}</text></inputExpression>"
        parts.append(f'<input id="in{number}">{asked}{values}</input>')
    for number, one in enumerate(outputs):
        name = f" name={quoteattr(one)}" if one else ""
        inner = _tests("outputValues", allowed, number) + _tests("defaultOutputEntry", defaults, number)
        parts.append(f'<output id="out{number}"{name}>{inner}</output>')
    if annotation:
        parts.append(f"<annotation name={quoteattr(annotation)}/>")
    parts += [_rule(number, rule, len(inputs), bool(annotation)) for number, rule in enumerate(rules, 1)]
    attribute = f' aggregation="{aggregation}"' if aggregation else ""
    return f'<decisionTable id="table" hitPolicy="{hit}"{attribute}>{"".join(parts)}</decisionTable>'


def _tests(tag: str, texts: Sequence[str], number: int) -> str:
    written = texts[number] if number < len(texts) else ""
    return f"<{tag}><text>{escape(written)}</text></{tag}>" if written else ""


def _rule(number: int, rule: Sequence[str], inputs: int, annotated: bool) -> str:
    entries = list(rule)
    note = f"<annotationEntry><text>{escape(entries.pop())}</text></annotationEntry>" if annotated else ""
    tests = "".join(f"<inputEntry><text>{escape(one)}</text></inputEntry>" for one in entries[:inputs])
    results = "".join(f"<outputEntry><text>{escape(one)}</text></outputEntry>" for one in entries[inputs:])
    return f'<rule id="r{number}">{tests}{results}{note}</rule>'


def library_of(*files: bytes) -> Library:
    """Return the library of models."""
    return library.put_together([reading.read_file(file, f"{n}.dmn") for n, file in enumerate(files)])


def decide(wanted: str, *files: bytes, **variables: Any) -> Outcome:
    """Evaluate a decision with variables given by name."""
    return decide_with(wanted, variables, *files)


def decide_with(wanted: str, variables: dict[str, Any], *files: bytes) -> Outcome:
    """Evaluate a decision."""
    models = library_of(*files)
    node = models.find(wanted)
    assert node is not None
    return evaluation.evaluate(models, node, variables, NOW)


def result(wanted: str, *files: bytes, **variables: Any) -> Any:
    """Return the result as JSON data; there must be no error."""
    outcome = decide(wanted, *files, **variables)
    assert [error.text("en") for error in outcome.errors] == []
    return outcome.as_dict()["result"]


def rules(*files: bytes) -> set[str]:
    """Return the rules that the check names."""
    return {finding.rule for finding in findings(*files)}


def findings(*files: bytes) -> list[Finding]:
    """Return what the check says."""
    return checking.check([(f"{n}.dmn", file) for n, file in enumerate(files)])
