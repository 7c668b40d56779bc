"""A round of 2,000 nominations of 200 offices: its page, one nominee, the list closed, the letter decided.

The real tables, engine, forms and handlers on a SQLite file, without HTTP; each act in a session that knows
nothing yet. The reference is the same act in a round of 200 nominations: what grows with the list is seen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from engine import clock, tasks
from engine.actors import Actor
from engine.handlers import View
from engine.tables import Base, ProcessInstance, UserTask
from tests import crowd
from tests.bench.figures import Figure, spend
from workflows import HANDLERS, calendar, organisation_people, story

SUBJECT = "a round of 2,000 nominations of 200 offices, SQLite file, processor time"
SMALL, LARGE = (20, 200), (200, 2_000)  # offices, nominations
REFERENCE = "200 nominations"
TIMES = 5  # the middle of so many; the list closes once
DECIDING = "deciding the letter"
GOALS = {DECIDING: "< 2,000 ms"}  # every award with its decision, certificates, steps and notices
Measured = dict[str, tuple[float, int]]
Act = Callable[[Session, UserTask, Actor], object]
Answer = Callable[..., Act]


def measure() -> list[Figure]:
    """Return milliseconds and statements of each act, and the bytes of the round's state."""
    with tempfile.TemporaryDirectory(prefix="bangvang-bench-") as folder:
        try:
            small, large = (_play(Path(folder) / f"{size[1]}.db", *size) for size in (SMALL, LARGE))
        finally:
            clock.unpin()
    figures: list[Figure] = []
    for name, (value, statements) in large.items():
        before, fewer = small[name]
        if name == "state":
            figures.append(Figure(SUBJECT, "state of the round", value, "B", before, REFERENCE, "< 40 kB"))
            continue
        figures += [
            Figure(SUBJECT, name, value, "ms", before, REFERENCE, GOALS.get(name, "< 300 ms")),
            Figure(SUBJECT, f"{name}: statements", statements, "", fewer, REFERENCE),
        ]
    return figures


def _play(path: Path, offices: int, nominees: int) -> Measured:
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        month = crowd.open_round(session).id
        crowd.send_proposals(session, offices, nominees)
    shown: dict[str, Any] = {}

    def look(session: Session, task: UserTask, actor: Actor) -> None:
        shown.update(tasks.form_context(session, task, actor, View()))

    def answer(**values: Any) -> Act:
        return lambda session, task, actor: tasks.complete(session, task.id, values, actor)

    found = {"opening the page": _middle([_spend(engine, look) for _ in range(TIMES)])}
    ones = [{"id": row["id"], "decision": "accept", "reason": ""} for row in shown["rows"][:TIMES]]
    found["deciding one nominee"] = _middle([_spend(engine, answer(rows=[one])) for one in ones])
    with Session(engine) as session:
        found["state"] = (len(session.get_one(ProcessInstance, month).state.encode()), 0)
    _close_and_decide(engine, nominees, answer, found)
    engine.dispose()
    return found


def _close_and_decide(engine: Engine, nominees: int, answer: Answer, found: Measured) -> None:
    """Close the list and let the department decide it in one letter; signing and appraising come between."""
    rest = {"rest": "accept", "rest_count": nominees - TIMES, "closed": True}
    found["closing the list"] = _spend(engine, answer(rows=[], **rest))
    _spend(engine, answer(decision="sign"), story.DIRECTOR, "sign_submission")
    _spend(engine, answer(rows=[], rest="recommend"), story.DEPARTMENT_OFFICE, "appraise")
    follow = answer(decision="approve", rows=[], rest="follow")
    found[DECIDING] = _spend(engine, follow, story.DEPARTMENT_DIRECTOR, "decide")


def _middle(found: list[tuple[float, int]]) -> tuple[float, int]:
    """Return the one in the middle of several measurements, by time."""
    return sorted(found)[len(found) // 2]


def _spend(
    engine: Engine, act: Act, login: str = story.COORDINATION, element: str = "review_proposals"
) -> tuple[float, int]:
    """Return processor milliseconds and statements of an act and its commit."""
    with Session(engine) as session:
        session.info.update(handlers=HANDLERS, calendar=calendar.due_after)
        actor = organisation_people.find_actor(session, login)
        task = story.find_task(session, actor, element)

        def do() -> None:
            act(session, task, actor)
            session.commit()

        with crowd.watching(engine) as seen:
            spent = spend(do)
        return spent.processor, len(seen)
