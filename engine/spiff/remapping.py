"""A saved game on another version of its process: which tokens have a counterpart, and the state with them.

A token keeps its number, its scope and everything it holds; only the ids in it change. So whoever waits goes
on waiting, by the same deadline. Armed events have their own rule: one without a counterpart is let go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.task import Task

from engine.bpmn.model import Element, Process
from engine.errors import Text
from engine.handlers import Json
from engine.spiff.game import Game, is_armed
from engine.spiff.gateways import RESET

_FLOW_LISTS = ("joined", "flows", RESET)
# what a token holds that names other elements, and what it holds of records of compensation
_ELEMENTS = ("starts",)
_RECORDS = ("plan", "replay")
_EVALUATED = (
    "assignee",
    "candidate_groups",
    "candidate_users",
    "due_date",
    "priority",
    "job_type",
    "called_process",
    "correlation_key",
)


@dataclass(frozen=True)
class Problem:
    """Why a token, a record or an entry of the mapping has no place in the other version."""

    element: str
    token: int | None
    text: Text


@dataclass(frozen=True)
class Versions:
    """Two versions of a process, and which element of the second one stands for one of the first."""

    source: Process
    target: Process
    given: Mapping[str, str]

    def counterpart(self, element: str) -> str:
        """Return what stands for an element: what the mapping says, else the element of the same id."""
        return self.given.get(element, element)

    def flow(self, flow: str) -> str | None:
        """Return the flow that stands for one: between the counterparts of its ends, None without."""
        known = self.source.flows.get(flow)
        if known is None:
            return None
        source, target = self.counterpart(known.source), self.counterpart(known.target)
        same = self.target.flows.get(flow)
        if same is not None and same.target == target:
            return flow
        fitting = (o.id for o in self.target.flows.values() if (o.source, o.target) == (source, target))
        return next(fitting, None)

    def fits(self, element: Element) -> bool:
        """Tell whether an element has a counterpart that does the same in the same place."""
        return _of_element(element, self) is None


def find_problems(game: Game, versions: Versions) -> list[Problem]:
    """Return why a game cannot go on on the other version; empty when it can."""
    problems = _of_mapping(versions)
    for token in game.tokens():
        if not is_armed(token):
            element = token.task_spec.element
            problems += [Problem(element.id, token.id, text) for text in _of_token(token, versions)]
    for record in [*game.records, *_held_records(game)]:
        problems += _of_record(record, versions)
    return problems


def lost_events(game: Game, versions: Versions) -> list[Task]:
    """Return the armed events that the other version does not have, or not in the same place."""
    return [
        token for token in game.tokens() if is_armed(token) and not versions.fits(token.task_spec.element)
    ]


def kept(source: Element, target: Element) -> dict[str, Json]:
    """Return what the new version says otherwise, but was evaluated for who waits already: it stays."""
    before, after = _said(source), _said(target)
    return {
        name: {"before": before.get(name), "after": after.get(name)}
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def _said(element: Element) -> dict[str, str | None]:
    said = {name: getattr(element.details, name) for name in _EVALUATED}
    for number, definition in enumerate(element.event_definitions):
        place = f" {number + 1}" if number else ""
        said[f"message{place}"] = None if definition.message is None else definition.message.name
        said[f"key{place}"] = None if definition.message is None else definition.message.correlation_key
        said[f"time{place}"] = definition.expression if definition.kind == "timer" else None
        said[f"signal{place}"] = definition.code if definition.kind == "signal" else None
    return said


def rewrite(text: str, versions: Versions) -> str:
    """Return a saved state with every id replaced by its counterpart; without a mapping nothing changes."""
    body = json.loads(text)
    for row in body["tokens"]:
        row[3] = _rewrite_data(row[3], versions.source.elements[row[1]], versions)
        row[1] = versions.counterpart(row[1])
    if "compensation" in body:
        body["compensation"] = [_rewrite_record(record, versions) for record in body["compensation"]]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _of_mapping(versions: Versions) -> list[Problem]:
    problems = []
    for source, target in versions.given.items():
        if source not in versions.source.elements:
            text = Text(f"phiên bản cũ không có “{source}”", f"the old version has no '{source}'")
            problems.append(Problem(source, None, text))
        elif target not in versions.target.elements:
            text = Text(f"phiên bản mới không có “{target}”", f"the new version has no '{target}'")
            problems.append(Problem(source, None, text))
    return problems


def _of_token(token: Task, versions: Versions) -> list[Text]:
    element: Element = token.task_spec.element
    wrong = _of_element(element, versions)
    if wrong is not None:
        return [wrong]
    data, found = token.internal_data, []
    gateway = element.kind.endswith("Gateway")
    came = [data["flow"]] if gateway and "flow" in data else []
    for flow in [*came, *data.get(RESET, [])]:
        if versions.flow(flow) is None:
            found.append(
                Text(
                    f"đang chờ ở cổng theo luồng “{flow}” không còn trong phiên bản mới",
                    f"it waits at a join by flow '{flow}', which the new version does not have",
                )
            )
    named = [data[key] for key in _ELEMENTS if key in data]
    named += data.get("remaining", []) if element.kind == "adHocSubProcess" else []
    for other in named:
        text = _of_element(versions.source.elements[other], versions)
        found += [text] if text is not None else []
    return found


def _of_element(element: Element, versions: Versions) -> Text | None:
    """Say why an element has no counterpart that does the same in the same place; None when it has one."""
    target = versions.target.elements.get(versions.counterpart(element.id))
    if target is None:
        return Text("phiên bản mới không có phần tử này", "the new version does not have it")
    if _kind(element) != _kind(target):
        return Text(
            f"khác loại: {_kind(element)} và {_kind(target)}",
            f"another kind: {_kind(element)} and {_kind(target)}",
        )
    if target.scope != _scope(element.scope, versions):
        return Text(
            f"nằm trong “{target.scope}” thay vì “{element.scope}”",
            f"it lies in '{target.scope}' instead of '{element.scope}'",
        )
    host = None if element.attached_to is None else versions.counterpart(element.attached_to)
    if target.attached_to != host:
        return Text(
            f"gắn vào “{target.attached_to}” thay vì “{host}”",
            f"it is attached to '{target.attached_to}' instead of '{host}'",
        )
    return None


def _scope(scope: str, versions: Versions) -> str:
    return versions.target.id if scope == versions.source.id else versions.counterpart(scope)


def _kind(element: Element) -> str:
    """Return everything about an element that decides what its token holds."""
    loop = "" if element.loop is None else f" ({element.loop.kind})"
    events = "+".join(definition.kind for definition in element.event_definitions)
    by_event = " by event" if element.triggered_by_event else ""
    undoing = " for compensation" if element.for_compensation else ""
    return f"{element.kind}{' ' + events if events else ''}{loop}{by_event}{undoing}"


def _held_records(game: Game) -> list[dict[str, Any]]:
    return [
        record for token in game.tokens() for key in _RECORDS for record in token.internal_data.get(key, [])
    ]


def _of_record(record: Mapping[str, Any], versions: Versions) -> list[Problem]:
    element = versions.source.elements[record["element"]]
    text = _of_element(element, versions)
    problems = []
    if text is not None:
        why = Text(
            f"có thể phải hoàn tác việc này, nhưng {text.vi}", f"it may have to be undone, but {text.en}"
        )
        problems = [Problem(element.id, None, why)]
    return problems + [found for inner in record.get("inner", []) for found in _of_record(inner, versions)]


def _rewrite_data(data: dict[str, Any], element: Element, versions: Versions) -> dict[str, Any]:
    lists_of_elements = ("remaining",) if element.kind == "adHocSubProcess" else ()
    new: dict[str, Any] = {}
    for key, value in data.items():
        if key == "flow":
            new[key] = versions.flow(value) or value
        elif key in _FLOW_LISTS:
            new[key] = [versions.flow(flow) or flow for flow in value]
        elif key in _ELEMENTS:
            new[key] = versions.counterpart(value)
        elif key in _RECORDS:
            new[key] = [_rewrite_record(record, versions) for record in value]
        elif key in lists_of_elements:
            new[key] = [versions.counterpart(other) for other in value]
        else:
            new[key] = value
    return new


def _rewrite_record(record: dict[str, Any], versions: Versions) -> dict[str, Any]:
    new = {**record, "element": versions.counterpart(record["element"])}
    if "starts" in new:
        new["starts"] = versions.counterpart(new["starts"])
    if "inner" in new:
        new["inner"] = [_rewrite_record(inner, versions) for inner in new["inner"]]
    return new
