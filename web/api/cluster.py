"""The cluster as its clients ask for it: topology, status, license, and who is calling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, request
from flask_login import current_user
from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from web.accounts import current_actor
from web.api import blueprints
from web.api.schemas import TENANT, Answer
from web.db import db
from web.security import PUBLIC, SIGNED_IN, open_to
from workflows.organisation_people import OWN_GROUPS
from workflows.tables import Person

blueprint = blueprints.make("cluster", "The cluster, and who is calling.")
# The release of Camunda whose contract this API follows; clients compare it.
GATEWAY = "8.10.0"


class Partition(Answer):
    """The one part of the data."""

    partitionId = fields.Integer(required=True)  # noqa: N815  the clients' names
    role = fields.String(required=True, validate=validate.OneOf(("leader", "follower", "inactive")))
    health = fields.String(required=True, validate=validate.OneOf(("healthy", "unhealthy", "dead")))
    state = fields.String(required=True)


class Broker(Answer):
    """The one node that clients are told of."""

    nodeId = fields.Integer(required=True)  # noqa: N815
    brokerId = fields.String(required=True)  # noqa: N815
    host = fields.String(required=True)
    port = fields.Integer(required=True)
    partitions = fields.List(fields.Nested(Partition), required=True)
    version = fields.String(required=True)


class Topology(Answer):
    """The cluster: one node and one partition, whatever stands behind it."""

    brokers = fields.List(fields.Nested(Broker), required=True)
    clusterId = fields.String(required=True, allow_none=True)  # noqa: N815
    clusterSize = fields.Integer(required=True)  # noqa: N815
    partitionsCount = fields.Integer(required=True)  # noqa: N815
    replicationFactor = fields.Integer(required=True)  # noqa: N815
    gatewayVersion = fields.String(required=True)  # noqa: N815
    lastCompletedChangeId = fields.String(required=True)  # noqa: N815


class License(Answer):
    """Nobody needs one."""

    validLicense = fields.Boolean(required=True)  # noqa: N815
    licenseType = fields.String(required=True)  # noqa: N815
    isCommercial = fields.Boolean(required=True)  # noqa: N815
    expiresAt = fields.String(required=True, allow_none=True)  # noqa: N815


class TenantResult(Answer):
    """The one tenant."""

    name = fields.String(required=True)
    tenantId = fields.String(required=True)  # noqa: N815
    description = fields.String(required=True, allow_none=True)


class Caller(Answer):
    """Who is calling, with the groups and roles of today."""

    username = fields.String(required=True)
    displayName = fields.String(required=True, allow_none=True)  # noqa: N815
    email = fields.String(required=True, allow_none=True)
    authorizedComponents = fields.List(fields.String(), required=True)  # noqa: N815
    tenants = fields.List(fields.Nested(TenantResult), required=True)
    groups = fields.List(fields.String(), required=True)
    roles = fields.List(fields.String(), required=True)
    salesPlanType = fields.String(required=True, allow_none=True)  # noqa: N815
    c8Links = fields.Dict(keys=fields.String(), values=fields.String(), required=True)  # noqa: N815
    canLogout = fields.Boolean(required=True)  # noqa: N815


@blueprint.get("/topology")
@blueprint.response(200, Topology)
@blueprint.refuses(401)
@open_to(SIGNED_IN)
def get_topology() -> Mapping[str, Any]:
    """Return the cluster as one node with one partition."""
    host, _, port = request.host.rpartition(":")
    known = port.isdecimal() and bool(host)
    partition = {"partitionId": 1, "role": "leader", "health": "healthy", "state": "active"}
    return {
        "brokers": [
            {
                "nodeId": 0,
                "brokerId": "0",
                "host": host if known else request.host,
                "port": int(port) if known else {"https": 443}.get(request.scheme, 80),
                "partitions": [partition],
                "version": GATEWAY,
            }
        ],
        "clusterId": None,
        "clusterSize": 1,
        "partitionsCount": 1,
        "replicationFactor": 1,
        "gatewayVersion": GATEWAY,
        "lastCompletedChangeId": "-1",
    }


@blueprint.get("/status")
@blueprint.response(204)
@blueprint.alt_response(503, description="The database is away; no body.")
@open_to(PUBLIC)
def get_status() -> Response:
    """Tell whether requests are served: 204, else 503, both without a body."""
    try:
        db.session().execute(select(1))
    except DBAPIError:
        return Response(status=503, headers={"Retry-After": "5"})
    return Response(status=204)


@blueprint.get("/license")
@blueprint.response(200, License)
@open_to(PUBLIC)
def get_license() -> Mapping[str, Any]:
    """Return that no license is needed: this is free software (Apache-2.0)."""
    return {"validLicense": True, "licenseType": "apache-2.0", "isCommercial": False, "expiresAt": None}


@blueprint.get("/authentication/me")
@blueprint.response(200, Caller)
@blueprint.refuses(401)
@open_to(SIGNED_IN)
def get_caller() -> Mapping[str, Any]:
    """Return who is calling."""
    actor = current_actor()
    person = db.session().scalar(select(Person).where(Person.login == actor.name))
    return {
        "username": actor.name,
        "displayName": current_user.display,
        "email": (person.email or None) if person is not None else None,
        "authorizedComponents": ["*"],
        "tenants": [{"name": TENANT, "tenantId": TENANT, "description": None}],
        "groups": sorted(actor.groups - OWN_GROUPS),
        "roles": sorted(actor.groups & OWN_GROUPS),
        "salesPlanType": None,
        "c8Links": {},
        "canLogout": False,
    }
