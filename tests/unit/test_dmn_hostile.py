"""Models made to hold a worker: each is refused or comes to an end within its budget."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.dmn import checking, evaluation
from tests.deciding import (
    NOW,
    a_decision,
    a_function,
    a_model,
    a_service,
    a_table,
    a_type,
    an_input,
    library_of,
    text,
)


def many_names() -> bytes:
    """Thousands of names that begin alike, and thousands of texts that could hold any of them."""
    fields = "".join(
        f'<itemComponent name="f {n}"><typeRef>string</typeRef></itemComponent>' for n in range(1_500)
    )
    rules = [(f"f {n} + {n}", "1") for n in range(1_500)]
    table = a_table(["x"], [""], *rules, hit="FIRST")
    return a_model(
        f'<itemDefinition name="T">{fields}</itemDefinition>',
        an_input("x", "T"),
        a_decision("d", table, inputs=["x"]),
    )


def many_types() -> bytes:
    types = [a_type(f"my type {n}", "number") for n in range(2_000)]
    return a_model(*types, *(a_decision(f"d{n}", text(f"{n} instance of my type {n}")) for n in range(500)))


def doubling_types() -> bytes:
    """Types that each hold the one before twice: written out there are 2 ** 400 parts."""
    part = '<itemComponent name="{}"><typeRef>t{}</typeRef></itemComponent>'
    types = [
        f'<itemDefinition name="t{n + 1}">{part.format("a", n)}{part.format("b", n)}</itemDefinition>'
        for n in range(400)
    ]
    return a_model(
        a_type("t0", "number"), *types, an_input("x", "t400"), a_decision("d", text("x"), inputs=["x"])
    )


def dense_circles() -> bytes:
    return a_model(
        *(
            a_decision(f"d{n}", text("1"), needs=[f"d{(n * k + 1) % 800}" for k in (3, 5, 7)])
            for n in range(800)
        )
    )


def service_inside_itself() -> bytes:
    return a_model(a_decision("d", text("s() + s()"), knows=["s"]), a_service("s", ["d"]))


def function_without_end() -> bytes:
    body = text("[f(n), f(n)]")
    return a_model(a_function("f", [("n", "")], body), a_decision("d", text("f(1)"), knows=["f"]))


def growing_lists() -> bytes:
    doubled = [
        a_decision(f"d{n}", text(f"concatenate(d{n - 1}, d{n - 1})"), needs=[f"d{n - 1}"])
        for n in range(1, 60)
    ]
    return a_model(a_decision("d0", text("[1]")), *doubled, a_decision("d", text("d59"), needs=["d59"]))


def overlapping_tests() -> bytes:
    row = tuple(",".join(str(n) for n in range(40)) for _ in range(10))
    return a_model(a_decision("d", a_table(["x"] * 10, [""], *[(*row, "1")] * 250)))


def late_names() -> bytes:
    """A text that cannot be parsed before the data are there, inside a loop."""
    body = text("họ tên + i")
    loop = f"<for iteratorVariable='i'><in>{text('1..5000')}</in><return>{body}</return></for>"
    return a_model(a_decision("d", loop))


@pytest.mark.parametrize(
    "build",
    [
        many_names,
        many_types,
        doubling_types,
        dense_circles,
        service_inside_itself,
        function_without_end,
        growing_lists,
        overlapping_tests,
        late_names,
    ],
)
def test_a_hostile_model_comes_to_an_end(build: Callable[[], bytes]) -> None:
    models = library_of(build())
    findings = checking.check_library(models)
    node = models.find("d") or models.callable[0]

    outcome = evaluation.evaluate(models, node, {"x": 5, "họ tên": "An"}, NOW)

    assert len(findings) < 1_000
    assert len(outcome.errors) <= 50
    assert len(outcome.evaluations) <= 200


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (service_inside_itself, "evaluation-limit"),
        (function_without_end, "evaluation-limit"),
        (growing_lists, "evaluation-limit"),
        (dense_circles, "requirement-cycle"),
    ],
)
def test_what_has_no_end_is_an_error(build: Callable[[], bytes], rule: str) -> None:
    models = library_of(build())
    node = models.find("d") or models.callable[0]

    outcome = evaluation.evaluate(models, node, {}, NOW)

    assert rule in {error.rule for error in outcome.errors}
