"""Units, people and their groups; who receives what on the route from an office to the State."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from workflows.tables import Membership, Person, Unit


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


def groups_of(session: Session, login: str) -> frozenset[str]:
    """Return the groups a person belongs to now; none for an unknown login."""
    return frozenset(
        session.scalars(select(Membership.group_name).join(Membership.person).where(Person.login == login))
    )


def people(session: Session, group: str | None = None) -> Sequence[Person]:
    """Return all people, or those of one group, by name."""
    query = select(Person).order_by(Person.name)
    if group is not None:
        query = query.join(Person.memberships).where(Membership.group_name == group)
    return session.scalars(query).all()


def person_name(session: Session, login: str) -> str:
    """Return the name behind a login, or the login itself when nobody is known by it."""
    return session.scalar(select(Person.name).where(Person.login == login)) or login


def person_names(session: Session) -> dict[str, str]:
    """Return the names of all people by login."""
    return {row.login: row.name for row in session.execute(select(Person.login, Person.name))}


def _child(session: Session, parent: str, kind: str) -> str:
    code = session.scalar(select(Unit.code).where(Unit.parent_code == parent, Unit.kind == kind))
    if code is None:
        raise NotFound(kind=kind, key=parent)
    return code
