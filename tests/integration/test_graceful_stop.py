"""A process told to stop: readiness fails, nobody new gets in, what runs is answered, it ends with 0."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsing import ROOT, Server, command

START = 240.0  # seconds; beside whatever else this machine does
BOUND = 90.0


class Node:
    """A server on the demo's database, started by one of the commands that serve."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.server = Server(folder)
        self.server.load_demo()
        self.port, self.kind = self.server.port, kind
        environment = {**self.server.environment, "BANGVANG_TEST_CLOCK": "0", "BANGVANG_STOP_DELAY": "1"}
        place = ("--port", str(self.port)) if kind == "serve" else ("--bind", f"127.0.0.1:{self.port}")
        self.process = subprocess.Popen(command(kind, *place), env=environment, cwd=ROOT)
        end = time.monotonic() + START
        while self.ask("/ready") != 200 and time.monotonic() < end:
            time.sleep(0.05)

    def ask(self, path: str) -> int | str:
        """Return the status of an address, or the name of what went wrong."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
        return answer.status

    def stop(self) -> int:
        """Ask to stop and return how the process ended."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(BOUND)


@pytest.fixture(params=["serve", "web"])
def node(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path, request.param)
    yield made
    made.process.kill()
    made.process.wait()


def test_requests_that_run_are_answered_and_the_process_ends_well(node: Node) -> None:
    seen: Counter[int | str] = Counter()
    over = threading.Event()

    def visit() -> None:
        while not over.is_set():
            seen[node.ask("/sign-in")] += 1

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1)

    code = node.stop()
    over.set()
    for visitor in visitors:
        visitor.join()

    assert code == 0
    assert seen[200] > 10
    # gunicorn closes on who has knocked but was not let in: that is why a node is drained first
    knocked = {"ConnectionResetError"} if node.kind == "web" else set()
    assert set(seen) <= {200, "ConnectionRefusedError"} | knocked, "somebody who got in was not answered"


def test_a_request_that_is_still_being_sent_is_answered(node: Node) -> None:
    body = b"name=an.p1&password=bangvang"
    head = (
        f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", node.port), timeout=20) as slow:
        slow.sendall(head + body[:10])
        time.sleep(0.3)
        node.process.send_signal(signal.SIGTERM)
        time.sleep(1.5)  # longer than the delay: the door is closed now
        # gunicorn's door stands until its last process has gone, and nobody opens: a balancer looks at /ready
        refused = node.ask("/sign-in") if node.kind == "serve" else "ConnectionRefusedError"
        slow.sendall(body[10:])
        answer = b""
        while block := slow.recv(65536):
            answer += block

    assert refused == "ConnectionRefusedError"
    assert answer.startswith(b"HTTP/1.1 400"), answer[:60]  # without its token the form is refused, in full
    assert answer.rstrip().endswith(b"</html>")
    assert node.process.wait(BOUND) == 0


def test_readiness_fails_before_the_door_closes(tmp_path: Path) -> None:
    node = Node(tmp_path, "serve")
    node.process.send_signal(signal.SIGTERM)
    seen = []
    while node.process.poll() is None:
        seen.append((node.ask("/ready"), node.ask("/sign-in")))
        time.sleep(0.05)

    assert (503, 200) in seen
    assert node.process.returncode == 0


def test_a_worker_told_to_stop_ends_well(tmp_path: Path) -> None:
    server = Server(tmp_path)
    server.load_demo()
    worker = subprocess.Popen(command("worker"), env=server.environment, cwd=ROOT, stderr=subprocess.PIPE)
    time.sleep(4)

    alive = worker.poll() is None
    worker.send_signal(signal.SIGTERM)
    _, told = worker.communicate(timeout=BOUND)

    assert alive
    assert worker.returncode == 0
    assert b"Traceback" not in told


@pytest.mark.parametrize("command_name", ["serve", "worker", "web"])
def test_a_database_never_made_is_told_without_a_traceback(tmp_path: Path, command_name: str) -> None:
    server = Server(tmp_path)

    ended = subprocess.run(
        command(command_name),
        env={**server.environment, "BANGVANG_TEST_CLOCK": "0"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    assert "bangvang db upgrade" in ended.stderr
    assert "Traceback" not in ended.stderr
