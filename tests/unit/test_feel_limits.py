"""FEEL cannot be made to run long, deep or large: every attack ends with a limit or with null."""

from __future__ import annotations

import inspect
import sys
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import feel
from engine.feel import FeelError, FeelLimit, limits
from engine.feel.code import Scope

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)
LARGE = {
    "text": "x" * 1_000_000,
    "text2": "x" * 999_999 + "z",
    "digits": "1" * 900_000,
    "items": list(range(5_000)),
    "entries": {f"k{n}": n for n in range(1_000)},
}


def nested(step: str, levels: int = 50) -> str:
    steps = ", ".join(f"s{n + 1}: {step.format(n=n)}" for n in range(levels))
    return "{s0: [1, 2], " + steps + "}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("for i in 1..10000000000 return i", "steps"),
        ("every i in 1..10000000000 satisfies i > 0", "steps"),
        ("for a in 1..1000000, b in [] return a", "steps"),
        ("for i in 1..100000 return " + "+".join(["1"] * 1500), "steps"),
        ("(for i in 1..1000 return i)[" + "+".join(["item"] * 1500) + " > 0]", "steps"),
        ("for i in 1..5000 return partial", "steps"),
        ("sort(for i in 1..50000 return 50000 - i)", "steps"),
        ("distinct values(for i in 1..10000 return i)", "steps"),
        ('count(split(text, "x"))', "steps"),
        ('replace(text, "x", text)', "steps"),
        ("string join(for i in 1..100 return text)", "text_size"),
        ('for i in 1..100 return text + "a"', "text_size"),
        ("for i in 1..10000 return substring(text, 2)", "steps"),
        ("for i in 1..10000 return text", "text_size"),
        ("{l: for i in 1..20000 return text, r: count(index of(l, text + text))}.r", "text_size"),
        ('{l: for i in 1..40000 return text, r: index of(l, substring(text, 2) + "y")}.r', "steps"),
        ("{l: for i in 1..9000 return if odd(i) then text else text2, r: sort(l)}.r", "steps"),
        ("for i in 1..9000 return 3 ** -(i + 0.1)", "steps"),
        ("for i in 1..100000 return number(digits)", "steps"),
        ("for i in 1..1000 return string(items)", "steps"),
        ("for i in 1..1000 return get entries(entries)", "steps"),
        ("for i in 1..10000 return items instance of list<number>", "steps"),
        ("for i in 1..1000 return -1 in items", "steps"),
        ("for i in 1..100000 return exp(1.1)", "steps"),
        ('matches("a", "' + "a" * 3000 + '")', "pattern_size"),
        ("{f: function(x) f(x), r: f(1)}.r", "depth"),
        ("{f: function(n) if n <= 0 then 0 else f(n - 1) + f(n - 1), r: f(15)}.r", "steps"),
        ("(function(x) x(x))(function(x) x(x))", "depth"),
        ("not(" * 300 + "true" + ")" * 300, "depth"),
        ("[" * 200 + "]" * 200, "depth"),
        ("-" * 3000 + "1", "depth"),
        ("x" + ".a" * 1500, "depth"),
        ("(" * 5000 + "1" + ")" * 5000, "length"),
        ("1 " * 4500, "tokens"),
        ('"' + "a" * 20_000_000 + '"', "length"),
        (nested("concatenate(s{n}, s{n})"), "steps"),
        (nested("[s{n}, s{n}]"), "data_size"),
        ("string(" + nested("[s{n}, s{n}]") + ")", "data_size"),
        ("{a: " + nested("[s{n}, s{n}]") + ".s50, b: a = a}.b", "steps"),
        ("flatten(" + nested("[s{n}, s{n}]") + ".s50)", "steps"),
        (nested("[s{n}, s{n}]") + ".s50.x", "steps"),
    ],
    ids=lambda value: value[:40],
)
def test_an_attack_ends_at_a_limit(text: str, reason: str) -> None:
    with pytest.raises(FeelLimit) as caught:
        feel.evaluate(text, LARGE, NOW)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "7 ** 99999999",
        "exp(99999999)",
        "0 ** -5",
        "exp(-99999999)",
        "1E-6176 / 3",
        "x.__class__.__mro__",
        'os.system("id")',
        'eval("1")',
        '__import__("os")',
        'matches("a", "(((a{100}){100}){100}){100}")',
        r'matches("aa", "(a)\1")',
        'matches("a", "(?=a)")',
        "for i in 1E6000..1E6001 return i",
        '@"999999999-12-31" + @"P1D"',
        '@"P999999999D" * 1E30',
        '@"-999999999-01-01" - @"P1M"',
        '@"P1Y" * 1E300',
        '@"2026-10-16T08:00:00@Europe' + "/Mealia" * 500 + '"',
        'substring("foobar", 1E6144, 6)',
        "date(1E6144, 1, 1)",
        "decimal(1, 1E6144)",
        "sublist([1], 1E6144)",
        'replace("a", "a", "$' + "9" * 5_000 + '") + 1',
        'range("[' + "1.." * 300 + '")',
    ],
)
def test_what_cannot_be_computed_is_null_at_once(text: str) -> None:
    assert feel.evaluate(text, {"x": 1}, NOW) is None


def test_a_pattern_that_backtracks_elsewhere_takes_linear_time_here() -> None:
    text = 'matches("' + "a" * 5_000 + '!", "^(a+)+$")'

    assert feel.evaluate(text, {}, NOW) is False


def test_long_chains_cost_no_depth() -> None:
    assert feel.evaluate(" and ".join(["true"] * 1_000), {}, NOW) is True
    assert feel.evaluate("+".join(["1"] * 1_500), {}, NOW) == 1_500


def test_data_that_are_too_deep_or_too_many_are_refused() -> None:
    deep: object = 1
    for _ in range(100):
        deep = [deep]

    for data in (deep, list(range(limits.MAX_DATA + 1))):
        with pytest.raises(FeelLimit):
            feel.evaluate("count(x)", {"x": data}, NOW)


def test_names_of_several_words_are_few_and_short() -> None:
    many = {" ".join("abc"[n // 3**place % 3] for place in range(7)): n for n in range(3**7)}

    assert feel.evaluate("abc", {"abc": 1, **many}, NOW) == 1
    assert feel.evaluate("x", {"x": 1, "a " * 5_000: 2}, NOW) == 1
    with pytest.raises(FeelLimit) as caught:
        feel.evaluate(" + ".join(many)[: limits.MAX_LENGTH], many, NOW)
    assert caught.value.reason == "names"


def test_ordinary_work_stays_far_below_the_limits() -> None:
    rows = [{"id": n, "votes": n % 10, "unit": "P1"} for n in range(1_000)]
    run = limits.Run(NOW)
    expression = feel.compile_expression('count(rows[votes >= 5 and unit = "P1"])')

    value = expression.run({"rows": rows}, run)

    assert value == 500
    assert run.steps > limits.MAX_STEPS * 0.8


def test_a_limit_inside_a_sort_ends_the_evaluation() -> None:
    with pytest.raises(FeelLimit):
        feel.evaluate("sort(for i in 1..9000 return modulo(i * 7919, 9001), function(a, b) a < b)", {}, NOW)


def test_a_deep_host_gets_a_limit_and_no_other_error() -> None:
    def dig(levels: int) -> object:
        return dig(levels - 1) if levels else feel.check("[" * 90 + "1" + "]" * 90 + f" + {sys.maxsize}")

    with pytest.raises(FeelLimit):
        dig(sys.getrecursionlimit() - len(inspect.stack()) - 120)


def test_scopes_hold_nothing_but_names() -> None:
    assert Scope.__slots__ == ("names", "outer", "run")


WORDS = (
    "x rows điểm số in and or if then else for return some every satisfies between instance of item context"
)
SIGNS = ". .. , : ( ) [ ] { } + - * / ** = != < >= ? // /* ' \\ ~ `a b`"
VALUES = '1 -1 0.5 "a" null true @"P1D" @"2026-10-16" list<number> function(a) [1..3] (<5) now()'
CALLS = "not( date( sort( string( count( range( matches( split( put("
PIECES = f"{WORDS} {SIGNS} {VALUES} {CALLS}".split()


def judge(text: str, variables: dict[str, object], now: datetime) -> object:
    return feel.unary_test(text, 5, variables, now)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from(PIECES), max_size=14))
def test_any_text_gives_a_value_or_a_feel_error(pieces: list[str]) -> None:
    text = " ".join(pieces)

    for run in (feel.evaluate, judge):
        with suppress(FeelError):
            run(text, {"x": 1, "rows": [{"a": 1}], "điểm số": None}, NOW)
