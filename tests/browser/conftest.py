"""What browser tests share: one Chromium for the whole run, a watched window, a served demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import designer_page, watching
from tests.browsing import Server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give the one Chromium of the run; playwright allows only one per thread."""
    with watching.launch() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Give an empty window at a desk, in Vietnamese."""
    with watching.watch(chromium) as context:
        yield context.new_page()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a fresh demonstration in a process of its own; one for all tests of a module."""
    started = Server(tmp_path_factory.mktemp("served"))
    started.load_demo()
    started.start()
    yield started
    started.kill()


@pytest.fixture
def application() -> Iterator[designer_page.Application]:
    """Give what stands for the application around the designer's island."""
    with designer_page.serve() as application:
        yield application


@pytest.fixture
def open_designer(chromium: Browser, application: designer_page.Application) -> Iterator[Callable[..., Page]]:
    """Open diagrams in the designer's island."""
    with designer_page.watch_pages(chromium, application) as open_page:
        yield open_page
