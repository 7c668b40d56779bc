"""Hold one evaluation under way: the budget of FEEL, what is known so far, what went wrong and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from engine.bpmn.findings import Finding
from engine.feel.code import Code, Scope
from engine.feel.limits import Run
from engine.feel.values import Value

MAX_TRACES = 200
MAX_HITS = 2_000  # of all tables of an evaluation
MAX_ERRORS = 50
# a model of the library and an id in it
Key: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class Hit:
    """A rule that hit: its id, its number from 1, its outputs and annotations by name."""

    rule: str
    index: int
    outputs: Mapping[str, Value]
    annotations: Mapping[str, str]


@dataclass(frozen=True)
class Trace:
    """One evaluation of a decision table."""

    table: str
    name: str
    hit_policy: str
    inputs: tuple[tuple[str, Value], ...]
    hits: tuple[Hit, ...]
    output: Value


@dataclass(frozen=True)
class Evaluation:
    """One decision that was evaluated: what it was given, which rules hit, what came out.

    `tables` are tables inside its logic or in functions it called; `notes` say why something is null.
    """

    decision: str
    name: str
    hit_policy: str
    inputs: Mapping[str, Value]
    hits: tuple[Hit, ...]
    output: Value
    tables: tuple[Trace, ...] = ()
    notes: tuple[tuple[str, Mapping[str, object]], ...] = ()


@dataclass(slots=True)
class Course(Run):
    """The run of one evaluation; `known` holds what the current graph of requirements has decided."""

    known: dict[Key, Value] = field(default_factory=dict)
    traces: list[Trace] = field(default_factory=list)
    evaluations: list[Evaluation] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)
    # texts that could not be compiled before the data were there, by their literal
    late: dict[int, Code] = field(default_factory=dict)
    hits: int = 0

    def fail(self, finding: Finding) -> Any:
        """Note an error once, and return the null that what failed is."""
        if len(self.errors) < MAX_ERRORS and finding not in self.errors:
            self.errors.append(finding)
        return None

    def trace(self, trace: Trace) -> None:
        """Keep what a table decided; of very many the first are kept."""
        if len(self.traces) < MAX_TRACES:
            left = max(0, MAX_HITS - self.hits)
            self.hits += len(trace.hits)
            self.traces.append(replace(trace, hits=trace.hits[:left]))

    def keep(self, evaluation: Evaluation) -> None:
        """Keep what a decision decided; of very many the first are kept."""
        if len(self.evaluations) < MAX_TRACES:
            self.evaluations.append(evaluation)


def course_of(scope: Scope) -> Course:
    """Return the evaluation that a scope belongs to."""
    course = scope.run
    assert isinstance(course, Course)  # noqa: S101  only evaluations of decisions run this code
    return course
