"""Keep the built-in functions: their parameters, how arguments are fitted to them, how they are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.feel.limits import Run
from engine.feel.values import ORDERED, Function, Range, Value, kind

Body = Callable[..., Value]
_Body = TypeVar("_Body", bound=Body)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its FEEL name, its type and whether it may be left out or null."""

    name: str
    type: str
    optional: bool
    nullable: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function. `packed` = one list or many arguments, `spread` = many arguments."""

    body: Body
    parameters: tuple[Parameter, ...]
    gather: str = ""


FUNCTIONS: dict[str, list[Signature]] = {}


def builtin(name: str, *specifications: str, gather: str = "") -> Callable[[_Body], _Body]:
    """Register a function under a FEEL name, once for each specification of its parameters.

    A specification reads `name:type, name:type?, name:type=`: `?` may be null, `=` may be left out.
    """

    def register(body: _Body) -> _Body:
        for specification in specifications or ("",):
            parameters = tuple(_parameter(part) for part in specification.split(",") if part)
            FUNCTIONS.setdefault(name, []).append(Signature(body, parameters, gather))
        return body

    return register


def _parameter(text: str) -> Parameter:
    name, _, type_text = text.strip().partition(":")
    return Parameter(name, type_text.rstrip("?="), "=" in type_text, "?" in type_text)


def names() -> frozenset[str]:
    """Return the names of all functions and of their parameters."""
    parameters = {
        parameter.name for ways in FUNCTIONS.values() for way in ways for parameter in way.parameters
    }
    return frozenset(FUNCTIONS) | parameters


def call(run: Run, name: str, positional: Sequence[Value], named: Mapping[str, Value] | None) -> Value:
    """Call a built-in function; null with a warning when no signature fits or it has no answer."""
    for signature in FUNCTIONS[name]:
        arguments = _arrange(signature, positional, named)
        fitted = None if arguments is None else _fit(run, signature, arguments)
        if fitted is not None:
            try:
                result = signature.body(run, *fitted)
            except (ArithmeticError, ValueError):
                return run.warn("failed", name=name)
            run.charge(len(result) // 32 if isinstance(result, str) else 1)
            return result
    return run.warn("arguments", name=name)


def _arrange(
    signature: Signature, positional: Sequence[Value], named: Mapping[str, Value] | None
) -> list[Value] | None:
    """Return the arguments in the order of the parameters; None when they do not fit in number or name."""
    parameters = signature.parameters
    if named is None:
        arguments = list(positional)
    else:
        last = max((n for n, parameter in enumerate(parameters) if parameter.name in named), default=-1)
        known = {parameter.name for parameter in parameters}
        if not named.keys() <= known or any(
            not parameter.optional and parameter.name not in named for parameter in parameters
        ):
            return None
        arguments = [named.get(parameter.name) for parameter in parameters[: last + 1]]
    if signature.gather:
        return arguments
    required = sum(not parameter.optional for parameter in parameters)
    return arguments if required <= len(arguments) <= len(parameters) else None


def _fit(run: Run, signature: Signature, arguments: list[Value]) -> list[Value] | None:
    """Return the arguments coerced to the types of the parameters; None when one does not fit."""
    if signature.gather:
        gathered = _gather(signature.gather, arguments)
        if gathered is not None:
            run.charge(sum(_weight(argument) for argument in arguments))
        return None if gathered is None else [gathered]
    fitted: list[Value] = []
    for parameter, argument in zip(signature.parameters, arguments, strict=False):
        value = _coerce(argument, parameter.type)
        if value is None and (argument is not None or not (parameter.nullable or parameter.type == "any")):
            return None
        run.charge(_weight(value))
        fitted.append(value)
    return fitted


def _gather(way: str, arguments: list[Value]) -> list[Value] | None:
    if not arguments:
        return None
    if way == "packed" and len(arguments) == 1:
        only = arguments[0]
        return None if only is None else only if type(only) is list else [only]
    return arguments


def _weight(value: Value) -> int:
    if type(value) is str:
        return 1 + len(value) // 256
    return len(value) if type(value) is list or type(value) is dict else 1


def _coerce(value: Value, wanted: str) -> Value:
    """Return the value as the type wanted, a list of one as its element; None when it does not fit."""
    if wanted == "any" or value is None:
        return value
    if wanted == "list":
        return value if type(value) is list else [value]
    if _fits(value, wanted):
        return value
    if type(value) is list and len(value) == 1 and _fits(value[0], wanted):
        return value[0]
    return None


def _fits(value: Any, wanted: str) -> bool:
    if wanted == "bound":
        return type(value) is Range or type(value) in ORDERED
    if wanted == "moment":
        return kind(value) in ("date", "date and time")
    if wanted == "function":
        return type(value) is Function
    return kind(value) == wanted
