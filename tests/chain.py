"""Drive the chain of seed 001 as its people do: real diagrams, forms and handlers, a pinned clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Table, create_engine, func, insert, select
from sqlalchemy.orm import Session

from engine import clock, deployments, forms, tasks
from engine.actors import SYSTEM, Actor
from engine.tables import Base, Deployment, ProcessInstance, UserTask
from tests import databases
from workflows import HANDLERS, calendar, chains, demo, organisation_people, story, task_notices
from workflows.story import (
    CHAIR,
    COORDINATION,
    DEPARTMENT_DIRECTOR,
    DEPARTMENT_OFFICE,
    DIRECTOR,
    HEADS,
    HOME_AFFAIRS,
    MOVEMENT,
    STAFF,
)
from workflows.tables import Consolidation, Nomination, Notice, Proposal

__all__ = [
    "CHAIR",
    "COORDINATION",
    "DEPARTMENT_DIRECTOR",
    "DEPARTMENT_OFFICE",
    "DIRECTOR",
    "HEADS",
    "HOME_AFFAIRS",
    "MOVEMENT",
    "STAFF",
    "Chain",
    "Row",
    "at",
    "collective",
    "individual",
]

Row = dict[str, Any]
LOADED = datetime(2001, 2, 3, 4, 5, 6, 789, tzinfo=UTC)  # a moment that nothing else has


def at(text: str) -> datetime:
    """Return a local moment, for example `2026-10-15 16:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.ZONE)


def individual(subject: str, **changes: Any) -> Row:
    """Return an individual who meets every criterion of III.1.b, for a Giấy khen."""
    achievement = f"{subject} thiết kế mẫu chốt kiểm soát tại cửa ngõ thành phố trong ba ngày"
    return story.individual(subject, **{"achievement": achievement, **changes})


def collective(subject: str, **changes: Any) -> Row:
    """Return an office that meets every criterion of III.1.a, for a Giấy khen."""
    achievement = f"{subject} hoàn thành phương án thiết kế mẫu bệnh viện dã chiến đúng tiến độ"
    return story.collective(subject, **{"achievement": achievement, **changes})


def _load(session: Session) -> None:
    """Load the people of the demo and deploy every chain."""
    demo.load(session)
    files = [(path.name, path.read_bytes()) for path in chains.files()]
    deployments.deploy(session, files, SYSTEM)


@cache
def _rows() -> Mapping[Table, Sequence[Row]]:
    """Load and deploy once for this process, return what it leaves: 0.5 s instead of that in each test."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session, clock.pinned(LOADED):
        session.info["handlers"] = HANDLERS
        _load(session)
        session.commit()
    with engine.connect() as connection:
        read = {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in Base.metadata.sorted_tables
        }
    engine.dispose()
    return {table: rows for table, rows in read.items() if rows}


def _take_over(session: Session) -> None:
    """Put those rows into an empty database, as if they were loaded now."""
    now = clock.now()
    for table, rows in _rows().items():
        alike: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:  # what is NULL is left out: a None would be JSON's null
            kept = {
                name: now if value == LOADED else value for name, value in row.items() if value is not None
            }
            alike.setdefault(tuple(kept), []).append(kept)
        for found in alike.values():
            session.execute(insert(table), found)
    databases.number_on(session.connection(), list(_rows()))


class Chain:
    """The deployed chain with its people, at a moment that the test moves."""

    def __init__(self, session: Session, moment: str) -> None:
        self.session = session
        session.info.update(
            handlers=HANDLERS,
            calendar=calendar.due_after,
            working_days=calendar.working_days,
            notify=task_notices.deliver,
            ballot_key=bytes(32),
        )
        clock.pin(at(moment))
        if session.scalar(select(func.count()).select_from(Deployment)):
            _load(session)  # beside what is there already
        else:
            _take_over(session)

    def actor(self, login: str) -> Actor:
        """Return a person with the groups of the organisation."""
        return organisation_people.find_actor(self.session, login)

    def move(self, moment: str) -> None:
        """Move the clock on; every timer due on the way fires at its own time, as the worker would do it."""
        story.fire_due(self.session, at(moment))
        clock.pin(at(moment))

    def open_tasks(self, login: str) -> list[str]:
        """Return the elements of what a person could work on now."""
        found = self.session.scalars(tasks.open_for(self.actor(login)).order_by(UserTask.id))
        return [task.element for task in found]

    def task(self, login: str, element: str, process: str | None = None) -> UserTask:
        """Return the oldest open task of an element that the person could work on."""
        query = tasks.open_for(self.actor(login)).where(UserTask.element == element)
        if process is not None:
            query = query.where(UserTask.process_id == process)
        return self.session.scalars(query.order_by(UserTask.id).limit(1)).one()

    def form(self, login: str, element: str) -> tuple[UserTask, dict[str, Any], dict[str, Any]]:
        """Return a task with the context of its form and the values that the form shows at first."""
        task = self.task(login, element)
        context = tasks.form_context(self.session, task, self.actor(login))
        schema = deployments.form(self.session, task.form_id or "")
        return task, context, dict(forms.defaults(schema, context))

    def do(self, login: str, element: str, **answers: Any) -> UserTask:
        """Complete a task with the form as it is shown, changed by the answers."""
        task = story.complete(self.session, login, element, lambda _: answers)
        self.session.commit()
        return task

    def decide(self, login: str, element: str, choose: Callable[[Row], Row], **answers: Any) -> UserTask:
        """Complete a task that has one row per nominee: `choose` changes each row."""
        task = story.decide(self.session, login, element, choose, **answers)
        self.session.commit()
        return task

    # the steps that most scenarios share

    def open_month(self, period: str) -> ProcessInstance:
        """Let the coordinating office open the month."""
        started = story.open_month(self.session, period)
        self.session.commit()
        return started

    def open_proposal(self, office: str, period: str) -> ProcessInstance:
        """Let an office open its proposal."""
        started = story.open_proposal(self.session, office, period)
        self.session.commit()
        return started

    def propose(self, office: str, period: str, nominees: Sequence[Row]) -> ProcessInstance:
        """Let an office propose: staff list, head signs; without nominees it reports nothing."""
        started = self.open_proposal(office, period)
        self.prepare(office, nominees)
        self.do(HEADS[office], "head_review", decision="sign")
        return started

    def prepare(self, office: str, nominees: Sequence[Row]) -> None:
        """Let the staff of an office write the list."""
        story.prepare(self.session, office, nominees)
        self.session.commit()

    def review(self, *, closed: bool = False, **decisions: tuple[str, str]) -> UserTask:
        """Let the coordinating office review: accept all but those named (`An_B=("return", "…")`)."""

        def choose(row: Row) -> Row:
            decision, reason = decisions.get(row["subject"].replace(" ", "_"), ("accept", ""))
            return {"decision": decision, "reason": reason}

        return self.decide(COORDINATION, "review_proposals", choose, closed=closed)

    # what the tests look at

    def nomination(self, subject: str) -> Nomination:
        """Return the newest nomination of a subject."""
        query = select(Nomination).where(Nomination.subject == subject).order_by(Nomination.id.desc())
        return self.session.scalars(query.limit(1)).one()

    def proposal(self, office: str, period: str) -> Proposal:
        """Return the proposal of an office for a month."""
        query = select(Proposal).where(Proposal.office == office, Proposal.period == period)
        return self.session.scalars(query).one()

    def consolidation(self, period: str) -> Consolidation:
        """Return the consolidation of a month."""
        return self.session.scalars(select(Consolidation).where(Consolidation.period == period)).one()

    def notices(self, kind: str) -> list[Notice]:
        """Return the notices of a kind, oldest first."""
        return list(self.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)))
