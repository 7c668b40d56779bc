"""The types of FEEL: type expressions, `instance of`, and fitting a value to a type.

A type is its name ("number", "date and time", "Any", "null"), or a tuple: ("list", type), ("range", type),
("context", ((name, type), …)), ("function", (type, …), result), where None for a type stands for any.
("function",) and None for the parameters stand for every function.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, TypeAlias

from lark import Token

from engine.feel.code import Code, Scope, make
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_DATA_DEPTH, Run
from engine.feel.values import KINDS, Date, DateTime, Function, Range, Time, Value, kind

Type: TypeAlias = Any
# The types that a model defines, by name.
Types: TypeAlias = Mapping[str, Type]

NO_TYPES: Types = {}
_ALIASES = {
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "dateTime": "date and time",
    "Null": "null",
}
# Types that mean nothing without parameters (DMN 1.4 table 61).
_GENERIC = {"list", "context", "range"}
NAMES = frozenset(KINDS.values()) | frozenset(_ALIASES) | {"Any"}


def is_of(run: Run, value: Value, wanted: Type) -> bool:
    """Return whether a value is an instance of a type (DMN 1.4 §10.3.2.9.2); null is one of `null` only."""
    return wanted == "null" if value is None else conforms(run, value, wanted)


def conforms(run: Run, value: Value, wanted: Type, depth: int = 0) -> bool:
    """Return whether a value may stand where the type is wanted; null may stand everywhere."""
    run.charge()
    if value is None or wanted is None or wanted == "Any":
        return True
    if depth > MAX_DATA_DEPTH:
        raise FeelLimit("data_depth", limit=MAX_DATA_DEPTH)
    if isinstance(wanted, str):
        return wanted == kind(value)
    name = wanted[0]
    if name == "list":
        return type(value) is list and all(conforms(run, item, wanted[1], depth + 1) for item in value)
    if name == "range":
        ends = (value.start, value.end) if type(value) is Range else ()
        return bool(ends) and all(conforms(run, end, wanted[1], depth + 1) for end in ends)
    if name == "context":
        return type(value) is dict and all(
            field in value and conforms(run, value[field], inner, depth + 1) for field, inner in wanted[1]
        )
    return type(value) is Function and _takes(value, wanted)


def _takes(function: Function, wanted: Type) -> bool:
    """Return whether a function can be called as the type says: fewer demands, a result that fits."""
    if len(wanted) == 1 or wanted[1] is None or function.body is None:
        return True
    if len(function.parameters) != len(wanted[1]):
        return False
    declared = function.types or (None,) * len(function.parameters)
    parameters = all(_narrower(given, own) for given, own in zip(wanted[1], declared, strict=True))
    return parameters and (function.result is None or _narrower(function.result, wanted[2]))


def _narrower(one: Type, other: Type) -> bool:
    """Return whether every value of one type is a value of the other (DMN 1.4 §10.3.2.9.2)."""
    if other is None or other == "Any" or one == "null" or one == other:
        return True
    if one is None or one == "Any" or isinstance(one, str) or isinstance(other, str) or one[0] != other[0]:
        return False
    if one[0] == "context":
        fields = dict(one[1])
        return all(field in fields and _narrower(fields[field], inner) for field, inner in other[1])
    if one[0] != "function":
        return _narrower(one[1], other[1])
    if len(other) == 1 or other[1] is None:
        return True
    if len(one) == 1 or one[1] is None or len(one[1]) != len(other[1]):
        return False
    return all(map(_narrower, other[1], one[1])) and _narrower(one[2], other[2])


def coerce(run: Run, value: Value, wanted: Type) -> Value:
    """Return a value as the type wanted (DMN 1.5 §10.3.2.9.4); null with a warning when it does not fit.

    A list of one becomes its element, a value a list of one, a date its midnight in UTC.
    """
    if conforms(run, value, wanted):
        return value
    if wanted == "date and time" and type(value) is Date:
        return DateTime(value, Time(0, UTC))
    if type(value) is list and len(value) == 1 and conforms(run, value[0], wanted):
        return value[0]
    if conforms(run, [value], wanted):
        return [value]
    return run.warn("no_conversion", found=kind(value), wanted=write_type(wanted))


def write_type(wanted: Type) -> str:
    """Write a type as FEEL does."""
    if wanted is None or isinstance(wanted, str):
        return wanted or "Any"
    if wanted[0] == "context":
        return "context<" + ", ".join(f"{name}: {write_type(inner)}" for name, inner in wanted[1]) + ">"
    if wanted[0] == "function":
        if len(wanted) == 1 or wanted[1] is None:
            return "function"
        return f"function<{', '.join(map(write_type, wanted[1]))}> -> {write_type(wanted[2])}"
    return f"{wanted[0]}<{write_type(wanted[1])}>"


def compile_plain_type(parts: list[Any], types: Types) -> Type:
    """Compile a type name, of a model or of FEEL; None when there is no such type."""
    name = ".".join(map(str, parts))
    if name in types:
        return "Any" if types[name] is None else types[name]
    if name not in NAMES or name in _GENERIC:
        return None
    return _ALIASES.get(name, name)


def compile_generic_type(parts: list[Any]) -> Type:
    """Compile `list<number>` or `range<date>`."""
    name = str(parts[0])
    inner = [part for part in parts[1:] if not isinstance(part, Token)]
    return (name, inner[0]) if name in ("list", "range") and len(inner) == 1 and inner[0] else None


def compile_type_field(parts: list[Any]) -> tuple[str, Type]:
    """Compile one field of a context type."""
    return str(parts[0]), parts[1]


def compile_context_type(parts: list[Any]) -> Type:
    """Compile `context<name: string>`."""
    fields = tuple(part for part in parts[1:] if not isinstance(part, Token))
    known = str(parts[0]) == "context" and all(wanted is not None for _, wanted in fields)
    return ("context", fields) if known else None


def compile_function_type(parts: list[Any]) -> Type:
    """Compile `function<number> -> string`."""
    inner = tuple(part for part in parts if not isinstance(part, Token))
    return None if None in inner else ("function", inner[:-1], inner[-1])


def compile_any_function_type(_parts: list[Any]) -> Type:
    """Compile `function`."""
    return ("function",)


def compile_instance(parts: list[Any]) -> Code:
    """Compile `value instance of type`."""
    code, wanted = parts
    closure = code.run

    def run(scope: Scope) -> Value:
        return scope.run.warn("unknown_type") if wanted is None else is_of(scope.run, closure(scope), wanted)

    return make(run, code)
