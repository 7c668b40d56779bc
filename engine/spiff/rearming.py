"""A game that has just come to another version of its process: what is new there takes effect.

Events that only the new version has are armed on whatever is under way; names and forms of open tasks, codes
and conditions of armed events are those of the new version where it says something else. Everything that was
evaluated already, deadlines above all, stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine import feel
from engine.bpmn.model import Element
from engine.spiff import events, stepping
from engine.spiff.game import Game, is_armed
from engine.spiff.remapping import Versions
from engine.spiff.scopes import PROCESS

_FROM_DEFINITION = {"error": "code", "escalation": "code", "conditional": "condition"}


def renew(game: Game, versions: Versions, sources: Mapping[int, str]) -> list[str]:
    """Bring a game that was rewritten to its new version; return the ids of the events that were armed.

    `sources` names the element of each token in the old version. Raises FeelError and StepFailed when a new
    event cannot be armed.
    """
    for number, source in sources.items():
        token = game.token(number)
        if token is not None:
            _renew_wait(token, versions.source.elements[source])
    armed = _arm(game, versions)
    _rejoin(game)
    stepping.run(game)
    return armed


def restart_timers(game: Game, elements: Collection[str], began: Mapping[int, datetime]) -> dict[int, str]:
    """Compute the timers of some elements anew, each from the moment when it began; return due by token."""
    found: dict[int, str] = {}
    for token in game.tokens():
        wait, element = token.internal_data.get("wait", {}), token.task_spec.element
        if element.id not in elements or wait.get("kind") != "timer" or token.id not in began:
            continue
        definition = element.event_definitions[token.internal_data.get("part", 0)]
        host = game.token(token.internal_data.get("host", token.id)) or token
        due, left, interval = feel.timer_due(
            definition.timer_kind or "", definition.expression or "", game.variables(host), began[token.id]
        )
        moment = due.astimezone(UTC).isoformat()
        wait.update(due=moment, start=moment, left=left, interval=interval, occurrence=0)
        found[token.id] = moment
    return found


def _renew_wait(token: Task, source: Element) -> None:
    """Take over what the new version says otherwise; what is the same in both stays as it was evaluated."""
    target: Element = token.task_spec.element
    wait: dict[str, Any] = token.internal_data.get("wait", {})
    if wait.get("kind") == "task":
        _renew_task(token, wait, source, target)
    elif wait.get("kind") in _FROM_DEFINITION and target.event_definitions:
        part = token.internal_data.get("part", 0)
        old, new = source.event_definitions[part], target.event_definitions[part]
        name = _FROM_DEFINITION[wait["kind"]]
        if name == "code" and old.code != new.code:
            wait[name] = new.code
        elif name == "condition" and old.expression != new.expression:
            wait[name] = new.expression or ""


def _renew_task(token: Task, wait: dict[str, Any], source: Element, target: Element) -> None:
    game: Game = token.workflow
    if source.name != target.name:
        wait["name"] = target.name or target.id
    if source.details.form_id != target.details.form_id:
        form = target.details.form_id
        value = game.evaluate(form, game.variables(token)) if form else None
        wait["form"] = value if isinstance(value, str) and value else None


def _arm(game: Game, versions: Versions) -> list[str]:
    """Arm what stands only in the new version; what it had before may have fired, and is left alone."""
    known = {versions.counterpart(e.id) for e in versions.source.elements.values() if versions.fits(e)}
    standing = [token for token in game.tokens() if not is_armed(token)]
    armed: list[str] = []
    for token in standing:
        if token.state == TaskState.FUTURE or {"body", "plan", "replay"} & token.internal_data.keys():
            continue
        for boundary in _new(token.task_spec.boundaries, known):
            events.attach(token, boundary)
            armed.append(boundary.id)
    opened = [token for token in standing if token.internal_data.get("inner")]
    scopes = [(token.internal_data["local"], token.task_spec.element.id) for token in opened]
    for scope, container in [(PROCESS, game.process.id), *scopes]:
        for start in _new(_event_starts(game, container), known):
            game.place(start.id, scope, listens=scope)
            armed.append(start.id)
    return armed


def _new(elements: Iterable[Element], known: set[str]) -> list[Element]:
    """Return the events that are not known; a compensation waits for nothing and is never armed."""
    return [e for e in elements if e.id not in known and e.event_kind != "compensate"]


def _event_starts(game: Game, container: str) -> list[Element]:
    inner = [element for element in game.process.inside(container) if element.triggered_by_event]
    return [start for element in inner for start in game.process.start_events(element.id)]


def _rejoin(game: Game) -> None:
    """Let a join look again at what has come: it may have fewer incoming flows now."""
    asked: set[tuple[str, int]] = set()
    for token in list(game.tokens()):
        spec, data = token.task_spec, token.internal_data
        place = (spec.element.id, data["scope"])
        if data.get("wait", {}).get("kind") != "parallel" or place in asked:
            continue
        asked.add(place)
        if set(spec.element.incoming) <= set(spec.arrived(token)):
            del data["wait"]
            token._set_state(TaskState.FUTURE)
            game.agenda.append(token)
