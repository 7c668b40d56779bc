"""Points tables and quotas: exact ratios, graded bonus, tie-breakers in order, shares rounded down."""

from __future__ import annotations

from fractions import Fraction

import pytest

from engine.errors import BadInput
from workflows import movement_points
from workflows.movement_quotas import Quota
from workflows.tables import ScoreLine


def line(key: str, kind: str = "ratio", points: int = 60, bands: list[list[int]] | None = None) -> ScoreLine:
    return ScoreLine(key=key, kind=kind, points=points, bands=bands, label=key)


LINES = [
    line("voted"),
    line("tasks", points=40),
    line("early", "graded", 15, [[100, 15], [98, 10], [95, 5]]),
    line("before_noon", "tie_breaker", 0),
]


def test_a_ratio_gives_its_exact_share_and_a_bonus_the_band_that_is_reached() -> None:
    results = {"voted": Fraction(2, 3), "tasks": Fraction(1), "early": Fraction(98)}

    score = movement_points.score(LINES, results)

    assert score.total == 40 + 40 + 10
    assert score.lines == {"voted": 40, "tasks": 40, "early": 10}


def test_all_points_with_bonus_are_115_and_nothing_gives_nothing() -> None:
    full = movement_points.score(LINES, {"voted": Fraction(1), "tasks": Fraction(1), "early": Fraction(100)})
    none = movement_points.score(LINES, {})

    assert full.total == 115
    assert none.total == 0


def test_ties_are_settled_by_the_sub_criterion_and_who_is_still_equal_shares_the_place() -> None:
    equal = {"voted": Fraction(1), "tasks": Fraction(1)}
    scores = {
        name: movement_points.score(LINES, {**equal, "before_noon": Fraction(noon, 100)})
        for name, noon in (("P1", 60), ("P2", 80), ("P3", 60))
    }

    places = movement_points.rank(scores)

    assert places == [["P2"], ["P1", "P3"]]


@pytest.mark.parametrize("share", [Fraction(-1, 100), Fraction(101, 100)])
def test_a_share_outside_0_to_1_is_refused(share: Fraction) -> None:
    with pytest.raises(BadInput):
        movement_points.score(LINES, {"voted": share})


@pytest.mark.parametrize(
    ("quota", "kind", "population", "limit"),
    [
        (Quota(1, 3, None, None, "IV"), "collective", None, 1),
        (Quota(1, 3, None, None, "IV"), "individual", 1000, 3),
        (Quota(None, None, 10, 5, "IV.1"), "collective", 19, 1),
        (Quota(None, None, 10, 5, "IV.1"), "individual", 19, 0),
        (Quota(None, None, 10, 5, "IV.1"), "individual", None, None),
        (Quota(None, 3, None, 5, "IV"), "individual", 40, 2),
    ],
)
def test_the_smaller_of_number_and_share_limits_and_a_share_is_rounded_down(
    quota: Quota, kind: str, population: int | None, limit: int | None
) -> None:
    assert quota.limit(kind, population) == limit
