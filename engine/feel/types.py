"""The type expressions of FEEL: `instance of` and the types of parameters."""

from __future__ import annotations

from typing import Any

from lark import Token

from engine.feel.code import Code, Scope, make
from engine.feel.limits import Run
from engine.feel.values import KINDS, Function, Range, Value, kind

# A type is a name, or ("list", type), ("range", type), ("context", fields), ("function", parameters).
Type = Any
_ALIASES = {
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "dateTime": "date and time",
    "Null": "null",
}
NAMES = frozenset(KINDS.values()) | frozenset(_ALIASES) | {"Any"}


def is_of(run: Run, value: Value, wanted: Type) -> bool:
    """Return whether a value is an instance of a type (DMN 1.4 §10.3.2.3.10)."""
    if value is None:
        return bool(wanted == "null")
    if isinstance(wanted, str):
        return wanted in ("Any", kind(value))
    name, inner = wanted
    if name == "list":
        return type(value) is list and _all_of(run, value, inner)
    if name == "range":
        return type(value) is Range and _all_of(run, [value.start, value.end], inner)
    if name == "context":
        return type(value) is dict and all(
            field in value and _all_of(run, [value[field]], wanted_field) for field, wanted_field in inner
        )
    return type(value) is Function and (value.body is None or len(value.parameters) == len(inner))


def _all_of(run: Run, values: list[Value], wanted: Type) -> bool:
    run.charge(2 * len(values))
    return all(value is None or is_of(run, value, wanted) for value in values)


def compile_plain_type(parts: list[Any]) -> Type:
    """Compile a type name; None when there is no such type."""
    name = str(parts[0])
    return _ALIASES.get(name, name) if name in NAMES else None


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
    fields = [part for part in parts[1:] if not isinstance(part, Token)]
    known = str(parts[0]) == "context" and all(wanted is not None for _, wanted in fields)
    return ("context", fields) if known else None


def compile_function_type(parts: list[Any]) -> Type:
    """Compile `function<number> -> string`."""
    inner = [part for part in parts if not isinstance(part, Token)]
    return ("function", inner[:-1])


def compile_any_function_type(_parts: list[Any]) -> Type:
    """Compile `function`."""
    return "function"


def compile_instance(parts: list[Any]) -> Code:
    """Compile `value instance of type`."""
    code, wanted = parts
    closure = code.run

    def run(scope: Scope) -> Value:
        return scope.run.warn("unknown_type") if wanted is None else is_of(scope.run, closure(scope), wanted)

    return make(run, code)
