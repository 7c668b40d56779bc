"""The life of each token as history tells it: where it stood, from which event to which, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.bpmn.model import Process

COMPLETED, TERMINATED = "COMPLETED", "TERMINATED"
_JOINS = frozenset({"parallel", "join", "quantity"})  # waits for other tokens, not for the world
_LISTENS = frozenset({"host", "listens", "whole", "resets"})  # what the data of a token beside others has
_Facts = Mapping[str, Any]


@dataclass
class Life:
    """One token; `first` and `last` are the numbers of the events that tell of it first and of its end.

    `live` is what the state says of a token that is there now, `around` the token of its scope.
    """

    token: int
    element: str
    started_at: datetime
    first: int
    last: int | None = None
    end: str | None = None
    ended_at: datetime | None = None
    gone: bool = False
    is_iteration: bool = False
    was_body: bool = False
    live: _Facts | None = None
    around: int | None = None

    @property
    def is_body(self) -> bool:
        """Tell whether it holds the place of a loop while its iterations run."""
        return self.was_body or (self.live is not None and "finished" in self.live)

    def surrounds(self, other: Life) -> bool:
        """Tell whether another life lay within this one: numbered later, over before."""
        over = other.last if other.last is not None else other.first
        return self.token < other.token and (self.last is None or self.last >= over)


def follow(events: Iterable[Any]) -> dict[int, Life]:
    """Return the lives of all tokens that the events of an instance tell of, by number."""
    lives: dict[int, Life] = {}
    for event in events:
        moves = event.data.get("tokens") or {}
        for name, element in moves.get("placed", {}).items():
            _meet(lives, int(name), element, event)
        for number in moves.get("gone", ()):
            if number in lives:
                lives[number].gone = True
        tell = _TELL.get(event.kind)
        if tell is not None:
            tell(lives, event)
    return lives


def stands(life: Life, process: Process, *, ended: bool) -> bool:
    """Tell whether a life is one of an element instance: what only listened or was merged is none."""
    if life.end is not None:
        return True
    if life.gone:
        return False
    if life.live is not None:
        wait = life.live.get("wait") or {}
        return not _LISTENS & life.live.keys() and wait.get("kind") not in _JOINS
    element = process.elements.get(life.element)
    listens = element is not None and element.kind in ("boundaryEvent", "startEvent")
    return ended and not listens


def _meet(lives: dict[int, Life], number: int, element: str, event: Any) -> Life:
    """Return the life of a token, begun now when it is new, on the element where it is now."""
    life = lives.setdefault(number, Life(number, element, event.at, event.sequence))
    life.element = element
    return life


def _enter(lives: dict[int, Life], event: Any) -> None:
    """Meet a token that rests; one that is gone at the end of its step was merged, or tells its end."""
    known = event.data["token"] in lives
    life = _meet(lives, event.data["token"], event.element, event)
    life.gone = life.gone or not known


def _complete(lives: dict[int, Life], event: Any) -> None:
    life = _end(lives, event, COMPLETED)
    life.is_iteration = "index" in event.data


def _complete_loop(lives: dict[int, Life], event: Any) -> None:
    _end(lives, event, COMPLETED).was_body = True


def _cancel(lives: dict[int, Life], event: Any) -> None:
    _end(lives, event, TERMINATED).was_body = "results" in event.data


def _end(lives: dict[int, Life], event: Any, end: str) -> Life:
    life = _meet(lives, event.data["token"], event.element, event)
    life.end, life.ended_at, life.last = end, event.at, event.sequence
    return life


def _forget(lives: dict[int, Life], event: Any) -> None:
    """Forget a token that only undid, or reset a gateway: it was no step of its own."""
    lives.pop(event.data["token"], None)


def _migrate(lives: dict[int, Life], event: Any) -> None:
    mapping = event.data.get("mapping") or {}
    for life in lives.values():
        if life.end is None:
            life.element = mapping.get(life.element, life.element)


_TELL: dict[str, Callable[[dict[int, Life], Any], None]] = {
    "element.entered": _enter,
    "element.completed": _complete,
    "loop.completed": _complete_loop,
    "element.cancelled": _cancel,
    "element.compensated": _forget,
    "gateway.reset": _forget,
    "instance.migrated": _migrate,
}
