"""Counting: does a nominee pass, and who is chosen when more pass than there are places. Pure, whole numbers.

Percentages are compared as `yes * 100 >= percent * base`: no float ever decides about an award.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

# Places: None without a limit, one number for all, or a number per kind of subject (others without a limit).
Places: TypeAlias = "int | Mapping[str, int] | None"


@dataclass(frozen=True)
class Tally:
    """The votes on one nominee and the rule that judges them."""

    nominee: int
    kind: str  # individual, collective
    yes: int
    base: int
    percent: int
    strict: bool = False  # more than the percentage (a majority), else at least
    women_first: bool = False


@dataclass(frozen=True)
class Placing:
    """What became of one nominee; `settled_by` says what decided between those with equal votes."""

    nominee: int
    passed: bool
    outcome: str  # selected, not_selected, failed, tied
    rank: int | None = None
    settled_by: str = ""  # votes, women, chair


def passes(yes: int, base: int, percent: int, *, strict: bool = False) -> bool:
    """Tell whether the votes reach the threshold: at least the percentage, or more than it when strict.

    NĐ 98/2023 Đ30k7 says "từ 80 % trở lên": reaching it is enough. Nobody passes in a council of nobody.
    """
    if base <= 0:
        return False
    return yes * 100 > percent * base if strict else yes * 100 >= percent * base


def has_quorum(taking_part: int, base: int, part: int, whole: int) -> bool:
    """Tell whether those who take part are at least part/whole of all members."""
    return base > 0 and taking_part * whole >= part * base


def place(tallies: Sequence[Tally], places: Places) -> list[Placing]:
    """Return what becomes of every nominee, in the order given.

    Those who pass are ranked by votes; among equal votes women and collectives with at least 70 % women come
    first (NĐ 152/2025 Đ4k6). Who is still equal at the last place is `tied` and waits for the chair
    (TT 25/2025/TT-BKHCN Đ23). Who passes beyond the places is `not_selected`, not `failed`.
    """
    found = {tally.nominee: Placing(tally.nominee, passed=False, outcome="failed") for tally in tallies}
    for kind in group_kinds(tallies, places):
        group = [tally for tally in tallies if kind in ("", tally.kind)]
        passed = [t for t in group if passes(t.yes, t.base, t.percent, strict=t.strict)]
        ordered = sorted(passed, key=_order)
        for placing in _place_group(ordered, limit_of(places, kind)):
            found[placing.nominee] = placing
    return [found[tally.nominee] for tally in tallies]


def group_kinds(tallies: Sequence[Tally], places: Places) -> list[str]:
    """Return the kinds of subject that compete apart from each other; "" when all compete together."""
    return sorted({tally.kind for tally in tallies}) if isinstance(places, Mapping) else [""]


def limit_of(places: Places, kind: str) -> int | None:
    """Return how many places there are for a kind, None without a limit."""
    return places.get(kind) if isinstance(places, Mapping) else places


def places_left(placings: Sequence[Placing], limit: int) -> int:
    """Return how many places the chair still gives among the tied of one group."""
    return limit - sum(placing.outcome == "selected" for placing in placings)


def break_tie(placings: Sequence[Placing], chosen: frozenset[int]) -> list[Placing]:
    """Return the placings of one group after the chair has chosen among the tied ones."""
    after = []
    for placing in placings:
        if placing.outcome == "tied":
            wins = placing.nominee in chosen
            rank = placing.rank if wins or placing.rank is None else placing.rank + len(chosen)
            outcome = "selected" if wins else "not_selected"
            after.append(replace(placing, outcome=outcome, rank=rank, settled_by="chair"))
        else:
            after.append(placing)
    return after


def _order(tally: Tally) -> tuple[int, bool]:
    return -tally.yes, not tally.women_first


def _place_group(ordered: Sequence[Tally], limit: int | None) -> list[Placing]:
    keys = [_order(tally) for tally in ordered]
    count = len(ordered) if limit is None else limit
    cut = 0 < count < len(ordered)
    torn = keys[count] if cut and keys[count - 1] == keys[count] else None
    # women first decided when equal votes lie on both sides of the last place
    by_women = keys[count][0] if cut and torn is None and keys[count - 1][0] == keys[count][0] else None
    placings = []
    for index, (tally, key) in enumerate(zip(ordered, keys, strict=True)):
        outcome = "tied" if key == torn else "selected" if index < count else "not_selected"
        settled = "" if outcome == "tied" else "women" if key[0] == by_women else "votes"
        placings.append(Placing(tally.nominee, True, outcome, keys.index(key) + 1, settled))
    return placings
