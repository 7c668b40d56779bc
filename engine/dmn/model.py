"""Say what a DMN file contains: frozen data, read once and shared by all evaluations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Variable:
    """A name with the name of its type, "" for any."""

    name: str
    type: str = ""


@dataclass(frozen=True)
class Literal:
    """A text in FEEL: an expression, or unary tests."""

    id: str
    line: int | None
    text: str
    language: str = ""


@dataclass(frozen=True)
class Entry:
    """One entry of a boxed context; without a name it is the result."""

    name: str | None
    type: str
    value: Expression


@dataclass(frozen=True)
class BoxedContext:
    """A boxed context."""

    id: str
    line: int | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class BoxedList:
    """A boxed list."""

    id: str
    line: int | None
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class Relation:
    """A boxed relation: a list of contexts, one for each row."""

    id: str
    line: int | None
    columns: tuple[Variable, ...]
    rows: tuple[tuple[Expression, ...], ...]


@dataclass(frozen=True)
class Invocation:
    """A boxed invocation: a function and its arguments by name."""

    id: str
    line: int | None
    function: Expression
    arguments: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True)
class FunctionDefinition:
    """A boxed function; only those of kind FEEL are ever run."""

    id: str
    line: int | None
    kind: str
    parameters: tuple[Variable, ...]
    body: Expression


@dataclass(frozen=True)
class Conditional:
    """A boxed conditional."""

    id: str
    line: int | None
    test: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Iteration:
    """A boxed `for`, `some` or `every`."""

    id: str
    line: int | None
    kind: str
    variable: str
    source: Expression
    body: Expression


@dataclass(frozen=True)
class Filter:
    """A boxed filter."""

    id: str
    line: int | None
    source: Expression
    match: Expression


@dataclass(frozen=True)
class Missing:
    """An expression that is not there, or one of an unknown kind."""

    id: str
    line: int | None
    kind: str = ""


@dataclass(frozen=True)
class Input:
    """An input of a decision table."""

    id: str
    line: int | None
    label: str
    expression: Expression
    type: str = ""
    allowed: Literal | None = None


@dataclass(frozen=True)
class Output:
    """An output of a decision table."""

    id: str
    line: int | None
    name: str
    label: str = ""
    type: str = ""
    allowed: Literal | None = None
    default: Literal | None = None


@dataclass(frozen=True)
class Rule:
    """A rule of a decision table: one test for each input, one entry for each output."""

    id: str
    line: int | None
    tests: tuple[Literal, ...]
    entries: tuple[Literal, ...]
    annotations: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class Table:
    """A decision table; the direction it is drawn in (rows, columns, crosstab) means nothing."""

    id: str
    line: int | None
    hit_policy: str
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    annotations: tuple[str, ...] = ()


Expression: TypeAlias = (
    Literal
    | BoxedContext
    | BoxedList
    | Relation
    | Invocation
    | FunctionDefinition
    | Conditional
    | Iteration
    | Filter
    | Table
    | Missing
)


@dataclass(frozen=True)
class Decision:
    """A decision: what it requires, by href, and its logic.

    `alias` is the name of its variable where that differs, else its id when it has no variable: Camunda's
    modeler lets expressions use either.
    """

    id: str
    line: int | None
    name: str
    type: str
    requires: tuple[str, ...]
    knowledge: tuple[str, ...]
    logic: Expression | None
    version_tag: str = ""
    alias: str = ""


@dataclass(frozen=True)
class InputData:
    """A value given from outside."""

    id: str
    line: int | None
    name: str
    type: str
    alias: str = ""


@dataclass(frozen=True)
class Knowledge:
    """A business knowledge model: a function with a name."""

    id: str
    line: int | None
    name: str
    type: str
    knowledge: tuple[str, ...]
    function: FunctionDefinition | None


@dataclass(frozen=True)
class Service:
    """A decision service: decisions that can be called as a function."""

    id: str
    line: int | None
    name: str
    type: str
    outputs: tuple[str, ...]
    encapsulated: tuple[str, ...]
    input_decisions: tuple[str, ...]
    input_data: tuple[str, ...]
    version_tag: str = ""


Element: TypeAlias = Decision | InputData | Knowledge | Service


@dataclass(frozen=True)
class ItemDefinition:
    """A type: one that it refines, fields, or a function."""

    id: str
    line: int | None
    name: str
    type: str = ""
    collection: bool = False
    fields: tuple[ItemDefinition, ...] = ()
    function: tuple[tuple[Variable, ...], str] | None = None
    allowed: Literal | None = None
    constraint: Literal | None = None


@dataclass(frozen=True)
class Import:
    """Another model, known here under a name; "" when its names are known as if they were here."""

    id: str
    line: int | None
    name: str
    namespace: str
    kind: str


@dataclass(frozen=True)
class Definitions:
    """One DMN file."""

    file: str
    namespace: str
    name: str
    imports: tuple[Import, ...]
    items: tuple[ItemDefinition, ...]
    elements: Mapping[str, Element]
    ids: tuple[tuple[str, int | None], ...] = ()
    # every name in the file: any of them may be the key of a value
    words: frozenset[str] = frozenset()
    id: str = ""
