"""Evaluate a decision with everything it requires, each once, and tell the result and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import localcontext
from typing import Any

from engine.bpmn.findings import Finding, make
from engine.dmn import model
from engine.dmn.course import MAX_ERRORS, Course, Evaluation, Hit, Key, Trace
from engine.dmn.items import Item, fit, read_texts
from engine.dmn.library import Library, Node, result_of
from engine.feel.calls import invoke
from engine.feel.code import Scope
from engine.feel.conversion import fold, from_json, to_json
from engine.feel.errors import FeelError, FeelLimit, describe
from engine.feel.lexer import tidy
from engine.feel.limits import HOST_DEPTH, HOST_STEPS, MAX_CALL_DEPTH
from engine.feel.values import DECIMAL128, Function, Json, Value

Give = Callable[[Value], Any]


@dataclass(frozen=True)
class Outcome:
    """What an evaluation came to: what failed is null, and with errors the result is not to be relied on."""

    decision: str
    name: str
    result: Value = None
    evaluations: tuple[Evaluation, ...] = ()
    errors: tuple[Finding, ...] = ()
    # why something is null, in all that was evaluated
    notes: tuple[tuple[str, Mapping[str, object]], ...] = field(default=())

    def as_dict(self, language: str = "vi", give: Give = to_json) -> dict[str, Any]:
        """Return the outcome as JSON data; `give` turns a FEEL value into JSON."""
        return {
            "decision": self.decision,
            "name": self.name,
            "result": give(self.result),
            "evaluations": [_told(one, language, give) for one in self.evaluations],
            "errors": [error.as_dict(language) for error in self.errors],
            "notes": _notes(self.notes, language),
        }


def _told(evaluation: Evaluation, language: str, give: Give) -> dict[str, Any]:
    return {
        "decision": evaluation.decision,
        "name": evaluation.name,
        "hit_policy": evaluation.hit_policy or None,
        "inputs": {name: give(value) for name, value in evaluation.inputs.items()},
        "hits": [_hit(hit, give) for hit in evaluation.hits],
        "output": give(evaluation.output),
        "tables": [_table(trace, give) for trace in evaluation.tables],
        "notes": _notes(evaluation.notes, language),
    }


def _notes(notes: Sequence[tuple[str, Mapping[str, object]]], language: str) -> list[str]:
    """Return in words why something is null, each once."""
    return list(dict.fromkeys(describe(code, dict(values), language) for code, values in notes))


def _hit(hit: Hit, give: Give) -> dict[str, Any]:
    outputs = {name: give(value) for name, value in hit.outputs.items()}
    return {
        "rule": hit.rule,
        "index": hit.index,
        "outputs": outputs,
        "annotations": dict(hit.annotations),
    }


def _table(trace: Trace, give: Give) -> dict[str, Any]:
    return {
        "table": trace.table,
        "name": trace.name,
        "hit_policy": trace.hit_policy,
        "inputs": {name: give(value) for name, value in trace.inputs},
        "hits": [_hit(hit, give) for hit in trace.hits],
        "output": give(trace.output),
    }


def evaluate(library: Library, node: Node, variables: Mapping[str, Json], now: datetime) -> Outcome:
    """Return what a decision, service or business knowledge model gives for plain JSON variables.

    Input data are found by name, those of imported models inside a variable named like the import. Texts
    become dates and durations where the type says so. Variables that no input data are named after
    are visible everywhere. Nothing is raised: what goes wrong is among the errors.
    """
    element = node.element
    course = Course(now)
    result: Value = None
    try:
        with localcontext(DECIMAL128):
            given = {tidy(fold(name)): from_json(value) for name, value in variables.items()}
            free = {name: value for name, value in given.items() if name not in library.reserved}
            result = _Graph(library, course, given, Scope(free, None, course)).evaluate(node)
    except FeelLimit as error:
        course.fail(make("evaluation-limit", element.id, element.line, name=element.name, error=error))
    except RecursionError:
        limit = FeelLimit("depth", limit=MAX_CALL_DEPTH)
        course.fail(make("evaluation-limit", element.id, element.line, name=element.name, error=limit))
    except FeelError as error:
        rule = "decision-unreadable-input"
        course.fail(make(rule, element.id, element.line, name=element.name, error=error))
    return Outcome(
        element.id,
        element.name,
        result,
        tuple(course.evaluations),
        tuple(course.errors),
        tuple(course.warnings),
    )


@dataclass(frozen=True)
class _Graph:
    """The graph of requirements of one evaluation with the variables it was given."""

    library: Library
    course: Course
    given: Mapping[str, Value]
    outer: Scope  # variables that no input data and no import are named after

    def evaluate(self, node: Node) -> Value:
        """Evaluate the element that was asked for; services and functions are called with the variables."""
        if isinstance(node.element, model.Decision):
            self.solve(node.key)
            return self.course.known.get(node.key)
        self.solve(node.key)
        function = self.course.known.get(node.key)
        if type(function) is not Function:
            return None
        before = len(self.course.errors)
        where = (node.element.id, node.element.line)
        arguments: dict[str, Value] = {}
        for name, wanted in zip(function.parameters, function.types, strict=True):
            value = read_texts(self.given.get(name), wanted)
            fitted = fit(self.course, value, Item(wanted), name, where)
            arguments[name] = self.course.fail(fitted) if isinstance(fitted, Finding) else fitted
        return invoke(self.course, function, (), arguments) if len(self.course.errors) == before else None

    def solve(self, wanted: Key) -> None:
        """Evaluate what an element requires, then the element, each once."""
        order = self.order(wanted)
        self.course.charge(len(order))
        for key in order:
            if key not in self.course.known:
                self.course.known[key] = _MAKE[type(self.library.nodes[key].element)](
                    self, self.library.nodes[key]
                )

    def order(self, wanted: Key) -> list[Key]:
        """Return an element after everything it requires; a circle is an error and not gone into."""
        done: dict[Key, bool] = {}
        order: list[Key] = []
        stack = [(wanted, self.requirements(wanted))]
        done[wanted] = False
        while stack:
            key, following = stack[-1]
            target = next(following, None)
            if target is None:
                stack.pop()
                done[key] = True
                order.append(key)
            elif target not in done:
                done[target] = False
                stack.append((target, self.requirements(target)))
            elif not done[target] and len(self.course.errors) < MAX_ERRORS:
                path = [one for one, _ in stack]
                self._refuse_circle([*path[path.index(target) :], target])
        return order

    def requirements(self, key: Key) -> Iterator[Key]:
        """Yield what must be known before an element; what is known already needs nothing more."""
        node = self.library.nodes[key]
        if key in self.course.known or isinstance(node.element, model.Service):
            return iter(())
        return (source.key for source in node.sources)

    def _refuse_circle(self, path: list[Key]) -> None:
        elements = [self.library.nodes[key].element for key in path]
        names = " → ".join(element.name for element in elements)
        self.course.fail(make("requirement-cycle", elements[0].id, elements[0].line, path=names))

    def scope(self, node: Node) -> Scope:
        """Return the names that an element sees: what it requires, and variables that are no elements."""
        names: dict[str, Value] = {}
        for source in node.sources:
            value = self.course.known.get(source.key)
            if source.prefix:
                inner = names.setdefault(source.prefix, {})
                assert isinstance(inner, dict)  # noqa: S101  made in the line above
                inner[source.name] = value
            else:
                names[source.name] = value
        for source in node.sources:
            if source.alias and not source.prefix:
                names.setdefault(source.alias, self.course.known.get(source.key))
        return Scope(names, self.outer, self.course)


def _make_input(graph: _Graph, node: Node) -> Value:
    """Return a value given from outside as its type wants it; null when there is none."""
    value = read_texts(_given(graph, node), node.item.type)
    element = node.element
    fitted = fit(graph.course, value, node.item, element.name, (element.id, element.line))
    return graph.course.fail(fitted) if isinstance(fitted, Finding) else fitted


def _given(graph: _Graph, node: Node) -> Value:
    """Look for the value of an input under its name, or inside the variable of the import it came by."""
    name, namespace = node.element.name, graph.library.models[node.key[0]].namespace
    for definitions in graph.library.models:
        for one in definitions.imports:
            if one.namespace != namespace or not one.name:
                continue
            around = graph.given.get(one.name)
            if isinstance(around, dict) and name in around:
                return around[name]
            if f"{one.name}.{name}" in graph.given:
                return graph.given[f"{one.name}.{name}"]
    alias = node.element.alias if isinstance(node.element, model.InputData) else ""
    return graph.given.get(name, graph.given.get(alias))


def _make_decision(graph: _Graph, node: Node) -> Value:
    course, element = graph.course, node.element
    if node.code is None:
        return None
    traces, warnings = len(course.traces), len(course.warnings)
    course.charge(node.code.size)
    scope = graph.scope(node)
    value = node.code.run(scope)
    tables = course.traces[traces:]
    own = element.logic if isinstance(element, model.Decision) else None
    mine = tables[-1] if isinstance(own, model.Table) and tables and tables[-1].table == own.id else None
    inputs = (
        dict(mine.inputs)
        if mine is not None
        else {
            source.name: graph.course.known.get(source.key)
            for source in node.sources
            if not isinstance(graph.library.nodes[source.key].element, model.Knowledge | model.Service)
        }
    )
    course.keep(
        Evaluation(
            element.id,
            element.name,
            "" if mine is None else mine.hit_policy,
            inputs,
            () if mine is None else mine.hits,
            value,
            tuple(tables[:-1] if mine is not None else tables),
            tuple(course.warnings[warnings:]),
        )
    )
    return value


def _make_knowledge(graph: _Graph, node: Node) -> Value:
    """Return the function; it sees what its model requires, and itself."""
    if node.code is None:
        return None
    scope = graph.scope(node)
    function = node.code.run(scope)
    if type(function) is Function:
        function.name = node.element.name
        scope.names[node.element.name] = function
    return function


def _make_service(graph: _Graph, node: Node) -> Value:
    """Return the function that evaluates the output decisions in a graph of its own."""

    def enter(scope: Scope) -> Value:
        course, outer = graph.course, graph.course.known
        course.known = {one.key: scope.names[one.name] for one in node.parameters}
        try:
            for one in node.outputs:
                graph.solve(one.key)
            values = {one.name: course.known.get(one.key) for one in node.outputs}
        finally:
            course.known = outer
        return next(iter(values.values())) if len(values) == 1 else values

    nodes = graph.library.nodes
    return Function(
        tuple(one.name for one in node.parameters),
        enter,
        tuple(nodes[one.key].item.type for one in node.parameters),
        depth=HOST_DEPTH + graph.library.depth,
        size=HOST_STEPS,
        name=node.element.name,
        result=result_of(node.item).type,
    )


_MAKE: Mapping[type, Callable[[_Graph, Node], Value]] = {
    model.InputData: _make_input,
    model.Decision: _make_decision,
    model.Knowledge: _make_knowledge,
    model.Service: _make_service,
}
