"""Two designers who add rules for the same days at once: no day ever has two, on both databases."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from threading import Barrier

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine.errors import Refused
from tests.integration.queue_places import Place
from web import sqlite
from workflows import rules

AT = datetime(2026, 11, 2, tzinfo=UTC)
DAYS = (date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1), date(2027, 1, 1))


def draft(start: date) -> rules.Draft:
    values = {"dong": 2_700_000}
    return rules.Draft("base_salary", "base", values, start, "NĐ thử", False, valid_until=date(2028, 1, 1))


@pytest.mark.parametrize("command", ["add", "succeed"])
def test_rules_written_at_the_same_moment_never_overlap(place: Place, command: str) -> None:
    writing = sqlite.writing(place.engine)
    with Session(writing) as session:
        rules.install(session)
        open_end = rules.find(session, "base_salary", "base", DAYS[0])
        open_end.valid_until = DAYS[0] if command == "add" else None
        session.commit()
    barrier = Barrier(len(DAYS))

    def write(start: date) -> bool:
        with Session(writing) as session:
            barrier.wait()
            try:
                if command == "add":
                    rules.add(session, draft(start), "a", AT)
                else:
                    rules.succeed(session, draft(start), "a", AT)
                session.commit()
            except (Refused, IntegrityError):
                return False
            return True

    with ThreadPoolExecutor(len(DAYS)) as pool:
        stored = list(pool.map(write, DAYS))

    assert stored.count(True) >= 1
    assert command == "succeed" or stored.count(True) == 1
    with Session(place.engine) as session:
        rows = rules.history(session, "base_salary", "base")
        assert sum(row.source == "NĐ thử" for row in rows) == stored.count(True)
        assert all(
            one.valid_until is not None and one.valid_until <= next_one.valid_from
            for one, next_one in itertools.pairwise(rows)
        )
