"""Units and people."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, Identity


class Unit(Base):
    """An organisational unit: office, centre, department, people's committee."""

    __tablename__ = "unit"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    kind: Mapped[str]  # office, coordination_office, center, department_office, department, committee
    parent_code: Mapped[str | None] = mapped_column(index=True)


class Person(Base):
    """A person of a unit, known to the sign-in by `login`."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[str]
    unit_code: Mapped[str] = mapped_column(index=True)
    memberships: Mapped[list[Membership]] = relationship(
        back_populates="person", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A person's place in a group such as `P1.staff`."""

    __tablename__ = "membership"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    group_name: Mapped[str] = mapped_column(primary_key=True, index=True)
    person: Mapped[Person] = relationship(back_populates="memberships")
