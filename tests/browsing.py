"""People over HTTP without a browser, and a server as a process of its own."""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.cookiejar import CookieJar
from pathlib import Path
from urllib import error, parse, request

import flask_migrate
from lxml import html

from engine import queue
from tests import databases, site
from web import cli, create_app, db, sqlite
from workflows import rules

PASSWORD = "bangvang"
ROOT = Path(__file__).parent.parent
START = 240.0  # seconds; beside whatever else this machine does


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def command(*arguments: str) -> list[str]:
    """Return the command line `bangvang …` of this environment."""
    return [sys.executable, "-c", "from web.cli import main; main()", *arguments]


@functools.cache
def make_demo(kind: str = databases.IN_USE) -> str:
    """Make the database that `bangvang demo --no-story` leaves, once for this process; return its URL."""
    folder = Path(tempfile.mkdtemp(prefix="bangvang-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    url = databases.keep(databases.make(folder, kind))
    fill_demo(folder, url)
    return url


def fill_demo(folder: Path, url: str) -> None:
    """Put the demo without its story into an empty database."""
    app = create_app(databases.settings(folder, url))
    with app.app_context():
        db.db.metadata.create_all(sqlite.writing(db.db.engine))
        flask_migrate.stamp()
        queue.create_schema(db.current_queue())
        with db.transaction() as session:
            rules.install(session)
        cli.load_demo(told=False)
        with db.transaction() as session:
            site.cheapen(session)
        site.close(app)


class Server:
    """`bangvang serve` on a database of its own; can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.database = ""
        self.environment = {**os.environ, "BANGVANG_INSTANCE": str(folder), "BANGVANG_TEST_CLOCK": "1"}

    @property
    def base(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self.port}"

    def load_demo(self, kind: str = databases.IN_USE) -> None:
        """Start from a copy of the demo's database, without its story."""
        self.use(databases.copy(make_demo(kind), self.folder))

    def use(self, database: str) -> None:
        """Work on a database."""
        self.database = database
        self.environment |= databases.settings(self.folder, database)

    def start(self) -> None:
        """Start and wait until it answers."""
        log = (self.folder / "server.log").open("ab")
        serve = command("serve", "--port", str(self.port))
        self.process = subprocess.Popen(serve, env=self.environment, cwd=ROOT, stdout=log, stderr=log)
        log.close()
        end = time.monotonic() + START
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            with suppress(OSError), request.urlopen(f"{self.base}/sign-in", timeout=5):
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "server.log").read_text(encoding="utf-8")[-2000:])

    def kill(self) -> None:
        """Kill the process at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Visitor:
    """One signed-in person with a cookie jar."""

    def __init__(self, base: str, login: str) -> None:
        self.base, self.login = base, login
        self.jar = CookieJar()
        self.opener = request.build_opener(request.HTTPCookieProcessor(self.jar))
        self.token = ""

    def sign_in(self) -> None:
        """Sign in with the demo password."""
        page = self.get("/sign-in")
        self.send("/sign-in", {**fields(page, "/sign-in"), "name": self.login, "password": PASSWORD})

    def get(self, path: str) -> html.HtmlElement:
        """Return a page; raises HTTPError for a refusal."""
        with self.opener.open(self.base + path, timeout=30) as answer:
            return html.fromstring(answer.read())

    def send(self, path: str, values: Mapping[str, str] | Sequence[tuple[str, str]]) -> str:
        """Send a form; return the address it led to."""
        pairs = list(values.items()) if isinstance(values, Mapping) else list(values)
        body = parse.urlencode(pairs).encode()
        with self.opener.open(self.base + path, data=body, timeout=30) as answer:
            answer.read()
            address: str = answer.geturl()
            return address

    def tasks(self) -> list[int]:
        """Return the ids of everything in the inbox, own tasks first."""
        found: list[int] = []
        for scope in ("mine", "group"):
            page = self.get(f"/tasks/?scope={scope}")
            links = page.xpath("//a[starts-with(@href, '/tasks/')]/@href")
            ids = [int(match[1]) for link in links if (match := re.fullmatch(r"/tasks/(\d+)", link))]
            found += [task for task in dict.fromkeys(ids) if task not in found]
        return found

    def task_form(self, task: int) -> tuple[str, list[tuple[str, str]]]:
        """Return where a task's form is sent, and the values it shows."""
        path = f"/tasks/{task}/complete"
        page = self.get(f"/tasks/{task}")
        return path, pairs(page, path)


def pairs(page: html.HtmlElement, action: str) -> list[tuple[str, str]]:
    """Return the values of the form with an action, in order."""
    form = next(form for form in page.forms if (form.action or "").split("?")[0] == action)
    return [(name, value or "") for name, value in form.form_values()]


def fields(page: html.HtmlElement, action: str) -> dict[str, str]:
    """Return the values of the form with an action by name."""
    return dict(pairs(page, action))


def refused(raised: BaseException) -> int | None:
    """Return the HTTP status of a refusal, None for a connection that broke."""
    return raised.code if isinstance(raised, error.HTTPError) else None
