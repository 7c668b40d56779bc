"""Transaction sub-processes: cancelled from inside, what completed in them is undone before they are left."""

from __future__ import annotations

from SpiffWorkflow.task import Task

from engine.spiff import compensation
from engine.spiff.game import Game
from engine.spiff.sub_processes import SubProcess


class Transaction(SubProcess):
    """A sub-process that a cancel end event inside it takes back as a whole."""

    def cancel(self, token: Task) -> None:
        """Cancel everything inside, all iterations of a loop included, and undo what completed."""
        game: Game = token.workflow
        game.note("transaction.cancelled", token)
        body = game.tasks.get(token.internal_data.get("body"))
        if body is None:
            holder, plan = token, compensation.remember_active(game, token.internal_data["local"])
            _empty(game, token.internal_data["local"])
        else:
            holder, plan = body, compensation.take_iterations(game, body)
            for iteration in game.iterations(body):
                plan += compensation.remember_iteration(iteration)
                game.cancel_token(iteration)
            body.internal_data["remaining"] = []
        holder.internal_data.pop("inner", None)
        holder.internal_data["cancels"] = True
        compensation.hold(holder, plan[::-1])

    def cancelled(self, token: Task) -> None:
        """Go on at the cancel boundary event; without one nothing goes on."""
        game: Game = token.workflow
        for other in game.tokens():
            waits_for = [other, *game.parts(other)] if other.internal_data.get("host") == token.id else []
            for armed in waits_for:
                if armed.internal_data.get("wait", {}).get("kind") == "cancel":
                    game.wake(armed, {})
                    return
        game.cancel_token(token)


def _empty(game: Game, scope: int) -> None:
    for other in game.inside(scope):
        game.cancel_token(other)
