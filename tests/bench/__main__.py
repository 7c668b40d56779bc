"""Run the measurements: `python -m tests.bench [--json] [--statements] [--big] [--only PART]…`.

Every figure stands beside a reference measured in the same run, in turns with it; on a shared machine compare
the ratios of two runs, never their times. The budgets are printed beside the figures and asserted nowhere.
What grows with the database is measured at a reduced size that its lines name, at the full one with --big.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Sequence

import structlog

from tests.bench import (
    audit,
    diagrams,
    figures,
    growth,
    inbox,
    javascript,
    memory,
    over_http,
    round,
    rounds,
    statements,
    states,
    timers,
    votes,
)
from tests.bench.figures import Figure

MEASURED: dict[str, Callable[[], list[Figure]]] = {
    "http": over_http.measure,
    "votes": votes.measure,
    "rounds": rounds.measure,
    "round": round.measure,
    "states": states.measure,
    "diagrams": diagrams.measure,
    "audit": audit.measure,
    "javascript": javascript.measure,
}
# what grows with the database: how it is measured, and at which sizes without and with --big
GROWN: dict[str, tuple[Callable[..., list[Figure]], tuple[int, ...], tuple[int, ...]]] = {
    "inbox": (inbox.measure, (20_000,), (1_000_000,)),
    "growth": (growth.measure, (20_000,), (1_000_000,)),
    "timers": (timers.measure, (5_000, 400), (1_000_000, 2_000)),
    "memory": (memory.measure, (20_000,), (1_000_000,)),
}
PARTS = ("statements", *MEASURED, *GROWN)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what was asked for and print it."""
    options = _read(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    before, begin = figures.machine(), time.monotonic()
    found: list[Figure] = []
    for part in PARTS:
        if not options.only or part in options.only:
            _say(f"measuring {part} …")
            found += _measure(part, options)
    seconds = time.monotonic() - begin
    if options.json:
        _print(figures.as_json(found, before, seconds))
        return
    busy = f"{before['processors']} processors, load {before['load']:.1f}"
    _print(f"{before['system']}, Python {before['python']}, {busy}")
    _print(figures.table(found))
    _print(f"\n{seconds:.0f} s; × is the ratio to the reference beside it")


def _measure(part: str, options: argparse.Namespace) -> list[Figure]:
    if part == "statements":
        found, counts = statements.measure()
        if options.statements:
            sys.stderr.write(statements.listing(counts) + "\n")
        return found
    if part in GROWN:
        measure, small, big = GROWN[part]
        return measure(*(big if options.big else small))
    return MEASURED[part]()


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Bảng Vàng.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--statements", action="store_true", help="list the statements of each completion too"
    )
    parser.add_argument("--big", action="store_true", help="1,000,000 finished cases, open tasks and timers")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure only this part; repeatable")
    return parser.parse_args(arguments)


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
