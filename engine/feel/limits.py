"""Bound every evaluation in steps, depth and size, so that no expression can hold a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.feel.errors import FeelLimit

MAX_LENGTH = 10_000  # characters of an expression
MAX_TOKENS = 4_000
MAX_NAME = 200  # characters of a name of several words
MAX_NAMES = 500  # such names in one expression
MAX_NESTING = 120  # levels of an expression
MAX_CALL_DEPTH = 240  # levels of expression and of the functions it calls, together
HOST_DEPTH = 8  # levels that a function of the host counts for
HOST_STEPS = 20  # steps that calling it costs
MAX_STEPS = 120_000  # about 0.05 s
MAX_TEXT = 1_000_000  # characters of one string
MAX_PATTERN = 1_000  # characters of one regular expression
MAX_DATA = 100_000  # values taken in or given out
MAX_GIVEN = 4_000_000  # characters of all strings given out
MAX_TOLD = 50_000  # values of which `string()` makes a text
MAX_DATA_DEPTH = 60
MAX_WARNINGS = 20


@dataclass(slots=True)
class Run:
    """Hold the budget, the clock and the warnings of one evaluation."""

    now: datetime
    steps: int = MAX_STEPS
    depth: int = 0
    warnings: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    patterns: set[tuple[str, str]] = field(default_factory=set)  # those that it has paid for

    def charge(self, steps: int = 1) -> None:
        """Take steps from the budget; raises FeelLimit when it is spent."""
        self.steps -= steps
        if self.steps < 0:
            raise FeelLimit("steps", limit=MAX_STEPS)

    def charge_text(self, length: int) -> None:
        """Charge for a string of this many characters; raises FeelLimit when it is too long."""
        if length > MAX_TEXT:
            raise FeelLimit("text_size", limit=MAX_TEXT)
        self.charge(1 + length // 32)

    def warn(self, code: str, **values: object) -> Any:
        """Note why a result is null, and return that null."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append((code, values))
        return None
