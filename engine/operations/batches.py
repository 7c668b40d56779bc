"""One operation on many cases: each on its own, so that one refused leaves the others alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from engine.errors import EngineError

Progress = Callable[[int, int], object]  # how many are done, of how many


@dataclass(frozen=True)
class Result:
    """What became of one row of a batch: done, or refused with the reason."""

    number: int
    refusal: EngineError | None = None


def silent(_done: int, _all: int) -> None:
    """Tell nobody how far a batch is."""


def run(
    session: Session, numbers: Sequence[int], act: Callable[[int], object], progress: Progress = silent
) -> list[Result]:
    """Do one operation per number, each in a savepoint of its own; tell after each how many are done."""
    results: list[Result] = []
    for number in numbers:
        results.append(_alone(session, number, act))
        progress(len(results), len(numbers))
    return results


def _alone(session: Session, number: int, act: Callable[[int], object]) -> Result:
    try:
        with session.begin_nested():
            act(number)
    except EngineError as error:
        return Result(number, error)
    return Result(number)
