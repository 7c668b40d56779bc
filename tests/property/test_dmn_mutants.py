"""Damaged DMN files: refused or evaluated within the limits, never an exception of another kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress

import pytest
from lxml import etree

from engine.bpmn.loading import UnreadableDiagram
from engine.dmn import checking, evaluation, library, reading
from engine.errors import EngineError
from tests.deciding import (
    NOW,
    a_decision,
    a_function,
    a_model,
    a_service,
    a_table,
    a_type,
    an_input,
    text,
)

TEXTS = (
    "",
    "-",
    "1 +",
    "null",
    "for i in 1..1000000000 return i",
    "top",
    "double(double)",
    "[1, 2][item > 1]",
    "?",
    "function(a) a",
    '@"2020"',
    "{a: 1}.a",
)
ATTRIBUTES = ("", "x", "#top", "true", "COLLECT", "number", "list<", "Java", "điểm số", "function")


def rich_model() -> bytes:
    table = a_table(["điểm số"], ["a", "b"], ("> 1", "1", '"x"'), ("-", "2", '"y"'), hit="COLLECT")
    loop = f'<for iteratorVariable="i"><in>{text("[1,2]")}</in><return>{text("i * 2")}</return></for>'
    context = f'<context><contextEntry><variable name="k"/>{text("1")}</contextEntry></context>'
    return a_model(
        a_type("grade", "string", allowed='"A", "B"'),
        an_input("điểm số", "number"),
        a_function("double", [("n", "number")], text("n * 2")),
        a_decision("rows", table, inputs=["điểm số"]),
        a_decision("loop", loop),
        a_decision("context", context),
        a_decision("top", text("double(count(rows)) + sum(loop)"), needs=["rows", "loop"], knows=["double"]),
        a_service("service", ["top"], inputs=["điểm số"], inside=["rows", "loop"]),
        a_decision("last", text("service(5)"), knows=["service"], gives="number"),
    )


def damage(root: etree._Element, chance: random.Random) -> None:
    nodes = list(root.iter())
    for _ in range(chance.randint(1, 6)):
        node, other = chance.choice(nodes), chance.choice(nodes)
        way = chance.randrange(6)
        if way == 0 and node.getparent() is not None:
            node.getparent().remove(node)
        elif way == 1 and node.attrib:
            del node.attrib[chance.choice(sorted(node.attrib))]
        elif way == 2 and node.attrib:
            node.set(chance.choice(sorted(node.attrib)), chance.choice(ATTRIBUTES))
        elif way == 3:
            node.text = chance.choice(TEXTS)
        elif way == 4 and other is not root:
            node.append(etree.fromstring(etree.tostring(other)))
        else:
            node.tag = other.tag


def mutants(seed: int, count: int) -> Iterator[bytes]:
    chance = random.Random(seed)  # noqa: S311  a seeded choice, printed by pytest
    for _ in range(count):
        root = etree.fromstring(rich_model())
        damage(root, chance)
        yield etree.tostring(root)


def survive(content: bytes) -> None:
    try:
        definitions = reading.read_file(content, "mutant.dmn")
    except UnreadableDiagram:
        return
    models = library.put_together([definitions])
    for finding in checking.check_library(models):
        assert finding.text("vi")
        assert finding.text("en")
    for node in models.callable[:6]:
        outcome = evaluation.evaluate(models, node, {"điểm số": 7, "n": [1]}, NOW)
        with suppress(EngineError):  # too much for JSON
            outcome.as_dict()


def test_the_model_before_it_is_damaged_is_sound() -> None:
    models = library.put_together([reading.read_file(rich_model(), "m.dmn")])
    node = models.find("last")
    assert node is not None

    assert checking.check_library(models) == []
    assert evaluation.evaluate(models, node, {}, NOW).as_dict()["result"] == 10


@pytest.mark.parametrize("seed", range(4))
def test_damaged_models_are_refused_or_harmless(seed: int) -> None:
    for content in mutants(seed, 100):
        survive(content)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
def test_many_damaged_models_are_refused_or_harmless(seed: int) -> None:
    for content in mutants(seed, 2_000):
        survive(content)
