"""Looking for due timers costs what is due, however many wait: counted by PostgreSQL, not by a clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Delete, Update, text
from sqlalchemy.dialects import postgresql

from engine import queue, queue_tables
from tests.integration import queue_places
from tests.integration.queue_places import Place

WAITING = 100_000
FEW = 40  # rows that a look may meet
NOW = datetime(2026, 10, 1, 2, 0, tzinfo=UTC)
TIMERS = text(
    "insert into procrastinate_jobs (queue_name, task_name, priority, queueing_lock, args, scheduled_at) "
    "select :queue, :task, -10, 'timer:' || n, json_build_object('timer_id', n, 'failures', 0)::jsonb, "
    "cast(:first as timestamptz) + n * interval '1 minute' from generate_series(1, :many) as n"
)


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Place]:
    """Give a PostgreSQL whose queue holds 100,000 timers, the first of them due tomorrow."""
    with queue_places.open_place("postgresql", tmp_path) as place:
        with place.engine.begin() as connection:
            values = {"queue": queue.NAME, "task": queue.TIMER, "many": WAITING}
            connection.execute(TIMERS, {**values, "first": NOW + timedelta(days=1)})
            connection.execute(text("insert into procrastinate_workers (last_heartbeat) values (now())"))
            connection.execute(text("analyze procrastinate_jobs"))  # as the server does by itself in time
        yield place


def count_rows(plan: dict[str, Any]) -> float:
    """Return how many rows a plan's nodes met, those they threw away included."""
    own = (
        plan["Actual Rows"]
        + plan.get("Rows Removed by Filter", 0)
        + plan.get("Rows Removed by Index Recheck", 0)
    )
    return float(own * plan["Actual Loops"] + sum(count_rows(one) for one in plan.get("Plans", ())))


def look(connection: Connection, now: datetime) -> float:
    """Take the next job as a worker does; return how many rows that met."""
    return explain(connection, queue_tables.fetch(1, now, [queue.NAME]))


def explain(connection: Connection, query: Update | Delete, **values: object) -> float:
    """Carry out a statement; return how many rows it met."""
    statement = query.compile(
        dialect=postgresql.psycopg.dialect(), compile_kwargs={"render_postcompile": True}
    )
    raw = connection.connection.cursor()
    explained = f"explain (analyze, format json) {statement.string}"
    found = raw.execute(explained, statement.construct_params(values)).fetchone()[0]
    return count_rows((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


def test_a_look_among_100_000_waiting_timers_meets_a_handful_of_rows(crowded: Place) -> None:
    with crowded.session() as session:
        queue.defer_job(session, 1, 1)
        queue.defer_job(session, 2, 1)
        session.commit()

    with crowded.engine.begin() as connection:
        jobs_of_one_case = [look(connection, NOW) for _ in range(2)]
        nothing_due = look(connection, NOW)
        three_due = [look(connection, NOW + timedelta(days=1, minutes=3)) for _ in range(4)]
        taken = connection.execute(
            text("select count(*) from procrastinate_jobs where status = 'doing'")
        ).scalar_one()

    assert taken == 1 + 3  # the second job waits for the first
    assert max(jobs_of_one_case) < FEW
    assert nothing_due < FEW
    assert max(three_due) < FEW


def test_taking_one_due_timer_after_the_other_meets_a_handful_of_rows_each(crowded: Place) -> None:
    due = NOW + timedelta(days=1, minutes=30)

    with crowded.engine.begin() as connection:
        before = connection.execute(text("select count(*) from procrastinate_jobs")).scalar_one()
        met = [explain(connection, queue_tables.take(queue.TIMER), now=due) for _ in range(30)]
        nothing_due = explain(connection, queue_tables.take(queue.TIMER), now=due)
        left = connection.execute(text("select count(*) from procrastinate_jobs")).scalar_one()

    assert before - left == 30
    assert max(met) < FEW
    assert nothing_due < FEW
