"""Points tables of a movement: ratio formulas, graded bonus bands, tie-breakers (157/KH-UBND III)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import BadInput
from workflows import validity
from workflows.tables import ScoreLine

DATA = Path(__file__).parent / "data" / "points.json"


@dataclass(frozen=True)
class Score:
    """The points of one subject: the sum, each line's share, and the values by which ties are settled."""

    total: Fraction
    lines: Mapping[str, Fraction]
    ties: tuple[Fraction, ...]


def install(session: Session) -> None:
    """Add the carried points tables of movements that have none in the database yet."""
    known = set(session.scalars(select(ScoreLine.movement_code)))
    for table in json.loads(DATA.read_text(encoding="utf-8"))["tables"]:
        if table["movement_code"] not in known:
            common = {
                "movement_code": table["movement_code"],
                "valid_from": date.fromisoformat(table["valid_from"]),
            }
            session.add_all(
                ScoreLine(**common, position=position, **line) for position, line in enumerate(table["lines"])
            )
    session.flush()


def in_force(session: Session, movement: str, day: date) -> Sequence[ScoreLine]:
    """Return the lines of a movement's points table in force on a day, in the order of the plan."""
    query = select(ScoreLine).where(ScoreLine.movement_code == movement, validity.in_force(ScoreLine, day))
    return session.scalars(query.order_by(ScoreLine.position)).all()


def score(lines: Sequence[ScoreLine], results: Mapping[str, Fraction]) -> Score:
    """Return the points of a subject from its results by key, exact: a ratio is between 0 and 1.

    ratio: share × standard points; graded: the points of the highest band that is reached; tie_breaker: no
    points, kept in the plan's order. A line without a result gives nothing; raises BadInput for a share
    outside 0..1.
    """
    given = {line.key: results.get(line.key, Fraction(0)) for line in lines}
    points = {line.key: _points(line, given[line.key]) for line in lines if line.kind != "tie_breaker"}
    ties = tuple(given[line.key] for line in lines if line.kind == "tie_breaker")
    return Score(sum(points.values(), Fraction(0)), points, ties)


def rank(scores: Mapping[str, Score]) -> list[list[str]]:
    """Return the subjects from first to last; those still equal after every tie-breaker share a place.

    Who shares a place is put to the vote (157/KH-UBND III.4).
    """
    places: dict[tuple[Fraction, ...], list[str]] = {}
    for subject, found in scores.items():
        places.setdefault((found.total, *found.ties), []).append(subject)
    return [sorted(places[place]) for place in sorted(places, reverse=True)]


def _points(line: ScoreLine, value: Fraction) -> Fraction:
    if line.kind == "ratio":
        if not 0 <= value <= 1:
            raise BadInput(
                expected=f"a share between 0 and 1 for '{line.label}'",
                expected_vi=f"tỷ lệ từ 0 đến 1 cho “{line.label}”",
                found=float(value),
            )
        return value * line.points
    reached = [Fraction(points) for least, points in line.bands or [] if value >= Fraction(str(least))]
    return max(reached, default=Fraction(0))
