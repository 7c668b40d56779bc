"""Messages: correlated to whoever waits or to a start event, else buffered until their time ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import clock, instances
from engine.actors import SYSTEM, Actor
from engine.errors import Conflict
from engine.handlers import Json
from engine.tables import Message


class AlreadyPublished(Conflict):
    """Expected a new message, but one with id '{message_id}' is kept until {until}."""

    vi = "Thông điệp có mã “{message_id}” đã được gửi và còn hiệu lực đến {until}. Chưa có gì thay đổi."
    en = "Expected a new message, but one with id '{message_id}' is kept until {until}. Nothing was changed."


class NobodyWaits(Conflict):
    """Expected somebody who waits for message '{name}' with key '{key}', but there is none."""

    vi = (
        "Không có hồ sơ hay sự kiện bắt đầu nào chờ thông điệp “{name}” với khóa “{key}”. "
        "Chưa có gì thay đổi; hãy gửi kèm thời hạn lưu nếu hồ sơ sẽ chờ sau này."
    )
    en = (
        "Expected a case or a start event that waits for message '{name}' with key '{key}', but there is "
        "none. Nothing was changed; publish it with a time to live to keep it for later."
    )
    status = 404


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


def publish_new(  # noqa: PLR0913  a message is exactly these
    session: Session,
    name: str,
    correlation_key: str,
    variables: Mapping[str, Json],
    *,
    actor: Actor,
    time_to_live: timedelta = timedelta(0),
    message_id: str | None = None,
) -> Message:
    """Publish a message whose id no living message has; raises AlreadyPublished.

    The id of one whose time has ended may be used again.
    """
    if message_id is not None:
        known = session.scalars(select(Message).where(Message.message_id == message_id)).first()
        if known is not None and known.expires_at > clock.now():
            until = clock.written(known.expires_at)
            raise AlreadyPublished(message_id=message_id, until=until)
        if known is not None:
            known.message_id = None
            session.flush()
    return publish(
        session,
        name,
        correlation_key,
        variables,
        actor=actor,
        time_to_live=time_to_live,
        message_id=message_id,
    )


def correlate(
    session: Session, name: str, correlation_key: str, variables: Mapping[str, Json], actor: Actor
) -> Message:
    """Give a message to who waits for it at this moment, and tell who it was; raises NobodyWaits."""
    message = publish(session, name, correlation_key, variables, actor=actor)
    if message.instance_id is None:
        raise NobodyWaits(name=name, key=correlation_key)
    return message


def expire(session: Session) -> int:
    """Mark buffered messages whose time to live has ended; return how many."""
    query = select(Message).where(Message.status == "buffered", Message.expires_at <= clock.now())
    expired = session.scalars(query).all()
    for message in expired:
        message.status = "expired"
    return len(expired)
