"""Who may start which process of the domain, with which fixed variables, and the business key the case gets.

The rules are data (data/starting.json), each with its source; one kind of unit may start several processes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock
from engine.actors import Actor
from engine.handlers import Json
from workflows import calls, movements, organisation, validity
from workflows.tables import Unit

DATA = Path(__file__).parent / "data" / "starting.json"
Key = Callable[[Mapping[str, Json]], str]


@dataclass(frozen=True)
class Rule:
    """Whoever has the role in a unit of one of the kinds may start; the unit's code becomes a variable.

    under: code of the unit the chain belongs to, "" for every organisation; key: a text with the names of
    variables in braces, `movement_number` for the number of the plan.
    """

    process_id: str
    role: str
    unit_kinds: tuple[str, ...]
    under: str
    fixed: Mapping[str, Json]
    key: str
    source: str


@dataclass(frozen=True)
class Offer:
    """One process an actor may start: the variables fixed by who the actor is, and how the case is named."""

    process_id: str
    fixed: Mapping[str, Json]
    key: Key


@cache
def rules() -> Sequence[Rule]:
    """Return the carried rules, in their order."""
    found = json.loads(DATA.read_text(encoding="utf-8"))["rules"]
    return [Rule(**{**entry, "unit_kinds": tuple(entry["unit_kinds"])}) for entry in found]


def offers(session: Session, actor: Actor) -> list[Offer]:
    """Return what the actor may start because of the units the actor works in."""
    places = {tuple(group.rsplit(".", 1)) for group in actor.groups if "." in group}
    codes = [place[0] for place in places]
    there = validity.in_force(Unit, organisation.today())  # a dissolved unit starts nothing
    units = session.scalars(select(Unit).where(Unit.code.in_(codes), there).order_by(Unit.code)).all()
    parents = dict(session.execute(select(Unit.code, Unit.parent_code)).all()) if units else {}
    return [
        Offer(rule.process_id, _fixed(unit, rule), _namer(rule.key))
        for rule in rules()
        for unit in units
        if unit.kind in rule.unit_kinds
        and (unit.code, rule.role) in places
        and rule.under in ("", *_line(unit.code, parents))
    ]


def _line(code: str | None, parents: Mapping[str, str | None]) -> list[str]:
    """Return a unit and every unit above it."""
    line: list[str] = []
    while code is not None and code not in line:
        line.append(code)
        code = parents.get(code)
    return line


def _fixed(unit: Unit, rule: Rule) -> dict[str, Json]:
    return {"office": unit.code, "center": unit.parent_code, **rule.fixed}


def _namer(key: str) -> Key:
    def name(values: Mapping[str, Json]) -> str:
        known = {variable: str(value) for variable, value in values.items()}
        known["movement_number"] = known.get("movement", "").split("/")[0]
        return key.format_map(defaultdict(str, known))

    return name


def context(session: Session, actor: Actor) -> dict[str, Json]:
    """Return what start forms begin with: the movements to nominate under, and this month as period."""
    now = clock.now()
    call = calls.from_page(actor, now)
    return {"period": f"{clock.local(now):%Y-%m}", **movements.options(session, call)}
