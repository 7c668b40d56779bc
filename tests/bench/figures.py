"""A figure with the reference measured beside it, and how figures are printed.

Rates and times of one run are only comparable with each other: the reference runs in the same run, in turns
with what it is the reference of, and the ratio is what two runs may be compared by.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter, process_time
from typing import Any

MILLISECONDS = 1000


@dataclass(frozen=True)
class Figure:
    """One measured value: what of, in which unit, beside which reference, under which budget (text)."""

    subject: str
    name: str
    value: float
    unit: str
    reference: float
    of: str  # what the reference is
    budget: str = ""

    @property
    def ratio(self) -> float | None:
        """Return value / reference; None when the reference is zero."""
        return self.value / self.reference if self.reference else None


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` (0–1) of the values lie; refuses an empty sequence."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


@dataclass(frozen=True)
class Spent:
    """Milliseconds of one call: on the wall clock, and of this process's processor time."""

    wall: float
    processor: float


def spend(act: Callable[[], object]) -> Spent:
    """Return what a call takes."""
    wall, processor = perf_counter(), process_time()
    act()
    return Spent((perf_counter() - wall) * MILLISECONDS, (process_time() - processor) * MILLISECONDS)


def spend_in_turns(acts: Sequence[Callable[[], object]], rounds: int) -> list[list[Spent]]:
    """Return what each act takes in each round, after one that is not counted; in turns: noise meets all."""
    found: list[list[Spent]] = [[] for _ in acts]
    for act in acts:
        act()
    for _ in range(rounds):
        for number, act in enumerate(acts):
            found[number].append(spend(act))
    return found


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table, one block per subject."""
    lines: list[str] = []
    for subject in dict.fromkeys(figure.subject for figure in figures):
        lines += ["", subject]
        lines += [_line(figure) for figure in figures if figure.subject == subject]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    ratio = f"{figure.ratio:8.2f} ×" if figure.ratio is not None else "       – ×"
    budget = f"   budget {figure.budget}" if figure.budget else ""
    value = f"{_number(figure.value)} {figure.unit}"
    return f"  {figure.name:<50}{value:>18}{ratio} {_number(figure.reference)} {figure.of}{budget}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def machine() -> dict[str, Any]:
    """Return what the figures were measured on, and how busy it was."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
    }


def as_json(figures: Sequence[Figure], before: dict[str, Any], seconds: float) -> str:
    """Return the figures with their ratios and the machine as JSON; `before` is the machine at the start."""
    rows = [{**asdict(figure), "ratio": figure.ratio} for figure in figures]
    return json.dumps({"machine": before, "seconds": seconds, "figures": rows}, ensure_ascii=False, indent=2)
