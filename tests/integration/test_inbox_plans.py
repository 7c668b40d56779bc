"""The inbox reads what it shows: its plans use the indices made for it, on the database in use."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select, insert, select, text
from sqlalchemy.orm import Session

from engine import deployments, instances, offers
from engine.actors import Actor
from engine.tables import CandidateGroup, ProcessInstance, UserTask
from tests.builders import a_process
from web import listing
from web.pages.inbox import SORTS

NORA = Actor("nora", frozenset({"P1.staff"}))
CROWD = Actor("crowd", frozenset(f"G{number}.staff" for number in range(800)))
TASKS = 6_000
QUERY = listing.Query("", "due", False, 1, {})


@pytest.fixture
def full(session: Session) -> Session:
    """Give a database with many open tasks, all for one group and each for one of 800."""
    deployments.deploy(session, [a_process("p").start().user_task("work").end().file()], NORA)
    case: ProcessInstance = instances.start(session, "p", {}, NORA)
    session.flush()
    (model,) = session.execute(select(UserTask.__table__).where(UserTask.instance_id == case.id)).mappings()
    rows = [{**model, "id": model["id"] + 1 + number} for number in range(TASKS)]
    session.execute(insert(UserTask.__table__), rows)  # type: ignore[arg-type]
    groups = [
        {"task_id": row["id"], "group_name": name}
        for number, row in enumerate(rows)
        for name in ("P1.staff", f"G{number % 800}.staff")
    ]
    session.execute(insert(CandidateGroup), groups)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE user_task"))
        session.execute(text("ANALYZE candidate_group"))
    return session


def explain(session: Session, query: Select[Any]) -> str:
    """Return the plan of a query as the database tells it, with the values that it would run with."""
    dialect = session.get_bind().dialect
    if dialect.name == "postgresql":
        # so few rows it would rather read all and sort: what is asked is whether the indices can serve
        for way in ("seqscan", "sort", "hashjoin", "bitmapscan"):
            session.execute(text(f"SET LOCAL enable_{way} = off"))
    sql = str(query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})).replace(":", r"\:")
    words = "EXPLAIN" if dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    return "\n".join(str(row[-1]) for row in session.execute(text(f"{words} {sql}")))


def first_page(found: Select[Any]) -> Select[Any]:
    return listing.ordered(found, QUERY, SORTS).limit(listing.PAGE_SIZE)


@pytest.mark.parametrize("actor", [NORA, CROWD], ids=["1 group", "800 groups"])
def test_a_full_inbox_walks_along_an_index_and_sorts_nothing(full: Session, actor: Actor) -> None:
    page = first_page(offers.many(actor))

    plan = explain(full, page)
    shown = full.scalars(page).all()

    assert "ix_user_task_offered" in plan or "ix_user_task_inbox" in plan
    assert not any(
        word in plan
        for word in ("Sort", "TEMP B-TREE", "LIST SUBQUERY", "Seq Scan on user_task", "SCAN user_task")
    )
    assert len(shown) == listing.PAGE_SIZE


def test_a_count_looks_at_no_more_offers_than_it_may(full: Session) -> None:
    counted = offers.count(full, NORA)

    plan = explain(full, offers.few(NORA))

    assert counted == offers.Count(offers.SHOWN, more=True)
    assert len(full.scalars(offers.few(NORA)).all()) == offers.LOOKED_AT + 1
    assert "ix_candidate_group_members" in plan or "pk_candidate_group" in plan


def test_a_small_inbox_is_counted_exactly_and_shows_the_same_on_both_ways(full: Session) -> None:
    small = Actor("small", frozenset({"G7.staff", "G8.staff"}))

    counted = offers.count(full, small)
    few = full.scalars(first_page(offers.few(small))).all()
    many = full.scalars(first_page(offers.many(small))).all()

    assert counted == offers.Count(2 * -(-TASKS // 800))
    assert [task.id for task in few] == [task.id for task in many]


def test_a_task_offered_twice_is_counted_once(full: Session) -> None:
    task = full.scalars(select(UserTask).limit(1).offset(10)).one()
    full.add_all(CandidateGroup(task_id=task.id, group_name=name) for name in ("A", "B"))
    full.flush()
    both = Actor("both", frozenset({"A", "B"}))

    counted = offers.count(full, both)

    assert counted == offers.Count(1)
    assert full.scalars(offers.few(both)).all() == [task]


def test_tasks_held_by_others_do_not_hide_what_is_free(full: Session) -> None:
    for task in full.scalars(select(UserTask).order_by(UserTask.id).limit(TASKS - 100)):
        task.assignee = "binh"
    full.flush()

    counted = offers.count(full, NORA)

    assert counted.number == full.query(offers.many(NORA).subquery()).count()
    assert 100 <= counted.number <= 101
