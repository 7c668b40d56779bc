"""What completing a task sends to the database, counted exactly, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import clock
from tests.bench import served, statements

# PostgreSQL locks what is published and what is waited for (matching.py), and inserts several rows at once.
REVIEW = {"return": 14, "sign": 24}


@pytest.mark.parametrize("database", served.DATABASES)
def test_a_plain_task_costs_eight_statements_and_one_commit(database: str, tmp_path: Path) -> None:
    with clock.pinned(statements.MOMENT), served.open_demo(database, tmp_path) as (app, _settings):
        count = statements.count_plain(app)

    assert len(count.statements) == 8, statements.listing({"plain": count})
    assert count.commits == 1
    assert not any("SAVEPOINT" in text for text in count.control)


@pytest.mark.parametrize("database", served.DATABASES)
def test_the_review_of_the_head_costs_what_its_domain_asks_for(database: str, tmp_path: Path) -> None:
    with clock.pinned(statements.MOMENT), served.open_demo(database, tmp_path) as (app, _settings):
        counts = statements.count_head_review(app)

    found = {decision: len(count.statements) for decision, count in counts.items()}
    assert found == REVIEW, statements.listing(counts)
    assert {count.commits for count in counts.values()} == {1}


@pytest.mark.parametrize("database", served.DATABASES)
def test_no_statement_is_sent_once_per_nominee(database: str, tmp_path: Path) -> None:
    with clock.pinned(statements.MOMENT), served.open_demo(database, tmp_path) as (app, _settings):
        counts = statements.count_head_review(app, nominees=3)

    lookups = [text for text in counts["sign"].statements if text.startswith("SELECT")]
    assert len(lookups) == len(set(lookups)), "\n".join(lookups)
