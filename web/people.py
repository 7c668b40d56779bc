"""People who can sign in: added one by one, or all of the demonstration's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import SYSTEM
from web import accounts
from web.tables import Credential
from workflows import demo, organisation, organisation_changes
from workflows.tables import Membership, Person


@dataclass(frozen=True)
class SignIn:
    """One line of the demonstration's list: login, name, groups."""

    login: str
    name: str
    groups: str


def load_demo(session: Session, password: str) -> None:
    """Load the demonstration's organisation; everybody who cannot sign in yet gets the same password."""
    demo.load(session)
    session.flush()
    secret = accounts.hasher.hash(password)
    known = set(session.scalars(select(Credential.name)))
    for login in session.scalars(select(Person.login).where(Person.login.not_in(known))):
        session.add(Credential(name=login, password_hash=secret, language="vi", active=True, failures=0))
    session.flush()


def sign_ins(session: Session) -> list[SignIn]:
    """Return everybody who can sign in, with the groups of today, by login."""
    day = organisation.today()
    people = session.scalars(select(Person).where(Person.active).order_by(Person.login)).all()
    return [
        SignIn(person.login, person.name, ", ".join(sorted(organisation.groups(session, person.login, day))))
        for person in people
    ]


def add(session: Session, login: str, groups: Sequence[str], password: str) -> None:
    """Add a person with groups and a password; an existing one gets the missing groups and that password."""
    person = session.scalar(select(Person).where(Person.login == login))
    if person is None:
        unit = next((group.rpartition(".")[0] for group in groups if "." in group), "")
        person = Person(login=login, name=login, position="", unit_code=unit)
        session.add(person)
    known = {membership.group_name for membership in person.memberships}
    for group in groups:
        if group not in known:
            membership = Membership(group_name=group)
            person.memberships.append(membership)
            about = ("membership", f"{login}/{group}")
            organisation_changes.record(
                session, SYSTEM, about, None, organisation_changes.snapshot(membership)
            )
    accounts.set_password(session, login, password)
