"""Compile boxed expressions (DMN 1.5 §10.2.1) to the code that FEEL's own expressions are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.bpmn.findings import Finding, make
from engine.dmn import model
from engine.dmn.course import course_of
from engine.dmn.items import ANY, Item, fit
from engine.dmn.places import Place, compile_literal, failing, fitted
from engine.dmn.tables import compile_table
from engine.feel import lookups, loops
from engine.feel.calls import invoke
from engine.feel.code import Code, Scope
from engine.feel.code import make as make_code
from engine.feel.types import Type
from engine.feel.values import Function, Value, as_list, kind


def compile_expression(expression: model.Expression, place: Place) -> Code:
    """Return the code of an expression; what is wrong with it goes to the findings of the place."""
    return _COMPILERS[type(expression)](expression, place)


def _missing(expression: model.Missing, place: Place) -> Code:
    finding = make("missing-expression", *place.where(expression), name=place.owner)
    place.findings.append(finding)
    return failing(finding)


def _context(boxed: model.BoxedContext, place: Place) -> Code:
    """Compile entry after entry: each sees those before it; one without a name is the result."""
    entries: list[tuple[str | None, Code]] = []
    inside = place
    for entry in boxed.entries:
        item = inside.item(entry.type, *place.where(boxed))
        code = compile_expression(entry.value, inside)
        fitting = fitted(code, item, entry.name or place.owner, place.where(boxed))
        entries.append((entry.name, fitting))
        if entry.name:
            inside = inside.within({entry.name: item.type})
    closures = tuple((name, code.run) for name, code in entries)

    def run(scope: Scope) -> Value:
        scope.run.charge(len(closures))
        names: dict[str, Value] = {}
        inner = Scope(names, scope, scope.run)
        for name, closure in closures:
            value = closure(inner)
            if name is None:
                return value
            names[name] = value
        return names

    return make_code(run, *(code for _, code in entries))


def _list(boxed: model.BoxedList, place: Place) -> Code:
    return lookups.compile_list([compile_expression(item, place) for item in boxed.items])


def _relation(boxed: model.Relation, place: Place) -> Code:
    items = [place.item(column.type, *place.where(boxed)) for column in boxed.columns]
    rows: list[Code] = []
    for row in boxed.rows:
        codes = [
            (column.name, fitted(compile_expression(cell, place), item, column.name, place.where(boxed)))
            for column, item, cell in zip(boxed.columns, items, row, strict=False)
        ]
        rows.append(lookups.compile_context(codes))
    return lookups.compile_list(rows)


def _invocation(boxed: model.Invocation, place: Place) -> Code:
    function = compile_expression(boxed.function, place)
    arguments = [(name, compile_expression(value, place)) for name, value in boxed.arguments]
    closures = tuple((name, code.run) for name, code in arguments)

    def run(scope: Scope) -> Value:
        named = {name: closure(scope) for name, closure in closures}
        return invoke(scope.run, function.run(scope), (), named)

    return make_code(run, function, *(code for _, code in arguments))


def compile_function(
    definition: model.FunctionDefinition, place: Place, result: Item = ANY, declared: tuple[Type, ...] = ()
) -> Code:
    """Return the code that makes the function; `result` is the type of what it returns.

    `declared` are the types of parameters that name none themselves. Functions of Java and PMML are found
    fault with and never called.
    """
    if definition.kind != "FEEL":
        finding = make("external-function", *place.where(definition), name=place.owner, kind=definition.kind)
        place.findings.append(finding)
        return failing(finding)
    where = place.where(definition)
    items = [(one.name, place.item(one.type, *where)) for one in definition.parameters]
    if len(declared) == len(items):
        items = [
            (name, Item(wanted) if item.type is None else item)
            for (name, item), wanted in zip(items, declared, strict=True)
        ]
    inside = place.within({name: item.type for name, item in items})
    body = fitted(compile_expression(definition.body, inside), result, place.owner, where)
    names = tuple(name for name, _ in items)
    types = tuple(item.type for _, item in items)

    def enter(scope: Scope) -> Value:
        for name, item in items:
            value = fit(scope.run, scope.names[name], item, name, where)
            if isinstance(value, Finding):
                return course_of(scope).fail(value)
        return body.run(scope)

    def run(scope: Scope) -> Value:
        return Function(names, enter, types, scope, depth=body.depth, size=body.size, result=result.type)

    return make_code(run, body)


def _conditional(boxed: model.Conditional, place: Place) -> Code:
    """Compile `if`; other than in FEEL, a condition that is neither boolean nor null makes the whole null."""
    parts = (boxed.test, boxed.then, boxed.otherwise)
    test, then, otherwise = (compile_expression(part, place) for part in parts)

    def run(scope: Scope) -> Value:
        found = test.run(scope)
        if found is not None and type(found) is not bool:
            return scope.run.warn("bad_condition", kind=kind(found))
        return then.run(scope) if found is True else otherwise.run(scope)

    return make_code(run, test, then, otherwise)


def _iteration(boxed: model.Iteration, place: Place) -> Code:
    source = compile_expression(boxed.source, place)
    names = {boxed.variable: None} | ({"partial": None} if boxed.kind == "for" else {})
    body = compile_expression(boxed.body, place.within(names))
    iterations = [loops.compile_iterator([boxed.variable, source])]
    if boxed.kind == "for":
        return loops.compile_loop([iterations, body])
    return _quantified(boxed.variable, source, body, decisive=boxed.kind == "some")


def _quantified(variable: str, source: Code, body: Code, *, decisive: bool) -> Code:
    """Compile `some` and `every`; other than in FEEL, one answer that is no boolean makes the whole null."""
    cost = body.size

    def run(scope: Scope) -> Value:
        value = source.run(scope)
        if value is None:
            return scope.run.warn("cannot_iterate", kind="null")
        answers: list[Value] = []
        for item in as_list(value):
            scope.run.charge(cost)
            answers.append(body.run(Scope({variable: item}, scope, scope.run)))
        odd = [answer for answer in answers if answer is not None and type(answer) is not bool]
        if odd:
            return scope.run.warn("bad_condition", kind=kind(odd[0]))
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive

    return make_code(run, source, body)


def _filter(boxed: model.Filter, place: Place) -> Code:
    source = compile_expression(boxed.source, place)
    match = compile_expression(boxed.match, place.within({"item": None}))
    cost = match.size

    def run(scope: Scope) -> Value:
        value = source.run(scope)
        kept: list[Value] = []
        for item in [] if value is None else as_list(value):
            scope.run.charge(cost)
            outer = Scope({"item": item}, scope, scope.run)
            found = match.run(Scope(item, outer, scope.run) if type(item) is dict else outer)
            if found is not None and type(found) is not bool:
                return scope.run.warn("bad_filter")
            if found is True:
                kept.append(item)
        return kept

    return make_code(run, source, match)


_COMPILERS: Mapping[type, Callable[[Any, Place], Code]] = {
    model.Literal: compile_literal,
    model.BoxedContext: _context,
    model.BoxedList: _list,
    model.Relation: _relation,
    model.Invocation: _invocation,
    model.FunctionDefinition: compile_function,
    model.Conditional: _conditional,
    model.Iteration: _iteration,
    model.Filter: _filter,
    model.Table: compile_table,
    model.Missing: _missing,
}
