"""Units, people and their groups as of a day: what is in force, who stands for a dissolved unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.errors import NotFound
from workflows import validity
from workflows.tables import Membership, Person, Unit

# Units that work for the one above them: what that one may see, they may.
DESKS = ("coordination_office", "department_office")


def unit(session: Session, code: str) -> Unit:
    """Return a unit by its code; raises NotFound."""
    found = session.scalar(select(Unit).where(Unit.code == code))
    if found is None:
        raise NotFound(kind="unit", key=code)
    return found


def today() -> date:
    """Return the day it is for the people of the organisation."""
    return clock.local(clock.now()).date()


def unit_on(session: Session, code: str, day: date) -> Unit:
    """Return the unit that stands for a code on a day: the unit itself, or the successor of a dissolved one.

    Follows successors until one is in force (TT 15/2025/TT-BNV; NĐ 129/2025); raises NotFound when a
    dissolved unit has none.
    """
    found, passed = unit(session, code), {code}
    while is_dissolved(found, day) and found.successor_code and found.successor_code not in passed:
        found = unit(session, found.successor_code)
        passed.add(found.code)
    if is_dissolved(found, day):
        raise NotFound(kind="unit", key=f"{code} ({day.isoformat()})")
    return found


def units_on(session: Session, day: date) -> Sequence[Unit]:
    """Return the units that exist on a day, by code."""
    return session.scalars(select(Unit).where(validity.in_force(Unit, day)).order_by(Unit.code)).all()


def is_dissolved(unit: Unit, day: date) -> bool:
    """Tell whether a unit no longer exists on a day: its last day lies before it."""
    return unit.valid_until is not None and unit.valid_until < day


def groups(session: Session, login: str, day: date) -> frozenset[str]:
    """Return the groups a person belongs to on a day; none when the person has left."""
    found = session.scalars(
        select(Membership.group_name)
        .join(Person)
        .where(Person.login == login, Person.active, validity.in_force(Membership, day))
    )
    return frozenset(found)


def unit_names(session: Session) -> dict[str, str]:
    """Return the names of all units by code."""
    return {row.code: row.name for row in session.execute(select(Unit.code, Unit.name))}


def offices(session: Session, center: str, day: date | None = None) -> Sequence[Unit]:
    """Return the offices that report to a centre each month; the coordinating office itself does not.

    Counts the offices that exist on the day, today when none is given.
    """
    in_place = validity.in_force(Unit, day or today())
    chosen = select(Unit).where(Unit.parent_code == center, Unit.kind == "office", in_place)
    return session.scalars(chosen.order_by(Unit.code)).all()


def people(session: Session) -> Sequence[Person]:
    """Return all people by name."""
    return session.scalars(select(Person).order_by(Person.name)).all()
