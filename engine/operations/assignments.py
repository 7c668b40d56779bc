"""Variables set from outside as a token sees them: where they are, else in the process, or locally."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from engine import instances, operations
from engine.actors import Actor
from engine.errors import NotFound
from engine.handlers import Json
from engine.operations import four_eyes
from engine.operations.corrections import VARIABLES
from engine.spiff import relocation, stepping
from engine.spiff.activities import Activity
from engine.spiff.game import Game
from engine.spiff.scopes import PROCESS
from engine.tables import ProcessInstance

_Groups = dict[int, dict[str, Json]]


def assign(  # noqa: PLR0913  an assignment is exactly these
    session: Session,
    instance_id: int,
    variables: Mapping[str, Json],
    actor: Actor,
    reason: str,
    *,
    token: int = 0,
    local: bool = False,
) -> ProcessInstance:
    """Set variables as a token sees them (0 is the process); conditions that became true take effect.

    Each goes to the nearest scope that has it, else to the process; with `local` all go to the token's own
    scope, opened when it has none. One event for each scope. Raises NotFound for a token that is not there,
    InstanceEnded.
    """
    given = operations.ensure_reason(reason, VARIABLES)
    instance = operations.lock(session, instance_id, VARIABLES)
    four_eyes.ensure_uninvolved(session, instance, actor, VARIABLES)
    moves = instance.suspended_at is None  # a held instance is asked when it goes on

    def write(game: Game) -> None:
        for scope, values in _groups(game, token, variables, local=local).items():
            before, owner = game.scopes.rows[scope].variables, game.owner(scope)
            changes: list[Json] = [
                {"name": name, "before": before.get(name), "after": value} for name, value in values.items()
            ]
            element = None if owner is None else owner.task_spec.element.id
            data: dict[str, Json] = {"scope": scope, "changes": changes}
            operations.record(session, instance, "variables.corrected", actor, given, data, element)
            relocation.write(game, scope, values, goes_on=False)
        if moves:
            stepping.run(game)

    if variables:
        instances.advance(session, instance, actor, write)
    return instance


def _groups(game: Game, number: int, variables: Mapping[str, Json], *, local: bool) -> _Groups:
    """Return the variables by the scope that each is written in."""
    here = PROCESS if number == 0 else _scope_of(game, number, own=local)
    if local:
        return {here: dict(variables)}
    found: _Groups = {}
    for name, value in variables.items():
        scope: int | None = here
        while scope is not None and name not in game.scopes.rows[scope].variables:
            scope = game.scopes.rows[scope].parent
        found.setdefault(PROCESS if scope is None else scope, {})[name] = value
    return found


def _scope_of(game: Game, number: int, *, own: bool) -> int:
    token = game.token(number)
    if token is None or token.task_spec is game.spec.start:
        raise NotFound(kind="token", key=number)
    if own and isinstance(token.task_spec, Activity):
        return token.task_spec.local(token)
    scope: int = token.internal_data.get("local", token.internal_data["scope"])
    return scope
