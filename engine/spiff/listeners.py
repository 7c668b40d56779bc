"""Event sub-processes: armed when their scope opens, fired by their start event, gone when the scope ends.

A listener is a held token on the start event with `listens`, the number of the scope that it listens for.
It keeps nothing alive (`game.is_armed`).
"""

from __future__ import annotations

from collections.abc import Mapping

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.handlers import Json
from engine.spiff import waits
from engine.spiff.game import Game


def open_scope(game: Game, scope: int, container: str) -> None:
    """Plan the listeners of a scope that opens: one per event sub-process directly inside `container`.

    They come before whatever else moves, in the scope or beside it, so that nothing happens unheard.
    """
    planned = []
    for element in game.process.inside(container):
        if element.triggered_by_event:
            for start in game.process.start_events(element.id):
                if start.event_kind == "compensate":
                    continue  # begun when its sub-process is undone, after it has completed
                planned.append(game.hold(start.id, scope, listens=scope))
    game.agenda.extendleft(reversed(planned))


def listening(game: Game, scope: int) -> list[Task]:
    """Return the listeners of a scope."""
    return [token for token in game.tokens() if token.internal_data.get("listens") == scope]


def close_scope(game: Game, scope: int) -> None:
    """Let the listeners of a scope go: nothing is left in it to be heard."""
    for token in listening(game, scope):
        if token.id in game.tasks:
            game.disarm(token)


def fire(listener: Task, values: Mapping[str, Json]) -> None:
    """Start the event sub-process of a listener that was woken, with the values that its start event takes.

    Interrupting, it ends everything else in the scope; else another listener goes on listening.
    """
    game: Game = listener.workflow
    start, scope = listener.task_spec.element, listener.internal_data["scope"]
    if not start.interrupting:
        waits.arm_again(listener, start.id, listens=scope)
    else:
        for other in game.inside(scope):
            if other is not listener and other.internal_data.get("whole") != listener.id:
                game.cancel_token(other)
    token = game.hold(start.scope, scope, starts=start.id, takes=dict(values))
    game.agenda.appendleft(token)


def enter(token: Task, scope: int) -> bool:
    """Begin an event sub-process at the start event that fired; False for any other sub-process."""
    game: Game = token.workflow
    start = token.internal_data.get("starts")
    if start is None:
        return False
    inner = game.hold(start, scope, triggered=True, done=True, received=token.internal_data["takes"])
    inner._set_state(TaskState.READY)
    game.note("element.entered", token, flows=[])
    game.agenda.appendleft(inner)
    return True
