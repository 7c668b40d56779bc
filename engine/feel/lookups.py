"""Compile what reads values: literals, names, lists, contexts, paths and filters."""

from __future__ import annotations

from decimal import Decimal, DecimalException
from typing import Any

from engine.feel.code import Code, Scope, make
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_DATA_DEPTH, Run
from engine.feel.registry import FUNCTIONS
from engine.feel.temporal import PROPERTIES, read_literal
from engine.feel.values import DECIMAL128, Function, Value, as_list, kind

_FREE_HOPS = 8  # levels of scope that a name may be looked for in for nothing


def _constant(value: Value) -> Code:
    return make(lambda _scope: value)


def compile_number(parts: list[Any]) -> Code:
    """Compile a number; null when decimal128 cannot hold it."""
    try:
        return _constant(DECIMAL128.create_decimal(parts[0]))
    except DecimalException:
        return make(lambda scope: scope.run.warn("out_of_range"))


def compile_string(parts: list[Any]) -> Code:
    """Compile a text."""
    return _constant(str(parts[0]))


def compile_at_literal(parts: list[Any]) -> Code:
    """Compile `@"2026-10-16"`."""
    return _constant(read_literal(parts[0]))


def compile_true(_parts: list[Any]) -> Code:
    """Compile `true`."""
    return _constant(True)


def compile_false(_parts: list[Any]) -> Code:
    """Compile `false`."""
    return _constant(False)


def compile_null(_parts: list[Any]) -> Code:
    """Compile `null`."""
    return _constant(None)


def compile_name(parts: list[Any]) -> Code:
    """Compile a name: the nearest scope that has it, else a built-in function, else null."""
    name = str(parts[0])
    function = Function((), name=name) if name in FUNCTIONS else None

    def run(scope: Scope) -> Value:
        level: Scope | None = scope
        hops = 0
        while level is not None:
            names = level.names
            if name in names:
                if hops > _FREE_HOPS:
                    scope.run.charge(hops // 4)
                return names[name]
            level = level.outer
            hops += 1
        scope.run.charge(hops // 4)
        return scope.run.warn("unknown_name", name=name) if function is None else function

    return make(run, uses=frozenset((name,)))


def compile_list(parts: list[Any]) -> Code:
    """Compile `[a, b]`."""
    closures = tuple(part.run for part in parts)

    def run(scope: Scope) -> Value:
        scope.run.charge(len(closures))
        return [closure(scope) for closure in closures]

    return make(run, *parts)


def compile_entry(parts: list[Any]) -> tuple[str, Code]:
    """Compile one entry of a context."""
    return str(parts[0]), parts[1]


def compile_context(parts: list[Any]) -> Code:
    """Compile `{a: 1, b: a}`; an entry sees those before it."""
    entries = tuple((key, code.run) for key, code in parts)
    keys = [key for key, _ in entries]
    repeated = next((key for key in keys if keys.count(key) > 1), None)

    def run(scope: Scope) -> Value:
        if repeated is not None:
            return scope.run.warn("duplicate", name=repeated)
        scope.run.charge(len(entries))
        names: dict[str, Value] = {}
        inner = Scope(names, scope, scope.run)
        for key, closure in entries:
            names[key] = closure(inner)
        return names

    return make(run, *(code for _, code in parts))


def read_path(run: Run, value: Value, name: str, depth: int = 0) -> Value:
    """Return an entry of a context, a property of a temporal value or range, or that of each list item."""
    if type(value) is dict:
        return value[name] if name in value else run.warn("no_entry", name=name)
    if type(value) is list:
        run.charge(2 * len(value))
        if depth > MAX_DATA_DEPTH:
            raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
        return [read_path(run, item, name, depth + 1) for item in value]
    read = PROPERTIES.get(type(value), {}).get(name)
    return read(value) if read else run.warn("no_property", kind=kind(value), name=name)


def compile_path(parts: list[Any]) -> Code:
    """Compile `a.b`."""
    code, token = parts
    closure, name = code.run, str(token)
    return make(lambda scope: read_path(scope.run, closure(scope), name), code)


def compile_filter(parts: list[Any]) -> Code:
    """Compile `list[index]` and `list[condition]`."""
    source, test = parts
    list_of, test_of, cost = source.run, test.run, test.size

    def run(scope: Scope) -> Value:
        value = list_of(scope)
        items = [] if value is None else as_list(value)
        if not items:
            return None if type(test_of(Scope({}, scope, scope.run))) is Decimal else []
        first = test_of(_item_scope(items[0], scope))
        if type(first) is Decimal:
            return _element(scope.run, items, first)
        if first is not None and type(first) is not bool:
            return scope.run.warn("bad_filter")
        kept = [items[0]] if first is True else []
        for item in items[1:]:
            scope.run.charge(cost)
            if test_of(_item_scope(item, scope)) is True:
                kept.append(item)
        return kept

    return make(run, source, test)


def _item_scope(item: Value, scope: Scope) -> Scope:
    outer = Scope({"item": item}, scope, scope.run)
    return Scope(item, outer, scope.run) if type(item) is dict else outer


def _element(run: Run, items: list[Value], index: Decimal) -> Value:
    """Return the element at an index from 1, or from -1 at the end."""
    if index != index.to_integral_value() or not 0 < abs(index) <= len(items):
        return run.warn("bad_index", index=index)
    return items[int(index) - 1 if index > 0 else int(index)]
