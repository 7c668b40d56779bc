"""Notices to groups, in both languages; one of a kind per group and subject."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.handlers import ServiceCall
from workflows import rows
from workflows.tables import Notice


@dataclass(frozen=True)
class Letter:
    """Hold what a notice says: its kind, what it is about, its text in both languages."""

    kind: str
    about: str
    vi: str
    en: str


def send(session: Session, call: ServiceCall, groups: Iterable[str], letter: Letter) -> int:
    """Give each group the letter unless it has one of this kind about the same thing; return how many."""
    return sum(rows.add_once(session, Notice, **row) for row in _write(call, groups, letter))


def send_all(session: Session, call: ServiceCall, letters: Iterable[tuple[Iterable[str], Letter]]) -> None:
    """Give groups many letters by one statement, each unless it has one of this kind about the same thing."""
    written = [row for groups, letter in letters for row in _write(call, groups, letter)]
    rows.add_all_once(session, Notice, written)


def has(session: Session, group: str, kind: str, about: str) -> bool:
    """Tell whether a group already has a notice of a kind about a thing."""
    query = select(Notice.id).where(Notice.group_name == group, Notice.kind == kind, Notice.about == about)
    return session.scalar(query) is not None


def list_for(session: Session, groups: Iterable[str], limit: int = 50) -> Sequence[Notice]:
    """Return the newest notices of the groups."""
    query = select(Notice).where(Notice.group_name.in_(sorted(set(groups))))
    return session.scalars(query.order_by(Notice.at.desc(), Notice.id.desc()).limit(limit)).all()


def _write(call: ServiceCall, groups: Iterable[str], letter: Letter) -> list[dict[str, Any]]:
    said = {"kind": letter.kind, "about": letter.about, "vi": letter.vi, "en": letter.en}
    sent = {"at": call.now, "instance_id": call.instance_id or None}
    return [{"group_name": group, **said, **sent} for group in dict.fromkeys(groups)]
