"""Erase what people wrote from the history without breaking its chain.

A value is replaced by its commitment and its salt by zeros: nothing leads back to it, yet the hash of its
event stays what it was, and every other value of the event is proved as before. Each erasure is an event of
its own, with who did it and why; `verification` refuses an erased value that no such event names.
"""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import history, steps, variables
from engine.actors import Actor
from engine.audit import chain
from engine.audit.verification import ERASURE, name_path
from engine.errors import NotFound, ReasonMissing
from engine.handlers import Json
from engine.tables import HistoryEvent, ProcessInstance


@dataclass(frozen=True)
class Place:
    """One value of one event: the event's number in its instance, and the path inside its data."""

    sequence: int
    path: str


def find(session: Session, instance_id: int, *, names: Sequence[str] = (), text: str = "") -> list[Place]:
    """Return the values in an instance's history that hold what some variables or fields held, or a text.

    A variable is found under its name in forms, messages and changes; a text (a person's name, an identity
    number) wherever it stands in a value, upper and lower case alike.
    """
    wanted, sought = frozenset(names), _write(text.strip())[1:-1]
    return [
        Place(event.sequence, name_path(path))
        for event in history.of_instance(session, instance_id)
        for path, value, name in _values(event)
        if name in wanted or (sought and sought in _write(value))
    ]


def _write(value: Any) -> str:
    """Return a value as it is searched: quotes escaped alike, small and composed letters."""
    return unicodedata.normalize("NFC", json.dumps(value, ensure_ascii=False)).casefold()


def erase(session: Session, instance_id: int, places: Sequence[Place], actor: Actor, reason: str) -> int:
    """Erase values from the history of an instance, record it as `history.erased`; return how many.

    A row of `variable` that still holds one goes with it. What was erased before is left alone. Raises
    NotFound for a place that holds no such value, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing(operation="erase from the history", operation_vi="xóa dữ liệu khỏi lịch sử")
    instance = steps.locked(session, instance_id)
    wanted: dict[int, set[str]] = {}
    for place in places:
        wanted.setdefault(place.sequence, set()).add(place.path)
    query = select(HistoryEvent).where(
        HistoryEvent.instance_id == instance_id, HistoryEvent.sequence.in_(wanted)
    )
    events = {event.sequence: event for event in session.scalars(query)}
    erased: list[Place] = []
    for sequence, paths in sorted(wanted.items()):
        if sequence not in events:
            raise NotFound(kind="history event", key=f"{instance_id}/{sequence}")
        variables.erase(session, instance_id, _named(events[sequence], paths))
        erased += [Place(sequence, path) for path in _erase(session, events[sequence], paths)]
    if erased:
        _record(session, instance, erased, actor, reason.strip())
    return len(erased)


def _named(event: HistoryEvent, paths: set[str]) -> list[tuple[str, Json]]:
    """Return names and values at these paths: a variable that still holds one loses it in its row, too."""
    found = ((str(name), value) for path, value, name in _values(event) if name_path(path) in paths)
    return list(found)


def _values(event: HistoryEvent) -> Iterator[tuple[tuple[str | int, ...], Any, str | int]]:
    """Return path, value and name of what an event holds; a change of a variable is known by its name."""
    for number, (path, value) in enumerate(chain.units(event.data)):
        if _salt(event, number) == chain.ERASED:
            continue
        change = path[0] == chain.CHANGES and len(path) > 2
        yield path, value, event.data[chain.CHANGES][path[1]].get("name") if change else path[-1]


def _salt(event: HistoryEvent, number: int) -> bytes:
    return event.salts[number * chain.SALT : (number + 1) * chain.SALT]


def _erase(session: Session, event: HistoryEvent, paths: set[str]) -> list[str]:
    """Put commitments in the places of values; return the paths that were not erased before."""
    data, salts, done, known = copy.deepcopy(event.data), bytearray(event.salts), [], set()
    for number, (path, value) in enumerate(chain.units(event.data)):
        name = name_path(path)
        known.add(name)
        salt = _salt(event, number)
        if name not in paths or salt == chain.ERASED:
            continue
        _put(data, path, {chain.MARK: chain.commitment(value, salt)})
        salts[number * chain.SALT : (number + 1) * chain.SALT] = chain.ERASED
        done.append(name)
    if paths - known:
        raise NotFound(kind="history value", key=f"{event.instance_id}/{event.sequence}{min(paths - known)}")
    if done:
        change = update(HistoryEvent).where(HistoryEvent.id == event.id)
        session.execute(change.values(data=data, salts=bytes(salts)))
    return done


def _put(data: Mapping[str, Any], path: tuple[str | int, ...], value: Json) -> None:
    inner: Any = data
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value


def _record(
    session: Session, instance: ProcessInstance, erased: Sequence[Place], actor: Actor, reason: str
) -> None:
    erasures: list[Json] = [{"n": place.sequence, "path": place.path} for place in erased]
    with steps.guarded(instance.id):
        history.record(session, instance, ERASURE, actor, {"reason": reason, "erasures": erasures})
        session.flush()
        history.write(session)
