"""Compile the FEEL texts of a model where they stand: with the names and the types that are known there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from engine import feel
from engine.bpmn.findings import Finding, make
from engine.dmn import model
from engine.dmn.course import course_of
from engine.dmn.items import Item, Items, fit
from engine.dmn.words import Index, index
from engine.feel.code import Code, Scope
from engine.feel.conversion import fold
from engine.feel.expressions import Expression, compile_expression, compile_tests, names_in
from engine.feel.lexer import is_plain
from engine.feel.types import Type, Types
from engine.feel.values import Value

_NO_TEST = ("", "-")
_MAX_TYPE_DEPTH = 10
Compile: TypeAlias = Callable[[str, frozenset[str], Types], Expression]


@dataclass(frozen=True)
class Place:
    """Where a text stands: in which element, with which names in scope and which types of the model.

    `owner` is the name of the element, `element` its id. `words` are names of the model that may be keys of
    values: those that no operator divides do no harm wherever they are known.
    """

    owner: str
    element: str
    items: Items
    names: Mapping[str, Type]
    words: Index
    findings: list[Finding]

    def where(self, part: model.Expression) -> tuple[str, int | None]:
        """Return the id, that of the element when the part has none of its own, and the line."""
        return part.id or self.element, part.line

    def within(self, names: Mapping[str, Type]) -> Place:
        """Return the place inside, where more names are known."""
        return replace(self, names={**self.names, **names})

    @cached_property
    def _index(self) -> Index:
        names = frozenset(self.names).union(*map(_fields, self.names.values()))
        return index(name for name in names if not is_plain(name))

    def known(self, text: str) -> frozenset[str]:
        """Return the names that occur in a text and are not one plain word."""
        return frozenset(self.words.occurring(text) + self._index.occurring(text))

    def types(self, text: str) -> Types:
        """Return the types of the model that a text may name."""
        return {name: self.items.types[name] for name in self.items.index.occurring(text)}

    def item(self, name: str, element: str, line: int | None) -> Item:
        """Return a type by its name; an unknown one is found fault with and accepts everything."""
        found = self.items.find(name)
        if found is None:
            self.findings.append(make("unknown-type", element, line, name=self.owner, type=name))
        return found or Item(None)


def _fields(wanted: Type, depth: int = 0) -> frozenset[str]:
    """Return the names of all fields inside a type."""
    if not isinstance(wanted, tuple) or depth > _MAX_TYPE_DEPTH or len(wanted) < 2:
        return frozenset()
    if wanted[0] == "context":
        inner = [_fields(one, depth + 1) for _, one in wanted[1]]
        return frozenset(name for name, _ in wanted[1]).union(*inner)
    return _fields(wanted[1], depth + 1) if wanted[0] == "list" else frozenset()


def compile_literal(literal: model.Literal, place: Place) -> Code:
    """Return the code of an expression; what does not parse is found fault with and null."""
    return _compile(literal, place, compile_expression)


def compile_unary(literal: model.Literal, place: Place) -> Code | None:
    """Return the code of unary tests, None when every value passes them."""
    if literal.text in _NO_TEST:
        return None
    return _compile(literal, place, compile_tests)


def _compile(literal: model.Literal, place: Place, compile_text: Compile) -> Code:
    refused = _refusal(literal, place)
    if refused is not None:
        return refused
    try:
        names, types = place.known(literal.text), place.types(literal.text)
        return guarded(compile_text(literal.text, names, types).code)
    except feel.FeelError as error:
        return _late(literal, place, error, compile_text)


def _refusal(literal: model.Literal, place: Place) -> Code | None:
    """Return the code of a text that is not FEEL."""
    language = literal.language.lower()
    if language and "feel" not in language and "/dmn/" not in language:
        finding = make(
            "expression-language", *place.where(literal), name=place.owner, language=literal.language
        )
        place.findings.append(finding)
        return failing(finding)
    if not literal.text:
        place.findings.append(make("empty-expression", *place.where(literal), name=place.owner))
        return Code(lambda _scope: None)
    return None


def failing(finding: Finding) -> Code:
    """Return the code of something wrong: an error and null, whenever it is evaluated."""
    return Code(lambda scope: course_of(scope).fail(finding))


def guarded(code: Code) -> Code:
    """Return code whose arithmetic errors are null, as FEEL wants it."""
    closure = code.run

    def run(scope: Scope) -> Value:
        try:
            return closure(scope)
        except ArithmeticError:
            return scope.run.warn("out_of_range")

    return replace(code, run=run)


def _late(literal: model.Literal, place: Place, error: feel.FeelError, compile_text: Compile) -> Code:
    """Return the code of a text that does not parse with the names known beforehand.

    Keys of values without a type may be several words: such a text is compiled when they are there.
    """
    finding = make("decision-expression", *place.where(literal), name=place.owner, error=error)
    try:
        feel.check(literal.text)
    except feel.FeelError:
        place.findings.append(finding)
        return failing(finding)
    folded, known, types = fold(literal.text), place.known(literal.text), place.types(literal.text)

    def run(scope: Scope) -> Value:
        course = course_of(scope)
        code = course.late.get(id(literal))
        if code is None:
            course.charge(len(literal.text))
            names = names_in(folded, _visible(scope))
            try:
                code = compile_text(literal.text, known | names, types).code
            except feel.FeelError:
                return course.fail(finding)
            course.late[id(literal)] = code
        course.charge(code.size)
        return code.run(scope)

    return guarded(Code(run))


def _visible(scope: Scope) -> dict[str, Value]:
    names: dict[str, Value] = {}
    level: Scope | None = scope
    while level is not None:
        names = {**level.names, **names}
        level = level.outer
    return names


def fitted(code: Code, item: Item, name: str, where: tuple[str, int | None]) -> Code:
    """Return code whose value fits a type; one that does not is an error and null."""
    if item.type is None and not item.allowed:
        return code
    closure = code.run

    def run(scope: Scope) -> Value:
        value = fit(scope.run, closure(scope), item, name, where)
        return course_of(scope).fail(value) if isinstance(value, Finding) else value

    return replace(code, run=run)
