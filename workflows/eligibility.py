"""Eligibility: every standard and principle that applies to a nomination, hit or missed, with its source.

Which rules apply and when they are met is the decision `eligibility` (bpmn/chung/eligibility.dmn, or the
version deployed last); their texts, numbers and sources are dated rows of topic `principle`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from engine import evaluations
from engine.clock import local
from engine.dmn import evaluation, library, reading
from engine.errors import NotFound
from engine.handlers import Json, ServiceCall
from workflows import chains, criteria, nominations, rules
from workflows.dossiers import facts
from workflows.tables import Nomination, Rule

DECISION = "eligibility"
CARRIED = chains.ROOT / "chung" / "eligibility.dmn"
# What follows from a rule that is missed: the nominee fails, or people are warned; the others only inform.
CONSEQUENCES = {"refuse": "failures", "suspend": "failures", "warn": "warnings", "drop_basis": "warnings"}
# The plan's own check names the influence already, with the plan's wording.
NAMED_BY_PLAN = {"proportionate": "influence"}


def extend(
    session: Session, nomination: Nomination, findings: Mapping[str, list[dict[str, Any]]], now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Return the findings of the plan's criteria together with those of law, by the rules of the day.

    `rules` lists every rule that applies with outcome met, missed or unknown (nobody recorded the figure); a
    missed or unknown one that refuses stands among `failures` too, one that warns among `warnings`.
    """
    applied = assess(session, nomination, now)
    named = {entry["key"] for entry in findings["failures"]}
    found = {kind: list(entries) for kind, entries in findings.items()}
    for entry in applied:
        kind = CONSEQUENCES.get(entry["effect"])
        if kind and entry["outcome"] != "met" and NAMED_BY_PLAN.get(entry["key"]) not in named:
            found.setdefault(kind, []).append({**entry, "by_law": True})
    found["rules"] = applied
    return found


def assess(session: Session, nomination: Nomination, now: datetime) -> list[dict[str, Any]]:
    """Evaluate the decision and return each rule that is in force, with outcome, figures and source."""
    today = local(now).date()
    day = rules.regime(session, nomination.received_on or today, today, nomination.form).rules_on
    in_force = {rule.key: rule for rule in rules.list_in_force(session, "principle", day)}
    variables: dict[str, Json] = {
        "facts": facts.gather(session, nomination, day),
        "numbers": {rule.key: rule.values["number"] for rule in in_force.values() if "number" in rule.values},
    }
    return [
        _entry(in_force[row["key"]], row)
        for row in _decide(session, variables, now)
        if row["key"] in in_force
    ]


def check_again(session: Session, call: ServiceCall, nomination: Nomination) -> None:
    """Check the rules of law again after the dossier of a nomination changed while its office has it."""
    kept = {
        kind: [entry for entry in entries if not entry.get("by_law")]
        for kind, entries in (nomination.precheck or {}).items()
        if kind != "rules"
    }
    if "failures" not in kept:
        return  # not checked for the first time yet
    nomination.precheck = extend(session, nomination, kept, call.now)
    failed = bool(nomination.precheck["failures"])
    status = "ineligible" if failed else "returned" if nomination.proposal.version else "draft"
    if (nomination.status == "ineligible") != failed:
        outcome = "ineligible" if failed else "eligible"
        nominations.add_step(nomination, call, outcome, criteria.describe(nomination.precheck))
        nominations.move(nomination, call, status, nomination.level, nomination.holder)
    session.flush()


def _entry(rule: Rule, row: Mapping[str, Any]) -> dict[str, Any]:
    met = row["met"]
    return {
        "key": rule.key,
        "outcome": "unknown" if met is None else "met" if met else "missed",
        "effect": rule.values["effect"],
        "label": rule.values["text"]["vi"],
        "label_en": rule.values["text"]["en"],
        "text": rule.values["text"]["vi"],
        "found": row["found"],
        "needed": row["needed"],
        "source": rule.source,
        "verified": rule.verified,
        "group": 0,
        "veto": False,
    }


def _decide(session: Session, variables: Mapping[str, Json], now: datetime) -> list[dict[str, Any]]:
    try:
        definition = evaluations.latest(session, DECISION)
    except NotFound:
        # A database to which nothing was deployed: the decision as it is carried.
        models, node = _carried()
        return list(evaluation.evaluate(models, node, variables, now).as_dict()["result"])
    return list(evaluations.evaluate(session, definition, variables, now).as_dict()["result"])


@cache
def _carried() -> tuple[library.Library, library.Node]:
    models = library.put_together([reading.read_file(CARRIED.read_bytes(), CARRIED.name)])
    return models, next(node for node in models.nodes.values() if node.element.id == DECISION)
