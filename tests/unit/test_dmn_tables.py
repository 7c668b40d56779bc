"""Decision tables: what each hit policy makes of the rules that hit, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.deciding import a_decision, a_model, a_table, a_type, decide, result


def model(*rules: tuple[str, str], **options: Any) -> bytes:
    table = a_table(["score"], [""], *rules, **options)
    return a_model(a_decision("award", table))


GRADES = ((">= 90", '"high"'), (">= 50", '"fair"'), ("-", '"low"'))


def test_unique_gives_the_rule_that_hits_with_its_annotation() -> None:
    table = a_table(
        ["score"], [""], (">= 90", '"high"', "Article 22"), ("< 90", '"low"', ""), annotation="Source"
    )

    outcome = decide("award", a_model(a_decision("award", table)), score=95)

    told = outcome.as_dict()
    assert told["result"] == "high"
    assert told["evaluations"][0]["inputs"] == {"score": 95}
    assert told["evaluations"][0]["hits"] == [
        {"rule": "r1", "index": 1, "outputs": {"award": "high"}, "annotations": {"Source": "Article 22"}}
    ]


def test_unique_refuses_two_hits_and_names_both_rules() -> None:
    outcome = decide("award", model(*GRADES), score=95)

    assert outcome.result is None
    assert [error.rule for error in outcome.errors] == ["decision-not-unique"]
    assert "1, 2, 3" in outcome.errors[0].text("vi")
    assert "1, 2, 3" in outcome.errors[0].text("en")
    assert [hit.index for hit in outcome.evaluations[0].hits] == [1, 2, 3]


def test_any_accepts_hits_that_agree_and_refuses_those_that_do_not() -> None:
    agreeing = model((">= 90", '"high"'), (">= 80", '"high"'), hit="ANY")
    arguing = model((">= 90", '"high"'), (">= 80", '"fair"'), hit="ANY")

    assert result("award", agreeing, score=95) == "high"
    assert [error.rule for error in decide("award", arguing, score=95).errors] == ["decision-conflict"]


def test_first_stops_at_the_first_hit() -> None:
    outcome = decide("award", model(*GRADES, hit="FIRST"), score=60)

    assert outcome.result == "fair"
    assert [hit.index for hit in outcome.evaluations[0].hits] == [2]


def test_priority_takes_the_output_that_is_listed_first() -> None:
    table = model(*GRADES, hit="PRIORITY", allowed=['"low", "high", "fair"'])

    assert result("award", table, score=95) == "low"


def test_priority_may_be_listed_by_the_type_of_the_output() -> None:
    table = a_table(["score"], [""], *GRADES, hit="PRIORITY").replace(
        '<output id="out0">', '<output id="out0" typeRef="grade">'
    )
    grades = a_type("grade", "string", allowed='"high", "fair", "low"')

    assert result("award", a_model(grades, a_decision("award", table)), score=60) == "fair"


def test_rule_order_gives_all_hits_in_the_order_of_the_rules() -> None:
    assert result("award", model(*GRADES, hit="RULE ORDER"), score=95) == ["high", "fair", "low"]


def test_output_order_gives_all_hits_by_priority() -> None:
    table = model(*GRADES, hit="OUTPUT ORDER", allowed=['"low", "fair", "high"'])

    assert result("award", table, score=95) == ["low", "fair", "high"]


def test_collect_gives_all_hits() -> None:
    assert result("award", model(*GRADES, hit="COLLECT"), score=60) == ["fair", "low"]


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [("SUM", 3.75), ("MIN", 0.25), ("MAX", 2), ("COUNT", 3), ("", [2, 1.5, 0.25])],
)
def test_collect_aggregates(aggregation: str, expected: Any) -> None:
    table = model((">= 90", "2"), (">= 50", "1.5"), ("-", "0.25"), hit="COLLECT", aggregation=aggregation)

    assert result("award", table, score=95) == expected


def test_an_aggregation_of_texts_is_an_error() -> None:
    outcome = decide("award", model(*GRADES, hit="COLLECT", aggregation="SUM"), score=95)

    assert [error.rule for error in outcome.errors] == ["cannot-aggregate"]


def test_several_outputs_are_a_context_and_its_priorities_go_from_left_to_right() -> None:
    table = a_table(
        ["score"],
        ["title", "bonus"],
        ("-", '"b"', "1"),
        ("-", '"a"', "2"),
        ("-", '"a"', "1"),
        hit="OUTPUT ORDER",
        allowed=['"a", "b"', "1, 2"],
    )

    assert result("award", a_model(a_decision("award", table)), score=1) == [
        {"title": "a", "bonus": 1},
        {"title": "a", "bonus": 2},
        {"title": "b", "bonus": 1},
    ]


def test_without_a_hit_the_default_entries_are_given_or_null() -> None:
    rule = (">= 90", '"high"')

    assert result("award", model(rule, defaults=['"none"']), score=1) == "none"
    assert result("award", model(rule), score=1) is None


def test_an_input_that_is_not_allowed_is_an_error_and_null_is_not() -> None:
    table = model(("-", '"any"'), input_values=["[0..100]"])

    refused = decide("award", table, score=101)

    assert (refused.result, [error.rule for error in refused.errors]) == (None, ["value-not-allowed"])
    assert refused.errors[0].element == "in0"
    assert "101" in refused.errors[0].text("vi")
    assert result("award", table, score=None) == "any"


def test_an_output_that_is_not_allowed_is_an_error() -> None:
    outcome = decide("award", model(("-", '"medium"'), allowed=['"high", "low"']), score=1)

    assert (outcome.result, [error.rule for error in outcome.errors]) == (None, ["value-not-allowed"])


def test_tests_may_ask_about_the_input_and_about_other_names() -> None:
    table = model(("? > limit and ? < 2 * limit", '"between"'), ("-", '"else"'), hit="FIRST")

    assert result("award", table, score=15, limit=10) == "between"
    assert result("award", table, score=25, limit=10) == "else"
