"""Instances started from outside: of a named version, with labels, at a start event or at given elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import deployments, instances, versions
from engine.actors import Actor
from engine.errors import NotFound
from engine.handlers import Json
from engine.operations import holds
from engine.spiff import relocation, stepping
from engine.tables import ProcessDefinition, ProcessInstance

NEWEST = -1


@dataclass(frozen=True)
class Labels:
    """What an instance is found by: its business key ("" for none) and its tags."""

    business_key: str = ""
    tags: tuple[str, ...] = ()


def find_version(session: Session, process_id: str, version: int = NEWEST) -> ProcessDefinition:
    """Return a version of a process by its number, NEWEST for the newest; raises NotFound."""
    if version == NEWEST:
        return deployments.latest(session, process_id)
    query = select(ProcessDefinition).where(
        ProcessDefinition.process_id == process_id, ProcessDefinition.version == version
    )
    return _existing(session.scalars(query).first(), f"{process_id} ({version})")


def find_tagged(session: Session, process_id: str, tag: str) -> ProcessDefinition:
    """Return the newest version of a process that carries a version tag; raises NotFound."""
    query = select(ProcessDefinition).where(
        ProcessDefinition.process_id == process_id,
        ProcessDefinition.version_tag == tag,
        ProcessDefinition.deleted_at.is_(None),
    )
    found = session.scalars(query.order_by(ProcessDefinition.version.desc()).limit(1)).first()
    return _existing(found, f"{process_id} ({tag})")


def find_definition(session: Session, definition_id: int) -> ProcessDefinition:
    """Return a version by the id of its row; raises NotFound."""
    return _existing(session.get(ProcessDefinition, definition_id), definition_id)


def _existing(definition: ProcessDefinition | None, key: object) -> ProcessDefinition:
    if definition is None or definition.deleted_at is not None:
        raise NotFound(kind="process definition", key=key)
    return definition


def start(
    session: Session,
    definition: ProcessDefinition,
    variables: Mapping[str, Json],
    actor: Actor,
    labels: Labels,
    elements: Sequence[str] = (),
) -> ProcessInstance:
    """Start a version and run it to its first wait states.

    It begins at its none start event or, with `elements`, at each of them instead, inside sub-processes too.
    Raises VersionSuspended, NoSuchStart, NotMovable for an element where nothing can begin.
    """
    holds.ensure_startable(session, definition)
    element = None if elements else versions.none_start(session, definition)
    instance = instances.add(session, definition, actor, labels.business_key)
    instance.tags = list(labels.tags)
    told: dict[str, Json] = {"tags": list(labels.tags)} if labels.tags else {}
    if element is None:
        told["elements"] = list(elements)
        act = partial(relocation.begin_at, elements=elements, variables=variables)
    else:
        act = partial(stepping.begin, start_event=element, variables=variables)
    instances.begin(session, instance, actor, act, element=element, told=told)
    return instance
