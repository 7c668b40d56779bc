"""Who leads and who works in the units on a day; the groups that diagrams may name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.errors import NotFound
from workflows import organisation, validity
from workflows.tables import Membership, Person, Unit

# Groups of the system itself, beside those of units.
OWN_GROUPS = frozenset({"designers", "auditors", "administrators", "workers"})


def leader_groups(session: Session, unit_code: str, day: date | None = None) -> list[str]:
    """Return the groups of head and deputies of a unit on a day: whoever may sign for it (NĐ 30/2020 Đ13)."""
    on = day or organisation.today()
    found = session.scalars(
        select(Membership.group_name)
        .join(Person)
        .where(
            Person.unit_code == unit_code,
            Person.rank.in_(("head", "deputy")),
            Person.active,
            validity.in_force(Membership, on),
        )
    )
    own = organisation.unit(session, unit_code).signer_group
    return list(dict.fromkeys([*([own] if own else []), *sorted(set(found))]))


def seek_actor(session: Session, login: str) -> Actor | None:
    """Return a person with the groups of today, None for one that is unknown or has left."""
    active = session.scalar(select(Person.id).where(Person.login == login, Person.active))
    return Actor(login, organisation.groups(session, login, organisation.today())) if active else None


def find_actor(session: Session, login: str) -> Actor:
    """Return a person with the groups of today; raises NotFound for one that is unknown or has left."""
    actor = seek_actor(session, login)
    if actor is None:
        raise NotFound(kind="person", key=login)
    return actor


def members(session: Session, group: str, day: date) -> Sequence[Person]:
    """Return who belongs to a group on a day, by name."""
    query = (
        select(Person)
        .join(Membership)
        .where(Membership.group_name == group, Person.active, validity.in_force(Membership, day))
    )
    return session.scalars(query.order_by(Person.name)).all()


def known_groups(session: Session) -> frozenset[str]:
    """Return every group of the organisation, whenever in force; none before an organisation is loaded."""
    names = set(session.scalars(select(Membership.group_name).distinct()))
    for desk, signer in session.execute(select(Unit.desk_group, Unit.signer_group)):
        names |= {desk, signer}
    found = frozenset(names - {""})
    return found | OWN_GROUPS if found else found


def staff(session: Session, unit_code: str) -> Sequence[Person]:
    """Return who works in a unit: head first, then deputies, then the others by name."""
    query = select(Person).where(Person.unit_code == unit_code, Person.active)
    ranks = {"head": 0, "deputy": 1}
    return sorted(session.scalars(query), key=lambda person: (ranks.get(person.rank, 2), person.name))
