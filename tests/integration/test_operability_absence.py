"""A database that goes away under requests and comes back: clean answers, nothing lost, nothing by hand."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib import error, request

import psycopg
import pytest
from sqlalchemy import URL, make_url
from sqlalchemy.exc import OperationalError

from tests import databases, postgresql
from tests.browsing import Server, fill_demo
from tests.integration.queue_places import wait_until
from tests.integration.test_kill import Script, check, wait_for_progress
from tests.site import close
from web import create_app

JSON = {"Accept": "application/json"}


@functools.cache
def make_cluster() -> Path:
    """Make a PostgreSQL with the demo once, return its folder; it does not run any more."""
    home = Path(tempfile.mkdtemp(prefix="bangvang-away-"))
    process, url = postgresql.start_server_in(home, postgresql.find_binaries())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database office")
    with tempfile.TemporaryDirectory() as folder:
        fill_demo(Path(folder), name_office(url).render_as_string(hide_password=False))
    process.send_signal(signal.SIGINT)
    process.wait(20)
    return home


def name_office(url: str) -> URL:
    """Return the address of the office's database on a server."""
    return make_url(url).set(drivername="postgresql+psycopg", database="office")


class Department:
    """A server of pages and a PostgreSQL of its own that can be taken away."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.home, self.programs = home, postgresql.find_binaries()
        subprocess.run(["cp", "-a", make_cluster() / "data", home], check=True)
        self.database, url = postgresql.start_server_in(home, self.programs)
        self.url = name_office(url)
        self.server = Server(folder)
        self.server.use(self.url.render_as_string(hide_password=False))
        self.server.start()

    def take_away(self, number: signal.Signals) -> None:
        """Stop PostgreSQL: SIGINT ends its connections, SIGKILL asks nobody."""
        others = Path(f"/proc/{self.database.pid}/task/{self.database.pid}/children").read_text("ascii")
        self.database.send_signal(number)
        self.database.wait(20)
        for child in map(int, others.split()):
            with suppress(ProcessLookupError):  # of a killed server they would notice only after a while
                os.kill(child, signal.SIGKILL)

    def bring_back(self) -> None:
        """Start PostgreSQL again on the same data."""
        (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)
        self.database, _ = postgresql.start_server_in(self.home, self.programs)

    def ask(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], str]:
        """Return status, headers and text of an address."""
        asked = request.Request(self.server.base + path, headers=headers or {})
        try:
            with request.urlopen(asked, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read().decode()
        except error.HTTPError as refusal:
            return refusal.code, dict(refusal.headers), refusal.read().decode()


@pytest.fixture
def department(tmp_path: Path) -> Iterator[Department]:
    home = Path(tempfile.mkdtemp(prefix="bangvang-away-"))
    made = Department(tmp_path, home)
    yield made
    made.server.kill()
    made.database.send_signal(signal.SIGINT)
    made.database.wait(20)


def finish(script: Script, worker: threading.Thread) -> None:
    """Let everybody end what was begun."""
    script.stop.set()
    worker.join(60)
    idle = 0
    while idle < 3:
        idle = 0 if script.round() or script.partial else idle + 1


def ensure_helpful(headers: dict[str, str], page: str) -> None:
    """Compare the page of an absent database with what people need to read."""
    assert headers["Retry-After"] == "5"
    assert "Cơ sở dữ liệu tạm thời chưa trả lời" in page
    assert "The database does not answer" in page
    assert "Traceback" not in page


@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.soak)])
def test_work_goes_on_by_itself_when_postgresql_comes_back(
    department: Department, number: signal.Signals
) -> None:
    script = Script(department.server)
    script.sign_in()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in script.people["an.p1"].jar)
    worker = threading.Thread(target=script.run, daemon=True)
    worker.start()
    wait_for_progress(script, 4)

    department.take_away(number)
    away = wait_until(lambda: department.ask("/ready")[0] == 503)
    asked = [department.ask(path, {"Cookie": cookies}) for path in ("/tasks/", "/health", "/metrics")]
    details = department.ask("/tasks/", {"Cookie": cookies, **JSON})
    department.bring_back()
    back = wait_until(lambda: department.ask("/ready")[0] == 200)
    wait_for_progress(script, 4)
    finish(script, worker)

    assert (away, back) == (True, True)
    assert [status for status, _, _ in asked] == [503, 200, 200]
    ensure_helpful(asked[0][1], asked[0][2])
    assert (details[0], json.loads(details[2])["status"], details[1]["Retry-After"]) == (503, 503, "5")
    assert "bangvang_database_up 0" in asked[2][2]
    assert set(script.refusals) <= {503}
    assert len(script.acknowledged) > 8
    assert check(department.server, script) == []


def test_a_form_sent_while_the_database_is_away_can_be_sent_again(department: Department) -> None:
    script = Script(department.server)
    script.sign_in()
    script._start_month(script.people["mai.tchc"])
    person = script.people["an.p1"]
    task = person.tasks()[0]
    path, shown = person.task_form(task)
    department.take_away(signal.SIGINT)

    with pytest.raises(error.HTTPError) as refusal:
        person.send(path, {**dict(shown), "note": "đã gõ lâu"})
    page = refusal.value.read().decode()

    assert refusal.value.code == 503
    assert f'action="{path}"' in page
    assert 'value="đã gõ lâu"' in page


def test_only_the_first_look_after_a_restart_costs_nothing(department: Department) -> None:
    first = department.ask("/sign-in")[0], department.ask("/ready")[0]
    department.take_away(signal.SIGINT)
    department.bring_back()

    again = [department.ask("/ready")[0] for _ in range(16)]

    assert first == (200, 200)
    assert set(again) == {200}, "a connection that died while it waited was lent to a request"


def test_too_many_connections_are_an_overload_not_a_fault(department: Department) -> None:
    url = department.url.set(drivername="postgresql").render_as_string(hide_password=False)
    department.take_away(signal.SIGINT)  # the pool of the server forgets its connections
    department.bring_back()
    kept = []
    with suppress(psycopg.OperationalError):
        while len(kept) < 200:
            kept.append(psycopg.connect(url, dbname="postgres"))

    status, headers, details = department.ask("/v2/topology", {"Authorization": "Basic YW4ucDE6YmFuZ3Zhbmc="})
    for connection in kept:
        connection.close()

    assert len(kept) < 200
    assert (status, headers.get("Retry-After")) == (503, "2"), details
    assert json.loads(details)["title"] == "RESOURCE_EXHAUSTED"
    assert wait_until(lambda: department.ask("/ready")[0] == 200)


def test_a_database_that_goes_away_while_a_refusal_is_drawn_is_told_as_such(tmp_path: Path) -> None:
    app = create_app(databases.settings(tmp_path))
    gone = OperationalError("select 1", {}, psycopg.OperationalError("server closed the connection"))

    with app.test_request_context("/start/center_consolidation", method="POST"):
        answer = app.make_response(app.handle_exception(gone))
    close(app)

    assert answer.status_code == 503
    ensure_helpful(dict(answer.headers), answer.get_data(as_text=True))
