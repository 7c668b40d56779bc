"""Check decisions before they are deployed: whatever could not be evaluated is named with a remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from engine.bpmn import checking, loading
from engine.bpmn.findings import Finding, make
from engine.dmn import library, model, reading
from engine.dmn.course import Key
from engine.dmn.library import Library
from engine.dmn.overlaps import find_overlaps
from engine.dmn.tables import ORDERED

MAX_CIRCLES = 20


def check(files: Sequence[tuple[str, bytes]]) -> list[Finding]:
    """Return the findings of files that may import each other; unreadable ones are findings, too."""
    models: list[model.Definitions] = []
    found: list[Finding] = []
    for name, content in files:
        try:
            models.append(reading.read_file(content, name))
        except loading.UnreadableDiagram as error:
            found += [one for one in error.findings if isinstance(one, Finding)]
    return checking.sort([*found, *check_library(library.put_together(models))])


def check_library(models: Library) -> list[Finding]:
    """Return everything that is wrong with models that were read."""
    found = list(models.findings)
    for definitions in models.models:
        found += _check_ids(definitions)
        found += _check_names(definitions)
        found += _check_imports(definitions, models)
        found += _check_tables(definitions)
        if not (_decides(definitions) or _is_imported(definitions, models)):
            found.append(make("no-decision"))
    found += _check_unique_decisions(models)
    found += _check_circles(models)
    return checking.sort(found)


def _decides(definitions: model.Definitions) -> bool:
    return any(isinstance(element, model.Decision) for element in definitions.elements.values())


def _is_imported(definitions: model.Definitions, models: Library) -> bool:
    return any(
        one.namespace == definitions.namespace
        for other in models.models
        if other is not definitions
        for one in other.imports
    )


def _check_ids(definitions: model.Definitions) -> Iterator[Finding]:
    counts = Counter(identifier for identifier, _ in definitions.ids)
    lines = dict(reversed(definitions.ids))
    for identifier, count in counts.items():
        if count > 1:
            yield make("duplicate-id", identifier, lines[identifier], count=count)


def _check_names(definitions: model.Definitions) -> Iterator[Finding]:
    """Elements that expressions know by name must not share one."""
    by_name: dict[str, list[model.Element]] = {}
    for element in definitions.elements.values():
        by_name.setdefault(element.name, []).append(element)
    for name, elements in by_name.items():
        if len(elements) > 1 and name:
            others = ", ".join(element.id for element in elements)
            yield make("same-name", elements[1].id, elements[1].line, name=name, others=others)


def _check_imports(definitions: model.Definitions, models: Library) -> Iterator[Finding]:
    namespaces = {one.namespace for one in models.models if one is not definitions}
    for one in definitions.imports:
        if one.kind and "/DMN/" not in one.kind:
            yield make("foreign-import", one.id, one.line, name=one.name, kind=one.kind)
        elif one.namespace not in namespaces:
            yield make("missing-model", one.id, one.line, name=one.name, namespace=one.namespace)


def _check_unique_decisions(models: Library) -> Iterator[Finding]:
    """A decision is called by its id alone, so an id must be in one file only."""
    files: dict[str, list[str]] = {}
    for definitions in models.models:
        for element in definitions.elements.values():
            if isinstance(element, model.Decision):
                files.setdefault(element.id, []).append(definitions.file)
    for identifier, names in files.items():
        if len(names) > 1:
            yield make("duplicate-decision", identifier, files=", ".join(names))


def _check_tables(definitions: model.Definitions) -> Iterator[Finding]:
    listed = {item.name for item in definitions.items if item.allowed or item.constraint}
    for element in definitions.elements.values():
        for table in _tables(element):
            where = (table.id or element.id, table.line)
            for first, second in find_overlaps(table):
                yield make("rules-overlap", *where, name=element.name, first=first, second=second)
            ordered = any(one.allowed is not None or one.type in listed for one in table.outputs)
            if table.hit_policy in ORDERED and not ordered:
                yield make("missing-priorities", *where, name=element.name, policy=table.hit_policy)


def _tables(part: object) -> Iterator[model.Table]:
    """Yield the tables anywhere inside an element."""
    if isinstance(part, model.Table):
        yield part
    elif isinstance(part, tuple):
        for one in part:
            yield from _tables(one)
    elif is_dataclass(part):
        for field in fields(part):
            yield from _tables(getattr(part, field.name))


def _check_circles(models: Library) -> Iterator[Finding]:
    """Yield each circle of requirements once, at the element where it was entered."""
    reported: set[frozenset[Key]] = set()
    done: set[Key] = set()
    for start in models.nodes:
        for circle in _circles(models, start, done) if len(reported) < MAX_CIRCLES else ():
            if frozenset(circle) not in reported and len(reported) < MAX_CIRCLES:
                reported.add(frozenset(circle))
                elements = [models.nodes[key].element for key in circle]
                path = " → ".join(element.name for element in elements)
                yield make("requirement-cycle", elements[0].id, elements[0].line, path=path)


def _circles(models: Library, start: Key, done: set[Key]) -> Iterator[list[Key]]:
    path = {start: 0}
    stack = [iter(models.nodes[start].sources)]
    while stack:
        source = next(stack[-1], None)
        if source is None:
            done.add(path.popitem()[0])
            stack.pop()
        elif source.key in path:
            yield [*list(path)[path[source.key] :], source.key]
        elif source.key not in done:
            path[source.key] = len(path)
            node = models.nodes[source.key]
            # what a service takes is given to it: it does not lead on
            inside = node.outputs if isinstance(node.element, model.Service) else node.sources
            stack.append(iter(inside))
