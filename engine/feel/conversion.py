"""Between FEEL values and what lies outside: JSON in, JSON out, and the text of a value."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any

from engine.feel.chronology import from_python
from engine.feel.errors import FeelError, FeelLimit
from engine.feel.limits import MAX_DATA, MAX_DATA_DEPTH, MAX_GIVEN, MAX_TEXT, MAX_TOLD
from engine.feel.temporal import (
    write_date,
    write_date_time,
    write_days,
    write_iso,
    write_months,
    write_time,
)
from engine.feel.values import (
    DECIMAL128,
    KINDS,
    Date,
    DateTime,
    Days,
    Function,
    Json,
    Months,
    Range,
    Time,
    Unequal,
    Value,
)

_AS_THEY_ARE = frozenset({type(None), bool, str})
_MAX_BITS = 20_000  # of a whole number: more would not fit decimal128
_PLAIN_KEY = re.compile(r"[^\W\d][\w ]*\Z")


def fold(text: str) -> str:
    """Return the text in Unicode form C, so that composed and decomposed Vietnamese letters are the same."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


class _Tally:
    """Count values and characters of a conversion against their limits."""

    def __init__(self) -> None:
        self.left = MAX_DATA
        self.characters = MAX_GIVEN

    def take_text(self, text: str) -> str:
        self.characters -= len(text)
        if self.characters < 0:
            raise FeelLimit("text_size", limit=MAX_GIVEN)
        return text

    def take(self, count: int, depth: int) -> None:
        self.left -= count
        if self.left < 0:
            raise FeelLimit("data_size", limit=MAX_DATA)
        if depth > MAX_DATA_DEPTH:
            raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)


def from_json(value: Json) -> Value:
    """Return the FEEL value of plain JSON data; FEEL values pass, anything else raises FeelError.

    Nothing but plain data gets in, so an expression can never reach an object of the host.
    Keys are folded to Unicode form C. A number that is not finite is null.
    """
    return value if type(value) in _AS_THEY_ARE else _take(value, _Tally(), 0)


def _take(value: Json, tally: _Tally, depth: int) -> Value:
    tally.take(1, depth)
    exact = type(value)
    if exact is int:
        return DECIMAL128.create_decimal(value) if value.bit_length() < _MAX_BITS else None
    if exact is float:
        return Decimal(repr(value)) if math.isfinite(value) else None
    if exact is list or exact is tuple:
        return [_take(item, tally, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {fold(str(key)): _take(item, tally, depth + 1) for key, item in value.items()}
    if exact in KINDS:
        return value
    if isinstance(value, date | time | timedelta):
        return from_python(value)
    raise FeelError("host_type", found=exact.__name__)


def to_json(value: Value) -> Json:
    """Return plain JSON data: a whole number as int, any other as float, temporal values as ISO text."""
    return _give(value, _Tally(), 0)


def _give(value: Value, tally: _Tally, depth: int) -> Json:
    tally.take(1, depth)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return tally.take_text(value)
    if type(value) is Decimal:
        return _give_number(value)
    if type(value) is list:
        return [_give(item, tally, depth + 1) for item in value]
    if type(value) is dict:
        return {tally.take_text(key): _give(item, tally, depth + 1) for key, item in value.items()}
    if type(value) is Date or type(value) is DateTime or type(value) is Time:
        return write_iso(value)
    return to_text(value)


def _give_number(value: Decimal) -> int | float:
    if value.is_finite() and value == value.to_integral_value() and value.adjusted() < 34:
        return int(value)
    number = float(value)
    if not math.isfinite(number):
        raise FeelError("out_of_range")
    return number


def write_number(value: Decimal) -> str:
    """Write a number in plain digits, without zeros at its end."""
    if not value:
        return "0"
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Writer:
    """Collect the parts of a text and stop when it gets too long."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.count = 0

    def add(self, part: str) -> None:
        self.length += len(part)
        if self.length > MAX_TEXT:
            raise FeelLimit("text_size", limit=MAX_TEXT)
        self.parts.append(part)

    def value(self, value: Value, depth: int) -> None:
        self.count += 1
        if self.count > MAX_TOLD:
            raise FeelLimit("data_size", limit=MAX_TOLD)
        if depth > MAX_DATA_DEPTH:
            raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
        if type(value) is list:
            self.list(value, depth)
        elif type(value) is dict:
            self.context(value, depth)
        elif type(value) is Range:
            self.range(value, depth)
        elif type(value) is str and depth:
            self.add(quote(value))
        else:
            self.add(_SIMPLE.get(type(value), _write_other)(value))

    def list(self, value: list[Value], depth: int) -> None:
        self.add("[")
        for number, item in enumerate(value):
            if number:
                self.add(", ")
            self.value(item, depth + 1)
        self.add("]")

    def context(self, value: dict[str, Value], depth: int) -> None:
        self.add("{")
        for number, (key, item) in enumerate(value.items()):
            if number:
                self.add(", ")
            self.add((key if _PLAIN_KEY.match(key) else quote(key)) + ": ")
            self.value(item, depth + 1)
        self.add("}")

    def range(self, value: Range, depth: int) -> None:
        if value.start is None:
            self.add("<= " if value.end_included else "< ")
            self.value(value.end, depth + 1)
        elif value.end is None:
            self.add(">= " if value.start_included else "> ")
            self.value(value.start, depth + 1)
        else:
            self.add("[" if value.start_included else "(")
            self.value(value.start, depth + 1)
            self.add("..")
            self.value(value.end, depth + 1)
            self.add("]" if value.end_included else ")")


def quote(text: str) -> str:
    """Write a text as a FEEL string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _write_other(value: Value) -> str:
    if type(value) is Unequal:
        return "!= " + to_text(value.value)
    return "function"


_SIMPLE: dict[type, Callable[[Any], str]] = {
    type(None): lambda _value: "null",
    str: str,
    bool: lambda value: "true" if value else "false",
    Decimal: write_number,
    Date: write_date,
    Time: write_time,
    DateTime: write_date_time,
    Days: write_days,
    Months: write_months,
    Function: _write_other,
}


def to_text(value: Value) -> str:
    """Return the text that FEEL's `string()` gives; raises FeelLimit when it is too long."""
    return tell(value)[0]


def tell(value: Value) -> tuple[str, int]:
    """Return the text of a value and of how many values it tells."""
    writer = _Writer()
    writer.value(value, 0)
    return "".join(writer.parts), writer.count
