"""A small made-up world: five organisations of the seeds, invented role holders, calendar, movements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from workflows import calendar, councils, criteria, movements, rules
from workflows.tables import Membership, Person, SigningAuthority, Unit

DATA = Path(__file__).parent / "data" / "organisations"
# The organisation of seed 001 first: its units and people are the ones the story and the tests know.
NAMES = ("da_nang", "tuyen_quang", "quang_ngai", "vinh_phuc", "gtvt")
ORGANISATIONS: tuple[dict[str, Any], ...] = tuple(
    json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")) for name in NAMES
)
# (login, name, position, unit, groups) of everybody; every person is invented.
PEOPLE: tuple[tuple[str, str, str, str, tuple[str, ...]], ...] = tuple(
    (one["login"], one["name"], one["position"], one["unit_code"], tuple(one["groups"]))
    for organisation in ORGANISATIONS
    for one in organisation["people"]
)


def load(session: Session) -> None:
    """Add units, people with their groups, calendar, movements and criteria that are not there yet."""
    for organisation in ORGANISATIONS:
        _add_units(session, organisation)
        _add_people(session, organisation)
        _add_authorities(session, organisation)
    calendar.install(session)
    movements.install(session)
    criteria.install(session)
    rules.install(session)
    councils.members.install(session)


def _add_units(session: Session, organisation: Mapping[str, Any]) -> None:
    known = set(session.scalars(select(Unit.code)))
    session.add_all(
        Unit(**{"place": organisation["place"], **_dated(row)})
        for row in organisation["units"]
        if row["code"] not in known
    )
    session.flush()


def _add_people(session: Session, organisation: Mapping[str, Any]) -> None:
    known = set(session.scalars(select(Person.login)))
    for row in organisation["people"]:
        if row["login"] not in known:
            values = {key: value for key, value in row.items() if key != "groups"}
            memberships = [Membership(group_name=group) for group in row["groups"]]
            session.add(Person(**values, memberships=memberships))
    session.flush()


def _add_authorities(session: Session, organisation: Mapping[str, Any]) -> None:
    taken = select(SigningAuthority.login, SigningAuthority.unit_code, SigningAuthority.capacity)
    known = {tuple(row) for row in session.execute(taken)}
    for row in organisation["signing_authorities"]:
        if (row["login"], row["unit_code"], row["capacity"]) not in known:
            session.add(SigningAuthority(**{**_dated(row), "title_lines": "\n".join(row["title_lines"])}))
    session.flush()


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with its dates, written as 2025-06-30, as days."""
    dates = {"valid_from", "valid_until", "document_date"}
    return {key: date.fromisoformat(value) if key in dates else value for key, value in row.items()}
