"""Where the tokens of a game went during a step: what history needs so that it replays to the same state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.handlers import Json
from engine.spiff.game import Game


def moves(
    game: Game, before: Mapping[tuple[str, int], Any], after: Mapping[tuple[str, int], Any]
) -> dict[str, Json]:
    """Return the difference to the marking that was loaded; empty parts are left out.

    `gone`: numbers of tokens; `placed`: element by number of a new or moved token; `ended`: kind and token of
    each wait (before, after: `state.waits`) that is over although its token is still there.
    """
    now = {token.id: token.task_spec.element.id for token in game.tokens()}
    found: dict[str, Json] = {
        "gone": [number for number in game.loaded if number not in now],
        "placed": {
            str(number): element for number, element in now.items() if game.loaded.get(number) != element
        },
        "ended": [[kind, number] for kind, number in before if (kind, number) not in after and number in now],
    }
    return {name: part for name, part in found.items() if part}
