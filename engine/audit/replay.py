"""History replays to the same state: what a case is now follows from its events alone.

    replay.replay(history.of_instance(session, instance.id)) == replay.actual(session, instance)
    replay.differences(session, instance)          # [] or, in words, what differs

The first event of a step says where its tokens went (`spiff/marking.py`); what waits with a token was said
when it began to wait, and ends with the token or by an event of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from engine import history, index
from engine.audit import canonical
from engine.handlers import Json
from engine.spiff import state
from engine.tables import HistoryEvent, Incident, Job, ProcessInstance, Subscription, Timer, UserTask

SUBSCRIPTIONS = frozenset({"message", "signal", "conditional"})


@dataclass
class Replayed:
    """What a case is: everything but tokens and variables by the number of the token that waits."""

    status: str = ""  # active, completed, error, cancelled
    tokens: dict[int, str] = field(default_factory=dict)  # element
    tasks: dict[int, tuple[str, str | None]] = field(default_factory=dict)  # element, assignee
    jobs: dict[int, str] = field(default_factory=dict)
    timers: dict[int, str] = field(default_factory=dict)
    subscriptions: dict[int, str] = field(default_factory=dict)
    incidents: dict[int, str] = field(default_factory=dict)
    variables: dict[str, Json] = field(default_factory=dict)  # of the process; null is as good as none


def replay(events: Iterable[HistoryEvent]) -> Replayed:
    """Return what a case is after its events, told in the order of their numbers."""
    case = Replayed()
    for event in events:
        data: Mapping[str, Any] = event.data
        if "tokens" in data:
            _move(case, data["tokens"])
        tell = _TELL.get(event.kind)
        if tell is not None:
            tell(case, event, data)
    case.variables = {name: value for name, value in case.variables.items() if value is not None}
    return case


def actual(session: Session, instance: ProcessInstance) -> Replayed:
    """Return what a case is by its state and its rows."""
    variables = canonical.fit(state.variables(instance.state))
    return Replayed(
        status=instance.status,
        tokens=state.elements(instance.state),
        tasks={
            row.token: (row.element, row.assignee)
            for row in _rows(session, UserTask, instance, UserTask.status == "open")
        },
        jobs=_waiting(session, Job, instance, Job.status.in_(("open", "failed"))),
        timers=_waiting(
            session, Timer, instance, (Timer.status == "waiting") & Timer.task_id.is_(None)
        ),  # those of tasks follow no token
        subscriptions=_waiting(session, Subscription, instance, Subscription.token.is_not(None)),
        incidents=_waiting(session, Incident, instance, Incident.status == "open"),
        variables={name: value for name, value in variables.items() if value is not None},
    )


def differences(session: Session, instance: ProcessInstance) -> list[str]:
    """Return what history tells otherwise than state and rows, one line for each."""
    session.flush()
    told, found = replay(history.of_instance(session, instance.id)), actual(session, instance)
    return [
        f"{part.name}: history tells {getattr(told, part.name)!r}, found {getattr(found, part.name)!r}"
        for part in fields(Replayed)
        if getattr(told, part.name) != getattr(found, part.name)
    ]


def _rows(session: Session, table: Any, instance: ProcessInstance, condition: ColumnElement[bool]) -> Any:
    return session.scalars(select(table).where(table.instance_id == instance.id, condition))


def _waiting(
    session: Session, table: Any, instance: ProcessInstance, condition: ColumnElement[bool]
) -> dict[int, str]:
    return {row.token: row.element for row in _rows(session, table, instance, condition)}


def _move(case: Replayed, moves: Mapping[str, Any]) -> None:
    """Let tokens go with all that waits with them, place new ones, end waits whose token stays."""
    for number in moves.get("gone", ()):
        case.tokens.pop(number, None)
        for waiting in _waits(case):
            waiting.pop(number, None)
    for name, element in moves.get("placed", {}).items():
        number = int(name)
        case.tokens[number] = element
        _rename(case, number, element)
    for kind, number in moves.get("ended", ()):
        _place_of(case, kind).pop(number, None)


def _waits(case: Replayed) -> list[dict[int, Any]]:
    return [case.tasks, case.jobs, case.timers, case.subscriptions, case.incidents]


def _place_of(case: Replayed, kind: str) -> dict[int, Any]:
    if kind in SUBSCRIPTIONS:
        return case.subscriptions
    places: dict[str, dict[int, Any]] = {
        "task": case.tasks,
        "job": case.jobs,
        "timer": case.timers,
        "incident": case.incidents,
    }
    return places.get(kind, {})


def _rename(case: Replayed, number: int, element: str) -> None:
    """Let what waits with a token follow it to its element in another version."""
    if number in case.tasks:
        case.tasks[number] = (element, case.tasks[number][1])
    for waiting in _waits(case)[1:]:
        if number in waiting:
            waiting[number] = element


def _start(case: Replayed, _event: HistoryEvent, _data: Mapping[str, Any]) -> None:
    case.status = "active"


def _end(case: Replayed, event: HistoryEvent, _data: Mapping[str, Any]) -> None:
    case.status = event.kind.rpartition(".")[2]


def _create_task(case: Replayed, event: HistoryEvent, data: Mapping[str, Any]) -> None:
    case.tasks[data["token"]] = (str(event.element), data["assignee"])


def _assign(case: Replayed, _event: HistoryEvent, data: Mapping[str, Any]) -> None:
    element, _before = case.tasks[data["token"]]
    case.tasks[data["token"]] = (element, data["after"])


def _change(case: Replayed, _event: HistoryEvent, data: Mapping[str, Any]) -> None:
    for change in data["changes"]:
        if not change.get("scope"):
            case.variables[change["name"]] = change["after"]


def _opener(kind: str) -> Callable[[Replayed, HistoryEvent, Mapping[str, Any]], None]:
    def open_wait(case: Replayed, event: HistoryEvent, data: Mapping[str, Any]) -> None:
        _place_of(case, kind)[data["token"]] = str(event.element)

    return open_wait


def _closer(kind: str) -> Callable[[Replayed, HistoryEvent, Mapping[str, Any]], None]:
    def close_wait(case: Replayed, _event: HistoryEvent, data: Mapping[str, Any]) -> None:
        _place_of(case, kind).pop(data["token"], None)

    return close_wait


_TELL: dict[str, Callable[[Replayed, HistoryEvent, Mapping[str, Any]], None]] = {
    "instance.started": _start,
    "instance.completed": _end,
    "instance.error": _end,
    "instance.cancelled": _end,
    "variables.changed": _change,
    "task.created": _create_task,
    "task.claimed": _assign,
    "task.released": _assign,
    "task.reassigned": _assign,
}
# whatever a new kind of wait is called when it begins and ends
_TELL |= {event: _opener(kind) for kind, event in index.OPENED.items() if event not in _TELL}
_TELL |= {event: _closer(kind) for kind, event in index.CLOSED.items()}
