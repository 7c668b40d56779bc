"""Mutated FEEL texts: whatever is written, the answer is a value or a FEEL error, soon.

`make test` runs a few thousand mutants. `make soak` runs a million in two processes and prints how many there
were, the slowest, and what must be none: foreign exceptions, and runs over 250 ms of processor time.
"""

from __future__ import annotations

import gc
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine import feel

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "dmn-tck" / "TestCases"
SEED = 20261120
QUICK, SOAK, PROCESSES = 5_000, 1_000_000, 2
COLLECT_EVERY = 500
MOST_SECONDS = 0.25
LONGEST = 12_000

VARIABLES: dict[str, Any] = {
    "a": 1,
    "b": [1, 2, 3],
    "c": {"d": "x", "điểm số": 5, "e": [{"f": 1}, {"f": None}]},
    "s": "văn bản " * 20,
    "rows": [{"id": n, "votes": n % 10, "unit": "P1"} for n in range(40)],
    "điểm-cộng": 2,
    "in ấn": True,
    "Full Name": "Ân",
    "long": "ab" * 4_000,
    "many": list(range(400)),
}
TYPES: feel.Types = {
    "tPoint": ("context", (("x", "number"), ("y", "number"))),
    "tList": ("list", "number"),
    "tQuick": ("function", ("number",), "Any"),
}
SEEDS = r"""
if a > 1 then "x" else b[item > 2][1]
for i in 1..10, j in b return partial[-1] + i * j
some x in rows satisfies x.votes > 5 and x.unit = "P1"
every x in [1..3], y in (1..3) satisfies x < y
{f: function(n: number) if n <= 0 then 0 else f(n - 1) + 1, r: f(20)}.r
rows[votes >= 5 and unit = "P1"].id
sort(rows, function(x, y) x.votes > y.votes)
list replace(b, function(item, newItem) item < newItem, 2)
c.điểm số + điểm-cộng * 2 ** 3
replace(s, "(v)(ă)", "$2$1", "i")
matches("abc", "^[A-Z-[OI]]+\\p{IsBasicLatin}\\i\\c*(a|b){1,5}$", "smix")
split(long, "a+b?|x") = string join(b, ",")
date and time("2026-10-16T08:00:00@Asia/Ho_Chi_Minh") + duration("P1Y2M") - @"P3DT4H5M6.789S"
@"-999999999-12-31T23:59:59.999999999Z" < @"999999999-01-01" + @"PT1H"
range("[@\"2026-01-01\"..@\"2026-02-01\")") = [1..5)
before([1..5], (5..9]) or overlaps after(]1..5], [5..9[) or includes((< 10), 5)
context put(c, ["e", "f"], context merge([c, {"a b": 1}])).a b
get entries(context([{key: "x", value: 1}]))
string([1.50, "a\"\u1EA4", @"P1D", {g: null, "h i": [1..2]}, function(x) x])
number("1.000,5", ".", ",") + decimal(1/3, 2) + round half up(-2.555, 2) + modulo(-10, 3) + sqrt(2) + exp(1)
stddev(many) + median(b) + sum(mode(b)) + product(1, 2) + mean(many)
1 instance of list<context<a: function<number> -> Any>> or b instance of tList or c instance of tPoint
not(a in (> 5, [1..3], "x", null)) and a between 0 and in ấn
assert(a, a > 1, "không đúng") + get or else(null, 1)
day of week(today()) + string(now().time offset) + week of year(date(2026, 1, 1))
-a ** -b / 1E5 + .5
"a" in ["a".."c"] and is(@"10:00:00Z", time(10, 0, 0, @"PT0H"))
flatten([[1], [[2]]]) = distinct values(union(b, [3, 4])) // comment
index of(concatenate(b, many), 3) /* comment */
function(x, y: string) external {java: {class: "java.lang.Math", method signature: "cos(double)"}}
`Full Name` + Full Name + upper case(s)
"P1", "P2", not("x"), > 5, [1..3)
not(< 5, "x")
-
"""
ALPHABET = (
    "abcxyzAđếờữ0123456789 ._?`'\"\\/+-*=<>!@()[]{},:;#$%^&|~\n\t\r\0"
    "\u0301\u00a0\u200b\u2019\u202e\ufeff\ud800\udfff\U0001f600"
)
WORDS = (
    r"""if|then|else|for|in|return|some|every|satisfies|and|or|not|between|instance of|function|external|null
    |true|false|item|partial|list|context|range|number|string|date|time|date and time|?|..|...|**|<=|>=|!=|->
    |sort(|count(|string(|replace(|matches(|split(|range(|get entries(|flatten(|concatenate(|exp(|)|[]|{}
    |a.b|c.e|s|many|long|rows|0|-1|1E6144|1e-6143|9999999999999999999999999999999999|"\u0000"|""|@"P1D"
    |@"2026-10-16T08:00:00"|@"2026-10-16"|date and time(|context put(|(1..2)""".replace("\n    ", "")
).split("|")
WRAPPERS = (
    ("(", ")"),
    ("[", "]"),
    ("{x: ", "}"),
    ("{x: ", "}.x"),
    ("not(", ")"),
    ("string(", ")"),
    ("-", ""),
    ("if true then ", " else 1"),
    ("for i in many return ", ""),
    ("some i in b satisfies ", ""),
    ("function(x) ", ""),
    ("b[", "]"),
    ("sort(b, function(x, y) ", ")"),
    ("concatenate(", ", many)"),
    ("", "[item > 1]"),
    ("", " + 1"),
    ("", ".x"),
    ("", "(1)"),
    ("/*", "*/"),
)
_TOKENS = re.compile(r'"[^"]*"|\w+|\s+|.', re.S)


def corpus_texts() -> list[str]:
    """Return the FEEL texts of the conformance suite, none when it is not there."""
    texts = {
        (element.text or "").strip()
        for path in sorted(CORPUS.rglob("*.dmn"))
        for element in etree.parse(str(path)).iter("{*}text")
    }
    return sorted(text for text in texts if text)


def change_character(text: str, chance: random.Random, _texts: list[str]) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(["", chance.choice(ALPHABET)]) + text[place + chance.randrange(2) :]


def change_token(text: str, chance: random.Random, _texts: list[str]) -> str:
    tokens = _TOKENS.findall(text) or [""]
    place, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
    match chance.randrange(4):
        case 0:
            tokens[place] = chance.choice(WORDS)
        case 1:
            tokens[place], tokens[other] = tokens[other], tokens[place]
        case 2:
            tokens.insert(place, f" {chance.choice(WORDS)} ")
        case _:
            del tokens[place]
    return "".join(tokens)


def splice(text: str, chance: random.Random, texts: list[str]) -> str:
    other = chance.choice(texts)
    return text[: chance.randrange(len(text) + 1)] + other[chance.randrange(len(other) + 1) :]


def duplicate(text: str, chance: random.Random, _texts: list[str]) -> str:
    begin = chance.randrange(len(text) + 1)
    end = min(len(text), begin + chance.randrange(1, 40))
    return text[:end] + text[begin:end] * chance.choice([1, 1, 2, 5, 50, 1_000]) + text[end:]


def nest(text: str, chance: random.Random, _texts: list[str]) -> str:
    levels = chance.choice([1, 1, 2, 3, 10, 60, 200])
    before, after = chance.choice(WRAPPERS)
    return before * levels + text + after * levels


def substitute(text: str, chance: random.Random, texts: list[str]) -> str:
    """Put one text where another has a literal."""
    return re.sub(r"\b\d+\b|\b[abcs]\b", lambda _found: f"({chance.choice(texts)})", text, count=1)


def enlarge(text: str, chance: random.Random, _texts: list[str]) -> str:
    large = chance.choice(
        ["1000000000", "-1", "0", "1E6144", "0.1", "99999999999999999999999999999999999999"]
    )
    return re.sub(r"\d+", large, text, count=chance.choice([1, 1, 0]))


MUTATIONS: tuple[Callable[[str, random.Random, list[str]], str], ...] = (
    change_character,
    change_character,
    change_token,
    change_token,
    splice,
    duplicate,
    nest,
    substitute,
    enlarge,
)


def mutants(seed: int, count: int) -> Iterator[str]:
    """Yield so many mutants of the texts, the same for a seed."""
    chance = random.Random(seed)  # noqa: S311 - a deterministic sequence is what is wanted
    texts = [line for line in SEEDS.splitlines() if line] + corpus_texts()
    for _ in range(count):
        text = chance.choice(texts)
        for _ in range(chance.choice([1, 1, 1, 2, 3, 5])):
            text = chance.choice(MUTATIONS)(text, chance, texts)[:LONGEST]
        yield text


def evaluate(text: str) -> None:
    feel.evaluate(text, VARIABLES, NOW)


def judge(text: str) -> None:
    feel.unary_test(text, "x", VARIABLES, NOW)


def decide(text: str) -> None:
    feel.condition(text, VARIABLES, NOW)


def check(text: str) -> None:
    feel.check(text)
    feel.find_zoneless(text)


def evaluate_with_types(text: str) -> None:
    run = feel.Run(NOW)
    value = feel.compile_expression(text, frozenset(VARIABLES), TYPES).run(VARIABLES, run)
    feel.to_text(value)
    feel.coerce(run, value, "tList")


WAYS: tuple[Callable[[str], None], ...] = (evaluate, evaluate, judge, decide, check, evaluate_with_types)


@dataclass
class Report:
    """What running mutants came to."""

    count: int = 0
    slowest: float = 0.0
    slowest_text: str = ""
    foreign: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    refused: int = 0
    limited: int = 0

    def line(self) -> str:
        return (
            f"{self.count} mutants, {self.refused} refused, {self.limited} at a limit, slowest "
            f"{self.slowest * 1000:.1f} ms, foreign exceptions {len(self.foreign)}, "
            f"over {MOST_SECONDS * 1000:.0f} ms {len(self.slow)}"
        )


def run_mutants(seed: int, count: int) -> Report:
    """Run the mutants of a seed, each in one way, and report."""
    report = Report(count)
    feel.check("1")  # reads the grammar
    gc.disable()
    for number, text in enumerate(mutants(seed, count)):
        if number % COLLECT_EVERY == 0:
            gc.collect()  # here, so that what earlier mutants left is not counted as the time of this one
        begin = time.process_time()
        try:
            WAYS[number % len(WAYS)](text)
        except feel.FeelLimit:
            report.limited += 1
        except feel.FeelError as error:
            report.refused += 1
            error.text("vi")
        except Exception as error:  # noqa: BLE001 - what must not happen is counted and shown
            report.foreign.append(
                f"{type(error).__name__}: {error} in {WAYS[number % len(WAYS)].__name__}: {text!r}"
            )
        taken = time.process_time() - begin
        if taken > report.slowest:
            report.slowest, report.slowest_text = taken, text
        if taken > MOST_SECONDS:
            report.slow.append(f"{taken * 1000:.0f} ms: {text!r}"[:2_000])
    gc.enable()
    return report


def test_mutants_give_a_value_or_a_feel_error() -> None:
    report = run_mutants(SEED, QUICK)

    sys.stdout.write(f"\nseed {SEED}: {report.line()}\n")
    assert report.foreign == []


@pytest.mark.soak
def test_a_million_mutants_give_a_value_or_a_feel_error_soon() -> None:
    seeds = [SEED + number for number in range(1, PROCESSES + 1)]

    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        reports = list(pool.map(run_mutants, seeds, [SOAK // PROCESSES] * PROCESSES))

    for seed, report in zip(seeds, reports, strict=True):
        sys.stdout.write(f"\nseed {seed}: {report.line()}\nslowest: {report.slowest_text[:300]!r}\n")
    assert [foreign for report in reports for foreign in report.foreign] == []
    assert [slow for report in reports for slow in report.slow] == []
