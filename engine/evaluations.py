"""Evaluations of deployed decisions: which version is meant, what it came to, and what history tells of it.

The models of one deployment know each other; a version keeps those it was deployed with.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, TypeAlias

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import calendars
from engine.bpmn.findings import Finding
from engine.bpmn.model import Details
from engine.deployment_tables import DecisionRequirements
from engine.dmn import checking, evaluation, library, model, reading
from engine.errors import NotFound
from engine.handlers import Json
from engine.spiff.game import Decided, StepFailed
from engine.tables import DecisionDefinition, Deployment, Resource

Decisive: TypeAlias = DecisionDefinition | DecisionRequirements
_CACHE: OrderedDict[tuple[str, ...], library.Library] = OrderedDict()
_CACHE_SIZE = 64
_lock = Lock()


class DecisionFailed(StepFailed):
    """Expected decision '{decision}' (version {version}) to give a result, but {first}."""

    vi = "Quyết định “{decision}” (phiên bản {version}) không có kết quả: {first_vi} {remedy_vi}"
    en = "Expected decision '{decision}' (version {version}) to give a result, but: {first} {remedy}"

    def __init__(self, decision: str, version: int, errors: Sequence[Finding]) -> None:
        self.errors = tuple(errors)
        first = errors[0]
        super().__init__(
            decision=decision,
            version=version,
            first=first.text("en"),
            first_vi=first.text("vi"),
            remedy=first.remedy("en"),
            remedy_vi=first.remedy("vi"),
        )


def check(models: Sequence[model.Definitions]) -> list[Finding]:
    """Return what is wrong with the models of one deployment."""
    return checking.check_library(library.put_together(models)) if models else []


def known(session: Session | None, models: Sequence[model.Definitions]) -> set[str] | None:
    """Return the ids that a business rule task can call; None when nobody told of any.

    They are those of decisions and decision services, in the models and in the database.
    """
    found = {element.id for one in models for element in _deployable(one)}
    if session is None:
        return found or None
    alive = select(DecisionDefinition.decision_id).where(DecisionDefinition.deleted_at.is_(None))
    return found | set(session.scalars(alive))


def _deployable(definitions: model.Definitions) -> Iterator[model.Decision | model.Service]:
    for element in definitions.elements.values():
        if isinstance(element, model.Decision | model.Service):
            yield element


def store(
    session: Session, files: Sequence[tuple[model.Definitions, Resource]], deployment: Deployment
) -> list[tuple[str, Decisive]]:
    """Store each decision of the files as a new version, unless nothing that it depends on has changed.

    Return the versions that the files mean now, each file's graph before its decisions, by the file's name.
    """
    entries: list[tuple[str, Decisive]] = []
    for definitions, resource in files:
        depends = "\n".join([resource.sha256, *_imported_hashes(definitions, files)])
        graph = _store_requirements(session, definitions, depends, resource, deployment)
        entries.append((resource.name, graph))
        for element in _deployable(definitions):
            decision = _store(session, element, _hash(element.id, depends), graph, resource)
            entries.append((resource.name, decision))
    session.flush()
    return entries


def _hash(identity: str, depends: str) -> str:
    return hashlib.sha256(f"{identity}\n{depends}".encode()).hexdigest()


def _store_requirements(
    session: Session, definitions: model.Definitions, depends: str, resource: Resource, deployment: Deployment
) -> DecisionRequirements:
    name = definitions.id or definitions.name or resource.name
    content_hash = _hash(name, depends)
    own = DecisionRequirements.requirements_id == name
    before = session.scalars(
        select(DecisionRequirements)
        .where(own, DecisionRequirements.deleted_at.is_(None))
        .order_by(DecisionRequirements.version.desc())
    ).all()
    # two files of one deployment may have one id: both are its newest
    newest = [one for one in before if one.deployment_id == before[0].deployment_id]
    same = next((one for one in newest if one.hash == content_hash), None)
    if same is not None:
        return same
    highest = session.scalar(select(func.max(DecisionRequirements.version)).where(own)) or 0
    made = DecisionRequirements(
        requirements_id=name,
        version=1 + highest,
        name=definitions.name or name,
        hash=content_hash,
        resource_id=resource.id,
        deployment_id=deployment.id,
    )
    session.add(made)
    session.flush()
    return made


def _imported_hashes(
    definitions: model.Definitions, files: Sequence[tuple[model.Definitions, Resource]]
) -> list[str]:
    """Return the hashes of all files that a file imports, directly or by another."""
    waiting = [definitions]
    reached: set[str] = set()
    while waiting:
        namespaces = {one.namespace for one in waiting.pop().imports}
        for other, resource in files:
            if other.namespace in namespaces and resource.sha256 not in reached:
                reached.add(resource.sha256)
                waiting.append(other)
    return sorted(reached)


def _store(
    session: Session,
    element: model.Decision | model.Service,
    content_hash: str,
    graph: DecisionRequirements,
    resource: Resource,
) -> DecisionDefinition:
    before = session.scalars(_versions(element.id)).first()
    if before is not None and before.hash == content_hash:
        before.requirements_id = before.requirements_id or graph.id
        return before
    own = DecisionDefinition.decision_id == element.id
    row = DecisionDefinition(
        decision_id=element.id,
        version=1 + (session.scalar(select(func.max(DecisionDefinition.version)).where(own)) or 0),
        version_tag=element.version_tag or None,
        name=element.name or element.id,
        hash=content_hash,
        resource_id=resource.id,
        deployment_id=resource.deployment_id,
        requirements_id=graph.id,
    )
    session.add(row)
    return row


def _versions(decision_id: str) -> Select[DecisionDefinition]:
    query = select(DecisionDefinition).where(
        DecisionDefinition.decision_id == decision_id, DecisionDefinition.deleted_at.is_(None)
    )
    return query.order_by(DecisionDefinition.version.desc()).limit(1)


def latest(session: Session, decision_id: str) -> DecisionDefinition:
    """Return the newest version of a decision."""
    return _found(session, _versions(decision_id), decision_id)


def bound(session: Session, decision_id: str, details: Details, deployment_id: int) -> DecisionDefinition:
    """Return the version that a business rule task means, by its binding.

    latest; deployment: the newest one when the process was deployed; versionTag: the newest with the tag.
    """
    query = _versions(decision_id)
    if details.decision_binding == "deployment":
        query = query.where(DecisionDefinition.deployment_id <= deployment_id)
    elif details.decision_binding == "versionTag":
        query = query.where(DecisionDefinition.version_tag == details.decision_version_tag)
    return _found(session, query, decision_id)


def _found(session: Session, query: Select[DecisionDefinition], decision_id: str) -> DecisionDefinition:
    found = session.scalars(query).first()
    if found is None:
        raise NotFound(kind="decision", key=decision_id)
    return found


def evaluate(
    session: Session, definition: DecisionDefinition, variables: Mapping[str, Json], now: datetime
) -> evaluation.Outcome:
    """Return what a version of a decision comes to; raises DecisionFailed with the first error."""
    outcome = try_out(session, definition, variables, now)
    if outcome.errors:
        raise DecisionFailed(definition.decision_id, definition.version, outcome.errors)
    return outcome


def try_out(
    session: Session, definition: DecisionDefinition, variables: Mapping[str, Json], now: datetime
) -> evaluation.Outcome:
    """Return what a version of a decision comes to, with what went wrong among its errors."""
    models = library_of(session, definition)
    node = models.find(definition.decision_id)
    if node is None:
        raise NotFound(kind="decision", key=definition.decision_id)
    with calendars.lent(session):
        return evaluation.evaluate(models, node, variables, now)


def decide(
    session: Session,
    definition: DecisionDefinition,
    variables: Mapping[str, Json],
    now: datetime,
) -> Decided:
    """Return the result of a decision for a step, with the data of its history event."""
    outcome = evaluate(session, definition, variables, now)
    told: dict[str, Any] = outcome.as_dict()
    del told["errors"], told["notes"]  # there are none of the first; each decision has its own of the others
    known = _inputs(library_of(session, definition))
    return Decided(
        told["result"],
        {
            **told,
            "version": definition.version,
            "inputs": {name: value for name, value in variables.items() if name in known},
        },
    )


def _inputs(models: library.Library) -> set[str]:
    elements = [node.element for node in models.nodes.values()]
    return {element.name for element in elements if isinstance(element, model.InputData)}


def library_of(session: Session, definition: DecisionDefinition) -> library.Library:
    """Return the models that a version was deployed with, its own first; kept by their hashes."""
    own = Resource.deployment_id == definition.deployment_id
    query = select(Resource.id, Resource.sha256).where(own, Resource.name.endswith(".dmn"))
    rows = sorted(session.execute(query), key=lambda row: (row.id != definition.resource_id, row.id))
    key = tuple(row.sha256 for row in rows)
    with _lock:
        if key in _CACHE:
            _CACHE.move_to_end(key)
            return _CACHE[key]
    files = [session.get_one(Resource, row.id) for row in rows]
    made = library.put_together([reading.read_file(one.content, one.name) for one in files])
    with _lock:
        _CACHE[key] = made
        while len(_CACHE) > _CACHE_SIZE:
            _CACHE.popitem(last=False)
    return made
