"""Compensation: what completed is remembered in the scope where it did, and undone in reverse order.

A record is plain JSON in `game.records`: the `element`, the `scope` where it completed, its own `variables`
at that moment, for a sub-process the records from inside it (`inner`), for an iteration its `body`. A scope
that closes takes its records along: into the record of its sub-process, or away.

Whoever compensates is a holder: a token with the records still to undo (`plan`). One step at a time is placed
with `compensates`, the number of its holder: the handler of an activity, or the sub-process itself as a
`replay`, a holder of its own in which its variables are back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.spiff.game import Game

Record: TypeAlias = dict[str, Any]


def remember(token: Task) -> None:
    """Remember an activity, or one iteration of it, that completes and could be undone."""
    game: Game = token.workflow
    data, spec = token.internal_data, token.task_spec
    if spec.element.for_compensation or "replay" in data:
        return
    local = data.get("local")
    inner = [] if local is None else _take(game, lambda record: bool(record["scope"] == local))
    if spec.handler is not None or inner or spec.compensation_start is not None:
        game.records.append(_record(token, inner))


def _record(token: Task, inner: list[Record]) -> Record:
    game: Game = token.workflow
    data = token.internal_data
    variables = game.scopes.rows[data["local"]].variables if "local" in data else {}
    record: Record = {"element": token.task_spec.element.id, "scope": data["scope"]}
    record["variables"] = dict(variables)
    if inner:
        record["inner"] = inner
    if "body" in data:
        record["body"] = data["body"]
    return record


def _take(game: Game, wanted: Callable[[Record], bool]) -> list[Record]:
    """Take records out of the memory of the game, in order of completion."""
    found = [record for record in game.records if wanted(record)]
    game.records = [record for record in game.records if not wanted(record)]
    return found


def throw_all(token: Task) -> bool:
    """Compensate what a throwing event names, or all of its scope; False while the event waits for it."""
    game: Game = token.workflow
    waiting: list[Record] = []
    for definition in token.task_spec.element.event_definitions:
        plan = _named(game, token, definition.reference) if definition.kind == "compensate" else []
        if definition.waits_for_compensation:
            waiting += plan
        elif plan:
            hold(game.hold(token.task_spec.element.id, token.internal_data["scope"], aside=True), plan)
    if not waiting:
        return True
    hold(token, waiting)
    return False


def _named(game: Game, token: Task, reference: str | None) -> list[Record]:
    """Take what is to be compensated, the last completed first.

    From an event sub-process, the scope around it is meant too; a named activity is looked for outwards.
    """
    element = (reference or "").rpartition(":")[2]
    scopes = list(_outwards(game, token.internal_data["scope"], only_events=not element))
    if not element:
        return _take(game, lambda record: record["scope"] in scopes)[::-1]
    for scope in scopes:
        found = _take(game, partial(_is_of, scope=scope, element=element))
        if found:
            return found[::-1]
    return []


def _is_of(record: Record, scope: int, element: str) -> bool:
    return bool(record["scope"] == scope and record["element"] == element)


def _outwards(game: Game, scope: int, only_events: bool) -> Iterator[int]:
    """Yield a scope and those around it, all of them or no further than around event sub-processes."""
    yield scope
    owner = game.owner(scope)
    while owner is not None and (owner.task_spec.element.triggered_by_event or not only_events):
        yield owner.internal_data["scope"]
        owner = game.owner(owner.internal_data["scope"])


def hold(holder: Task, plan: list[Record]) -> None:
    """Let a token undo records in this order, one after the other; `resume` goes on with it."""
    if plan:
        holder.workflow.note("compensation.begun", holder, undoes=[step["element"] for step in plan])
    holder.internal_data["plan"] = plan
    holder._set_state(TaskState.STARTED)
    _next(holder)


def resume(game: Game) -> bool:
    """Go on with a holder whose step is over, or has been cancelled; False when there is none."""
    holders = [token for token in game.tokens() if "plan" in token.internal_data]
    if not holders:
        return False
    under_way = {token.internal_data.get("compensates") for token in game.tokens()}
    for holder in holders:
        if holder.id not in under_way and "incident" not in holder.internal_data:
            _next(holder)
            return True
    return False


def _next(holder: Task) -> None:
    """Place the next step of a holder; without one it is done."""
    game: Game = holder.workflow
    own = holder.internal_data
    if not own["plan"]:
        del own["plan"]
        _finish(holder)
        return
    step = own["plan"].pop(0)
    scope = own["local"] if "replay" in own else step["scope"]
    if "starts" in step:
        game.place(step["element"], scope, compensates=holder.id, starts=step["starts"], takes={})
        return
    active = step.get("active", False)
    handler = None if active else game.process.compensation_handler(step["element"])
    data = {"compensates": holder.id, "snapshot": step["variables"]}
    if handler is not None:
        game.place(handler.id, scope, **data)
    else:
        game.place(step["element"], scope, **data, replay=step.get("inner", []), active=active)


def _finish(holder: Task) -> None:
    game: Game = holder.workflow
    if holder.internal_data.get("aside"):
        game.remove(holder)
    elif "cancels" in holder.internal_data:
        holder.task_spec.cancelled(holder)
    else:
        holder.internal_data["done"] = True
        holder._set_state(TaskState.READY)
        game.agenda.append(holder)


def restore(token: Task) -> None:
    """Give a handler or a replayed sub-process the variables that its activity had when it completed."""
    game: Game = token.workflow
    local = token.task_spec.local(token)
    for name, value in token.internal_data["snapshot"].items():
        game.scopes.write(local, name, value)


def replay(token: Task) -> None:
    """Undo a sub-process from inside: by its compensation event sub-process, else by what completed in it."""
    game: Game = token.workflow
    data = token.internal_data
    # a sub-process cancelled on its way never completed: only what completed in it is undone
    start = None if data["active"] else token.task_spec.compensation_start
    inner: list[Record] = data["replay"]
    if start is None:
        hold(token, inner[::-1])
        return
    # its event sub-process may itself throw compensation for what completed beside it
    game.records += [{**record, "scope": data["local"]} for record in inner]
    hold(token, [{"element": start.scope, "starts": start.id}])


def remember_active(game: Game, scope: int) -> list[Record]:
    """Take the records of a scope, and of everything still running in it, in order of completion."""
    found = _take(game, lambda record: bool(record["scope"] == scope))
    for token in game.inside(scope):
        if "replay" not in token.internal_data:
            planned = token.internal_data.get("plan", [])
            found = [record for record in planned[::-1] if record["scope"] == scope] + found
            planned[:] = [record for record in planned if record["scope"] != scope]
        if "local" in token.internal_data and "replay" not in token.internal_data:
            inner = remember_active(game, token.internal_data["local"])
            found += [{**_record(token, inner), "active": True}] if inner else []
    return found


def take_iterations(game: Game, body: Task) -> list[Record]:
    """Take the records of the completed iterations of a loop."""
    return _take(game, lambda record: bool(record.get("body") == body.id))


def remember_iteration(iteration: Task) -> list[Record]:
    """Return the record of an iteration that still runs, with what has completed in it; empty without."""
    game: Game = iteration.workflow
    local = iteration.internal_data.get("local")
    inner = [] if local is None else remember_active(game, local)
    return [{**_record(iteration, inner), "active": True}] if inner else []


def cancel_transaction(game: Game, scope: int) -> None:
    """Take back the nearest transaction around a scope in which a cancel end event was reached."""
    owner = game.owner(scope)
    while owner is not None and owner.task_spec.element.kind != "transaction":
        owner = game.owner(owner.internal_data["scope"])
    if owner is not None:
        owner.task_spec.cancel(owner)
