"""The built-in functions on lists (DMN 1.4 §10.3.4.4); no function changes a list it was given."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cmp_to_key

from engine.feel.calls import invoke
from engine.feel.equality import charge_comparison, comparable, equal
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_DATA_DEPTH, Run
from engine.feel.numbers import whole
from engine.feel.registry import builtin
from engine.feel.strings import position
from engine.feel.values import Function, Value


@builtin("list contains", "list:list, element:any")
def list_contains(run: Run, items: list[Value], element: Value) -> Value:
    """Return whether an item equals the element."""
    return any(equal(run, item, element) is True for item in items)


@builtin("count", "list:list")
def count(_run: Run, items: list[Value]) -> Value:
    """Return the number of items."""
    return Decimal(len(items))


@builtin("is empty", "list:list")
def is_empty(_run: Run, items: list[Value]) -> Value:
    """Return whether the list has no item (Camunda extension)."""
    return not items


@builtin("sublist", "list:list, start position:number, length:number=")
def sublist(_run: Run, items: list[Value], start: Decimal, length: Decimal | None = None) -> Value:
    """Return the items from a position, so many."""
    begin = position(len(items), Decimal(whole(start)))
    if begin is None:
        return None
    if length is None:
        return items[begin:]
    end = begin + whole(length)
    return items[begin:end] if begin <= end <= len(items) else None


@builtin("append", "list:list, item:any", gather="spread")
def append(run: Run, arguments: list[Value]) -> Value:
    """Return the list with items added at its end."""
    first = arguments[0]
    if first is None:
        return None
    items = first if type(first) is list else [first]
    run.charge(len(items) + len(arguments))
    return [*items, *arguments[1:]]


@builtin("concatenate", "list:list", gather="spread")
def concatenate(run: Run, lists: list[Value]) -> Value:
    """Return the items of all lists."""
    if any(one is None for one in lists):
        return None
    joined: list[Value] = []
    for one in lists:
        items = one if type(one) is list else [one]
        run.charge(len(items))
        joined.extend(items)
    return joined


@builtin("union", "list:list", gather="spread")
def union(run: Run, lists: list[Value]) -> Value:
    """Return the items of all lists, each once."""
    joined = concatenate(run, lists)
    return distinct_values(run, joined) if type(joined) is list else None


@builtin("distinct values", "list:list")
def distinct_values(run: Run, items: list[Value]) -> Value:
    """Return the items, each once."""
    kept: list[Value] = []
    for item in items:
        run.charge(1 + len(kept))
        if not any(equal(run, item, other) is True for other in kept):
            kept.append(item)
    return kept


@builtin("duplicate values", "list:list")
def duplicate_values(run: Run, items: list[Value]) -> Value:
    """Return the items that occur more than once, each once (Camunda extension)."""
    seen: list[Value] = []
    repeated: list[Value] = []
    for item in items:
        run.charge(1 + len(seen) + len(repeated))
        known = any(equal(run, item, other) is True for other in seen)
        if known and not any(equal(run, item, other) is True for other in repeated):
            repeated.append(item)
        if not known:
            seen.append(item)
    return repeated


@builtin("insert before", "list:list, position:number, newItem:any")
def insert_before(run: Run, items: list[Value], place: Decimal, item: Value) -> Value:
    """Return the list with an item put before a position."""
    index = position(len(items), Decimal(whole(place)))
    run.charge(len(items))
    return None if index is None else [*items[:index], item, *items[index:]]


@builtin("remove", "list:list, position:number")
def remove(_run: Run, items: list[Value], place: Decimal) -> Value:
    """Return the list without the item at a position."""
    index = position(len(items), Decimal(whole(place)))
    return None if index is None else items[:index] + items[index + 1 :]


@builtin("reverse", "list:list")
def reverse(_run: Run, items: list[Value]) -> Value:
    """Return the items from last to first."""
    return items[::-1]


@builtin("index of", "list:list, match:any")
def index_of(run: Run, items: list[Value], match: Value) -> Value:
    """Return the positions of the items that equal the match."""
    return [Decimal(number) for number, item in enumerate(items, 1) if equal(run, item, match) is True]


@builtin("flatten", "list:list")
def flatten(run: Run, items: list[Value]) -> Value:
    """Return the items of nested lists in one list."""
    flat: list[Value] = []
    _flatten(run, items, flat, 0)
    return flat


def _flatten(run: Run, items: list[Value], flat: list[Value], depth: int) -> None:
    if depth > MAX_DATA_DEPTH:
        raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
    for item in items:
        run.charge()
        if type(item) is list:
            _flatten(run, item, flat, depth + 1)
        else:
            flat.append(item)


@builtin("list replace", "list:list, position:number, newItem:any")
def replace_at(_run: Run, items: list[Value], place: Decimal, item: Value) -> Value:
    """Return the list with the item at a position replaced."""
    index = position(len(items), Decimal(whole(place)))
    return None if index is None else [*items[:index], item, *items[index + 1 :]]


@builtin("list replace", "list:list, match:function, newItem:any")
def replace_matching(run: Run, items: list[Value], match: Function, item: Value) -> Value:
    """Return the list with each item replaced for which `match(item, newItem)` is true."""
    if match.body is None or len(match.parameters) != 2:
        return None
    replaced: list[Value] = []
    for old in items:
        found = invoke(run, match, [old, item])
        if type(found) is not bool:
            return None
        replaced.append(item if found else old)
    return replaced


@builtin("sort", "list:list, precedes:function=")
def sort(run: Run, items: list[Value], precedes: Function | None = None) -> Value:
    """Return the items in order: their own, or that of a function telling whether one precedes another."""
    order: Callable[[Value, Value], int]

    if precedes is None:

        def order(left: Value, right: Value) -> int:
            run.charge()
            charge_comparison(run, left)
            pair = comparable(left, right)
            if pair is None:
                raise ValueError(type(left))
            return int(pair[0] > pair[1]) - int(pair[0] < pair[1])

    else:

        def order(left: Value, right: Value) -> int:
            if invoke(run, precedes, [left, right]) is True:
                return -1
            return 1 if invoke(run, precedes, [right, left]) is True else 0

    return sorted(items, key=cmp_to_key(order))


@builtin("partition", "list:list, size:number")
def partition(_run: Run, items: list[Value], size: Decimal) -> Value:
    """Return lists of so many items each (Camunda extension)."""
    length = whole(size)
    return [items[start : start + length] for start in range(0, len(items), length)] if length > 0 else None
