"""The cluster through the API: topology, status, license, who is calling; refusals as problem details."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests import calling
from tests.site import open_site


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    with open_site(tmp_path) as opened:
        yield opened


def test_the_topology_is_one_healthy_node(app: Flask) -> None:
    told = calling.as_person(app, "an.p1").get("/topology").json

    assert told is not None
    assert set(told) == {
        "brokers",
        "clusterId",
        "clusterSize",
        "partitionsCount",
        "replicationFactor",
        "gatewayVersion",
        "lastCompletedChangeId",
    }
    (broker,) = told["brokers"]
    assert set(broker) == {"nodeId", "brokerId", "host", "port", "partitions", "version"}
    assert isinstance(broker["port"], int)
    assert broker["partitions"] == [
        {"partitionId": 1, "role": "leader", "health": "healthy", "state": "active"}
    ]
    assert told["gatewayVersion"].startswith("8.10.")


def test_status_and_license_are_told_to_everybody(app: Flask) -> None:
    stranger = calling.as_stranger(app)

    status = stranger.get("/status")

    assert (status.status_code, status.data) == (204, b"")
    assert stranger.get("/license").json == {
        "validLicense": True,
        "licenseType": "apache-2.0",
        "isCommercial": False,
        "expiresAt": None,
    }


def test_a_caller_is_told_groups_and_roles_apart(app: Flask) -> None:
    told = calling.as_person(app, "thao.it").get("/authentication/me").json

    assert told is not None
    assert set(told) == {
        "username",
        "displayName",
        "email",
        "authorizedComponents",
        "tenants",
        "groups",
        "roles",
        "salesPlanType",
        "c8Links",
        "canLogout",
    }
    assert (told["username"], told["roles"]) == ("thao.it", ["designers"])
    assert "designers" not in told["groups"]
    assert told["tenants"][0]["tenantId"] == "<default>"


@pytest.mark.parametrize("path", ["/topology", "/authentication/me", "/users/an.p1", "/forms/110"])
def test_a_stranger_is_asked_who_they_are(app: Flask, path: str) -> None:
    assert calling.problem(calling.as_stranger(app).get(path))["status"] == 401


def test_what_the_framework_refuses_is_problem_details_too(app: Flask) -> None:
    caller = calling.as_person(app, "thao.it")

    told = {
        "unknown": calling.problem(caller.get("/nowhere")),
        "method": calling.problem(caller.post("/topology", {})),
        "browser": calling.problem(caller.client.get("/v2/nowhere", headers={"Accept": "text/html"})),
    }

    assert {name: problem["status"] for name, problem in told.items()} == {
        "unknown": 404,
        "method": 405,
        "browser": 404,
    }
    assert told["unknown"]["instance"] == "/v2/nowhere"
