"""What an operation would close and open, played on a copy of the instance that is thrown away.

Nothing is written and no handler is called: a step that would call one is shown as a job, what comes after it
is not known before it has run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import steps, tasks
from engine.actors import Actor
from engine.handlers import Json
from engine.spiff import state
from engine.spiff.game import Game
from engine.spiff.state import Wait
from engine.tables import ProcessInstance


@dataclass(frozen=True)
class Thing:
    """One task, timer, job, subscription, call or incident; `details` say what would be lost or come."""

    kind: str
    element: str
    name: str
    token: int
    details: Mapping[str, Json]


@dataclass(frozen=True)
class Lost:
    """Variables that only a closed step or sub-process has."""

    element: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """What is closed and opened, which values are lost, which messages go out, how the instance is then."""

    closed: tuple[Thing, ...]
    opened: tuple[Thing, ...]
    lost: tuple[Lost, ...]
    messages: tuple[str, ...]
    status: str


def rehearse(
    session: Session, instance: ProcessInstance, actor: Actor, act: Callable[[Game], None]
) -> Difference:
    """Return what an act on an instance would do; raises what the act refuses."""
    game = steps.rehearse(session, instance, actor)
    before, scopes = state.waits(game), dict(game.scopes.rows)
    owners = {
        number: owner.task_spec.element.id for number in scopes if (owner := game.owner(number)) is not None
    }
    act(game)
    after = state.waits(game)
    closed = [_closed(session, instance, wait) for key, wait in before.items() if key not in after]
    lost = [
        Lost(owners[number], tuple(scope.variables))
        for number, scope in scopes.items()
        if number not in game.scopes.rows and number in owners and scope.variables
    ]
    opened = [_thing(game, wait) for key, wait in after.items() if key not in before]
    messages = tuple(thrown.name for thrown in game.thrown)
    return Difference(tuple(closed), tuple(opened), tuple(lost), messages, game.status)


def _thing(game: Game, wait: Wait) -> Thing:
    details = {name: value for name, value in wait.details.items() if name != "kind"}
    element = game.process.elements[wait.element]
    return Thing(wait.kind, wait.element, element.name or element.id, wait.token, details)


def _closed(session: Session, instance: ProcessInstance, wait: Wait) -> Thing:
    """Tell what is closed, with who holds it now: claims and due dates live in the rows, too."""
    details: dict[str, Json] = {name: value for name, value in wait.details.items() if name != "kind"}
    name = wait.element
    if wait.kind == "task":
        task = tasks.at_token(session, instance, wait.token)
        if task is not None:
            name = task.name
            details |= {"task": task.id, "assignee": task.assignee}
    elif wait.kind == "call":
        query = select(ProcessInstance.id).where(
            ProcessInstance.parent_id == instance.id,
            ProcessInstance.parent_token == wait.token,
            ProcessInstance.status == "active",
        )
        details["instance"] = session.scalars(query).first()
    return Thing(wait.kind, wait.element, name, wait.token, details)
