"""Serve the built designer island to the browser tests: a small server that stands for the application."""

from __future__ import annotations

import json
import mimetypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import etree
from playwright.sync_api import Browser, Page, expect

from tests.browser import watching
from web.assets import DIST, FRONTEND, asset_tags

CSP = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:"
SAMPLE = (Path(__file__).parent / "designer_sample.bpmn").read_text(encoding="utf-8")
MODELER = "document.getElementById('designer').designer.modeler"
LISTS = {
    "forms": [{"id": "vote", "name": "Bỏ phiếu"}, {"id": "appraise_submission", "name": "Thẩm định"}],
    "groups": ["P1.staff", "SXD.office"],
    "jobTypes": [{"id": "departments.rows", "name": "Hồ sơ của Sở"}, "documents.number"],
    "variables": [{"name": "office", "type": "String"}],
}
FINDING = {
    "severity": "error",
    "rule": "unknown-form",
    "element": "U2",
    "line": 40,
    "text": "Chưa có biểu mẫu “vote”",
    "remedy": "Hãy triển khai biểu mẫu trước.",
}


@dataclass
class Application:
    """What the server answers next and what it was sent."""

    xml: str = SAMPLE
    encoding: str = "utf-8"
    language: str = "vi"
    url: str = ""
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    received: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    def sent_to(self, path: str) -> list[tuple[str, dict[str, str], str]]:
        """Return the requests with a body that one path got."""
        return [request for request in self.received if request[0] == path]


def render_page(language: str) -> str:
    """Fill the example page with the built files, as the server's template does."""
    urls = [*asset_tags("fonts"), *asset_tags("designer")]
    styles = [f'<link rel="stylesheet" href="{url}">' for url in urls if url.endswith(".css")]
    scripts = [f'<script type="module" src="{url}"></script>' for url in urls if url.endswith(".js")]
    page = (FRONTEND / "designer.example.html").read_text(encoding="utf-8")
    page = page.replace('data-language="vi"', f'data-language="{language}"')
    return page.replace("<!-- assets -->", "\n".join(styles + scripts))


def answer_get(application: Application, path: str) -> tuple[int, str, bytes]:
    """Return status, content type and body for one address."""
    if path == "/":
        return 200, "text/html; charset=utf-8", render_page(application.language).encode()
    if path == "/diagram.bpmn":
        return 200, "application/xml", application.xml.encode(application.encoding)
    if path == "/lists":
        return 200, "application/json", json.dumps(LISTS).encode()
    if path == "/favicon.ico":
        return 204, "text/plain", b""
    file = DIST / urlsplit(path).path.removeprefix("/static/dist/")
    if file.is_file():
        return 200, mimetypes.guess_type(file.name)[0] or "application/octet-stream", file.read_bytes()
    return 404, "text/plain", b""


class Handler(BaseHTTPRequestHandler):
    """Answer for one application, which a subclass names."""

    application: Application

    def log_message(self, format: str, *args: object) -> None:
        """Keep the terminal quiet."""

    def send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        if status == 302:
            self.send_header("Location", "/")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.send(*answer_get(self.application, self.path))

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.application.received.append((self.path, dict(self.headers), body))
        status, data = self.application.answers.get(self.path, (200, {"version": 4, "findings": []}))
        self.send(status, "application/json", json.dumps(data).encode())

    def do_POST(self) -> None:
        self.do_PUT()


@contextmanager
def serve() -> Iterator[Application]:
    """Run the server in a thread."""
    application = Application()
    handler = type("ApplicationHandler", (Handler,), {"application": application})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    application.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield application
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def watch_pages(browser: Browser, application: Application) -> Iterator[Callable[..., Page]]:
    """Open diagrams in watched windows; skip and say so when the front end is not built."""
    if not asset_tags("designer"):
        pytest.skip("the front end is not built: run python -m web.assets")
    with watching.watch(browser, watching.REFUSALS | {412, 500}) as context:

        def open_page(xml: str = SAMPLE, width: int = 1440, state: str = "ready") -> Page:
            application.xml = xml
            page = context.new_page()
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(application.url)
            page.wait_for_selector(f'#designer[data-state="{state}"]')
            return page

        yield open_page


def select(page: Page, element: str) -> None:
    """Select an element and wait until the panel shows it."""
    page.evaluate(
        f"(id) => {MODELER}.get('selection').select({MODELER}.get('elementRegistry').get(id))", element
    )
    expect(page.locator("#bio-properties-panel-id")).to_have_value(element)


def open_group(page: Page, group: str) -> None:
    """Unfold a group of the panel."""
    header = page.locator(f'[data-group-id="group-{group}"] .bio-properties-panel-group-header').first
    if "open" not in (header.get_attribute("class") or "").split():
        header.click()


def rename(page: Page, element: str, name: str) -> None:
    """Type a new name in the panel."""
    select(page, element)
    open_group(page, "general")
    page.locator("#bio-properties-panel-name").fill(name)


def save(page: Page, application: Application) -> etree._Element:
    """Save with the keyboard and return what the server got."""
    before = len(application.sent_to("/draft"))
    page.keyboard.press("Control+s")
    expect(page.locator('[data-role="status"]')).to_contain_text("Đã lưu bản nháp")
    assert len(application.sent_to("/draft")) == before + 1
    return etree.fromstring(application.sent_to("/draft")[-1][2].encode())


def list_facts(xml: str) -> list[tuple[str, str, str]]:
    """List every element with its place, attributes and text: what must be the same before and after."""
    facts = []
    for node in etree.fromstring(xml.encode()).iter(etree.Element):
        path = "/".join(step.get("id") or step.tag for step in [*reversed(list(node.iterancestors())), node])
        facts.append((path + str(node.tag), str(sorted(node.attrib.items())), (node.text or "").strip()))
    return sorted(facts)


def find(root: etree._Element, element: str) -> etree._Element:
    """Find an element by its id."""
    return next(node for node in root.iter(etree.Element) if node.get("id") == element)


def list_tags(node: etree._Element) -> list[str]:
    """List the local names below an element."""
    return [etree.QName(child).localname for child in node.iterdescendants(etree.Element)]
