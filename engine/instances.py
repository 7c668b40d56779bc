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

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, deployments, history, matching, operations, steps, versions
from engine.actors import Actor
from engine.effects import Broadcast, Called, Effect, Ended, Escalated, Published, Recalled, Subscribed
from engine.errors import Conflict, EngineError, NotFound, Restless, StateUnreadable, Text
from engine.handlers import Json
from engine.operations import damage, holds
from engine.spiff import stepping
from engine.spiff.game import Game
from engine.steps import Act, guarded, load, locked, service_call
from engine.tables import Deployment, Message, ProcessDefinition, ProcessInstance, Subscription

__all__ = ["advance", "cancel", "guarded", "load", "locked", "route", "service_call", "start", "start_at"]

CANCEL = Text("hủy hồ sơ", "cancel an instance")
EFFECTS = 10_000  # of one command; more is a circle of instances that never come to rest
_PENDING = "pending effects"
_Caller: TypeAlias = tuple[ProcessInstance, int]


def start(
    session: Session,
    process_id: str,
    variables: Mapping[str, Json],
    actor: Actor,
    business_key: str = "",
) -> ProcessInstance:
    """Start the newest version of a process at its none start event and run it to its next wait states."""
    definition = deployments.latest(session, process_id)
    element = versions.none_start(session, definition)
    return start_at(session, definition, element, variables, actor, business_key)


def start_at(
    session: Session,
    definition: ProcessDefinition,
    element: str,
    variables: Mapping[str, Json],
    actor: Actor,
    business_key: str,
) -> ProcessInstance:
    """Start a version of a process at one of its start events; raises VersionSuspended."""
    holds.ensure_startable(session, definition)
    instance = add(session, definition, actor, business_key)
    _run(session, instance, element, variables, actor)
    return instance


def add(
    session: Session,
    definition: ProcessDefinition,
    actor: Actor,
    business_key: str,
    caller: _Caller | None = None,
) -> ProcessInstance:
    """Add an instance that has not begun yet; `caller` is the instance and the token that called it."""
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
    if caller is not None:
        holds.inherit(session, instance, caller[0])
    return instance


def _run(
    session: Session, instance: ProcessInstance, element: str, variables: Mapping[str, Json], actor: Actor
) -> None:
    act = partial(stepping.begin, start_event=element, variables=variables)
    begin(session, instance, actor, act, element=element)


def begin(
    session: Session,
    instance: ProcessInstance,
    actor: Actor,
    act: Act,
    *,
    element: str | None = None,
    told: Mapping[str, Json] | None = None,
) -> None:
    """Let an instance that was added begin as `act` says; history names the start event and what is told."""
    data: dict[str, Json] = {
        "process": instance.process_id,
        "version": instance.definition.version,
        "business_key": instance.business_key,
        **(told or {}),
    }
    history.record(session, instance, "instance.started", actor, data, element)
    with _following(session, actor) as follow:
        follow(steps.begin(session, instance, actor, act))


def advance(
    session: Session, instance: ProcessInstance, actor: Actor, act: Act, loaded: Game | None = None
) -> None:
    """Act on a locked instance, or on the game of it that was `loaded` to look; run on, store everything."""
    with _following(session, actor) as follow:
        follow(steps.advance(session, instance, actor, act, loaded))


def cancel(session: Session, instance_id: int, actor: Actor, *, reason: str) -> ProcessInstance:
    """Cancel an active instance with everything that waits in it and every instance it called."""
    given = operations.ensure_reason(reason, CANCEL)
    instance = operations.lock(session, instance_id, CANCEL)
    if instance.parent_id is not None:
        raise Conflict(
            expected=f"process instance {instance_id} started by itself",
            found=f"instance {instance.parent_id} has called it and waits for it",
            found_vi=f"hồ sơ này do hồ sơ {instance.parent_id} gọi và đang chờ; hãy hủy hồ sơ đó",
        )
    _cancel(session, instance, actor, given)
    return instance


def _cancel(session: Session, instance: ProcessInstance, actor: Actor, reason: str | None) -> None:
    """Cancel an instance; one whose state cannot be read ends by its rows alone."""

    def end(game: Game) -> None:
        game.reason = reason
        stepping.cancel(game)

    try:
        advance(session, instance, actor, end)
    except StateUnreadable as error:
        if error.instance != instance.id:
            raise
        damage.close(session, instance, actor, reason)
        _recall(session, instance, None, actor)


def meet(session: Session, subscriptions: Iterable[Subscription], actor: Actor) -> None:
    """Give the messages that are buffered to subscriptions that were closed to them until now."""
    with _following(session, actor) as follow:
        follow([Subscribed(tuple(subscriptions))])


def route(session: Session, message: Message, actor: Actor) -> None:
    """Give a message to whoever waits for it, else let it start an instance, else leave it buffered.

    Published by a handler inside a step, it is given when that step has ended.
    """
    with _following(session, actor) as follow:
        follow([Published(message)])


def broadcast(session: Session, name: str, variables: Mapping[str, Json], actor: Actor) -> None:
    """Let everybody who waits for a signal hear it; called inside a step, when that step has ended."""
    with _following(session, actor) as follow:
        follow([Broadcast(name, dict(variables))])


def open_starts(session: Session, deployment: Deployment, actor: Actor) -> None:
    """Give the message start events of a new deployment the messages that nobody has taken yet."""
    opened = select(Subscription).join(ProcessDefinition, ProcessDefinition.id == Subscription.definition_id)
    opened = opened.where(ProcessDefinition.deployment_id == deployment.id, Subscription.kind == "message")
    meet(session, session.scalars(opened.order_by(Subscription.id)).all(), actor)


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
        case Subscribed(subscriptions):
            _correlate_buffered(session, matching.find_answered(session, subscriptions), actor)
        case Broadcast():
            _hear(session, effect, actor)
        case Escalated():
            _escalate(session, effect, actor)
        case Called():
            _call(session, effect, actor)
        case Recalled(instance, tokens):
            _recall(session, instance, tokens, actor)
        case Ended():
            _return(session, effect, actor)


def _correlate_buffered(session: Session, subscriptions: Iterable[Subscription], actor: Actor) -> None:
    """Give new subscriptions the oldest message that already waits for each; a start event, all of them."""
    for subscription in subscriptions:
        if subscription not in session or not matching.is_open(session, subscription.id):
            continue  # the message of another one has ended the wait
        starts = subscription.instance_id is None
        while (message := matching.find_buffered(session, subscription)) is not None:
            if not starts:
                _deliver(session, message, subscription, actor)
                break
            _start(session, message, subscription, actor)


def _route(session: Session, message: Message, actor: Actor) -> None:
    if message.status != "buffered":
        return  # a subscription opened by an earlier effect has taken it
    matching.serialise(session, (message.name, message.correlation_key))
    while (subscription := matching.find_waiting(session, message)) is not None:
        if subscription.instance_id is None:
            _start(session, message, subscription, actor)
            return
        if _deliver(session, message, subscription, actor):
            return


def _deliver(session: Session, message: Message, subscription: Subscription, actor: Actor) -> bool:
    """Give a message to a waiting instance; False when the wait has ended before, or is held now."""
    identity, token_number, element = subscription.id, subscription.token, subscription.element
    instance = locked(session, subscription.instance_id or 0)
    if session.scalars(select(Subscription.id).where(Subscription.id == identity)).first() is None:
        session.expunge(subscription)
        return False
    if instance.suspended_at is not None:
        return False
    data: dict[str, Json] = {
        "name": message.name,
        "correlation_key": message.correlation_key,
        "variables": message.variables,
    }

    def receive(game: Game) -> None:
        message.status, message.instance_id = "correlated", instance.id
        history.record(session, instance, "message.correlated", actor, data, element)
        token = game.token(token_number) if token_number is not None else None
        if token is not None:
            stepping.finish(game, token, message.variables)

    return _advance_other(session, instance, actor, receive)


def _advance_other(
    session: Session, instance: ProcessInstance, actor: Actor, act: Callable[[Game], None]
) -> bool:
    """Advance an instance that was reached from elsewhere; a damaged one does not stop whoever reached it."""
    try:
        advance(session, instance, actor, act)
    except StateUnreadable as error:
        if error.instance != instance.id:
            raise
        damage.report(session, error)
        return False
    return True


def _hear(session: Session, signal: Broadcast, actor: Actor) -> None:
    """Let everybody who waits for a signal hear it: each instance once, each start event begins one."""
    heard = {signal.thrower}
    for waiting in matching.find_hearers(session, signal.name):
        number, definition, element = waiting.instance_id, waiting.definition_id, waiting.element
        if number is None:
            version = session.get_one(ProcessDefinition, definition)
            start_at(session, version, element, signal.variables, actor, "")
        elif number not in heard:
            heard.add(number)
            _deliver_signal(session, signal, locked(session, number), element, actor)


def _deliver_signal(
    session: Session, signal: Broadcast, instance: ProcessInstance, element: str, actor: Actor
) -> None:
    if instance.status != "active" or instance.suspended_at is not None:
        return
    data: dict[str, Json] = {"name": signal.name, "variables": dict(signal.variables)}

    def hear(game: Game) -> None:
        history.record(session, instance, "signal.received", actor, data, element)
        stepping.hear(game, signal.name, signal.variables)

    _advance_other(session, instance, actor, hear)


def _start(session: Session, message: Message, subscription: Subscription, actor: Actor) -> None:
    definition = session.get_one(ProcessDefinition, subscription.definition_id)
    message.status = "correlated"
    instance = add(session, definition, actor, message.correlation_key)
    message.instance_id = instance.id
    _run(session, instance, subscription.element, message.variables, actor)


def _call(session: Session, called: Called, actor: Actor) -> None:
    """Start the child of a call activity; without such a process the call activity becomes an incident."""
    parent, call = called.instance, called.call
    try:
        definition = versions.called(session, parent.definition, call)
        element = versions.none_start(session, definition)
        holds.ensure_startable(session, definition)
    except (NotFound, deployments.NoSuchStart, holds.VersionSuspended) as error:
        advance(session, parent, actor, partial(_stop, call.token, error))
        return
    child = add(session, definition, actor, parent.business_key, (parent, call.token))
    data: dict[str, Json] = {"token": call.token, "process": call.process, "instance": child.id}
    data["version"] = definition.version
    history.record(session, parent, "call.started", actor, data, call.element)
    _run(session, child, element, call.variables, actor)


def _stop(number: int, error: EngineError, game: Game) -> None:
    token = game.token(number)
    if token is not None:
        stepping.fail(game, token, error, "call")


def _recall(session: Session, parent: ProcessInstance, tokens: tuple[int, ...] | None, actor: Actor) -> None:
    """Cancel the children of call activities that do not wait for them any more; without tokens all."""
    if tokens == ():
        return
    query = select(ProcessInstance.id).where(
        ProcessInstance.parent_id == parent.id, ProcessInstance.status == "active"
    )
    if tokens is not None:
        query = query.where(ProcessInstance.parent_token.in_(tokens))
    for child in session.scalars(query.order_by(ProcessInstance.id)).all():
        instance = locked(session, child)
        if instance.status == "active":
            _cancel(session, instance, actor, None)


def _escalate(session: Session, escalated: Escalated, actor: Actor) -> None:
    """Throw the escalation of a child at the call activity that waits for it."""
    child = escalated.instance

    def throw(game: Game) -> None:
        token = game.token(child.parent_token or 0)
        if token is not None and token.internal_data.get("wait", {}).get("kind") == "call":
            stepping.escalate(game, token, escalated.code)

    advance(session, locked(session, child.parent_id or 0), actor, throw)


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
