"""Put DMN models together: imports, requirements by href, one compiled node for each element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.bpmn.findings import Finding, make
from engine.dmn import model
from engine.dmn.boxed import compile_expression, compile_function
from engine.dmn.course import Key
from engine.dmn.items import ANY, Item, Items, collect
from engine.dmn.places import Place, fitted
from engine.dmn.words import Index, harmless
from engine.dmn.words import index as index_names
from engine.feel.code import Code
from engine.feel.conversion import fold
from engine.feel.lexer import tidy
from engine.feel.types import Type

_FUNCTION: Type = ("function",)


@dataclass(frozen=True)
class Source:
    """A required element: behind which import it is known, "" for none, its name and its key.

    `alias` is another name for it, "" for none.
    """

    prefix: str
    name: str
    key: Key
    alias: str = ""


@dataclass(frozen=True)
class Node:
    """An element ready to be evaluated; only decisions and business knowledge models have code.

    A service has the decisions that it gives and the parameters that it takes.
    """

    key: Key
    element: model.Element
    sources: tuple[Source, ...]
    item: Item
    code: Code | None = None
    outputs: tuple[Source, ...] = ()
    parameters: tuple[Source, ...] = ()


@dataclass(frozen=True)
class Library:
    """Models that know each other, with everything that is wrong with them."""

    models: tuple[model.Definitions, ...]
    nodes: Mapping[Key, Node]
    findings: tuple[Finding, ...]

    @cached_property
    def depth(self) -> int:
        """Return how deep the code of any element is."""
        return max((node.code.depth for node in self.nodes.values() if node.code is not None), default=0)

    @cached_property
    def reserved(self) -> frozenset[str]:
        """Return the names that only those see who require them: input data and imports."""
        elements = [node.element for node in self.nodes.values()]
        names = {element.name for element in elements if isinstance(element, model.InputData)}
        return frozenset(names | {one.name for definitions in self.models for one in definitions.imports})

    @property
    def callable(self) -> list[Node]:
        """Return what can be asked for, that of models which no other imports first."""
        imported = {one.namespace for definitions in self.models for one in definitions.imports}
        nodes = [node for node in self.nodes.values() if not isinstance(node.element, model.InputData)]
        return sorted(nodes, key=lambda node: self.models[node.key[0]].namespace in imported)

    def find(self, wanted: str) -> Node | None:
        """Return the decision, service or business knowledge model with this id, else with this name."""
        nodes = self.callable
        by_id = [node for node in nodes if node.element.id == wanted]
        name = tidy(fold(wanted))
        return next(iter(by_id or [node for node in nodes if node.element.name == name]), None)


def put_together(models: Sequence[model.Definitions]) -> Library:
    """Return the library of models that may import each other."""
    findings: list[Finding] = []
    links = _Links(tuple(models), findings)
    items = _all_items(links)
    nodes: dict[Key, Node] = {}
    for index, definitions in enumerate(models):
        for element in definitions.elements.values():
            node = _node(links, items, (index, element.id), element)
            nodes[node.key] = node
    return Library(tuple(models), nodes, tuple(findings))


@dataclass(frozen=True)
class _Links:
    models: tuple[model.Definitions, ...]
    findings: list[Finding]

    @cached_property
    def words(self) -> Index:
        """Return the names of all models that may be keys of values anywhere."""
        return index_names(harmless(frozenset().union(*(one.words for one in self.models))))

    @cached_property
    def imports(self) -> list[dict[str, str]]:
        """Return for each model the names of its imports by namespace."""
        return [{one.namespace: one.name for one in reversed(each.imports)} for each in self.models]

    def imported(self, index: int, namespace: str) -> list[int]:
        """Return the other models of a namespace."""
        return [
            number
            for number, other in enumerate(self.models)
            if number != index and other.namespace == namespace
        ]

    def resolve(self, index: int, href: str) -> tuple[str, Key] | None:
        """Return the name of the import, "" for none, and the key that an href means."""
        namespace, _, local = href.rpartition("#")
        own = self.models[index]
        if namespace in ("", own.namespace) and local in own.elements:
            return "", (index, local)
        prefix = self.imports[index].get(namespace)
        for number in () if prefix is None else self.imported(index, namespace):
            if local in self.models[number].elements:
                return prefix or "", (number, local)
        return None

    def sources(self, index: int, owner: model.Element, hrefs: Sequence[str]) -> Iterator[Source]:
        """Yield the elements that are required; one that is not there is found fault with."""
        for href in hrefs:
            found = self.resolve(index, href)
            if found is None:
                self.findings.append(
                    make("missing-requirement", owner.id, owner.line, name=owner.name, href=href)
                )
                continue
            prefix, key = found
            element = self.models[key[0]].elements[key[1]]
            alias = element.alias if isinstance(element, model.Decision | model.InputData) else ""
            yield Source(prefix, element.name, key, alias)


def _all_items(links: _Links) -> list[Items]:
    """Return the types of every model; models that import each other do not see each other's."""
    made: dict[int, Items] = {}

    def build(index: int, path: tuple[int, ...]) -> Items:
        if index not in made:
            imported: dict[str, Items] = {}
            for one in links.models[index].imports:
                for number in links.imported(index, one.namespace):
                    if number not in path:
                        imported[one.name] = build(number, (*path, number))
            made[index], findings = collect(links.models[index], imported)
            links.findings.extend(findings)
        return made[index]

    return [build(index, (index,)) for index in range(len(links.models))]


def _node(links: _Links, items: list[Items], key: Key, element: model.Element) -> Node:
    index = key[0]
    sources = tuple(links.sources(index, element, hrefs_of(element)))
    names: dict[str, Type] = {}
    for source in sources:
        wanted = _type_of(links, items, source.key)
        if not source.prefix:
            names[source.name] = wanted
            names.setdefault(source.alias or source.name, wanted)
        else:
            _, fields = names.get(source.prefix) or ("context", ())
            names[source.prefix] = ("context", (*fields, (source.name, wanted)))
    place = Place(element.name or element.id, element.id, items[index], names, links.words, links.findings)
    item = place.item(element.type, element.id, element.line)
    outputs, parameters = sources[:0], sources[:0]
    if isinstance(element, model.Service):
        outputs = tuple(links.sources(index, element, element.outputs))
        parameters = tuple(links.sources(index, element, element.input_data + element.input_decisions))
    return Node(key, element, sources, item, _code(element, place, item), outputs, parameters)


def hrefs_of(element: model.Element) -> tuple[str, ...]:
    """Return the hrefs of everything that an element requires or, as a service, consists of."""
    if isinstance(element, model.Decision):
        return element.requires + element.knowledge
    if isinstance(element, model.Knowledge):
        return element.knowledge
    if isinstance(element, model.Service):
        return element.outputs + element.encapsulated + element.input_data + element.input_decisions
    return ()


def _type_of(links: _Links, items: list[Items], key: Key) -> Type:
    element = links.models[key[0]].elements[key[1]]
    if isinstance(element, model.Knowledge | model.Service):
        return _FUNCTION
    found = items[key[0]].find(element.type)
    return None if found is None else found.type


def _code(element: model.Element, place: Place, item: Item) -> Code | None:
    where = (element.id, element.line)
    if isinstance(element, model.Decision) and element.logic is not None:
        return fitted(compile_expression(element.logic, place), item, element.name, where)
    if isinstance(element, model.Knowledge) and element.function is not None:
        inside = place.within({element.name: _FUNCTION})
        typed = isinstance(item.type, tuple) and item.type[0] == "function" and len(item.type) > 2
        return compile_function(element.function, inside, result_of(item), item.type[1] if typed else ())
    if isinstance(element, model.Decision | model.Knowledge):
        place.findings.append(make("no-logic", *where, name=element.name))
    return None


def result_of(item: Item) -> Item:
    """Return the type of what a function returns: its variable names it, or the type of the function."""
    if isinstance(item.type, tuple) and item.type[0] == "function":
        return Item(item.type[2]) if len(item.type) > 2 else ANY
    return item
