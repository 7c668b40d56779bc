"""Process instances: started, advanced from wait state to wait state inside the caller's transaction.

What a step means for other instances (messages, calls, children that ended) is carried out after the step,
one after the other, by the outermost command of the session: nothing recurses, however long the chain is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, steps
from engine.actors import Actor
from engine.errors import Conflict, EngineError, NotFound
from engine.handlers import Json
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.steps import (
    Called,
    Effect,
    Ended,
    Published,
    Recalled,
    Subscribed,
    guarded,
    load,
    locked,
    service_call,
)
from engine.tables import Message, ProcessDefinition, ProcessInstance, Subscription

__all__ = ["advance", "cancel", "guarded", "load", "locked", "route", "service_call", "start", "start_at"]

EFFECTS = 10_000  # of one command; more is a circle of instances that never come to rest
_PENDING = "pending effects"
_Caller: TypeAlias = tuple[ProcessInstance, int]


class Restless(EngineError):
    """Expected the instances to come to rest, but after {count} messages and calls they have not."""

    vi = "Các hồ sơ gọi và nhắn nhau không dừng sau {count} lần. Chưa có gì thay đổi."
    en = "Expected the instances to come to rest, but after {count} messages and calls they have not."


def start(
    session: Session,
    process_id: str,
    variables: Mapping[str, Json],
    actor: Actor,
    business_key: str = "",
) -> ProcessInstance:
    """Start the newest version of a process at its none start event and run it to its next wait states."""
    definition = deployments.latest(session, process_id)
    element = _none_start(session, definition)
    return start_at(session, definition, element, variables, actor, business_key)


def _none_start(session: Session, definition: ProcessDefinition) -> str:
    process = deployments.compiled_version(session, definition).process
    starts = [event for event in process.start_events(process.id) if event.event_kind == "none"]
    if not starts:
        raise deployments.NoSuchStart(process=definition.process_id, kind="none")
    return starts[0].id


def start_at(
    session: Session,
    definition: ProcessDefinition,
    element: str,
    variables: Mapping[str, Json],
    actor: Actor,
    business_key: str,
) -> ProcessInstance:
    """Start a version of a process at one of its start events."""
    instance = _add(session, definition, actor, business_key)
    _run(session, instance, element, variables, actor)
    return instance


def _add(
    session: Session,
    definition: ProcessDefinition,
    actor: Actor,
    business_key: str,
    caller: _Caller | None = None,
) -> ProcessInstance:
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
        parent_id=None if caller is None else caller[0].id,
        parent_token=None if caller is None else caller[1],
    )
    session.add(instance)
    session.flush()
    return instance


def _run(
    session: Session, instance: ProcessInstance, element: str, variables: Mapping[str, Json], actor: Actor
) -> None:
    data: dict[str, Json] = {
        "process": instance.process_id,
        "version": instance.definition.version,
        "business_key": instance.business_key,
    }
    history.record(session, instance, "instance.started", actor, data, element)
    with _following(session, actor) as follow:
        follow(steps.begin(session, instance, element, variables, actor))


def advance(session: Session, instance: ProcessInstance, actor: Actor, act: Callable[[Game], None]) -> None:
    """Load a locked instance, act on it, run to the next wait states, store everything."""
    with _following(session, actor) as follow:
        follow(steps.advance(session, instance, actor, act))


def cancel(session: Session, instance_id: int, actor: Actor) -> ProcessInstance:
    """Cancel an active instance with everything that waits in it and every instance it called."""
    instance = locked(session, instance_id)
    if instance.status != "active":
        raise Conflict(
            expected=f"process instance {instance_id} active",
            found=f"it is {instance.status}",
            found_vi="hồ sơ đã kết thúc",
        )
    if instance.parent_id is not None:
        raise Conflict(
            expected=f"process instance {instance_id} started by itself",
            found=f"instance {instance.parent_id} has called it and waits for it",
            found_vi=f"hồ sơ này do hồ sơ {instance.parent_id} gọi và đang chờ; hãy hủy hồ sơ đó",
        )
    advance(session, instance, actor, stepping.cancel)
    return instance


def route(session: Session, message: Message, actor: Actor) -> None:
    """Give a message to whoever waits for it, else let it start an instance, else leave it buffered.

    Published by a handler inside a step, it is given when that step has ended.
    """
    with _following(session, actor) as follow:
        follow([Published(message)])


@contextmanager
def _following(session: Session, actor: Actor) -> Iterator[Callable[[Iterable[Effect]], None]]:
    """Collect what follows from steps; the outermost command of the session carries it out."""
    pending: deque[Effect] | None = session.info.get(_PENDING)
    if pending is not None:
        yield partial(_plan, pending)
        return
    pending = session.info[_PENDING] = deque()
    try:
        yield partial(_plan, pending)
        _carry_out(session, pending, actor)
    finally:
        del session.info[_PENDING]


def _plan(pending: deque[Effect], effects: Iterable[Effect]) -> None:
    """Plan effects in their order; calls come at once, before a message could take the caller away."""
    found = list(effects)
    pending.extendleft(reversed([effect for effect in found if isinstance(effect, (Called, Recalled))]))
    pending.extend(effect for effect in found if not isinstance(effect, (Called, Recalled)))


def _carry_out(session: Session, pending: deque[Effect], actor: Actor) -> None:
    for _ in range(EFFECTS):
        if not pending:
            return
        _follow(session, pending.popleft(), actor)
    raise Restless(count=EFFECTS)


def _follow(session: Session, effect: Effect, actor: Actor) -> None:
    match effect:
        case Published(message):
            _route(session, message, actor)
        case Subscribed(subscription):
            _correlate_buffered(session, subscription, actor)
        case Called():
            _call(session, effect, actor)
        case Recalled(instance, tokens):
            _recall(session, instance, tokens, actor)
        case Ended():
            _return(session, effect, actor)


def _serialise(session: Session, name: str, correlation_key: str) -> None:
    """Let one transaction at a time match messages of a name and key.

    On PostgreSQL, publisher and subscriber would else each miss what the other has not committed yet; SQLite
    has one writer anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        place = func.hashtextextended(f"{name}\n{correlation_key}", 0)
        session.execute(select(func.pg_advisory_xact_lock(place)))


def _correlate_buffered(session: Session, subscription: Subscription, actor: Actor) -> None:
    """Give a new subscription the oldest message that already waits for it."""
    # an earlier message of the same transaction may have ended the wait
    if subscription not in session:
        return
    _serialise(session, subscription.message_name, subscription.correlation_key or "")
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
    if message is not None:
        _deliver(session, message, subscription, actor)


def _route(session: Session, message: Message, actor: Actor) -> None:
    if message.status != "buffered":
        return  # a subscription opened by an earlier effect has taken it
    _serialise(session, message.name, message.correlation_key)
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
    while (subscription := session.scalars(query).first()) is not None:
        if subscription.instance_id is None:
            _start(session, message, subscription, actor)
            return
        if _deliver(session, message, subscription, actor):
            return


def _deliver(session: Session, message: Message, subscription: Subscription, actor: Actor) -> bool:
    """Give a message to a waiting instance; False when another transaction ended the wait before."""
    identity, token_number, element = subscription.id, subscription.token, subscription.element
    instance = locked(session, subscription.instance_id or 0)
    if session.scalars(select(Subscription.id).where(Subscription.id == identity)).first() is None:
        session.expunge(subscription)
        return False
    message.status, message.instance_id = "correlated", instance.id
    data: dict[str, Json] = {
        "name": message.name,
        "correlation_key": message.correlation_key,
        "variables": message.variables,
    }
    history.record(session, instance, "message.correlated", actor, data, element)

    def receive(game: Game) -> None:
        token = game.token(token_number) if token_number is not None else None
        if token is not None:
            stepping.finish(game, token, message.variables)

    advance(session, instance, actor, receive)
    return True


def _start(session: Session, message: Message, subscription: Subscription, actor: Actor) -> None:
    definition = session.get_one(ProcessDefinition, subscription.definition_id)
    message.status = "correlated"
    instance = _add(session, definition, actor, message.correlation_key)
    message.instance_id = instance.id
    _run(session, instance, subscription.element, message.variables, actor)


def _call(session: Session, called: Called, actor: Actor) -> None:
    """Start the child of a call activity; without such a process the call activity becomes an incident."""
    parent, call = called.instance, called.call
    try:
        definition = deployments.latest(session, call.process)
        element = _none_start(session, definition)
    except (NotFound, deployments.NoSuchStart) as error:
        advance(session, parent, actor, partial(_stop, call.token, error))
        return
    child = _add(session, definition, actor, parent.business_key, (parent, call.token))
    data: dict[str, Json] = {"token": call.token, "process": call.process, "instance": child.id}
    history.record(session, parent, "call.started", actor, data, call.element)
    _run(session, child, element, call.variables, actor)


def _stop(number: int, error: EngineError, game: Game) -> None:
    token = game.token(number)
    if token is not None:
        stepping.fail(game, token, error, "call")


def _recall(session: Session, parent: ProcessInstance, tokens: tuple[int, ...], actor: Actor) -> None:
    """Cancel the children of call activities that do not wait for them any more."""
    if not tokens:
        return
    query = select(ProcessInstance.id).where(
        ProcessInstance.parent_id == parent.id,
        ProcessInstance.parent_token.in_(tokens),
        ProcessInstance.status == "active",
    )
    for child in session.scalars(query.order_by(ProcessInstance.id)).all():
        instance = locked(session, child)
        if instance.status == "active":
            advance(session, instance, actor, stepping.cancel)


def _return(session: Session, ended: Ended, actor: Actor) -> None:
    """Go on behind a call activity whose child has ended, or throw the child's error at it."""
    child = ended.instance
    parent = locked(session, child.parent_id or 0)

    def go_on(game: Game) -> None:
        token = game.token(child.parent_token or 0)
        if token is None or token.internal_data.get("wait", {}).get("kind") != "call":
            return
        if ended.error is None:
            stepping.finish(game, token, ended.variables)
        else:
            stepping.throw(game, token, ended.error)

    advance(session, parent, actor, go_on)
