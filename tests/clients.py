"""Published clients against a served process: the demo on `bangvang serve`, the Python client as a person."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from camunda_orchestration_sdk import CamundaClient

from tests import working
from tests.browsing import PASSWORD, ROOT, Server, command


@contextmanager
def serving(folder: Path, *, operator: bool = False) -> Iterator[Server]:
    """Give a server with the demo; with `operator` there is somebody who may do everything."""
    server = Server(folder)
    server.load_demo()
    if operator:
        groups = [part for group in working.ALL_GROUPS for part in ("--group", group)]
        user = command("user", "add", working.OPERATOR, *groups, "--password", PASSWORD)
        subprocess.run(user, env=server.environment, cwd=ROOT, check=True, capture_output=True)
    server.start()
    yield server
    server.kill()


@contextmanager
def client_of(server: Server, login: str) -> Iterator[CamundaClient]:
    """Give the Python client of a person, signed in by name and password."""
    client = CamundaClient(
        configuration={
            "CAMUNDA_REST_ADDRESS": server.base,
            "CAMUNDA_AUTH_STRATEGY": "BASIC",
            "CAMUNDA_BASIC_AUTH_USERNAME": login,
            "CAMUNDA_BASIC_AUTH_PASSWORD": PASSWORD,
        }
    )
    with client:
        yield client
