"""10,000 random councils are counted like an independent count that only adds and subtracts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import combinations

from workflows.councils import counting
from workflows.councils.counting import Places, Tally

COUNCILS = 10_000
THRESHOLDS = (1, 50, 66, 67, 80, 90, 100)


def add_up(number: int, times: int) -> int:
    """Multiply by adding."""
    total = 0
    for _ in range(times):
        total += number
    return total


def reaches(tally: Tally) -> bool:
    """Judge a threshold by handing each member 100 points: enough of them must say yes."""
    needed, had = add_up(tally.percent, tally.base), add_up(100, tally.yes)
    return tally.base > 0 and (had > needed if tally.strict else had >= needed)


def better(one: Tally, two: Tally) -> bool:
    """Tell whether one comes before two, by votes, then women."""
    return one.yes > two.yes or (one.yes == two.yes and one.women_first and not two.women_first)


def expect(tallies: Sequence[Tally], places: Places) -> dict[int, str]:
    """Say what becomes of everybody by asking how many others are better, or as good."""
    found = {}
    for tally in tallies:
        rivals = [
            other
            for other in tallies
            if other is not tally
            and reaches(other)
            and (not isinstance(places, Mapping) or other.kind == tally.kind)
        ]
        ahead = len([other for other in rivals if better(other, tally)])
        level = len([other for other in rivals if not better(other, tally) and not better(tally, other)])
        limit = places.get(tally.kind) if isinstance(places, Mapping) else places
        if not reaches(tally):
            found[tally.nominee] = "failed"
        elif limit is None or ahead + level < limit:
            found[tally.nominee] = "selected"
        elif ahead >= limit:
            found[tally.nominee] = "not_selected"
        else:
            found[tally.nominee] = "tied"
    return found


def draw_council(chance: random.Random) -> tuple[list[Tally], Places]:
    """Draw a council of 0 to 40 members, up to 8 nominees, a threshold each and some quota."""
    base = chance.choice((0, 1, 2, 3, 7, 10, 11, 20, chance.randint(0, 40)))
    tallies = [
        Tally(
            nominee=number,
            kind=chance.choice(("individual", "collective")),
            yes=chance.randint(0, base),
            base=base,
            percent=chance.choice((*THRESHOLDS, chance.randint(1, 100))),
            strict=chance.random() < 0.3,
            women_first=chance.random() < 0.4,
        )
        for number in range(chance.randint(0, 8))
    ]
    few = chance.randint(0, 4)
    each = {"individual": few, "collective": chance.randint(0, 2)}
    return tallies, chance.choice((None, few, each, {"individual": few}))


def test_ten_thousand_random_councils_are_counted_like_an_independent_count() -> None:
    chance = random.Random(20261010)  # noqa: S311  no secret: the same councils in every run
    drawn = [draw_council(chance) for _ in range(COUNCILS)]

    counted = [
        {placing.nominee: placing.outcome for placing in counting.place(tallies, places)}
        for tallies, places in drawn
    ]

    assert counted == [expect(tallies, places) for tallies, places in drawn]
    outcomes = {outcome for found in counted for outcome in found.values()}
    assert outcomes == {"failed", "selected", "not_selected", "tied"}


def test_whoever_is_tied_is_really_equal_and_the_chair_fills_exactly_the_places_left() -> None:
    chance = random.Random(1)  # noqa: S311  no secret: the same councils in every run
    ties = 0

    for tallies, quota in (draw_council(chance) for _ in range(COUNCILS)):
        places = quota if isinstance(quota, int) else 2
        placings = counting.place(tallies, places)
        tied = [one.nominee for one in placings if one.outcome == "tied"]
        left = counting.places_left(placings, places)
        for chosen in combinations(tied, left) if tied else ():
            ties += 1
            after = counting.break_tie(placings, frozenset(chosen))
            selected = [one.nominee for one in after if one.outcome == "selected"]
            assert len(selected) == places
            assert set(chosen) <= set(selected)
        by_number = {tally.nominee: tally for tally in tallies}
        assert len({(by_number[one].yes, by_number[one].women_first) for one in tied}) <= 1

    assert ties > 100


def test_a_council_of_nobody_has_no_quorum_and_lets_nobody_pass() -> None:
    assert not counting.has_quorum(0, 0, 2, 3)
    assert not counting.passes(0, 0, 1)


def test_exactly_half_is_no_majority_in_an_even_council_and_exactly_the_threshold_is_enough() -> None:
    assert not counting.passes(5, 10, 50, strict=True)
    assert counting.passes(6, 10, 50, strict=True)
    assert counting.passes(18, 20, 90)
    assert not counting.passes(18, 20, 90, strict=True)
    assert counting.has_quorum(2, 3, 2, 3)
    assert not counting.has_quorum(13, 20, 2, 3)
