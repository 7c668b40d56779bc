"""Who may start which process of the domain, with which fixed variables, and the business key the case gets.

Source: Kế hoạch 598/KH-TTTV mục IV: each office proposes monthly, Phòng Tổ chức – Hành chính consolidates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.actors import Actor
from engine.handlers import Json
from workflows.tables import Unit

Key = Callable[[Mapping[str, Json]], str]


@dataclass(frozen=True)
class Rule:
    """Whoever has the role in a unit of the kind may start; the unit's code becomes a variable."""

    role: str
    unit_kind: str
    key: Key


@dataclass(frozen=True)
class Offer:
    """One process an actor may start: the variables fixed by who the actor is, and how the case is named."""

    process_id: str
    fixed: Mapping[str, Json]
    key: Key


def _proposal_key(values: Mapping[str, Json]) -> str:
    """Return a key like P1/598/2026-10: office, number of the plan, month."""
    return f"{values.get('office')}/{str(values.get('movement')).split('/')[0]}/{values.get('period')}"


def _consolidation_key(values: Mapping[str, Json]) -> str:
    """Return a key like TTTV/2026-10: centre, month."""
    return f"{values.get('center')}/{values.get('period')}"


RULES: Mapping[str, Rule] = {
    "office_proposal": Rule("staff", "office", _proposal_key),
    "center_consolidation": Rule("staff", "coordination_office", _consolidation_key),
}


def offers(session: Session, actor: Actor) -> list[Offer]:
    """Return what the actor may start because of the units the actor works in."""
    places = {tuple(group.rsplit(".", 1)) for group in actor.groups if "." in group}
    codes = [place[0] for place in places]
    units = session.scalars(select(Unit).where(Unit.code.in_(codes)).order_by(Unit.code)).all()
    return [
        Offer(process_id, _fixed(unit), rule.key)
        for process_id, rule in RULES.items()
        for unit in units
        if unit.kind == rule.unit_kind and (unit.code, rule.role) in places
    ]


def _fixed(unit: Unit) -> dict[str, Json]:
    return {"office": unit.code, "center": unit.parent_code}
