"""RFC 8785: the one text of a JSON value; two programs that read the same value hash the same bytes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from json.encoder import encode_basestring
from typing import Any, NoReturn

from engine.errors import EngineError

SAFE = 2**53 - 1  # larger whole numbers are not exact in an IEEE double
_WHOLE_DIGITS = 21  # ECMAScript writes larger numbers with an exponent
_LEADING_ZEROS = -6

quote: Callable[[str], str] = encode_basestring  # its escapes are exactly those of RFC 8785


class NotCanonical(EngineError):
    """Expected a value that JSON can hold exactly, but found {found}."""

    vi = "Không ghi được vào lịch sử: {found} không phải là giá trị JSON chính xác. Chưa có gì thay đổi."
    en = "Expected a value that JSON can hold exactly, but found {found}. Nothing was changed."


def dumps(value: Any) -> str:
    """Return the canonical text of a value made of dict, list, str, int, float, bool and None.

    Raise NotCanonical for anything else and for numbers that no IEEE double holds exactly.
    """
    try:
        write = _WRITERS[type(value)]
    except KeyError:
        _refuse(value)
    return write(value)


def encode(text: str) -> bytes:
    """Return canonical text as bytes; raise NotCanonical for half a surrogate pair."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise NotCanonical(found=f"U+{ord(error.object[error.start]):04X}") from error


def order(names: Iterable[str]) -> list[str]:
    """Return names in the order of RFC 8785: by UTF-16 code units."""
    ordered = sorted(names)
    # code points and code units differ in their order only beyond the first plane
    if not all(map(str.isascii, ordered)):
        ordered.sort(key=_code_units)
    return ordered


def fit(value: Any) -> Any:
    """Return a value with every number that no IEEE double holds exactly as text, in plain JSON types."""
    if isinstance(value, dict):
        return {str(name): fit(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [fit(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > SAFE:
        return str(value)
    return str(value) if isinstance(value, str) else value


def _code_units(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


def _refuse(value: Any) -> NoReturn:
    raise NotCanonical(found=type(value).__name__)


def _whole(value: int) -> str:
    if -SAFE <= value <= SAFE:
        return str(value)
    raise NotCanonical(found=value)


def _number(value: float) -> str:
    """Write a double as ECMAScript does: its shortest digits, laid out by their size."""
    if not math.isfinite(value):
        raise NotCanonical(found=value)
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + fraction) - len(digits))
    return sign + _lay_out(digits.rstrip("0"), point)


def _lay_out(digits: str, point: int) -> str:
    """Place the decimal point behind the first `point` digits."""
    if len(digits) <= point <= _WHOLE_DIGITS:
        return digits.ljust(point, "0")
    if 0 < point <= _WHOLE_DIGITS:
        return f"{digits[:point]}.{digits[point:]}"
    if _LEADING_ZEROS < point <= 0:
        return f"0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{digits[0]}{fraction}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def _list(value: list[Any]) -> str:
    return "[" + ",".join([_WRITERS.get(type(item), _refuse)(item) for item in value]) + "]"


def _object(value: dict[str, Any]) -> str:
    if not all(type(name) is str for name in value):
        raise NotCanonical(found="a name that is no text")
    pairs = [quote(name) + ":" + dumps(value[name]) for name in order(value)]
    return "{" + ",".join(pairs) + "}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: quote,
    int: _whole,
    float: _number,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _value: "null",
    list: _list,
    dict: _object,
}
