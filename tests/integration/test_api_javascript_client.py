"""The published npm client, unmodified, works a case on a real server; it validates every answer itself.

The package is fetched by npm into the user's cache folder at its first use; without node, or without a way to
the registry, the test is skipped and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import working
from tests.browsing import PASSWORD, Server
from tests.clients import serving
from tests.deciding import a_decision, a_model, text

PACKAGE = "@camunda8/orchestration-cluster-api@9.1.5"
SCRIPT = Path(__file__).parent / "orchestration_client.mjs"
SECONDS = 120


@pytest.fixture(scope="module")
def package() -> Path:
    """Return the folder with the client, fetched when it is not there yet."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("NOT TESTED: node and npm are not on the PATH")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "bangvang-tests" / PACKAGE.replace("@", "-").replace("/", "-")
    if not (folder / "node_modules" / "@camunda8" / "orchestration-cluster-api").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--no-audit", "--no-fund", "--ignore-scripts")
        install = ["npm", "install", "--prefix", str(folder), *quiet, PACKAGE]
        done = subprocess.run(install, capture_output=True, text=True, timeout=SECONDS, cwd=folder)
        if done.returncode != 0:
            pytest.skip(f"NOT TESTED: npm could not fetch {PACKAGE}: {done.stderr[-300:]}")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("javascript_client"), operator=True) as running:
        yield running


def test_the_javascript_client_finds_every_answer_as_its_schemas_want_it(
    server: Server, package: Path, tmp_path: Path
) -> None:
    decisions = ("bonus.dmn", a_model(a_decision("bonus", text("days * 2"))))
    files = (working.purchase(), working.charging(), ("check.form", working.FORM), decisions)
    folder = tmp_path / "files"
    folder.mkdir()
    for name, content in files:
        (folder / name).write_bytes(content)
    script = tmp_path / SCRIPT.name  # beside it stands where node looks for packages
    shutil.copy(SCRIPT, script)
    (tmp_path / "node_modules").symlink_to(package / "node_modules")
    settings = {
        "CAMUNDA_REST_ADDRESS": server.base,
        "CAMUNDA_AUTH_STRATEGY": "BASIC",
        "CAMUNDA_BASIC_AUTH_USERNAME": working.OPERATOR,
        "CAMUNDA_BASIC_AUTH_PASSWORD": PASSWORD,
        "CAMUNDA_SDK_VALIDATION": "req:strict,res:strict",
    }

    done = subprocess.run(
        ["node", str(script), str(folder)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )

    told = json.loads(done.stdout.splitlines()[-1])
    assert told["failed"] == [], done.stderr[-2000:]
    assert len(told["passed"]) > 70
