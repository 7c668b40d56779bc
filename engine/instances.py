"""Process instances: started, advanced from wait state to wait state inside the caller's transaction."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from engine import clock, deployments, history, index
from engine.actors import Actor
from engine.bpmn.model import Element
from engine.errors import NotFound, StaleInstance
from engine.handlers import Json, ServiceCall, registered
from engine.spiff import state, stepping
from engine.spiff.game import Game, Thrown
from engine.tables import Message, ProcessDefinition, ProcessInstance, Subscription

THROWN_TIME_TO_LIVE = timedelta(days=365)


@dataclass
class _Host:
    """Let a game call the handlers of its session inside the step."""

    session: Session
    instance: ProcessInstance
    actor: Actor
    now: datetime

    def call(self, element: Element, variables: Mapping[str, Json]) -> Mapping[str, Json] | None:
        """Run a handler that stays inside the transaction; others wait as jobs."""
        registration = registered(self.session).get(element.details.job_type or "")
        if registration is None or registration.outside:
            return None
        call = service_call(self.instance, element, variables, self.actor)
        return registration.function(self.session, call) or {}


def service_call(
    instance: ProcessInstance, element: Element, variables: Mapping[str, Json], actor: Actor
) -> ServiceCall:
    """Return what a handler is told; it gets copies, so that nothing it changes reaches the scopes."""
    return ServiceCall(
        instance.id,
        instance.business_key,
        instance.process_id,
        element.id,
        copy.deepcopy(dict(variables)),
        element.details.headers,
        actor,
        clock.now(),
    )


def start(
    session: Session,
    process_id: str,
    variables: Mapping[str, Json],
    actor: Actor,
    business_key: str = "",
) -> ProcessInstance:
    """Start the newest version of a process at its none start event and run it to its next wait states."""
    definition = deployments.latest(session, process_id)
    process = deployments.compiled_version(session, definition).process
    starts = [event for event in process.start_events(process.id) if event.event_kind == "none"]
    if not starts:
        raise deployments.NoSuchStart(process=process_id, kind="none")
    return start_at(session, definition, starts[0].id, variables, actor, business_key)


def start_at(
    session: Session,
    definition: ProcessDefinition,
    element: str,
    variables: Mapping[str, Json],
    actor: Actor,
    business_key: str,
) -> ProcessInstance:
    """Start a version of a process at one of its start events."""
    instance = ProcessInstance(
        definition_id=definition.id,
        definition_hash=definition.hash,
        process_id=definition.process_id,
        business_key=business_key,
        status="active",
        state="",
        events=0,
        started_by=actor.name,
        started_at=clock.now(),
    )
    session.add(instance)
    session.flush()
    data: dict[str, Json] = {
        "process": definition.process_id,
        "version": definition.version,
        "business_key": business_key,
    }
    history.record(session, instance, "instance.started", actor, data, element)
    host = _Host(session, instance, actor, clock.now())
    game = state.new(deployments.compiled_version(session, definition), host)
    stepping.begin(game, element, variables)
    _store(session, instance, game, {}, actor)
    return instance


def locked(session: Session, instance_id: int) -> ProcessInstance:
    """Return an instance, its row locked until the transaction ends."""
    found = session.scalars(
        select(ProcessInstance).where(ProcessInstance.id == instance_id).with_for_update()
    ).first()
    if found is None:
        raise NotFound(kind="process instance", key=instance_id)
    return found


def load(session: Session, instance: ProcessInstance, actor: Actor) -> Game:
    """Return the live game of an instance."""
    host = _Host(session, instance, actor, clock.now())
    return state.load(deployments.compiled(session, instance), instance.state, instance.status, host)


def advance(session: Session, instance: ProcessInstance, actor: Actor, act: Callable[[Game], None]) -> None:
    """Load a locked instance, act on it, run to the next wait states, store everything."""
    game = load(session, instance, actor)
    before = state.waits(game)
    act(game)
    _store(session, instance, game, before, actor)


def _store(
    session: Session,
    instance: ProcessInstance,
    game: Game,
    before: Mapping[tuple[str, int], state.Wait],
    actor: Actor,
) -> None:
    for fact in game.facts:
        history.record(session, instance, fact.kind, actor, fact.data, fact.element)
    _record_changes(session, instance, game, actor)
    subscriptions = index.sync(session, instance, before, state.waits(game), actor)
    instance.state = state.dump(game)
    if game.status != instance.status:
        instance.status = game.status
        instance.ended_at = clock.now()
        history.record(session, instance, f"instance.{game.status}", actor, {})
    try:
        session.flush()
    except StaleDataError as error:
        raise StaleInstance(instance=instance.id) from error
    for thrown in game.thrown:
        _throw(session, instance, thrown, actor)
    for subscription in subscriptions:
        _correlate_buffered(session, subscription, actor)


def _record_changes(session: Session, instance: ProcessInstance, game: Game, actor: Actor) -> None:
    changes: list[Json] = [
        {"name": change.name, "before": change.before, "after": change.after}
        for change in game.scopes.changes
    ]
    if changes:
        history.record(session, instance, "variables.changed", actor, {"changes": changes})


def _throw(session: Session, instance: ProcessInstance, thrown: Thrown, actor: Actor) -> None:
    """Publish what an instance threw, and write it into its history."""
    data: dict[str, Json] = {
        "name": thrown.name,
        "correlation_key": thrown.correlation_key,
        "variables": dict(thrown.variables),
    }
    history.record(session, instance, "message.published", actor, data, thrown.element)
    now = clock.now()
    message = Message(
        name=thrown.name,
        correlation_key=thrown.correlation_key,
        variables=dict(thrown.variables),
        published_at=now,
        expires_at=now + THROWN_TIME_TO_LIVE,
        status="buffered",
    )
    session.add(message)
    route(session, message, actor)


def _correlate_buffered(session: Session, subscription: Subscription, actor: Actor) -> None:
    """Give a new subscription the oldest message that already waits for it."""
    query = (
        select(Message)
        .where(
            Message.status == "buffered",
            Message.name == subscription.message_name,
            Message.correlation_key == subscription.correlation_key,
            Message.expires_at > clock.now(),
        )
        .order_by(Message.id)
        .limit(1)
    )
    message = session.scalars(query).first()
    # an earlier message of the same step may have ended the wait
    if message is not None and subscription in session:
        _deliver(session, message, subscription, actor)


def route(session: Session, message: Message, actor: Actor) -> None:
    """Give a message to whoever waits for it, else let it start an instance, else leave it buffered."""
    query = (
        select(Subscription)
        .where(
            Subscription.message_name == message.name,
            (Subscription.correlation_key == message.correlation_key)
            | Subscription.correlation_key.is_(None),
        )
        # whoever already waits comes before starting a new instance
        .order_by(Subscription.instance_id.is_(None), Subscription.id)
        .limit(1)
    )
    subscription = session.scalars(query).first()
    if subscription is not None and subscription.instance_id is not None:
        _deliver(session, message, subscription, actor)
    elif subscription is not None:
        _start(session, message, subscription, actor)


def _deliver(session: Session, message: Message, subscription: Subscription, actor: Actor) -> None:
    if subscription.instance_id is None:
        return
    instance = locked(session, subscription.instance_id)
    message.status, message.instance_id = "correlated", instance.id
    token_number = subscription.token
    data: dict[str, Json] = {
        "name": message.name,
        "correlation_key": message.correlation_key,
        "variables": message.variables,
    }
    history.record(session, instance, "message.correlated", actor, data, subscription.element)

    def receive(game: Game) -> None:
        token = game.token(token_number) if token_number is not None else None
        if token is not None:
            stepping.finish(game, token, message.variables)

    advance(session, instance, actor, receive)


def _start(session: Session, message: Message, subscription: Subscription, actor: Actor) -> None:
    definition = session.get_one(ProcessDefinition, subscription.definition_id)
    message.status = "correlated"
    instance = start_at(
        session,
        definition,
        subscription.element,
        message.variables,
        actor,
        business_key=message.correlation_key,
    )
    message.instance_id = instance.id
