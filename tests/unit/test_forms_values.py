"""What people type is read as they write it, and refused in words."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import forms
from engine.errors import FormInvalid
from engine.form_values import show

NOW = datetime(2026, 10, 5, 1, 0, tzinfo=UTC)


def answer(kind: str, raw: object, **settings: Any) -> object:
    """Return the value of a form with one field."""
    field = {"type": kind, "id": "f", "key": "it", "label": "Mục", **settings}
    form = {"type": "default", "id": "one", "components": [field]}
    return forms.validate(form, {"it": raw}, {}, now=NOW)["it"]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("8,5", 8.5),
        ("8.5", 8.5),
        ("1.234", 1234),
        ("1.234.567,25", 1234567.25),
        (" 12 000 ", 12000),
        ("-3", -3),
        ("0,10", 0.1),
        (7, 7),
        (7.25, 7.25),
        ("", None),
        (None, None),
    ],
)
def test_numbers_are_read_with_a_decimal_comma(typed: object, number: object) -> None:
    assert answer("number", typed) == number


@pytest.mark.parametrize(
    "typed", ["chín", "1e5", "1,2,3", "--1", True, "nan", float("inf"), "9" * 40, ["1"], {}]
)
def test_what_is_no_number_is_refused(typed: object) -> None:
    with pytest.raises(FormInvalid):
        answer("number", typed)


def test_whole_numbers_and_decimals_are_kept_apart() -> None:
    assert answer("number", "8,0", decimalDigits=0) == 8
    with pytest.raises(FormInvalid):
        answer("number", "8,5", decimalDigits=0)
    with pytest.raises(FormInvalid):
        answer("number", "8,555", decimalDigits=2)


@pytest.mark.parametrize(
    ("subtype", "typed", "value"),
    [
        ("date", "5/10/2026", "2026-10-05"),
        ("date", "05-10-2026", "2026-10-05"),
        ("date", "5.10.2026", "2026-10-05"),
        ("date", "2026-10-05", "2026-10-05"),
        ("time", "8:30", "08:30"),
        ("time", "8h30", "08:30"),
        ("datetime", "5/10/2026 8:30", "2026-10-05T08:30+07:00"),
        ("datetime", "2026-10-05T01:30:00Z", "2026-10-05T08:30+07:00"),
        ("datetime", "2026-10-05T08:30", "2026-10-05T08:30+07:00"),
        ("date", "", None),
    ],
)
def test_dates_are_read_as_day_month_year(subtype: str, typed: str, value: object) -> None:
    assert answer("datetime", typed, subtype=subtype) == value


@pytest.mark.parametrize(
    ("subtype", "typed"),
    [
        ("date", "31/02/2026"),
        ("date", "10/2026"),
        ("date", "5/10/26"),
        ("date", "1/1/0001"),
        ("date", 20261005),
        ("time", "25:00"),
        ("datetime", "5/10/2026"),
        ("datetime", "2026-13-05T08:30"),
    ],
)
def test_what_is_no_date_is_refused(subtype: str, typed: object) -> None:
    with pytest.raises(FormInvalid):
        answer("datetime", typed, subtype=subtype)


def test_a_date_that_has_passed_is_refused_where_the_form_says_so() -> None:
    assert answer("datetime", "05/10/2026", disallowPassedDates=True) == "2026-10-05"
    with pytest.raises(FormInvalid):
        answer("datetime", "04/10/2026", disallowPassedDates=True)


@pytest.mark.parametrize(
    ("settings", "good", "bad"),
    [
        ({"minLength": 3, "maxLength": 5}, "bốn", "hai ba bốn"),
        ({"minLength": 3}, "ba b", "ba"),
        ({"pattern": r"^\d{1,4}/KH-[A-Z]+$"}, "598/KH-TTTV", "598/KH"),
        ({"validationType": "email"}, "hang@tttv.example", "hang@"),
        ({"validationType": "phone"}, "+84 28 3822 1234", "không có"),
    ],
)
def test_texts_are_held_against_their_limits(settings: dict[str, Any], good: str, bad: str) -> None:
    assert answer("textfield", good, validate=settings) == good
    with pytest.raises(FormInvalid):
        answer("textfield", bad, validate=settings)


def test_a_pattern_that_would_hang_other_engines_is_judged_at_once() -> None:
    with pytest.raises(FormInvalid):
        answer("textfield", "a" * 5_000 + "!", validate={"pattern": "^(a+)+$"})


def test_texts_are_composed_trimmed_and_bounded() -> None:
    assert answer("textarea", " Đề nghi\u0323 \r\n hai\x00 ") == "Đề nghị \n hai"
    assert answer("textfield", "một\nhai") == "một hai"
    for bad in ("x" * 20_001, "\ud800", 5, ["a"], {"a": 1}):
        with pytest.raises(FormInvalid):
            answer("textarea", bad)


def test_choices_keep_the_type_of_their_list() -> None:
    values = [{"label": "Có", "value": True}, {"label": "Một", "value": 1}, {"label": "Hai", "value": "2"}]

    assert answer("select", "true", values=values) is True
    assert answer("radio", "1", values=values) == 1
    assert answer("taglist", ["2", "1", "1"], values=values) == ["2", 1]
    for bad in ("3", 2, [], {}):
        with pytest.raises(FormInvalid):
            answer("select", bad, values=values)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5)
)
def test_whatever_comes_in_is_a_value_or_a_refusal(raw: object) -> None:
    values = [{"label": "a", "value": "a"}]
    for kind in ("textfield", "textarea", "number", "datetime", "checkbox", "radio", "select", "checklist"):
        with suppress(FormInvalid):
            json.dumps(answer(kind, raw, values=values), ensure_ascii=False).encode()


def test_values_are_shown_as_people_write_them() -> None:
    assert show(8.5) == "8,5"
    assert show(0.0000001) == "0,0000001"
    assert show("2026-10-05") == "05/10/2026"
    assert show("2026-10-04T17:00:00Z") == "05/10/2026 00:00"
    assert show([True, None, "a"]) == "Có, , a"
    assert show(True, "en") == "Yes"
