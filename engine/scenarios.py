"""Scenarios: a story told as JSON beside the diagrams it tests, read strictly; `scenario_runs` plays it.

A scenario says what people do, when, and what must be true then. What the world is (its people, its files,
what else can be expected of it) is given by the caller: nothing here knows a domain.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn, TypeAlias

from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.deployments import File
from engine.errors import EngineError, Text
from engine.handlers import Json
from engine.scenario_facts import KINDS, REFERENCE, ROWS, Kind, columns
from engine.tables import ProcessInstance

Values: TypeAlias = Mapping[str, Any]
# What an object must and may hold: the type of each key.
_Shape: TypeAlias = tuple[Mapping[str, type], Mapping[str, type]]
_TITLE: _Shape = ({"vi": str, "en": str}, {})
_FILE: _Shape = ({"title": dict, "source": str, "world": dict, "steps": list}, {"chains": list})
_WORLD: _Shape = ({"clock": str}, {"organisation": str})
_REFUSED: _Shape = ({"kind": str}, {"text": str, "path": str})
_ROW: _Shape = ({"set": dict}, {"where": dict, "list": str})
_SHAPES: Mapping[str, _Shape] = {
    "start": ({"start": str}, {"as": str, "unit": str, "key": str, "values": dict, "refused": dict}),
    "complete": (
        {"complete": str, "as": str},
        {"process": str, "key": str, "answers": dict, "rows": list, "refused": dict},
    ),
    "publish": (
        {"publish": str, "key": str},
        {"variables": dict, "taken": bool, "as": str, "refused": dict},
    ),
    "call": ({"call": str, "as": str}, {"variables": dict, "refused": dict}),
    "add": ({"add": str, "row": dict}, {}),
    "clock": ({"clock": str}, {}),
    "expect": ({"expect": dict}, {}),
}
_TYPES_EN = {str: "text", dict: "an object", list: "a list", bool: "true or false"}
_TYPES_VI = {str: "chữ", dict: "một đối tượng", list: "một danh sách", bool: "true hoặc false"}


class ScenarioUnreadable(EngineError):
    """Expected a readable scenario in {file}, but at {path}: {problem}."""

    vi = "Không đọc được kịch bản {file}, tại {path}: {problem_vi}"
    en = "Scenario {file} cannot be read, at {path}: {problem}"


@dataclass(frozen=True)
class Step:
    """One act or look: its number from 1, what it is, and what the file says of it."""

    number: int
    act: str
    said: Values


@dataclass(frozen=True)
class Scenario:
    """One file as it was read; `chains` is None when it names none."""

    file: str
    title: Text
    source: str
    chains: tuple[str, ...] | None
    organisation: str
    start: datetime
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Opening:
    """A process that a person starts: what was typed, the unit when there is a choice, its key if named."""

    process_id: str
    values: Values
    unit: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class World:
    """What a scenario happens in.

    `info` is what sessions carry (handlers, calendar); `set_up` loads an organisation; `files` are deployed;
    `begin` starts a process as a person does; `kinds` is what can be expected beside the engine's own facts.
    """

    info: Mapping[str, Any]
    set_up: Callable[[Session, str], None]
    files: Callable[[Scenario], Sequence[File]]
    find_actor: Callable[[Session, str], Actor]
    begin: Callable[[Session, Actor, Opening], ProcessInstance]
    kinds: Mapping[str, Kind] = field(default_factory=dict)


def read(name: str, content: bytes, kinds: Mapping[str, Kind]) -> Scenario:
    """Read a scenario; raise ScenarioUnreadable with file and path for whatever is not as described.

    `kinds` is what can be expected beside the engine's own facts.
    """
    reader = _Reader(name, {**KINDS, **kinds})
    try:
        said = json.loads(content)
    except ValueError as error:
        reader.refuse("$", f"không phải JSON: {error}", f"not JSON: {error}")
    reader.object("$", said, _FILE)
    reader.object("title", said["title"], _TITLE)
    reader.object("world", said["world"], _WORLD)
    chains = said.get("chains")
    for place, chain in enumerate(chains or ()):
        reader.typed(f"chains.{place}", chain, str)
    start = reader.moment("world.clock", said["world"]["clock"])
    steps = tuple(reader.step(number, step) for number, step in enumerate(said["steps"], 1))
    reader.times(start, steps)
    if not any(step.act == "expect" for step in steps):
        reader.refuse("steps", "không có điều gì được mong đợi", "nothing is expected")
    return Scenario(
        file=name,
        title=Text(**said["title"]),
        source=said["source"],
        chains=None if chains is None else tuple(chains),
        organisation=said["world"].get("organisation", "demo"),
        start=start,
        steps=steps,
    )


@dataclass(frozen=True)
class _Reader:
    """Reads one file; every refusal names it."""

    file: str
    kinds: Mapping[str, Kind]

    def refuse(self, path: str, vi: str, en: str) -> NoReturn:
        raise ScenarioUnreadable(file=self.file, path=path, problem=en, problem_vi=vi)

    def typed(self, path: str, value: Any, wanted: type) -> None:
        if not isinstance(value, wanted):
            self.refuse(path, f"cần {_TYPES_VI[wanted]}", f"expected {_TYPES_EN[wanted]}")

    def object(self, path: str, value: Any, shape: _Shape) -> None:
        self.typed(path, value, dict)
        required, optional = shape
        for key in value:
            if key not in required and key not in optional:
                known = ", ".join([*required, *optional])
                self.refuse(f"{path}.{key}", f"không biết; có: {known}", f"not known; there are: {known}")
        for key, wanted in required.items():
            if key not in value:
                self.refuse(f"{path}.{key}", "còn thiếu", "missing")
            self.typed(f"{path}.{key}", value[key], wanted)
        for key, wanted in optional.items():
            # a key that is found when the scenario runs is an object
            if key in value and not (key == "key" and isinstance(value[key], dict)):
                self.typed(f"{path}.{key}", value[key], wanted)

    def moment(self, path: str, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.refuse(path, "cần dạng 2026-10-16 08:00", "expected the form 2026-10-16 08:00")
        return found if found.tzinfo else found.replace(tzinfo=clock.ZONE)

    def step(self, number: int, said: Any) -> Step:
        path = f"steps.{number}"
        self.typed(path, said, dict)
        acts = [act for act in _SHAPES if act in said]
        if len(acts) != 1:
            known = ", ".join(_SHAPES)
            self.refuse(path, f"cần đúng một trong: {known}", f"expected exactly one of: {known}")
        self.object(path, said, _SHAPES[acts[0]])
        if "refused" in said:
            self.object(f"{path}.refused", said["refused"], _REFUSED)
        for place, row in enumerate(said.get("rows", ())):
            self.object(f"{path}.rows.{place}", row, _ROW)
        if acts == ["add"]:
            self.added(path, said)
        self.references(path, said)
        self.expected(f"{path}.expect", said.get("expect"))
        return Step(number, acts[0], said)

    def references(self, path: str, value: Any) -> None:
        """Refuse a reference to a row of a table or with a column that there is not."""
        if isinstance(value, list):
            for place, item in enumerate(value):
                self.references(f"{path}.{place}", item)
        if not isinstance(value, dict):
            return
        if REFERENCE in value:
            self.object(path, value, ({REFERENCE: dict, "take": str}, {"text": bool}))
            known = self.table(f"{path}.{REFERENCE}", value[REFERENCE])
            if value["take"] not in known:
                self.refuse(f"{path}.take", "không có cột này", "there is no such column")
        for key, item in value.items():
            self.references(f"{path}.{key}", item)

    def table(self, path: str, entry: Values) -> Sequence[str]:
        """Return the columns of the table that an entry names, refusing others."""
        known = columns(str(entry.get("table", "")))
        if not known:
            self.refuse(f"{path}.table", "không có bảng này", "there is no such table")
        self.known(path, entry, ["table", "count", *known])
        return known

    def added(self, path: str, said: Values) -> None:
        """Refuse a row of a table or with a column that there is not."""
        self.table(path, {"table": said["add"]})
        self.known(f"{path}.row", said["row"], columns(said["add"]))

    def known(self, path: str, entry: Values, fields: Sequence[str]) -> None:
        for key in entry:
            if key not in fields:
                listed = ", ".join(fields)
                self.refuse(f"{path}.{key}", f"không biết; có: {listed}", f"not known; there are: {listed}")

    def expected(self, path: str, said: Values | None) -> None:
        if said is None:
            return
        if not any(said.values()):
            self.refuse(path, "không có điều gì được mong đợi", "nothing is expected")
        for kind, entries in said.items():
            if kind not in self.kinds:
                self.known(path, {kind: entries}, list(self.kinds))
            self.typed(f"{path}.{kind}", entries, list)
            for place, entry in enumerate(entries):
                here = f"{path}.{kind}.{place}"
                self.typed(here, entry, dict)
                if kind == ROWS:
                    self.table(here, entry)
                else:
                    self.known(here, entry, ["count", *self.kinds[kind].fields])

    def times(self, start: datetime, steps: Sequence[Step]) -> None:
        """Refuse a clock that goes back."""
        before = start
        for step in steps:
            if step.act == "clock":
                path = f"steps.{step.number}.clock"
                moment = self.moment(path, step.said["clock"])
                if moment < before:
                    self.refuse(path, "đồng hồ không đi lùi", "the clock does not go back")
                before = moment


def moment_of(step: Step) -> datetime:
    """Return the moment that a step sets the clock to."""
    found = datetime.fromisoformat(step.said["clock"])
    return found if found.tzinfo else found.replace(tzinfo=clock.ZONE)


__all__ = ["Json", "Kind", "Opening", "Scenario", "ScenarioUnreadable", "Step", "World", "moment_of", "read"]
