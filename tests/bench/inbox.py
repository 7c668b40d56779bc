"""Time page 1 of the inbox with its counts, over seeded open tasks: the whole page, as a person gets it.

Two people look: one in a single group that may take every task, one in 800 groups that may, too. The
reference is the same page, opened in turns by the same two, over so few tasks that it fits on one page.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import Text, case, cast, literal, type_coerce

from engine import clock, offers
from engine.tables import CandidateGroup, UserTask, UtcDateTime
from tests.bench import places, plain, seeding
from tests.bench.figures import Figure, Spent, quantile, spend_in_turns
from tests.site import PASSWORD, Visitor, sign_in
from web import db, people

SUBJECT = "Inbox page 1 with counts, {open:,} open tasks, {database}, in process"
FEW = 20
GROUPS = 800
MANY_GROUPS = "bench.many"
LOOKS = 30
ADDRESS = "/tasks/?scope=group"
DUE_DAYS = 70


def fill(app: Flask, number: int) -> None:
    """Add open tasks, each for the plain group and for one of 800; add the person who is in all of those."""
    with app.app_context(), db.transaction() as session:
        people.add(session, MANY_GROUPS, [_group(each) for each in range(GROUPS)], PASSWORD)
    (task,) = plain.start(app, 1)
    engine = places.writing(app)
    with engine.begin() as connection:
        connection.execute(CandidateGroup.__table__.insert(), {"task_id": task, "group_name": _group(0)})
        row = connection.execute(UserTask.__table__.select().where(UserTask.id == task)).one()
    seeding.multiply(engine, row.instance_id, number - 1, _changes(engine.dialect.name))


def _changes(dialect: str) -> seeding.Changes:
    """Say how the copies differ: by key, subject, limit (a third has none) and group."""
    groups = CandidateGroup.__table__.c

    def due(n: Any) -> Any:
        moments = [clock.now() + timedelta(days=day) for day in range(DUE_DAYS)]
        days = {day: type_coerce(literal(at, UtcDateTime), UtcDateTime) for day, at in enumerate(moments)}
        return case((n % 3 == 0, None), *((n % DUE_DAYS == day, at) for day, at in days.items()))

    def group(n: Any) -> Any:
        other = literal("G").concat(cast(1000 + n % GROUPS, Text)).concat(".staff")
        return case((groups.group_name == plain.GROUP, plain.GROUP), else_=other)

    key = lambda n: literal("bench/").concat(cast(n, Text))  # noqa: E731
    return {
        "process_instance": {"business_key": key},
        "user_task": {
            "business_key": key,
            "subject": lambda n: literal("Hồ sơ số ").concat(cast(n, Text)),
            "due_at": due,
        },
        "candidate_group": {"group_name": group},
    }


def _group(number: int) -> str:
    return f"G{1000 + number}.staff"


def measure(number: int) -> list[Figure]:
    """Return median, p95 and processor time of both people at `number` open tasks, on each database."""
    return [figure for database in places.available() for figure in _measure(database, number)]


def _measure(database: str, number: int) -> list[Figure]:
    with ExitStack() as stack:
        acts = []
        for size in (number, FEW):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            app = stack.enter_context(places.open_app(database, folder))
            fill(app, size)
            acts += [_look(sign_in(app, login), size) for login in (plain.WORKER, MANY_GROUPS)]
        times = spend_in_turns(acts, LOOKS)
    subject = SUBJECT.format(open=number, database=places.NAMES[database])
    names = ("in 1 group", f"in {GROUPS} groups")
    return [
        figure
        for name, many, few in zip(names, times[:2], times[2:], strict=True)
        for figure in _figures(subject, name, many, few)
    ]


def _figures(subject: str, name: str, many: Sequence[Spent], few: Sequence[Spent]) -> list[Figure]:
    of = f"same page with {FEW} open tasks"
    walls, other_walls = [one.wall for one in many], [one.wall for one in few]
    figures = [
        Figure(
            subject,
            f"{name}: {words}",
            quantile(walls, share),
            "ms",
            quantile(other_walls, share),
            of,
            budget,
        )
        for words, share, budget in (("median", 0.5, ""), ("p95", 0.95, "< 50 ms"))
    ]
    work, other_work = median(one.processor for one in many), median(one.processor for one in few)
    return [*figures, Figure(subject, f"{name}: processor time, median", work, "ms", other_work, of)]


def _look(visitor: Visitor, size: int) -> Any:
    def look() -> None:
        page = visitor.client.get(ADDRESS).text
        if str(min(size, offers.SHOWN)) not in page.replace(".", "").replace(",", ""):
            raise RuntimeError(f"the page does not say that {size} tasks are open")

    return look
