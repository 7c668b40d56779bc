"""Call functions: built-in ones by name, user-defined ones in a scope of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lark import Token

from engine.feel import registry
from engine.feel.code import Code, Scope, make
from engine.feel.errors import FeelLimit
from engine.feel.limits import MAX_CALL_DEPTH, Run
from engine.feel.types import is_of
from engine.feel.values import Function, Value


@dataclass(frozen=True, slots=True)
class Arguments:
    """The codes of the arguments of a call, with their names if they are named."""

    codes: tuple[Code, ...]
    names: tuple[str, ...] | None = None


def invoke(
    run: Run, function: Value, positional: Sequence[Value], named: Mapping[str, Value] | None = None
) -> Value:
    """Call a function value; null with a warning when it is none or the arguments do not fit."""
    run.charge()
    if type(function) is not Function:
        return run.warn("not_function")
    if function.body is None:
        return registry.call(run, function.name, positional, named)
    if named is not None:
        if named.keys() != set(function.parameters):
            return run.warn("arguments", name="")
        positional = [named[parameter] for parameter in function.parameters]
    fitted = _fit(run, function, positional)
    return run.warn("arguments", name="") if fitted is None else _enter(run, function, fitted)


def _fit(run: Run, function: Function, arguments: Sequence[Value]) -> list[Value] | None:
    """Return the arguments fitted to the declared types (DMN 1.4 §10.3.2.9.4), None when they do not fit."""
    if len(arguments) != len(function.parameters):
        return None
    if not function.types:
        return list(arguments)
    fitted: list[Value] = []
    for argument, wanted in zip(arguments, function.types, strict=True):
        if argument is None or wanted is None or is_of(run, argument, wanted):
            fitted.append(argument)
        elif type(argument) is list and len(argument) == 1 and is_of(run, argument[0], wanted):
            fitted.append(argument[0])
        elif is_of(run, [argument], wanted):
            fitted.append([argument])
        else:
            return None
    return fitted


def _enter(run: Run, function: Function, arguments: list[Value]) -> Value:
    run.charge(function.size)
    run.depth += function.depth
    if run.depth > MAX_CALL_DEPTH:
        raise FeelLimit("depth", limit=MAX_CALL_DEPTH)
    names = dict(zip(function.parameters, arguments, strict=True))
    try:
        return function.body(Scope(names, function.scope, run)) if function.body else None
    finally:
        run.depth -= function.depth


def compile_arguments(parts: list[Any]) -> Arguments:
    """Compile `(a, b)`."""
    return Arguments(tuple(parts))


def compile_named_argument(parts: list[Any]) -> tuple[str, Code]:
    """Compile `name: a`."""
    return str(parts[0]), parts[1]


def compile_named_arguments(parts: list[Any]) -> Arguments:
    """Compile `(x: a, y: b)`."""
    return Arguments(tuple(code for _, code in parts), tuple(name for name, _ in parts))


def compile_call(parts: list[Any]) -> Code:
    """Compile a call of a function value."""
    callee: Code = parts[0]
    arguments: Arguments = parts[1] if len(parts) > 1 else Arguments(())
    function, names = callee.run, arguments.names
    closures = tuple(code.run for code in arguments.codes)
    if names is None:

        def run(scope: Scope) -> Value:
            return invoke(scope.run, function(scope), [closure(scope) for closure in closures])

    else:
        repeated = len(set(names)) != len(names)

        def run(scope: Scope) -> Value:
            if repeated:
                return scope.run.warn("arguments", name="")
            values = {name: closure(scope) for name, closure in zip(names, closures, strict=True)}
            return invoke(scope.run, function(scope), (), values)

    return make(run, callee, *arguments.codes)


def compile_parameter(parts: list[Any]) -> tuple[str, Value]:
    """Compile a parameter with its type, None for any or an unknown one."""
    return str(parts[0]), parts[1] if len(parts) > 1 else None


def compile_function(parts: list[Any]) -> Code:
    """Compile `function(a, b: number) body`; external functions are never called."""
    body: Code = parts[-1]
    if any(isinstance(part, Token) and part.type == "EXTERNAL" for part in parts):
        return make(lambda scope: scope.run.warn("external"), body)
    declared: list[tuple[str, Value]] = parts[0] if isinstance(parts[0], list) else []
    names = tuple(name for name, _ in declared)
    types = tuple(wanted for _, wanted in declared)

    def run(scope: Scope) -> Value:
        return Function(names, body.run, types, scope, depth=body.depth, size=body.size)

    return make(run, body)
