"""Signals from outside: heard by everybody who waits for the name at that moment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate
from sqlalchemy.orm import Session

from engine import signals
from web.accounts import current_actor
from web.api import blueprints, changes, keys, schemas
from web.security import ADMINISTRATORS, WORKERS, open_to

blueprint = blueprints.make("signals", "Signals to cases and start events.", "/signals")


class SignalBroadcast(schemas.Request):
    """A signal."""

    signalName = fields.String(required=True, validate=validate.Length(min=1, max=1000))  # noqa: N815
    variables = schemas.Variables(load_default=dict)
    tenantId = schemas.Tenant()  # noqa: N815


class SignalSent(schemas.Answer):
    """A signal that was sent."""

    tenantId = fields.String(required=True)  # noqa: N815
    signalKey = fields.String(required=True)  # noqa: N815


@blueprint.post("/broadcast")
@blueprint.arguments(SignalBroadcast)
@blueprint.response(200, SignalSent)
@blueprint.refuses(400)
@open_to(WORKERS, ADMINISTRATORS)
def broadcast(body: Mapping[str, Any]) -> Any:
    """Let everybody who waits for a signal hear it."""
    actor = current_actor()

    def act(session: Session) -> dict[str, Any]:
        signals.broadcast(session, body["signalName"], body["variables"], actor)
        # no signal is kept, so no row numbers it: the moment does
        return {"tenantId": schemas.TENANT, "signalKey": keys.write("signal", time.time_ns())}

    return changes.perform(act)
