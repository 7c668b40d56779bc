"""Routes: the units a nomination passes from the one that proposes to the State, and who acts at each.

A level is a unit: which group receives there and which one signs are settings of the unit, so a chain grows
by rows. Units without settings of their own follow the defaults of their kind.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from workflows import organisation
from workflows.tables import Unit

STATE = "NN"  # the State stands above every unit that has none above it
# What a level is called in rows and lists; a kind that is not here is its own name.
STAGES = {
    "office": "office",
    "center": "center",
    "department": "department",
    "committee": "province",
    "state": "state",
}
# Who receives for a unit without a setting: a unit below it by kind and role, else the unit's own role.
DESKS = {"center": ("coordination_office", "staff"), "committee": ("home_affairs", "staff")}
# Units that work for the one above them: what that one may see, they may.
DESK_KINDS = ("coordination_office", "department_office", "home_affairs", "inspectorate")
OWN_DESKS = {"department": "office"}
SIGNERS = {"center": "director", "department": "director", "committee": "chair", "home_affairs": "director"}


@dataclass(frozen=True)
class Stop:
    """One unit on the way: where it stands, who receives there and who signs."""

    code: str
    name: str
    kind: str
    stage: str
    desk: str
    signer: str


def stop(session: Session, code: str) -> Stop:
    """Return a unit as a stop on the way up; the State needs no row; raises NotFound."""
    unit = session.scalar(select(Unit).where(Unit.code == code))
    if unit is None and code == STATE:
        return Stop(STATE, "Cấp Nhà nước", "state", "state", "", "")
    if unit is None:
        raise NotFound(kind="unit", key=code)
    return Stop(
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        stage=STAGES.get(unit.kind, unit.kind),
        desk=unit.desk_group or _desk(session, unit),
        signer=unit.signer_group or f"{unit.code}.{SIGNERS.get(unit.kind, 'head')}",
    )


def above(session: Session, code: str) -> Stop:
    """Return the next stop above a unit: the one it belongs to today, or the State when there is none.

    A unit that was dissolved is followed to its successor (TT 15/2025/TT-BNV).
    """
    parent = session.scalar(select(Unit.parent_code).where(Unit.code == code))
    if parent is None or parent == STATE:
        return stop(session, STATE)
    return stop(session, organisation.unit_on(session, parent, organisation.today()).code)


def route(session: Session, code: str) -> list[Stop]:
    """Return every stop above a unit, from the next one to the State; raises NotFound for an unknown unit."""
    stops = [stop(session, code)]
    while stops[-1].code != STATE:
        stops.append(above(session, stops[-1].code))
    return stops[1:]


def units_under(session: Session, codes: Collection[str]) -> frozenset[str]:
    """Return units and everything below them, by code; a desk stands for the unit it works for."""
    units = session.execute(select(Unit.code, Unit.kind, Unit.parent_code)).all()
    own = [unit for unit in units if unit.code in codes]
    reached = {(unit.parent_code or unit.code) if unit.kind in DESK_KINDS else unit.code for unit in own}
    size = 0
    while len(reached) > size:  # one level further down at each turn, until nothing is new
        size = len(reached)
        reached |= {unit.code for unit in units if unit.parent_code in reached}
    return frozenset(reached)


def _desk(session: Session, unit: Unit) -> str:
    if unit.kind == "state":
        return ""
    kind, role = DESKS.get(unit.kind, ("", ""))
    if kind:
        query = select(Unit.code).where(Unit.parent_code == unit.code, Unit.kind == kind)
        below = session.scalar(query.order_by(Unit.code).limit(1))
        if below is not None:
            return f"{below}.{role}"
    return f"{unit.code}.{OWN_DESKS.get(unit.kind, 'staff')}"
