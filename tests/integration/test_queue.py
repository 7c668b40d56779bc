"""The contract of the queue over both databases: what waits, when it is due, what rolls back with it."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from procrastinate import sql
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.tasks import configure_task
from sqlalchemy import func, select

from engine import queue, queue_tables, sqlite_answers
from engine.held_jobs import HeldJobs
from engine.queue import Pace
from engine.queue_tables import JOBS
from tests.integration.queue_places import PACE, Place, open_place, read_effects, read_jobs, record

SOON = timedelta(seconds=-1)
WEEK = timedelta(days=7)


def now() -> datetime:
    return datetime.now(UTC)


def fetch_all(place: Place, *, clock: datetime | None = None) -> list[Job]:
    """Fetch as a worker does until nothing is due; the jobs stay running."""
    moment = clock or now()
    opened = queue.Queue(place.queue.engine, place.queue.manager, lambda: moment, PACE)

    async def fetch() -> list[Job]:
        connector = queue.open_connector(opened)
        await connector.open_async()
        manager = HeldJobs(connector)
        worker = await manager.register_worker()
        found = []
        while job := await manager.fetch_job(None, worker):
            found.append(job)
        await connector.close_async()
        return found

    return asyncio.run(fetch())


def test_a_job_exists_exactly_when_its_transaction_commits(place: Place) -> None:
    for number in range(200):
        with place.session() as session:
            record(session, "started", number)
            queue.defer_job(session, number, number)
            (session.commit if number % 2 else session.rollback)()

    odd = list(range(1, 200, 2))
    assert read_effects(place, "started") == odd
    assert [arguments["job_id"] for _, _, arguments in read_jobs(place)] == odd


def test_without_a_queue_in_the_session_nothing_is_deferred(place: Place) -> None:
    with place.session() as session:
        del session.info["queue"]
        queue.defer_timer(session, 1, now())
        queue.defer_job(session, 1, 1)
        queue.cancel_timer(session, 1)
        session.commit()

    assert read_jobs(place) == []


def test_creating_the_schema_again_changes_nothing(place: Place) -> None:
    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()

    queue.create_schema(place.queue)

    assert len(read_jobs(place)) == 1


def test_a_dropped_schema_can_be_created_again(place: Place) -> None:
    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()

    queue.drop_schema(place.queue)
    queue.create_schema(place.queue)

    assert read_jobs(place) == []


def test_rule_5_postgresql_ends_the_transaction_of_a_paused_worker(tmp_path: Path) -> None:
    async def ask(opened: queue.Queue) -> str:
        connector = queue.open_connector(opened)
        await connector.open_async()
        row = await connector.execute_query_one_async("show idle_in_transaction_session_timeout")
        await connector.close_async()
        return str(row["idle_in_transaction_session_timeout"])

    with open_place("postgresql", tmp_path) as place:
        limit = asyncio.run(ask(place.queue))

    assert limit == f"{PACE.stall:.0f}s"


def test_rule_1_a_timer_for_next_week_blocks_no_job_of_its_instance(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 7, now() + WEEK)
        queue.defer_job(session, 70, 1, at=now() + WEEK)
        queue.defer_job(session, 71, 1)
        session.commit()

    assert [job.task_kwargs["job_id"] for job in fetch_all(place)] == [71]
    with place.engine.connect() as connection:
        waiting = connection.execute(
            select(JOBS.c.lock, JOBS.c.priority).where(JOBS.c.status == "todo")
        ).all()
    assert waiting == [(None, -10), (None, -10)]


def test_rule_2_many_timers_that_are_not_due_do_not_slow_a_due_job(place: Place) -> None:
    timers = [
        {
            "queue_name": queue.NAME,
            "task_name": queue.TIMER,
            "priority": -10,
            "queueing_lock": f"timer:{number}",
            "args": {},
            "scheduled_at": now() + WEEK,
        }
        for number in range(5_000)
    ]
    with place.session() as session:
        session.connection().execute(JOBS.insert(), timers)
        queue.defer_job(session, 1, 1)
        session.commit()

    began = time.monotonic()
    found = fetch_all(place)

    assert [job.task_name for job in found] == [queue.JOB]
    assert time.monotonic() - began < 5.0


def test_rule_3_a_heartbeat_above_a_third_of_the_stall_time_is_refused() -> None:
    with pytest.raises(ValueError, match="third of the stall time"):
        Pace(heartbeat=11, stall=30)

    assert (Pace().heartbeat, Pace().stall) == (5, 30)


def test_rule_9_a_duplicate_leaves_the_transaction_of_the_caller_alive(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 1, now() + WEEK)
        record(session, "kept", 1)
        queue.defer_timer(session, 1, now() + 2 * WEEK)
        queue.defer_job(session, 5, 1)
        queue.defer_job(session, 5, 1)
        session.commit()

    assert read_effects(place, "kept") == [1]
    assert [task for task, _, _ in read_jobs(place)] == [queue.TIMER, queue.JOB]


def test_rule_9_the_raw_insert_of_a_duplicate_is_refused_inside_its_savepoint(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 1, now() + WEEK)
        record(session, "kept", 1)
        with pytest.raises(AlreadyEnqueued), session.begin_nested():  # noqa: PT012  both belong to one statement
            connection = session.connection()
            raw = connection if place.url.startswith("sqlite") else connection.connection.driver_connection
            again = configure_task(
                name="timer", job_manager=place.queue.manager, connection=raw, queueing_lock="timer:1"
            )
            again.defer()
        session.commit()

    assert read_effects(place, "kept") == [1]
    assert len(read_jobs(place)) == 1


def test_rule_10_a_job_travels_through_the_connection_of_the_session(place: Place) -> None:
    with place.session() as session:
        queue.defer_job(session, 1, 1, retries=5)
        seen_inside = session.connection().execute(select(func.count()).select_from(JOBS)).scalar_one()
        seen_outside = len(read_jobs(place))
        session.commit()

    assert (seen_inside, seen_outside) == (1, 0)
    assert read_jobs(place) == [
        ("job", "todo", {"job_id": 1, "instance_id": 1, "retries": 5, "failures": 0}),
    ]


def test_a_timer_deferred_again_is_moved(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 3, now() + WEEK)
        session.commit()
    with place.session() as session:
        queue.defer_timer(session, 3, now() + SOON)
        session.commit()

    assert [job.task_kwargs["timer_id"] for job in fetch_all(place)] == [3]
    assert len(read_jobs(place)) == 1


def test_a_cancelled_timer_and_a_cancelled_job_are_gone_with_the_transaction(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 1, now() + WEEK)
        queue.defer_job(session, 2, 1)
        queue.defer_job(session, 3, 1, at=now() + WEEK)
        session.commit()
    with place.session() as session:
        queue.cancel_timer(session, 1)
        session.rollback()
    with place.session() as session:
        queue.cancel_job(session, 2)
        queue.cancel_job(session, 3)
        session.commit()

    assert [task for task, _, _ in read_jobs(place)] == [queue.TIMER]


def test_what_is_due_is_decided_by_the_clock_of_the_engine(place: Place) -> None:
    with place.session() as session:
        queue.defer_timer(session, 1, now() + 100 * WEEK)
        queue.defer_timer(session, 2, now() + SOON)
        session.commit()

    assert fetch_all(place, clock=now() - WEEK) == []
    assert [job.task_kwargs["timer_id"] for job in fetch_all(place, clock=now() + 101 * WEEK)] == [2, 1]


def test_jobs_of_one_instance_are_fetched_one_after_the_other_in_their_order(place: Place) -> None:
    with place.session() as session:
        for number in (1, 2, 3):
            queue.defer_job(session, number, 1)
        queue.defer_job(session, 4, 2)
        session.commit()

    assert [job.task_kwargs["job_id"] for job in fetch_all(place)] == [1, 4]


def test_a_job_handed_to_another_worker_can_not_be_ended_by_the_first(place: Place) -> None:
    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()
    (first,) = fetch_all(place)

    async def give_up_and_end() -> None:
        connector = queue.open_connector(place.queue)
        await connector.open_async()
        manager = HeldJobs(connector)
        await manager.retry_job(first)
        second = await manager.fetch_job(None, await manager.register_worker())
        assert second is not None
        await manager.finish_job(first, Status.SUCCEEDED, delete_job=True)
        assert [status for _, status, _ in read_jobs(place)] == ["doing"]
        await manager.finish_job(second, Status.SUCCEEDED, delete_job=True)
        await connector.close_async()

    asyncio.run(give_up_and_end())
    assert read_jobs(place) == []


def test_a_job_put_back_while_the_same_waits_again_is_dropped(place: Place) -> None:
    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()
    (running,) = fetch_all(place)
    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()

    async def put_back() -> None:
        connector = queue.open_connector(place.queue)
        await connector.open_async()
        await HeldJobs(connector).retry_job(running)
        await connector.close_async()

    asyncio.run(put_back())
    assert [status for _, status, _ in read_jobs(place)] == ["todo"]


def test_rule_11_old_failed_jobs_are_removed_and_young_ones_stay(place: Place) -> None:
    with place.session() as session:
        queue.defer_job(session, 1, 1)
        session.commit()
    (job,) = fetch_all(place)

    async def fail_and_remove() -> list[int]:
        connector = queue.open_connector(place.queue)
        await connector.open_async()
        manager = HeldJobs(connector)
        await manager.finish_job(job, Status.FAILED, delete_job=False)
        counts = []
        for hours in (1, 0):
            await asyncio.sleep(0.01)
            await manager.delete_old_jobs(hours, include_failed=True)
            counts.append(len(list(await manager.list_jobs_async())))
        await connector.close_async()
        return counts

    assert asyncio.run(fail_and_remove()) == [1, 0]


def test_the_operators_queries_answer_alike(place: Place) -> None:
    with place.session() as session:
        for number in (1, 2):
            queue.defer_job(session, number, number)
        queue.defer_timer(session, 1, now() + WEEK)
        session.commit()

    async def ask() -> dict[str, object]:
        connector = queue.open_connector(place.queue)
        await connector.open_async()
        manager = HeldJobs(connector)
        (first, second, _) = await manager.list_jobs_async()
        assert first.id is not None
        assert second.id is not None
        answers = {
            "queues": [row["jobs_count"] for row in await manager.list_queues_async()],
            "tasks": [(row["name"], row["todo"]) for row in await manager.list_tasks_async()],
            "locks": [row["name"] for row in await manager.list_locks_async()],
            "cancelled": await manager.cancel_job_by_id_async(first.id),
            "twice": await manager.cancel_job_by_id_async(first.id),
            "status": (await manager.get_job_status_async(first.id)).value,
            "deleted": await manager.cancel_job_by_id_async(second.id, delete_job=True),
            "abort": list(await manager.list_jobs_to_abort_async()),
            "there": await manager.check_connection_async(),
        }
        with pytest.raises(ConnectorException):
            await manager.finish_job_by_id_async(first.id, Status.FAILED, delete_job=False)
        await connector.close_async()
        return answers

    assert asyncio.run(ask()) == {
        "queues": [3],
        "tasks": [("job", 2), ("timer", 1)],
        "locks": ["instance:1", "instance:2"],
        "cancelled": True,
        "twice": False,
        "status": "cancelled",
        "deleted": True,
        "abort": [],
        "there": True,
    }


def test_every_query_of_this_procrastinate_is_answered_or_named_as_unanswered() -> None:
    answered = sqlite_answers.READS.keys() | sqlite_answers.WRITES.keys()

    assert answered | sqlite_answers.UNANSWERED == sql.queries.keys()
    assert set(sqlite_answers.NAMES.values()) == answered


def test_the_queues_tables_are_told_from_the_engines_by_their_prefix() -> None:
    assert all(name.startswith(queue_tables.PREFIX) for name in queue_tables.METADATA.tables)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_a_database_that_can_not_hold_the_queue_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="queue needs"):
        queue.open_queue(url)
