"""Messages: correlated to whoever waits or to a start event, else buffered until their time ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.actors import SYSTEM, Actor
from engine.handlers import Json
from engine.tables import Message


def publish(  # noqa: PLR0913  a message is exactly these
    session: Session,
    name: str,
    correlation_key: str,
    variables: Mapping[str, Json],
    *,
    actor: Actor = SYSTEM,
    time_to_live: timedelta = timedelta(0),
    message_id: str | None = None,
) -> Message:
    """Publish a message; the same message id a second time returns the first one and changes nothing."""
    if message_id is not None:
        known = session.scalars(select(Message).where(Message.message_id == message_id)).first()
        if known is not None:
            return known
    now = clock.now()
    message = Message(
        message_id=message_id,
        name=name,
        correlation_key=correlation_key,
        variables=dict(variables),
        published_at=now,
        expires_at=now + time_to_live,
        status="buffered",
    )
    session.add(message)
    instances.route(session, message, actor)
    return message


def expire(session: Session) -> int:
    """Mark buffered messages whose time to live has ended; return how many."""
    query = select(Message).where(Message.status == "buffered", Message.expires_at <= clock.now())
    expired = session.scalars(query).all()
    for message in expired:
        message.status = "expired"
    return len(expired)
