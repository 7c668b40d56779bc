"""The item definitions of a model as FEEL types with their allowed values, and fitting values to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from engine import feel
from engine.bpmn.findings import Finding, make
from engine.dmn import model
from engine.dmn.words import Index, index
from engine.feel.code import Code, Scope
from engine.feel.conversion import to_text
from engine.feel.expressions import compile_tests, read_type
from engine.feel.limits import MAX_DATA_DEPTH, Run
from engine.feel.temporal import read_literal
from engine.feel.types import NO_TYPES, Type, Types, coerce, write_type
from engine.feel.values import Value, kind

MAX_ITEM_DEPTH = 30
MAX_ITEM_SIZE = 2_000  # parts of a type, written out
_BARE: Types = {"list": ("list", None), "context": ("context", ()), "function": ("function",)}
_TEMPORAL = frozenset(
    {"date", "time", "date and time", "days and time duration", "years and months duration"}
)


@dataclass(frozen=True)
class Item:
    """A type: the FEEL type, its parts, and the tests that a value (and each element) must pass."""

    type: Type
    element: Item | None = None
    base: Item | None = None
    fields: tuple[tuple[str, Item], ...] = ()
    allowed: tuple[Code, ...] = ()
    listed: str = ""
    size: int = 1


ANY = Item(None)


@dataclass(frozen=True)
class Items:
    """The types of a model by name, those of imported models behind the name of their import."""

    by_name: Mapping[str, Item]
    types: Types
    found: dict[str, Item | None] = field(default_factory=dict)

    @cached_property
    def index(self) -> Index:
        """Return the names of the types, to find those that a text contains."""
        return index(self.types)

    def find(self, name: str) -> Item | None:
        """Return the type of a name, None when there is none."""
        if not name:
            return ANY
        if name in self.by_name:
            return self.by_name[name]
        if name not in self.found:
            plain = name.removeprefix("feel.")
            self.found[name] = _read(plain, NO_TYPES) or _read(plain, self.types)
        return self.found[name]


def _read(name: str, types: Types) -> Item | None:
    """Return a type that is written as FEEL does."""
    if name in _BARE:
        return Item(_BARE[name])
    try:
        found = read_type(name, types)
    except feel.FeelError:
        return None
    return None if found is None else Item(found)


def collect(definitions: model.Definitions, imported: Mapping[str, Items]) -> tuple[Items, list[Finding]]:
    """Return the types of a model, and what is wrong with them."""
    by_name = {
        f"{name}.{inner}" if name else inner: item
        for name, items in imported.items()
        for inner, item in items.by_name.items()
    }
    builder = _Builder({item.name: item for item in definitions.items}, by_name, [])
    for definition in definitions.items:
        if definition.name not in by_name:
            builder.by_name[definition.name] = builder.build(definition, (definition.name,))
    types = {name: item.type for name, item in builder.by_name.items()}
    return Items(builder.by_name, types), builder.findings


@dataclass(frozen=True)
class _Builder:
    definitions: Mapping[str, model.ItemDefinition]
    by_name: dict[str, Item]
    findings: list[Finding]

    def build(self, item: model.ItemDefinition, path: tuple[str, ...]) -> Item:
        single = self._single(item, path) if len(path) <= MAX_ITEM_DEPTH else None
        if single is None or single.size > MAX_ITEM_SIZE:
            self.findings.append(make("type-too-large", item.id, item.line, name=item.name))
            return ANY
        whole = self._tests(item, item.constraint)
        if not item.collection:
            listed = single.listed or _text(item.constraint)
            return replace(single, allowed=single.allowed + whole, listed=listed)
        return Item(
            ("list", single.type),
            element=single,
            allowed=whole,
            listed=_text(item.constraint),
            size=single.size + 1,
        )

    def _single(self, item: model.ItemDefinition, path: tuple[str, ...]) -> Item:
        tests = self._tests(item, item.allowed)
        listed = _text(item.allowed)
        if item.fields:
            fields = tuple((one.name, self.build(one, (*path, one.name))) for one in item.fields)
            wanted = ("context", tuple((name, inner.type) for name, inner in fields))
            size = 1 + sum(inner.size for _, inner in fields)
            return Item(wanted, fields=fields, allowed=tests, listed=listed, size=size)
        if item.function is not None:
            parameters, result = item.function
            inner = [self.find(one.type, item, path) for one in parameters]
            given = self.find(result, item, path)
            size = 1 + given.size + sum(one.size for one in inner)
            return Item(("function", tuple(one.type for one in inner), given.type), size=size)
        base = self.find(item.type, item, path)
        return Item(base.type, base.element, base, base.fields, tests, listed or base.listed, base.size)

    def find(self, name: str, item: model.ItemDefinition, path: tuple[str, ...]) -> Item:
        """Return a type by name; one that contains itself stands for any value."""
        if name in self.by_name:
            return self.by_name[name]
        if name in self.definitions:
            if name in path:
                return ANY
            self.by_name[name] = self.build(self.definitions[name], (*path, name))
            return self.by_name[name]
        found = ANY if not name else _read(name.removeprefix("feel."), NO_TYPES)
        if found is None and "<" in name:
            found = _read(name, {known: one.type for known, one in self.by_name.items()})
        if found is None:
            self.findings.append(make("unknown-type", item.id, item.line, name=item.name, type=name))
        return found or ANY

    def _tests(self, item: model.ItemDefinition, tests: model.Literal | None) -> tuple[Code, ...]:
        if tests is None:
            return ()
        try:
            return (compile_tests(tests.text).code,)
        except feel.FeelError as error:
            self.findings.append(
                make("decision-expression", tests.id or item.id, tests.line, name=item.name, error=error)
            )
            return ()


def _text(tests: model.Literal | None) -> str:
    return "" if tests is None else tests.text


def permitted(run: Run, value: Value, item: Item, depth: int = 0) -> bool:
    """Tell whether a value of the type passes its tests, in all its parts; null passes."""
    run.charge()
    if value is None or depth > MAX_DATA_DEPTH:
        return True
    if not all(passes(run, value, test) for test in item.allowed):
        return False
    if item.base is not None and not permitted(run, value, item.base, depth + 1):
        return False
    if item.element is not None and item.base is None and type(value) is list:
        return all(permitted(run, one, item.element, depth + 1) for one in value)
    if item.base is None and type(value) is dict:
        return all(permitted(run, value.get(name), inner, depth + 1) for name, inner in item.fields)
    return True


def passes(run: Run, value: Value, test: Code, scope: Scope | None = None) -> bool:
    """Tell whether a value passes unary tests."""
    run.charge(test.size)
    return test.run(Scope({"?": value}, scope, run)) is True


def fit(run: Run, value: Value, item: Item, name: str, where: tuple[str, int | None]) -> Value | Finding:
    """Return a value as its type wants it; a finding when it does not fit or is not allowed."""
    if item.type is None and not item.allowed:
        return value
    fitted = coerce(run, value, item.type)
    if fitted is None and value is not None:
        return make("wrong-type", *where, name=name, value=shown(value), type=_cut(write_type(item.type)))
    if not permitted(run, fitted, item):
        return make("value-not-allowed", *where, name=name, value=shown(fitted), allowed=item.listed or "…")
    return fitted


def shown(value: Value) -> str:
    """Return a value as FEEL writes it, cut so that a message stays readable."""
    return _cut(to_text([value])[1:-1])


def _cut(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "..."


def read_texts(value: Value, wanted: Type, depth: int = 0) -> Value:
    """Return a value from JSON with the texts read that stand for temporal values by their type."""
    if depth > MAX_DATA_DEPTH:
        return value
    if type(value) is str and isinstance(wanted, str) and wanted in _TEMPORAL:
        read = read_literal(value)
        is_date = wanted == "date and time" and kind(read) == "date"
        return read if kind(read) == wanted or is_date else value
    if isinstance(wanted, tuple) and wanted[0] == "list" and wanted[1] is not None:
        if type(value) is list:
            return [read_texts(one, wanted[1], depth + 1) for one in value]
        return read_texts(value, wanted[1], depth + 1)
    if isinstance(wanted, tuple) and wanted[0] == "context" and type(value) is dict:
        fields = dict(wanted[1])
        return {name: read_texts(one, fields.get(name), depth + 1) for name, one in value.items()}
    return value
