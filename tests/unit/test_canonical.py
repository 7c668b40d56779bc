"""RFC 8785: its own test vectors, and what JSON cannot hold."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audit import canonical, chain
from engine.audit.canonical import NotCanonical

# RFC 8785, appendix B: bits of the IEEE double, text
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_a_double_is_written_as_the_rfc_writes_it(bits: str, text: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical.dumps(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_can_be_read_back(number: float) -> None:
    assert float(canonical.dumps(number)) == number


def test_names_are_ordered_by_utf_16_and_strings_escaped_as_the_rfc_says() -> None:
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]

    text = canonical.dumps({"names": names, "string": '\u20ac$\u000f\nA\'B"\\\\"/'})

    assert list(json.loads(text)["names"]) == ordered
    assert text.endswith('"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}')


def test_nothing_is_written_that_could_be_left_out() -> None:
    value = {"b": [1, True, None, {"z": 1.0, "a": "Đề nghị"}], "a": []}

    assert canonical.dumps(value) == '{"a":[],"b":[1,true,null,{"a":"Đề nghị","z":1}]}'


@given(VALUES)
def test_the_order_of_names_does_not_matter(value: object) -> None:
    text = canonical.dumps(value)

    assert json.loads(text) == value
    assert canonical.dumps(json.loads(text)) == text


@pytest.mark.parametrize("value", [2**53, -(2**53), math.nan, math.inf, {1: 2}, object(), b"x", {1, 2}])
def test_what_json_cannot_hold_exactly_is_refused(value: object) -> None:
    with pytest.raises(NotCanonical):
        canonical.dumps(value)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(NotCanonical, match=r"U\+D800"):
        canonical.encode(canonical.dumps("\ud800"))


def test_numbers_that_do_not_fit_become_text() -> None:
    value = {"id": 2**64, "share": math.nan, "pair": (1, -(2**53)), "fine": 2**53 - 1}

    assert canonical.fit(value) == {
        "id": "18446744073709551616",
        "share": "NaN",
        "pair": [1, "-9007199254740992"],
        "fine": 2**53 - 1,
    }


@given(st.dictionaries(st.sampled_from(["values", "changes", "token", "reason", "erased"]), VALUES))
def test_covered_data_is_the_same_when_it_is_covered_again(data: dict[str, object]) -> None:
    covered, salts = chain.seal(data)

    again = json.loads(json.dumps(data))
    assert chain.cover(again, salts) == covered
    assert len(list(chain.units(again))) * chain.SALT == len(salts)


def test_salts_that_do_not_belong_to_the_data_are_refused() -> None:
    _covered, salts = chain.seal({"reason": "x"})

    with pytest.raises(ValueError, match="salts"):
        chain.cover({"reason": "x", "more": "y"}, salts)
    with pytest.raises(ValueError, match="salts"):
        chain.cover({}, salts)


def test_equal_values_have_different_commitments() -> None:
    first, _ = chain.seal({"reason": "x"})
    second, _ = chain.seal({"reason": "x"})

    assert first != second
