"""Variables live in scopes: process, sub-process, multi-instance iteration, task-local; tokens carry none."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.handlers import Json

PROCESS = 0


@dataclass
class Scope:
    """One set of variables, the scope around it, and the token that owns it."""

    id: int
    parent: int | None
    owner: int | None
    variables: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One variable before and after, in the scope where it was written."""

    scope: int
    name: str
    before: Json
    after: Json
    owner: int | None = None  # the token that owns the scope, which may be gone at the end of the step


@dataclass
class Scopes:
    """All scopes of one process instance, and what was changed in them since loading."""

    rows: dict[int, Scope] = field(default_factory=lambda: {PROCESS: Scope(PROCESS, None, None)})
    changes: list[Change] = field(default_factory=list)

    def open(self, scope_id: int, parent: int, owner: int) -> int:
        """Add an empty scope inside another and return its id."""
        self.rows[scope_id] = Scope(scope_id, parent, owner)
        return scope_id

    def close(self, scope_id: int) -> None:
        """Forget a scope and its variables."""
        self.rows.pop(scope_id, None)

    def view(self, scope_id: int) -> dict[str, Json]:
        """Return every variable visible in a scope, inner ones hiding outer ones."""
        chain: list[Scope] = []
        current: int | None = scope_id
        while current is not None:
            chain.append(self.rows[current])
            current = self.rows[current].parent
        merged: dict[str, Json] = {}
        for scope in reversed(chain):
            merged.update(scope.variables)
        return merged

    def write(self, scope_id: int, name: str, value: Json) -> None:
        """Set a variable in exactly this scope; the value is copied so that nothing is shared."""
        variables = self.rows[scope_id].variables
        before = variables.get(name)
        variables[name] = copy.deepcopy(value)
        if before != value or type(before) is not type(value):
            self.changes.append(Change(scope_id, name, before, variables[name], self.rows[scope_id].owner))

    def assign(self, scope_id: int, values: Mapping[str, Json]) -> None:
        """Set variables in the nearest scope that has them, else in the process."""
        for name, value in values.items():
            self.write(self._home(scope_id, name), name, value)

    def _home(self, scope_id: int, name: str) -> int:
        current: int | None = scope_id
        while current is not None:
            if name in self.rows[current].variables:
                return current
            current = self.rows[current].parent
        return PROCESS


def nested(target: str, value: Json, present: Mapping[str, Json]) -> tuple[str, Json]:
    """Return the variable that a mapping to a path `a.b` writes, and its value with all else in it."""
    name, _, path = target.partition(".")
    if not path:
        return name, value
    before = present.get(name)
    context = dict(before) if isinstance(before, dict) else {}
    inner, inside = nested(path, value, context)
    return name, {**context, inner: inside}
