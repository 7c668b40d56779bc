"""Two nodes of gunicorn on one PostgreSQL are taken over in turn while people work: nobody notices."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.browsing import ROOT, Server, command, free_port
from web.operability.health import DRAINING

PAUSE = 0.05  # seconds between two requests of a visitor
LOOK = 0.1  # seconds between two looks of the balancer
START = 240.0  # seconds; two nodes start beside whatever else this machine does
BOUND = 90.0


class Node:
    """One machine: a folder of its own, the common database, two processes of gunicorn."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir()
        self.folder, self.port = folder, free_port()
        self.environment = {**environment, "BANGVANG_INSTANCE": str(folder)}
        self.start()

    def start(self) -> None:
        """Start the program that is installed now, and wait until it is ready."""
        (self.folder / DRAINING).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            command("web", "--bind", f"127.0.0.1:{self.port}"), env=self.environment, cwd=ROOT
        )
        end = time.monotonic() + START
        while time.monotonic() < end:
            with suppress(OSError, http.client.HTTPException):
                if self.ask("/ready") == 200:
                    return
            time.sleep(0.05)
        raise RuntimeError("the node is not ready")

    def ask(self, path: str) -> int:
        """Return the status of an address."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def take_over(self) -> int:
        """Drain, stop, start again: the procedure of web/decisions/0002; return how it ended."""
        (self.folder / DRAINING).touch()
        time.sleep(10 * LOOK)  # the balancer has looked, what it sent before is answered
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(BOUND)
        self.start()
        return code


class Balancer:
    """Send each request to a node that is ready; only one that refused the connection is tried elsewhere."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes, self.ready, self.over = nodes, list(nodes), threading.Event()
        self.seen: Counter[int | str] = Counter()
        self.threads = [
            threading.Thread(target=self.look),
            *(threading.Thread(target=self.visit) for _ in range(3)),
        ]

    def look(self) -> None:
        """Ask each node again and again whether it wants requests."""
        while not self.over.wait(LOOK):
            self.ready = [node for node in self.nodes if self._is_ready(node)] or self.ready

    def visit(self) -> None:
        """Ask again and again, nodes in turn; the pause leaves a node that starts some of the machine."""
        turn = 0
        while not self.over.wait(PAUSE):
            turn += 1
            self.seen[self._ask(turn)] += 1

    def _ask(self, turn: int) -> int | str:
        ready = self.ready
        for step in range(len(ready)):
            try:
                return ready[(turn + step) % len(ready)].ask("/sign-in")
            except ConnectionRefusedError:
                continue
            except (OSError, http.client.HTTPException) as error:
                return type(error).__name__
        return "nobody"

    def _is_ready(self, node: Node) -> bool:
        with suppress(OSError, http.client.HTTPException):
            return node.ask("/ready") == 200
        return False


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[Node]]:
    """Give two nodes on one PostgreSQL with the demo."""
    (tmp_path / "made").mkdir()
    server = Server(tmp_path / "made")
    server.load_demo("postgresql")
    environment = {
        **server.environment,
        "BANGVANG_TEST_CLOCK": "0",
        "BANGVANG_SECRET_KEY": "the same on both",
    }
    made = [Node(tmp_path / name, environment) for name in ("a", "b")]
    yield made
    for node in made:
        with suppress(ProcessLookupError):
            os.kill(node.process.pid, signal.SIGTERM)
        node.process.wait(BOUND)


def test_no_request_fails_while_two_nodes_are_upgraded_in_turn(nodes: list[Node]) -> None:
    balancer = Balancer(nodes)
    for thread in balancer.threads:
        thread.start()
    time.sleep(1)

    upgraded = subprocess.run(
        command("db", "upgrade"), env=nodes[0].environment, cwd=ROOT, capture_output=True, check=False
    )
    codes = [node.take_over() for node in nodes]
    time.sleep(1)
    balancer.over.set()
    for thread in balancer.threads:
        thread.join()

    assert upgraded.returncode == 0, upgraded.stderr
    assert codes == [0, 0]
    assert set(balancer.seen) == {200}, balancer.seen
    assert balancer.seen[200] > 50
