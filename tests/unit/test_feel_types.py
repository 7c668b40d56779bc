"""FEEL types: those of a model by name, functions and ranges, and how a model's evaluation uses FEEL."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine import feel
from engine.feel import FeelError

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)
TYPES: feel.Types = {
    "tPoint": ("context", (("x", "number"), ("y", "number"))),
    "tPoints": ("list", ("context", (("x", "number"), ("y", "number")))),
    "tRule": ("function", ("number",), "boolean"),
    "Loại hồ sơ": "string",
    "shared.tName": "string",
    "Mẫu 1.2": "number",
    "tAnything": None,
}


def value_of(text: str, types: feel.Types = TYPES) -> object:
    run = feel.Run(NOW)
    return feel.to_json(feel.compile_expression(text, types=types).run({}, run))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{x: 1, y: 2, z: 3} instance of tPoint", True),
        ("{x: 1} instance of tPoint", False),
        ("[{x: 1, y: null}] instance of tPoints", True),
        ("[{x: 1, y: 2}] instance of list<tPoint>", True),
        ("1 instance of tPoint", False),
        ('"a" instance of Loại hồ sơ', True),
        ("1 instance of shared.tName", False),
        ("{shared: {tName: 1}, r: shared.tName}.r", 1),
        ("1 instance of Mẫu 1.2", True),
        ("1 instance of tAnything", True),
        ("null instance of tAnything", False),
        ("null instance of Null", True),
        ("1 instance of tNone", None),
        ("[] instance of list", None),
        ("{} instance of context<>", True),
        ("{a: 1} instance of context<a: tNone>", None),
        ("(function(n: number) n > 1) instance of tRule", True),
        ("(function(n) n) instance of tRule", True),
        ("(function(n: string) n) instance of tRule", False),
        ("(function() 1) instance of tRule", False),
        ("(function(r: tRule) 1) instance of function<tRule> -> Any", True),
        ("sum instance of function<list<number>> -> number", True),
        ("(function() 1) instance of function<> -> number", True),
        ("[1..2] instance of range<number>", True),
        ("[1..2] instance of range<date>", False),
        ("(> 1) instance of range<number>", True),
        ("[1..2] instance of range", None),
        ('@"P1D" instance of days and time duration', True),
        ('@"P1M" instance of dayTimeDuration', False),
        ("{f: function(p: tPoint) p.x, r: f({x: 3, y: 4})}.r", 3),
        ("{f: function(p: tPoint) p, r: f(1)}.r", None),
    ],
)
def test_instance_of_knows_the_types_of_a_model(text: str, expected: object) -> None:
    assert value_of(text) is expected or value_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("number", "number"),
        ("list<tPoint>", ("list", TYPES["tPoint"])),
        ("Loại hồ sơ", "string"),
        ("shared.tName", "string"),
        ("context<a: number, b: list<date>>", ("context", (("a", "number"), ("b", ("list", "date"))))),
        ("function<number> -> string", ("function", ("number",), "string")),
        ("days and time duration", "days and time duration"),
        ("tNone", None),
        ("list<tNone>", None),
    ],
)
def test_the_name_of_a_type_is_read(text: str, expected: feel.Type) -> None:
    assert feel.read_type(text, TYPES) == expected


@pytest.mark.parametrize(
    ("text", "wanted", "expected"),
    [
        ("1", "number", 1),
        ('"1"', "number", None),
        ("[1]", "number", 1),
        ("[1, 2]", "number", None),
        ("1", ("list", "number"), [1]),
        ('"a"', ("list", "number"), None),
        ("null", "number", None),
        ('@"2026-10-16"', "date and time", "2026-10-16T00:00:00+00:00"),
        ("{a: 1, b: 2}", ("context", (("a", "number"),)), {"a": 1, "b": 2}),
        ("{a: 1}", ("context", (("a", "string"),)), None),
        ("1", None, 1),
        ("1", "Any", 1),
    ],
)
def test_a_value_is_fitted_to_a_type(text: str, wanted: feel.Type, expected: object) -> None:
    run = feel.Run(NOW)

    fitted = feel.coerce(run, feel.compile_expression(text).run({}, run), wanted)

    assert feel.to_json(fitted) == expected


def test_a_value_that_does_not_fit_says_why() -> None:
    run = feel.Run(NOW)

    feel.coerce(run, "1", ("list", TYPES["tPoint"]))

    assert run.warnings == [
        ("no_conversion", {"found": "string", "wanted": "list<context<x: number, y: number>>"})
    ]


def test_a_function_of_the_host_is_called_by_position_and_by_name() -> None:
    def halve(_run: feel.Run, names: dict[str, feel.Value]) -> feel.Value:
        amount = names["số tiền"]
        return amount / 2 if isinstance(amount, Decimal) else None

    function = feel.make_function([("số tiền", "number")], halve, result="number")
    expression = feel.compile_expression(
        '[chia đôi(3), chia đôi(số tiền: [4]), chia đôi(), chia đôi("x")]', frozenset({"chia đôi", "số tiền"})
    )
    run = feel.Run(NOW)

    assert feel.to_json(expression.apply({"chia đôi": function}, run)) == [1.5, 2, None, None]
    assert feel.to_json(feel.call_function(run, function, [], {"số tiền": Decimal(1)})) == 0.5
    assert feel.call_function(run, Decimal(1), []) is None


def test_functions_of_the_host_that_call_themselves_end_at_a_limit() -> None:
    expression = feel.compile_expression("f(n + 1)")

    def call(run: feel.Run, names: dict[str, feel.Value]) -> feel.Value:
        return expression.apply({"f": function, "n": names["n"]}, run)

    function = feel.make_function([("n", "number")], call)

    with pytest.raises(feel.FeelLimit) as caught:
        feel.call_function(feel.Run(NOW), function, [Decimal(1)])
    assert caught.value.reason == "depth"


def test_compiled_tests_judge_values_of_one_run() -> None:
    tests = feel.compile_tests('not("a", > limit)', frozenset({"limit"}))
    run = feel.Run(NOW)

    answers = [tests.apply({"?": value, "limit": "m"}, run) for value in ("a", "b", "z")]

    assert answers == [False, True, False]
    assert run.steps < feel.Run(NOW).steps


def test_an_assertion_that_does_not_hold_is_an_error_with_its_message() -> None:
    assert feel.evaluate("assert(x, x > 1)", {"x": 2}, NOW) == 2

    with pytest.raises(FeelError) as caught:
        feel.evaluate('assert(x, x > 1, "điểm phải lớn hơn 1")', {"x": 1}, NOW)

    assert caught.value.reason == "assertion_cause"
    assert "điểm phải lớn hơn 1" in caught.value.text("vi")
    for text in ("assert(1, null)", "assert(value: 1, condition: false)", "=assert(true, x > 1)"):
        with pytest.raises(FeelError) as caught:
            feel.condition(text, {}, NOW)
        assert caught.value.reason == "assertion"


def test_a_syntax_error_tells_line_and_column() -> None:
    with pytest.raises(FeelError) as caught:
        feel.check("if a > 1\nthen 2\nelse * 3")

    assert (caught.value.position, caught.value.line, caught.value.column) == (21, 3, 6)
    assert "(dòng 3, cột 6): sai cú pháp ở “*”" in caught.value.text("vi")
    assert "(line 3, column 6): syntax error near '*'" in caught.value.text("en")


def test_date_and_time_literals_without_a_zone_are_found() -> None:
    text = '@"2026-10-16T08:00:00" < now() and date and time("2026-10-16T08:00:00+07:00") > hạn nộp ' + (
        'or date and time("2026-10-17T08:00:00") = @"2026-10-16"'
    )

    assert feel.find_zoneless(text) == ["2026-10-16T08:00:00", "2026-10-17T08:00:00"]
    assert feel.find_zoneless('"2026-10-16T08:00:00"') == []
