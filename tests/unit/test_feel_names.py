"""FEEL names: Vietnamese letters, spaces and signs, composed and decomposed."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Literal

import pytest

from engine import feel

Form = Literal["NFC", "NFD"]
NOW = datetime(2026, 10, 15, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "variables", "expected"),
    [
        ("điểm số * 2", {"điểm số": 4}, 8),
        ("điểm\n  số * 2", {"điểm số": 4}, 8),
        ("người đề nghị.họ và tên", {"người đề nghị": {"họ và tên": "Ân"}}, "Ân"),
        ("in ấn + 1", {"in ấn": 1}, 2),
        ("for x in in ấn return x", {"in ấn": [1]}, [1]),
        ("điểm-cộng", {"điểm-cộng": 5, "điểm": 3, "cộng": 1}, 5),
        ("điểm-cộng", {"điểm": 3, "cộng": 1}, 2),
        ("`điểm-cộng` + 1", {"điểm-cộng": 5}, 6),
        ("khoản.Số tiền (VND)", {"khoản": {"Số tiền (VND)": 9}}, 9),
        ("rows[điểm số > 2].tên", {"rows": [{"điểm số": 1, "tên": "a"}, {"điểm số": 3, "tên": "b"}]}, ["b"]),
        ("{điểm số: 1, tổng: điểm số + 1}.tổng", {}, 2),
        ("for số phiếu in [1, 2] return số phiếu + 1", {}, [2, 3]),
        ("(function(số phiếu) số phiếu + 1)(2)", {}, 3),
        ("{in: 1}.in", {}, 1),
        ("count", {"count": 3}, 3),
    ],
)
def test_a_name_in_scope_is_found(text: str, variables: dict[str, object], expected: object) -> None:
    assert feel.evaluate(text, variables, NOW) == expected


@pytest.mark.parametrize("text_form", ["NFC", "NFD"])
@pytest.mark.parametrize("data_form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("text", "data"),
    [("điểm", {"điểm": 7}), ("điểm số", {"điểm số": 7}), ("người.điểm số", {"người": {"điểm số": 7}})],
)
def test_composed_and_decomposed_letters_are_the_same(
    text_form: Form, data_form: Form, text: str, data: dict[str, object]
) -> None:
    def fold(value: object) -> object:
        if isinstance(value, dict):
            return {unicodedata.normalize(data_form, key): fold(inner) for key, inner in value.items()}
        return value

    variables = fold(data)
    assert isinstance(variables, dict)

    assert feel.evaluate(unicodedata.normalize(text_form, text), variables, NOW) == 7


def test_a_key_that_is_no_name_hides_neither_numbers_nor_comparisons() -> None:
    data = {"votes": {"1": 10, "a = b": 11}, "a": 1, "b": 1}

    assert feel.evaluate("1 + 1", data, NOW) == 2
    assert feel.evaluate("a = b", data, NOW) is True
    assert feel.evaluate('get value(votes, "1")', data, NOW) == 10


def test_the_length_of_a_text_counts_composed_letters() -> None:
    decomposed = unicodedata.normalize("NFD", 'string length("điểm")')

    assert feel.evaluate(decomposed, {}, NOW) == 4
    assert feel.evaluate('upper case("điểm số")', {}, NOW) == "ĐIỂM SỐ"


def test_escapes_of_a_text_become_characters() -> None:
    assert feel.evaluate(r'"\u1EA4\n\"\\ \uD83D\uDE00"', {}, NOW) == 'Ấ\n"\\ 😀'
