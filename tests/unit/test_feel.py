"""FEEL: what expressions, conditions, attributes and unary tests give."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, getcontext
from threading import Thread

import pytest

from engine import feel
from engine.feel import FeelError

NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)  # already 16 October in Vietnam
CASE = {
    "award_level": "state",
    "score": 95,
    "nominee": {"unit": "a", "name": "Ân"},
    "rows": [{"id": 1, "votes": 3}, {"id": 2, "votes": 7}, {"id": 3, "votes": None}],
}


def value_of(text: str, **variables: object) -> object:
    return feel.evaluate(text, variables, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("-2 ** 2", 4),
        ("7 / 2", 3.5),
        ("0.1 + 0.2 = 0.3", True),
        ("10 - 2 - 3", 5),
        ('"a" + "b"', "ab"),
        ("if 1 > 2 then 1 else 2", 2),
        ("if null then 1 else 2", 2),
        ("for i in 1..3 return i * i", [1, 4, 9]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in [1, 2], j in [10, 20] return i + j", [11, 21, 12, 22]),
        ("for i in 1..4 return if i < 3 then 1 else partial[-1] + partial[-2]", [1, 1, 2, 3]),
        ("some i in [1, 5] satisfies i > 3", True),
        ("every i in [1, 5] satisfies i > 3", False),
        ("[1, 2, 3][item > 1]", [2, 3]),
        ("[1, 2, 3][-1]", 3),
        ("[1, 2, 3][4]", None),
        ("{a: 1, b: a + 1}.b", 2),
        ("{a b: 1}.a b", 1),
        ("5 between 1 and 5", True),
        ("5 in [1..5)", False),
        ("5 in (1, > 4)", True),
        ("5 in [null..10]", None),
        ("50 in [null..10]", False),
        ("5 in (< 10)", True),
        ("5 in ]1..5]", True),
        ('{f: function(a, b) a + b, r: f(b: 1, a: "x")}.r', None),
        ("(function(a: number, b) a - b)(5, 2)", 3),
        ("[1, 2] instance of list<number>", True),
        ('{"điểm": 1} instance of context<điểm: number>', True),
        ("1 instance of string", False),
        ('@"2026-01-31" + duration("P1M")', "2026-02-28"),
        ('(@"2026-10-20" - @"2026-10-16").days', 4),
        ('@"2026-10-16".weekday', 5),
        ("`a b` + 1 // a comment", None),
    ],
)
def test_an_expression_gives_its_value(text: str, expected: object) -> None:
    assert value_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("null and false", False),
        ("null and true", None),
        ("null or true", True),
        ("null or false", None),
        ("not(null)", None),
        ("null = null", True),
        ("1 = null", False),
        ("0 between 1 and null", False),
        ("3 between null and 2", False),
        ("2 between 1 and null", None),
        ('1 = "1"', None),
        ('1 < "1"', None),
        ("1 / 0", None),
        ("1 + null", None),
        ("missing", None),
        ("missing.name", None),
        ("every x in [true, null] satisfies x", None),
    ],
)
def test_logic_has_three_values(text: str, expected: object) -> None:
    assert value_of(text) is expected


def test_numbers_keep_thirty_four_digits_and_leave_the_context_alone() -> None:
    before = getcontext().copy()

    digits = feel.compile_expression("1 / 3").evaluate({}, NOW)

    assert digits == Decimal("0." + "3" * 34)
    assert getcontext().prec == before.prec
    assert getcontext().traps == before.traps


def test_variables_are_read_by_path_and_filter() -> None:
    assert feel.evaluate("rows[votes > 5].id", CASE, NOW) == [2]
    assert feel.evaluate("rows.votes", CASE, NOW) == [3, 7, None]
    assert feel.evaluate('nominee.unit in ["a", "b"] and score >= 90', CASE, NOW) is True


def test_no_attribute_of_a_host_object_can_be_reached() -> None:
    for text in ("x.__class__", "x.real", "rows.append", "x.__class__.__mro__", "keys.items"):
        assert feel.evaluate(text, {"x": 1, "keys": {}, **CASE}, NOW) in (None, [None, None, None])


def test_data_other_than_json_are_refused() -> None:
    with pytest.raises(FeelError, match="not JSON"):
        feel.evaluate("x", {"x": object()}, NOW)


def test_now_and_today_are_those_of_vietnam_at_the_given_moment() -> None:
    assert value_of("today()") == "2026-10-16"
    assert value_of("now()") == "2026-10-16T03:00:00+07:00"
    assert value_of('now() < date and time("2026-10-16T03:00:01+07:00")') is True


def test_values_become_plain_json() -> None:
    text = '[1, 1.5, 1e3, @"2026-10-16", @"08:00:00", @"P1DT2H", @"P1Y2M", [1..2], {a: null}]'

    given = value_of(text)

    assert given == [1, 1.5, 1000, "2026-10-16", "08:00:00", "P1DT2H", "P1Y2M", "[1..2]", {"a": None}]
    assert [type(item) for item in given[:3]] == [int, float, int]


def test_an_attribute_without_an_equals_sign_is_its_own_text() -> None:
    assert feel.resolve("P1.staff", {"P1": 1}, NOW) == "P1.staff"
    assert feel.resolve('=office + ".staff"', {"office": "P1"}, NOW) == "P1.staff"
    assert feel.resolve("=missing", {}, NOW) is None


def test_a_condition_is_exactly_true_or_false() -> None:
    assert feel.condition('=award_level = "state"', CASE, NOW) is True
    assert feel.condition("score < 90", CASE, NOW) is False


@pytest.mark.parametrize("text", ["=missing > 1", "=score", '="true"', "=null", "=award_level > 3"])
def test_a_condition_that_gives_anything_else_is_an_error(text: str) -> None:
    with pytest.raises(FeelError, match="condition gave"):
        feel.condition(text, CASE, NOW)


def test_the_error_of_a_condition_says_why_in_both_languages() -> None:
    with pytest.raises(FeelError) as caught:
        feel.condition("=điểm > 1", CASE, NOW)

    assert "there is no name 'điểm'" in caught.value.text("en")
    assert "không có tên “điểm”" in caught.value.text("vi")


@pytest.mark.parametrize(
    ("tests", "value", "expected"),
    [
        ("-", 1, True),
        ("1, 2", 2, True),
        ("not(1, 2)", 2, False),
        ("> 5, < 2", 1, True),
        ("[1..3]", 3, True),
        ("[1..3)", 3, False),
        ('"sign"', "return", False),
        ("? > 2 and ? < 4", 3, True),
        ("limit", 7, True),
        ("> limit", 8, True),
        ("null", None, True),
        ("> 5", None, None),
        ('> "a"', 1, None),
        ('contains(?, "b")', "abc", True),
    ],
)
def test_unary_tests_judge_a_value(tests: str, value: object, expected: bool | None) -> None:
    assert feel.unary_test(tests, value, {"limit": 7}, NOW) is expected


@pytest.mark.parametrize(
    ("text", "position"),
    [("1 +", 3), ("1 ~ 2", 2), ("(1, 2", 2), ("if a then b", 11), ("", 0), ("a = = b", 4), ("[1, 2", 5)],
)
def test_text_that_does_not_parse_is_refused_with_its_position(text: str, position: int) -> None:
    with pytest.raises(FeelError) as caught:
        feel.check(text)

    assert caught.value.position == position
    assert caught.value.text("vi") != caught.value.text("en")


def test_the_check_takes_words_side_by_side_for_a_name() -> None:
    feel.check("đã ký = true and điểm số > 3")
    feel.check("in ấn > 1 and x in in ấn")
    feel.check("for x in in ấn return in ấn + x")
    with pytest.raises(FeelError):
        feel.check("in > 1")


def test_a_compiled_expression_serves_many_threads() -> None:
    expression = feel.compile_expression("sum(for i in 1..n return i / 3) * 3")
    wrong: list[object] = []

    def work(n: int) -> None:
        for _ in range(20):
            value = expression.evaluate({"n": n}, NOW)
            if abs(value - n * (n + 1) // 2) > Decimal("1e-25"):  # type: ignore[operator]
                wrong.append(value)

    threads = [Thread(target=work, args=(n,)) for n in (10, 20, 30, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_an_expression_is_compiled_once() -> None:
    assert feel.compile_expression("score > 1") is feel.compile_expression("score > 1")


def test_feel_values_pass_between_expressions() -> None:
    due = feel.compile_expression('date("2026-10-16") + duration("P4D")').evaluate({}, NOW)
    wait = feel.compile_expression('duration("PT36H")').evaluate({}, NOW)

    assert feel.to_json(due) == "2026-10-20"
    assert feel.to_json(wait) == "P1DT12H"
    assert feel.evaluate("due + wait > today()", {"due": due, "wait": wait}, NOW) is True


def test_temporal_values_of_python_become_those_of_feel() -> None:
    given = {"day": date(2026, 10, 16), "at": NOW, "long": timedelta(hours=30)}

    assert feel.evaluate("[day.year, at.hour, long.days, (day + long).day]", given, NOW) == [2026, 20, 1, 17]
