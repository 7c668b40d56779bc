"""Time page 1 of the inbox with its counts, over seeded open tasks: the whole page, as a person gets it.

Two people look: one in a single group that may take every task, one in 800 groups. The reference is the same
page, opened in turns by the same two, over so few tasks that it fits on one page.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from engine import clock, deployments
from engine.actors import SYSTEM
from engine.tables import CandidateGroup, ProcessInstance, UserTask
from tests.bench import plain
from tests.bench.figures import Figure, Spent, quantile, spend_in_turns
from tests.site import PASSWORD, Visitor, open_site, sign_in
from web import db, people

SUBJECT = "Inbox page 1 with counts, {open:,} open tasks, in process"
FEW = 20
GROUPS = 800
MANY_GROUPS = "bench.many"
LOOKS = 30
BATCH = 10_000
ADDRESS = "/tasks/?scope=group"


def seed(app: Flask, number: int) -> None:
    """Add open tasks, each for the plain group and for one of 800; add the person who is in all of those."""
    with app.app_context(), db.transaction() as session:
        deployments.deploy(session, [plain.file()], SYSTEM)
        people.add(session, MANY_GROUPS, [_group(each) for each in range(GROUPS)], PASSWORD)
        for begin in range(0, number, BATCH):
            _add(session, range(begin + 1, min(begin + BATCH, number) + 1))


def _add(session: Session, ids: range) -> None:
    """Add rows only: the inbox reads no instance's state."""
    last = (
        session.scalars(select(ProcessInstance.id).order_by(ProcessInstance.id.desc()).limit(1)).first() or 0
    )
    definition = deployments.latest(session, plain.PROCESS)
    common = {"definition_id": definition.id, "definition_hash": definition.hash, "state": "", "events": 0}
    session.execute(
        insert(ProcessInstance),
        [
            {"id": last + 1 + place, "business_key": f"bench/{each}", "version": 1, **common, **_started()}
            for place, each in enumerate(ids)
        ],
    )
    tasks = list(_tasks(ids, last + 1))
    session.execute(insert(UserTask), tasks)
    groups = [
        {"task_id": task["id"], "group_name": name}
        for task in tasks
        for name in (plain.GROUP, _group(task["id"] % GROUPS))
    ]
    session.execute(insert(CandidateGroup), groups)


def _started() -> dict[str, Any]:
    return {
        "process_id": plain.PROCESS,
        "status": "active",
        "started_by": SYSTEM.name,
        "started_at": clock.now(),
    }


def _tasks(ids: range, first_instance: int) -> Iterator[dict[str, Any]]:
    now = clock.now()
    for place, each in enumerate(ids):
        yield {
            "id": each,
            "instance_id": first_instance + place,
            "token": 1,
            "process_id": plain.PROCESS,
            "business_key": f"bench/{each}",
            "element": "work",
            "name": "Xem xét hồ sơ",
            "subject": f"Hồ sơ số {each}",
            "status": "open",
            "priority": 50,
            "created_at": now,
            "due_at": now + timedelta(minutes=each * 7919 % 100_000) if each % 3 else None,
        }


def _group(number: int) -> str:
    return f"G{number:03}.staff"


def measure(number: int) -> list[Figure]:
    """Return median, p95 and processor time of both people at `number` open tasks."""
    with ExitStack() as stack:
        acts = []
        for size in (number, FEW):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            app = stack.enter_context(open_site(folder))
            seed(app, size)
            acts += [_look(sign_in(app, login), size) for login in (plain.WORKER, MANY_GROUPS)]
        times = spend_in_turns(acts, LOOKS)
    subject = SUBJECT.format(open=number)
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
        if str(size) not in page.replace(".", "").replace(",", ""):
            raise RuntimeError(f"the page does not say that {size} tasks are open")

    return look
