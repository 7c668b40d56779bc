"""What the check says about decisions before they are deployed, and what reading refuses."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.checking_rules_decisions import DECISIONS
from engine.bpmn.loading import UnreadableDiagram
from engine.dmn import loading
from tests.deciding import (
    a_decision,
    a_function,
    a_model,
    a_service,
    a_table,
    a_type,
    an_input,
    decide,
    findings,
    rules,
    text,
)

IMPORT = '<import name="{}" namespace="{}" importType="{}"/>'
MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def tabled(*written: tuple[str, ...], **options: Any) -> bytes:
    return a_model(a_decision("d", a_table(["a"], ["x"], *written, **options)))


def doubling(levels: int) -> list[str]:
    """Return types that each hold the one before twice: written out they are without end."""
    part = '<itemComponent name="{}"><typeRef>t{}</typeRef></itemComponent>'
    types = [a_type("t0", "number")]
    for n in range(levels):
        parts = part.format("a", n) + part.format("b", n)
        types.append(f'<itemDefinition name="t{n + 1}">{parts}</itemDefinition>')
    return types


OK = a_decision("d", text("1"))
EXAMPLES: list[tuple[str, str, list[bytes]]] = [
    ("not-dmn", "", [b"<definitions/>"]),
    ("not-well-formed", "", [b"<definitions"]),
    ("document-type", "", [b'<!DOCTYPE x [<!ENTITY e "x">]><definitions/>']),
    ("no-decision", "", [a_model(an_input("x"))]),
    ("duplicate-decision", "d", [a_model(OK), a_model(OK, namespace="other")]),
    ("duplicate-id", "x", [a_model(an_input("x"), a_function("x", [], text("1")), OK)]),
    ("same-name", "e", [a_model(OK, a_decision("e", text("1")).replace('name="e"', 'name="d"'))]),
    ("missing-requirement", "d", [a_model(a_decision("d", text("1"), needs=["nowhere"]))]),
    ("missing-model", "", [a_model(IMPORT.format("m", "nowhere", MODEL), OK)]),
    ("foreign-import", "", [a_model(IMPORT.format("m", "n", "http://www.w3.org/2001/XMLSchema"), OK)]),
    ("requirement-cycle", "d", [a_model(a_decision("d", text("1"), needs=["d"]))]),
    ("no-logic", "d", [a_model(a_decision("d", ""))]),
    ("missing-expression", "d", [a_model(a_decision("d", f"<filter><in>{text('a')}</in></filter>"))]),
    ("empty-expression", "d", [a_model(a_decision("d", text("")))]),
    (
        "expression-language",
        "d",
        [
            a_model(
                a_decision(
                    "d", '<literalExpression expressionLanguage="python"><text>1</text></literalExpression>'
                )
            )
        ],
    ),
    ("decision-expression", "d", [a_model(a_decision("d", text("1 + * 2")))]),
    ("decision-expression", "d", [tabled(("> > 1", "1"))]),
    ("decision-expression", "", [a_model(a_type("t", "string", allowed='"a",,"b"'), OK)]),
    ("external-function", "f", [a_model(a_function("f", [], text("1"), kind="Java"), OK)]),
    ("unknown-type", "d", [a_model(a_decision("d", text("1"), gives="nothing"))]),
    ("unknown-hit-policy", "table", [tabled(("-", "1"), hit="BEST")]),
    ("unknown-aggregation", "table", [tabled(("-", "1"), hit="FIRST", aggregation="SUM")]),
    ("unknown-aggregation", "table", [tabled(("-", "1"), hit="COLLECT", aggregation="MEAN")]),
    ("table-without-output", "table", [a_model(a_decision("d", a_table(["a"], [], ("-",))))]),
    ("output-name", "table", [a_model(a_decision("d", a_table(["a"], ["x", ""], ("-", "1", "2"))))]),
    ("rule-entries", "r2", [tabled(("-", "1"), ("-",))]),
    ("missing-priorities", "table", [tabled(("-", "1"), hit="PRIORITY")]),
    ("too-many-expressions", "", [a_model(*(a_decision(f"d{n}", text("1" * 9_000)) for n in range(40)))]),
    ("type-too-large", "", [a_model(*doubling(30), OK)]),
    ("rules-overlap", "table", [tabled(("> 1", "1"), ("[0..2]", "2"))]),
]
# only data show these
AT_RUN_TIME = {
    "decision-not-unique",
    "decision-conflict",
    "value-not-allowed",
    "wrong-type",
    "cannot-aggregate",
    "evaluation-limit",
    "decision-unreadable-input",
}


@pytest.mark.parametrize(("rule", "element", "files"), EXAMPLES)
def test_what_is_wrong_is_named_by_rule_and_element(rule: str, element: str, files: list[bytes]) -> None:
    found = [one for one in findings(*files) if one.rule == rule]

    assert element in {one.element for one in found}
    for one in found:
        for language in ("vi", "en") if rule in DECISIONS else ():
            assert "…" not in one.text(language) + one.remedy(language)


def test_every_rule_has_an_example() -> None:
    assert {rule for rule, _, _ in EXAMPLES} >= set(DECISIONS) - AT_RUN_TIME


def test_an_expression_is_refused_with_its_position() -> None:
    found = findings(a_model(a_decision("d", text("1 + * 2"))))

    assert "cột 5" in found[0].text("vi")
    assert "column 5" in found[0].text("en")
    assert found[0].line == 1


def test_what_is_right_is_found_no_fault_with() -> None:
    model = a_model(
        an_input("điểm số", "number"),
        a_decision("d", a_table(["điểm số"], [""], ("< 5", "1"), (">= 5", "2")), inputs=["điểm số"]),
        a_decision("e", text("d + người nhận.tên gọi"), needs=["d"]),
        a_service("s", ["e"], inputs=["điểm số"], inside=["d"]),
    )

    assert findings(model) == []


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("> 1", "< 2", True),
        (">= 2", "< 2", False),
        ("[1..2]", "2", True),
        ("[1..2)", "2", False),
        ("]1..2]", "1", False),
        ('"a","b"', '"b"', True),
        ('"a"', '"b"', False),
        ('"a,b"', '"a"', False),
        ("true", "false", False),
        ("-", "true", True),
        ("> x", "> 1", False),  # not decidable: no warning
        ("-5", "[-10..0]", True),
    ],
)
def test_rules_that_can_hit_together_are_told_when_it_is_certain(one: str, other: str, meet: bool) -> None:
    assert ("rules-overlap" in rules(tabled((one, "1"), (other, "2")))) is meet


@pytest.mark.parametrize("namespace", sorted(loading.NAMESPACES))
def test_every_version_of_dmn_is_read(namespace: str) -> None:
    content = a_model(OK).replace(MODEL.encode(), namespace.encode())

    assert decide("d", content).result == 1


def test_a_file_that_reads_others_is_refused(tmp_path: Any) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    content = a_model(a_decision("d", text('"&e;"'))).replace(b"&amp;e;", b"&e;")
    hostile = f'<!DOCTYPE definitions [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'.encode() + content

    with pytest.raises(UnreadableDiagram) as refused:
        loading.load(hostile, "x.dmn")

    assert "canary" not in str(refused.value)
    assert "DOCTYPE" in str(refused.value)


@pytest.mark.parametrize("wrapped", ["<list>{}</list>", "<conditional><if>{}</if></conditional>"])
def test_endless_nesting_is_refused(wrapped: str) -> None:
    logic = text("1")
    for _ in range(200):
        logic = wrapped.format(logic)

    assert rules(a_model(a_decision("d", logic))) <= {"nested-too-deep", "not-well-formed"}


@pytest.mark.parametrize(
    "hostile",
    [
        "__import__('os').system('id')",
        "7**99999999",
        "for i in 1..100000000000 return i",
        'matches("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")',
        "x.__class__.__mro__",
    ],
)
def test_hostile_expressions_are_harmless(hostile: str) -> None:
    outcome = decide("d", a_model(a_decision("d", text(hostile))), x="text")

    assert outcome.result in (None, False)


def test_a_type_that_contains_itself_and_one_that_is_its_own_base_are_harmless() -> None:
    tree = (
        '<itemDefinition name="tree"><itemComponent name="left"><typeRef>tree</typeRef></itemComponent>'
        "</itemDefinition>"
    )
    model = a_model(
        tree,
        a_type("own", "own"),
        an_input("x", "tree"),
        an_input("y", "own"),
        a_decision("d", text("x.left.left"), inputs=["x", "y"]),
    )

    assert decide("d", model, x={"left": {"left": 3}}, y=1).result == 3


def test_models_that_import_each_other_are_harmless() -> None:
    one = a_model(IMPORT.format("o", "other", MODEL), a_decision("d", text("o.e + 1"), needs=["other#e"]))
    other = a_model(IMPORT.format("m", "test", MODEL), a_decision("e", text("1")), namespace="other")

    assert findings(one, other) == []
    assert decide("d", one, other).result == 2
