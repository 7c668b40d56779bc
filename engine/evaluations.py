"""Evaluations of deployed decisions: which version is meant, what it came to, and what history tells of it.

The models of one deployment know each other; a version keeps those it was deployed with.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import calendars
from engine.bpmn.findings import Finding
from engine.bpmn.model import Details
from engine.dmn import checking, evaluation, library, model, reading
from engine.errors import NotFound
from engine.handlers import Json
from engine.spiff.game import Decided, StepFailed
from engine.tables import DecisionDefinition, Deployment, Resource

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
    return found | set(session.scalars(select(DecisionDefinition.decision_id)))


def _deployable(definitions: model.Definitions) -> Iterator[model.Decision | model.Service]:
    for element in definitions.elements.values():
        if isinstance(element, model.Decision | model.Service):
            yield element


def store(
    session: Session, files: Sequence[tuple[model.Definitions, Resource]], deployment: Deployment
) -> None:
    """Store each decision of the files as a new version, unless nothing that it depends on has changed."""
    for definitions, resource in files:
        imported = _imported_hashes(definitions, files)
        for element in _deployable(definitions):
            content = "\n".join([element.id, resource.sha256, *imported])
            content_hash = hashlib.sha256(content.encode()).hexdigest()
            _store(session, element, content_hash, resource, deployment)
    session.flush()


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
    resource: Resource,
    deployment: Deployment,
) -> None:
    before = session.scalars(_versions(element.id)).first()
    if before is not None and before.hash == content_hash:
        return
    row = DecisionDefinition(
        decision_id=element.id,
        version=1 if before is None else before.version + 1,
        version_tag=element.version_tag or None,
        name=element.name or element.id,
        hash=content_hash,
        resource_id=resource.id,
        deployment_id=deployment.id,
    )
    session.add(row)


def _versions(decision_id: str) -> Select[DecisionDefinition]:
    query = select(DecisionDefinition).where(DecisionDefinition.decision_id == decision_id)
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
    models = _library(session, definition)
    node = models.find(definition.decision_id)
    if node is None:
        raise NotFound(kind="decision", key=definition.decision_id)
    with calendars.lent(session):
        outcome = evaluation.evaluate(models, node, variables, now)
    if outcome.errors:
        raise DecisionFailed(definition.decision_id, definition.version, outcome.errors)
    return outcome


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
    known = _inputs(_library(session, definition))
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


def _library(session: Session, definition: DecisionDefinition) -> library.Library:
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
