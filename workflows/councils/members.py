"""Councils and who sits in them by date: profiles, members, the voting ones among them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from workflows import validity
from workflows.tables import Council, CouncilMember, CouncilProfile, Person
from workflows.vocabulary import show_date

DATA = Path(__file__).parent.parent / "data" / "councils"
GUEST = "guest"
_DATES = frozenset({"valid_from", "valid_until", "founded_on"})


def find(session: Session, code: str) -> Council:
    """Return a council by its code; raises NotFound."""
    council = session.scalar(select(Council).where(Council.code == code))
    if council is None:
        raise NotFound(kind="council", key=code)
    return council


def profile_on(session: Session, council: Council, day: date) -> CouncilProfile:
    """Return how a council works on a day; raises NotFound naming council and day."""
    query = select(CouncilProfile).where(
        CouncilProfile.council_id == council.id, validity.in_force(CouncilProfile, day)
    )
    profile = session.scalars(query.order_by(CouncilProfile.valid_from.desc())).first()
    if profile is None:
        raise NotFound(kind="council profile", key=f"{council.code} / {show_date(day)}")
    return profile


def members_on(session: Session, council_id: int, day: date) -> Sequence[CouncilMember]:
    """Return everybody who sits in a council on a day, guests included, in the order they were named."""
    query = select(CouncilMember).where(
        CouncilMember.council_id == council_id, validity.in_force(CouncilMember, day)
    )
    return session.scalars(query.order_by(CouncilMember.id)).all()


def votes(member: CouncilMember) -> bool:
    """Tell whether a member votes: all but guests, who speak only (TT 25/2025/TT-BKHCN Đ23)."""
    return member.role != GUEST


def logins(members: Sequence[CouncilMember], *roles: str) -> list[str]:
    """Return the logins of the members with one of the roles."""
    return [member.login for member in members if member.role in roles]


def names(session: Session) -> dict[str, str]:
    """Return the names of all people by login."""
    return {row.login: row.name for row in session.execute(select(Person.login, Person.name))}


def install(session: Session) -> None:
    """Add the carried councils (data/councils/*.json) that the database does not have yet."""
    known = set(session.scalars(select(Council.code)))
    for path in sorted(DATA.glob("*.json")):
        for row in json.loads(path.read_text(encoding="utf-8")):
            if row["code"] not in known:
                add(session, row)


def add(session: Session, row: Mapping[str, Any]) -> Council:
    """Add a council with its profiles and members, as `data/councils` writes them down."""
    own = {name: value for name, value in _dated(row).items() if name not in ("profiles", "members")}
    council = Council(
        **own,
        profiles=[CouncilProfile(**_dated(profile)) for profile in row["profiles"]],
        members=[CouncilMember(**_dated(member)) for member in row["members"]],
    )
    session.add(council)
    session.flush()
    return council


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: date.fromisoformat(value) if name in _DATES else value for name, value in row.items()}
