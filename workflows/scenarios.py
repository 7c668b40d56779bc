"""The world of the nomination domain's scenarios: its people, its files, what can be expected."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from engine import deployments, forms, instances
from engine.actors import Actor
from engine.deployments import File
from engine.errors import BadInput, NotAllowed, NotFound
from engine.scenario_facts import Fact, Kind, plain
from engine.scenario_runs import ensure_asked
from engine.scenarios import Opening, Scenario, World
from engine.tables import ProcessInstance
from workflows import HANDLERS, calendar, chains, demo, organisation_people, starting, task_notices
from workflows.tables import Nomination, NominationStep, Notice

DESIGNERS = "designers"


def _nominations(session: Session) -> Iterator[Fact]:
    for row in session.scalars(select(Nomination).order_by(Nomination.id)):
        yield {
            "subject": row.subject,
            "kind": row.subject_kind,
            "form": row.form,
            "office": row.proposal.office,
            "period": row.proposal.period,
            "status": row.status,
            "level": row.level,
            "holder": row.holder,
            "reason": row.reason,
            "version": row.version,
            "decision": None if row.award is None else row.award.number,
        }


def _steps(session: Session) -> Iterator[Fact]:
    query = select(NominationStep).order_by(NominationStep.id)
    for row in session.scalars(query):
        yield {
            "subject": row.nomination.subject,
            "level": row.level,
            "outcome": row.outcome,
            "reason": row.reason,
            "actor": row.actor,
            "at": plain(row.at),
        }


def _notices(session: Session) -> Iterator[Fact]:
    for row in session.scalars(select(Notice).order_by(Notice.id)):
        values = {column.key: plain(getattr(row, column.key)) for column in inspect(Notice).columns}
        yield {**values, "group": row.group_name}


KINDS: Mapping[str, Kind] = {
    "nominations": Kind(
        (
            "subject",
            "kind",
            "form",
            "office",
            "period",
            "status",
            "level",
            "holder",
            "reason",
            "version",
            "decision",
        ),
        _nominations,
    ),
    "steps": Kind(("subject", "level", "outcome", "reason", "actor", "at"), _steps),
    "notices": Kind(("group", *(column.key for column in inspect(Notice).columns)), _notices),
}


def make_world(folders: Mapping[str, Path]) -> World:
    """Return the demo's world; `folders` says where each scenario file stands.

    Deployed are the chains that a scenario names; without a name every carried one, or, for a file elsewhere,
    what stands beside it.
    """

    def files(scenario: Scenario) -> list[File]:
        beside = folders[scenario.file]
        if scenario.chains is not None or beside.parent == chains.ROOT:
            found = chains.files(*scenario.chains or ())
        else:
            found = [path for kind in chains.KINDS for path in sorted(beside.glob(kind))]
        return [(path.name, path.read_bytes()) for path in found]

    info = {
        "handlers": HANDLERS,
        "calendar": calendar.due_after,
        "working_days": calendar.working_days,
        "notify": task_notices.deliver,
        "groups": organisation_people.known_groups,
        "ballot_key": secrets.token_bytes(32),
    }
    return World(info, set_up, files, organisation_people.find_actor, begin, KINDS)


def set_up(session: Session, organisation: str) -> None:
    """Load the organisation that a scenario names; raises NotFound."""
    if organisation != "demo":
        raise NotFound(kind="unit", key=organisation)
    demo.load(session)


def begin(session: Session, actor: Actor, opening: Opening) -> ProcessInstance:
    """Start a process as the start page does: offered to the actor, its form checked, named by the offer.

    Raises NotAllowed for a process that nobody offers to the actor, BadInput when the unit must be chosen.
    """
    offer = _choose(session, actor, opening)
    definition = deployments.latest(session, opening.process_id)
    form = deployments.form(session, deployments.start_form(session, definition))
    context = starting.context(session, actor)
    ensure_asked(form, opening.values)
    typed = {**forms.defaults(form, context), **opening.values}
    values = dict(forms.validate(form, typed, context))
    if offer is not None:
        values |= offer.fixed
    key = opening.key or ("" if offer is None else offer.key(values))
    return instances.start(session, opening.process_id, values, actor, key)


def _choose(session: Session, actor: Actor, opening: Opening) -> starting.Offer | None:
    offers = [one for one in starting.offers(session, actor) if one.process_id == opening.process_id]
    if opening.unit is not None:
        offers = [one for one in offers if opening.unit in one.fixed.values()]
    if len(offers) > 1:
        units = ", ".join(str(one.fixed) for one in offers)
        raise BadInput(expected="the unit it is started for", expected_vi="đơn vị lập hồ sơ", found=units)
    if not offers and DESIGNERS not in actor.groups:
        raise NotAllowed(
            actor=actor.name,
            operation=f"start process '{opening.process_id}'",
            operation_vi=f"bắt đầu quy trình “{opening.process_id}”",
            reason="neither a designer nor staff of a unit that starts it",
            reason_vi="không thuộc đơn vị lập hồ sơ này",
        )
    return offers[0] if offers else None
