"""The built-in functions on texts (DMN 1.4 §10.3.4.3); one character is one Unicode code point."""

from __future__ import annotations

import re
from base64 import b64encode
from decimal import ROUND_DOWN, Decimal
from typing import Any

from engine.feel.limits import Run
from engine.feel.patterns import find_all, prepare
from engine.feel.registry import builtin
from engine.feel.values import Value

_REPLACEMENT = re.compile(r"\\([\\$])|\$(\d+)", re.A)
_LONGEST_GROUP = 4  # digits of the number of a group
_GOOD_REPLACEMENT = re.compile(r"(?:[^\\$]|\\[\\$]|\$\d)*", re.A | re.S)


def position(length: int, start: Decimal) -> int | None:
    """Return the index from 0 for a position from 1, or from -1 at the end; None when there is none."""
    if not 0 < abs(start) <= length:
        return None
    return int(start) - 1 if start > 0 else length + int(start)


@builtin("substring", "string:string, start position:number, length:number=")
def substring(_run: Run, text: str, start: Decimal, length: Decimal | None = None) -> Value:
    """Return the part from a position, so many characters long."""
    begin = position(len(text), start.to_integral_value(ROUND_DOWN))
    if begin is None or (length is not None and length < 1):
        return None
    return text[begin:] if length is None else text[begin : begin + int(min(length, Decimal(len(text))))]


@builtin("string length", "string:string")
def string_length(_run: Run, text: str) -> Value:
    """Return the number of characters."""
    return Decimal(len(text))


@builtin("upper case", "string:string")
def upper_case(run: Run, text: str) -> Value:
    """Return the text in capitals."""
    run.charge_text(len(text))
    return text.upper()


@builtin("lower case", "string:string")
def lower_case(run: Run, text: str) -> Value:
    """Return the text in small letters."""
    run.charge_text(len(text))
    return text.lower()


@builtin("substring before", "string:string, match:string")
def substring_before(_run: Run, text: str, match: str) -> Value:
    """Return what stands before the first match, nothing when there is none."""
    before, found, _ = text.partition(match) if match else ("", "", "")
    return before if found else ""


@builtin("substring after", "string:string, match:string")
def substring_after(_run: Run, text: str, match: str) -> Value:
    """Return what stands after the first match, nothing when there is none."""
    return text.partition(match)[2] if match else text


@builtin("contains", "string:string, match:string")
def contains(_run: Run, text: str, match: str) -> Value:
    """Return whether the text contains the match."""
    return match in text


@builtin("starts with", "string:string, match:string")
def starts_with(_run: Run, text: str, match: str) -> Value:
    """Return whether the text starts with the match."""
    return text.startswith(match)


@builtin("ends with", "string:string, match:string")
def ends_with(_run: Run, text: str, match: str) -> Value:
    """Return whether the text ends with the match."""
    return text.endswith(match)


@builtin("matches", "input:string, pattern:string, flags:string?=")
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> Value:
    """Return whether the pattern is found in the text."""
    compiled = prepare(run, text, pattern, flags)
    return compiled.search(text) is not None


@builtin("replace", "input:string, pattern:string, replacement:string, flags:string?=")
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> Value:
    """Return the text with each match replaced; `$1` stands for a group, `\\$` for a dollar sign."""
    compiled = prepare(run, text, pattern, flags)
    literal = "q" in (flags or "")
    if compiled.search("") is not None or not (literal or _GOOD_REPLACEMENT.fullmatch(replacement)):
        return None
    parts: list[str] = []
    end = length = 0
    for match in find_all(run, compiled, text):
        put = replacement if literal else _fill(replacement, match, compiled.groups)
        parts += (text[end : match.start()], put)
        length += len(put) + match.start() - end
        end = match.end()
        run.charge_text(len(put))
    parts.append(text[end:])
    run.charge_text(length + len(text) - end)
    return "".join(parts)


def _fill(replacement: str, match: Any, groups: int) -> str:
    def filled(part: re.Match[str]) -> str:
        if part[1]:
            return part[1]
        # `$15` is group 1 and a 5 when there are fewer than fifteen groups (XPath 2.0 §7.6.3).
        digits = part[2]
        length = next(
            (size for size in range(min(len(digits), _LONGEST_GROUP), 1, -1) if int(digits[:size]) <= groups),
            1,
        )
        number = int(digits[:length])
        return (match.group(number) or "" if number <= groups else "") + digits[length:]

    return _REPLACEMENT.sub(filled, replacement)


@builtin("split", "string:string, delimiter:string")
def split(run: Run, text: str, delimiter: str) -> Value:
    """Return the parts of the text between the matches of a pattern, null when it matches nothing at all."""
    parts: list[Value] = []
    end = 0
    compiled = prepare(run, text, delimiter, None)
    if compiled.search("") is not None:
        return None
    for match in find_all(run, compiled, text):
        parts.append(text[end : match.start()])
        end = match.end()
    return [*parts, text[end:]]


@builtin("extract", "string:string, pattern:string")
def extract(run: Run, text: str, pattern: str) -> Value:
    """Return every match of the pattern in the text (Camunda extension)."""
    compiled = prepare(run, text, pattern, None)
    return None if compiled.search("") is not None else [match[0] for match in find_all(run, compiled, text)]


@builtin("string join", "list:list, delimiter:string?=")
def string_join(run: Run, items: list[Value], delimiter: str | None = None) -> Value:
    """Return the texts of a list in one; nulls are left out."""
    texts = [item for item in items if type(item) is str]
    if len(texts) != sum(item is not None for item in items):
        return None
    between = delimiter or ""
    run.charge_text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


@builtin("trim", "string:string")
def trim(run: Run, text: str) -> Value:
    """Return the text without spaces at its ends (Camunda extension)."""
    run.charge_text(len(text))
    return text.strip()


@builtin("to base64", "value:string")
def to_base64(run: Run, text: str) -> Value:
    """Return the text in UTF-8 as base64 (Camunda extension)."""
    run.charge_text(2 * len(text))
    return b64encode(text.encode()).decode("ascii")


@builtin("is blank", "string:string")
def is_blank(run: Run, text: str) -> Value:
    """Return whether the text has nothing but spaces (Camunda extension)."""
    run.charge_text(len(text))
    return not text.strip()
