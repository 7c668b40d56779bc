"""Boxed expressions give what FEEL's own expressions give."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deciding import a_decision, a_model, decide, result, text


def of(logic: str, **variables: Any) -> Any:
    return result("top", a_model(a_decision("top", logic)), **variables)


def entry(name: str, logic: str, type_name: str = "") -> str:
    reference = f' typeRef="{type_name}"' if type_name else ""
    known = f'<variable name="{name}"{reference}/>' if name else ""
    return f"<contextEntry>{known}{logic}</contextEntry>"


def test_a_context_sees_its_earlier_entries_and_may_have_a_result() -> None:
    entries = entry("điểm số", text("2")) + entry("gấp đôi", text("điểm số * 2"))

    assert of(f"<context>{entries}</context>") == {"điểm số": 2, "gấp đôi": 4}
    assert of(f"<context>{entries}{entry('', text('gấp đôi + 1'))}</context>") == 5


def test_an_entry_of_another_type_is_an_error() -> None:
    model = a_model(a_decision("top", f"<context>{entry('n', text('true'), 'number')}</context>"))

    assert [error.rule for error in decide("top", model).errors] == ["wrong-type"]


def test_lists_and_relations() -> None:
    rows = "".join(f"<row>{text(str(n))}{text(str(n * n))}</row>" for n in (1, 2))

    assert of(f"<list>{text('1')}{text('a')}</list>", a=2) == [1, 2]
    assert of(f'<relation><column name="n"/><column name="its square"/>{rows}</relation>') == [
        {"n": 1, "its square": 1},
        {"n": 2, "its square": 4},
    ]


def test_functions_are_values_that_see_where_they_were_made() -> None:
    function = (
        f'<functionDefinition><formalParameter name="n" typeRef="number"/>{text("n + step")}'
        "</functionDefinition>"
    )
    invocation = f'<invocation>{text("f")}<binding><parameter name="n"/>{text("40")}</binding></invocation>'
    entries = entry("step", text("2")) + entry("f", function) + entry("", invocation)

    assert of(f"<context>{entries}</context>") == 42


@pytest.mark.parametrize("kind", ["Java", "PMML"])
def test_functions_of_other_languages_are_never_called(kind: str) -> None:
    function = f'<functionDefinition kind="{kind}">{text("1")}</functionDefinition>'
    entries = entry("f", function) + entry("", text("f()"))

    outcome = decide("top", a_model(a_decision("top", f"<context>{entries}</context>")))

    assert (outcome.result, [error.rule for error in outcome.errors]) == (None, ["external-function"])


def test_conditionals() -> None:
    branches = f"<then>{text('10')}</then><else>{text('20')}</else>"
    logic = f"<conditional><if>{text('n > 1')}</if>{branches}</conditional>"

    assert (of(logic, n=2), of(logic, n=1), of(logic)) == (10, 20, 20)
    assert of(logic.replace("n &gt; 1", "n"), n="no boolean") is None


def loop(kind: str, source: str, body: str) -> str:
    inner = "return" if kind == "for" else "satisfies"
    return f'<{kind} iteratorVariable="x"><in>{text(source)}</in><{inner}>{text(body)}</{inner}></{kind}>'


def test_iterations() -> None:
    assert of(loop("for", "[1,2,3]", "x * 2")) == [2, 4, 6]
    assert of(loop("for", "[1,2,3]", "x + count(partial)")) == [1, 3, 5]
    assert of(loop("some", "[1,2]", "x > 1")) is True
    assert of(loop("every", "[1,2]", "x > 1")) is False
    assert of(loop("some", "[1,2]", 'if x = 2 then true else "no boolean"')) is None


def test_filters() -> None:
    logic = f"<filter><in>{text('people')}</in><match>{text('age > 30 and item.age < 60')}</match></filter>"

    assert of(logic, people=[{"age": 20}, {"age": 40}, {"age": 70}]) == [{"age": 40}]


def test_a_missing_part_is_an_error() -> None:
    model = a_model(a_decision("top", f"<conditional><if>{text('true')}</if></conditional>"))

    assert [error.rule for error in decide("top", model).errors] == ["missing-expression"]
