"""Rules as data with dates and sources: who decides, on which papers and votes, in what time, for how much.

`find(session, topic, key, day)` is the question everybody asks; what each topic holds stands in `schemas`.
"""

from __future__ import annotations

from workflows.rules.catalogue import (
    Draft,
    add,
    carried,
    choices,
    decider,
    find,
    history,
    install,
    list_in_force,
    seek,
    succeed,
)
from workflows.rules.regimes import Regime, regime
from workflows.rules.schemas import TOPICS

__all__ = [
    "TOPICS",
    "Draft",
    "Regime",
    "add",
    "carried",
    "choices",
    "decider",
    "find",
    "history",
    "install",
    "list_in_force",
    "regime",
    "seek",
    "succeed",
]
