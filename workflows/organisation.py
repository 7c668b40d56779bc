"""Units, people and their groups; who receives what on the route from an office to the State."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from workflows.tables import Person, Unit

# Units that work for the one above them: what that one may see, they may.
DESKS = ("coordination_office", "department_office")


@dataclass(frozen=True)
class Route:
    """Name the units a nomination of one centre passes, by code."""

    center: str
    coordination: str
    department: str
    committee: str
    home_affairs: str

    def holders(self) -> dict[str, str]:
        """Return the group that receives a nomination at each level."""
        return {
            "center": f"{self.coordination}.staff",
            "center_director": f"{self.center}.director",
            "department": f"{self.department}.office",
            "department_director": f"{self.department}.director",
            "province": f"{self.home_affairs}.staff",
            "province_chair": f"{self.committee}.chair",
            "state": f"{self.home_affairs}.staff",
        }


def unit(session: Session, code: str) -> Unit:
    """Return a unit by its code; raises NotFound."""
    found = session.scalar(select(Unit).where(Unit.code == code))
    if found is None:
        raise NotFound(kind="unit", key=code)
    return found


def unit_names(session: Session) -> dict[str, str]:
    """Return the names of all units by code."""
    return {row.code: row.name for row in session.execute(select(Unit.code, Unit.name))}


def offices(session: Session, center: str) -> Sequence[Unit]:
    """Return the offices that report to a centre each month; the coordinating office itself does not."""
    return session.scalars(
        select(Unit).where(Unit.parent_code == center, Unit.kind == "office").order_by(Unit.code)
    ).all()


def offices_under(session: Session, codes: Collection[str]) -> frozenset[str]:
    """Return the offices among units and everything below them; a desk stands for the unit it works for."""
    units = session.scalars(select(Unit)).all()
    own = [unit for unit in units if unit.code in codes]
    reached = {(unit.parent_code or unit.code) if unit.kind in DESKS else unit.code for unit in own}
    size = 0
    while len(reached) > size:  # one level further down at each turn, until nothing is new
        size = len(reached)
        reached |= {unit.code for unit in units if unit.parent_code in reached}
    return frozenset(unit.code for unit in units if unit.kind == "office" and unit.code in reached)


def route(session: Session, center: str) -> Route:
    """Return the submission route of a centre, read from the units above and beside it."""
    department = unit(session, center).parent_code or ""
    committee = unit(session, department).parent_code or ""
    return Route(
        center=center,
        coordination=_child(session, center, "coordination_office"),
        department=department,
        committee=committee,
        home_affairs=_child(session, committee, "home_affairs"),
    )


def people(session: Session) -> Sequence[Person]:
    """Return all people by name."""
    return session.scalars(select(Person).order_by(Person.name)).all()


def _child(session: Session, parent: str, kind: str) -> str:
    code = session.scalar(select(Unit.code).where(Unit.parent_code == parent, Unit.kind == kind))
    if code is None:
        raise NotFound(kind="unit", key=f"{parent}/{kind}")
    return code
