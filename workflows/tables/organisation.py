"""Units and people with the days they are valid on, who may sign how, and what was changed about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.tables import Base, Identity, Json


class Unit(Base):
    """An organisational unit: office, centre, department, people's committee, party cell, ministry."""

    __tablename__ = "unit"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    short_name: Mapped[str]
    kind: Mapped[str]  # a key of organisation.KINDS
    parent_code: Mapped[str | None] = mapped_column(index=True)
    desk_group: Mapped[str] = mapped_column(default="", server_default="")  # receives and appraises
    signer_group: Mapped[str] = mapped_column(default="", server_default="")  # decides and signs
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)  # the last day; null = still there
    successor_code: Mapped[str | None]
    place: Mapped[str] = mapped_column(default="", server_default="")  # địa danh on its documents
    address: Mapped[str] = mapped_column(default="", server_default="")
    organisation_code: Mapped[str] = mapped_column(default="", server_default="")  # edXML OrganId
    symbol: Mapped[str] = mapped_column(default="", server_default="")  # in document numbers: SXD


class Person(Base):
    """A person of a unit, known to the sign-in by `login`."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[str]
    unit_code: Mapped[str] = mapped_column(index=True)
    rank: Mapped[str] = mapped_column(default="", server_default="")  # head, deputy, else ""
    gender: Mapped[str] = mapped_column(default="", server_default="")  # male, female, "" = not given
    managed_by_standing_board: Mapped[bool] = mapped_column(default=False, server_default=false())
    email: Mapped[str] = mapped_column(default="", server_default="")
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    memberships: Mapped[list[Membership]] = relationship(
        back_populates="person", cascade="all, delete-orphan"
    )


class Membership(Base):
    """A person's place in a group such as `P1.staff`; it counts on the days it is in force."""

    __tablename__ = "membership"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    group_name: Mapped[str] = mapped_column(primary_key=True, index=True)
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)
    person: Mapped[Person] = relationship(back_populates="memberships")


class SigningAuthority(Base):
    """In which capacity a person signs for a unit, for what and how long (NĐ 30/2020 Đ13)."""

    __tablename__ = "signing_authority"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    login: Mapped[str] = mapped_column(index=True)
    unit_code: Mapped[str] = mapped_column(index=True)
    capacity: Mapped[str]  # KT, TM, TL, TUQ; "" = the head in their own right
    title_lines: Mapped[str]  # the lines above the signature, one per line: KT. GIÁM ĐỐC / PHÓ GIÁM ĐỐC
    document_number: Mapped[str] = mapped_column(default="", server_default="")
    document_date: Mapped[date | None] = mapped_column(Date)
    granted_by: Mapped[str] = mapped_column(default="", server_default="")  # login of who authorised
    scope: Mapped[str] = mapped_column(default="", server_default="")  # what may be signed, in words
    valid_from: Mapped[date | None] = mapped_column(Date)
    valid_until: Mapped[date | None] = mapped_column(Date)


class OrganisationChange(Base):
    """One change of a unit, person or membership: who made it, when, what it was and what it became."""

    __tablename__ = "organisation_change"
    __table_args__ = (Index("organisation_change_of", "subject", "key"),)
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    subject: Mapped[str]  # unit, person, membership
    key: Mapped[str]  # code, login, login/group
    before: Mapped[Any | None] = mapped_column(Json)  # null = it was not there
    after: Mapped[Any] = mapped_column(Json)


class OrganisationImport(Base):
    """A clean file of units and people that waits for an administrator to confirm what it changes."""

    __tablename__ = "organisation_import"
    id: Mapped[int] = mapped_column(Identity, primary_key=True)
    file_name: Mapped[str]
    content: Mapped[bytes]
    digest: Mapped[str]  # of what it would change, as it was shown
    actor: Mapped[str]
    at: Mapped[datetime]
