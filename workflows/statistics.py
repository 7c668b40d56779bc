"""Statistics: nominations and awards per form, unit, movement and month, money, and what kept to its dates.

One grouped query is read; every table is folded out of it. Nothing is kept beside the rows themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from engine import clock
from engine.tables import UserTask
from workflows.rules import money
from workflows.tables import AwardDecision, Consolidation, Nomination, Proposal
from workflows.vocabulary import PENDING

DECLINED = ("declined", "not_awarded", "set_aside")


@dataclass(frozen=True)
class Choice:
    """What is counted: an empty text leaves nothing out; `offices` None stands for every office."""

    movement: str = ""
    form: str = ""
    year: str = ""
    office: str = ""
    offices: Collection[str] | None = None


@dataclass(frozen=True)
class Cell:
    """So many nominations that agree in everything the tables ask for."""

    form: str
    office: str
    movement: str
    period: str
    status: str
    kind: str
    decision: str
    day: date | None
    number: int
    dong: int


@dataclass(frozen=True)
class Line:
    """One line of a table: what it is about, and its counts; money in đồng."""

    code: str
    nominated: int
    awarded: int
    declined: int
    ineligible: int
    pending: int
    dong: int


@dataclass(frozen=True)
class Decision:
    """One award decision with how many it awards and the money that comes with them, in đồng."""

    number: str
    day: date
    form: str
    collectives: int
    individuals: int  # households among them
    dong: int


@dataclass(frozen=True)
class Kept:
    """How often a date was kept; `code` is an office, a centre or a process."""

    kind: str  # proposal, consolidation, task
    code: str
    on_time: int
    late: int


def count(session: Session, choice: Choice) -> list[Cell]:
    """Return the nominations of a choice, counted; a year is that of the period they were proposed for."""
    columns = (
        Nomination.form,
        Proposal.office,
        Proposal.movement_code,
        Proposal.period,
        Nomination.status,
        Nomination.subject_kind,
        AwardDecision.number,
        AwardDecision.decided_on,
    )
    query = (
        select(*columns, func.count())
        .select_from(Nomination)
        .join(Proposal, Proposal.id == Nomination.proposal_id)
        .outerjoin(AwardDecision, AwardDecision.id == Nomination.award_decision_id)
        .group_by(*columns)
    )
    exact = (
        (Nomination.form, choice.form),
        (Proposal.movement_code, choice.movement),
        (Proposal.office, choice.office),
    )
    for column, value in exact:
        if value:
            query = query.where(column == value)
    if choice.year:
        query = query.where(Proposal.period.startswith(f"{choice.year}-", autoescape=True))
    if choice.offices is not None:
        query = query.where(Proposal.office.in_(sorted(choice.offices)))
    amounts: dict[tuple[str, str, date], int] = {}
    return [_cell(session, tuple(row), amounts) for row in session.execute(query)]


def _cell(session: Session, row: tuple[object, ...], amounts: dict[tuple[str, str, date], int]) -> Cell:
    form, office, movement, period, status, kind, decision, day, number = row
    dong = 0
    if status == "awarded" and isinstance(day, date):
        key = (str(form), str(kind), day)
        if key not in amounts:
            found = money.amount(session, *key)
            amounts[key] = 0 if found is None else found.dong
        dong = amounts[key] * int(str(number))
    return Cell(
        form=str(form),
        office=str(office),
        movement=str(movement),
        period=str(period),
        status=str(status),
        kind=str(kind),
        decision=str(decision or ""),
        day=day if isinstance(day, date) else None,
        number=int(str(number)),
        dong=dong,
    )


def fold(cells: Iterable[Cell], key: Callable[[Cell], str]) -> list[Line]:
    """Return one line per value of a key, most nominated first; an empty key is left out."""
    ordered = sorted((cell for cell in cells if key(cell)), key=key)
    lines = [_line(code, list(group)) for code, group in groupby(ordered, key)]
    return sorted(lines, key=lambda line: (-line.nominated, line.code))


def _line(code: str, cells: Sequence[Cell]) -> Line:
    def add(statuses: Collection[str]) -> int:
        return sum(cell.number for cell in cells if cell.status in statuses)

    return Line(
        code=code,
        nominated=sum(cell.number for cell in cells),
        awarded=add(("awarded",)),
        declined=add(DECLINED),
        ineligible=add(("ineligible",)),
        pending=add(PENDING),
        dong=sum(cell.dong for cell in cells),
    )


def months(cells: Iterable[Cell]) -> list[Line]:
    """Return one line per month of decision, oldest first; only awards have one."""
    awarded = [cell for cell in cells if cell.status == "awarded"]
    lines = fold(awarded, lambda cell: f"{cell.day:%Y-%m}" if cell.day else "")
    return sorted(lines, key=lambda line: line.code)


def decisions(cells: Iterable[Cell]) -> list[Decision]:
    """Return the decisions with what they award, newest first; what was cancelled is not counted."""
    awarded = [cell for cell in cells if cell.status == "awarded" and cell.day is not None]
    keyed = sorted(awarded, key=lambda cell: (str(cell.day), cell.decision, cell.form), reverse=True)
    found = []
    for (day, number, form), group in groupby(keyed, lambda cell: (cell.day, cell.decision, cell.form)):
        rows = list(group)
        collectives = sum(cell.number for cell in rows if cell.kind == "collective")
        everybody = sum(cell.number for cell in rows)
        if day is not None:
            dong = sum(cell.dong for cell in rows)
            found.append(Decision(number, day, form, collectives, everybody - collectives, dong))
    return found


def list_kept(session: Session, choice: Choice) -> list[Kept]:
    """Return how often dates were kept: monthly reports of offices and centres, and tasks with a due date.

    Centres and tasks are counted only for whoever sees every office; an open task that is overdue is late.
    """
    late = func.sum(case((Proposal.late, 1), else_=0))
    query = select(Proposal.office, func.count(), late).where(Proposal.submitted_at.is_not(None))
    query = query.group_by(Proposal.office).order_by(Proposal.office)
    if choice.movement:
        query = query.where(Proposal.movement_code == choice.movement)
    if choice.office:
        query = query.where(Proposal.office == choice.office)
    if choice.year:
        query = query.where(Proposal.period.startswith(f"{choice.year}-", autoescape=True))
    if choice.offices is not None:
        query = query.where(Proposal.office.in_(sorted(choice.offices)))
    found = [Kept("proposal", code, all_ - late_, late_) for code, all_, late_ in session.execute(query)]
    whole = choice.offices is None and not choice.office
    return [*found, *(_centers(session, choice) if whole else ()), *(_tasks(session) if whole else ())]


def _centers(session: Session, choice: Choice) -> list[Kept]:
    late = func.sum(case((Consolidation.late, 1), else_=0))
    query = select(Consolidation.center, func.count(), late).where(Consolidation.sent_at.is_not(None))
    if choice.movement:
        query = query.where(Consolidation.movement_code == choice.movement)
    if choice.year:
        query = query.where(Consolidation.period.startswith(f"{choice.year}-", autoescape=True))
    query = query.group_by(Consolidation.center).order_by(Consolidation.center)
    return [Kept("consolidation", code, all_ - late_, late_) for code, all_, late_ in session.execute(query)]


def _tasks(session: Session) -> list[Kept]:
    overdue = (UserTask.status == "open") & (UserTask.due_at < clock.now())
    late = func.sum(case((overdue | (UserTask.ended_at > UserTask.due_at), 1), else_=0))
    query = select(UserTask.process_id, func.count(), late)
    query = query.where(UserTask.due_at.is_not(None), overdue | (UserTask.status == "completed"))
    query = query.group_by(UserTask.process_id).order_by(UserTask.process_id)
    return [Kept("task", code, all_ - late_, late_) for code, all_, late_ in session.execute(query)]
