"""Call functions: built-in ones by name, user-defined ones in a scope of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import localcontext
from typing import Any

from lark import Token

from engine.feel import registry
from engine.feel.code import Code, Scope, make
from engine.feel.errors import FeelLimit
from engine.feel.limits import HOST_DEPTH, HOST_STEPS, MAX_CALL_DEPTH, Run
from engine.feel.types import Type, coerce
from engine.feel.values import DECIMAL128, Function, Value


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
        if not named.keys() <= set(function.parameters):
            return run.warn("arguments", name=function.name or "function")
        positional = [named.get(parameter) for parameter in function.parameters]
    fitted = _fit(run, function, positional)
    if fitted is None:
        return run.warn("arguments", name=function.name or "function")
    result = _enter(run, function, fitted)
    return result if function.result is None else coerce(run, result, function.result)


def call_function(
    run: Run, function: Value, positional: Sequence[Value], named: Mapping[str, Value] | None = None
) -> Value:
    """Call a function value from outside of an expression, by position or by name (`{}` names none)."""
    try:
        with localcontext(DECIMAL128):
            return invoke(run, function, positional, named)
    except ArithmeticError:
        return run.warn("out_of_range")
    except RecursionError:
        raise FeelLimit("depth", limit=MAX_CALL_DEPTH) from None


def make_function(
    parameters: Sequence[tuple[str, Type]],
    body: Callable[[Run, dict[str, Value]], Value],
    result: Type = None,
) -> Function:
    """Return a function value of the host, such as a business knowledge model, to put among the names.

    `parameters` are names with types, None for any; `body` gets the run, to which it charges what it does,
    and the arguments fitted to the types; what it returns is fitted to the type `result`.
    """

    def enter(scope: Scope) -> Value:
        return body(scope.run, scope.names)

    names = tuple(name for name, _ in parameters)
    types = tuple(wanted for _, wanted in parameters)
    return Function(names, enter, types, depth=HOST_DEPTH, size=HOST_STEPS, result=result)


def _fit(run: Run, function: Function, arguments: Sequence[Value]) -> list[Value] | None:
    """Return the arguments fitted to the declared types (DMN 1.5 §10.3.2.9.4), None when one does not fit."""
    if len(arguments) != len(function.parameters):
        return None
    if not function.types:
        return list(arguments)
    fitted = [coerce(run, value, wanted) for value, wanted in zip(arguments, function.types, strict=True)]
    refused = any(new is None and old is not None for new, old in zip(fitted, arguments, strict=True))
    return None if refused else fitted


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
                return scope.run.warn("arguments", name="function")
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
