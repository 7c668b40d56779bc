"""Compile decision tables: which rules hit, and what the hit policy makes of them (DMN 1.5 §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from engine import feel
from engine.bpmn.findings import Finding, make
from engine.dmn import model
from engine.dmn.course import Course, Hit, Trace, course_of
from engine.dmn.items import Item, fit, passes, shown
from engine.dmn.places import Place, compile_literal, compile_unary, failing, fitted
from engine.feel import registry
from engine.feel.code import Code, Scope
from engine.feel.code import make as make_code
from engine.feel.equality import equal
from engine.feel.expressions import compile_expression
from engine.feel.values import Value

HIT_POLICIES = frozenset({"UNIQUE", "ANY", "PRIORITY", "FIRST", "RULE ORDER", "OUTPUT ORDER", "COLLECT"})
AGGREGATIONS = frozenset({"SUM", "MIN", "MAX", "COUNT"})
ORDERED = frozenset({"PRIORITY", "OUTPUT ORDER"})


@dataclass(frozen=True)
class Column:
    """An output: its name, type and tests, its value when no rule hits, its values by priority."""

    output: model.Output
    label: str
    item: Item
    allowed: Code | None
    default: Code | None
    priorities: Code | None


@dataclass(frozen=True)
class Row:
    """A rule: the tests of the inputs that have one, and the codes of its entries."""

    rule: model.Rule
    index: int
    tests: tuple[tuple[int, Code], ...]
    entries: tuple[Code, ...]


@dataclass(frozen=True)
class Compiled:
    """A table ready to be evaluated."""

    table: model.Table
    name: str
    where: tuple[str, int | None]
    inputs: tuple[tuple[model.Input, Code, Code | None], ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


Outputs: TypeAlias = tuple[Value, ...]
Hits: TypeAlias = list[tuple[Row, Outputs]]


def compile_table(table: model.Table, place: Place) -> Code:
    """Return the code of a table; its findings go to the place."""
    problem = _problem(table, place)
    if problem is not None:
        place.findings.append(problem)
        return failing(problem)
    columns = tuple(_column(output, table, place) for output in table.outputs)
    inputs = tuple(_input(one, table, place) for one in table.inputs)
    rows = tuple(_row(rule, index, columns, place) for index, rule in enumerate(table.rules, 1))
    compiled = Compiled(table, place.owner, place.where(table), inputs, columns, rows)
    codes = [code for _, code, _ in inputs]
    codes += [code for row in rows for _, code in row.tests]
    codes += [code for row in rows for code in row.entries]
    # its rules are charged one by one as they are tried, so the table itself costs only its inputs
    whole = make_code(lambda scope: _evaluate(compiled, scope), *codes)
    return Code(whole.run, whole.depth, 1 + len(inputs), whole.uses)


def _problem(table: model.Table, place: Place) -> Finding | None:
    """Return what makes a table impossible to evaluate."""
    where = place.where(table)
    if table.hit_policy not in HIT_POLICIES:
        return make("unknown-hit-policy", *where, name=place.owner, policy=table.hit_policy)
    if table.aggregation and (table.hit_policy != "COLLECT" or table.aggregation not in AGGREGATIONS):
        values = {"name": place.owner, "aggregation": table.aggregation, "policy": table.hit_policy}
        return Finding("unknown-aggregation", *where, values)
    if not table.outputs:
        return make("table-without-output", *where, name=place.owner)
    names = [output.name for output in table.outputs]
    if len(names) > 1 and ("" in names or len(set(names)) < len(names)):
        return make("output-name", *where, name=place.owner)
    expected = len(table.inputs) + len(table.outputs)
    for index, rule in enumerate(table.rules, 1):
        found = len(rule.tests) + len(rule.entries)
        if len(rule.tests) != len(table.inputs) or len(rule.entries) != len(table.outputs):
            told = {"name": place.owner, "index": index, "found": found, "expected": expected}
            return Finding("rule-entries", rule.id or where[0], rule.line, told)
    return None


def _input(one: model.Input, table: model.Table, place: Place) -> tuple[model.Input, Code, Code | None]:
    where = (one.id or place.where(table)[0], one.line)
    if isinstance(one.expression, model.Literal):
        code = compile_literal(one.expression, place)
    else:
        finding = make("missing-expression", *where, name=place.owner)
        place.findings.append(finding)
        code = failing(finding)
    item = place.item(one.type, *where)
    allowed = None if one.allowed is None else compile_unary(one.allowed, place)
    return one, fitted(code, item, one.label or place.owner, where), allowed


def _column(output: model.Output, table: model.Table, place: Place) -> Column:
    item = place.item(output.type, output.id or place.where(table)[0], output.line)
    allowed = None if output.allowed is None else compile_unary(output.allowed, place)
    default = None if output.default is None else compile_literal(output.default, place)
    priorities = None
    listed = item.listed if output.allowed is None else output.allowed.text
    if table.hit_policy in ORDERED:
        priorities = _priorities(listed) if listed else None
    label = output.name or output.label or place.owner
    return Column(output, label, item, allowed, default, priorities)


def _priorities(listed: str) -> Code | None:
    """Return the code of allowed values as a list: the first has the highest priority."""
    try:
        return compile_expression(f"[{listed}]").code
    except feel.FeelError:
        return None


def _row(rule: model.Rule, index: int, columns: tuple[Column, ...], place: Place) -> Row:
    tests = [compile_unary(test, place) for test in rule.tests]
    entries = [
        fitted(
            _entry(entry, place),
            column.item,
            column.label,
            (entry.id or rule.id or place.element, entry.line),
        )
        for entry, column in zip(rule.entries, columns, strict=True)
    ]
    present = tuple((number, test) for number, test in enumerate(tests) if test is not None)
    return Row(rule, index, present, tuple(entries))


def _entry(entry: model.Literal, place: Place) -> Code:
    """Return the code of an output entry; an empty one, or `-`, is null."""
    return Code(lambda _scope: None) if entry.text in ("", "-") else compile_literal(entry, place)


def _evaluate(table: Compiled, scope: Scope) -> Value:
    course = course_of(scope)
    before = len(course.errors)
    values = [code.run(scope) for _, code, _ in table.inputs]
    told = tuple((one.label, value) for (one, _, _), value in zip(table.inputs, values, strict=True))
    hits: Hits = []
    output: Value = None
    if len(course.errors) == before and _allow(table, values, scope):
        hits = _hits(table, values, scope)
        output = _decide(table, hits, scope)
    policy = " ".join(part for part in (table.table.hit_policy, table.table.aggregation) if part)
    traced = tuple(_trace(table, row, outputs) for row, outputs in hits)
    course.trace(Trace(table.table.id, table.name, policy, told, traced, output))
    return output


def _allow(table: Compiled, given: list[Value], scope: Scope) -> bool:
    """Tell whether every input has an allowed value; note the first that has not."""
    for (one, _, allowed), value in zip(table.inputs, given, strict=True):
        if allowed is not None and value is not None and not passes(scope.run, value, allowed, scope):
            listed = "" if one.allowed is None else one.allowed.text
            values = {"name": one.label, "value": shown(value), "allowed": listed}
            course_of(scope).fail(Finding("value-not-allowed", one.id or table.where[0], one.line, values))
            return False
    return True


def _hits(table: Compiled, values: list[Value], scope: Scope) -> Hits:
    """Return the rules whose tests all pass, in their order, with their outputs."""
    hits: Hits = []
    scopes = [Scope({"?": value}, scope, scope.run) for value in values]
    for row in table.rows:
        scope.run.charge(1 + len(row.tests))
        for number, test in row.tests:
            scope.run.charge(test.size)
            if test.run(scopes[number]) is not True:
                break
        else:
            hits.append((row, tuple(_output(row, number, scope) for number in range(len(row.entries)))))
            if table.table.hit_policy == "FIRST":
                break
    return hits


def _output(row: Row, number: int, scope: Scope) -> Value:
    code = row.entries[number]
    scope.run.charge(code.size)
    return code.run(scope)


def _trace(table: Compiled, row: Row, outputs: Outputs) -> Hit:
    names = table.table.annotations
    annotations = {
        (names[number] if number < len(names) else f"annotation {number + 1}"): text
        for number, text in enumerate(row.rule.annotations)
        if text
    }
    if row.rule.description:
        annotations.setdefault("description", row.rule.description)
    told = {column.label: value for column, value in zip(table.columns, outputs, strict=True)}
    return Hit(row.rule.id, row.index, told, annotations)


def _decide(table: Compiled, hits: Hits, scope: Scope) -> Value:
    if not all(_is_allowed(table, outputs, scope) for _, outputs in hits):
        return None
    if not hits:
        return _default(table, scope)
    return _POLICIES[table.table.hit_policy](table, hits, course_of(scope))


def _is_allowed(table: Compiled, outputs: Outputs, scope: Scope) -> bool:
    for column, value in zip(table.columns, outputs, strict=True):
        if column.allowed is None or value is None or passes(scope.run, value, column.allowed, scope):
            continue
        output = column.output
        listed = "" if output.allowed is None else output.allowed.text
        values = {"name": column.label, "value": shown(value), "allowed": listed}
        course_of(scope).fail(Finding("value-not-allowed", output.id or table.where[0], output.line, values))
        return False
    return True


def _default(table: Compiled, scope: Scope) -> Value:
    """Return the default outputs, null when there are none."""
    if all(column.default is None for column in table.columns):
        return None
    values: list[Value] = []
    for column in table.columns:
        value = None if column.default is None else column.default.run(scope)
        fits = fit(
            scope.run,
            value,
            column.item,
            column.label,
            (column.output.id or table.where[0], column.output.line),
        )
        values.append(course_of(scope).fail(fits) if isinstance(fits, Finding) else fits)
    return _one(table, tuple(values))


def _one(table: Compiled, outputs: Outputs) -> Value:
    """Return the result of one rule: the value of the only output, else a context by name."""
    if len(table.columns) == 1:
        return outputs[0]
    return {column.output.name: value for column, value in zip(table.columns, outputs, strict=True)}


def _unique(table: Compiled, hits: Hits, course: Course) -> Value:
    if len(hits) > 1:
        return course.fail(make("decision-not-unique", *table.where, name=table.name, rules=_numbers(hits)))
    return _one(table, hits[0][1])


def _any(table: Compiled, hits: Hits, course: Course) -> Value:
    first = _one(table, hits[0][1])
    for _, outputs in hits[1:]:
        if equal(course, first, _one(table, outputs)) is not True:
            return course.fail(make("decision-conflict", *table.where, name=table.name, rules=_numbers(hits)))
    return first


def _numbers(hits: Hits) -> str:
    return ", ".join(str(row.index) for row, _ in hits)


def _first(table: Compiled, hits: Hits, _course: Course) -> Value:
    return _one(table, hits[0][1])


def _in_rule_order(table: Compiled, hits: Hits, _course: Course) -> Value:
    return [_one(table, outputs) for _, outputs in hits]


def _ranked(table: Compiled, hits: Hits, course: Course) -> Hits:
    """Return the hits by the priority of their outputs, column by column; equal ones in rule order."""
    empty = Scope({}, None, course)
    lists = [[] if column.priorities is None else column.priorities.run(empty) for column in table.columns]

    def rank(hit: tuple[Row, Outputs]) -> tuple[int, ...]:
        return tuple(
            _place(course, value, priorities if isinstance(priorities, list) else [])
            for value, priorities in zip(hit[1], lists, strict=True)
        )

    return sorted(hits, key=rank)


def _place(course: Course, value: Value, priorities: list[Value]) -> int:
    course.charge(len(priorities))
    for number, one in enumerate(priorities):
        if equal(course, value, one) is True:
            return number
    return len(priorities)


def _by_priority(table: Compiled, hits: Hits, course: Course) -> Value:
    return _one(table, _ranked(table, hits, course)[0][1])


def _in_output_order(table: Compiled, hits: Hits, course: Course) -> Value:
    return [_one(table, outputs) for _, outputs in _ranked(table, hits, course)]


def _collect(table: Compiled, hits: Hits, course: Course) -> Value:
    """Return all results, or what the aggregation makes of each output."""
    aggregation = table.table.aggregation
    if not aggregation:
        return [_one(table, outputs) for _, outputs in hits]
    results: list[Value] = []
    for number in range(len(table.columns)):
        values = [outputs[number] for _, outputs in hits]
        result = registry.call(course, aggregation.lower(), [values], None)
        if result is None:
            told = {"name": table.name, "aggregation": aggregation, "value": shown(values)}
            return course.fail(Finding("cannot-aggregate", *table.where, told))
        results.append(result)
    return _one(table, tuple(results))


_POLICIES: Mapping[str, Callable[[Compiled, Hits, Course], Value]] = {
    "UNIQUE": _unique,
    "ANY": _any,
    "PRIORITY": _by_priority,
    "FIRST": _first,
    "RULE ORDER": _in_rule_order,
    "OUTPUT ORDER": _in_output_order,
    "COLLECT": _collect,
}
