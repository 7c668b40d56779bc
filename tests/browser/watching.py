"""Open pages in a real Chromium and let nothing fail unseen: scripts, the page's policy, missing files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT = 15_000  # milliseconds
DESK = {"width": 1440, "height": 900}
REPORT_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
});
"""
# The browser writes every refusal to the console by itself; answers are judged by their status instead.
EXPECTED = "Failed to load resource"
REFUSALS = frozenset({400, 401, 403, 409, 413, 422})


@contextmanager
def launch() -> Iterator[Browser]:
    """Launch the system's Chromium, or skip and say what is missing."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: install the system package chromium or set CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def watch(browser: Browser, refusals: frozenset[int] = REFUSALS, **options: Any) -> Iterator[BrowserContext]:
    """Give a browser of one person in Vietnam; when it closes, nothing may have gone wrong in any page."""
    settings = {"locale": "vi-VN", "timezone_id": "Asia/Ho_Chi_Minh", "viewport": DESK} | options
    context = browser.new_context(**settings)
    context.set_default_timeout(TIMEOUT)
    context.add_init_script(REPORT_VIOLATIONS)
    troubles: list[str] = []

    def note_line(line: ConsoleMessage) -> None:
        if line.type == "error" and EXPECTED not in line.text:
            troubles.append(line.text)

    def note_answer(answer: Response) -> None:
        if answer.status >= 400 and answer.status not in refusals:
            troubles.append(f"{answer.status} {answer.url}")

    context.on("console", note_line)
    context.on("weberror", lambda error: troubles.append(str(error.error)))
    context.on("response", note_answer)
    yield context
    context.close()
    assert troubles == []


def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
