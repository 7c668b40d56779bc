"""Who waits for a message or a signal: lookups over subscriptions and buffered messages, nothing is moved.

A message without a correlation key that a diagram threw reaches only receivers in processes that were
deployed together with its own at some time: elsewhere the same name means something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from engine import clock
from engine.operations import holds
from engine.tables import Message, ProcessDefinition, ProcessInstance, Subscription


def serialise(session: Session, *matches: tuple[str, str]) -> None:
    """Let one transaction at a time match messages of each name and key.

    On PostgreSQL, publisher and subscriber would else each miss what the other has not committed yet; SQLite
    has one writer anyway.
    """
    if matches and session.get_bind().dialect.name == "postgresql":
        places = [func.hashtextextended(f"{name}\n{key}", 0) for name, key in sorted(set(matches))]
        session.execute(select(*(func.pg_advisory_xact_lock(place) for place in places)))


def find_waiting(session: Session, message: Message) -> Subscription | None:
    """Return the oldest subscription that a message fits; whoever waits comes before a start event."""
    fits: ColumnElement[bool] = Subscription.correlation_key == message.correlation_key
    if not message.correlation_key and message.sender is not None:
        fits = and_(fits, _instance_of(_deployed_with(message.sender)))
    query = select(Subscription).where(
        Subscription.kind == "message",
        Subscription.message_name == message.name,
        or_(fits, Subscription.instance_id.is_(None)),
        holds.is_awake(Subscription),
    )
    query = query.order_by(Subscription.instance_id.is_(None), Subscription.id).limit(1)
    return session.scalars(query).first()


def find_buffered(session: Session, subscription: Subscription) -> Message | None:
    """Return the oldest buffered message that a subscription takes; a start event takes any key."""
    query = select(Message).where(
        Message.status == "buffered",
        Message.name == subscription.message_name,
        Message.expires_at > clock.now(),
    )
    if subscription.correlation_key is not None:
        query = query.where(Message.correlation_key == subscription.correlation_key)
    if subscription.correlation_key == "":
        instance = session.get_one(ProcessInstance, subscription.instance_id)
        known = _deployed_with(instance.process_id)
        query = query.where(Message.sender.is_(None) | Message.sender.in_(known))
    return session.scalars(query.order_by(Message.id).limit(1)).first()


def find_answered(session: Session, subscriptions: Iterable[Subscription]) -> list[Subscription]:
    """Return those of new subscriptions that still wait while a message for them may be there; one query."""
    # an earlier message of the same transaction may have ended a wait
    there = {row.id: row for row in subscriptions if row in session}
    if not there:
        return []
    tokens = [row for row in there.values() if row.instance_id is not None]
    serialise(session, *((row.message_name, row.correlation_key or "") for row in tokens))
    fits = and_(
        Message.name == Subscription.message_name,
        Subscription.correlation_key.is_(None) | (Message.correlation_key == Subscription.correlation_key),
    )
    query = select(Subscription.id).join(Message, fits).distinct()
    query = query.where(
        Subscription.id.in_(there),
        Message.status == "buffered",
        Message.expires_at > clock.now(),
        holds.is_awake(Subscription),
    )
    found = set(session.scalars(query))
    return [row for number, row in there.items() if number in found]


def find_hearers(session: Session, name: str) -> Sequence[Subscription]:
    """Return everybody who waits for a signal: instances by the age of their waits, then start events."""
    query = select(Subscription).where(
        Subscription.kind == "signal", Subscription.message_name == name, holds.is_awake(Subscription)
    )
    return session.scalars(query.order_by(Subscription.instance_id.is_(None), Subscription.id)).all()


def is_open(session: Session, subscription_id: int) -> bool:
    """Tell whether a subscription still waits and nothing holds it."""
    query = select(Subscription.id).where(Subscription.id == subscription_id, holds.is_awake(Subscription))
    return session.scalars(query).first() is not None


def _deployed_with(process_id: str) -> Select[str]:
    """Return the ids of the processes that were deployed together with one at some time, its own too."""
    other = aliased(ProcessDefinition)
    together = ProcessDefinition.deployment_id == other.deployment_id
    return select(ProcessDefinition.process_id).join(other, together).where(other.process_id == process_id)


def _instance_of(process_ids: Select[str]) -> ColumnElement[bool]:
    instances = select(ProcessInstance.id).where(ProcessInstance.process_id.in_(process_ids))
    return Subscription.instance_id.in_(instances)
