"""Messages from outside: published for whoever waits now or later, or correlated with who waits now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import fields, validate
from sqlalchemy.orm import Session

from engine import messages
from web.accounts import current_actor
from web.api import blueprints, changes, keys, schemas
from web.security import ADMINISTRATORS, WORKERS, open_to

blueprint = blueprints.make("messages", "Messages to cases and start events.", "/messages")
LONGEST = 10 * 365 * 24 * 3600 * 1000  # milliseconds that a message is kept


class _Message(schemas.Request):
    name = fields.String(required=True, validate=validate.Length(min=1, max=1000))
    correlationKey = fields.String(load_default="", validate=validate.Length(max=1000))  # noqa: N815
    variables = schemas.Variables(load_default=dict)
    tenantId = schemas.Tenant()  # noqa: N815
    businessId = fields.String(validate=validate.Length(min=1, max=256))  # noqa: N815


class MessagePublication(_Message):
    """A message that may be kept for later."""

    timeToLive = fields.Integer(  # noqa: N815
        strict=True, load_default=0, validate=validate.Range(min=0, max=LONGEST)
    )
    messageId = fields.String(validate=validate.Length(max=1000))  # noqa: N815


class MessageCorrelation(_Message):
    """A message for who waits now."""


class MessagePublished(schemas.Answer):
    """A message that was taken."""

    tenantId = fields.String(required=True)  # noqa: N815
    messageKey = fields.String(required=True)  # noqa: N815


class MessageCorrelated(MessagePublished):
    """A message with the case that took it."""

    processInstanceKey = fields.String(required=True)  # noqa: N815


@blueprint.post("/publication")
@blueprint.arguments(MessagePublication)
@blueprint.response(200, MessagePublished)
@blueprint.refuses(400, 409)
@open_to(WORKERS, ADMINISTRATORS)
def publish(body: Mapping[str, Any]) -> Any:
    """Publish a message, whether somebody waits for it or not; refused while its id is known from before."""
    actor = current_actor()

    def act(session: Session) -> dict[str, Any]:
        message = messages.publish_new(
            session,
            body["name"],
            body["correlationKey"],
            body["variables"],
            actor=actor,
            time_to_live=timedelta(milliseconds=body["timeToLive"]),
            message_id=body.get("messageId") or None,
        )
        session.flush()
        return {"tenantId": schemas.TENANT, "messageKey": keys.write("message", message.id)}

    return changes.perform(act)


@blueprint.post("/correlation")
@blueprint.arguments(MessageCorrelation)
@blueprint.response(200, MessageCorrelated)
@blueprint.refuses(400, 404)
@open_to(WORKERS, ADMINISTRATORS)
def correlate(body: Mapping[str, Any]) -> Any:
    """Give a message to who waits for it now; without anybody nothing happens."""
    actor = current_actor()

    def act(session: Session) -> dict[str, Any]:
        message = messages.correlate(session, body["name"], body["correlationKey"], body["variables"], actor)
        return {
            "tenantId": schemas.TENANT,
            "messageKey": keys.write("message", message.id),
            "processInstanceKey": keys.write("process_instance", message.instance_id or 0),
        }

    return changes.perform(act)
