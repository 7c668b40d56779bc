"""The built-in functions of FEEL, by kind."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine import feel

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)

STRINGS = [
    ('substring("foobar", 3)', "obar"),
    ('substring("foobar", -2, 1)', "a"),
    ('substring("foobar", 0)', None),
    ('substring(string: "foobar", start position: 3, length: 2)', "ob"),
    ('substring before("foobar", "bar")', "foo"),
    ('substring after("foobar", "ob")', "ar"),
    ('substring after("foobar", "")', "foobar"),
    ('starts with("foobar", "fo")', True),
    ('matches("Foo", "^f", "i")', True),
    ('matches("a", "[")', None),
    ('replace("abcd", "(b)(c)", "$2$1")', "acbd"),
    ('replace("abc", "b", "\\\\$")', "a$c"),
    ('replace("abc", "b*", "x")', None),
    ('replace("a.b", ".", "-", "q")', "a-b"),
    ('split("a;b;;c", ";")', ["a", "b", "", "c"]),
    ('split("điểm số", " ")', ["điểm", "số"]),
    ('string join(["a", null, "b"], "-")', "a-b"),
    ('string join(["a", 1], "-")', None),
    ("string(1.50)", "1.5"),
    ('string([1, "a", {b: null}])', '[1, "a", {b: null}]'),
    ('number("1 000,5", " ", ",")', 1000.5),
    ('number("1,000.5", ",", 1)', None),
    ('number("abc")', None),
    ('trim("  a ")', "a"),
    ('is blank("  ")', True),
    ('extract("references are 1234, 1256, 1378", "12[0-9]*")', ["1234", "1256"]),
    ('extract("abc", "x")', []),
    ('to base64("điểm")', "xJFp4buDbQ=="),
]
NUMBERS = [
    ("decimal(1/3, 2)", 0.33),
    ("decimal(2.5, 0)", 2),
    ("floor(-1.5)", -2),
    ("ceiling(1.51, 1)", 1.6),
    ("round half up(2.5, 0)", 3),
    ("round half down(2.5, 0)", 2),
    ("round up(1.01, 1)", 1.1),
    ("round down(-1.99, 1)", -1.9),
    ("abs(-3)", 3),
    ('abs(@"-P1D")', "P1D"),
    ("modulo(-12, 5)", 3),
    ("modulo(1, 0)", None),
    ("modulo(1E30, 1E-30)", None),
    ("sqrt(16)", 4),
    ("sqrt(-1)", None),
    ("odd(-3)", True),
    ("even(1.5)", None),
]
LISTS = [
    ("min(3, 1, 2)", 1),
    ('max([@"2026-01-01", @"2026-02-01"])', "2026-02-01"),
    ("sum([])", None),
    ("sum(1, 2)", 3),
    ('sum([@"P1D", @"PT12H"])', "P1DT12H"),
    ("mean([1, 2])", 1.5),
    ("median(3, 1, 2, 10)", 2.5),
    ("stddev(2, 4, 7, 5)", 2.0816659994661326),
    ("mode([6, 3, 9, 6, 6, 3, 3])", [3, 6]),
    ("product(2, 3, 4)", 24),
    ("all([true, null])", None),
    ("any([false, true, null])", True),
    ("count([1, null])", 2),
    ("count(null)", None),
    ("list contains([1, null], null)", True),
    ("sublist([1, 2, 3], -2, 1)", [2]),
    ("sublist([1, 2, 3], 2, 5)", None),
    ("append([1], 2, 3)", [1, 2, 3]),
    ("concatenate([1], [2, 3])", [1, 2, 3]),
    ("union([1, 2], [2, 3])", [1, 2, 3]),
    ("distinct values([1, 2, 1])", [1, 2]),
    ("duplicate values([1, 2, 1])", [1]),
    ("insert before([1, 3], 2, 2)", [1, 2, 3]),
    ("remove([1, 2, 3], -1)", [1, 2]),
    ("reverse([1, 2])", [2, 1]),
    ("index of([1, 2, 1], 1)", [1, 3]),
    ("flatten([[1, [2]], 3])", [1, 2, 3]),
    ("list replace([1, 2], 2, 9)", [1, 9]),
    ("list replace([1, 2, 3], function(item, newItem) item < newItem, 3)", [3, 3, 3]),
    ("sort([3, 1, 2])", [1, 2, 3]),
    ("sort([3, 1, 2], function(a, b) a > b)", [3, 2, 1]),
    ('sort([1, "a"])', None),
    ("partition([1, 2, 3], 2)", [[1, 2], [3]]),
    ("is empty([])", True),
]
CONTEXTS = [
    ('get value({a: 1}, "a")', 1),
    ('get value({a: {b: 1}}, ["a", "b"])', 1),
    ('get value({a: 1}, ["a", "b"])', None),
    ("get entries({a: 1})", [{"key": "a", "value": 1}]),
    ('context([{key: "a", value: 1}])', {"a": 1}),
    ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
    ('context put({a: 1}, "b", 2)', {"a": 1, "b": 2}),
    ('context put({a: {b: 1}}, ["a", "b"], 2)', {"a": {"b": 2}}),
    ("context merge([{a: 1}, {a: 2}])", {"a": 2}),
    ("get or else(null, 1)", 1),
    ("is defined(missing)", False),
]
DATES = [
    ('date("2026-02-30")', None),
    ("date(2026, 10, 16)", "2026-10-16"),
    ('date(date and time("2026-10-16T08:00:00"))', "2026-10-16"),
    ('time("08:00:00+07:00").hour', 8),
    ('time(8, 30, 0, duration("PT7H"))', "08:30:00+07:00"),
    ('date and time(date("2026-10-16"), time("08:00:00"))', "2026-10-16T08:00:00"),
    ('date and time("2026-10-16T24:00:00")', "2026-10-17T00:00:00"),
    ('string(date and time("2026-10-16T08:00:00@Asia/Ho_Chi_Minh"))', "2026-10-16T08:00:00@Asia/Ho_Chi_Minh"),
    ('date and time("2026-10-16T08:00:00@No/Where")', None),
    ('years and months duration(date("2024-02-29"), date("2026-10-16"))', "P2Y7M"),
    ('duration("P1D") + duration("PT36H")', "P2DT12H"),
    ('day of week(date("2026-10-16"))', "Friday"),
    ('day of year(date("2026-10-16"))', 289),
    ('month of year(date("2026-10-16"))', "October"),
    ('week of year(date("2026-10-16"))', 42),
    ('last day of month(date("2028-02-01"))', "2028-02-29"),
    ('date and time("2026-10-16T00:00:00+07:00") = date and time("2026-10-15T17:00:00Z")', True),
    ('is(time("08:00:00+07:00"), time("01:00:00Z"))', False),
    ('date and time("2026-10-16T00:00:00") < date and time("2026-10-16T00:00:00Z")', False),
    ('date and time("2026-10-15T23:59:59") < date and time("2026-10-16T00:00:00+07:00")', True),
    ('date and time("2026-10-16T00:00:00") = date and time("2026-10-16T00:00:00Z")', False),
    ('time("07:59:00") < time("08:00:00@Asia/Ho_Chi_Minh")', True),
    ('time("23:00:00") + duration("PT2H")', "01:00:00"),
]
RANGES = [
    ("before(1, [2..3])", True),
    ("after([2..3], 2)", False),
    ("meets([1..2], [2..3])", True),
    ("met by([2..3], [1..2))", False),
    ("overlaps([1..3], [3..5])", True),
    ("overlaps before([1..3], [2..5])", True),
    ("finishes(3, [1..3])", True),
    ("includes([1..5], [2..3])", True),
    ("during(2, [1..3])", True),
    ("starts([1..2], [1..5])", True),
    ("coincides([1..2], [1..2])", True),
    ("before(point1: 1, point2: 2)", True),
    ("meets(1, 2)", None),
    ('range("[1..3]") = [1..3]', True),
    ('range("(..5]")', "<= 5"),
    ('range("[5..1]")', None),
    ('range("[ \\"a..b\\" .. \\"c\\" )").start', "a..b"),
    ("odd(1E50)", False),
    ("even(1E50)", True),
    ("odd(12345678901234567890123456789012345)", False),
    ("[1..5].start included", True),
    ("(< 10) = (null..10)", False),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [*STRINGS, *NUMBERS, *LISTS, *CONTEXTS, *DATES, *RANGES],
    ids=lambda value: str(value),
)
def test_a_built_in_function_gives_its_value(text: str, expected: object) -> None:
    given = feel.evaluate(text, {}, NOW)

    assert given == (pytest.approx(expected) if isinstance(expected, float) else expected)


def test_arguments_that_do_not_fit_give_null_and_a_reason() -> None:
    for text in ("abs()", "abs(1, 2)", 'floor("a")', "floor(m: 1)", "substring()"):
        assert feel.evaluate(text, {}, NOW) is None
