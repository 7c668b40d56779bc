"""The built-in functions on ranges (DMN 1.4 §10.3.4.11): Allen's relations between points and ranges."""

from __future__ import annotations

import re
from collections.abc import Callable

from engine.feel.equality import comparable
from engine.feel.limits import Run
from engine.feel.registry import builtin
from engine.feel.temporal import read_literal
from engine.feel.values import DECIMAL128, Range, Value

_OPENING, _CLOSING = frozenset("[]("), frozenset("])[")
_NUMBER = re.compile(r"-?(\d+(\.\d+)?|\.\d+)\Z", re.A)
_STRING = re.compile(r'"([^"]*)"\Z')
_TEMPORAL = re.compile(r'(?:@"([^"]*)"|(?:date|time|date and time|duration)\(\s*"([^"]*)"\s*\))\Z')
_LONGEST = 500  # characters of a range as text
_READ_STEPS = 30  # what reading it costs

Relation = Callable[[Value, Value], bool]


@builtin("range", "from:string")
def range_from(run: Run, text: str) -> Value:
    """Return the range that a text spells."""
    run.charge(_READ_STEPS)
    plain = text.strip() if len(text) < _LONGEST else ""
    if plain[:1] not in _OPENING or plain[-1:] not in _CLOSING:
        return None
    # A text at the start may itself have two dots.
    quoted = plain[1:].lstrip().startswith('"')
    begin = plain.find('"', plain.find('"') + 1) if quoted else 0
    dots = plain.find("..", max(begin, 1))
    if dots < 0:
        return None
    start, end = _endpoint(plain[1:dots].strip()), _endpoint(plain[dots + 2 : -1].strip())
    from_start, to_end = plain[0] == "[", plain[-1] == "]"
    if (start is None and (end is None or from_start)) or (end is None and to_end):
        return None
    if start is not None and end is not None and _order(start, end) > 0:
        return None
    sign = ""
    if end is None:
        sign = "GE" if from_start else "GT"
    elif start is None:
        sign = "LE" if to_end else "LT"
    return Range(start, end, from_start, to_end, sign)


def _endpoint(text: str) -> Value:
    """Return the literal at an end of a range, None for nothing; raises ValueError for anything else."""
    if not text:
        return None
    if _NUMBER.match(text):
        return DECIMAL128.create_decimal(text)
    found = _STRING.match(text)
    if found:
        return found[1]
    found = _TEMPORAL.match(text)
    value = read_literal(found[1] if found[2] is None else found[2]) if found else None
    if value is None:
        raise ValueError(text)
    return value


def _order(left: Value, right: Value) -> int:
    """Return -1, 0 or 1; raises ValueError when the two do not compare."""
    pair = comparable(left, right)
    if pair is None:
        raise ValueError("not comparable")
    return int(pair[0] > pair[1]) - int(pair[0] < pair[1])


def _range(value: Value) -> Range:
    return value if type(value) is Range else Range(value, value, True, True)


def _true_range(value: Value) -> Range:
    if type(value) is not Range:
        raise ValueError("not a range")
    return value


def _starts_earlier(left: Range, right: Range) -> bool:
    order = _order(left.start, right.start)
    return order < 0 or (order == 0 and left.start_included and not right.start_included)


def _ends_earlier(left: Range, right: Range) -> bool:
    order = _order(left.end, right.end)
    return order < 0 or (order == 0 and not left.end_included and right.end_included)


def before(left: Value, right: Value) -> bool:
    """Return whether the first ends before the second starts."""
    first, second = _range(left), _range(right)
    order = _order(first.end, second.start)
    return order < 0 or (order == 0 and not (first.end_included and second.start_included))


def meets(left: Value, right: Value) -> bool:
    """Return whether the first ends where the second starts, both ends included."""
    first, second = _true_range(left), _true_range(right)
    return first.end_included and second.start_included and _order(first.end, second.start) == 0


def overlaps(left: Value, right: Value) -> bool:
    """Return whether two ranges have something in common."""
    first, second = _true_range(left), _true_range(right)
    return not before(first, second) and not before(second, first)


def overlaps_before(left: Value, right: Value) -> bool:
    """Return whether the first starts earlier, reaches into the second and does not outlast it."""
    first, second = _true_range(left), _true_range(right)
    if not overlaps(first, second) or not _starts_earlier(first, second):
        return False
    return not _ends_earlier(second, first)


def includes(left: Value, right: Value) -> bool:
    """Return whether the first, a range, holds all of the second."""
    first, second = _true_range(left), _range(right)
    return not _starts_earlier(second, first) and not _ends_earlier(first, second)


def finishes(left: Value, right: Value) -> bool:
    """Return whether the first ends with the second, a range, and starts no earlier."""
    second = _true_range(right)
    if type(left) is not Range:
        return second.end_included and _order(left, second.end) == 0
    same_end = left.end_included == second.end_included and _order(left.end, second.end) == 0
    return same_end and not _starts_earlier(left, second)


def starts(left: Value, right: Value) -> bool:
    """Return whether the first starts with the second, a range, and ends no later."""
    second = _true_range(right)
    if type(left) is not Range:
        return second.start_included and _order(left, second.start) == 0
    same_start = left.start_included == second.start_included and _order(left.start, second.start) == 0
    return same_start and not _ends_earlier(second, left)


def coincides(left: Value, right: Value) -> bool:
    """Return whether two points, or two ranges, are the same."""
    if (type(left) is Range) != (type(right) is Range):
        raise ValueError("a point and a range")
    first, second = _range(left), _range(right)
    same_ends = (first.start_included, first.end_included) == (second.start_included, second.end_included)
    return same_ends and _order(first.start, second.start) == 0 and _order(first.end, second.end) == 0


# name → relation, whether its arguments are swapped, the names of its parameters
_POINT_FIRST = ("point:bound, range:bound", "range1:bound, range2:bound")
_RANGE_FIRST = ("range:bound, point:bound", "range1:bound, range2:bound")
_RANGES = ("range1:bound, range2:bound",)
_ANY = ("point1:bound, point2:bound", *_POINT_FIRST, "range:bound, point:bound")
_RELATIONS: dict[str, tuple[Relation, bool, tuple[str, ...]]] = {
    "before": (before, False, _ANY),
    "after": (before, True, _ANY),
    "meets": (meets, False, _RANGES),
    "met by": (meets, True, _RANGES),
    "overlaps": (overlaps, False, _RANGES),
    "overlaps before": (overlaps_before, False, _RANGES),
    "overlaps after": (overlaps_before, True, _RANGES),
    "finishes": (finishes, False, _POINT_FIRST),
    "finished by": (finishes, True, _RANGE_FIRST),
    "includes": (includes, False, _RANGE_FIRST),
    "during": (includes, True, _POINT_FIRST),
    "starts": (starts, False, _POINT_FIRST),
    "started by": (starts, True, _RANGE_FIRST),
    "coincides": (coincides, False, ("point1:bound, point2:bound", "range1:bound, range2:bound")),
}


def _register(name: str, relation: Relation, swapped: bool, parameters: tuple[str, ...]) -> None:
    @builtin(name, *parameters)
    def related(_run: Run, left: Value, right: Value) -> Value:
        """Return whether the relation holds."""
        return relation(right, left) if swapped else relation(left, right)


for _name, (_relation, _swapped, _parameters) in _RELATIONS.items():
    _register(_name, _relation, _swapped, _parameters)
